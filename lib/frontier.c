/* SPDX-License-Identifier: MIT */
#include "frontier.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "history.h"
#include "intern.h"
#include "json.h"

/* Known ones by their return, the others after them by action; what is equal in
 * that by the call, and as in the history. */
static int
by_number(const void *a, const void *b)
{
	const struct pd_move *first = a, *second = b;

	if (first->known != second->known)
		return first->known ? -1 : 1;
	if (first->known && first->returned != second->returned)
		return first->returned < second->returned ? -1 : 1;
	if (!first->known && first->action != second->action)
		return first->action < second->action ? -1 : 1;
	if (first->called != second->called)
		return first->called < second->called ? -1 : 1;
	return (first->operation > second->operation) -
	    (first->operation < second->operation);
}

/*
 * The list of calls and returns.
 */
struct instant {
	int64_t time;
	int32_t node;
};

/* At one time calls come before returns: they overlap. */
static int
by_time(const void *a, const void *b)
{
	const struct instant *first = a, *second = b;

	if (first->time != second->time)
		return first->time < second->time ? -1 : 1;
	if (first->node % 2 != second->node % 2)
		return first->node % 2 - second->node % 2;
	return (first->node > second->node) - (first->node < second->node);
}

static int32_t
head_of(const struct pd_frontier *frontier)
{
	return (int32_t)(2 * frontier->known);
}

static void
link_instants(struct pd_frontier *frontier)
{
	size_t count = 2 * frontier->known;
	struct instant *instants = pd_allocate(count + 1, sizeof(*instants));
	int32_t head = head_of(frontier), last = head;

	for (size_t i = 0; i < frontier->known; i++) {
		instants[2 * i] = (struct instant){frontier->moves[i].called, (int32_t)(2 * i)};
		instants[2 * i + 1] = (struct instant){frontier->moves[i].returned,
			(int32_t)(2 * i + 1)};
	}
	qsort(instants, count, sizeof(*instants), by_time);
	frontier->next = pd_allocate(count + 1, sizeof(*frontier->next));
	frontier->previous = pd_allocate(count + 1, sizeof(*frontier->previous));
	for (size_t i = 0; i < count; i++) {
		frontier->next[last] = instants[i].node;
		frontier->previous[instants[i].node] = last;
		last = instants[i].node;
	}
	frontier->next[last] = head;
	frontier->previous[head] = last;
	free(instants);
}

/*
 * Ties within a process.
 */
struct ending {
	int32_t process, number;
	int64_t returned;
	size_t operation;
};

static int
by_ending(const void *a, const void *b)
{
	const struct ending *first = a, *second = b;

	if (first->process != second->process)
		return first->process < second->process ? -1 : 1;
	if (first->returned != second->returned)
		return first->returned < second->returned ? -1 : 1;
	return (first->operation > second->operation) -
	    (first->operation < second->operation);
}

