/* SPDX-License-Identifier: MIT */
/* How much a coverage record must show at least: command=80,state=1000. */
#ifndef PD_THRESHOLD_H
#define PD_THRESHOLD_H

#include <jv.h>

#include "error.h"

/* Parse a list of them, in addition to what is there: {dimension: number},
 * which is consumed. What has a total is asked for in percent, states and
 * interleavings by number. An invalid jv on error. */
jv pd_thresholds_parse(jv thresholds, const char *text, struct pd_error *);

/* How a coverage record stands up to them, both borrowed: an array of
 * {dimension, wanted, got?, met?}. What cannot be told, since nobody said how
 * many there are, has neither. */
jv pd_thresholds_judge(jv thresholds, jv record);

#endif
