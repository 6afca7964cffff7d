/* SPDX-License-Identifier: MIT */
#include "request_plan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "json.h"
#include "redact.h"
#include "text.h"

/* A variable of the environment for a secret that stood under this name; the hole's
 * marker. The same name has the same variable. */
static jv
secret(struct pd_holes *holes, const char *name)
{
	char *variable = pd_format("%s%s", isdigit((unsigned char)name[0]) ||
	    name[0] == '\0' ? "SECRET_" : "", name);
	jv marker = jv_invalid();

	for (char *at = variable; *at != '\0'; at++)
		*at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
	for (size_t i = 0; i < holes->count; i++)
		if (strcmp(holes->list[i].variable, variable) == 0) {
			jv_free(marker);
			marker = jv_copy(holes->list[i].marker);
		}
	if (!jv_is_valid(marker)) {
		jv_free(marker);
		marker = pd_holes_add_environment(holes, variable);
	}
	free(variable);
	return marker;
}

/* The holes of a string that agrees with the recorded one as far as it goes; no
 * parts otherwise. */
static jv
agreeing(const struct pd_holes *holes, jv marked, jv recorded)
{
	jv parts = jv_get_kind(marked) == JV_KIND_STRING ?
	    pd_holes_text(holes, jv_copy(marked)) : jv_array();
	jv same = pd_holes_constant(parts);
	bool constant = jv_is_valid(same);

	jv_free(same);
	if (!constant && (strstr(jv_string_value(recorded), PD_REDACTED) != NULL ||
	    pd_holes_match(parts, recorded)))
		return parts;
	jv_free(parts);
	return jv_array();
}

/* A path or URL in whose query secrets stand, NAME=[redacted]. */
static jv
overlay_query(struct pd_holes *holes, jv text)
{
	struct pd_buffer result = PD_BUFFER_INIT;
	const char *at = jv_string_value(text);

	if (strstr(at, "=" PD_REDACTED) == NULL)
		return text;
	pd_buffer_text(&result, "");
	while (*at != '\0') {
		const char *found = strstr(at, "=" PD_REDACTED);
		size_t length = found != NULL ? (size_t)(found - at) : strlen(at);
		pd_buffer_append(&result, at, length);
		at += length;
		if (found == NULL)
			break;
		size_t name = 0;
		while (name < length && strchr("?&", at[-(ptrdiff_t)name - 1]) == NULL)
			name++;
		char *word = pd_format("%.*s", (int)name, at - name);
		jv marker = secret(holes, word);
		pd_buffer_format(&result, "=%s", jv_string_value(marker));
		jv_free(marker);
		free(word);
		at += strlen("=" PD_REDACTED);
	}
	jv_free(text);
	jv string = jv_string_sized(result.data, (int)result.length);
	pd_buffer_free(&result);
	return string;
}

static jv overlay_value(struct pd_holes *, jv marked, jv recorded, const char *name);

static jv
overlay_string(struct pd_holes *holes, jv marked, jv recorded, const char *name)
{
	jv parts = agreeing(holes, marked, recorded);
	bool agrees = jv_array_length(parts) > 0;

	if (agrees)
		return marked;
	jv_free(marked);
	if (strcmp(jv_string_value(recorded), PD_REDACTED) == 0)
		return secret(holes, name);
	return overlay_query(holes, jv_copy(recorded));
}

/* What the recorded one has, and only that: the adapter may leave out or add fields
 * for values that are markers now. */
static jv
overlay_object(struct pd_holes *holes, jv marked, jv recorded)
{
	jv result = jv_object();
	bool markers_as_keys = false;

	jv_object_foreach(marked, key, part) {
		jv parts = pd_holes_text(holes, jv_copy(key));
		jv same = pd_holes_constant(parts);
		markers_as_keys = markers_as_keys || !jv_is_valid(same);
		jv_free(same);
		jv_free(parts);
		jv_free(key);
		jv_free(part);
	}
	if (markers_as_keys)
		return marked;
	jv_object_foreach(recorded, key, known) {
		jv part = jv_object_get(jv_copy(marked), jv_copy(key));
		result = jv_object_set(result, jv_copy(key), overlay_value(holes, part, known,
		    jv_string_value(key)));
		jv_free(known);
		jv_free(key);
	}
	jv_free(marked);
	return result;
}

