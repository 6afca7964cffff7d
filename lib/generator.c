/* SPDX-License-Identifier: MIT */
#include "generator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "pattern.h"
#include "text.h"

enum {
	MOST_ELEMENTS = 10000,
	MOST_TEXT = 100000,	/* characters */
};

#define LARGEST_INTEGER 9007199254740991.0

/* One kind of generator. possible may assume nothing about the generator but
 * that it is an object; the others that it is possible. */
struct kind {
	const char *name;
	const char *const *keys;
	enum pd_possible (*possible)(jv generator, struct pd_error *);
	jv (*draw)(jv generator, struct pd_random *, const char *key);
	bool (*admits)(jv generator, jv value);
	jv (*simplest)(jv generator, const char *key);
};

static enum pd_possible
malformed(jv generator, struct pd_error *error, const char *why)
{
	char *text = pd_json_excerpt(jv_copy(generator), 200);

	pd_error_set(error, "generator %s: %s", text, why);
	free(text);
	return PD_MALFORMED;
}

static bool
has_number(jv generator, const char *key)
{
	return pd_json_kind_peek(generator, key) == JV_KIND_NUMBER;
}

/* The bound or, when zero is within, zero: what numbers shrink toward. */
static double
nearest_to_zero(double minimum, double maximum)
{
	return minimum > 0 ? minimum : maximum < 0 ? maximum : 0;
}

/*
 * int {min, max}
 */
static double
integer_bound(jv generator, const char *key)
{
	double bound = pd_json_peek_number(generator, key, 0);

	return strcmp(key, "min") == 0 ? ceil(bound) : floor(bound);
}

static enum pd_possible
int_possible(jv generator, struct pd_error *error)
{
	if (!has_number(generator, "min") || !has_number(generator, "max"))
		return malformed(generator, error, "min and max must be numbers");
	double minimum = integer_bound(generator, "min");
	double maximum = integer_bound(generator, "max");
	if (!(fabs(minimum) <= LARGEST_INTEGER && fabs(maximum) <= LARGEST_INTEGER))
		return malformed(generator, error,
		    "a bound past 2^53 cannot be drawn exactly");
	return minimum <= maximum ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

/* Bugs sit at bounds and at small and round numbers more often than anywhere
 * between, and a uniform draw from a large range never gives a small one. */
static jv
int_draw(jv generator, struct pd_random *random, const char *key)
{
	/* The distance of two doubles may be none: whole numbers from here on. */
	int64_t minimum = (int64_t)integer_bound(generator, "min");
	int64_t maximum = (int64_t)integer_bound(generator, "max");
	uint64_t range = (uint64_t)(maximum - minimum) + 1;

	(void)key;
	switch (pd_random_below(random, 8)) {
	case 0:
		return jv_number((double)(pd_random_below(random, 2) ? minimum : maximum));
	case 1: case 2: case 3: {
		/* Uniform in the number of digits, on either side of the simplest. */
		int64_t simple = (int64_t)nearest_to_zero((double)minimum, (double)maximum);
		double width = pow((double)range, pd_random_unit(random));
		int64_t away = (int64_t)floor(width * (pd_random_unit(random) * 2 - 1));
		if (simple + away >= minimum && simple + away <= maximum)
			return jv_number((double)(simple + away));
		if (simple - away >= minimum && simple - away <= maximum)
			return jv_number((double)(simple - away));
	} /* FALLTHROUGH */
	default:
		return jv_number((double)(minimum + (int64_t)pd_random_below(random, range)));
	}
}

static bool
int_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	double number = jv_number_value(value);
	return number == floor(number) &&
	    number >= integer_bound(generator, "min") &&
	    number <= integer_bound(generator, "max");
}

static jv
int_simplest(jv generator, const char *key)
{
	(void)key;
	return jv_number(nearest_to_zero(integer_bound(generator, "min"),
	    integer_bound(generator, "max")));
}

