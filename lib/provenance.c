/* SPDX-License-Identifier: MIT */
#include "provenance.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "leaf.h"

enum {
	MOST_LEAVES = 500,	/* of a reply or of outputs that are looked at */
	MOST_OCCURRENCES = 8,	/* of a value in a text */
	MARKER_NUMBER = 1881900007,
};

#define MARKER_WORD "pd9Zleaf"

static jv
with_text(jv reply)
{
	jv body = pd_json_peek(reply, "body");

	if (jv_is_valid(body) && jv_get_kind(body) != JV_KIND_NULL &&
	    !pd_json_has_peek(reply, "text"))
		return pd_json_set(reply, "text", jv_dump_string(body, 0));
	jv_free(body);
	return reply;
}

jv
pd_provenance_interpret(struct pd_adapter *adapter, jv command, jv reply)
{
	struct pd_error ignored;
	jv outputs = pd_adapter_interpret(adapter, command,
	    with_text(jv_copy(reply)), &ignored);

	if (!jv_is_valid(outputs)) {
		jv_free(outputs);
		return jv_invalid();
	}
	return outputs;
}

jv
pd_provenance_with_status(jv reply, int status)
{
	const char *name = pd_json_has_peek(reply, "exit") ? "exit" : "status";

	return pd_json_set_number(reply, name, status);
}

jv
pd_provenance_place(jv path)
{
	jv first = jv_array_get(jv_copy(path), 0);
	const char *name = jv_get_kind(first) == JV_KIND_STRING ?
	    jv_string_value(first) : "";
	jv place = jv_invalid();

	if (strcmp(name, "body") == 0) {
		place = pd_json_set(pd_json_set_string(jv_object(), "in", "body"), "path",
		    jv_array_slice(jv_copy(path), 1, jv_array_length(jv_copy(path))));
	} else if (strcmp(name, "headers") == 0) {
		place = pd_json_set(pd_json_set_string(jv_object(), "in", "header"),
		    "name", jv_array_get(jv_copy(path), 1));
	} else if (strcmp(name, "status") == 0 || strcmp(name, "text") == 0 ||
	    strcmp(name, "exit") == 0 || strcmp(name, "stdout") == 0 ||
	    strcmp(name, "stderr") == 0) {
		place = pd_json_set_string(jv_object(), "in", name);
	}
	jv_free(first);
	return place;
}

/* The way back from a place to the reply's path. */
static jv
path_of(jv place)
{
	const char *in = pd_json_peek_string(place, "in", "");

	if (strcmp(in, "body") == 0)
		return jv_array_concat(JV_ARRAY(jv_string("body")),
		    pd_json_peek(place, "path"));
	if (strcmp(in, "header") == 0)
		return JV_ARRAY(jv_string("headers"), pd_json_peek(place, "name"));
	return JV_ARRAY(jv_string(in));
}

static jv
as_text(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
}

jv
pd_provenance_read(jv reply, jv place)
{
	jv path = path_of(place);
	jv value = pd_leaf_peek(reply, path);
	const char *before = pd_json_peek_string(place, "before", NULL);
	const char *after = pd_json_peek_string(place, "after", NULL);
	bool number = pd_json_has_peek(place, "as");

	jv_free(path);
	if (jv_get_kind(value) != JV_KIND_STRING || (before == NULL && after == NULL))
		return value;
	const char *start = strstr(jv_string_value(value), before != NULL ? before : "");
	if (start != NULL)
		start += before != NULL ? strlen(before) : 0;
	const char *end = start == NULL ? NULL : after == NULL || after[0] == '\0' ?
	    start + strlen(start) : strstr(start, after);
	jv part = jv_invalid();
	if (end != NULL)
		part = jv_string_sized(start, (int)(end - start));
	jv_free(value);
	if (number && jv_is_valid(part)) {
		struct pd_error ignored;
		jv parsed = pd_json_parse(jv_string_value(part),
		    (size_t)jv_string_length_bytes(jv_copy(part)), &ignored);
		jv_free(part);
		return parsed;
	}
	return part;
}

