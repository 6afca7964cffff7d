/* SPDX-License-Identifier: MIT */
#include "hole.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "text.h"

/* Markers of text have a character that is encoded in URLs, so that it shows
 * whether they were. Markers of numbers are as long as each other. */
#define MARKER_TEXT "pd9Zhole%04zu/ z"
#define MARKER_ENCODED "pd9Zhole%04zu%%2F%%20z"
enum { MARKER_NUMBER = 1771900000 };

static struct pd_hole *
new_hole(struct pd_holes *holes, const char *variable)
{
	holes->list = pd_reallocate(holes->list, holes->count + 1,
	    sizeof(*holes->list));
	struct pd_hole *hole = &holes->list[holes->count++];
	*hole = (struct pd_hole){.variable = pd_duplicate(variable)};
	return hole;
}

static bool
is_taken(const struct pd_holes *holes, const char *name)
{
	for (size_t i = 0; i < holes->count; i++)
		if (strcmp(holes->list[i].variable, name) == 0)
			return true;
	return false;
}

char *
pd_holes_name(const struct pd_holes *holes, const char *prefix, const char *rest)
{
	char *name = isdigit((unsigned char)prefix[0]) ? pd_format("c%s_%s", prefix, rest) :
	    pd_format("%s_%s", prefix, rest);

	for (char *at = name; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
	size_t length = strlen(name);
	for (int i = 2; is_taken(holes, name); i++) {
		char *numbered = pd_format("%.*s_%d", (int)length, name, i);
		free(name);
		name = numbered;
	}
	return name;
}

jv
pd_holes_add(struct pd_holes *holes, const char *variable, jv like)
{
	size_t number = holes->count;
	struct pd_hole *hole = new_hole(holes, variable);

	if (jv_get_kind(like) == JV_KIND_NUMBER) {
		hole->marker = jv_number((double)MARKER_NUMBER + (double)number);
		hole->text = pd_format("%zu", MARKER_NUMBER + number);
		hole->encoded = pd_duplicate(hole->text);
	} else {
		hole->text = pd_format(MARKER_TEXT, number);
		hole->encoded = pd_format(MARKER_ENCODED, number);
		hole->marker = jv_string(hole->text);
	}
	return jv_copy(hole->marker);
}

jv
pd_holes_add_environment(struct pd_holes *holes, const char *variable)
{
	jv marker = pd_holes_add(holes, variable, jv_null());

	holes->list[holes->count - 1].environment = true;
	return marker;
}

static jv
reference_to(const struct pd_hole *hole)
{
	return pd_json_set_string(jv_object(), hole->environment ? "environment" :
	    "variable", hole->variable);
}

/* Percent-encoded as jq's @uri does it. */
static char *
encode(const char *text)
{
	char *encoded = curl_easy_escape(NULL, text, (int)strlen(text));
	char *result = pd_duplicate(encoded != NULL ? encoded : "");

	curl_free(encoded);
	return result;
}

void
pd_holes_add_value(struct pd_holes *holes, const char *variable, jv value)
{
	struct pd_hole *hole = new_hole(holes, variable);
	jv text = jv_get_kind(value) == JV_KIND_STRING ? jv_copy(value) :
	    jv_dump_string(jv_copy(value), 0);

	hole->marker = jv_copy(value);
	hole->text = pd_duplicate(jv_string_value(text));
	hole->encoded = encode(hole->text);
	hole->word = true;
	jv_free(text);
}

void
pd_holes_copy(struct pd_holes *to, const struct pd_holes *from)
{
	*to = (struct pd_holes)PD_HOLES_INIT;
	for (size_t i = 0; i < from->count; i++) {
		const struct pd_hole *hole = &from->list[i];
		struct pd_hole *copy = new_hole(to, hole->variable);
		*copy = (struct pd_hole){copy->variable, jv_copy(hole->marker),
			pd_duplicate(hole->text), pd_duplicate(hole->encoded),
			hole->environment, hole->word};
	}
}

void
pd_holes_free(struct pd_holes *holes)
{
	for (size_t i = 0; i < holes->count; i++) {
		free(holes->list[i].variable);
		free(holes->list[i].text);
		free(holes->list[i].encoded);
		jv_free(holes->list[i].marker);
	}
	free(holes->list);
	*holes = (struct pd_holes)PD_HOLES_INIT;
}

static bool
is_word_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '-';
}

/* Does the hole's text stand here? Ids and numbers are not part of a longer
 * word. */
static size_t
matches(const struct pd_hole *hole, const char *form, const char *start,
    const char *at)
{
	if (form[0] == '\0' || form[0] != at[0])	/* most of the time */
		return 0;
	size_t length = strlen(form);
	bool whole = hole->word || jv_get_kind(hole->marker) == JV_KIND_NUMBER;

	if (strncmp(at, form, length) != 0)
		return 0;
	bool inside = (at > start && is_word_byte(at[-1])) || is_word_byte(at[length]);
	if (whole && inside)
		return 0;
	return length;
}

static const struct pd_hole *
hole_at(const struct pd_holes *holes, const char *start, const char *at,
    size_t *length, bool *encoded)
{
	for (size_t i = 0; i < holes->count; i++) {
		const struct pd_hole *hole = &holes->list[i];
		*encoded = false;
		if ((*length = matches(hole, hole->text, start, at)) > 0)
			return hole;
		*encoded = true;
		if ((*length = matches(hole, hole->encoded, start, at)) > 0)
			return hole;
	}
	return NULL;
}

