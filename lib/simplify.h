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

#include "distance.h"

/* Is this value good, too? Consumes it. When it is, it has taken the place of
 * the earlier one. */
typedef bool pd_simplify_try(void *context, jv value);

struct pd_simplify {
	pd_simplify_try *try_value;
	pd_simplify_try *known_bad;	/* is it known to be no good, without a try? */
	void *context;
	bool (*stopped)(void *context);	/* true: no more budget */
	enum pd_effort effort;
};

/* Simplify a value, of a generator that admits it, as far as it goes. Borrows
 * the generator, consumes the value, and returns what it became. The values
 * tried are always admitted by the generator. key is as in generator.h. */
jv pd_simplify_value(const struct pd_simplify *, jv generator, jv value,
    const char *key);

#endif