/* Which kind of output stands at a position: an event's type, or a mark. */
static const char *
kind_of(jv output)
{
	static const char *const marks[] = {"$retry", "$unexpected", "$follow"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (pd_json_has_peek(output, marks[i]))
			return marks[i];
	return pd_json_peek_string(output, "type", "");
}

/* Did the reply with a marker mean the same kind of thing? */
static bool
same_kinds(jv outputs, jv others)
{
	int count = jv_array_length(jv_copy(outputs));
	bool same = jv_is_valid(others) && jv_array_length(jv_copy(others)) == count;

	for (int i = 0; i < count && same; i++) {
		jv one = jv_array_get(jv_copy(outputs), i);
		jv other = jv_array_get(jv_copy(others), i);
		same = strcmp(kind_of(one), kind_of(other)) == 0;
		jv_free(one);
		jv_free(other);
	}
	return same;
}

struct origins {
	struct pd_adapter *adapter;
	jv command, reply, outputs;
	jv paths;		/* of the outputs' scalars */
	jv found;		/* [{output, at}] */
};

static bool
is_known(const struct origins *origins, jv path)
{
	jv place = pd_provenance_of(origins->found, path);
	bool known = jv_is_valid(place);

	jv_free(place);
	return known;
}

static void
note(struct origins *origins, jv path, jv place)
{
	origins->found = jv_array_append(origins->found, pd_json_set(pd_json_set(
	    jv_object(), "output", jv_copy(path)), "at", jv_copy(place)));
}

jv
pd_provenance_replaced(jv reply, jv path, jv with)
{
	jv first = jv_array_get(jv_copy(path), 0);
	jv changed = pd_leaf_replace(jv_copy(reply), path, jv_copy(with));

	if (jv_get_kind(first) == JV_KIND_STRING &&
	    strcmp(jv_string_value(first), "body") == 0)
		changed = jv_object_delete(changed, jv_string("text"));
	jv_free(first);
	return changed;
}

/* What the adapter makes of the reply with a marker in a place; an invalid jv when
 * that means something else. */
static jv
ask(const struct origins *origins, jv path, jv marker)
{
	jv changed = pd_provenance_replaced(origins->reply, path, marker);
	jv outputs = pd_provenance_interpret(origins->adapter, origins->command, changed);

	jv_free(changed);
	if (!same_kinds(origins->outputs, outputs)) {
		jv_free(outputs);
		return jv_invalid();
	}
	return outputs;
}

/* A value of the same type that stands nowhere else. Borrows it. */
static jv
marker_like(jv value)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_NUMBER: return jv_number(MARKER_NUMBER);
	case JV_KIND_TRUE: return jv_false();
	case JV_KIND_FALSE: return jv_true();
	case JV_KIND_ARRAY: return JV_ARRAY(jv_string(MARKER_WORD));
	default: return jv_string(MARKER_WORD);
	}
}

static bool
is_boolean(jv value)
{
	return jv_get_kind(value) == JV_KIND_TRUE || jv_get_kind(value) == JV_KIND_FALSE;
}

/* A part of the reply as a whole: which scalars of the outputs become the marker? */
static void
probe_whole(struct origins *origins, jv path)
{
	jv place = pd_provenance_place(path);
	jv value = pd_leaf_peek(origins->reply, path);
	jv marker = marker_like(value);
	jv outputs = jv_is_valid(place) ? ask(origins, path, marker) : jv_invalid();

	if (jv_is_valid(outputs))
		jv_array_foreach(origins->paths, i, output) {
			jv before = pd_leaf_peek(origins->outputs, output);
			jv after = pd_leaf_peek(outputs, output);
			if (jv_is_valid(after) && jv_equal(jv_copy(after), jv_copy(marker)) &&
			    (!is_boolean(value) || jv_equal(jv_copy(before), jv_copy(value))) &&
			    !is_known(origins, output))
				note(origins, output, place);
			jv_free(before);
			jv_free(after);
			jv_free(output);
		}
	jv_free(outputs);
	jv_free(marker);
	jv_free(value);
	jv_free(place);
}

/* So much of what stands before a value that its first occurrence is the right
 * one, and words are whole; all of it when there is little. */
