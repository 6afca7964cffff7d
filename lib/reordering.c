/* SPDX-License-Identifier: MIT */
#include "reordering.h"

#include <stdlib.h>

#include "buffer.h"
#include "json.h"
#include "moment.h"

void
pd_reordering_start(struct pd_reordering *reordering, int window)
{
	*reordering = (struct pd_reordering){.window = window,
		.last = {.value = jv_null()}};
	reordering->heap = pd_allocate((size_t)window + 1, sizeof(*reordering->heap));
}

void
pd_reordering_free(struct pd_reordering *reordering)
{
	jv_free(reordering->last.value);
	free(reordering->heap);
}

static int
compare_places(const struct pd_order_place *a, const struct pd_order_place *b)
{
	if (a->whole && b->whole)
		return (a->number > b->number) - (a->number < b->number);
	return jv_cmp(jv_copy(a->value), jv_copy(b->value));
}

static bool
is_before(const struct pd_waiting *a, const struct pd_waiting *b)
{
	int order = compare_places(&a->place, &b->place);

	return order != 0 ? order < 0 : a->arrival < b->arrival;
}

static struct pd_order_place
place_of(jv value)
{
	struct pd_order_place place = {.value = value};

	if (jv_get_kind(value) == JV_KIND_STRING)
		place.whole = pd_moment_peek(value, &place.number);
	else
		place.whole = pd_json_integer_peek(value, &place.number);
	return place;
}

static void
swap(struct pd_waiting *a, struct pd_waiting *b)
{
	struct pd_waiting other = *a;

	*a = *b;
	*b = other;
}

void
pd_reordering_put(struct pd_reordering *reordering, jv place, void *item)
{
	struct pd_waiting *heap = reordering->heap;
	int at = reordering->count++;

	if (jv_get_kind(place) == JV_KIND_NULL)
		heap[at].place = (struct pd_order_place){jv_copy(reordering->last.value),
			reordering->last.whole, reordering->last.number};
	else
		heap[at].place = place_of(place);
	heap[at].arrival = reordering->arrivals++;
	heap[at].item = item;
	for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static void
sink(struct pd_waiting *heap, int count)
{
	for (int at = 0, child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &heap[at]))
			return;
		swap(&heap[child], &heap[at]);
	}
}

void *
pd_reordering_take(struct pd_reordering *reordering, bool draining)
{
	struct pd_waiting *heap = reordering->heap;

	if (reordering->count == 0 || (!draining && reordering->count <= reordering->window))
		return NULL;
	struct pd_waiting first = heap[0];
	heap[0] = heap[--reordering->count];
	sink(heap, reordering->count);
	if (jv_get_kind(reordering->last.value) != JV_KIND_NULL &&
	    compare_places(&first.place, &reordering->last) < 0) {
		reordering->late++;
		jv_free(first.place.value);
	} else {
		jv_free(reordering->last.value);
		reordering->last = first.place;
	}
	return first.item;
}
