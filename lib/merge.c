/* SPDX-License-Identifier: MIT */
#include "merge.h"

#include <stdlib.h>

#include "buffer.h"
#include "frontier.h"

struct merge {
	struct pd_frontier frontier;
	size_t *const *orders;
	const size_t *counts;
	size_t *parts;		/* by position in the history */
	size_t *moves;		/* the same: its number in the frontier */
	size_t *next;		/* by part */
	size_t *merged, count;
};

static void
start(struct merge *merge, const struct pd_history *history,
    const struct pd_partition *partition)
{
	struct pd_move *moves = pd_allocate(history->count + 1, sizeof(*moves));

	for (size_t i = 0; i < history->count; i++) {
		const struct pd_operation *operation = &history->list[i];
		bool known = jv_is_valid(operation->events);
		moves[i] = (struct pd_move){.known = known, .called = operation->called,
			.returned = known ? operation->returned : PD_NEVER, .operation = i,
			.process = operation->process};
	}
	pd_frontier_start(&merge->frontier, moves, history->count);
	pd_frontier_seal(&merge->frontier);
	free(moves);
	merge->moves = pd_allocate(history->count + 1, sizeof(size_t));
	for (size_t i = 0; i < history->count; i++)
		merge->moves[merge->frontier.moves[i].operation] = i;
	merge->parts = pd_allocate(history->count + 1, sizeof(size_t));
	for (size_t i = 0; i < partition->count; i++) {
		for (size_t k = 0; k < partition->parts[i].count; k++)
			merge->parts[partition->parts[i].operations[k]] = i;
	}
	merge->next = pd_allocate(partition->count + 1, sizeof(size_t));
}

static bool
is_next(const struct merge *merge, size_t operation)
{
	size_t part = merge->parts[operation];

	return merge->next[part] < merge->counts[part] &&
	    merge->orders[part][merge->next[part]] == operation;
}

static void
take(struct merge *merge, size_t operation)
{
	merge->next[merge->parts[operation]]++;
	merge->merged[merge->count++] = operation;
}

/* Operations of unknown outcome hold up nobody but the next of their part. */
static void
take_unknown(struct merge *merge, size_t part, int32_t last)
{
	while (merge->next[part] < merge->counts[part]) {
		size_t operation = merge->orders[part][merge->next[part]];
		size_t move = merge->moves[operation];
		if (merge->frontier.moves[move].known ||
		    !pd_frontier_called(&merge->frontier, move, last) ||
		    !pd_frontier_ready(&merge->frontier, move))
			return;
		take(merge, operation);
	}
}

/* Take the next operation of any part. False when there is none. */
static bool
take_one(struct merge *merge)
{
	int32_t last = pd_frontier_first(&merge->frontier);

	while (last % 2 == 0 && last / 2 < (int32_t)merge->frontier.known)
		last = pd_frontier_after(&merge->frontier, last);
	for (int32_t node = pd_frontier_first(&merge->frontier); node != last;
	    node = pd_frontier_after(&merge->frontier, node)) {
		size_t move = (size_t)node / 2;
		size_t operation = merge->frontier.moves[move].operation;
		take_unknown(merge, merge->parts[operation], last);
		if (is_next(merge, operation) && pd_frontier_ready(&merge->frontier, move)) {
			pd_frontier_place(&merge->frontier, move);
			take(merge, operation);
			return true;
		}
	}
	return false;
}

size_t
pd_merge_orders(const struct pd_history *history,
    const struct pd_partition *partition, size_t *const *orders,
    const size_t *counts, size_t *merged)
{
	struct merge merge = {.orders = orders, .counts = counts, .merged = merged};

	start(&merge, history, partition);
	while (take_one(&merge))
		;
	/* A part may end in one that is not known, though nothing needs it there. */
	for (size_t i = 0; i < partition->count; i++)
		take_unknown(&merge, i, pd_frontier_first(&merge.frontier));
	pd_frontier_free(&merge.frontier);
	free(merge.moves);
	free(merge.parts);
	free(merge.next);
	return merge.count;
}
