/* SPDX-License-Identifier: MIT */
/* What is known of the actions of a sequential specification. */
#ifndef PD_TRAITS_H
#define PD_TRAITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PD_ILLEGAL = -1,	/* not so answered in this state */
	PD_BROKEN = -2,		/* the specification itself failed, see the error */
	PD_NOTHING = -1,	/* no state, in traits */
};

enum pd_discipline {
	PD_NO_DISCIPLINE,
	PD_FIRST_OUT,		/* what came in first comes out first */
	PD_LAST_OUT,
};

/* What a search may rely on, of an action in every state. */
struct pd_traits {
	bool observes;		/* where it is legal it leaves the state as it is */
	bool commutes;		/* always legal, and in any order with others that do */
	/* Where a state is a single value: the one it must be and the one that it
	 * must not be, and the one it becomes; PD_NOTHING for none. An unknown outcome
	 * is always legal, and changes nothing where these do not hold. */
	int32_t needs, avoids, sets;
	/* Where a state is a sum: what the action adds to it, and what the sum is
	 * after it, if that was told. */
	int64_t adds, total;
	bool totals;
	/* Where a state is a queue or stack: the value put in or taken out, by number,
	 * or PD_NOTHING; and that something was taken of which nobody knows what. */
	enum pd_discipline discipline;
	int32_t puts, takes;
	bool takes_unknown;
};

/* Traits of an action of which nothing is known. */
#define PD_TRAITS_INIT {.needs = PD_NOTHING, .avoids = PD_NOTHING, .sets = PD_NOTHING, \
	.puts = PD_NOTHING, .takes = PD_NOTHING}

#endif