static jv
overlay_array(struct pd_holes *holes, jv marked, jv recorded, const char *name)
{
	jv result = jv_array();

	jv_array_foreach(recorded, i, known) {
		result = jv_array_append(result, overlay_value(holes,
		    jv_array_get(jv_copy(marked), i), known, name));
		jv_free(known);
	}
	jv_free(marked);
	return result;
}

/* An invalid marked value is one that the adapter does not make now. */
static jv
overlay_value(struct pd_holes *holes, jv marked, jv recorded, const char *name)
{
	jv_kind kind = jv_get_kind(recorded);

	if (kind == JV_KIND_OBJECT)
		return overlay_object(holes, jv_get_kind(marked) == kind ? marked :
		    (jv_free(marked), jv_object()), recorded);
	if (kind == JV_KIND_ARRAY)
		return overlay_array(holes, jv_get_kind(marked) == kind ? marked :
		    (jv_free(marked), jv_array()), recorded, name);
	if (kind == JV_KIND_STRING)
		return overlay_string(holes, marked, recorded, name);
	jv template = jv_is_valid(marked) ? pd_holes_value(holes, jv_copy(marked)) :
	    jv_object();
	bool hole = pd_json_has_peek(template, "variable");
	jv_free(template);
	if (hole)
		return marked;
	jv_free(marked);
	return jv_copy(recorded);
}

jv
pd_request_overlay(jv marked, jv recorded, struct pd_holes *holes)
{
	return overlay_value(holes, marked, recorded, "");
}

/*
 * The plan.
 */
static jv
text_of(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
}

static jv
parts_of(const struct pd_holes *holes, jv value)
{
	return pd_holes_text(holes, text_of(value));
}

/* [[name, value]] of an object, with the names that have several values repeated. */
static jv
pairs(const struct pd_holes *holes, jv fields)
{
	jv list = jv_array();

	if (jv_get_kind(fields) != JV_KIND_OBJECT) {
		jv_free(fields);
		return list;
	}
	jv_object_foreach(fields, name, value) {
		jv values = jv_get_kind(value) == JV_KIND_ARRAY ? value :
		    jv_get_kind(value) == JV_KIND_NULL ? jv_array() : JV_ARRAY(value);
		jv_array_foreach(values, i, element) {
			list = jv_array_append(list, JV_ARRAY(pd_holes_text(holes,
			    jv_copy(name)), parts_of(holes, element)));
		}
		jv_free(values);
		jv_free(name);
	}
	jv_free(fields);
	return list;
}

static bool
has_header(jv request, const char *name)
{
	jv headers = pd_json_peek(request, "headers");
	bool found = false;

	if (jv_get_kind(headers) == JV_KIND_OBJECT) {
		jv_object_foreach(headers, key, value) {
			found = found || strcasecmp(jv_string_value(key), name) == 0;
			jv_free(key);
			jv_free(value);
		}
	}
	jv_free(headers);
	return found;
}

/* The body under its own name, and the type that goes with it. */
static const char *
plan_body(const struct pd_holes *holes, jv request, jv *plan)
{
	jv json = pd_json_peek(request, "json");
	jv form = pd_json_peek(request, "form");
	jv body = pd_json_peek(request, "body");
	const char *type = NULL;

	if (jv_is_valid(json)) {
		*plan = pd_json_set(*plan, "json", pd_holes_value(holes, jv_copy(json)));
		type = "application/json";
	} else if (jv_get_kind(form) == JV_KIND_OBJECT) {
		*plan = pd_json_set(*plan, "form", pairs(holes, jv_copy(form)));
		type = "application/x-www-form-urlencoded";
	} else if (jv_get_kind(body) == JV_KIND_STRING) {
		*plan = pd_json_set(*plan, "body", pd_holes_text(holes, jv_copy(body)));
		type = "text/plain; charset=utf-8";
	}
	jv_free(json);
	jv_free(form);
	jv_free(body);
	return type;
}

