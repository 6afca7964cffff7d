/* SPDX-License-Identifier: MIT */
#include "simplify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
#include "reference.h"

enum { NEAR = 7 };		/* distances up to here are near */

/* What is known of the distances: bad is the largest that is no good, good the
 * smallest that is. */
struct interval {
	const struct pd_simplify_distance *by;
	double bad, good;
};

/* Try a distance between the two. False when there is nothing more to try. */
static bool
probe(struct interval *interval, double distance)
{
	const struct pd_simplify_distance *by = interval->by;

	if (by->stopped(by->context))
		return false;
	if (distance <= interval->bad || distance >= interval->good)
		return true;
	if (by->try_number(by->context, distance))
		interval->good = distance;
	else
		interval->bad = distance;
	return true;
}

/* Limits in programs are often powers of two. Between which two is it? Then
 * right behind the lower one and right before the upper one. */
static void
probe_powers(struct interval *interval)
{
	double low = log2(NEAR + 1), high = floor(log2(interval->good + 1));

	while (high - low > 1) {
		double middle = floor((low + high) / 2);
		if (!probe(interval, exp2(middle) - 1))
			return;
		if (interval->bad >= exp2(middle) - 1)
			low = middle;
		else
			high = middle;
	}
	if (probe(interval, exp2(high) - 1) && probe(interval, interval->bad + 1))
		probe(interval, interval->good - 1);
}

double
pd_simplify_distance(const struct pd_simplify_distance *by, double distance)
{
	struct interval interval = {.by = by, .bad = -1, .good = distance};

	if (distance <= 0 || by->known_bad(by->context, distance - 1))
		return distance;	/* once it went as far as this */
	for (double near = 0; near <= NEAR; near = 2 * near + 1) {
		if (!probe(&interval, near))
			return interval.good;
	}
	if (by->effort == PD_EFFORT_NEAR)
		return interval.good;
	if (interval.good > 1000 && interval.bad >= NEAR)
		probe_powers(&interval);
	while (interval.good - interval.bad > 1) {
		if (!probe(&interval, interval.bad +
		    floor((interval.good - interval.bad) / 2)))
			break;
	}
	return interval.good;
}

/* What is being simplified, and how a part of it is put back into the whole. */
struct work {
	const struct pd_simplify *simplify;
	jv generator;
	jv value;		/* the best so far */
	/* For numbers: value = (origin + sign * distance) / scale. */
	double origin, sign, scale;
};

static bool
is_stopped(void *context)
{
	const struct work *work = context;

	return work->simplify->stopped(work->simplify->context);
}

/* Try a value that the generator must admit. Consumes it. */
static bool
try_value(struct work *work, jv value)
{
	if (is_stopped(work) || jv_equal(jv_copy(value), jv_copy(work->value)) ||
	    !pd_generator_admits(work->generator, value)) {
		jv_free(value);
		return false;
	}
	if (!work->simplify->try_value(work->simplify->context, jv_copy(value))) {
		jv_free(value);
		return false;
	}
	jv_free(work->value);
	work->value = value;
	return true;
}

static jv
at_distance(const struct work *work, double distance)
{
	return jv_number((work->origin + work->sign * distance) / work->scale);
}

static bool
try_distance(void *context, double distance)
{
	return try_value(context, at_distance(context, distance));
}

static bool
is_distance_known_bad(void *context, double distance)
{
	const struct work *work = context;
	jv value = at_distance(work, distance);

	if (pd_generator_admits(work->generator, value))
		return work->simplify->known_bad(work->simplify->context, value);
	jv_free(value);
	return false;
}

/* Toward origin / scale in steps of 1 / scale; what is below it tries its
 * mirror above it first. */
static void
approach(struct work *work, double origin, double scale)
{
	double value = round(jv_number_value(work->value) * scale);

	work->origin = origin;
	work->scale = scale;
	if (value < work->origin && try_value(work,
	    jv_number((2 * work->origin - value) / scale)))
		value = 2 * work->origin - value;
	work->sign = value < work->origin ? -1 : 1;
	const struct pd_simplify_distance by = {.try_number = try_distance,
		.known_bad = is_distance_known_bad, .context = work,
		.stopped = is_stopped, .effort = work->simplify->effort};
	pd_simplify_distance(&by, fabs(value - work->origin));
}

