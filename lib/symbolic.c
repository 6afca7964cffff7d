/* SPDX-License-Identifier: MIT */
#include "symbolic.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "reference.h"

/* Shorter text than this, and text without a digit, may well be a word that
 * stands in many places; from so many bytes on it cannot be. */
enum { LEAST_ID = 4, SURE_ID = 12, SURE_DIGITS = 10 };

/* The value's text, equal for equal values, as a key of holders. */
static jv
text_of(jv value)
{
	return pd_json_canonical(jv_copy(value));
}

static void
learn(struct pd_symbols *symbols, const char *token, jv value)
{
	jv text = text_of(value);
	jv list = pd_json_peek(symbols->holders, jv_string_value(text));

	symbols->tokens = pd_json_set(symbols->tokens, token, jv_copy(value));
	if (!jv_is_valid(list))
		list = jv_array();
	symbols->holders = jv_object_set(symbols->holders, text,
	    jv_array_append(list, jv_string(token)));
}

void
pd_symbols_start(struct pd_symbols *symbols, jv references)
{
	*symbols = (struct pd_symbols){.references = references,
		.tokens = jv_object(), .holders = jv_object()};
	if (jv_get_kind(references) != JV_KIND_OBJECT) {
		jv_free(references);
		symbols->references = jv_object();
	}
	jv tokens = jv_keys(jv_copy(symbols->references));
	jv_array_foreach(tokens, i, token) {
		if (pd_reference_is_mint(jv_string_value(token))) {
			jv value = pd_json_peek(symbols->references,
			    jv_string_value(token));
			learn(symbols, jv_string_value(token), value);
			jv_free(value);
		}
		jv_free(token);
	}
	jv_free(tokens);
}

void
pd_symbols_free(struct pd_symbols *symbols)
{
	jv_free(symbols->references);
	jv_free(symbols->tokens);
	jv_free(symbols->holders);
}

struct walk {
	struct pd_symbols *symbols;
	const char *id;
	int number;
	jv command;
	struct pd_buffer path;	/* dotted, as in tokens */
	jv bound;		/* {path: token} in this event */
};

static size_t
enter(struct walk *walk, const char *name)
{
	size_t before = walk->path.length;

	pd_buffer_format(&walk->path, before == 0 ? "%s" : ".%s", name);
	return before;
}

static void
leave(struct walk *walk, size_t before)
{
	walk->path.length = before;
	walk->path.data[before] = '\0';
}

/* The parts of an object or array, one after the other, each with what is
 * predicted in its place. */
typedef jv part_function(struct walk *, jv part, jv predicted, const char *name);

static jv
each_field(struct walk *walk, jv object, jv predicted, part_function *function)
{
	jv keys = jv_keys(jv_copy(object));

	jv_array_foreach(keys, i, key) {
		const char *name = jv_string_value(key);
		jv expected = pd_json_peek(predicted, name);
		jv part = jv_object_get(jv_copy(object), jv_copy(key));
		size_t before = enter(walk, name);
		object = jv_object_set(object, jv_copy(key),
		    function(walk, part, expected, name));
		leave(walk, before);
		jv_free(expected);
		jv_free(key);
	}
	jv_free(keys);
	return object;
}

static jv
each_element(struct walk *walk, jv array, jv predicted, const char *name,
    part_function *function)
{
	int count = jv_array_length(jv_copy(array));
	int known = jv_get_kind(predicted) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(predicted)) : 0;
	char index[16];

	for (int i = 0; i < count; i++) {
		jv expected = i < known ? jv_array_get(jv_copy(predicted), i) :
		    jv_invalid();
		snprintf(index, sizeof(index), "%d", i);
		size_t before = enter(walk, index);
		array = jv_array_set(array, i, function(walk,
		    jv_array_get(jv_copy(array), i), expected, name));
		leave(walk, before);
		jv_free(expected);
	}
	return array;
}

static bool
is_bound(const struct walk *walk, jv predicted, const char *token)
{
	return jv_is_valid(predicted) ? jv_get_kind(predicted) == JV_KIND_OBJECT &&
	    pd_json_has_peek(predicted, "$external") :
	    pd_json_has_peek(walk->symbols->references, token);
}

/* Note what is bound in this event. Gives the value back. */
static jv
bind(struct walk *walk, jv value, jv predicted, const char *name)
{
	jv_kind kind = jv_get_kind(value);
	jv token = pd_reference_token(walk->id, walk->number,
	    walk->path.length == 0 ? "" : walk->path.data);

	if (kind != JV_KIND_NULL && walk->path.length > 0 &&
	    is_bound(walk, predicted, jv_string_value(token))) {
		learn(walk->symbols, jv_string_value(token), value);
		walk->bound = pd_json_set(walk->bound, walk->path.data, token);
		return value;
	}
	jv_free(token);
	if (kind == JV_KIND_OBJECT)
		return each_field(walk, value, predicted, bind);
	if (kind == JV_KIND_ARRAY)
		return each_element(walk, value, predicted, name, bind);
	return value;
}

/* Can text or a number hardly be anything else than this one id? */
static bool
is_unmistakable(jv value)
{
	jv text = text_of(value);
	const char *letters = jv_string_value(text);
	size_t length = strlen(letters), digits = 0;
	bool string = jv_get_kind(value) == JV_KIND_STRING;

	for (size_t i = 0; i < length; i++)
		digits += isdigit((unsigned char)letters[i]) != 0;
	length -= string ? 2 : 0;	/* its quotes */
	jv_free(text);
	if (!string)
		return jv_get_kind(value) == JV_KIND_NUMBER && digits >= SURE_DIGITS;
	return length >= SURE_ID ||
	    (length >= LEAST_ID && digits > 0 && digits < length);
}

