/* SPDX-License-Identifier: MIT */
/* Generators that choose among values or draw by other generators. */
#include "generator.h"

#include <math.h>
#include <stdlib.h>

#include "buffer.h"
#include "generator_kind.h"
#include "json.h"

enum {
	MOST_ELEMENTS = 10000,
};

/*
 * oneof {values}
 */
static enum pd_possible
oneof_possible(jv generator, struct pd_error *error)
{
	jv values = pd_json_peek(generator, "values");
	bool is_array = jv_get_kind(values) == JV_KIND_ARRAY;

	if (!is_array) {
		jv_free(values);
		return pd_generator_malformed(generator, error, "values must be an array");
	}
	return jv_array_length(values) > 0 ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

static jv
oneof_draw(jv generator, struct pd_random *random, const char *key)
{
	jv values = pd_json_peek(generator, "values");
	int count = jv_array_length(jv_copy(values));

	(void)key;
	return jv_array_get(values,
	    (int)pd_random_below(random, (uint64_t)count));
}

static bool
oneof_admits(jv generator, jv value)
{
	jv values = pd_json_peek(generator, "values");
	int count = jv_array_length(jv_copy(values));
	bool found = false;

	for (int i = 0; i < count && !found; i++)
		found = jv_equal(jv_array_get(jv_copy(values), i), jv_copy(value));
	jv_free(values);
	return found;
}

static jv
oneof_simplest(jv generator, const char *key)
{
	(void)key;
	return jv_array_get(pd_json_peek(generator, "values"), 0);
}

const struct pd_generator_kind pd_oneof_generator = {
	.name = "oneof", .keys = (const char *const[]){"values", NULL},
	.possible = oneof_possible, .draw = oneof_draw,
	.admits = oneof_admits, .simplest = oneof_simplest,
};

/*
 * frequency {choices: [[weight, generator]]}
 */
static jv
choice_part(jv choices, int index, int part)
{
	return jv_array_get(jv_array_get(jv_copy(choices), index), part);
}

/* The weight of a choice; 0 when it can draw nothing; -1 when malformed. */
static double
choice_weight(jv choices, int index, struct pd_error *error)
{
	jv choice = jv_array_get(jv_copy(choices), index);

	if (jv_get_kind(choice) != JV_KIND_ARRAY ||
	    jv_array_length(jv_copy(choice)) != 2) {
		jv_free(choice);
		return -1;
	}
	jv weight = jv_array_get(jv_copy(choice), 0);
	jv generator = jv_array_get(choice, 1);
	double number = jv_get_kind(weight) == JV_KIND_NUMBER ?
	    jv_number_value(weight) : -1;
	if (!isfinite(number))
		number = -1;
	if (number >= 0) {
		enum pd_possible possible = pd_generator_possible(generator, error);
		number = possible == PD_POSSIBLE ? number :
		    possible == PD_IMPOSSIBLE ? 0 : -1;
	}
	jv_free(weight);
	jv_free(generator);
	return number;
}

static enum pd_possible
frequency_possible(jv generator, struct pd_error *error)
{
	jv choices = pd_json_peek(generator, "choices");
	enum pd_possible result = PD_IMPOSSIBLE;

	if (jv_get_kind(choices) != JV_KIND_ARRAY) {
		jv_free(choices);
		return pd_generator_malformed(generator, error, "choices must be an array");
	}
	int count = jv_array_length(jv_copy(choices));
	for (int i = 0; i < count && result != PD_MALFORMED; i++) {
		*error = (struct pd_error)PD_ERROR_INIT;
		double weight = choice_weight(choices, i, error);
		if (weight < 0)
			result = error->message[0] != '\0' ? PD_MALFORMED :
			    pd_generator_malformed(generator, error, "a choice must be [weight, generator]");
		else if (weight > 0)
			result = PD_POSSIBLE;
	}
	jv_free(choices);
	return result;
}

static jv
frequency_draw(jv generator, struct pd_random *random, const char *key)
{
	struct pd_error ignored;
	jv choices = pd_json_peek(generator, "choices");
	int count = jv_array_length(jv_copy(choices));
	double total = 0;
	int last = 0;

	for (int i = 0; i < count; i++)
		total += choice_weight(choices, i, &ignored);
	double at = pd_random_unit(random) * total;
	for (int i = 0; i < count; i++) {
		double weight = choice_weight(choices, i, &ignored);
		if (weight <= 0)
			continue;
		last = i;
		if (at < weight)
			break;
		at -= weight;
	}
	jv chosen = choice_part(choices, last, 1);
	jv value = pd_generator_draw(chosen, random, key);
	jv_free(chosen);
	jv_free(choices);
	return value;
}

jv
pd_generator_chosen(jv generator, jv value)
{
	if (!pd_generator_is(generator, "frequency"))
		return jv_copy(generator);
	jv choices = pd_json_peek(generator, "choices");
	int count = jv_array_length(jv_copy(choices));
	jv found = jv_invalid();
	for (int i = 0; i < count && !jv_is_valid(found); i++) {
		struct pd_error ignored;
		if (choice_weight(choices, i, &ignored) <= 0)
			continue;
		jv candidate = choice_part(choices, i, 1);
		if (pd_generator_is(candidate, "frequency"))
			found = pd_generator_chosen(candidate, value);
		else if (pd_generator_admits(candidate, value))
			found = jv_copy(candidate);
		jv_free(candidate);
	}
	jv_free(choices);
	return found;
}

static bool
frequency_admits(jv generator, jv value)
{
	jv chosen = pd_generator_chosen(generator, value);
	bool admitted = jv_is_valid(chosen);

	jv_free(chosen);
	return admitted;
}

static jv
frequency_simplest(jv generator, const char *key)
{
	struct pd_error ignored;
	jv choices = pd_json_peek(generator, "choices");
	int count = jv_array_length(jv_copy(choices));
	jv value = jv_invalid();

	for (int i = 0; i < count && !jv_is_valid(value); i++) {
		if (choice_weight(choices, i, &ignored) <= 0)
			continue;
		jv chosen = choice_part(choices, i, 1);
		value = pd_generator_simplest(chosen, key);
		jv_free(chosen);
	}
	jv_free(choices);
	return value;
}

const struct pd_generator_kind pd_frequency_generator = {
	.name = "frequency", .keys = (const char *const[]){"choices", NULL},
	.possible = frequency_possible, .draw = frequency_draw,
	.admits = frequency_admits, .simplest = frequency_simplest,
};

/*
 * list {of, min, max}
 */
static enum pd_possible
list_possible(jv generator, struct pd_error *error)
{
	jv of = pd_json_peek(generator, "of");

	if (!jv_is_valid(of))
		return pd_generator_malformed(generator, error, "it needs of, a generator");
	enum pd_possible possible = pd_generator_possible(of, error);
	jv_free(of);
	if (possible == PD_MALFORMED)
		return possible;
	enum pd_possible length = pd_generator_length_possible(generator, MOST_ELEMENTS, error);
	if (length != PD_POSSIBLE)
		return length;
	return pd_json_peek_number(generator, "min", 0) <= 0 ? PD_POSSIBLE : possible;
}

static jv
list_draw(jv generator, struct pd_random *random, const char *key)
{
	struct pd_error ignored;
	int minimum, maximum;
	jv of = pd_json_peek(generator, "of");
	jv list = jv_array();

	pd_generator_length_bounds(generator, &minimum, &maximum);
	if (pd_generator_possible(of, &ignored) != PD_POSSIBLE)
		maximum = 0;
	int length = pd_generator_draw_length(random, minimum, maximum);
	for (int i = 0; i < length; i++) {
		char *part = pd_format("%s.%d", key, i);
		list = jv_array_append(list, pd_generator_draw(of, random, part));
		free(part);
	}
	jv_free(of);
	return list;
}

static bool
list_admits(jv generator, jv value)
{
	int minimum, maximum;

	if (jv_get_kind(value) != JV_KIND_ARRAY)
		return false;
	jv of = pd_json_peek(generator, "of");
	pd_generator_length_bounds(generator, &minimum, &maximum);
	int length = jv_array_length(jv_copy(value));
	bool admitted = length >= minimum && length <= maximum;
	for (int i = 0; i < length && admitted; i++) {
		jv element = jv_array_get(jv_copy(value), i);
		admitted = pd_generator_admits(of, element);
		jv_free(element);
	}
	jv_free(of);
	return admitted;
}

static jv
list_simplest(jv generator, const char *key)
{
	int minimum, maximum;
	jv of = pd_json_peek(generator, "of");
	jv list = jv_array();

	pd_generator_length_bounds(generator, &minimum, &maximum);
	for (int i = 0; i < minimum; i++) {
		char *part = pd_format("%s.%d", key, i);
		list = jv_array_append(list, pd_generator_simplest(of, part));
		free(part);
	}
	jv_free(of);
	return list;
}

const struct pd_generator_kind pd_list_generator = {
	.name = "list", .keys = (const char *const[]){"of", "min", "max", NULL},
	.possible = list_possible, .draw = list_draw,
	.admits = list_admits, .simplest = list_simplest,
};
