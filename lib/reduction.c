/* SPDX-License-Identifier: MIT */
#include "reduction.h"

#include <math.h>
#include <stdlib.h>

#include "argument.h"
#include "buffer.h"
#include "generator.h"
#include "reference.h"

/*
 * All at once.
 */
static bool
is_reference(jv value)
{
	struct pd_reference reference;

	return jv_get_kind(value) == JV_KIND_STRING &&
	    pd_reference_parse(jv_string_value(value), &reference);
}

/* Set all arguments but references, or only all numbers, to their simplest. */
static struct pd_sequence
simplest_of_all(struct pd_search *search, const struct pd_arguments *arguments,
    bool numbers_only)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, &search->best);
	for (size_t i = 0; i < arguments->count; i++) {
		const struct pd_argument *argument = &arguments->list[i];
		const struct pd_item *item = pd_argument_item(&candidate, argument);
		jv value = pd_argument_value(&candidate, argument);
		if (!is_reference(value) &&
		    (!numbers_only || pd_argument_is_whole_number(argument, value)) &&
		    !pd_generator_is(argument->generator, "mint"))
			pd_argument_set(&candidate, argument,
			    pd_generator_simplest(argument->generator, item->id));
		jv_free(value);
	}
	return candidate;
}

bool
pd_reduction_all(struct pd_search *search)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES);
	struct pd_sequence candidate = simplest_of_all(search, &arguments, false);
	bool reduced = pd_search_try(search, &candidate);

	if (!reduced) {
		candidate = simplest_of_all(search, &arguments, true);
		reduced = pd_search_try(search, &candidate);
	}
	pd_arguments_free(&arguments);
	return reduced;
}

/*
 * One by one.
 */
struct attempt {
	struct pd_search *search;
	const struct pd_argument *argument;
};

/* The best with another value of the argument, which is consumed. False when a
 * simpler value has moved the failure forward, so that its command is gone. */
static bool
with_argument(const struct attempt *attempt, jv value,
    struct pd_sequence *candidate)
{
	if (pd_argument_item(&attempt->search->best, attempt->argument) == NULL) {
		jv_free(value);
		return false;
	}
	pd_sequence_copy(candidate, &attempt->search->best);
	pd_argument_set(candidate, attempt->argument, value);
	return true;
}

static bool
try_argument(void *context, jv value)
{
	const struct attempt *attempt = context;
	struct pd_sequence candidate;

	return with_argument(attempt, value, &candidate) &&
	    pd_search_try(attempt->search, &candidate);
}

static bool
is_argument_known_bad(void *context, jv value)
{
	const struct attempt *attempt = context;
	struct pd_sequence candidate;

	return with_argument(attempt, value, &candidate) &&
	    pd_search_knows(attempt->search, &candidate);
}

static bool
attempt_is_over(void *context)
{
	return pd_search_is_over(((struct attempt *)context)->search);
}

/* Simplify one argument of this item. */
static bool
simplify_argument(struct pd_search *search, const struct pd_item *item,
    const struct pd_argument *argument, enum pd_effort effort)
{
	struct attempt attempt = {search, argument};
	struct pd_simplify simplify = {.try_value = try_argument,
		.known_bad = is_argument_known_bad, .context = &attempt,
		.stopped = attempt_is_over, .effort = effort};
	jv name = pd_reference_unquote(jv_array_get(jv_copy(argument->path), 0));
	char *key = pd_format("%s.%s", item->id, jv_string_value(name));
	jv before = pd_argument_value(&search->best, argument);
	jv after = pd_simplify_value(&simplify, argument->generator,
	    jv_copy(before), key);
	bool changed = !jv_equal(before, after);

	jv_free(name);
	free(key);
	return changed;
}

bool
pd_reduction_each(struct pd_search *search, enum pd_effort effort)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_WHOLE);
	bool any = false;

	for (size_t i = 0; i < arguments.count && !pd_search_is_over(search); i++) {
		const struct pd_argument *argument = &arguments.list[i];
		const struct pd_item *item = pd_argument_item(&search->best, argument);
		if (item != NULL)
			any |= simplify_argument(search, item, argument, effort);
	}
	pd_arguments_free(&arguments);
	return any;
}