/* The bounds of a length, for strings and lists. */
static enum pd_possible
length_possible(jv generator, double limit, struct pd_error *error)
{
	if (!has_number(generator, "min") || !has_number(generator, "max"))
		return malformed(generator, error, "min and max must be numbers");
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	if (minimum != floor(minimum) || maximum != floor(maximum))
		return malformed(generator, error, "min and max must be whole numbers");
	if (maximum > limit) {
		char why[64];
		snprintf(why, sizeof(why), "max is over %.0f", limit);
		return malformed(generator, error, why);
	}
	return minimum <= maximum && maximum >= 0 ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

/* The same, of a generator that is possible. */
static void
length_bounds(jv generator, int *minimum, int *maximum)
{
	*minimum = (int)fmax(0, pd_json_peek_number(generator, "min", 0));
	*maximum = (int)pd_json_peek_number(generator, "max", 0);
}

/*
 * float {min, max}
 */
static enum pd_possible
float_possible(jv generator, struct pd_error *error)
{
	if (!has_number(generator, "min") || !has_number(generator, "max"))
		return malformed(generator, error, "min and max must be numbers");
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	if (!isfinite(minimum) || !isfinite(maximum))
		return malformed(generator, error, "min and max must be finite");
	return minimum <= maximum ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

static jv
float_draw(jv generator, struct pd_random *random, const char *key)
{
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	double unit = pd_random_unit(random);
	/* Not by the distance of the bounds, which may be infinite. */
	double value = minimum * (1 - unit) + maximum * unit;

	(void)key;
	if (pd_random_below(random, 8) == 0)
		return jv_number(pd_random_below(random, 2) ? minimum : maximum);
	value = fmin(fmax(value, minimum), maximum);
	double scale = pow(10, (double)pd_random_below(random, 7));
	double rounded = round(value * scale) / scale;
	if (!isfinite(rounded) || rounded < minimum || rounded > maximum)
		rounded = value;
	return jv_number(rounded);
}

static bool
float_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	double number = jv_number_value(value);
	return number >= pd_json_peek_number(generator, "min", 0) &&
	    number <= pd_json_peek_number(generator, "max", 0);
}

static jv
float_simplest(jv generator, const char *key)
{
	(void)key;
	return jv_number(nearest_to_zero(pd_json_peek_number(generator, "min", 0),
	    pd_json_peek_number(generator, "max", 0)));
}

/*
 * string {min, max, alphabet?}; lengths are in characters
 */
static const char *const nasty[] = {
	"'", "\"", "\\", "`", "$", "<", ">", "&", ";", "%", "{", "}", "/", "@",
	"\n", "\t", " ", "é", "ß", "漢", "🙂", "\xe2\x80\xae", "\xc2\xa0", "0", "-",
};

static enum pd_possible
string_possible(jv generator, struct pd_error *error)
{
	jv_kind alphabet = pd_json_kind_peek(generator, "alphabet");

	if (alphabet != JV_KIND_INVALID && alphabet != JV_KIND_STRING)
		return malformed(generator, error, "alphabet must be a string");
	enum pd_possible possible = length_possible(generator, MOST_TEXT, error);
	if (possible == PD_POSSIBLE && alphabet == JV_KIND_STRING &&
	    pd_json_peek_number(generator, "min", 0) > 0 &&
	    jv_string_length_bytes(pd_json_peek(generator, "alphabet")) == 0)
		return PD_IMPOSSIBLE;
	return possible;
}

static jv
alphabet_characters(jv generator)
{
	return jv_string_explode(pd_json_peek(generator, "alphabet"));
}

/* A length: often short, sometimes up to the maximum. */
static int
draw_length(struct pd_random *random, int minimum, int maximum)
{
	int span = maximum - minimum;

	if (span > 4 && pd_random_below(random, 2) == 0)
		span = 4;
	return minimum + (int)pd_random_below(random, (uint64_t)span + 1);
}

static jv
string_draw(jv generator, struct pd_random *random, const char *key)
{
	int minimum, maximum;
	jv text = jv_string("");

	(void)key;
	length_bounds(generator, &minimum, &maximum);
	int length = draw_length(random, minimum, maximum);
	if (pd_json_has_peek(generator, "alphabet")) {
		jv characters = alphabet_characters(generator);
		int count = jv_array_length(jv_copy(characters));
		for (int i = 0; i < length && count > 0; i++) {
			jv character = jv_array_get(jv_copy(characters),
			    (int)pd_random_below(random, (uint64_t)count));
			text = jv_string_append_codepoint(text,
			    (uint32_t)jv_number_value(character));
			jv_free(character);
		}
		jv_free(characters);
		return text;
	}
	for (int i = 0; i < length; i++) {
		if (pd_random_below(random, 8) == 0)
			text = jv_string_append_str(text, nasty[pd_random_below(
			    random, sizeof(nasty) / sizeof(nasty[0]))]);
		else
			text = jv_string_append_codepoint(text,
			    'a' + (uint32_t)pd_random_below(random, 26));
	}
	return text;
}

static bool
string_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_STRING)
		return false;
	int length = jv_string_length_codepoints(jv_copy(value));
	if (length < pd_json_peek_number(generator, "min", 0) ||
	    length > pd_json_peek_number(generator, "max", 0))
		return false;
	if (!pd_json_has_peek(generator, "alphabet"))
		return true;
	jv allowed = alphabet_characters(generator);
	return jv_contains(allowed, jv_string_explode(jv_copy(value)));
}

