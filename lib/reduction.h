/* SPDX-License-Identifier: MIT */
/*
 * Reducing arguments: all at once, one by one by the generator that made each,
 * equal ones together, such as a currency that two commands must agree on, and
 * numbers together that hang together, such as a deposit and what it has to
 * cover.
 */
#ifndef PD_REDUCTION_H
#define PD_REDUCTION_H

#include <stdbool.h>

#include "search.h"
#include "simplify.h"

/* Each returns whether anything became simpler. All at once: everything but
 * references the simplest there is, or at least all numbers. */
bool pd_reduction_all(struct pd_search *);
bool pd_reduction_each(struct pd_search *, enum pd_effort);
bool pd_reduction_equal(struct pd_search *);
bool pd_reduction_numbers(struct pd_search *);

#endif
