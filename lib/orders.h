/* SPDX-License-Identifier: MIT */
/*
 * All orders of a history, one by one or counted. Two orders are different when
 * an operation stands in another place, or one of unknown outcome is in one of
 * them only. Sets of operations that were placed are remembered with the states
 * they led to, so that what follows is looked at once.
 */
#ifndef PD_ORDERS_H
#define PD_ORDERS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"
#include "error.h"
#include "history.h"
#include "specification.h"

enum pd_orders_end {
	PD_ORDERS_ERROR = -1,
	PD_ORDERS_ALL = 0,	/* there are no more */
	PD_ORDERS_STOPPED = 1,	/* found said so */
	PD_ORDERS_LIMIT = 2,	/* a bound was reached */
};

/* Call found with every order that explains the history (positions in it); it
 * returns false to stop. Orders with few operations of unknown outcome come
 * before those that go on with more. */
typedef bool pd_orders_found(void *context, const size_t *order, size_t count);
enum pd_orders_end pd_orders_find(struct pd_specification *,
    const struct pd_history *, jv initial, const struct pd_bounds *,
    pd_orders_found *, void *context, struct pd_error *);

/* How many orders explain the history, exactly: its digits, which the caller
 * frees, or NULL unless the result is PD_ORDERS_ALL. */
enum pd_orders_end pd_orders_count(struct pd_specification *,
    const struct pd_history *, jv initial, const struct pd_bounds *,
    char **digits, struct pd_error *);

/* How many orders of all operations time alone allows: the digits, which the
 * caller frees; or NULL when they are too many to be counted within the bounds,
 * and then the decimal logarithm as an estimate (Knuth, "Estimating the
 * efficiency of backtrack programs", 1975). */
char *pd_orders_feasible(const struct pd_history *, const struct pd_bounds *,
    double *log10);

#endif