static jv
add_literal(jv parts, const char *bytes, size_t length)
{
	return length == 0 ? parts :
	    jv_array_append(parts, jv_string_sized(bytes, (int)length));
}

jv
pd_holes_text(const struct pd_holes *holes, jv text)
{
	const char *start = jv_string_value(text), *literal = start, *at = start;
	const char *end = start + jv_string_length_bytes(jv_copy(text));
	jv parts = jv_array();
	size_t length;
	bool encoded;

	while (at < end) {
		const struct pd_hole *hole = hole_at(holes, start, at, &length, &encoded);
		if (hole == NULL) {
			at++;
			continue;
		}
		parts = add_literal(parts, literal, (size_t)(at - literal));
		jv part = reference_to(hole);
		if (encoded)
			part = pd_json_set_string(part, "encode", "uri");
		parts = jv_array_append(parts, part);
		literal = at += length;
	}
	parts = add_literal(parts, literal, (size_t)(end - literal));
	jv_free(text);
	return parts;
}

jv
pd_holes_constant(jv parts)
{
	int count = jv_array_length(jv_copy(parts));
	jv first = count == 1 ? jv_array_get(jv_copy(parts), 0) : jv_string("");

	if (count <= 1 && jv_get_kind(first) == JV_KIND_STRING)
		return first;
	jv_free(first);
	return jv_invalid();
}

static jv
constant(jv value)
{
	return pd_json_set(jv_object(), "constant", value);
}

/* A string or number: a hole, text with holes, or nothing of the kind. */
static jv
leaf(const struct pd_holes *holes, jv value)
{
	for (size_t i = 0; i < holes->count; i++)
		if (jv_equal(jv_copy(value), jv_copy(holes->list[i].marker))) {
			jv_free(value);
			return reference_to(&holes->list[i]);
		}
	if (jv_get_kind(value) != JV_KIND_STRING)
		return constant(value);
	jv parts = pd_holes_text(holes, jv_copy(value));
	jv same = pd_holes_constant(parts);
	if (jv_is_valid(same)) {
		jv_free(same);
		jv_free(parts);
		return constant(value);
	}
	jv_free(value);
	return pd_json_set(jv_object(), "text", parts);
}

static jv
array(const struct pd_holes *holes, jv value)
{
	jv parts = jv_array();
	bool any = false;

	jv_array_foreach(value, i, element) {
		jv part = pd_holes_value(holes, element);
		any = any || !pd_json_has_peek(part, "constant");
		parts = jv_array_append(parts, part);
	}
	if (!any) {
		jv_free(parts);
		return constant(value);
	}
	jv_free(value);
	return pd_json_set(jv_object(), "array", parts);
}

static jv
object(const struct pd_holes *holes, jv value)
{
	jv fields = jv_array();
	bool any = false;

	jv_object_foreach(value, key, part) {
		jv name = pd_holes_text(holes, key);
		jv same = pd_holes_constant(name);
		part = pd_holes_value(holes, part);
		any = any || !jv_is_valid(same) || !pd_json_has_peek(part, "constant");
		fields = jv_array_append(fields, JV_ARRAY(name, part));
		jv_free(same);
	}
	if (!any) {
		jv_free(fields);
		return constant(value);
	}
	jv_free(value);
	return pd_json_set(jv_object(), "object", fields);
}

jv
pd_holes_value(const struct pd_holes *holes, jv value)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_ARRAY: return array(holes, value);
	case JV_KIND_OBJECT: return object(holes, value);
	default: return leaf(holes, value);
	}
}

bool
pd_holes_match(jv parts, jv text)
{
	const char *at = jv_string_value(text);
	bool matches = true, open = false;	/* open: a hole stands before */

	jv_array_foreach(parts, i, part) {
		if (jv_get_kind(part) == JV_KIND_STRING && matches) {
			const char *found = strstr(at, jv_string_value(part));
			matches = found != NULL && (open || found == at);
			if (matches)
				at = found + strlen(jv_string_value(part));
			open = false;
		} else {
			open = true;
		}
		jv_free(part);
	}
	return matches && (open || *at == '\0');
}

/* Constants may hold anything, so they are not looked into. */
static void
collect(jv value, const char *kind, jv *names)
{
	const char *name = pd_json_peek_string(value, kind, NULL);

	if (name != NULL) {
		*names = pd_json_set(*names, name, jv_true());
	} else if (jv_get_kind(value) == JV_KIND_ARRAY) {
		jv_array_foreach(value, i, part) {
			collect(part, kind, names);
			jv_free(part);
		}
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv_object_foreach(value, key, part) {
			if (strcmp(jv_string_value(key), "constant") != 0)
				collect(part, kind, names);
			jv_free(key);
			jv_free(part);
		}
	}
}

static jv
names_of(jv with_holes, const char *kind)
{
	jv names = jv_object();

	collect(with_holes, kind, &names);
	return jv_keys(names);
}

jv
pd_holes_variables(jv with_holes)
{
	return names_of(with_holes, "variable");
}

jv
pd_holes_environment(jv with_holes)
{
	return names_of(with_holes, "environment");
}
