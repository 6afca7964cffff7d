/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* jv's messages end in the whole text: "... (while parsing 'TEXT')". */
static void
set_parse_error(struct pd_error *error, jv invalid)
{
	jv message = jv_invalid_get_msg(invalid);
	const char *text = jv_get_kind(message) == JV_KIND_STRING ?
	    jv_string_value(message) : "not a JSON value";

	const char *whole = strstr(text, " (while parsing");
	int length = whole != NULL ? (int)(whole - text) : (int)strlen(text);
	pd_error_set(error, "invalid JSON: %.*s", length, text);
	jv_free(message);
}

/* With an exponent of more digits libjq makes infinity or zero of a number. */
enum { MOST_EXPONENT_DIGITS = 8 };

static size_t
count_digits(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && isdigit((unsigned char)text[count]))
		count++;
	return count;
}

/* The length of JSON's number at text, which libjq takes more freely: +1, 01,
 * .5 and 5. would come out as something else. 0 when it is none. */
static size_t
number_length(const char *text, size_t length)
{
	size_t at = length > 0 && text[0] == '-';
	size_t digits = count_digits(text + at, length - at);

	if (digits == 0 || (digits > 1 && text[at] == '0'))
		return 0;
	at += digits;
	if (at < length && text[at] == '.') {
		digits = count_digits(text + at + 1, length - at - 1);
		if (digits == 0)
			return 0;
		at += 1 + digits;
	}
	if (at < length && (text[at] == 'e' || text[at] == 'E')) {
		at++;
		at += at < length && (text[at] == '+' || text[at] == '-');
		digits = count_digits(text + at, length - at);
		if (digits == 0 || digits > MOST_EXPONENT_DIGITS)
			return 0;
		at += digits;
	}
	return at;
}

/* Where the string that begins here ends: at its quote, or at the end of text. */
static size_t
end_of_string(const char *text, size_t at, size_t length)
{
	while (at < length && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at;
}

/* The most usual of those that are neither of a string nor a number. */
static bool
is_plain(char letter)
{
	return letter == ',' || letter == ':' || letter == '{' || letter == '}' ||
	    letter == '[' || letter == ']' || letter == ' ';
}

/* What libjq would accept although JSON does not know it, or NULL. */
static const char *
find_mistake(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"') {
			i = end_of_string(text, i + 1, length);
		} else if (is_plain(text[i])) {
			continue;
		} else if (text[i] == 'N' || text[i] == 'I' || text[i] == 'i' ||
		    (text[i] == 'n' && i + 1 < length && text[i + 1] == 'a')) {
			return "it knows no NaN and no infinity";
		} else if (isdigit((unsigned char)text[i]) ||
		    strchr("+-.", text[i]) != NULL) {
			size_t number = number_length(text + i, length - i);
			if (number == 0)
				return "a number that it does not know or that cannot be held";
			i += number - 1;
		}
	}
	return NULL;
}

/* What libjq would not mind, or would not survive. Returns 0 or -1. */
static int
check_text(const char *text, size_t length, struct pd_error *error)
{
	ptrdiff_t bad = pd_utf8_invalid(text, length);

	if (bad >= 0)
		return pd_error_set(error, "invalid UTF-8 at byte %td", bad + 1);
	if (length > INT_MAX)
		return pd_error_set(error, "a value of %zu bytes is too long", length);
	if (memchr(text, '\0', length) != NULL)
		return pd_error_set(error, "invalid JSON: a NUL byte");
	const char *mistake = find_mistake(text, length);
	if (mistake != NULL)
		return pd_error_set(error, "invalid JSON: %s", mistake);
	return 0;
}

jv
pd_json_parse_next(struct jv_parser **parser, const char *text, size_t length,
    struct pd_error *error)
{
	/* Only objects show by themselves that they are whole: the closing brace
	 * gives the value, and nothing may remain. */
	if (length == 0 || text[0] != '{')
		return pd_json_parse(text, length, error);
	if (check_text(text, length, error) != 0)
		return jv_invalid();
	if (*parser == NULL)
		*parser = jv_parser_new(0);
	jv_parser_set_buf(*parser, text, (int)length, 1);
	jv value = jv_parser_next(*parser);
	if (jv_is_valid(value) && jv_parser_remaining(*parser) == 0)
		return value;
	/* It may be in the middle of something: begin anew, and say what is wrong. */
	jv_free(value);
	jv_parser_free(*parser);
	*parser = NULL;
	return pd_json_parse(text, length, error);
}

