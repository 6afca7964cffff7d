/* SPDX-License-Identifier: MIT */
#include "boundary.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "json.h"

enum {
	MOST_CONSTANTS = 16,	/* values of a choice that are told apart */
	MOST_POINTS = 16,	/* bounds of an argument */
	LABEL = 96,		/* bytes of a partition's name; longer ones are cut */
};

/* Bounds, in ascending order. */
struct points {
	double list[MOST_POINTS];
	int count;
	bool whole;		/* there are whole numbers between them only */
};

struct pd_boundary {
	char *command, *argument;
	jv constants;		/* an array of scalars */
	struct points numbers, letters, elements;
};

void
pd_boundaries_free(struct pd_boundaries *boundaries)
{
	for (size_t i = 0; i < boundaries->count; i++) {
		free(boundaries->list[i].command);
		free(boundaries->list[i].argument);
		jv_free(boundaries->list[i].constants);
	}
	free(boundaries->list);
	*boundaries = (struct pd_boundaries)PD_BOUNDARIES_INIT;
}

/*
 * Reading generators.
 */
static void
add_point(struct points *points, double value)
{
	int at = 0;

	while (at < points->count && points->list[at] < value)
		at++;
	if (points->count == MOST_POINTS ||
	    (at < points->count && points->list[at] == value))
		return;
	memmove(&points->list[at + 1], &points->list[at],
	    (size_t)(points->count - at) * sizeof(points->list[0]));
	points->list[at] = value;
	points->count++;
}

static void
add_range(struct points *points, jv generator, bool whole)
{
	double minimum = pd_json_peek_number(generator, "min", NAN);
	double maximum = pd_json_peek_number(generator, "max", NAN);

	if (isnan(minimum) || isnan(maximum))
		return;
	points->whole = whole;
	add_point(points, minimum);
	add_point(points, maximum);
	if (minimum < 0 && maximum > 0)
		add_point(points, 0);
}

/* Of a length, one is worth telling apart from many. */
static void
add_lengths(struct points *points, jv generator)
{
	add_range(points, generator, true);
	if (pd_json_peek_number(generator, "min", 2) < 1 &&
	    pd_json_peek_number(generator, "max", 0) > 1)
		add_point(points, 1);
}

static bool
is_scalar(jv value)
{
	return jv_get_kind(value) != JV_KIND_ARRAY && jv_get_kind(value) != JV_KIND_OBJECT;
}

static void
add_constant(struct pd_boundary *boundary, jv value)
{
	if (is_scalar(value) &&
	    jv_array_length(jv_copy(boundary->constants)) < MOST_CONSTANTS)
		boundary->constants = jv_array_append(boundary->constants, jv_copy(value));
}

/* A choice from more values than that is no partition of anything. */
static void
add_values(struct pd_boundary *boundary, jv values)
{
	if (jv_get_kind(values) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(values)) <= MOST_CONSTANTS) {
		jv_array_foreach(values, i, value) {
			add_constant(boundary, value);
			jv_free(value);
		}
	}
	jv_free(values);
}

static void
read_generator(struct pd_boundary *boundary, jv generator)
{
	if (pd_generator_is(generator, "int")) {
		add_range(&boundary->numbers, generator, true);
	} else if (pd_generator_is(generator, "float")) {
		add_range(&boundary->numbers, generator, false);
	} else if (pd_generator_is(generator, "string")) {
		add_lengths(&boundary->letters, generator);
	} else if (pd_generator_is(generator, "list")) {
		add_lengths(&boundary->elements, generator);
	} else if (pd_generator_is(generator, "oneof")) {
		add_values(boundary, pd_json_peek(generator, "values"));
	} else if (pd_generator_is(generator, "frequency")) {
		jv choices;
		int count = pd_json_elements_peek(generator, "choices", &choices);
		for (int i = 0; i < count; i++) {
			jv choice = jv_array_get(jv_copy(choices), i);
			jv of = jv_get_kind(choice) == JV_KIND_ARRAY ?
			    jv_array_get(jv_copy(choice), 1) : jv_null();
			read_generator(boundary, of);
			jv_free(of);
			jv_free(choice);
		}
		jv_free(choices);
	} else if (!pd_generator_is(generator, NULL)) {
		add_constant(boundary, generator);
	}
}

