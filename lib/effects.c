/* SPDX-License-Identifier: MIT */
#include "effects.h"

#include <stdlib.h>

#include "buffer.h"
#include "history.h"

static int
compare_numbers(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* How many of count sorted numbers are below a limit. */
static size_t
count_below(const int64_t *sorted, size_t count, int64_t limit)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted[middle] < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of an operation that commutes: do all others that overlap it? Then those that
 * come before it in any order may as well come after. */
static void
find_free(struct pd_effects *effects, const struct pd_frontier *frontier)
{
	int64_t *calls = pd_allocate(frontier->count + 1, sizeof(*calls));
	int64_t *returns = pd_allocate(frontier->count + 1, sizeof(*returns));
	size_t count = 0;

	for (size_t i = 0; i < frontier->count; i++) {
		if (effects->traits[i].commutes)
			continue;
		calls[count] = frontier->moves[i].called;
		returns[count++] = frontier->moves[i].returned;
	}
	qsort(calls, count, sizeof(*calls), compare_numbers);
	qsort(returns, count, sizeof(*returns), compare_numbers);
	for (size_t i = 0; i < frontier->known; i++) {
		const struct pd_move *move = &frontier->moves[i];
		size_t called = move->returned == PD_NEVER ? count :
		    count_below(calls, count, move->returned + 1);
		effects->free[i] = effects->traits[i].commutes &&
		    called == count_below(returns, count, move->called);
	}
	free(returns);
	free(calls);
}

struct numbered_action {
	int32_t action;
	size_t move;
};

static int
by_action(const void *a, const void *b)
{
	const struct numbered_action *first = a, *second = b;

	if (first->action != second->action)
		return first->action < second->action ? -1 : 1;
	return (first->move > second->move) - (first->move < second->move);
}

static void
number_actions(struct pd_effects *effects, const struct pd_frontier *frontier)
{
	struct numbered_action *list = pd_allocate(frontier->count + 1, sizeof(*list));
	int32_t number = 0;

	for (size_t i = 0; i < frontier->count; i++)
		list[i] = (struct numbered_action){frontier->moves[i].action, i};
	qsort(list, frontier->count, sizeof(*list), by_action);
	for (size_t i = 0; i < frontier->count; i++) {
		if (i > 0 && list[i].action != list[i - 1].action)
			number++;
		effects->alike[list[i].move] = number;
	}
	free(list);
	effects->kinds = (size_t)number + 1;
}

void
pd_effects_start(struct pd_effects *effects,
    const struct pd_specification *specification,
    const struct pd_frontier *frontier)
{
	size_t count = frontier->count;

	*effects = (struct pd_effects){
		.traits = pd_allocate(count + 1, sizeof(*effects->traits)),
		.alike = pd_allocate(count + 1, sizeof(*effects->alike)),
		.free = pd_allocate(count + 1, sizeof(*effects->free))};
	for (size_t i = 0; i < count; i++)
		effects->traits[i] = pd_specification_traits(specification,
		    frontier->moves[i].action);
	number_actions(effects, frontier);
	find_free(effects, frontier);
}

void
pd_effects_free(struct pd_effects *effects)
{
	free(effects->traits);
	free(effects->alike);
	free(effects->free);
}
