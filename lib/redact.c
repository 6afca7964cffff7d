/* SPDX-License-Identifier: MIT */
#include "redact.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "json.h"

static const char *const always[] = {
	"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
};

static const char redacted[] = "[redacted]";

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
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		pd_redaction_add(redaction, always[i]);
}

void
pd_redaction_free(struct pd_redaction *redaction)
{
	free(redaction->names);
	*redaction = (struct pd_redaction){0};
}

static bool
is_secret(const struct pd_redaction *redaction, const char *name, size_t length)
{
	for (size_t i = 0; i < redaction->count; i++) {
		if (strlen(redaction->names[i]) == length &&
		    strncasecmp(redaction->names[i], name, length) == 0)
			return true;
	}
	return false;
}

/* Does anything need to be hidden? Most values come out as they went in, and
 * then nothing is copied. */
static bool
holds_secret(const struct pd_redaction *redaction, jv value)
{
	bool found = false;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count && !found; i++) {
			jv part = jv_array_get(jv_copy(value), i);
			found = holds_secret(redaction, part);
			jv_free(part);
		}
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		for (int i = jv_object_iter(value);
		    !found && jv_object_iter_valid(value, i);
		    i = jv_object_iter_next(value, i)) {
			jv key = jv_object_iter_key(value, i);
			jv part = jv_object_iter_value(value, i);
			found = is_secret(redaction, jv_string_value(key),
			    strlen(jv_string_value(key))) || holds_secret(redaction, part);
			jv_free(key);
			jv_free(part);
		}
	}
	return found;
}

static jv
hide(const struct pd_redaction *redaction, jv value)
{
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count; i++)
			value = jv_array_set(value, i, hide(redaction,
			    jv_array_get(jv_copy(value), i)));
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv result = jv_object();
		jv_object_foreach(value, key, part) {
			bool secret = is_secret(redaction, jv_string_value(key),
			    strlen(jv_string_value(key)));
			if (secret) {
				jv_free(part);
				part = jv_string(redacted);
			} else {
				part = hide(redaction, part);
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
	return holds_secret(redaction, value) ? hide(redaction, value) : value;
}

/* name=value pairs after the question mark of a path or URL. */
static jv
redact_query(const struct pd_redaction *redaction, jv url)
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
			pd_buffer_text(&result, redacted);
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
		if (jv_get_kind(url) == JV_KIND_STRING)
			request = pd_json_set(request, names[i], redact_query(redaction, url));
		else
			jv_free(url);
	}
	return request;
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
		/* The text says the same as the body, and cannot be looked into. */
		jv_kind body = pd_json_kind_peek(reply, "body");
		if (body != JV_KIND_INVALID && body != JV_KIND_NULL)
			exchange = pd_json_set(exchange, "reply",
			    jv_object_delete(reply, jv_string("text")));
		else
			jv_free(reply);
		exchanges = jv_array_set(exchanges, i, exchange);
	}
	return pd_redact(redaction, exchanges);
}