static jv
string_simplest(jv generator, const char *key)
{
	int minimum = (int)fmax(0, pd_json_peek_number(generator, "min", 0));
	jv text = jv_string("");
	uint32_t first = 'a';

	(void)key;
	if (pd_json_has_peek(generator, "alphabet") && minimum > 0) {
		jv character = jv_array_get(alphabet_characters(generator), 0);
		first = (uint32_t)jv_number_value(character);
		jv_free(character);
	}
	for (int i = 0; i < minimum; i++)
		text = jv_string_append_codepoint(text, first);
	return text;
}

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
		return malformed(generator, error, "values must be an array");
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
		return malformed(generator, error, "choices must be an array");
	}
	int count = jv_array_length(jv_copy(choices));
	for (int i = 0; i < count && result != PD_MALFORMED; i++) {
		*error = (struct pd_error)PD_ERROR_INIT;
		double weight = choice_weight(choices, i, error);
		if (weight < 0)
			result = error->message[0] != '\0' ? PD_MALFORMED :
			    malformed(generator, error, "a choice must be [weight, generator]");
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

/*
 * list {of, min, max}
 */
static enum pd_possible
list_possible(jv generator, struct pd_error *error)
{
	jv of = pd_json_peek(generator, "of");

	if (!jv_is_valid(of))
		return malformed(generator, error, "it needs of, a generator");
	enum pd_possible possible = pd_generator_possible(of, error);
	jv_free(of);
	if (possible == PD_MALFORMED)
		return possible;
	enum pd_possible length = length_possible(generator, MOST_ELEMENTS, error);
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

	length_bounds(generator, &minimum, &maximum);
	if (pd_generator_possible(of, &ignored) != PD_POSSIBLE)
		maximum = 0;
	int length = draw_length(random, minimum, maximum);
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
	length_bounds(generator, &minimum, &maximum);
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

	length_bounds(generator, &minimum, &maximum);
	for (int i = 0; i < minimum; i++) {
		char *part = pd_format("%s.%d", key, i);
		list = jv_array_append(list, pd_generator_simplest(of, part));
		free(part);
	}
	jv_free(of);
	return list;
}

/*
 * timestamp {from, to}: RFC 3339 in UTC, whole seconds
 */
static jv
format_time(time_t seconds)
{
	char text[PD_TIME_TEXT];

	pd_time_text(seconds, text);
	return jv_string(text);
}

static bool
time_bounds(jv generator, time_t *from, time_t *to)
{
	return pd_parse_time(pd_json_peek_string(generator, "from", NULL), from) &&
	    pd_parse_time(pd_json_peek_string(generator, "to", NULL), to);
}

static enum pd_possible
timestamp_possible(jv generator, struct pd_error *error)
{
	time_t from, to;

	if (!time_bounds(generator, &from, &to))
		return malformed(generator, error,
		    "from and to must be like 2026-01-31T12:00:00Z");
	return from <= to ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

static jv
timestamp_draw(jv generator, struct pd_random *random, const char *key)
{
	time_t from, to;

	(void)key;
	time_bounds(generator, &from, &to);
	return format_time(from +
	    (time_t)pd_random_below(random, (uint64_t)(to - from) + 1));
}

static bool
timestamp_admits(jv generator, jv value)
{
	time_t from, to, at;

	return jv_get_kind(value) == JV_KIND_STRING &&
	    time_bounds(generator, &from, &to) &&
	    pd_parse_time(jv_string_value(value), &at) && at >= from && at <= to;
}

static jv
timestamp_simplest(jv generator, const char *key)
{
	(void)key;
	return pd_json_peek(generator, "from");
}

/*
 * pattern {pattern}
 */
static struct pd_pattern *
compile_pattern(jv generator)
{
	struct pd_error ignored;

	return pd_pattern_compile(
	    pd_json_peek_string(generator, "pattern", ""), &ignored);
}

/* C's functions see a string up to a NUL only. */
static bool
has_nul(jv generator, const char *key)
{
	return strlen(pd_json_peek_string(generator, key, "")) !=
	    (size_t)jv_string_length_bytes(pd_json_peek(generator, key));
}

static enum pd_possible
pattern_possible(jv generator, struct pd_error *error)
{
	const char *text = pd_json_peek_string(generator, "pattern", NULL);

	if (text == NULL)
		return malformed(generator, error, "pattern must be a string");
	if (has_nul(generator, "pattern"))
		return malformed(generator, error, "a pattern cannot hold \\u0000");
	struct pd_pattern *pattern = pd_pattern_compile(text, error);
	if (pattern == NULL)
		return PD_MALFORMED;
	pd_pattern_free(pattern);
	return PD_POSSIBLE;
}

static jv
text_of_pattern(jv generator, struct pd_random *random)
{
	struct pd_pattern *pattern = compile_pattern(generator);
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_text(&text, "");
	if (random != NULL)
		pd_pattern_draw(pattern, random, &text);
	else
		pd_pattern_simplest(pattern, &text);
	jv result = jv_string_sized(text.data, (int)text.length);
	pd_buffer_free(&text);
	pd_pattern_free(pattern);
	return result;
}

static jv
pattern_draw(jv generator, struct pd_random *random, const char *key)
{
	(void)key;
	return text_of_pattern(generator, random);
}

static bool
pattern_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_STRING)
		return false;
	struct pd_pattern *pattern = compile_pattern(generator);
	bool admitted = pd_pattern_matches(pattern, jv_string_value(value),
	    (size_t)jv_string_length_bytes(jv_copy(value)));
	pd_pattern_free(pattern);
	return admitted;
}

