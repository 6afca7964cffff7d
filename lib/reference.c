/* SPDX-License-Identifier: MIT */
#include "reference.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "hash.h"
#include "json.h"
#include "text.h"

#define MINT "@mint."

bool
pd_reference_is_mint(const char *text)
{
	return pd_starts_with(text, MINT) && strchr(text, ':') != NULL;
}

bool
pd_reference_parse(const char *text, struct pd_reference *reference)
{
	size_t length = 0;

	if (text[0] != '@' || pd_starts_with(text, MINT))
		return false;
	text++;
	while (isalnum((unsigned char)text[length]) || text[length] == '_' ||
	    text[length] == '-')
		length++;
	if (length == 0 || length >= sizeof(reference->id) ||
	    text[length] != '.' || text[length + 1] == '\0')
		return false;
	memcpy(reference->id, text, length);
	reference->id[length] = '\0';
	reference->event = 0;
	reference->path = text + length + 1;
	char *end;
	long event = strtol(reference->path, &end, 10);
	if (isdigit((unsigned char)reference->path[0]) && *end == '.' &&
	    end[1] != '\0' && event < 100000) {
		reference->event = (int)event;
		reference->path = end + 1;
	}
	return true;
}

jv
pd_reference_token(const char *id, int event, const char *path)
{
	return event == 0 ? jv_string_fmt("@%s.%s", id, path) :
	    jv_string_fmt("@%s.%d.%s", id, event, path);
}

static jv
quote(jv string, void *context)
{
	jv *known = context;

	if (jv_string_value(string)[0] != '@' ||
	    pd_json_has_peek(*known, jv_string_value(string)))
		return string;
	return jv_string_concat(jv_string("@"), string);
}

jv
pd_reference_quote(jv value, jv known)
{
	return pd_json_map_strings(value, quote, &known);
}

static jv
unquote_string(jv string)
{
	const char *text = jv_string_value(string);
	jv data = jv_string_sized(text + 1, jv_string_length_bytes(jv_copy(string)) - 1);

	jv_free(string);
	return data;
}

static jv
unquote(jv string, void *context)
{
	(void)context;
	return pd_starts_with(jv_string_value(string), "@@") ?
	    unquote_string(string) : string;
}

jv
pd_reference_unquote(jv value)
{
	return pd_json_map_strings(value, unquote, NULL);
}

static jv
collect_id(jv string, void *context)
{
	jv *ids = context;
	struct pd_reference reference;

	if (pd_reference_parse(jv_string_value(string), &reference))
		*ids = pd_json_set(*ids, reference.id, jv_true());
	return string;
}

jv
pd_reference_ids(jv value)
{
	jv ids = jv_object();

	jv_free(pd_json_map_strings(value, collect_id, &ids));
	return jv_keys_unsorted(ids);
}

void
pd_bindings_start(struct pd_bindings *bindings, uint64_t seed,
    const char *nonce)
{
	*bindings = (struct pd_bindings){.events = jv_object(), .seed = seed,
		.nonce = nonce};
}

void
pd_bindings_add(struct pd_bindings *bindings, const char *id, jv event)
{
	jv list = pd_json_peek(bindings->events, id);

	/* Taken out first, so that the list can grow in place. */
	bindings->events = pd_json_set(bindings->events, id, jv_null());
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		list = jv_array();
	}
	bindings->events = pd_json_set(bindings->events, id,
	    jv_array_append(list, event));
}

void
pd_bindings_free(struct pd_bindings *bindings)
{
	jv_free(bindings->events);
	bindings->events = jv_invalid();
}

/* The unique part of a minted value: 12 characters, or a UUID. */
static jv
mint(const struct pd_bindings *bindings, const char *token)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *colon = strchr(token, ':');
	const char *template = colon + 1;
	char *name = pd_format("%" PRIu64 "/%s/%.*s", bindings->seed,
	    bindings->nonce, (int)(colon - token), token);
	char digits[PD_HASH_TEXT];

	pd_hash(name, strlen(name), digits);
	uint64_t number = pd_hash_number(name, strlen(name));
	free(name);
	if (strcmp(template, "uuid") == 0)
		return jv_string_fmt("%.8s-%.4s-4%.3s-a%.3s-%.12s", digits,
		    digits + 8, digits + 13, digits + 17, digits + 20);
	char unique[13] = "";
	for (int i = 0; i < 12; i++, number /= 36)
		unique[i] = letters[number % 36];
	const char *hole = strstr(template, "{}");
	if (hole == NULL)
		return jv_string(template);
	return jv_string_fmt("%.*s%s%s", (int)(hole - template), template, unique,
	    hole + 2);
}