jv
pd_json_parse(const char *text, size_t length, struct pd_error *error)
{
	if (check_text(text, length, error) != 0)
		return jv_invalid();
	jv value = jv_parse_sized(text, (int)length);
	if (!jv_is_valid(value)) {
		set_parse_error(error, value);
		return jv_invalid();
	}
	return value;
}

jv
pd_json_parse_file(const char *path, struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	jv value = jv_invalid();

	if (pd_read_file(path, &content, error) == 0) {
		value = pd_json_parse(content.data, content.length, error);
		snprintf(error->file, sizeof(error->file), "%s", path);
	}
	pd_buffer_free(&content);
	return value;
}

/*
 * Compact text. libjq's own jv_dump_string checks every piece that it appends
 * for UTF-8 and made up a sixth of the instructions of a run over HTTP.
 */
static void
append_string(struct pd_buffer *buffer, jv string)
{
	static const char *const short_forms[] = {['\b'] = "\\b", ['\t'] = "\\t",
		['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
	const char *text = jv_string_value(string);
	size_t length = (size_t)jv_string_length_bytes(jv_copy(string));
	size_t from = 0;

	pd_buffer_append(buffer, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char letter = (unsigned char)text[i];
		if (letter >= ' ' && letter != '"' && letter != '\\' && letter != 127)
			continue;
		pd_buffer_append(buffer, text + from, i - from);
		from = i + 1;
		if (letter == '"' || letter == '\\')
			pd_buffer_append(buffer, letter == '"' ? "\\\"" : "\\\\", 2);
		else if (letter <= '\r' && short_forms[letter] != NULL)
			pd_buffer_append(buffer, short_forms[letter], 2);
		else
			pd_buffer_format(buffer, "\\u%04x", letter);
	}
	pd_buffer_append(buffer, text + from, length - from);
	pd_buffer_append(buffer, "\"", 1);
}

/* A number with the digits that it came with, or as jq prints it. */
static void
append_number(struct pd_buffer *buffer, jv number)
{
	double value = jv_number_value(number);

	if (!jv_number_has_literal(number) && value > -1e15 && value < 1e15 &&
	    value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
		pd_buffer_integer(buffer, (int64_t)value);
		return;
	}
	const char *literal = jv_number_has_literal(number) && !isnan(value) ?
	    jv_number_get_literal(number) : NULL;
	if (literal != NULL) {
		pd_buffer_text(buffer, literal);
		return;
	}
	jv text = jv_dump_string(jv_copy(number), 0);
	pd_buffer_text(buffer, jv_string_value(text));
	jv_free(text);
}

static void
append_object(struct pd_buffer *buffer, jv object)
{
	const char *separator = "{";

	jv_object_foreach(object, key, value) {
		pd_buffer_append(buffer, separator, 1);
		append_string(buffer, key);
		pd_buffer_append(buffer, ":", 1);
		pd_json_append_peek(buffer, value);
		jv_free(key);
		jv_free(value);
		separator = ",";
	}
	pd_buffer_text(buffer, separator[0] == '{' ? "{}" : "}");
}

static void
append_array(struct pd_buffer *buffer, jv array)
{
	const char *separator = "[";

	jv_array_foreach(array, i, value) {
		pd_buffer_append(buffer, separator, 1);
		pd_json_append_peek(buffer, value);
		jv_free(value);
		separator = ",";
	}
	pd_buffer_text(buffer, separator[0] == '[' ? "[]" : "]");
}

void
pd_json_append_peek(struct pd_buffer *buffer, jv value)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_STRING:
		append_string(buffer, value);
		break;
	case JV_KIND_NUMBER:
		append_number(buffer, value);
		break;
	case JV_KIND_ARRAY:
		append_array(buffer, value);
		break;
	case JV_KIND_OBJECT:
		append_object(buffer, value);
		break;
	case JV_KIND_TRUE:
		pd_buffer_text(buffer, "true");
		break;
	case JV_KIND_FALSE:
		pd_buffer_text(buffer, "false");
		break;
	default:
		pd_buffer_text(buffer, "null");
	}
}