/* The simplest of all; then as few decimals as will do, and with these as near
 * to it as will do. */
static void
simplify_float(struct work *work, double simplest)
{
	double value = jv_number_value(work->value);

	if (try_value(work, jv_number(simplest)))
		return;
	for (double scale = 1; scale < 1e7; scale *= 10) {
		double rounded = trunc(value * scale) / scale;
		if (rounded != value && !try_value(work, jv_number(rounded)))
			continue;
		approach(work, value < simplest ? floor(simplest * scale) :
		    ceil(simplest * scale), scale);
		return;
	}
}

/* Does a refer to a later command than b? A list that a model made of its
 * state's keys has them in the order of text, where c10 comes before c2. */
static bool
refers_later(jv a, jv b)
{
	struct pd_reference first, second;

	if (jv_get_kind(a) != JV_KIND_STRING || jv_get_kind(b) != JV_KIND_STRING ||
	    !pd_reference_parse(jv_string_value(a), &first) ||
	    !pd_reference_parse(jv_string_value(b), &second))
		return false;
	size_t length = strlen(first.id), other = strlen(second.id);
	return first.id[0] == second.id[0] && (length > other ||
	    (length == other && strcmp(first.id, second.id) > 0));
}

/* Earlier values of the list are simpler. */
static void
simplify_choice(struct work *work)
{
	jv values = pd_json_peek(work->generator, "values");
	int count = jv_array_length(jv_copy(values));
	bool done = false;

	for (int i = 0; i < count && !done; i++) {
		jv value = jv_array_get(jv_copy(values), i);
		done = jv_equal(jv_copy(value), jv_copy(work->value));
		if (!done && !refers_later(value, work->value))
			done = try_value(work, jv_copy(value));
		jv_free(value);
	}
	jv_free(values);
}

/* Text as an array of code points. When it is good its place is taken. */
static bool
try_points(struct work *work, jv *points, jv simpler)
{
	if (!try_value(work, jv_string_implode(jv_copy(simpler)))) {
		jv_free(simpler);
		return false;
	}
	jv_free(*points);
	*points = simpler;
	return true;
}

/* Shorter by halves, then by quarters, down to single characters. */
static void
shorten_text(struct work *work, jv *points)
{
	for (int size = jv_array_length(jv_copy(*points)) / 2; size >= 1; size /= 2) {
		for (int at = jv_array_length(jv_copy(*points)) - size; at >= 0; at -= size)
			try_points(work, points, jv_array_concat(
			    jv_array_slice(jv_copy(*points), 0, at),
			    jv_array_slice(jv_copy(*points), at + size,
			    jv_array_length(jv_copy(*points)))));
	}
}

/* Each character by the simplest one: an a, or the alphabet's first. */
static void
plain_text(struct work *work, jv *points)
{
	int length = jv_array_length(jv_copy(*points));
	jv plain = jv_array_get(jv_string_explode(jv_string(pd_json_peek_string(
	    work->generator, "alphabet", "a"))), 0);

	for (int i = 0; i < length; i++) {
		jv point = jv_array_get(jv_copy(*points), i);
		if (!jv_equal(point, jv_copy(plain)))
			try_points(work, points,
			    jv_array_set(jv_copy(*points), i, jv_copy(plain)));
	}
	jv_free(plain);
}

static void
simplify_text(struct work *work, jv simplest)
{
	if (try_value(work, simplest))
		return;
	jv points = jv_string_explode(jv_copy(work->value));
	shorten_text(work, &points);
	plain_text(work, &points);
	jv_free(points);
}

/* A part of an array or object under simplification. */
struct part {
	struct work *whole;
	jv place;		/* index or key */
};

static bool
try_part(void *context, jv value)
{
	struct part *part = context;

	return try_value(part->whole, jv_set(jv_copy(part->whole->value),
	    jv_copy(part->place), value));
}

static bool
is_part_known_bad(void *context, jv value)
{
	const struct part *part = context;
	const struct pd_simplify *whole = part->whole->simplify;

	return whole->known_bad(whole->context, jv_set(jv_copy(part->whole->value),
	    jv_copy(part->place), value));
}

static bool
part_is_stopped(void *context)
{
	return is_stopped(((struct part *)context)->whole);
}

