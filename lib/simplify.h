/* SPDX-License-Identifier: MIT */
/*
 * Making one value simpler: which values to try in place of another, by the
 * generator that drew it. Whether a simpler value still does what is wanted
 * only the caller knows; it is asked, value by value.
 */
#ifndef PD_SIMPLIFY_H
#define PD_SIMPLIFY_H

#include <jv.h>
#include <stdbool.h>

/* Is this value good, too? Consumes it. When it is, it has taken the place of
 * the earlier one. */
typedef bool pd_simplify_try(void *context, jv value);

struct pd_simplify {
	pd_simplify_try *try_value;
	void *context;
	bool (*stopped)(void *context);	/* true: no more budget */
	bool quick;			/* only the simplest value of all */
};

/* Simplify a value, of a generator that admits it, as far as it goes. Borrows
 * the generator, consumes the value, and returns what it became. The values
 * tried are always admitted by the generator. key is as in generator.h. */
jv pd_simplify_value(const struct pd_simplify *, jv generator, jv value,
    const char *key);

/* The smallest whole number in lowest..highest that is good, when highest is
 * known to be good and goodness does not come and go. A smaller one is found
 * sooner. try_number gets a distance from lowest. */
typedef bool pd_simplify_number(void *context, double distance);
double pd_simplify_distance(pd_simplify_number *try_number, void *context,
    bool (*stopped)(void *context), double distance);

#endif
