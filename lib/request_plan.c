/* SPDX-License-Identifier: MIT */
#include "request_plan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "json.h"
#include "text.h"

#define REDACTED "[redacted]"

struct overlay {
	struct pd_holes *holes;
	jv *environment;
};

/* A variable of the environment for a secret that stood under this name; the hole's
 * marker. The same name has the same variable. */
static jv
secret(struct overlay *overlay, const char *name)
{
	char *variable = pd_format("%s%s", isdigit((unsigned char)name[0]) ||
	    name[0] == '\0' ? "SECRET_" : "", name);
	jv marker = jv_invalid();

	for (char *at = variable; *at != '\0'; at++)
		*at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
	for (size_t i = 0; i < overlay->holes->count; i++)
		if (strcmp(overlay->holes->list[i].variable, variable) == 0)
			marker = jv_copy(overlay->holes->list[i].marker);
	if (!jv_is_valid(marker)) {
		jv_free(marker);
		marker = pd_holes_add_environment(overlay->holes, variable);
		*overlay->environment = jv_array_append(*overlay->environment,
		    pd_json_set_string(pd_json_set_string(jv_object(), "variable", variable),
		    "what", name));
	}
	free(variable);
	return marker;
}

static bool
has_hole(const struct pd_holes *holes, jv string)
{
	jv parts = pd_holes_text(holes, jv_copy(string));
	jv same = pd_holes_constant(parts);
	bool found = !jv_is_valid(same);

	jv_free(same);
	jv_free(parts);
	return found;
}

/* "Bearer " beside a token that the system gave out is no secret; anything else
 * may be. */
static bool
is_only_scheme(const struct pd_holes *holes, jv string)
{
	jv parts = pd_holes_text(holes, jv_copy(string));
	bool plain = true;

	jv_array_foreach(parts, i, part) {
		if (jv_get_kind(part) == JV_KIND_STRING) {
			const char *text = jv_string_value(part);
			size_t length = strspn(text,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
			plain = plain && i == 0 && length < 16 && strcmp(text + length, " ") == 0;
		}
		jv_free(part);
	}
	jv_free(parts);
	return plain;
}

/* The text of a path or URL: secrets stand in its query, NAME=[redacted]. */
static jv
overlay_query(struct overlay *overlay, jv marked, jv recorded)
{
	struct pd_buffer result = PD_BUFFER_INIT;
	bool holes = has_hole(overlay->holes, marked);
	const char *text = jv_string_value(holes ? marked : recorded);
	size_t start = strcspn(text, "?");

	pd_buffer_append(&result, text, start);
	for (const char *at = text + start; *at != '\0';) {
		size_t length = 1 + strcspn(at + 1, "&");
		size_t name = strcspn(at + 1, "=&");
		char *item = pd_format("%.*s=" REDACTED, (int)name + 1, at);
		if (name + 1 < length && strstr(jv_string_value(recorded), item) != NULL) {
			char *word = pd_format("%.*s", (int)name, at + 1);
			jv marker = secret(overlay, word);
			pd_buffer_append(&result, at, name + 2);
			pd_buffer_text(&result, jv_string_value(marker));
			jv_free(marker);
			free(word);
		} else {
			pd_buffer_append(&result, at, length);
		}
		free(item);
		at += length;
	}
	jv string = jv_string_sized(result.data, (int)result.length);
	pd_buffer_free(&result);
	jv_free(marked);
	return string;
}

static jv overlay_value(struct overlay *, jv marked, jv recorded, const char *name);

static jv
overlay_string(struct overlay *overlay, jv marked, jv recorded, const char *name)
{
	const char *text = jv_string_value(recorded);
	bool holes = jv_get_kind(marked) == JV_KIND_STRING &&
	    has_hole(overlay->holes, marked);

	if (strcmp(text, REDACTED) == 0) {
		if (holes && is_only_scheme(overlay->holes, marked))
			return marked;
		jv_free(marked);
		return secret(overlay, name);
	}
	if (strstr(text, REDACTED) != NULL && jv_get_kind(marked) == JV_KIND_STRING)
		return overlay_query(overlay, marked, recorded);
	if (holes)
		return marked;
	/* A number's marker stands for a value that the record may have as text. */
	jv_free(marked);
	return jv_copy(recorded);
}

static jv
overlay_object(struct overlay *overlay, jv marked, jv recorded)
{
	jv result = jv_copy(marked);

	jv_object_foreach(marked, key, part) {
		const char *name = jv_string_value(key);
		jv known = pd_json_peek(recorded, name);
		result = pd_json_set(result, name, jv_is_valid(known) ?
		    overlay_value(overlay, part, known, name) : part);
		jv_free(known);
		jv_free(key);
	}
	jv_free(marked);
	return result;
}

static jv
overlay_array(struct overlay *overlay, jv marked, jv recorded, const char *name)
{
	int count = jv_array_length(jv_copy(marked));

	for (int i = 0; i < count && i < jv_array_length(jv_copy(recorded)); i++) {
		jv known = jv_array_get(jv_copy(recorded), i);
		marked = jv_array_set(marked, i, overlay_value(overlay,
		    jv_array_get(jv_copy(marked), i), known, name));
		jv_free(known);
	}
	return marked;
}

static jv
overlay_value(struct overlay *overlay, jv marked, jv recorded, const char *name)
{
	jv_kind kind = jv_get_kind(recorded);

	if (kind == JV_KIND_STRING)
		return overlay_string(overlay, marked, recorded, name);
	if (kind == jv_get_kind(marked) && kind == JV_KIND_OBJECT)
		return overlay_object(overlay, marked, recorded);
	if (kind == jv_get_kind(marked) && kind == JV_KIND_ARRAY)
		return overlay_array(overlay, marked, recorded, name);
	jv template = pd_holes_value(overlay->holes, jv_copy(marked));
	bool constant = pd_json_has_peek(template, "constant");
	jv_free(template);
	if (!constant)
		return marked;
	jv_free(marked);
	return jv_copy(recorded);
}

jv
pd_request_overlay(jv marked, jv recorded, struct pd_holes *holes, jv *environment)
{
	struct overlay overlay = {holes, environment};

	return overlay_value(&overlay, marked, recorded, "");
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
plan_target(const struct pd_holes *holes, jv request, const char *base_url, jv plan)
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
	return pd_json_set(plan, "path", pd_holes_text(holes, path[0] == '/' ||
	    path[0] == '\0' ? jv_string(path) : jv_string_fmt("/%s", path)));
}

static jv
copy_number(jv plan, jv request, const char *name)
{
	double value = pd_json_peek_number(request, name, 0);

	return value > 0 ? pd_json_set_number(plan, name, value) : plan;
}

static jv
plan_http(const struct pd_holes *holes, jv request, const char *base_url)
{
	jv plan = pd_json_set_string(jv_object(), "transport", "http");
	const char *type = plan_body(holes, request, &plan);
	jv headers = pairs(holes, pd_json_peek(request, "headers"));

	if (type != NULL && !has_header(request, "Content-Type"))
		headers = jv_array_append(headers, JV_ARRAY(JV_ARRAY(jv_string(
		    "Content-Type")), JV_ARRAY(jv_string(type))));
	plan = pd_json_set_string(plan, "method", pd_json_peek_string(request, "method",
	    type != NULL ? "POST" : "GET"));
	plan = plan_target(holes, request, base_url, plan);
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

jv
pd_request_plan(const struct pd_holes *holes, jv request, const char *base_url)
{
	jv plan = pd_json_has_peek(request, "argv") ? plan_program(holes, request) :
	    plan_http(holes, request, base_url);

	jv_free(request);
	return plan;
}
