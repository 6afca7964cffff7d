/* SPDX-License-Identifier: MIT */
#include "simplify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
#include "reference.h"
#include "text.h"

/* What is being simplified, and how a part of it is put back into the whole. */
struct work {
	const struct pd_simplify *simplify;
	jv generator;
	jv value;		/* the best so far */
	/* For numbers: value = (origin + sign * distance) / scale. */
	double origin, sign, scale;
	bool is_time;		/* the number is written as a time */
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
	double number = (work->origin + work->sign * distance) / work->scale;
	char text[PD_TIME_TEXT];

	if (!work->is_time)
		return jv_number(number);
	pd_time_text((time_t)number, text);
	return jv_string(text);
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

/* From a value toward origin in steps of one. */
static void
descend(struct work *work, double origin, double value)
{
	const struct pd_distance by = {.try_number = try_distance,
		.known_bad = is_distance_known_bad, .context = work,
		.stopped = is_stopped, .effort = work->simplify->effort};

	work->origin = origin;
	work->sign = value < origin ? -1 : 1;
	pd_distance_descend(&by, fabs(value - origin));
}

/* Toward origin / scale in steps of 1 / scale; what is below it tries its
 * mirror above it first. */
static void
approach(struct work *work, double origin, double scale)
{
	double value = round(jv_number_value(work->value) * scale);

	work->scale = scale;
	if (value < origin && try_value(work,
	    jv_number((2 * origin - value) / scale)))
		value = 2 * origin - value;
	descend(work, origin, value);
}

static void
simplify_time(struct work *work, jv simplest)
{
	time_t from, at;

	if (pd_parse_time(jv_string_value(simplest), &from) &&
	    pd_parse_time(jv_string_value(work->value), &at)) {
		work->scale = 1;
		work->is_time = true;
		descend(work, (double)from, (double)at);
	}
	jv_free(simplest);
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
		double down = floor(value * scale) / scale, up = ceil(value * scale) / scale;
		if (down != value && !try_value(work, jv_number(down)) &&
		    !try_value(work, jv_number(up)))
			continue;
		value = jv_number_value(work->value);
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

/*
 * Shorter: chunks of half of it go, then of a quarter, late ones first. Small
 * chunks are looked for at every place, again until none goes.
 */
struct chunks {
	struct work *work;
	int (*length)(const struct work *);
	bool (*try_without)(struct work *, int at, int size);
};

enum { SMALL_CHUNK = 4 };

static bool
remove_chunks_of(const struct chunks *chunks, int size)
{
	struct work *work = chunks->work;
	int step = size <= SMALL_CHUNK ? 1 : size;
	bool any = false;

	for (int at = chunks->length(work) - size; at >= 0 && !is_stopped(work);) {
		if (chunks->try_without(work, at, size)) {
			any = true;
			int last = chunks->length(work) - size;
			at = at < last ? at : last;
		} else {
			at = at > 0 && at < step ? 0 : at - step;
		}
	}
	return any;
}

static bool
remove_chunks(const struct chunks *chunks)
{
	bool any = false, again = true;

	while (again && !is_stopped(chunks->work)) {
		again = false;
		for (int size = chunks->length(chunks->work) / 2; size >= 1;
		    size = size > SMALL_CHUNK ? size / 2 : size - 1)
			again |= remove_chunks_of(chunks, size);
		any |= again;
	}
	return any;
}

static jv
points_of(const struct work *work)
{
	return jv_string_explode(jv_copy(work->value));
}

static int
text_length(const struct work *work)
{
	return jv_array_length(points_of(work));
}

/* An array, which is consumed, without a part. */
static jv
without(jv array, int at, int size)
{
	int length = jv_array_length(jv_copy(array));
	jv start = jv_array_slice(jv_copy(array), 0, at);

	return jv_array_concat(start, jv_array_slice(array, at + size, length));
}

static bool
try_shorter_text(struct work *work, int at, int size)
{
	return try_value(work, jv_string_implode(without(points_of(work), at, size)));
}

/* Text with a character, or all that are equal to it, replaced. */
static bool
try_character(struct work *work, int at, double point, bool all)
{
	jv points = points_of(work);
	jv old = jv_array_get(jv_copy(points), at);

	for (int i = 0; i < jv_array_length(jv_copy(points)); i++) {
		if (i == at || (all && jv_equal(jv_copy(old),
		    jv_array_get(jv_copy(points), i))))
			points = jv_array_set(points, i, jv_number(point));
	}
	jv_free(old);
	return try_value(work, jv_string_implode(points));
}

/* Characters in their order: the alphabet's, or that of Unicode from the first
 * of their kind. */
struct character {
	struct work *work;
	jv alphabet;		/* code points, or invalid */
	int at;
	double first;
};

static double
point_at(const struct character *character, double distance)
{
	if (!jv_is_valid(character->alphabet))
		return character->first + distance;
	jv point = jv_array_get(jv_copy(character->alphabet), (int)distance);
	double result = jv_number_value(point);
	jv_free(point);
	return result;
}

static bool
try_nearer_character(void *context, double distance)
{
	const struct character *character = context;

	return try_character(character->work, character->at,
	    point_at(character, distance), false);
}

static bool
character_is_unknown(void *context, double distance)
{
	(void)context;
	(void)distance;
	return false;
}

static bool
character_is_stopped(void *context)
{
	return is_stopped(((struct character *)context)->work);
}

/* How far a character is from the first of its kind. */
static double
character_distance(struct character *character, double point)
{
	static const double firsts[] = {'a', 'A', '0'};

	if (jv_is_valid(character->alphabet)) {
		jv index = jv_array_indexes(jv_copy(character->alphabet),
		    JV_ARRAY(jv_number(point)));
		jv first = jv_array_get(index, 0);
		double distance = jv_get_kind(first) == JV_KIND_NUMBER ?
		    jv_number_value(first) : 0;
		jv_free(first);
		return distance;
	}
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		if (point > firsts[i] && point <= firsts[i] + (firsts[i] == '0' ? 9 : 25)) {
			character->first = firsts[i];
			return point - firsts[i];
		}
	}
	return 0;
}

/* Each character by the simplest one, an a or the alphabet's first; or all that
 * are equal; or by one that is nearer to it. */
static void
plain_text(struct work *work)
{
	const char *alphabet = pd_json_peek_string(work->generator, "alphabet", NULL);
	struct character character = {.work = work, .alphabet = alphabet != NULL ?
		jv_string_explode(jv_string(alphabet)) : jv_invalid(), .first = 'a'};
	struct pd_distance by = {.try_number = try_nearer_character,
		.known_bad = character_is_unknown, .context = &character,
		.stopped = character_is_stopped, .effort = work->simplify->effort};
	double plain = point_at(&character, 0);

	for (character.at = 0; character.at < text_length(work) && !is_stopped(work);
	    character.at++) {
		jv point = jv_array_get(points_of(work), character.at);
		double old = jv_number_value(point);
		jv_free(point);
		if (old != plain && !try_character(work, character.at, plain, false) &&
		    !try_character(work, character.at, plain, true))
			pd_distance_descend(&by, character_distance(&character, old));
	}
	jv_free(character.alphabet);
}

static void
simplify_text(struct work *work, jv simplest)
{
	const struct chunks chunks = {work, text_length, try_shorter_text};

	if (try_value(work, simplest))
		return;
	remove_chunks(&chunks);
	plain_text(work);
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

static int
list_length(const struct work *work)
{
	return jv_array_length(jv_copy(work->value));
}

static bool
try_shorter_list(struct work *work, int at, int size)
{
	return try_value(work, without(jv_copy(work->value), at, size));
}

/* An element that is a whole number goes, and the others take over what it was
 * above the simplest, as far as their generator goes. */
static bool
hand_over_element(struct work *work, int at)
{
	jv of = pd_json_peek(work->generator, "of");
	jv simplest = pd_generator_simplest(of, "");
	jv element = jv_array_get(jv_copy(work->value), at);
	jv rest = without(jv_copy(work->value), at, 1);
	double most = pd_json_peek_number(of, "max", 0);
	double left = jv_number_value(element) - jv_number_value(simplest);

	for (int i = 0; i < jv_array_length(jv_copy(rest)) && left > 0; i++) {
		jv number = jv_array_get(jv_copy(rest), i);
		double value = jv_number_value(number);
		double raised = fmin(most, value + left);
		left -= raised - value;
		rest = jv_array_set(rest, i, jv_number(raised));
		jv_free(number);
	}
	jv_free(of);
	jv_free(simplest);
	jv_free(element);
	if (left <= 0)
		return try_value(work, rest);
	jv_free(rest);
	return false;
}

/* An element goes, and the numbers that point behind it go with the others. */
static bool
close_gap(struct work *work, int at)
{
	jv rest = without(jv_copy(work->value), at, 1);

	for (int i = 0; i < jv_array_length(jv_copy(rest)); i++) {
		jv number = jv_array_get(jv_copy(rest), i);
		if (jv_number_value(number) > at)
			rest = jv_array_set(rest, i, jv_number(jv_number_value(number) - 1));
		jv_free(number);
	}
	return try_value(work, rest);
}

/* Two neighbours that are lists become one. */
static bool
join_neighbours(struct work *work, int at)
{
	jv first = jv_array_get(jv_copy(work->value), at);
	jv second = jv_array_get(jv_copy(work->value), at + 1);

	return try_value(work, jv_array_set(without(jv_copy(work->value), at + 1, 1),
	    at, jv_array_concat(first, second)));
}

/* What is only tried when elements neither go nor become simpler. */
static bool
reduce_stubborn_list(struct work *work)
{
	jv of = pd_json_peek(work->generator, "of");
	bool any = false;

	for (int at = list_length(work); at-- > 0 && !is_stopped(work);) {
		if (at >= list_length(work))
			continue;
		if (pd_generator_is(of, "int"))
			any = hand_over_element(work, at) || close_gap(work, at) || any;
		else if (pd_generator_is(of, "list") && at + 1 < list_length(work))
			any = join_neighbours(work, at) || any;
	}
	jv_free(of);
	return any;
}

static void
simplify_list(struct work *work, jv simplest)
{
	const struct chunks chunks = {work, list_length, try_shorter_list};

	if (try_value(work, simplest))
		return;
	do {
		remove_chunks(&chunks);
		for (int i = 0; i < list_length(work) && !is_stopped(work); i++)
			simplify_part(work, jv_number(i), pd_json_peek(work->generator, "of"));
	} while (work->simplify->effort == PD_EFFORT_FAR && reduce_stubborn_list(work));
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
		simplify_time(work, simplest);
	} else if (pd_generator_is(work->generator, NULL)) {
		simplify_text(work, simplest);
	} else {
		jv_free(simplest);
		if (jv_get_kind(work->generator) == JV_KIND_ARRAY ||
		    jv_get_kind(work->generator) == JV_KIND_OBJECT)
			simplify_parts(work);
	}
}

/* A value of a generator with every whole number as large as it can be: what is
 * good of an earlier choice at all mostly is good there. Borrows it. */
static jv
largest(jv generator, const char *key)
{
	if (pd_generator_is(generator, "int"))
		return pd_json_peek(generator, "max");
	if (pd_generator_is(generator, NULL) ||
	    (jv_get_kind(generator) != JV_KIND_OBJECT &&
	    jv_get_kind(generator) != JV_KIND_ARRAY))
		return pd_generator_simplest(generator, key);
	jv result = jv_copy(generator);
	jv keys = jv_keys(jv_copy(generator));
	jv_array_foreach(keys, i, place) {
		jv part = jv_get(jv_copy(generator), jv_copy(place));
		result = jv_set(result, place, largest(part, key));
		jv_free(part);
	}
	jv_free(keys);
	return result;
}

/* A value of an earlier choice is simpler than anything of the one that made
 * the value. */
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
			done = try_value(work, pd_generator_simplest(choice, key)) ||
			    try_value(work, largest(choice, key));
		jv_free(choice);
	}
	jv_free(choices);
}

