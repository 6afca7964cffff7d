/* SPDX-License-Identifier: MIT */
/* To how many of the operations that are left a value matters, where a state is
 * a single value. */
#ifndef PD_WATCHERS_H
#define PD_WATCHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traits.h"

struct pd_watchers {
	int32_t *left;		/* by value; NULL when states are no values */
	size_t count;
};

/* For these operations, all of which are left. */
void pd_watchers_start(struct pd_watchers *, const struct pd_traits *,
    size_t count);
void pd_watchers_free(struct pd_watchers *);

/* An operation is left no more (-1), or again (1). */
void pd_watchers_change(struct pd_watchers *, const struct pd_traits *,
    int32_t change);

/* Does the value matter to nobody any more? */
bool pd_watchers_dead(const struct pd_watchers *, int32_t value);

#endif