static size_t
before_length(const char *text, size_t at)
{
	size_t length = 0;

	while (length < at) {
		length++;
		const char *start = text + at - length;
		bool inside = length < at && isalnum((unsigned char)start[0]) &&
		    isalnum((unsigned char)start[-1]);
		char *before = strndup(start, length);
		bool first = before != NULL && strstr(text, before) == start;
		free(before);
		if (first && !inside)
			break;
	}
	return length;
}

/* A value inside a text of the reply: the text with a marker in its place. */
static bool
probe_occurrence(struct origins *origins, jv path, jv output, jv value,
    const char *text, size_t at, size_t length)
{
	bool number = jv_get_kind(value) == JV_KIND_NUMBER;
	jv marker = number ? jv_number(MARKER_NUMBER) : jv_string(MARKER_WORD);
	jv marked_text = as_text(jv_copy(marker));
	jv changed = jv_string_fmt("%.*s%s%s", (int)at, text,
	    jv_string_value(marked_text), text + at + length);
	jv outputs = ask(origins, path, changed);
	jv after = jv_is_valid(outputs) ? pd_leaf_peek(outputs, output) : jv_invalid();
	bool found = jv_is_valid(after) && jv_equal(jv_copy(after), jv_copy(marker));

	if (found) {
		size_t before = before_length(text, at);
		jv place = pd_provenance_place(path);
		place = pd_json_set(place, "before", jv_string_sized(text + at - before,
		    (int)before));
		place = pd_json_set(place, "after", jv_string_sized(text + at + length,
		    text[at + length] != '\0'));
		if (number)
			place = pd_json_set_string(place, "as", "number");
		note(origins, output, place);
		jv_free(place);
	}
	jv_free(after);
	jv_free(outputs);
	jv_free(changed);
	jv_free(marked_text);
	jv_free(marker);
	return found;
}

/* A scalar of the outputs as a part of a text of the reply. */
static bool
probe_part(struct origins *origins, jv path, jv output)
{
	jv place = pd_provenance_place(path);
	jv whole = pd_leaf_peek(origins->reply, path);
	jv value = pd_leaf_peek(origins->outputs, output);
	jv_kind kind = jv_get_kind(value);
	bool found = false;

	if (jv_is_valid(place) && jv_get_kind(whole) == JV_KIND_STRING &&
	    (kind == JV_KIND_STRING || kind == JV_KIND_NUMBER)) {
		jv wanted = as_text(jv_copy(value));
		const char *text = jv_string_value(whole);
		size_t length = strlen(jv_string_value(wanted));
		const char *at = length == 0 ? NULL : strstr(text, jv_string_value(wanted));
		for (int i = 0; i < MOST_OCCURRENCES && at != NULL && !found; i++) {
			found = probe_occurrence(origins, path, output, value, text,
			    (size_t)(at - text), length);
			at = strstr(at + 1, jv_string_value(wanted));
		}
		jv_free(wanted);
	}
	jv_free(value);
	jv_free(whole);
	jv_free(place);
	return found;
}

jv
pd_origins(struct pd_adapter *adapter, jv command, jv reply, jv outputs)
{
	struct origins origins = {adapter, command, reply, outputs,
		pd_leaf_paths(outputs, MOST_LEAVES), jv_array()};
	jv paths = pd_leaf_paths(reply, MOST_LEAVES);

	jv_array_foreach(paths, i, path) {
		probe_whole(&origins, path);
		jv_free(path);
	}
	jv_array_foreach(origins.paths, i, output) {
		bool found = is_known(&origins, output);
		jv_array_foreach(paths, j, path) {
			found = found || probe_part(&origins, path, output);
			jv_free(path);
		}
		jv_free(output);
	}
	jv_free(paths);
	jv_free(origins.paths);
	return origins.found;
}

static jv
last_step(jv path)
{
	return jv_array_get(jv_copy(path), jv_array_length(jv_copy(path)) - 1);
}

static bool
is_alike(jv reply, jv path, jv value, jv name)
{
	jv step = last_step(path);
	jv part = pd_leaf_peek(reply, path);
	bool alike = jv_equal(jv_copy(step), jv_copy(name)) &&
	    jv_equal(jv_copy(part), jv_copy(value));

	jv_free(step);
	jv_free(part);
	return alike;
}