static jv
pattern_simplest(jv generator, const char *key)
{
	(void)key;
	return text_of_pattern(generator, NULL);
}

/*
 * mint {template}: a token "@mint.KEY:TEMPLATE", see reference.h
 */
static enum pd_possible
mint_possible(jv generator, struct pd_error *error)
{
	const char *template = pd_json_peek_string(generator, "template", NULL);

	if (template == NULL)
		return malformed(generator, error, "template must be a string");
	if (has_nul(generator, "template"))
		return malformed(generator, error, "a template cannot hold \\u0000");
	if (strcmp(template, "uuid") != 0 && strstr(template, "{}") == NULL)
		return malformed(generator, error,
		    "the template needs {} where the unique part goes");
	return PD_POSSIBLE;
}

static jv
mint_simplest(jv generator, const char *key)
{
	struct pd_buffer token = PD_BUFFER_INIT;

	/* A field's name may hold a colon, but here it ends the key. */
	pd_buffer_text(&token, "@mint.");
	for (; *key != '\0'; key++)
		pd_buffer_append(&token, *key == ':' ? ";" : key, 1);
	pd_buffer_format(&token, ":%s", pd_json_peek_string(generator, "template", ""));
	jv text = jv_string_sized(token.data, (int)token.length);
	pd_buffer_free(&token);
	return text;
}

