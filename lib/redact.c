/* SPDX-License-Identifier: MIT */
#include "redact.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "json.h"
#include "stream.h"

/* Of headers, whatever the user names. */
static const char *const always[] = {
	"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
};

void
pd_redaction_add(struct pd_redaction *redaction, const char *name)
{
	redaction->names = pd_reallocate(redaction->names, redaction->count + 1,
	    sizeof(*redaction->names));
	redaction->names[redaction->count++] = name;
}

void
pd_redaction_start(struct pd_redaction *redaction)
{
	*redaction = (struct pd_redaction){0};
}

void
pd_redaction_free(struct pd_redaction *redaction)
{
	free(redaction->names);
	*redaction = (struct pd_redaction){0};
}

static bool
is_named(const char *const *names, size_t count, const char *name,
    size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) == length && strncasecmp(names[i], name, length) == 0)
			return true;
	}
	return false;
}

static bool
is_secret(const struct pd_redaction *redaction, const char *name, size_t length)
{
	return is_named(redaction->names, redaction->count, name, length);
}

/* A field of an object; headers have secrets that other objects do not: a bank
 * may well have an "authorization" that is none. */
static bool
is_secret_field(const struct pd_redaction *redaction, const char *name,
    bool in_headers)
{
	return is_secret(redaction, name, strlen(name)) || (in_headers &&
	    is_named(always, sizeof(always) / sizeof(always[0]), name, strlen(name)));
}

/* Headers of a request or reply, wherever an event may carry them along. */
static bool
names_headers(jv key)
{
	return strcasecmp(jv_string_value(key), "headers") == 0;
}

/* Does anything need to be hidden? Most values come out as they went in, and
 * then nothing is copied. */
static bool
holds_secret(const struct pd_redaction *redaction, jv value, bool in_headers)
{
	bool found = false;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count && !found; i++) {
			jv part = jv_array_get(jv_copy(value), i);
			found = holds_secret(redaction, part, false);
			jv_free(part);
		}
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		for (int i = jv_object_iter(value);
		    !found && jv_object_iter_valid(value, i);
		    i = jv_object_iter_next(value, i)) {
			jv key = jv_object_iter_key(value, i);
			jv part = jv_object_iter_value(value, i);
			found = is_secret_field(redaction, jv_string_value(key), in_headers) ||
			    holds_secret(redaction, part, names_headers(key));
			jv_free(key);
			jv_free(part);
		}
	}
	return found;
}

static jv
hide(const struct pd_redaction *redaction, jv value, bool in_headers)
{
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count; i++)
			value = jv_array_set(value, i, hide(redaction,
			    jv_array_get(jv_copy(value), i), false));
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv result = jv_object();
		jv_object_foreach(value, key, part) {
			if (is_secret_field(redaction, jv_string_value(key), in_headers)) {
				jv_free(part);
				part = jv_string(PD_REDACTED);
			} else {
				part = hide(redaction, part, names_headers(key));
			}
			result = jv_object_set(result, key, part);
		}
		jv_free(value);
		return result;
	}
	return value;
}

jv
pd_redact(const struct pd_redaction *redaction, jv value)
{
	return holds_secret(redaction, value, false) ?
	    hide(redaction, value, false) : value;
}

/* name=value pairs after the question mark. */
jv
pd_redact_url(const struct pd_redaction *redaction, jv url)
{
	const char *text = jv_string_value(url);
	const char *at = strchr(text, '?');
	struct pd_buffer result = PD_BUFFER_INIT;

	if (at == NULL)
		return url;
	pd_buffer_append(&result, text, (size_t)(at - text));
	while (*at != '\0') {
		size_t length = 1 + strcspn(at + 1, "&");
		size_t name = 1 + strcspn(at + 1, "=&");
		if (name < length && is_secret(redaction, at + 1, name - 1)) {
			pd_buffer_append(&result, at, name + 1);
			pd_buffer_text(&result, PD_REDACTED);
		} else {
			pd_buffer_append(&result, at, length);
		}
		at += length;
	}
	jv redacted_url = jv_string_sized(result.data, (int)result.length);
	pd_buffer_free(&result);
	jv_free(url);
	return redacted_url;
}

static jv
redact_urls(const struct pd_redaction *redaction, jv request)
{
	static const char *const names[] = {"path", "url"};

	for (size_t i = 0; i < 2; i++) {
		jv url = pd_json_peek(request, names[i]);
		if (jv_get_kind(url) == JV_KIND_STRING) {
			char *shown = pd_url_without_secrets(jv_string_value(url));
			request = pd_json_set(request, names[i],
			    pd_redact_url(redaction, jv_string(shown)));
			free(shown);
		}
		jv_free(url);
	}
	return request;
}

/* The text says the same as the body, and cannot be looked into. */
static jv
drop_text(jv reply)
{
	jv_kind body = pd_json_kind_peek(reply, "body");

	return body == JV_KIND_INVALID || body == JV_KIND_NULL ? reply :
	    jv_object_delete(reply, jv_string("text"));
}

jv
pd_redact_reply(const struct pd_redaction *redaction, jv reply)
{
	return pd_redact(redaction, drop_text(reply));
}

jv
pd_redact_exchanges(const struct pd_redaction *redaction, jv exchanges)
{
	int count = jv_array_length(jv_copy(exchanges));

	for (int i = 0; i < count; i++) {
		jv exchange = jv_array_get(jv_copy(exchanges), i);
		jv request = pd_json_peek(exchange, "request");
		jv reply = pd_json_peek(exchange, "reply");
		exchange = pd_json_set(exchange, "request",
		    redact_urls(redaction, request));
		if (jv_is_valid(reply))
			exchange = pd_json_set(exchange, "reply", drop_text(reply));
		exchanges = jv_array_set(exchanges, i, exchange);
	}
	return pd_redact(redaction, exchanges);
}
