/* SPDX-License-Identifier: MIT */
#include "visited.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

uint64_t
pd_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

void
pd_visited_start(struct pd_visited *visited, size_t optional)
{
	*visited = (struct pd_visited){.words = (optional + 63) / 64};
}

void
pd_visited_free(struct pd_visited *visited)
{
	free(visited->places);
	free(visited->lists);
	free(visited->sets);
	free(visited->nexts);
	*visited = (struct pd_visited){0};
}

static size_t
find(const struct pd_visited *visited, struct pd_place place)
{
	size_t mask = visited->slots - 1;
	size_t slot = (size_t)place.low & mask;

	for (;; slot = (slot + 1) & mask) {
		struct pd_place found = visited->places[slot];
		if ((found.high == place.high && found.low == place.low) ||
		    (found.high == 0 && found.low == 0))
			return slot;
	}
}

static void
grow(struct pd_visited *visited)
{
	struct pd_place *places = visited->places;
	uint32_t *lists = visited->lists;
	size_t slots = visited->slots;

	visited->slots = slots == 0 ? 256 : 2 * slots;
	visited->places = pd_allocate(visited->slots, sizeof(*places));
	if (visited->words > 0)
		visited->lists = pd_allocate(visited->slots, sizeof(*lists));
	for (size_t i = 0; i < slots; i++) {
		if (places[i].high == 0 && places[i].low == 0)
			continue;
		size_t slot = find(visited, places[i]);
		visited->places[slot] = places[i];
		if (visited->words > 0)
			visited->lists[slot] = lists[i];
	}
	free(places);
	free(lists);
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

/* Note a set at a slot unless a subset of it is there. A set of which it is a
 * subset has nothing to say any more: the first such one is replaced. */
static bool
enter_set(struct pd_visited *visited, size_t slot, const uint64_t *set)
{
	size_t words = visited->words;
	uint64_t *wider = NULL;

	for (uint32_t i = visited->lists[slot]; i != 0; i = visited->nexts[i - 1]) {
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
	visited->nexts[visited->set_count++] = visited->lists[slot];
	visited->lists[slot] = (uint32_t)visited->set_count;
	return true;
}

bool
pd_visited_enter(struct pd_visited *visited, struct pd_place place,
    const uint64_t *set)
{
	if (4 * visited->count >= 3 * visited->slots)
		grow(visited);
	size_t slot = find(visited, place);
	bool fresh = visited->places[slot].high == 0 && visited->places[slot].low == 0;
	if (fresh) {
		visited->places[slot] = place;
		visited->count++;
	}
	if (visited->words > 0)
		return enter_set(visited, slot, set);
	return fresh;
}

size_t
pd_visited_memory(const struct pd_visited *visited)
{
	return visited->slots * (sizeof(*visited->places) +
	    (visited->words > 0 ? sizeof(*visited->lists) : 0)) +
	    visited->set_room * (visited->words * sizeof(*visited->sets) +
	    sizeof(*visited->nexts));
}