/* Follow a dotted path. Consumes value; an invalid jv when it leads nowhere. */
static jv
follow_path(jv value, const char *path)
{
	while (*path != '\0' && jv_is_valid(value)) {
		size_t length = strcspn(path, ".");
		/* A field may have a dot in its name: the whole rest is tried first. */
		if (jv_get_kind(value) == JV_KIND_OBJECT && pd_json_has_peek(value, path))
			return jv_object_get(value, jv_string(path));
		jv key = jv_string_sized(path, (int)length);
		if (jv_get_kind(value) == JV_KIND_OBJECT) {
			value = jv_object_get(value, key);
		} else if (jv_get_kind(value) == JV_KIND_ARRAY &&
		    isdigit((unsigned char)path[0])) {
			jv_free(key);
			value = jv_array_get(value, (int)strtol(path, NULL, 10));
		} else {
			jv_free(key);
			jv_free(value);
			return jv_invalid();
		}
		path += length + (path[length] == '.');
	}
	return value;
}

static jv
lookup(const struct pd_bindings *bindings, const struct pd_reference *reference)
{
	jv events = pd_json_peek(bindings->events, reference->id);

	if (jv_get_kind(events) != JV_KIND_ARRAY) {
		jv_free(events);
		return jv_invalid();
	}
	return follow_path(jv_array_get(events, reference->event), reference->path);
}

struct resolution {
	const struct pd_bindings *bindings;
	struct pd_error *error;
	jv used;		/* {token: value}, when wanted */
};

static void
not_bound(const struct resolution *resolution, const char *token,
    const struct pd_reference *reference)
{
	jv events = pd_json_peek(resolution->bindings->events, reference->id);
	int produced = jv_get_kind(events) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(events)) : 0;

	pd_error_set(resolution->error, "reference %s is not bound", token);
	if (reference->event >= produced) {
		pd_error_hint(resolution->error, "command %s has produced %d events",
		    reference->id, produced);
	} else {
		/* Names only: values may be secret. */
		char *fields = pd_json_excerpt(jv_keys(jv_array_get(jv_copy(events),
		    reference->event)), 200);
		pd_error_hint(resolution->error, "event %d of command %s has the fields %s",
		    reference->event, reference->id, fields);
		free(fields);
	}
	jv_free(events);
}

static jv
resolve(jv string, void *context)
{
	struct resolution *resolution = context;
	const char *text = jv_string_value(string);
	struct pd_reference reference;
	jv value = jv_invalid();

	if (text[0] != '@')
		return string;
	if (pd_starts_with(text, "@@"))
		return unquote_string(string);
	if (pd_reference_is_mint(text)) {
		value = mint(resolution->bindings, text);
	} else if (pd_reference_parse(text, &reference)) {
		value = lookup(resolution->bindings, &reference);
		if (!jv_is_valid(value))
			not_bound(resolution, text, &reference);
	} else {
		return string;
	}
	if (jv_is_valid(value))
		resolution->used = pd_json_set(resolution->used, text, jv_copy(value));
	jv_free(string);
	return value;
}

jv
pd_bindings_resolve(const struct pd_bindings *bindings, jv value,
    struct pd_error *error)
{
	struct resolution resolution = {bindings, error, jv_object()};

	*error = (struct pd_error)PD_ERROR_INIT;
	jv result = pd_json_map_strings(value, resolve, &resolution);
	if (!jv_is_valid(result) && error->message[0] == '\0')
		pd_error_set(error, "a reference stands where an object's key is, "
		    "but what it is bound to is neither text nor a number");
	jv_free(resolution.used);
	return result;
}

static jv
note_used(jv string, void *context)
{
	jv resolved = resolve(jv_copy(string), context);

	jv_free(resolved);
	return string;
}

jv
pd_bindings_used(const struct pd_bindings *bindings, jv value)
{
	struct pd_error ignored;
	struct resolution resolution = {bindings, &ignored, jv_object()};

	jv_free(pd_json_map_strings(value, note_used, &resolution));
	return resolution.used;
}
