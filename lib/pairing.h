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

#include "frontier.h"
#include "specification.h"

/* The first of count moves, in the order of the history, that shows at once that
 * no order is right, with the reason; count when there is none. (The patterns for
 * queues are those of Henzinger, Sezgin and Vafeiadis, 2013.) */
size_t pd_pairing_refute(struct pd_specification *, const struct pd_move *,
    size_t count, char *reason, size_t size);

/* Require of the frontier what must be; traits are those of its moves. For what
 * begins empty. */
void pd_pairing_require(struct pd_frontier *, const struct pd_traits *traits);

#endif