/*
 * Names of partitions.
 */
static void
number_text(char text[32], double number)
{
	snprintf(text, 32, fabs(number) < 1e17 && number == floor(number) ? "%.0f" :
	    "%.12g", number);
}

/* The partition between two bounds; false when nothing is there. */
static bool
name_between(const struct points *points, int after, char text[LABEL])
{
	double low = points->list[after], high = points->list[after + 1];
	char from[32], to[32];

	if (points->whole && high - low < 2)
		return false;
	number_text(from, points->whole ? low + 1 : low);
	number_text(to, points->whole ? high - 1 : high);
	snprintf(text, LABEL, points->whole && high - low == 2 ? "%s" :
	    points->whole ? "%s..%s" : "between %s and %s", from, to);
	return true;
}

static void
name_number(const struct points *points, double value, char text[LABEL])
{
	int at = 0;

	while (at < points->count && points->list[at] < value)
		at++;
	if (at < points->count && points->list[at] == value)
		number_text(text, value);
	else if (at == 0)
		snprintf(text, LABEL, "below its range");
	else if (at == points->count)
		snprintf(text, LABEL, "above its range");
	else if (!name_between(points, at - 1, text))
		snprintf(text, LABEL, "no whole number");
}

static void
name_sign(double value, char text[LABEL])
{
	snprintf(text, LABEL, "%s", value < 0 ? "negative" : value == 0 ? "zero" :
	    "positive");
}

static void
name_count(int count, const char *unit, char text[LABEL])
{
	if (count == 0)
		snprintf(text, LABEL, "empty");
	else if (count == 1)
		snprintf(text, LABEL, "one %s", unit);
	else
		snprintf(text, LABEL, "many %ss", unit);
}

/* "3 letters", "0..16 elements" */
static void
append_unit(char text[LABEL], const char *unit)
{
	size_t length = strlen(text);

	snprintf(text + length, LABEL - length, " %s%s", unit,
	    strcmp(text, "1") == 0 ? "" : "s");
}

static void
name_constant(jv value, char text[LABEL])
{
	char *excerpt = pd_json_excerpt(jv_copy(value), LABEL - 8);

	snprintf(text, LABEL, "%s", excerpt);
	free(excerpt);
}

static bool
is_constant(const struct pd_boundary *boundary, jv value)
{
	bool found = false;

	jv_array_foreach(boundary->constants, i, constant) {
		found = found || jv_equal(jv_copy(constant), jv_copy(value));
		jv_free(constant);
	}
	return found;
}

static void
name_length(const struct points *points, int length, const char *unit,
    char text[LABEL])
{
	if (points == NULL || points->count == 0) {
		name_count(length, unit, text);
		return;
	}
	if (length < points->list[0] || length > points->list[points->count - 1]) {
		snprintf(text, LABEL, "too %s %ss", length < points->list[0] ? "few" :
		    "many", unit);
		return;
	}
	name_number(points, length, text);
	append_unit(text, unit);
}

/* The partition of a value; boundary may be NULL. */
static void
name_value(const struct pd_boundary *boundary, jv value, char text[LABEL])
{
	jv_kind kind = jv_get_kind(value);

	if (boundary != NULL && is_constant(boundary, value))
		name_constant(value, text);
	else if (kind == JV_KIND_STRING)
		name_length(boundary != NULL ? &boundary->letters : NULL,
		    jv_string_length_codepoints(jv_copy(value)), "letter", text);
	else if (kind == JV_KIND_ARRAY)
		name_length(boundary != NULL ? &boundary->elements : NULL,
		    jv_array_length(jv_copy(value)), "element", text);
	else if (kind == JV_KIND_NUMBER && boundary != NULL && boundary->numbers.count > 0)
		name_number(&boundary->numbers, jv_number_value(value), text);
	else if (kind == JV_KIND_NUMBER)
		name_sign(jv_number_value(value), text);
	else if (kind == JV_KIND_OBJECT)
		snprintf(text, LABEL, "object");
	else
		name_constant(value, text);
}

/*
 * Telling.
 */
