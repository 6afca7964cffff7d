/* SPDX-License-Identifier: MIT */
/*
 * What goes into a queue or stack and what comes out of it, in pairs. Where a
 * value was put in once and taken out once, the times at which two of them were
 * taken may tell in which order they were put in, long before a search would
 * come upon it. (Such orders are what is looked for in Gibbons and Korach, 1997,
 * and in Emmi, Enea and Hamza, 2015, too.)
 */
#ifndef PD_PAIRING_H
#define PD_PAIRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frontier.h"
#include "specification.h"

/* The first of count moves, in the order of the history, that shows at once that
 * no order is right, with the reason; count when there is none. (The patterns for
 * queues are those of Henzinger, Sezgin and Vafeiadis, 2013.) */
size_t pd_pairing_refute(struct pd_specification *, const struct pd_move *,
    size_t count, char *reason, size_t size);

/* What is known of a move that puts something in. */
struct pd_put {
	int64_t rank;		/* of two that may come in any order the one with the lower
				 * rank is the likelier to have come first */
	int64_t taken_before;	/* in a stack nothing may lie under it that was taken before
				 * this; INT64_MIN when nobody knows */
	int64_t taken_by;	/* when the value had been taken, or PD_NEVER */
	bool certain;		/* nobody who is not known took it: taken_before holds */
};

/* By move of the frontier, for a stack or queue. The caller frees it; NULL when
 * there is nothing to say. */
struct pd_put *pd_pairing_puts(const struct pd_frontier *,
    const struct pd_traits *traits);

/* Require of the frontier what must be; traits are those of its moves. For what
 * begins empty. */
void pd_pairing_require(struct pd_frontier *, const struct pd_traits *traits);

#endif
