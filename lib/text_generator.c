/* SPDX-License-Identifier: MIT */
/* Generators of texts. */
#include "generator_kind.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "json.h"
#include "pattern.h"
#include "text.h"

enum {
	MOST_TEXT = 100000,	/* characters */
};

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
		return pd_generator_malformed(generator, error, "alphabet must be a string");
	enum pd_possible possible = pd_generator_length_possible(generator, MOST_TEXT, error);
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

static jv
string_draw(jv generator, struct pd_random *random, const char *key)
{
	int minimum, maximum;
	jv text = jv_string("");

	(void)key;
	pd_generator_length_bounds(generator, &minimum, &maximum);
	int length = pd_generator_draw_length(random, minimum, maximum);
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

const struct pd_generator_kind pd_string_generator = {
	.name = "string", .keys = (const char *const[]){"min", "max", "alphabet", NULL},
	.possible = string_possible, .draw = string_draw,
	.admits = string_admits, .simplest = string_simplest,
};

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
		return pd_generator_malformed(generator, error,
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

const struct pd_generator_kind pd_timestamp_generator = {
	.name = "timestamp", .keys = (const char *const[]){"from", "to", NULL},
	.possible = timestamp_possible, .draw = timestamp_draw,
	.admits = timestamp_admits, .simplest = timestamp_simplest,
};

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
		return pd_generator_malformed(generator, error, "pattern must be a string");
	if (has_nul(generator, "pattern"))
		return pd_generator_malformed(generator, error, "a pattern cannot hold \\u0000");
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

const struct pd_generator_kind pd_pattern_generator = {
	.name = "pattern", .keys = (const char *const[]){"pattern", NULL},
	.possible = pattern_possible, .draw = pattern_draw,
	.admits = pattern_admits, .simplest = pattern_simplest,
};

/*
 * mint {template}: a token "@mint.KEY:TEMPLATE", see reference.h
 */
static enum pd_possible
mint_possible(jv generator, struct pd_error *error)
{
	const char *template = pd_json_peek_string(generator, "template", NULL);

	if (template == NULL)
		return pd_generator_malformed(generator, error, "template must be a string");
	if (has_nul(generator, "template"))
		return pd_generator_malformed(generator, error, "a template cannot hold \\u0000");
	if (strcmp(template, "uuid") != 0 && strstr(template, "{}") == NULL)
		return pd_generator_malformed(generator, error,
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

const struct pd_generator_kind pd_mint_generator = {
	.name = "mint", .keys = (const char *const[]){"template", NULL},
	.possible = mint_possible, .draw = mint_draw,
	.admits = mint_admits, .simplest = mint_simplest,
};
