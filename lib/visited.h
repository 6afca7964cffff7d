/* SPDX-License-Identifier: MIT */
/*
 * What a search has been through: places, each a fingerprint of 128 bits (as
 * model checkers keep states: Stern and Dill, "A new scheme for memory-efficient
 * probabilistic verification", 1996; of 10^8 places two are mistaken for one
 * with a chance below 10^-22), and with each the sets of optional operations
 * that had been used up there. To come again with the same ones or more cannot
 * end better, so a set counts as visited when a subset of it was there.
 */
#ifndef PD_VISITED_H
#define PD_VISITED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pd_place {
	uint64_t high, low;
};

struct pd_visited {
	struct pd_place *places;	/* open addressing; both 0: free */
	uint32_t *lists;		/* by place: its first set + 1, 0 for none */
	size_t slots, count;
	size_t words;			/* of a set, 0 when there is nothing optional */
	uint64_t *sets;
	uint32_t *nexts;		/* by set: the next one of its place + 1, 0 for none */
	size_t set_count, set_room;
};

/* For sets over so many optional operations. */
void pd_visited_start(struct pd_visited *, size_t optional);
void pd_visited_free(struct pd_visited *);

/* Come to a place. Returns false when that is of no use. */
bool pd_visited_enter(struct pd_visited *, struct pd_place, const uint64_t *set);

/* Bytes that it takes. */
size_t pd_visited_memory(const struct pd_visited *);

/* A number that looks random, the same for the same input (splitmix64; Steele,
 * Lea and Flood, 2014). */
uint64_t pd_mix(uint64_t);

#endif