/* A part of a value in place of the whole, where the generator makes such
 * values, too: an expression by its left side. */
static void
simplify_to_part(struct work *work)
{
	bool again = true;

	while (again && (jv_get_kind(work->value) == JV_KIND_OBJECT ||
	    jv_get_kind(work->value) == JV_KIND_ARRAY)) {
		jv whole = jv_copy(work->value);
		jv keys = jv_keys(jv_copy(whole));
		again = false;
		jv_array_foreach(keys, i, key) {
			jv part = jv_get(jv_copy(whole), key);
			if (!again)
				again = try_value(work, part);
			else
				jv_free(part);
		}
		jv_free(keys);
		jv_free(whole);
	}
}

jv
pd_simplify_value(const struct pd_simplify *simplify, jv generator, jv value,
    const char *key)
{
	struct work work = {.simplify = simplify, .value = value,
		.generator = jv_copy(generator)};

	if (pd_generator_is(generator, "frequency")) {
		if (simplify->effort != PD_EFFORT_SIMPLEST)
			simplify_to_part(&work);
		simplify_frequency(&work, key);
		jv_free(work.generator);
		work.generator = pd_generator_chosen(generator, work.value);
	}
	if (jv_is_valid(work.generator))
		simplify_by_kind(&work, key);
	jv_free(work.generator);
	return work.value;
}