/* The last name in a token's path: "account" of "@c3.account". */
static const char *
field_of(const char *token)
{
	const char *dot = strrchr(token, '.');

	return dot != NULL ? dot + 1 : token;
}

static jv
argument(const struct walk *walk, const char *name)
{
	return pd_json_peek(walk->command, name);
}

/* The token that a value stands for, or an invalid jv. */
static jv
token_for(const struct walk *walk, jv value, const char *name)
{
	jv text = text_of(value);
	jv list = pd_json_peek(walk->symbols->holders, jv_string_value(text));
	jv found = jv_invalid();

	jv_free(text);
	if (!jv_is_valid(list))
		return found;
	jv given = argument(walk, name);
	bool sure = is_unmistakable(value);
	jv_array_foreach(list, i, token) {
		if (jv_is_valid(given) && jv_equal(jv_copy(given), jv_copy(token))) {
			jv_free(found);
			found = jv_copy(token);
		} else if (!jv_is_valid(found) && (sure ||
		    strcmp(field_of(jv_string_value(token)), name) == 0)) {
			found = jv_copy(token);
		}
		jv_free(token);
	}
	jv_free(given);
	jv_free(list);
	return found;
}

static bool
is_word_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '-';
}

/* Text with the ids among its words replaced: "/accounts/acc_7". */
static jv
replace_words(const struct walk *walk, jv string)
{
	struct pd_buffer result = PD_BUFFER_INIT;
	const char *text = jv_string_value(string);
	size_t length = (size_t)jv_string_length_bytes(jv_copy(string));
	bool changed = false;

	for (size_t i = 0; i < length;) {
		size_t end = i;
		while (end < length && is_word_byte(text[end]))
			end++;
		jv word = jv_string_sized(text + i, (int)(end - i));
		jv token = end - i >= LEAST_ID && is_unmistakable(word) ?
		    token_for(walk, word, "") : jv_invalid();
		changed = changed || jv_is_valid(token);
		if (jv_is_valid(token))
			pd_buffer_text(&result, jv_string_value(token));
		else
			pd_buffer_append(&result, text + i, end - i);
		jv_free(token);
		jv_free(word);
		if (end < length)
			pd_buffer_append(&result, text + end++, 1);
		i = end;
	}
	if (changed) {
		jv_free(string);
		string = jv_string_sized(result.data, (int)result.length);
	}
	pd_buffer_free(&result);
	return string;
}

static jv
replace_leaf(const struct walk *walk, jv value, jv predicted, const char *name)
{
	jv_kind kind = jv_get_kind(value);

	if (kind != JV_KIND_STRING && kind != JV_KIND_NUMBER)
		return value;
	if (jv_get_kind(predicted) == JV_KIND_STRING) {
		jv stood_for = pd_json_peek(walk->symbols->tokens,
		    jv_string_value(predicted));
		bool same = jv_is_valid(stood_for) &&
		    jv_equal(jv_copy(stood_for), jv_copy(value));
		jv_free(stood_for);
		if (same) {
			jv_free(value);
			return jv_copy(predicted);
		}
	}
	jv token = token_for(walk, value, name);
	if (jv_is_valid(token)) {
		jv_free(value);
		return token;
	}
	return kind == JV_KIND_STRING ? replace_words(walk, value) : value;
}

/* Keys that are ids, too. */
static jv
replace_keys(const struct walk *walk, jv object)
{
	jv keys = jv_keys(jv_copy(object));

	jv_array_foreach(keys, i, key) {
		jv token = is_unmistakable(key) ? token_for(walk, key, "") :
		    jv_invalid();
		if (jv_is_valid(token)) {
			jv part = jv_object_get(jv_copy(object), jv_copy(key));
			object = jv_object_set(jv_object_delete(object, jv_copy(key)),
			    token, part);
		}
		jv_free(key);
	}
	jv_free(keys);
	return object;
}

static jv
replace(struct walk *walk, jv value, jv predicted, const char *name)
{
	jv token = walk->path.length == 0 ? jv_invalid() :
	    pd_json_peek(walk->bound, walk->path.data);

	if (jv_is_valid(token)) {
		jv_free(value);
		return token;
	}
	switch (jv_get_kind(value)) {
	case JV_KIND_OBJECT:
		return replace_keys(walk, each_field(walk, value, predicted, replace));
	case JV_KIND_ARRAY:
		return each_element(walk, value, predicted, name, replace);
	default:
		return strcmp(name, "type") == 0 ? value :
		    replace_leaf(walk, value, predicted, name);
	}
}

jv
pd_symbols_event(struct pd_symbols *symbols, const char *id, int number,
    jv event, jv predicted, jv command)
{
	struct walk walk = {.symbols = symbols, .id = id, .number = number,
		.command = command, .bound = jv_object()};

	event = bind(&walk, event, predicted, "");
	event = replace(&walk, event, predicted, "");
	pd_buffer_free(&walk.path);
	jv_free(walk.bound);
	return event;
}

jv
pd_symbols_events(jv records, jv references)
{
	struct pd_symbols symbols;
	jv seen = jv_object();

	pd_symbols_start(&symbols, jv_copy(references));
	jv_array_foreach(records, i, record) {
		const char *id = pd_json_peek_string(record, "id", NULL);
		if (id != NULL) {
			jv list = pd_json_peek(seen, id);
			if (!jv_is_valid(list))
				list = jv_array();
			jv event = pd_symbols_event(&symbols, id,
			    jv_array_length(jv_copy(list)), pd_json_peek(record, "event"),
			    jv_invalid(), jv_invalid());
			seen = pd_json_set(seen, id, jv_array_append(list, event));
		}
		jv_free(record);
	}
	pd_symbols_free(&symbols);
	return seen;
}