/* The path below the base; or the whole URL where it leads elsewhere. */
static jv
plan_target(const struct pd_holes *holes, jv request, jv recorded,
    const char *base_url, jv plan)
{
	const char *url = pd_json_peek_string(request, "url", NULL);
	const char *path = pd_json_peek_string(request, "path", "");
	size_t base = base_url != NULL ? strlen(base_url) : 0;

	while (base > 0 && base_url[base - 1] == '/')
		base--;
	if (url != NULL && base > 0 && strncmp(url, base_url, base) == 0 &&
	    strchr("/?", url[base]) != NULL)
		path = url + base;
	else if (url != NULL)
		return pd_json_set(plan, "url", pd_holes_text(holes, jv_string(url)));
	/* A marker may stand where the slash stood. */
	const char *sent = pd_json_peek_string(recorded, "path", path);
	bool rooted = url != NULL || sent[0] == '/' || sent[0] == '\0';
	return pd_json_set(plan, "path", pd_holes_text(holes, rooted ? jv_string(path) :
	    jv_string_fmt("/%s", path)));
}

static jv
copy_number(jv plan, jv request, const char *name)
{
	double value = pd_json_peek_number(request, name, 0);

	return value > 0 ? pd_json_set_number(plan, name, value) : plan;
}

static jv
plan_http(const struct pd_holes *holes, jv request, jv recorded, const char *base_url)
{
	jv plan = pd_json_set_string(jv_object(), "transport", "http");
	const char *type = plan_body(holes, request, &plan);
	jv headers = pairs(holes, pd_json_peek(request, "headers"));

	if (type != NULL && !has_header(request, "Content-Type"))
		headers = jv_array_append(headers, JV_ARRAY(JV_ARRAY(jv_string(
		    "Content-Type")), JV_ARRAY(jv_string(type))));
	plan = pd_json_set_string(plan, "method", pd_json_peek_string(request, "method",
	    type != NULL ? "POST" : "GET"));
	plan = plan_target(holes, request, recorded, base_url, plan);
	plan = pd_json_set(plan, "query", pairs(holes, pd_json_peek(request, "query")));
	plan = pd_json_set(plan, "headers", headers);
	plan = copy_number(plan, request, "redirects");
	return copy_number(plan, request, "timeout_ms");
}

static jv
plan_program(const struct pd_holes *holes, jv request)
{
	jv plan = pd_json_set_string(jv_object(), "transport", "program");
	jv argv = pd_json_peek(request, "argv"), words = jv_array();
	jv environment = pd_json_peek(request, "env"), variables = jv_array();

	jv_array_foreach(argv, i, word) {
		words = jv_array_append(words, parts_of(holes, word));
	}
	jv_free(argv);
	if (jv_get_kind(environment) == JV_KIND_OBJECT)
		jv_object_foreach(environment, name, value) {
			variables = jv_array_append(variables, JV_ARRAY(name,
			    jv_get_kind(value) == JV_KIND_NULL ? value :
			    parts_of(holes, value)));
		}
	jv_free(environment);
	plan = pd_json_set(pd_json_set(plan, "argv", words), "env", variables);
	if (pd_json_peek_string(request, "stdin", NULL) != NULL)
		plan = pd_json_set(plan, "stdin", parts_of(holes,
		    pd_json_peek(request, "stdin")));
	if (pd_json_peek_string(request, "cwd", NULL) != NULL)
		plan = pd_json_set(plan, "cwd", parts_of(holes, pd_json_peek(request, "cwd")));
	return copy_number(plan, request, "timeout_ms");
}

static jv
plan_coprocess(const struct pd_holes *holes, jv request)
{
	return pd_json_set(pd_json_set_string(jv_object(), "transport", "coprocess"),
	    "command", pd_holes_value(holes, pd_json_peek(request, "command")));
}

jv
pd_request_plan(const struct pd_holes *holes, jv request, jv recorded,
    const char *base_url)
{
	jv plan = pd_json_has_peek(request, "argv") ? plan_program(holes, request) :
	    pd_json_has_peek(request, "op") ? plan_coprocess(holes, request) :
	    plan_http(holes, request, recorded, base_url);

	jv_free(request);
	return plan;
}
