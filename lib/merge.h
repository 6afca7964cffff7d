/* SPDX-License-Identifier: MIT */
/*
 * One order of a whole history from orders of its independent parts. There is
 * one where precedence is a matter of time (Herlihy and Wing, 1990); where
 * operations of a process came in the very same microsecond there may be none.
 */
#ifndef PD_MERGE_H
#define PD_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "history.h"
#include "partition.h"

/* orders and counts by part: positions in the history. merged has room for all.
 * Returns how many were placed: fewer than there are when it goes no further. */
size_t pd_merge_orders(const struct pd_history *, const struct pd_partition *,
    size_t *const *orders, const size_t *counts, size_t *merged);

#endif
