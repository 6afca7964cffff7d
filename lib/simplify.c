/* SPDX-License-Identifier: MIT */
#include "simplify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"

double
pd_simplify_distance(pd_simplify_number *try_number, void *context,
    bool (*stopped)(void *context), double distance)
{
	double bad = -1;	/* the largest distance known to be no good */
	double good = distance;

	if (distance <= 0 || stopped(context))
		return distance;
	/* Minima are mostly near the simplest value: look there first. */
	for (double step = 0; step <= 7 && step < good; step = 2 * step + 1) {
		if (stopped(context))
			return good;
		if (try_number(context, step))
			good = step;
		else
			bad = step;
	}
	while (good - bad > 1 && !stopped(context)) {
		double middle = floor(bad + (good - bad) / 2);
		if (try_number(context, middle))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

/* What is being simplified, and how a part of it is put back into the whole. */
struct work {
	const struct pd_simplify *simplify;
	jv generator;
	jv value;		/* the best so far */
	double origin, sign;	/* for numbers: value = origin + sign * distance */
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

static bool
try_distance(void *context, double distance)
{
	struct work *work = context;

	return try_value(work, jv_number(work->origin + work->sign * distance));
}

/* Numbers go toward their simplest; a negative one tries its mirror first. */
static void
simplify_number(struct work *work, jv simplest)
{
	double value = jv_number_value(work->value);
	bool integer = pd_generator_is(work->generator, "int");

	work->origin = jv_number_value(simplest);
	if (!integer) {
		/* Decimals first: a whole number, then fewer and fewer digits. */
		if (try_value(work, jv_copy(simplest)))
			return;
		for (double scale = 1; scale < 1e7; scale *= 10) {
			double rounded = trunc(value * scale) / scale;
			if (rounded == value || try_value(work, jv_number(rounded)))
				break;
		}
		value = jv_number_value(work->value);
		if (value != floor(value) || work->origin != floor(work->origin))
			return;
	}
	if (value < work->origin && try_value(work,
	    jv_number(2 * work->origin - value)))
		value = jv_number_value(work->value);
	work->sign = value < work->origin ? -1 : 1;
	pd_simplify_distance(try_distance, work, is_stopped,
	    fabs(value - work->origin));
}

/* Earlier values of the list are simpler. */
static void
simplify_choice(struct work *work)
{
	jv values = pd_json_peek(work->generator, "values");
	int count = jv_array_length(jv_copy(values));

	for (int i = 0; i < count; i++) {
		jv value = jv_array_get(jv_copy(values), i);
		bool same = jv_equal(jv_copy(value), jv_copy(work->value));
		if (same || try_value(work, jv_copy(value))) {
			jv_free(value);
			break;
		}
		jv_free(value);
	}
	jv_free(values);
}

/* Text as an array of code points, shorter by halves, then by characters, then
 * with simpler characters. */
static void
simplify_text(struct work *work, jv simplest)
{
	if (try_value(work, simplest))
		return;
	jv points = jv_string_explode(jv_copy(work->value));
	for (int size = jv_array_length(jv_copy(points)) / 2; size >= 1; size /= 2) {
		for (int at = jv_array_length(jv_copy(points)) - size; at >= 0; at -= size) {
			jv shorter = jv_array_concat(jv_array_slice(jv_copy(points), 0, at),
			    jv_array_slice(jv_copy(points), at + size,
			    jv_array_length(jv_copy(points))));
			if (try_value(work, jv_string_implode(jv_copy(shorter)))) {
				jv_free(points);
				points = shorter;
			} else {
				jv_free(shorter);
			}
		}
	}
	int length = jv_array_length(jv_copy(points));
	for (int i = 0; i < length; i++) {
		jv simpler = jv_array_set(jv_copy(points), i, jv_number('a'));
		if (try_value(work, jv_string_implode(jv_copy(simpler)))) {
			jv_free(points);
			points = simpler;
		} else {
			jv_free(simpler);
		}
	}
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
part_is_stopped(void *context)
{
	return is_stopped(((struct part *)context)->whole);
}

/* Simplify value[place] by its own generator. Consumes place and generator. */
static void
simplify_part(struct work *work, jv place, jv generator)
{
	struct part part = {.whole = work, .place = place};
	struct pd_simplify inner = {.try_value = try_part, .context = &part,
		.stopped = part_is_stopped, .quick = work->simplify->quick};

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

	if (work->simplify->quick) {
		try_value(work, simplest);
	} else if (pd_generator_is(work->generator, "int") ||
	    pd_generator_is(work->generator, "float")) {
		simplify_number(work, simplest);
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

jv
pd_simplify_value(const struct pd_simplify *simplify, jv generator, jv value,
    const char *key)
{
	struct work work = {.simplify = simplify, .value = value,
		.generator = jv_copy(generator)};

	if (pd_generator_is(generator, "frequency")) {
		/* Another choice may be simpler than anything of this one. */
		try_value(&work, pd_generator_simplest(generator, key));
		jv_free(work.generator);
		work.generator = pd_generator_chosen(generator, work.value);
	}
	if (jv_is_valid(work.generator))
		simplify_by_kind(&work, key);
	jv_free(work.generator);
	return work.value;
}