jv
pd_json_canonical(jv value)
{
	return jv_dump_string(value, JV_PRINT_SORTED);
}

void
pd_json_hash(jv value, char text[PD_HASH_TEXT])
{
	jv canonical = pd_json_canonical(value);

	pd_hash(jv_string_value(canonical),
	    (size_t)jv_string_length_bytes(jv_copy(canonical)), text);
	jv_free(canonical);
}

jv
pd_json_peek(jv object, const char *key)
{
	if (jv_get_kind(object) != JV_KIND_OBJECT)
		return jv_invalid();
	return jv_object_get(jv_copy(object), jv_string(key));
}

const char *
pd_json_peek_string(jv object, const char *key, const char *fallback)
{
	jv value = pd_json_peek(object, key);
	const char *text = jv_get_kind(value) == JV_KIND_STRING ?
	    jv_string_value(value) : fallback;

	jv_free(value);
	return text;
}

double
pd_json_peek_number(jv object, const char *key, double fallback)
{
	jv value = pd_json_peek(object, key);
	double number = jv_get_kind(value) == JV_KIND_NUMBER ?
	    jv_number_value(value) : fallback;

	jv_free(value);
	return number;
}

bool
pd_json_peek_bool(jv object, const char *key, bool fallback)
{
	switch (pd_json_kind_peek(object, key)) {
	case JV_KIND_TRUE:
		return true;
	case JV_KIND_FALSE:
		return false;
	default:
		return fallback;
	}
}

bool
pd_json_has_peek(jv object, const char *key)
{
	return pd_json_kind_peek(object, key) != JV_KIND_INVALID;
}

jv_kind
pd_json_kind_peek(jv object, const char *key)
{
	jv value = pd_json_peek(object, key);
	jv_kind kind = jv_get_kind(value);

	jv_free(value);
	return kind;
}

int
pd_json_elements_peek(jv object, const char *key, jv *array)
{
	*array = pd_json_peek(object, key);
	return jv_get_kind(*array) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(*array)) : 0;
}

bool
pd_json_integer_peek(jv number, int64_t *integer)
{
	if (jv_get_kind(number) != JV_KIND_NUMBER)
		return false;
	double value = jv_number_value(number);
	if (!(value > -9007199254740992.0 && value < 9007199254740992.0) ||
	    value != (double)(int64_t)value)
		return false;
	*integer = (int64_t)value;
	return true;
}

jv
pd_json_set(jv object, const char *key, jv value)
{
	return jv_object_set(object, jv_string(key), value);
}

jv
pd_json_set_string(jv object, const char *key, const char *value)
{
	return pd_json_set(object, key, jv_string(value));
}

jv
pd_json_set_number(jv object, const char *key, double value)
{
	return pd_json_set(object, key, jv_number(value));
}

/* Is there a part more than depth arrays and objects below the value? */
static bool
is_deeper(jv value, int depth)
{
	bool deeper = false;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		jv_array_foreach(value, i, part) {
			deeper = deeper || depth == 0 || is_deeper(part, depth - 1);
			jv_free(part);
		}
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv_object_foreach(value, key, part) {
			deeper = deeper || depth == 0 || is_deeper(part, depth - 1);
			jv_free(key);
			jv_free(part);
		}
	}
	return deeper;
}

bool
pd_json_is_deep_peek(jv value)
{
	return is_deeper(value, PD_JSON_DEPTH);
}

static jv
map_array(jv array, pd_json_string_map *map, void *context)
{
	int length = jv_array_length(jv_copy(array));

	for (int i = 0; i < length; i++) {
		jv mapped = pd_json_map_strings(
		    jv_array_get(jv_copy(array), i), map, context);
		if (!jv_is_valid(mapped)) {
			jv_free(array);
			return mapped;
		}
		array = jv_array_set(array, i, mapped);
	}
	return array;
}

static jv
map_key(jv key, pd_json_string_map *map, void *context)
{
	jv mapped = map(key, context);

	return jv_get_kind(mapped) == JV_KIND_NUMBER ?
	    jv_dump_string(mapped, 0) : mapped;
}

