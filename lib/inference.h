/* SPDX-License-Identifier: MIT */
/*
 * What follows for an operation from what others saw. A write of unknown
 * outcome did happen if somebody saw its value and nobody else wrote it, before
 * the first who saw it returned; and what is put into a queue or stack and never
 * taken out may be any value, and need not have happened if nobody knows. A
 * search has fewer choices after that, and the same verdict.
 */
#ifndef PD_INFERENCE_H
#define PD_INFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "frontier.h"
#include "specification.h"

/* Change the moves of a part. Returns how many are left of count. */
size_t pd_infer(struct pd_specification *, int32_t start, struct pd_move *,
    size_t count);

#endif
