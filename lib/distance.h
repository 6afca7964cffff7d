/* SPDX-License-Identifier: MIT */
/*
 * Looking for the smallest whole number that is still good, where each look
 * costs an execution. Near numbers and powers of two are looked at first, then
 * it is a bisection; and since goodness may come and go, small steps follow.
 */
#ifndef PD_DISTANCE_H
#define PD_DISTANCE_H

#include <stdbool.h>

/* How far to go. */
enum pd_effort {
	PD_EFFORT_SIMPLEST,	/* only the simplest value of all */
	PD_EFFORT_NEAR,		/* numbers: only what is near it; the rest as below */
	PD_EFFORT_FAR,		/* as far as it goes */
};

typedef bool pd_distance_try(void *context, double distance);

struct pd_distance {
	pd_distance_try *try_number;	/* is it good? */
	pd_distance_try *known_bad;	/* is it known to be no good, without a try? */
	void *context;
	bool (*stopped)(void *context);	/* true: no more budget */
	enum pd_effort effort;
};

/* Go down from a distance that is good. Returns the smallest found that is. */
double pd_distance_descend(const struct pd_distance *, double distance);

#endif