static jv
map_object(jv object, pd_json_string_map *map, void *context)
{
	jv result = jv_object();

	for (int i = jv_object_iter(object); jv_object_iter_valid(object, i);
	    i = jv_object_iter_next(object, i)) {
		jv key = map_key(jv_object_iter_key(object, i), map, context);
		if (jv_get_kind(key) != JV_KIND_STRING) {
			jv_free(result);
			jv_free(object);
			return jv_is_valid(key) ? (jv_free(key), jv_invalid()) : key;
		}
		jv value = pd_json_map_strings(
		    jv_object_iter_value(object, i), map, context);
		if (!jv_is_valid(value)) {
			jv_free(key);
			jv_free(result);
			jv_free(object);
			return value;
		}
		result = jv_object_set(result, key, value);
	}
	jv_free(object);
	return result;
}

jv
pd_json_map_strings(jv value, pd_json_string_map *map, void *context)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_STRING:
		return map(value, context);
	case JV_KIND_ARRAY:
		return map_array(value, map, context);
	case JV_KIND_OBJECT:
		return map_object(value, map, context);
	default:
		return value;
	}
}

static jv
copy_string(jv string)
{
	return jv_string_sized(jv_string_value(string),
	    jv_string_length_bytes(jv_copy(string)));
}

/* A value (consumed) to which there are so many references of our own. */
static jv
own_value(jv value, int references)
{
	jv_kind kind = jv_get_kind(value);
	jv copy;

	if (kind == JV_KIND_NULL || kind == JV_KIND_TRUE || kind == JV_KIND_FALSE)
		return value;
	if (kind != JV_KIND_OBJECT && kind != JV_KIND_ARRAY &&
	    jv_get_refcnt(value) <= references)
		return value;
	copy = kind == JV_KIND_STRING ? copy_string(value) : pd_json_apart(value);
	jv_free(value);
	return copy;
}

jv
pd_json_own(jv value)
{
	if (jv_get_kind(value) != JV_KIND_OBJECT || jv_get_refcnt(value) > 1)
		return own_value(value, 1);
	jv result = jv_object();
	for (int at = jv_object_iter(value); jv_object_iter_valid(value, at);
	    at = jv_object_iter_next(value, at)) {
		/* The object has one reference, we have the other. */
		jv key = jv_object_iter_key(value, at);
		result = jv_object_set(result, copy_string(key),
		    own_value(jv_object_iter_value(value, at), 2));
		jv_free(key);
	}
	jv_free(value);
	return result;
}

char *
pd_json_excerpt(jv value, size_t limit)
{
	jv text = jv_dump_string(value, 0);
	size_t length = (size_t)jv_string_length_bytes(jv_copy(text));
	char *excerpt;

	if (length <= limit) {
		excerpt = pd_duplicate(jv_string_value(text));
	} else {
		while (limit > 0 && (jv_string_value(text)[limit] & 0xc0) == 0x80)
			limit--;
		excerpt = pd_format("%.*s...", (int)limit, jv_string_value(text));
	}
	jv_free(text);
	return excerpt;
}

jv
pd_json_apart(jv value)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_error ignored;

	if (!jv_is_valid(value))
		return jv_invalid();
	pd_json_append_peek(&text, value);
	jv copy = pd_json_parse(text.data, text.length, &ignored);
	pd_buffer_free(&text);
	return copy;
}

/* Numbers that a double holds, without the digits they came with. */
static jv
plain_numbers(jv value)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_NUMBER: {
		double number = jv_number_value(value);
		if (fabs(number) >= 9007199254740992.0)
			return value;
		jv_free(value);
		return jv_number(number);
	}
	case JV_KIND_ARRAY: {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count; i++)
			value = jv_array_set(value, i,
			    plain_numbers(jv_array_get(jv_copy(value), i)));
		return value;
	}
	case JV_KIND_OBJECT: {
		jv result = jv_object();
		jv_object_foreach(value, key, part) {
			result = jv_object_set(result, key, plain_numbers(part));
		}
		jv_free(value);
		return result;
	}
	default:
		return value;
	}
}

jv
pd_json_identity(jv value)
{
	return pd_json_canonical(plain_numbers(value));
}