static void
tell_points(const struct pd_boundary *boundary, const struct points *points,
    const char *unit, pd_boundary_visit *visit, void *context)
{
	char text[LABEL];

	for (int i = 0; i < points->count; i++) {
		number_text(text, points->list[i]);
		if (unit != NULL)
			append_unit(text, unit);
		visit(context, boundary->command, boundary->argument, text);
		if (i + 1 == points->count || !name_between(points, i, text))
			continue;
		if (unit != NULL)
			append_unit(text, unit);
		visit(context, boundary->command, boundary->argument, text);
	}
}

static void
tell_all(const struct pd_boundary *boundary, pd_boundary_visit *visit,
    void *context)
{
	char text[LABEL];

	jv_array_foreach(boundary->constants, i, constant) {
		name_constant(constant, text);
		visit(context, boundary->command, boundary->argument, text);
		jv_free(constant);
	}
	tell_points(boundary, &boundary->numbers, NULL, visit, context);
	tell_points(boundary, &boundary->letters, "letter", visit, context);
	tell_points(boundary, &boundary->elements, "element", visit, context);
}

static void
read_argument(struct pd_boundaries *boundaries, const char *command,
    const char *argument, jv generator, pd_boundary_visit *visit, void *context)
{
	if (jv_get_kind(generator) == JV_KIND_OBJECT && !pd_generator_is(generator, NULL)) {
		jv_object_foreach(generator, key, value) {
			char *path = pd_format("%s.%s", argument, jv_string_value(key));
			read_argument(boundaries, command, path, value, visit, context);
			free(path);
			jv_free(key);
			jv_free(value);
		}
		return;
	}
	if (boundaries->count == boundaries->room) {
		boundaries->room = boundaries->room == 0 ? 16 : 2 * boundaries->room;
		boundaries->list = pd_reallocate(boundaries->list, boundaries->room,
		    sizeof(*boundaries->list));
	}
	struct pd_boundary *boundary = &boundaries->list[boundaries->count++];
	*boundary = (struct pd_boundary){.command = pd_duplicate(command),
		.argument = pd_duplicate(argument), .constants = jv_array()};
	read_generator(boundary, generator);
	tell_all(boundary, visit, context);
}

void
pd_boundaries_read(struct pd_boundaries *boundaries, const char *command,
    jv arguments, pd_boundary_visit *visit, void *context)
{
	jv_object_foreach(arguments, key, value) {
		read_argument(boundaries, command, jv_string_value(key), value, visit,
		    context);
		jv_free(key);
		jv_free(value);
	}
}

static const struct pd_boundary *
find(const struct pd_boundaries *boundaries, const char *command,
    const char *argument)
{
	for (size_t i = 0; i < boundaries->count; i++) {
		if (strcmp(boundaries->list[i].argument, argument) == 0 &&
		    strcmp(boundaries->list[i].command, command) == 0)
			return &boundaries->list[i];
	}
	return NULL;
}

/* Are there arguments inside of this one? */
static bool
has_inner(const struct pd_boundaries *boundaries, const char *command,
    const char *argument)
{
	size_t length = strlen(argument);

	for (size_t i = 0; i < boundaries->count; i++) {
		const struct pd_boundary *boundary = &boundaries->list[i];
		if (strcmp(boundary->command, command) == 0 &&
		    strncmp(boundary->argument, argument, length) == 0 &&
		    boundary->argument[length] == '.')
			return true;
	}
	return false;
}

static void
take_value(const struct pd_boundaries *boundaries, const char *command,
    const char *argument, jv value, pd_boundary_visit *visit, void *context)
{
	char text[LABEL];

	if (jv_get_kind(value) == JV_KIND_OBJECT &&
	    has_inner(boundaries, command, argument)) {
		jv_object_foreach(value, key, inner) {
			char *path = pd_format("%s.%s", argument, jv_string_value(key));
			take_value(boundaries, command, path, inner, visit, context);
			free(path);
			jv_free(key);
			jv_free(inner);
		}
		return;
	}
	name_value(find(boundaries, command, argument), value, text);
	visit(context, command, argument, text);
}

void
pd_boundaries_take(const struct pd_boundaries *boundaries, jv command,
    pd_boundary_visit *visit, void *context)
{
	const char *type = pd_json_peek_string(command, "type", "");

	jv_object_foreach(command, key, value) {
		if (strcmp(jv_string_value(key), "type") != 0)
			take_value(boundaries, type, jv_string_value(key), value, visit, context);
		jv_free(key);
		jv_free(value);
	}
}