static jv
mint_draw(jv generator, struct pd_random *random, const char *key)
{
	(void)random;
	return mint_simplest(generator, key);
}

static bool
mint_admits(jv generator, jv value)
{
	const char *colon;

	return jv_get_kind(value) == JV_KIND_STRING &&
	    pd_starts_with(jv_string_value(value), "@mint.") &&
	    (colon = strchr(jv_string_value(value), ':')) != NULL &&
	    strcmp(colon + 1, pd_json_peek_string(generator, "template", "")) == 0;
}

static const struct kind kinds[] = {
	{"int", (const char *const[]){"min", "max", NULL},
	    int_possible, int_draw, int_admits, int_simplest},
	{"float", (const char *const[]){"min", "max", NULL},
	    float_possible, float_draw, float_admits, float_simplest},
	{"string", (const char *const[]){"min", "max", "alphabet", NULL},
	    string_possible, string_draw, string_admits, string_simplest},
	{"oneof", (const char *const[]){"values", NULL},
	    oneof_possible, oneof_draw, oneof_admits, oneof_simplest},
	{"frequency", (const char *const[]){"choices", NULL},
	    frequency_possible, frequency_draw, frequency_admits, frequency_simplest},
	{"list", (const char *const[]){"of", "min", "max", NULL},
	    list_possible, list_draw, list_admits, list_simplest},
	{"timestamp", (const char *const[]){"from", "to", NULL},
	    timestamp_possible, timestamp_draw, timestamp_admits, timestamp_simplest},
	{"pattern", (const char *const[]){"pattern", NULL},
	    pattern_possible, pattern_draw, pattern_admits, pattern_simplest},
	{"mint", (const char *const[]){"template", NULL},
	    mint_possible, mint_draw, mint_admits, mint_simplest},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool
is_generator(jv value)
{
	return jv_get_kind(value) == JV_KIND_OBJECT &&
	    pd_json_has_peek(value, "$gen");
}

/* The kind of a generator that is known to be well formed. */
static const struct kind *
kind_of(jv generator)
{
	const char *name = pd_json_peek_string(generator, "$gen", "");

	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

bool
pd_generator_is(jv generator, const char *kind)
{
	return is_generator(generator) && (kind == NULL ||
	    strcmp(pd_json_peek_string(generator, "$gen", ""), kind) == 0);
}

static enum pd_possible
unknown_kind(jv generator, struct pd_error *error)
{
	const char *names[KINDS];
	const char *name = pd_json_peek_string(generator, "$gen", "");

	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i].name;
	const char *nearest = pd_nearest(name, names, KINDS);
	pd_error_set(error, "unknown generator '%s'", name);
	if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	else
		pd_error_hint(error, "pd-model(5) lists the generators");
	return PD_MALFORMED;
}

static enum pd_possible
check_keys(jv generator, const struct kind *kind, struct pd_error *error)
{
	enum pd_possible result = PD_POSSIBLE;

	jv_object_keys_foreach(generator, name) {
		const char *text = jv_string_value(name);
		bool known = strcmp(text, "$gen") == 0;
		for (const char *const *key = kind->keys; *key != NULL; key++)
			known = known || strcmp(*key, text) == 0;
		if (!known && result == PD_POSSIBLE) {
			char *why = pd_format("unknown key \"%s\"", text);
			result = malformed(generator, error, why);
			free(why);
		}
		jv_free(name);
	}
	return result;
}

/* The worst of the parts of a constant array or object. */
static enum pd_possible
parts_possible(jv value, struct pd_error *error)
{
	enum pd_possible result = PD_POSSIBLE;
	jv parts = jv_get_kind(value) == JV_KIND_OBJECT ? jv_array() : jv_copy(value);

	if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv_object_foreach(value, key, part) {
			jv_free(key);
			parts = jv_array_append(parts, part);
		}
	}
	int count = jv_array_length(jv_copy(parts));
	for (int i = 0; i < count && result != PD_MALFORMED; i++) {
		jv part = jv_array_get(jv_copy(parts), i);
		enum pd_possible possible = pd_generator_possible(part, error);
		if (possible < result)
			result = possible;
		jv_free(part);
	}
	jv_free(parts);
	return result;
}

