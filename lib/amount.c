/* SPDX-License-Identifier: MIT */
#include "amount.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "buffer.h"
#include "generator.h"
#include "json.h"

struct removal {
	const struct pd_arguments *arguments;
	const double *value, *room;
	size_t number;		/* the argument whose command goes */
};

static bool
is_same_item(const struct pd_argument *a, const struct pd_argument *b)
{
	return strcmp(a->id, b->id) == 0;
}

static const char *
type_of(const struct pd_sequence *sequence, const struct pd_argument *argument)
{
	return pd_json_peek_string(pd_argument_item(sequence, argument)->command,
	    "type", "");
}

/* What the generator that chose a number could have made of it at most. */
static double
largest(const struct pd_sequence *sequence, const struct pd_argument *argument)
{
	jv value = pd_argument_value(sequence, argument);
	jv chosen = pd_argument_chosen(argument, value);
	double result = pd_json_peek_number(chosen, "max", 0);

	jv_free(value);
	jv_free(chosen);
	return result;
}

/* Raise a number by what is left of the amount, or as far as its generator
 * goes. Returns what is left then. */
static double
raise_number(struct pd_sequence *candidate, const struct removal *removal,
    size_t number, double left)
{
	const struct pd_argument *argument = &removal->arguments->list[number];
	double value = removal->value[number];
	double raised = fmin(largest(candidate, argument), value + left);

	if (raised > value)
		pd_argument_set(candidate, argument, jv_number(raised));
	return raised > value ? left - (raised - value) : left;
}

/* Can this number take over from the one that goes: an argument of the same
 * name in another command? */
static bool
can_take(const struct removal *removal, size_t number)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];
	const struct pd_argument *other = &removal->arguments->list[number];

	return !is_same_item(other, gone) && removal->value[number] != 0 &&
	    jv_equal(jv_copy(other->path), jv_copy(gone->path));
}

/* Spread the amount over other commands, late ones first: those of the same
 * type, or the others. Returns what is left of it. */
static double
spread(struct pd_sequence *candidate, const struct removal *removal,
    bool same_type, double left)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];

	for (size_t i = 0; i < removal->arguments->count && left > 0; i++) {
		const struct pd_argument *other = &removal->arguments->list[i];
		if (can_take(removal, i) && same_type ==
		    (strcmp(type_of(candidate, other), type_of(candidate, gone)) == 0))
			left = raise_number(candidate, removal, i, left);
	}
	return left;
}

/* False when the others cannot take it. Those of other types only take what
 * those of the same type leave. */
static bool
hand_over(struct pd_sequence *candidate, const struct removal *removal)
{
	double amount = removal->value[removal->number];
	double left = spread(candidate, removal, true, amount);

	if (left > 0 && left < amount)
		left = spread(candidate, removal, false, left);
	return left <= 0;
}

/* The candidate without the command, and without what needs it. Consumes it. */
static bool
try_removal(struct pd_search *search, struct pd_sequence *candidate,
    const struct removal *removal)
{
	const char *gone = removal->arguments->list[removal->number].id;
	struct pd_row row = pd_row_make(candidate);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = pd_search_failed_item(search, &row);
	bool succeeded = false;

	for (size_t i = 0; i < row.count; i++)
		keep[i] = strcmp(pd_row_item(&row, i)->id, gone) != 0;
	pd_row_drop_dependents(&row, keep);
	if (failed == row.count || keep[failed]) {
		struct pd_sequence kept = pd_row_kept(candidate, keep);
		succeeded = pd_search_try(search, &kept);
	}
	free(keep);
	pd_row_free(&row);
	pd_sequence_free(candidate);
	return succeeded;
}

/* Another command of the same type takes the amount over: one after the other
 * is asked, then all together. */
