/* SPDX-License-Identifier: MIT */
#include "linearize.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "exploration.h"
#include "json.h"
#include "bounds.h"
#include "partition.h"
#include "refutation.h"

enum {
	FIRST_TURN = 1024,	/* steps of a part's first turn; each is twice the last */
	LONGEST_TURN = 65536,
	EXPLANATION = 65536,	/* steps to find out how far a refuted part goes */
};

/* What all who search have in common. */
struct check {
	const struct pd_linearize_options *options;
	struct pd_bounds bounds;
	struct pd_partition partition;
	struct pd_linearization *result;
	struct pd_error *error;
	size_t **orders;	/* by part: positions, of those that are linearizable */
	size_t *order_counts;
	pthread_mutex_t mutex;	/* for the result and the error */
	atomic_bool over;
};

/* One who searches some of the parts: every jobs-th. */
struct worker {
	struct check *check;
	size_t number;
	struct pd_specification *specification;
	struct pd_history history;	/* shares no value with another worker's */
	jv initial;
	struct pd_exploration **explorations;	/* by part, NULL when done or another's */
	bool runs;		/* in a thread of its own */
	pthread_t thread;
};

static size_t
jobs_of(const struct check *check)
{
	size_t jobs = (size_t)check->options->jobs;

	return jobs < check->partition.count ? jobs : check->partition.count;
}

static bool
is_mine(const struct worker *worker, size_t part)
{
	return part % jobs_of(worker->check) == worker->number;
}

/*
 * Ends.
 */
/* The first end is the check's; true when it is this one. */
static bool
end_check(struct check *check, enum pd_linearizable verdict)
{
	pthread_mutex_lock(&check->mutex);
	bool first = check->result->verdict == PD_LINEARIZABLE;
	if (first)
		check->result->verdict = verdict;
	pthread_mutex_unlock(&check->mutex);
	atomic_store(&check->over, true);
	return first;
}

static size_t *
copy_sizes(const size_t *list, size_t count)
{
	size_t *copy = pd_allocate(count + 1, sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

/* Tell how far a refuted part goes. */
static void
refute(struct worker *worker, size_t part, const char *reason)
{
	struct check *check = worker->check;
	struct pd_linearization *result = check->result;
	struct pd_exploration *exploration = worker->explorations[part];
	size_t count;

	if (!end_check(check, PD_NOT_LINEARIZABLE))
		return;
	snprintf(result->reason, sizeof(result->reason), "%s", reason);
	const size_t *order = pd_exploration_order(exploration, &count);
	result->order = copy_sizes(order, count);
	result->order_count = count;
	const size_t *blocked = pd_exploration_blocked(exploration, &count);
	result->blocked = copy_sizes(blocked, count);
	result->blocked_count = count;
	int32_t state = pd_exploration_state(exploration);
	result->state = pd_specification_state(worker->specification, state);
	result->key = jv_copy(check->partition.parts[part].key);
	for (size_t i = 0; i < count; i++) {
		const struct pd_operation *operation = &worker->history.list[blocked[i]];
		struct pd_error ignored;
		int32_t action = pd_specification_action(worker->specification,
		    operation->command, operation->events, &ignored);
		result->expected = jv_array_append(result->expected,
		    pd_specification_expected(worker->specification, state, action));
	}
}

static void
fail(struct worker *worker, const struct pd_error *error)
{
	if (end_check(worker->check, PD_LINEARIZE_ERROR))
		*worker->check->error = *error;
}

/*
 * The parts of a worker.
 */
static int
make_moves(struct worker *worker, const struct pd_part *part,
    struct pd_move *moves, struct pd_error *error)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct pd_operation *operation =
		    &worker->history.list[part->operations[i]];
		bool known = jv_is_valid(operation->events);
		int32_t action = pd_specification_action(worker->specification,
		    operation->command, operation->events, error);
		if (action == PD_BROKEN)
			return pd_error_prefix(error, "operation %s: ", operation->id);
		moves[i] = (struct pd_move){action, known, operation->called,
			known ? operation->returned : PD_NEVER, part->operations[i],
			operation->process};
	}
	return 0;
}