enum pd_possible
pd_generator_possible(jv generator, struct pd_error *error)
{
	jv_kind type = jv_get_kind(generator);

	if (!is_generator(generator))
		return type == JV_KIND_ARRAY || type == JV_KIND_OBJECT ?
		    parts_possible(generator, error) : PD_POSSIBLE;
	const struct kind *kind = kind_of(generator);
	if (kind == NULL)
		return unknown_kind(generator, error);
	if (check_keys(generator, kind, error) == PD_MALFORMED)
		return PD_MALFORMED;
	return kind->possible(generator, error);
}

/* Apply draw or simplest to every part of a constant. */
static jv
map_parts(jv value, struct pd_random *random, const char *key)
{
	jv result;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		result = jv_array();
		jv_array_foreach(value, i, part) {
			char *name = pd_format("%s.%d", key, i);
			result = jv_array_append(result, random != NULL ?
			    pd_generator_draw(part, random, name) :
			    pd_generator_simplest(part, name));
			free(name);
			jv_free(part);
		}
		return result;
	}
	/* In the order of the names: none of an object leaks into what is drawn. */
	jv names = jv_keys(jv_copy(value));
	result = jv_object();
	jv_array_foreach(names, i, field) {
		jv part = jv_object_get(jv_copy(value), jv_copy(field));
		char *name = pd_format("%s.%s", key, jv_string_value(field));
		result = jv_object_set(result, field, random != NULL ?
		    pd_generator_draw(part, random, name) :
		    pd_generator_simplest(part, name));
		free(name);
		jv_free(part);
	}
	jv_free(names);
	return result;
}

jv
pd_generator_draw(jv generator, struct pd_random *random, const char *key)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator))
		return kind_of(generator)->draw(generator, random, key);
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return map_parts(generator, random, key);
	return jv_copy(generator);
}

jv
pd_generator_simplest(jv generator, const char *key)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator))
		return kind_of(generator)->simplest(generator, key);
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return map_parts(generator, NULL, key);
	return jv_copy(generator);
}

static bool
parts_admit(jv generator, jv value)
{
	bool admitted = true;

	if (jv_get_kind(value) != jv_get_kind(generator))
		return false;
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		if (jv_array_length(jv_copy(generator)) != jv_array_length(jv_copy(value)))
			return false;
		jv_array_foreach(generator, i, part) {
			jv element = jv_array_get(jv_copy(value), i);
			admitted = admitted && pd_generator_admits(part, element);
			jv_free(element);
			jv_free(part);
		}
		return admitted;
	}
	if (jv_object_length(jv_copy(generator)) != jv_object_length(jv_copy(value)))
		return false;
	jv_object_foreach(generator, key, part) {
		jv element = jv_object_get(jv_copy(value), key);
		admitted = admitted && jv_is_valid(element) &&
		    pd_generator_admits(part, element);
		jv_free(element);
		jv_free(part);
	}
	return admitted;
}

bool
pd_generator_admits(jv generator, jv value)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator)) {
		struct pd_error ignored;
		return pd_generator_possible(generator, &ignored) == PD_POSSIBLE &&
		    kind_of(generator)->admits(generator, value);
	}
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return parts_admit(generator, value);
	return jv_equal(jv_copy(generator), jv_copy(value));
}
