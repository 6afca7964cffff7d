/* SPDX-License-Identifier: MIT */
/* The linearization record: what came of checking a history, see pd-stream(5). */
#ifndef PD_LINEARIZATION_H
#define PD_LINEARIZATION_H

#include <jv.h>
#include <stdbool.h>

#include "history.h"
#include "linearize.h"
#include "specification.h"

/* The record without what names the history. The timeline, of what lies around
 * the problem, is in it when there is one or when it is asked for. */
jv pd_linearization_record(const struct pd_specification *,
    const struct pd_history *, const struct pd_linearization *, bool timeline);

/* The word for a verdict; an error is unknown. */
const char *pd_linearization_verdict(enum pd_linearizable);

/* The operations that could not be placed: [{id, process?, command, state,
 * expected?, seen}]. */
jv pd_linearization_blocked(const struct pd_history *,
    const struct pd_linearization *);

/* The ids of operations at positions in the history. */
jv pd_linearization_ids(const struct pd_history *, const size_t *positions,
    size_t count);

#endif