/* Begin with a part, or refute it at once. Returns 0 or -1. */
static int
begin_part(struct worker *worker, size_t number, struct pd_error *error)
{
	const struct pd_part *part = &worker->check->partition.parts[number];
	struct pd_move *moves = pd_allocate(part->count + 1, sizeof(*moves));
	char reason[256];
	int32_t start = pd_specification_start(worker->specification,
	    worker->initial, part->key, error);
	int result = start == PD_BROKEN ? -1 : make_moves(worker, part, moves, error);

	if (result == 0) {
		worker->explorations[number] = pd_exploration_new(worker->specification,
		    start, moves, part->count);
		if (pd_refute(worker->specification, start, moves, part->count, reason,
		    sizeof(reason)) < part->count) {
			pd_exploration_advance(worker->explorations[number], EXPLANATION, error);
			refute(worker, number, reason);
		}
	}
	free(moves);
	return result;
}

static void
end_part(struct worker *worker, size_t part)
{
	struct check *check = worker->check;
	size_t count;
	const size_t *order = pd_exploration_order(worker->explorations[part], &count);

	check->orders[part] = copy_sizes(order, count);
	check->order_counts[part] = count;
	pthread_mutex_lock(&check->mutex);
	check->result->configurations +=
	    pd_exploration_steps(worker->explorations[part]);
	pthread_mutex_unlock(&check->mutex);
	pd_exploration_free(worker->explorations[part]);
	worker->explorations[part] = NULL;
}

static size_t
memory_of(const struct worker *worker)
{
	size_t memory = pd_specification_memory(worker->specification);

	for (size_t i = 0; i < worker->check->partition.count; i++) {
		if (worker->explorations[i] != NULL)
			memory += pd_exploration_memory(worker->explorations[i]);
	}
	return memory * jobs_of(worker->check);
}

/* Let every part that is undecided go on for a while. Returns how many are. */
static size_t
take_turns(struct worker *worker, int64_t steps)
{
	struct check *check = worker->check;
	struct pd_error error = PD_ERROR_INIT;
	char reason[sizeof(check->result->reason)];
	size_t undecided = 0;

	for (size_t i = 0; i < check->partition.count &&
	    !atomic_load(&check->over); i++) {
		if (worker->explorations[i] == NULL)
			continue;
		switch (pd_exploration_advance(worker->explorations[i], steps, &error)) {
		case PD_LINEARIZABLE: end_part(worker, i); break;
		case PD_NOT_LINEARIZABLE: refute(worker, i, ""); break;
		case PD_LINEARIZE_ERROR: fail(worker, &error); break;
		case PD_LINEARIZE_UNKNOWN: undecided++; break;
		}
		if (undecided > 0 && !atomic_load(&check->over) && pd_bounds_reached(
		    &check->bounds, memory_of(worker), reason, sizeof(reason)) &&
		    end_check(check, PD_LINEARIZE_UNKNOWN))
			memcpy(check->result->reason, reason, sizeof(reason));
	}
	return undecided;
}

static void *
work(void *argument)
{
	struct worker *worker = argument;
	struct check *check = worker->check;
	struct pd_error error;
	int64_t steps = FIRST_TURN;

	for (size_t i = 0; i < check->partition.count &&
	    !atomic_load(&check->over); i++) {
		if (is_mine(worker, i) && begin_part(worker, i, &error) != 0)
			fail(worker, &error);
	}
	while (!atomic_load(&check->over) && take_turns(worker, steps) > 0)
		steps = steps < LONGEST_TURN ? 2 * steps : LONGEST_TURN;
	return NULL;
}

static void
free_worker(struct worker *worker)
{
	for (size_t i = 0; i < worker->check->partition.count; i++) {
		if (worker->explorations[i] == NULL)
			continue;
		worker->check->result->configurations +=
		    pd_exploration_steps(worker->explorations[i]);
		pd_exploration_free(worker->explorations[i]);
	}
	free(worker->explorations);
}

/* Values must not be shared between threads: libjq counts references without
 * regard to them. Workers but the first get copies. */
static void
work_together(struct check *check, struct pd_specification **specifications,
    const struct pd_history *history, jv initial)
{
	size_t jobs = jobs_of(check);
	struct worker *workers = pd_allocate(jobs + 1, sizeof(*workers));

	for (size_t i = 0; i < jobs; i++) {
		workers[i] = (struct worker){.check = check, .number = i,
			.specification = specifications[i], .history = *history,
			.initial = initial, .explorations = pd_allocate(
			check->partition.count + 1, sizeof(struct pd_exploration *))};
		if (i > 0) {
			pd_history_copy_apart(&workers[i].history, history);
			workers[i].initial = pd_json_apart(initial);
		}
	}
	for (size_t i = 1; i < jobs; i++) {
		workers[i].runs = pthread_create(&workers[i].thread, NULL, work,
		    &workers[i]) == 0;
	}
	for (size_t i = 0; i < jobs; i++) {
		if (!workers[i].runs)
			work(&workers[i]);
	}
	for (size_t i = 0; i < jobs; i++) {
		if (workers[i].runs)
			pthread_join(workers[i].thread, NULL);
	}
	for (size_t i = 0; i < jobs; i++) {
		free_worker(&workers[i]);
		if (i > 0) {
			pd_history_free(&workers[i].history);
			jv_free(workers[i].initial);
		}
	}
	free(workers);
}

