/* SPDX-License-Identifier: MIT */
/*
 * Conformance: what was seen against what the model predicted. What was seen
 * agrees when every field of the prediction that is not external has the same
 * value in it; it may have more fields. Nothing is consumed.
 */
#ifndef PD_CONFORM_H
#define PD_CONFORM_H

#include <jv.h>
#include <stdbool.h>

bool pd_conforms(jv predicted, jv seen);

/* The fields of one event that differ: {field: {expected, seen}}. */
jv pd_conform_differences(jv predicted, jv seen);

#endif
