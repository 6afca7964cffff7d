/* SPDX-License-Identifier: MIT */
/*
 * A number for a value, to tell values apart by: equal values, numbers compared
 * as numbers and keys in any order, have equal numbers, others as good as never.
 * Names that a system gave out count by the order in which it did, not by their
 * text: two runs that made an account each are in the same state, whatever its
 * number is.
 */
#ifndef PD_DIGEST_H
#define PD_DIGEST_H

#include <jv.h>
#include <stddef.h>
#include <stdint.h>

struct pd_alias {
	uint64_t of, to;	/* of a text; free when of is 0 */
};

/* What texts stand for in the present run. */
struct pd_aliases {
	struct pd_alias *slots;
	size_t slot_count, count;
};

#define PD_ALIASES_INIT {NULL, 0, 0}

/* A text stands for the count-th thing, from 1, that this run named. The first
 * of a text holds. Borrows the value; what is no string or number is left out. */
void pd_aliases_add(struct pd_aliases *, jv name);
void pd_aliases_clear(struct pd_aliases *);
void pd_aliases_free(struct pd_aliases *);

/* Borrows the value. */
uint64_t pd_digest(jv value, const struct pd_aliases *);

/* The number of two numbers in this order. */
uint64_t pd_digest_pair(uint64_t, uint64_t);

#endif