/*
 * Values that are equal and only move together: a key that is written and
 * read, a currency that two commands must agree on, two equal elements.
 */
struct equals {
	struct pd_search *search;
	const struct pd_arguments *arguments;
	const bool *member;
};

/* The best with another value, which is consumed, in all their places. */
static bool
with_equals(const struct equals *equals, jv value, struct pd_sequence *candidate)
{
	bool whole = true;

	pd_sequence_copy(candidate, &equals->search->best);
	for (size_t i = 0; i < equals->arguments->count; i++) {
		const struct pd_argument *argument = &equals->arguments->list[i];
		if (!equals->member[i])
			continue;
		whole = whole && pd_argument_item(candidate, argument) != NULL;
		if (whole)
			pd_argument_set(candidate, argument, jv_copy(value));
	}
	jv_free(value);
	if (!whole)
		pd_sequence_free(candidate);
	return whole;
}

static bool
try_equals(void *context, jv value)
{
	const struct equals *equals = context;
	struct pd_sequence candidate;

	return with_equals(equals, value, &candidate) &&
	    pd_search_try(equals->search, &candidate);
}

static bool
are_equals_known_bad(void *context, jv value)
{
	const struct equals *equals = context;
	struct pd_sequence candidate;

	return with_equals(equals, value, &candidate) &&
	    pd_search_knows(equals->search, &candidate);
}

static bool
equals_are_over(void *context)
{
	return pd_search_is_over(((struct equals *)context)->search);
}

/* Simplify all arguments that equal the first of them. */
static bool
simplify_equals(struct pd_search *search, const struct pd_arguments *arguments,
    size_t first, bool *member)
{
	struct equals equals = {search, arguments, member};
	struct pd_simplify simplify = {.try_value = try_equals,
		.known_bad = are_equals_known_bad, .context = &equals,
		.stopped = equals_are_over, .effort = PD_EFFORT_FAR};
	jv value = pd_argument_value(&search->best, &arguments->list[first]);
	size_t count = 0;

	for (size_t i = 0; i < arguments->count; i++) {
		jv other = pd_argument_value(&search->best, &arguments->list[i]);
		member[i] = jv_is_valid(other) && jv_equal(other, jv_copy(value));
		count += member[i];
	}
	/* Whole numbers have groups of their own, below. */
	if (!jv_is_valid(value) || count < 2 ||
	    pd_argument_is_whole_number(&arguments->list[first], value)) {
		jv_free(value);
		return false;
	}
	jv after = pd_simplify_value(&simplify, arguments->list[first].generator,
	    jv_copy(value), "");
	return !jv_equal(value, after);
}

bool
pd_reduction_equal(struct pd_search *search)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES);
	bool *member = pd_allocate(arguments.count, sizeof(*member));
	bool any = false;

	for (size_t i = 0; i < arguments.count && !pd_search_is_over(search); i++)
		any |= simplify_equals(search, &arguments, i, member);
	free(member);
	pd_arguments_free(&arguments);
	return any;
}

/*
 * Numbers that only move together: two amounts of which one must stay one more
 * than the other, a deposit and what it has to cover.
 */
struct numbers {
	struct pd_search *search;
	const struct pd_arguments *arguments;
	size_t *which;		/* arguments in the group */
	double *value;		/* theirs before the move */
	double *weight;		/* how far each goes down by one step */
	size_t count;
	double step;		/* how many steps they can all go down */
};

/* Lower the whole group so that it is `distance` above where it could go. */
static bool
lowered(const struct numbers *group, double distance, struct pd_sequence *candidate)
{
	pd_sequence_copy(candidate, &group->search->best);
	for (size_t i = 0; i < group->count; i++) {
		const struct pd_argument *argument = &group->arguments->list[group->which[i]];
		if (pd_argument_item(candidate, argument) == NULL) {
			pd_sequence_free(candidate);
			return false;
		}
		pd_argument_set(candidate, argument,
		    jv_number(group->value[i] -
		    group->weight[i] * (group->step - distance)));
	}
	return true;
}

