/* SPDX-License-Identifier: MIT */
#include "orders.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>

#include "buffer.h"
#include "frontier.h"
#include "partition.h"
#include "places.h"
#include "random.h"

enum {
	PATIENCE = 4096,	/* steps between two looks at the bounds */
	SAMPLES = 256,		/* random orders for an estimate */
};

/* A row of operations that grows and shrinks, and the states it leads to. */
struct walk {
	struct pd_specification *specification;	/* NULL: everything is legal */
	const struct pd_bounds *bounds;
	struct pd_frontier frontier;
	struct pd_partition partition;
	size_t *parts;		/* by move */
	int32_t *states;	/* by part */
	struct pd_place fingerprint;	/* of what is placed, and of the states */
	size_t *order, count;	/* moves */
	size_t known_left;
	struct pd_places places;	/* with the number of what is known of them + 1 */
	mpz_t *numbers;
	size_t number_count, number_room;
	size_t steps;
	enum pd_orders_end end;
	pd_orders_found *found;
	void *context;
	struct pd_error *error;
};

/*
 * Beginning and end.
 */
static struct pd_place
mark_of_state(size_t part, int32_t state)
{
	uint64_t mixed = pd_mix((uint64_t)part << 32 ^ (uint32_t)state ^
	    UINT64_C(0xa5a5a5a500000000));

	return (struct pd_place){mixed, pd_mix(mixed)};
}

static void
set_state(struct walk *walk, size_t part, int32_t state)
{
	walk->fingerprint = pd_place_combine(walk->fingerprint,
	    pd_place_combine(mark_of_state(part, walk->states[part]),
	    mark_of_state(part, state)));
	walk->states[part] = state;
}

/* The moves of a history; all known, as if they had never returned, where only
 * time is asked. Returns 0 or -1. */
static int
make_moves(struct walk *walk, const struct pd_history *history,
    struct pd_move *moves)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct pd_operation *operation = &history->list[i];
		bool known = jv_is_valid(operation->events);
		moves[i] = (struct pd_move){.known = known || walk->specification == NULL,
			.called = operation->called,
			.returned = known ? operation->returned : PD_NEVER,
			.operation = i, .process = operation->process};
		if (walk->specification == NULL)
			continue;
		moves[i].action = pd_specification_action(walk->specification,
		    operation->command, operation->events, walk->error);
		if (moves[i].action == PD_BROKEN)
			return pd_error_prefix(walk->error, "operation %s: ", operation->id);
	}
	return 0;
}

static int
start_states(struct walk *walk, jv initial)
{
	walk->states = pd_allocate(walk->partition.count + 1, sizeof(*walk->states));
	for (size_t i = 0; i < walk->partition.count; i++) {
		const struct pd_part *part = &walk->partition.parts[i];
		walk->states[i] = pd_specification_start(walk->specification, initial,
		    part->key, walk->error);
		if (walk->states[i] == PD_BROKEN)
			return -1;
	}
	return 0;
}

static int
start_walk(struct walk *walk, const struct pd_history *history, jv initial)
{
	struct pd_move *moves = pd_allocate(history->count + 1, sizeof(*moves));
	int result = make_moves(walk, history, moves);

	pd_frontier_start(&walk->frontier, moves, history->count);
	pd_frontier_seal(&walk->frontier);
	free(moves);
	walk->known_left = walk->frontier.known;
	walk->order = pd_allocate(history->count + 1, sizeof(*walk->order));
	walk->parts = pd_allocate(history->count + 1, sizeof(*walk->parts));
	if (walk->specification == NULL || result != 0)
		return result;
	if (pd_partition(&walk->partition, walk->specification, history,
	    walk->error) != 0)
		return -1;
	size_t *by_operation = pd_allocate(history->count + 1, sizeof(size_t));
	for (size_t i = 0; i < walk->partition.count; i++) {
		for (size_t k = 0; k < walk->partition.parts[i].count; k++)
			by_operation[walk->partition.parts[i].operations[k]] = i;
	}
	for (size_t i = 0; i < history->count; i++)
		walk->parts[i] = by_operation[walk->frontier.moves[i].operation];
	free(by_operation);
	return start_states(walk, initial);
}