jv
pd_origins_alike(jv reply, jv outputs)
{
	jv paths = pd_leaf_paths(reply, MOST_LEAVES);
	jv wanted = pd_leaf_paths(outputs, MOST_LEAVES);
	struct origins origins = {.found = jv_array()};

	jv_array_foreach(wanted, i, output) {
		jv name = last_step(output);
		jv value = pd_leaf_peek(outputs, output);
		jv_array_foreach(paths, j, path) {
			jv place = pd_provenance_place(path);
			if (jv_is_valid(place) && is_alike(reply, path, value, name) &&
			    !is_known(&origins, output))
				note(&origins, output, place);
			jv_free(place);
			jv_free(path);
		}
		jv_free(value);
		jv_free(name);
		jv_free(output);
	}
	jv_free(wanted);
	jv_free(paths);
	return origins.found;
}

jv
pd_provenance_of(jv origins, jv path)
{
	jv place = jv_invalid();

	jv_array_foreach(origins, i, origin) {
		if (!jv_is_valid(place) && jv_equal(pd_json_peek(origin, "output"),
		    jv_copy(path))) {
			jv_free(place);
			place = pd_json_peek(origin, "at");
		}
		jv_free(origin);
	}
	return place;
}

/* The mark among the outputs, or an invalid jv. Consumes them. */
static jv
follow_of(jv outputs)
{
	jv mark = jv_invalid();

	if (!jv_is_valid(outputs))
		return outputs;
	jv_array_foreach(outputs, i, output) {
		if (strcmp(kind_of(output), "$follow") == 0) {
			jv_free(mark);
			mark = output;
		} else {
			jv_free(output);
		}
	}
	jv_free(outputs);
	return mark;
}

/* Does the marker show in the request of a follow? */
static bool
shows(jv mark, const struct pd_holes *holes)
{
	jv request = pd_json_peek(mark, "$follow");
	jv with_holes = jv_is_valid(request) ? pd_holes_value(holes, request) : request;
	jv variables = jv_is_valid(with_holes) ? pd_holes_variables(with_holes) : jv_array();
	bool found = jv_array_length(jv_copy(variables)) > 0;

	jv_free(variables);
	jv_free(with_holes);
	return found;
}

/* Is this part of the reply in the request that follows? */
static bool
goes_into_follow(struct pd_adapter *adapter, jv command, jv reply, jv path)
{
	struct pd_holes holes = PD_HOLES_INIT;
	jv value = pd_leaf_peek(reply, path);
	jv_kind kind = jv_get_kind(value);
	bool found = false;

	if (kind == JV_KIND_STRING || kind == JV_KIND_NUMBER) {
		jv marker = pd_holes_add(&holes, "x", value);
		jv changed = pd_provenance_replaced(reply, path, marker);
		jv mark = follow_of(pd_provenance_interpret(adapter, command, changed));
		found = shows(mark, &holes);
		jv_free(mark);
		jv_free(changed);
		jv_free(marker);
	}
	jv_free(value);
	pd_holes_free(&holes);
	return found;
}

jv
pd_provenance_follow(struct pd_adapter *adapter, jv command, jv reply,
    const char *prefix, struct pd_holes *holes, jv *captures)
{
	jv paths = pd_leaf_paths(reply, MOST_LEAVES);
	jv marked = jv_copy(reply);

	*captures = jv_array();
	jv_array_foreach(paths, i, path) {
		jv place = pd_provenance_place(path);
		if (jv_is_valid(place) && goes_into_follow(adapter, command, reply, path)) {
			jv name = last_step(path);
			jv value = pd_leaf_peek(reply, path);
			jv label = as_text(name);
			char *variable = pd_holes_name(holes, prefix, jv_string_value(label));
			jv marker = pd_holes_add(holes, variable, value);
			jv next = pd_provenance_replaced(marked, path, marker);
			jv_free(marked);
			marked = next;
			*captures = jv_array_append(*captures, pd_json_set(pd_json_set_string(
			    jv_object(), "variable", variable), "at", jv_copy(place)));
			free(variable);
			jv_free(label);
			jv_free(value);
			jv_free(marker);
		}
		jv_free(place);
		jv_free(path);
	}
	jv_free(paths);
	jv mark = follow_of(pd_provenance_interpret(adapter, command, marked));
	jv_free(marked);
	return mark;
}
