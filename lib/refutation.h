/* SPDX-License-Identifier: MIT */
/*
 * What shows at once that a history cannot be linearized, without a search: an
 * operation that saw a value which nobody could have left there, or a sum that
 * nothing adds up to. To find nothing proves nothing.
 */
#ifndef PD_REFUTATION_H
#define PD_REFUTATION_H

#include <stddef.h>
#include <stdint.h>

#include "frontier.h"
#include "specification.h"

/* The first of count moves, in the order of the history, that cannot be right:
 * its index, with the reason, or count when there is none. */
size_t pd_refute(struct pd_specification *, int32_t start,
    const struct pd_move *, size_t count, char *reason, size_t size);

#endif