/* Simplify value[place] by its own generator. Consumes place and generator. */
static void
simplify_part(struct work *work, jv place, jv generator)
{
	struct part part = {.whole = work, .place = place};
	struct pd_simplify inner = {.try_value = try_part,
		.known_bad = is_part_known_bad, .context = &part,
		.stopped = part_is_stopped, .effort = work->simplify->effort};

	jv_free(pd_simplify_value(&inner, generator,
	    jv_get(jv_copy(work->value), jv_copy(place)), ""));
	jv_free(place);
	jv_free(generator);
}

static void
simplify_list(struct work *work, jv simplest)
{
	if (try_value(work, simplest))
		return;
	for (int size = jv_array_length(jv_copy(work->value)) / 2; size >= 1; size /= 2) {
		for (int at = jv_array_length(jv_copy(work->value)) - size; at >= 0;
		    at -= size)
			try_value(work, jv_array_concat(
			    jv_array_slice(jv_copy(work->value), 0, at),
			    jv_array_slice(jv_copy(work->value), at + size,
			    jv_array_length(jv_copy(work->value)))));
	}
	for (int i = 0; i < jv_array_length(jv_copy(work->value)); i++)
		simplify_part(work, jv_number(i), pd_json_peek(work->generator, "of"));
}

/* A constant array or object with generators inside. */
static void
simplify_parts(struct work *work)
{
	jv keys = jv_keys(jv_copy(work->generator));
	int count = jv_array_length(jv_copy(keys));

	for (int i = 0; i < count; i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		simplify_part(work, jv_copy(key),
		    jv_get(jv_copy(work->generator), key));
	}
	jv_free(keys);
}

static void
simplify_by_kind(struct work *work, const char *key)
{
	jv simplest = pd_generator_simplest(work->generator, key);

	if (work->simplify->effort == PD_EFFORT_SIMPLEST) {
		try_value(work, simplest);
	} else if (pd_generator_is(work->generator, "int")) {
		approach(work, jv_number_value(simplest), 1);
		jv_free(simplest);
	} else if (pd_generator_is(work->generator, "float")) {
		simplify_float(work, jv_number_value(simplest));
		jv_free(simplest);
	} else if (pd_generator_is(work->generator, "oneof")) {
		simplify_choice(work);
		jv_free(simplest);
	} else if (pd_generator_is(work->generator, "list")) {
		simplify_list(work, simplest);
	} else if (pd_generator_is(work->generator, "mint")) {
		jv_free(simplest);	/* it is what it is */
	} else if (pd_generator_is(work->generator, "timestamp")) {
		try_value(work, simplest);
	} else if (pd_generator_is(work->generator, NULL)) {
		simplify_text(work, simplest);
	} else {
		jv_free(simplest);
		if (jv_get_kind(work->generator) == JV_KIND_ARRAY ||
		    jv_get_kind(work->generator) == JV_KIND_OBJECT)
			simplify_parts(work);
	}
}

/* The simplest value of an earlier choice is simpler than anything of the one
 * that made the value. */
static void
simplify_frequency(struct work *work, const char *key)
{
	struct pd_error ignored;
	jv choices = pd_json_peek(work->generator, "choices");
	int count = jv_array_length(jv_copy(choices));
	bool done = false;

	for (int i = 0; i < count && !done; i++) {
		jv choice = jv_array_get(jv_array_get(jv_copy(choices), i), 1);
		done = pd_generator_admits(choice, work->value);
		if (!done && pd_generator_possible(choice, &ignored) == PD_POSSIBLE)
			done = try_value(work, pd_generator_simplest(choice, key));
		jv_free(choice);
	}
	jv_free(choices);
}

jv
pd_simplify_value(const struct pd_simplify *simplify, jv generator, jv value,
    const char *key)
{
	struct work work = {.simplify = simplify, .value = value,
		.generator = jv_copy(generator)};

	if (pd_generator_is(generator, "frequency")) {
		simplify_frequency(&work, key);
		jv_free(work.generator);
		work.generator = pd_generator_chosen(generator, work.value);
	}
	if (jv_is_valid(work.generator))
		simplify_by_kind(&work, key);
	jv_free(work.generator);
	return work.value;
}
