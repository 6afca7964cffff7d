/* SPDX-License-Identifier: MIT */
/*
 * What a search has been through: places, and with each the sets of optional
 * operations that had been used up there. To come again with the same ones or
 * more cannot end better, so a set counts as visited when a subset of it was
 * there.
 */
#ifndef PD_VISITED_H
#define PD_VISITED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "places.h"

struct pd_visited {
	struct pd_places places;	/* with the first set of each + 1, 0 for none */
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

#endif