static void
free_walk(struct walk *walk)
{
	for (size_t i = 0; i < walk->number_count; i++)
		mpz_clear(walk->numbers[i]);
	free(walk->numbers);
	pd_places_free(&walk->places);
	pd_frontier_free(&walk->frontier);
	pd_partition_free(&walk->partition);
	free(walk->parts);
	free(walk->states);
	free(walk->order);
}

/*
 * Steps.
 */
/* The moves that can come next. The caller frees the list. */
static size_t *
collect_next(const struct walk *walk, size_t *count)
{
	const struct pd_frontier *frontier = &walk->frontier;
	size_t *list = pd_allocate(frontier->count - walk->count + 1, sizeof(*list));
	int32_t node = pd_frontier_first(frontier);

	*count = 0;
	for (; node % 2 == 0 && (size_t)node < 2 * frontier->known;
	    node = pd_frontier_after(frontier, node)) {
		if (pd_frontier_ready(frontier, (size_t)node / 2))
			list[(*count)++] = (size_t)node / 2;
	}
	for (size_t i = frontier->known; i < frontier->count; i++) {
		if (!frontier->placed[i] && pd_frontier_called(frontier, i, node) &&
		    pd_frontier_ready(frontier, i))
			list[(*count)++] = i;
	}
	return list;
}

/* Place a move if it is legal: the state of its part before, or below 0. */
static int32_t
place(struct walk *walk, size_t move)
{
	size_t part = walk->parts[move];
	int32_t before = 0;

	if (walk->specification != NULL) {
		before = walk->states[part];
		int32_t next = pd_specification_step(walk->specification, before,
		    walk->frontier.moves[move].action, walk->error);
		if (next == PD_BROKEN)
			walk->end = PD_ORDERS_ERROR;
		if (next < 0)
			return next;
		set_state(walk, part, next);
	}
	if (move < walk->frontier.known) {
		pd_frontier_place(&walk->frontier, move);
		walk->known_left--;
	} else {
		walk->frontier.placed[move] = true;
	}
	walk->fingerprint = pd_place_combine(walk->fingerprint, pd_place_mark(move));
	walk->order[walk->count++] = move;
	return before;
}

static void
take_back(struct walk *walk, int32_t before)
{
	size_t move = walk->order[--walk->count];

	if (move < walk->frontier.known) {
		pd_frontier_take_back(&walk->frontier, move);
		walk->known_left++;
	} else {
		walk->frontier.placed[move] = false;
	}
	walk->fingerprint = pd_place_combine(walk->fingerprint, pd_place_mark(move));
	if (walk->specification != NULL)
		set_state(walk, walk->parts[move], before);
}

/* Is it over? Looks at the bounds now and then. */
static bool
is_over(struct walk *walk)
{
	enum { BYTES_FOR_NUMBER = 64 };
	char reason[256];

	if (walk->end == PD_ORDERS_ALL && ++walk->steps % PATIENCE == 0 &&
	    pd_bounds_reached(walk->bounds, pd_places_memory(&walk->places) +
	    walk->number_room * BYTES_FOR_NUMBER, reason, sizeof(reason)))
		walk->end = PD_ORDERS_LIMIT;
	return walk->end != PD_ORDERS_ALL;
}

/*
 * One by one.
 */
static bool
tell(const struct walk *walk)
{
	size_t *order = pd_allocate(walk->count + 1, sizeof(*order));

	for (size_t i = 0; i < walk->count; i++)
		order[i] = walk->frontier.moves[walk->order[i]].operation;
	bool more = walk->found(walk->context, order, walk->count);
	free(order);
	return more;
}

/* Find all orders that go on from here. False when there are none, which is
 * remembered. */
static bool
find(struct walk *walk)
{
	bool any = walk->known_left == 0, fresh;
	struct pd_place here = walk->fingerprint;
	size_t count;

	if (is_over(walk) || pd_places_look(&walk->places, here) != NULL)
		return false;
	if (any && !tell(walk)) {
		walk->end = PD_ORDERS_STOPPED;
		return true;
	}
	size_t *next = collect_next(walk, &count);
	for (size_t i = 0; i < count && walk->end == PD_ORDERS_ALL; i++) {
		int32_t before = place(walk, next[i]);
		if (before < 0)
			continue;
		any = find(walk) || any;
		take_back(walk, before);
	}
	free(next);
	if (!any && walk->end == PD_ORDERS_ALL)
		pd_places_enter(&walk->places, here, &fresh);
	return any;
}

