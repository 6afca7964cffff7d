/* SPDX-License-Identifier: MIT */
/*
 * What lies in a stack on the way of a search, by the operations that put it
 * there: nothing may be put upon what was taken out before it. Where there is no
 * stack, or not all of it is known, all of this does nothing.
 */
#ifndef PD_PILE_H
#define PD_PILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pairing.h"
#include "traits.h"

struct pd_pile {
	const struct pd_traits *traits;	/* by move, borrowed */
	const struct pd_put *puts;	/* by move, borrowed */
	size_t *moves;		/* the lowest first; NULL when there is no stack */
	int64_t *taken_by;	/* by height: when something up to there had been taken */
	size_t height;
	size_t *lifted;		/* by move: what it took + 1, 0 for nothing */
};

/* puts NULL: nothing is known. */
void pd_pile_start(struct pd_pile *, const struct pd_traits *,
    const struct pd_put *puts, size_t count);
void pd_pile_free(struct pd_pile *);
bool pd_pile_exists(const struct pd_pile *);

/* A move is placed, and the last one is taken back. */
void pd_pile_place(struct pd_pile *, size_t move);
void pd_pile_take_back(struct pd_pile *, size_t move);

/* Does it take away what somebody else is known to have taken? */
bool pd_pile_robs(const struct pd_pile *, size_t move);

/* Would it lie upon something that was taken out before it? For sure, or unless
 * somebody took it away of whom nobody knows what was taken. */
bool pd_pile_buries(const struct pd_pile *, size_t move);
bool pd_pile_may_bury(const struct pd_pile *, size_t move);

#endif