static int32_t
process_number(struct pd_interner *processes, jv process)
{
	jv text = pd_json_identity(jv_copy(process));
	int32_t number = pd_intern(processes, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	jv_free(text);
	return number;
}

/* The first ending that is not before this one. */
static size_t
find_ending(const struct ending *endings, size_t count, struct ending wanted)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_ending(&endings[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
require_ties(struct pd_frontier *frontier)
{
	struct pd_interner processes = PD_INTERNER_INIT;
	struct ending *endings = pd_allocate(frontier->known + 1, sizeof(*endings));
	size_t count = 0;

	for (size_t i = 0; i < frontier->known; i++) {
		const struct pd_move *move = &frontier->moves[i];
		if (jv_is_valid(move->process) && !move->inferred)
			endings[count++] = (struct ending){
				process_number(&processes, move->process), (int32_t)i,
				move->returned, move->operation};
	}
	qsort(endings, count, sizeof(*endings), by_ending);
	for (size_t i = 0; i < frontier->count; i++) {
		const struct pd_move *move = &frontier->moves[i];
		if (!jv_is_valid(move->process))
			continue;
		struct ending wanted = {process_number(&processes, move->process), 0,
			move->called, 0};
		for (size_t k = find_ending(endings, count, wanted); k < count &&
		    endings[k].process == wanted.process &&
		    endings[k].returned == move->called &&
		    endings[k].operation < move->operation; k++)
			pd_frontier_require(frontier, (size_t)endings[k].number, i);
	}
	free(endings);
	pd_interner_free(&processes);
}

void
pd_frontier_start(struct pd_frontier *frontier, const struct pd_move *moves,
    size_t count)
{
	*frontier = (struct pd_frontier){.count = count,
		.moves = pd_allocate(count + 1, sizeof(*moves)),
		.placed = pd_allocate(count + 1, sizeof(*frontier->placed))};
	if (count > 0)
		memcpy(frontier->moves, moves, count * sizeof(*moves));
	qsort(frontier->moves, count, sizeof(*moves), by_number);
	while (frontier->known < count && frontier->moves[frontier->known].known)
		frontier->known++;
	link_instants(frontier);
	require_ties(frontier);
}

void
pd_frontier_require(struct pd_frontier *frontier, size_t before, size_t after)
{
	if (frontier->requirement_count == frontier->requirement_room) {
		frontier->requirement_room = frontier->requirement_room == 0 ? 64 :
		    2 * frontier->requirement_room;
		frontier->requirements = pd_reallocate(frontier->requirements,
		    frontier->requirement_room, sizeof(*frontier->requirements));
	}
	frontier->requirements[frontier->requirement_count++] =
	    (struct pd_requirement){(int32_t)before, (int32_t)after};
}

void
pd_frontier_seal(struct pd_frontier *frontier)
{
	size_t *start = pd_allocate(frontier->count + 2, sizeof(*start));

	frontier->before = pd_allocate(frontier->requirement_count + 1,
	    sizeof(*frontier->before));
	/* Counted one further on, so that each start moves to its place as it fills. */
	for (size_t i = 0; i < frontier->requirement_count; i++)
		start[frontier->requirements[i].after + 2]++;
	for (size_t i = 2; i <= frontier->count + 1; i++)
		start[i] += start[i - 1];
	for (size_t i = 0; i < frontier->requirement_count; i++) {
		const struct pd_requirement *requirement = &frontier->requirements[i];
		frontier->before[start[requirement->after + 1]++] = requirement->before;
	}
	frontier->start = start;
	free(frontier->requirements);
	frontier->requirements = NULL;
}

void
pd_frontier_free(struct pd_frontier *frontier)
{
	free(frontier->moves);
	free(frontier->next);
	free(frontier->previous);
	free(frontier->placed);
	free(frontier->requirements);
	free(frontier->start);
	free(frontier->before);
	*frontier = (struct pd_frontier){0};
}

int32_t
pd_frontier_first(const struct pd_frontier *frontier)
{
	return frontier->next[head_of(frontier)];
}

int32_t
pd_frontier_after(const struct pd_frontier *frontier, int32_t node)
{
	return frontier->next[node];
}

bool
pd_frontier_ready(const struct pd_frontier *frontier, size_t number)
{
	for (size_t i = frontier->start[number]; i < frontier->start[number + 1]; i++) {
		if (!frontier->placed[frontier->before[i]])
			return false;
	}
	return true;
}

bool
pd_frontier_waits(const struct pd_frontier *frontier, size_t number)
{
	return frontier->start[number] < frontier->start[number + 1];
}

bool
pd_frontier_called(const struct pd_frontier *frontier, size_t number,
    int32_t last)
{
	return last == head_of(frontier) || frontier->moves[number].called <=
	    frontier->moves[last / 2].returned;
}

static void
take_out(struct pd_frontier *frontier, int32_t node)
{
	frontier->next[frontier->previous[node]] = frontier->next[node];
	frontier->previous[frontier->next[node]] = frontier->previous[node];
}

static void
put_back(struct pd_frontier *frontier, int32_t node)
{
	frontier->next[frontier->previous[node]] = node;
	frontier->previous[frontier->next[node]] = node;
}

void
pd_frontier_place(struct pd_frontier *frontier, size_t number)
{
	frontier->placed[number] = true;
	take_out(frontier, (int32_t)(2 * number));
	take_out(frontier, (int32_t)(2 * number + 1));
}

void
pd_frontier_take_back(struct pd_frontier *frontier, size_t number)
{
	frontier->placed[number] = false;
	put_back(frontier, (int32_t)(2 * number + 1));
	put_back(frontier, (int32_t)(2 * number));
}