enum pd_orders_end
pd_orders_find(struct pd_specification *specification,
    const struct pd_history *history, jv initial,
    const struct pd_bounds *bounds, pd_orders_found *found, void *context,
    struct pd_error *error)
{
	struct walk walk = {.specification = specification, .bounds = bounds,
		.found = found, .context = context, .error = error};

	if (start_walk(&walk, history, initial) == 0)
		find(&walk);
	else
		walk.end = PD_ORDERS_ERROR;
	free_walk(&walk);
	return walk.end;
}

/*
 * Counted.
 */
/* Add the number of orders that go on from here. */
static void
count_orders(struct walk *walk, mpz_t total)
{
	struct pd_place here = walk->fingerprint;
	const uint32_t *known = pd_places_look(&walk->places, here);
	size_t count;
	bool fresh;
	mpz_t sum;

	if (known != NULL) {
		mpz_add(total, total, walk->numbers[*known - 1]);
		return;
	}
	if (is_over(walk))
		return;
	mpz_init_set_ui(sum, walk->known_left == 0);
	size_t *next = collect_next(walk, &count);
	for (size_t i = 0; i < count && walk->end == PD_ORDERS_ALL; i++) {
		int32_t before = place(walk, next[i]);
		if (before < 0)
			continue;
		count_orders(walk, sum);
		take_back(walk, before);
	}
	free(next);
	mpz_add(total, total, sum);
	if (walk->number_count == walk->number_room) {
		walk->number_room = walk->number_room == 0 ? 256 : 2 * walk->number_room;
		walk->numbers = pd_reallocate(walk->numbers, walk->number_room,
		    sizeof(*walk->numbers));
	}
	mpz_init_set(walk->numbers[walk->number_count++], sum);
	mpz_clear(sum);
	*pd_places_enter(&walk->places, here, &fresh) = (uint32_t)walk->number_count;
}

static char *
count_digits(struct walk *walk)
{
	mpz_t total;

	mpz_init(total);
	count_orders(walk, total);
	char *text = mpz_get_str(NULL, 10, total);
	char *digits = walk->end == PD_ORDERS_ALL ? pd_duplicate(text) : NULL;
	free(text);
	mpz_clear(total);
	return digits;
}

enum pd_orders_end
pd_orders_count(struct pd_specification *specification,
    const struct pd_history *history, jv initial,
    const struct pd_bounds *bounds, char **digits, struct pd_error *error)
{
	struct walk walk = {.specification = specification, .bounds = bounds,
		.error = error};

	*digits = NULL;
	if (start_walk(&walk, history, initial) == 0)
		*digits = count_digits(&walk);
	else
		walk.end = PD_ORDERS_ERROR;
	free_walk(&walk);
	return walk.end;
}

/* The logarithm of the product of how many moves could have come next, on the
 * way to a random order. */
static double
sample(struct walk *walk, struct pd_random *random)
{
	double product = 0;
	size_t count;

	while (walk->count < walk->frontier.count) {
		size_t *next = collect_next(walk, &count);
		product += log10((double)count);
		place(walk, next[pd_random_below(random, count)]);
		free(next);
	}
	while (walk->count > 0)
		take_back(walk, 0);
	return product;
}

/* The logarithm of the mean of all samples. */
static double
estimate(struct walk *walk)
{
	struct pd_random random;
	double samples[SAMPLES], highest = 0, sum = 0;

	pd_random_seed(&random, 0, "orders");
	for (size_t i = 0; i < SAMPLES; i++) {
		samples[i] = sample(walk, &random);
		highest = samples[i] > highest ? samples[i] : highest;
	}
	for (size_t i = 0; i < SAMPLES; i++)
		sum += pow(10, samples[i] - highest);
	return highest + log10(sum / SAMPLES);
}

char *
pd_orders_feasible(const struct pd_history *history,
    const struct pd_bounds *bounds, double *logarithm)
{
	struct walk walk = {.bounds = bounds};

	start_walk(&walk, history, jv_invalid());
	char *digits = count_digits(&walk);
	if (digits == NULL) {
		walk.end = PD_ORDERS_ALL;
		*logarithm = estimate(&walk);
	}
	free_walk(&walk);
	return digits;
}
