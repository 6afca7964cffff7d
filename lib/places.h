/* SPDX-License-Identifier: MIT */
/*
 * A table of places in a search, each a fingerprint of 128 bits (as model
 * checkers keep states: Stern and Dill, "A new scheme for memory-efficient
 * probabilistic verification", 1996; of 10^8 places two are mistaken for one
 * with a chance below 10^-22), with a number for each.
 */
#ifndef PD_PLACES_H
#define PD_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pd_place {
	uint64_t high, low;
};

struct pd_places {
	struct pd_place *places;	/* open addressing; both 0: free */
	uint32_t *values;
	size_t slots, count;
};

#define PD_PLACES_INIT {0}

void pd_places_free(struct pd_places *);

/* The number of a place, to be read and changed until the next call; of a new one
 * it is 0 and *fresh true. */
uint32_t *pd_places_enter(struct pd_places *, struct pd_place, bool *fresh);

/* The number of a place, or NULL when it was not entered. */
const uint32_t *pd_places_look(const struct pd_places *, struct pd_place);

/* Bytes that it takes at most until it has grown the next time. */
size_t pd_places_memory(const struct pd_places *);

/* A number that looks random, the same for the same input (splitmix64; Steele,
 * Lea and Flood, 2014). */
uint64_t pd_mix(uint64_t);

/* The mark of the number-th thing: the fingerprint of a set is that of nothing
 * with the marks of all that is in it, by exclusive or (Zobrist, 1970). */
struct pd_place pd_place_mark(size_t number);
struct pd_place pd_place_combine(struct pd_place, struct pd_place);

#endif
