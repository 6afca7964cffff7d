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

/* What can come after the operations that are placed, and what came of it. */
struct level {
	struct pd_place here;
	int32_t before;		/* the state of the part before the last operation */
	size_t *next, count, at;	/* moves; those before at were tried */
	bool any;		/* an order goes on from here */
	mpz_t sum;		/* how many do */
};

/* A row of operations that grows and shrinks, and the states it leads to. The
 * levels are on the heap: a history may be longer than a stack is deep. */
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
	struct level *levels;
	size_t level_count, level_room;
	struct pd_places places;	/* with the number of what is known of them + 1 */
	mpz_t total, *numbers;
	size_t number_count, number_room;
	size_t steps;
	enum pd_orders_end end;
	pd_orders_found *found;	/* NULL: count */
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
	mpz_init(walk->total);
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
	mpz_clear(walk->total);
	free(walk->numbers);
	free(walk->levels);
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
/* A list of moves that grows: a walk holds one for each operation that is placed,
 * so that none may be as long as what is left. */
static void
append_move(size_t **list, size_t *count, size_t move)
{
	if ((*count & (*count - 1)) == 0)
		*list = pd_reallocate(*list, *count == 0 ? 1 : 2 * *count, sizeof(**list));
	(*list)[(*count)++] = move;
}

/* The moves that can come next. The caller frees the list. */
static size_t *
collect_next(const struct walk *walk, size_t *count)
{
	const struct pd_frontier *frontier = &walk->frontier;
	size_t *list = NULL;
	int32_t node = pd_frontier_first(frontier);

	*count = 0;
	for (; node % 2 == 0 && (size_t)node < 2 * frontier->known;
	    node = pd_frontier_after(frontier, node)) {
		if (pd_frontier_ready(frontier, (size_t)node / 2))
			append_move(&list, count, (size_t)node / 2);
	}
	for (size_t i = frontier->known; i < frontier->count; i++) {
		if (!frontier->placed[i] && pd_frontier_called(frontier, i, node) &&
		    pd_frontier_ready(frontier, i))
			append_move(&list, count, i);
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
	    walk->number_room * BYTES_FOR_NUMBER +
	    walk->level_room * sizeof(struct level), reason, sizeof(reason)))
		walk->end = PD_ORDERS_LIMIT;
	return walk->end != PD_ORDERS_ALL;
}

/*
 * The walk.
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

/* Keep how many orders go on from a place. Takes over the number. */
static void
remember(struct walk *walk, struct pd_place here, mpz_t sum)
{
	bool fresh;

	if (walk->number_count == walk->number_room) {
		walk->number_room = walk->number_room == 0 ? 256 : 2 * walk->number_room;
		walk->numbers = pd_reallocate(walk->numbers, walk->number_room,
		    sizeof(*walk->numbers));
	}
	walk->numbers[walk->number_count++][0] = sum[0];
	*pd_places_enter(&walk->places, here, &fresh) = (uint32_t)walk->number_count;
}

/* Has it all been seen that goes on from here? Adds its number. */
static bool
is_known(struct walk *walk)
{
	const uint32_t *known = pd_places_look(&walk->places, walk->fingerprint);

	if (known != NULL && walk->found == NULL) {
		mpz_t *sum = walk->level_count > 0 ?
		    &walk->levels[walk->level_count - 1].sum : &walk->total;
		mpz_add(*sum, *sum, walk->numbers[*known - 1]);
	}
	return known != NULL;
}

/* Begin with what goes on from here. False when there is no need to. */
static bool
enter(struct walk *walk, int32_t before)
{
	bool any = walk->known_left == 0;

	if (is_over(walk) || is_known(walk))
		return false;
	if (walk->level_count == walk->level_room) {
		walk->level_room = walk->level_room == 0 ? 64 : 2 * walk->level_room;
		walk->levels = pd_reallocate(walk->levels, walk->level_room,
		    sizeof(*walk->levels));
	}
	struct level *level = &walk->levels[walk->level_count++];
	*level = (struct level){.here = walk->fingerprint, .before = before, .any = any};
	mpz_init_set_ui(level->sum, any);
	level->next = collect_next(walk, &level->count);
	if (any && walk->found != NULL && !tell(walk))
		walk->end = PD_ORDERS_STOPPED;
	return true;
}

/* Go back to before the last operation was placed. A place from which no order
 * goes on is kept, so that it is not looked at again. */
static void
leave(struct walk *walk)
{
	struct level *level = &walk->levels[--walk->level_count];
	struct level *above = walk->level_count > 0 ? level - 1 : NULL;
	bool fresh;

	if (above != NULL)
		above->any = above->any || level->any;
	mpz_t *sum = above != NULL ? &above->sum : &walk->total;
	mpz_add(*sum, *sum, level->sum);
	if (walk->found == NULL) {
		remember(walk, level->here, level->sum);
	} else {
		if (!level->any && walk->end == PD_ORDERS_ALL)
			pd_places_enter(&walk->places, level->here, &fresh);
		mpz_clear(level->sum);
	}
	free(level->next);
	if (above != NULL)
		take_back(walk, level->before);
}

/* Through all orders, until it is over. */
static void
walk_all(struct walk *walk)
{
	enter(walk, 0);
	while (walk->level_count > 0) {
		struct level *level = &walk->levels[walk->level_count - 1];
		if (walk->end != PD_ORDERS_ALL || level->at == level->count) {
			leave(walk);
			continue;
		}
		int32_t before = place(walk, level->next[level->at++]);
		if (before >= 0 && !enter(walk, before))
			take_back(walk, before);
	}
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
		walk_all(&walk);
	else
		walk.end = PD_ORDERS_ERROR;
	free_walk(&walk);
	return walk.end;
}

static char *
count_digits(struct walk *walk)
{
	walk_all(walk);
	return walk->end == PD_ORDERS_ALL ? mpz_get_str(NULL, 10, walk->total) : NULL;
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
