/* SPDX-License-Identifier: MIT */
#include "linearize.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "exploration.h"
#include "inference.h"
#include "json.h"
#include "merge.h"
#include "orders.h"
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
		moves[i] = (struct pd_move){.action = action, .known = known,
			.called = operation->called,
			.returned = known ? operation->returned : PD_NEVER,
			.operation = part->operations[i], .process = operation->process};
	}
	return 0;
}

/* The exploration of a part. If something shows at once that it is refuted, the
 * reason is told. NULL on error. */
static struct pd_exploration *
explore(struct worker *worker, size_t number, bool ahead, char *reason,
    size_t size, struct pd_error *error)
{
	const struct pd_part *part = &worker->check->partition.parts[number];
	struct pd_move *moves = pd_allocate(part->count + 1, sizeof(*moves));
	struct pd_exploration *exploration = NULL;
	int32_t start = pd_specification_start(worker->specification,
	    worker->initial, part->key, error);

	if (start != PD_BROKEN && make_moves(worker, part, moves, error) == 0) {
		size_t count = pd_infer(worker->specification, start, moves, part->count);
		exploration = pd_exploration_new(worker->specification, start, moves, count,
		    ahead);
		if (size > 0)
			pd_refute(worker->specification, start, moves, count, reason, size);
	}
	free(moves);
	return exploration;
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

/* The state after the order that was found, by the actions as they were: the
 * search may have taken others that come to the same. PD_BROKEN on error. */
static int32_t
state_after(struct worker *worker, size_t part, struct pd_error *error)
{
	const struct pd_linearization *result = worker->check->result;
	int32_t state = pd_specification_start(worker->specification,
	    worker->initial, worker->check->partition.parts[part].key, error);

	for (size_t i = 0; i < result->order_count && state >= 0; i++) {
		const struct pd_operation *operation =
		    &worker->history.list[result->order[i]];
		int32_t action = pd_specification_action(worker->specification,
		    operation->command, operation->events, error);
		state = pd_specification_step(worker->specification, state, action, error);
	}
	return state;
}

/* Tell how far a refuted part goes, by a search that looks no further ahead than
 * to what comes next, so that what blocks it can be seen. */
static void
refute(struct worker *worker, size_t part, const char *reason)
{
	struct check *check = worker->check;
	struct pd_linearization *result = check->result;
	struct pd_error ignored;
	size_t count;

	if (!end_check(check, PD_NOT_LINEARIZABLE))
		return;
	snprintf(result->reason, sizeof(result->reason), "%s", reason);
	struct pd_exploration *exploration = worker->explorations[part];
	if (pd_exploration_waits(exploration)) {
		pd_exploration_free(exploration);
		exploration = explore(worker, part, false, NULL, 0, &ignored);
		worker->explorations[part] = exploration;
		pd_exploration_advance(exploration, EXPLANATION, &ignored);
	}
	const size_t *order = pd_exploration_order(exploration, &count);
	result->order = copy_sizes(order, count);
	result->order_count = count;
	const size_t *blocked = pd_exploration_blocked(exploration, &count);
	result->blocked = copy_sizes(blocked, count);
	result->blocked_count = count;
	result->key = jv_copy(check->partition.parts[part].key);
	int32_t state = state_after(worker, part, &ignored);
	if (state < 0)
		return;
	result->state = pd_specification_state(worker->specification, state);
	for (size_t i = 0; i < count; i++) {
		const struct pd_operation *operation = &worker->history.list[blocked[i]];
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

/* Begin with a part, or refute it at once. Returns 0 or -1. */
static int
begin_part(struct worker *worker, size_t part, struct pd_error *error)
{
	char reason[256] = "";

	worker->explorations[part] = explore(worker, part, true, reason,
	    sizeof(reason), error);
	if (worker->explorations[part] == NULL)
		return -1;
	if (reason[0] != '\0') {
		pd_exploration_advance(worker->explorations[part], EXPLANATION, error);
		refute(worker, part, reason);
	}
	return 0;
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

static void
start_check(struct check *check)
{
	size_t parts = check->partition.count;

	check->result->verdict = PD_LINEARIZABLE;	/* until a part says otherwise */
	check->result->parts = parts;
	check->orders = pd_allocate(parts + 1, sizeof(*check->orders));
	check->order_counts = pd_allocate(parts + 1, sizeof(*check->order_counts));
}

static void
end_partition(struct check *check)
{
	for (size_t i = 0; i < check->partition.count; i++)
		free(check->orders[i]);
	free(check->orders);
	free(check->order_counts);
	pd_partition_free(&check->partition);
}

/* One order from those of the parts. False when these do not fit together. */
static bool
merge(struct check *check, const struct pd_history *history)
{
	size_t count = 0;

	for (size_t i = 0; i < check->partition.count; i++)
		count += check->order_counts[i];
	check->result->order = pd_allocate(count + 1, sizeof(size_t));
	check->result->order_count = pd_merge_orders(history, &check->partition,
	    check->orders, check->order_counts, check->result->order);
	return check->result->order_count == count;
}

static bool
take_order(void *context, const size_t *order, size_t count)
{
	struct pd_linearization *result = context;

	free(result->order);
	result->order = copy_sizes(order, count);
	result->order_count = count;
	return false;
}

/* What process and time say together in one and the same microsecond is not kept
 * by the parts alone: look at all of them at once. */
static void
search_together(struct check *check, struct pd_specification *specification,
    const struct pd_history *history, jv initial)
{
	struct pd_linearization *result = check->result;

	switch (pd_orders_find(specification, history, initial, &check->bounds,
	    take_order, result, check->error)) {
	case PD_ORDERS_STOPPED:
		break;
	case PD_ORDERS_ALL:
		result->verdict = PD_NOT_LINEARIZABLE;
		snprintf(result->reason, sizeof(result->reason), "every part is "
		    "linearizable, but no order keeps that of the processes as well");
		break;
	case PD_ORDERS_LIMIT:
		result->verdict = PD_LINEARIZE_UNKNOWN;
		snprintf(result->reason, sizeof(result->reason), "every part is "
		    "linearizable; whether some order keeps that of the processes as well "
		    "is undecided");
		break;
	case PD_ORDERS_ERROR:
		result->verdict = PD_LINEARIZE_ERROR;
		break;
	}
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
	pthread_mutex_init(&check.mutex, NULL);
	start_check(&check);
	work_together(&check, specifications, history, initial);
	if (result->verdict == PD_LINEARIZABLE && !merge(&check, history))
		search_together(&check, specifications[0], history, initial);
	end_partition(&check);
	pthread_mutex_destroy(&check.mutex);
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
