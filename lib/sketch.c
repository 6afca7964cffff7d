/* SPDX-License-Identifier: MIT */
#include "sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

void
pd_sketch_start(struct pd_sketch *sketch, size_t bound)
{
	*sketch = (struct pd_sketch){.bound = bound, .limit = UINT64_MAX};
}

void
pd_sketch_free(struct pd_sketch *sketch)
{
	free(sketch->list);
	free(sketch->slots);
	*sketch = (struct pd_sketch){0};
}

/* The slot of a hash, or the free one where it belongs. */
static size_t
find(const struct pd_sketch *sketch, uint64_t hash)
{
	size_t mask = sketch->slot_count - 1;
	size_t slot = (size_t)hash & mask;

	while (sketch->slots[slot] != 0 &&
	    sketch->list[sketch->slots[slot] - 1].hash != hash)
		slot = (slot + 1) & mask;
	return slot;
}

static void
index_all(struct pd_sketch *sketch)
{
	if (sketch->slot_count > 0)
		memset(sketch->slots, 0, sketch->slot_count * sizeof(*sketch->slots));
	for (size_t i = 0; i < sketch->count; i++)
		sketch->slots[find(sketch, sketch->list[i].hash)] = (uint32_t)i + 1;
}

static void
grow(struct pd_sketch *sketch)
{
	sketch->room = sketch->room == 0 ? 64 : 2 * sketch->room;
	sketch->list = pd_reallocate(sketch->list, sketch->room, sizeof(*sketch->list));
	free(sketch->slots);
	sketch->slot_count = 4 * sketch->room;
	sketch->slots = pd_allocate(sketch->slot_count, sizeof(*sketch->slots));
	index_all(sketch);
}

static int
by_hash(const void *a, const void *b)
{
	const struct pd_sketched *one = a, *other = b;

	return (one->hash > other->hash) - (one->hash < other->hash);
}

void
pd_sketch_settle(struct pd_sketch *sketch)
{
	if (sketch->count > 0)
		qsort(sketch->list, sketch->count, sizeof(*sketch->list), by_hash);
	if (sketch->count > sketch->bound) {
		sketch->limit = sketch->list[sketch->bound].hash;
		sketch->count = sketch->bound;
		sketch->let_go = true;
	}
	index_all(sketch);
}

void
pd_sketch_lower(struct pd_sketch *sketch, size_t bound)
{
	if (bound < sketch->bound)
		sketch->bound = bound;
}

struct pd_occurrence *
pd_sketch_find(struct pd_sketch *sketch, uint64_t hash)
{
	if (hash >= sketch->limit)
		return NULL;
	if (sketch->count >= 2 * sketch->bound)
		pd_sketch_settle(sketch);
	if (sketch->count == sketch->room)
		grow(sketch);
	size_t slot = find(sketch, hash);
	if (sketch->slots[slot] == 0) {
		sketch->list[sketch->count] = (struct pd_sketched){.hash = hash};
		sketch->slots[slot] = (uint32_t)++sketch->count;
	}
	return &sketch->list[sketch->slots[slot] - 1].seen;
}

void
pd_sketch_note(struct pd_sketch *sketch, uint64_t hash, struct pd_moment moment)
{
	sketch->times++;
	pd_occurrence_note(pd_sketch_find(sketch, hash), 1, moment);
}

double
pd_sketch_distinct(const struct pd_sketch *sketch, double *error)
{
	*error = 0;
	if (!sketch->let_go)
		return (double)sketch->count;
	double count = (double)sketch->count;
	double highest = (double)sketch->list[sketch->count - 1].hash + 1;
	*error = 1 / sqrt(count - 2);
	return floor((count - 1) / (highest / 0x1p64) + 0.5);
}