static bool
try_lowered(void *context, double distance)
{
	const struct numbers *group = context;
	struct pd_sequence candidate;

	return lowered(group, distance, &candidate) &&
	    pd_search_try(group->search, &candidate);
}

static bool
is_lowered_known_bad(void *context, double distance)
{
	const struct numbers *group = context;
	struct pd_sequence candidate;

	return lowered(group, distance, &candidate) &&
	    pd_search_knows(group->search, &candidate);
}

static bool
group_is_over(void *context)
{
	return pd_search_is_over(((struct numbers *)context)->search);
}

/* One step down tells whether they hang together at all. */
static bool
lower_group(struct numbers *group)
{
	if (group->count < 2 || group->step < 1)
		return false;
	if (!try_lowered(group, group->step - 1))
		return false;
	const struct pd_distance by = {.try_number = try_lowered,
		.known_bad = is_lowered_known_bad, .context = group,
		.stopped = group_is_over, .effort = PD_EFFORT_FAR};
	pd_distance_descend(&by, group->step - 1);
	return true;
}

static void
add_number(struct numbers *group, size_t argument, double value, double room,
    double weight)
{
	group->which[group->count] = argument;
	group->value[group->count] = value;
	group->weight[group->count++] = weight;
	if (group->count == 1 || floor(room / weight) < group->step)
		group->step = floor(room / weight);
}

/* All numbers that are at least as large as one of them, and all equal ones. */
static bool
try_large_and_equal(struct numbers *group, const double *value, const double *room)
{
	size_t count = group->arguments->count;

	for (size_t i = 0; i < count; i++) {
		for (int equal = 0; equal < 2 && room[i] > 0; equal++) {
			group->count = 0;
			for (size_t j = 0; j < count; j++) {
				if (room[j] > 0 && (equal ? value[j] == value[i] :
				    value[j] >= value[i]))
					add_number(group, j, value[j], room[j], 1);
			}
			if (lower_group(group))
				return true;
		}
	}
	return false;
}

/* How many times the lesser of two numbers the other one is; 1 when it is no
 * small multiple. */
static double
multiple(double lesser, double other)
{
	double times = lesser > 0 ? other / lesser : 1;

	return times == floor(times) && times >= 2 && times <= 10 ? times : 1;
}

static bool
try_pair(struct numbers *group, const double *value, const double *room,
    size_t i, size_t j)
{
	double first = multiple(value[j], value[i]), second = multiple(value[i], value[j]);

	if (room[i] == 0 || room[j] == 0)
		return false;
	group->count = 0;
	add_number(group, i, value[i], room[i], 1);
	add_number(group, j, value[j], room[j], 1);
	if (lower_group(group))
		return true;
	if (first == second)
		return false;
	group->count = 0;
	add_number(group, i, value[i], room[i], first);
	add_number(group, j, value[j], room[j], second);
	return lower_group(group);
}

/* Groups worth a try. True as soon as one could be lowered. */
static bool
try_groups(struct pd_search *search, const struct pd_arguments *arguments,
    const double *value, const double *room)
{
	size_t count = arguments->count;
	struct numbers group = {.search = search, .arguments = arguments,
		.which = pd_allocate(count, sizeof(*group.which)),
		.value = pd_allocate(count, sizeof(*group.value)),
		.weight = pd_allocate(count, sizeof(*group.weight))};
	bool lowered = try_large_and_equal(&group, value, room);

	for (size_t i = 0; i < count && !lowered; i++) {
		for (size_t j = i + 1; j < count && !lowered; j++)
			lowered = try_pair(&group, value, room, i, j);
	}
	free(group.which);
	free(group.value);
	free(group.weight);
	return lowered;
}

bool
pd_reduction_numbers(struct pd_search *search)
{
	struct pd_arguments arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES);
	double *value = pd_allocate(arguments.count, sizeof(*value));
	double *room = pd_allocate(arguments.count, sizeof(*room));
	bool any = false;

	do
		pd_arguments_measure(&arguments, &search->best, value, room);
	while (!pd_search_is_over(search) &&
	    try_groups(search, &arguments, value, room) && (any = true));
	free(value);
	free(room);
	pd_arguments_free(&arguments);
	return any;
}