static bool
try_hand_over(struct pd_search *search, const struct removal *removal)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];
	double amount = removal->value[removal->number];
	struct pd_sequence candidate;

	for (size_t i = 0; i < removal->arguments->count; i++) {
		const struct pd_argument *other = &removal->arguments->list[i];
		if (!can_take(removal, i) || strcmp(type_of(&search->best, other),
		    type_of(&search->best, gone)) != 0)
			continue;
		pd_sequence_copy(&candidate, &search->best);
		if (raise_number(&candidate, removal, i, amount) > 0)
			pd_sequence_free(&candidate);
		else if (try_removal(search, &candidate, removal))
			return true;
	}
	pd_sequence_copy(&candidate, &search->best);
	if (hand_over(&candidate, removal))
		return try_removal(search, &candidate, removal);
	pd_sequence_free(&candidate);
	return false;
}

/* Any other number becomes so much less, where it has the room. */
static bool
try_less_elsewhere(struct pd_search *search, const struct removal *removal)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];
	struct pd_sequence candidate;

	for (size_t i = 0; i < removal->arguments->count; i++) {
		const struct pd_argument *other = &removal->arguments->list[i];
		if (is_same_item(other, gone) ||
		    removal->room[i] < removal->value[removal->number])
			continue;
		pd_sequence_copy(&candidate, &search->best);
		pd_argument_set(&candidate, other, jv_number(
		    removal->value[i] - removal->value[removal->number]));
		if (try_removal(search, &candidate, removal))
			return true;
	}
	return false;
}

static bool
remove_one_amount(struct pd_search *search)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES);
	double *value = pd_allocate(arguments.count, sizeof(*value));
	double *room = pd_allocate(arguments.count, sizeof(*room));
	struct removal removal = {&arguments, value, room, 0};
	bool removed = false;

	pd_arguments_measure(&arguments, &search->best, value, room);
	for (; removal.number < arguments.count && !removed && !pd_search_is_over(search);
	    removal.number++)
		removed = value[removal.number] > 0 &&
		    (try_hand_over(search, &removal) ||
		    try_less_elsewhere(search, &removal));
	free(value);
	free(room);
	pd_arguments_free(&arguments);
	return removed;
}

bool
pd_amount_remove(struct pd_search *search)
{
	bool any = false;

	while (!pd_search_is_over(search) && remove_one_amount(search))
		any = true;
	return any;
}

/* Set one number to its simplest, and another one of the command to what keeps
 * their sum. */
static bool
move_amount(struct pd_search *search, const struct pd_arguments *arguments,
    size_t from, size_t to)
{
	const struct pd_argument *source = &arguments->list[from];
	const struct pd_argument *target = &arguments->list[to];
	jv value = pd_argument_value(&search->best, source);
	jv other = pd_argument_value(&search->best, target);
	jv chosen = pd_argument_chosen(source, value);
	jv simplest = pd_generator_simplest(chosen, "");
	double moved = jv_number_value(value) - jv_number_value(simplest);
	bool any = false;

	if (moved != 0) {
		struct pd_sequence candidate;
		pd_sequence_copy(&candidate, &search->best);
		pd_argument_set(&candidate, source, jv_copy(simplest));
		pd_argument_set(&candidate, target,
		    jv_number(jv_number_value(other) + moved));
		any = pd_search_try(search, &candidate);
	}
	jv_free(simplest);
	jv_free(chosen);
	jv_free(other);
	jv_free(value);
	return any;
}

static bool
is_number(struct pd_search *search, const struct pd_argument *argument)
{
	jv value = pd_argument_value(&search->best, argument);
	bool result = pd_argument_is_whole_number(argument, value);

	jv_free(value);
	return result;
}

bool
pd_amount_gather(struct pd_search *search)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES);
	bool any = false;

	/* The list begins with the last argument. */
	for (size_t from = 0; from < arguments.count; from++) {
		for (size_t to = arguments.count; to-- > from + 1 && !pd_search_is_over(search);) {
			if (is_same_item(&arguments.list[from], &arguments.list[to]) &&
			    is_number(search, &arguments.list[from]) &&
			    is_number(search, &arguments.list[to]))
				any |= move_amount(search, &arguments, from, to);
		}
	}
	pd_arguments_free(&arguments);
	return any;
}