/*
 * One order from those of the parts.
 */
/* A heap of parts by the call of their next operation. */
struct merge {
	const struct pd_history *history;
	const struct check *check;
	size_t *next;		/* by part */
	size_t *heap, heap_count;
};

static int64_t
call_of(const struct merge *merge, size_t part)
{
	size_t operation = merge->check->orders[part][merge->next[part]];

	return merge->history->list[operation].called;
}

static bool
comes_before(const struct merge *merge, size_t a, size_t b)
{
	int64_t first = call_of(merge, a), second = call_of(merge, b);

	return first != second ? first < second :
	    merge->check->orders[a][merge->next[a]] <
	    merge->check->orders[b][merge->next[b]];
}

static void
sift_down(struct merge *merge, size_t at)
{
	for (;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 &&
		    child < merge->heap_count; child++) {
			if (comes_before(merge, merge->heap[child], merge->heap[least]))
				least = child;
		}
		if (least == at)
			return;
		size_t other = merge->heap[at];
		merge->heap[at] = merge->heap[least];
		merge->heap[least] = other;
		at = least;
	}
}

/*
 * The operation that was called first of those that come next in their parts can
 * come next in all: one that precedes it in time would stand behind the next
 * one of its own part, which was called later than that one returned, and so
 * could not stand before it.
 */
static void
merge_orders(struct check *check, const struct pd_history *history)
{
	size_t parts = check->partition.count;
	struct merge merge = {history, check, pd_allocate(parts + 1, sizeof(size_t)),
		pd_allocate(parts + 1, sizeof(size_t)), 0};
	struct pd_linearization *result = check->result;

	result->order = pd_allocate(history->count + 1, sizeof(*result->order));
	for (size_t i = 0; i < parts; i++) {
		if (check->order_counts[i] > 0)
			merge.heap[merge.heap_count++] = i;
	}
	for (size_t i = merge.heap_count; i-- > 0;)
		sift_down(&merge, i);
	while (merge.heap_count > 0) {
		size_t part = merge.heap[0];
		result->order[result->order_count++] =
		    check->orders[part][merge.next[part]++];
		if (merge.next[part] == check->order_counts[part])
			merge.heap[0] = merge.heap[--merge.heap_count];
		sift_down(&merge, 0);
	}
	free(merge.next);
	free(merge.heap);
}

enum pd_linearizable
pd_linearize(struct pd_specification **specifications,
    const struct pd_history *history, jv initial,
    const struct pd_linearize_options *options,
    struct pd_linearization *result, struct pd_error *error)
{
	struct check check = {.options = options, .result = result, .error = error,
		.bounds = pd_bounds_start(options->timeout, options->max_memory,
		options->interrupted, options->context)};

	*result = (struct pd_linearization){.verdict = PD_LINEARIZE_ERROR,
		.key = jv_invalid(), .state = jv_invalid(), .expected = jv_array()};
	if (pd_partition(&check.partition, specifications[0], history, error) != 0) {
		pd_partition_free(&check.partition);
		return PD_LINEARIZE_ERROR;
	}
	result->verdict = PD_LINEARIZABLE;	/* until a part says otherwise */
	result->parts = check.partition.count;
	check.orders = pd_allocate(result->parts + 1, sizeof(*check.orders));
	check.order_counts = pd_allocate(result->parts + 1, sizeof(size_t));
	pthread_mutex_init(&check.mutex, NULL);
	work_together(&check, specifications, history, initial);
	pthread_mutex_destroy(&check.mutex);
	if (result->verdict == PD_LINEARIZABLE)
		merge_orders(&check, history);
	for (size_t i = 0; i < result->parts; i++)
		free(check.orders[i]);
	free(check.orders);
	free(check.order_counts);
	pd_partition_free(&check.partition);
	return result->verdict;
}

void
pd_linearization_free(struct pd_linearization *result)
{
	free(result->order);
	free(result->blocked);
	jv_free(result->key);
	jv_free(result->state);
	jv_free(result->expected);
}
