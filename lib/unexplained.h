/* SPDX-License-Identifier: MIT */
/*
 * A history that no order explains, as the failure of a run: where it failed,
 * words for people, and data.
 */
#ifndef PD_UNEXPLAINED_H
#define PD_UNEXPLAINED_H

#include <jv.h>
#include <stddef.h>

#include "history.h"
#include "linearize.h"
#include "projection.h"

/* The position of the operation that could not be placed and returned first; the
 * number of operations if none is known. */
size_t pd_unexplained_first(const struct pd_history *,
    const struct pd_linearization *);

/* Without secrets, as far as the projection knows them. The caller frees it. */
char *pd_unexplained_text(const struct pd_projection *,
    const struct pd_history *, const struct pd_linearization *);

/* {prefix, blocked, key?, state?} as in a linearization record, secrets
 * included. */
jv pd_unexplained_data(const struct pd_history *,
    const struct pd_linearization *);

#endif
