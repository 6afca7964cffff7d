/* SPDX-License-Identifier: MIT */
#include "visited.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

void
pd_visited_start(struct pd_visited *visited, size_t optional)
{
	*visited = (struct pd_visited){.words = (optional + 63) / 64};
}

void
pd_visited_free(struct pd_visited *visited)
{
	pd_places_free(&visited->places);
	free(visited->sets);
	free(visited->nexts);
	*visited = (struct pd_visited){0};
}

static bool
contains(const uint64_t *set, const uint64_t *subset, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		if ((subset[i] & ~set[i]) != 0)
			return false;
	}
	return true;
}

/* Note a set in a list unless a subset of it is there. A set of which it is a
 * subset has nothing to say any more: the first such one is replaced. */
static bool
enter_set(struct pd_visited *visited, uint32_t *first, const uint64_t *set)
{
	size_t words = visited->words;
	uint64_t *wider = NULL;

	for (uint32_t i = *first; i != 0; i = visited->nexts[i - 1]) {
		uint64_t *known = &visited->sets[(i - 1) * words];
		if (contains(set, known, words))
			return false;
		if (wider == NULL && contains(known, set, words))
			wider = known;
	}
	if (wider != NULL) {
		memcpy(wider, set, words * sizeof(*set));
		return true;
	}
	if (visited->set_count == visited->set_room) {
		visited->set_room = visited->set_room == 0 ? 256 : 2 * visited->set_room;
		visited->sets = pd_reallocate(visited->sets, visited->set_room,
		    words * sizeof(*visited->sets));
		visited->nexts = pd_reallocate(visited->nexts, visited->set_room,
		    sizeof(*visited->nexts));
	}
	memcpy(&visited->sets[visited->set_count * words], set, words * sizeof(*set));
	visited->nexts[visited->set_count++] = *first;
	*first = (uint32_t)visited->set_count;
	return true;
}

bool
pd_visited_enter(struct pd_visited *visited, struct pd_place place,
    const uint64_t *set)
{
	bool fresh;
	uint32_t *first = pd_places_enter(&visited->places, place, &fresh);

	return visited->words > 0 ? enter_set(visited, first, set) : fresh;
}

size_t
pd_visited_memory(const struct pd_visited *visited)
{
	return pd_places_memory(&visited->places) +
	    visited->set_room * (visited->words * sizeof(*visited->sets) +
	    sizeof(*visited->nexts));
}
