/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <string.h>
#include <strings.h>

#include "json.h"
#include "text.h"

static const char *const fields[] = {
	"status", "headers", "json", "body", "delay_ms", "fault",
};

static const char *const faults[] = {
	[PD_FAULT_NONE] = "none", [PD_FAULT_CLOSE] = "close",
	[PD_FAULT_RESET] = "reset", [PD_FAULT_TIMEOUT] = "timeout",
	[PD_FAULT_MALFORMED] = "malformed",
};

enum {
	FIELDS = sizeof(fields) / sizeof(fields[0]),
	FAULTS = sizeof(faults) / sizeof(faults[0]),
	LONGEST_DELAY = 86400000,	/* a day, milliseconds */
};

const char *
pd_reply_fault_name(enum pd_fault fault)
{
	return faults[fault];
}

void
pd_reply_start(struct pd_reply *reply, unsigned status)
{
	*reply = (struct pd_reply){.status = status, .headers = jv_object(),
		.body = PD_BUFFER_INIT};
}

void
pd_reply_free(struct pd_reply *reply)
{
	jv_free(reply->headers);
	reply->headers = jv_invalid();
	pd_buffer_free(&reply->body);
}

static int
check_fields(jv said, struct pd_error *error)
{
	int result = 0;

	jv_object_foreach(said, key, value) {
		const char *name = jv_string_value(key);
		bool known = false;
		for (size_t i = 0; i < FIELDS; i++)
			known = known || strcmp(name, fields[i]) == 0;
		if (!known && result == 0) {
			result = pd_error_set(error, "an answer has no field '%s'", name);
			const char *nearest = pd_nearest(name, fields, FIELDS);
			if (nearest != NULL)
				pd_error_hint(error, "did you mean %s?", nearest);
			else
				pd_error_hint(error,
				    "it has status, headers, json, body, delay_ms and fault");
		}
		jv_free(key);
		jv_free(value);
	}
	return result;
}

/* A whole number in a range; absent leaves it. */
static int
take_number(jv said, const char *name, int64_t least, int64_t most,
    int64_t *number, struct pd_error *error)
{
	jv value = pd_json_peek(said, name);
	int64_t given;
	int result = 0;

	if (!jv_is_valid(value) || jv_get_kind(value) == JV_KIND_NULL)
		result = 0;
	else if (!pd_json_integer_peek(value, &given) || given < least || given > most)
		result = pd_error_set(error, "%s must be a whole number from %lld to %lld",
		    name, (long long)least, (long long)most);
	else
		*number = given;
	jv_free(value);
	return result;
}

static bool
can_be_header(const char *name, jv value)
{
	const char *text = jv_string_value(value);

	return name[0] != '\0' && strpbrk(name, "\r\n: \t") == NULL &&
	    strpbrk(text, "\r\n") == NULL &&
	    strlen(text) == (size_t)jv_string_length_bytes(jv_copy(value));
}

/* How long an answer is and how it is cut in pieces is the server's to say. */
static bool
is_framing(const char *name)
{
	return strcasecmp(name, "content-length") == 0 ||
	    strcasecmp(name, "transfer-encoding") == 0;
}

static int
take_headers(struct pd_reply *reply, jv headers, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(headers) != JV_KIND_OBJECT) {
		if (jv_is_valid(headers) && jv_get_kind(headers) != JV_KIND_NULL)
			result = pd_error_set(error, "headers must be an object");
		jv_free(headers);
		return result;
	}
	jv_object_foreach(headers, key, value) {
		const char *name = jv_string_value(key);
		jv text = jv_get_kind(value) == JV_KIND_STRING ? value :
		    jv_dump_string(value, 0);
		if (result == 0 && (is_framing(name) || !can_be_header(name, text)))
			result = pd_error_set(error, is_framing(name) ?
			    "the header '%s' is made by the server" :
			    "header '%s' cannot be sent: a line break, NUL, blank or colon "
			    "is in it", name);
		if (result == 0)
			reply->headers = pd_json_set(reply->headers, name, jv_copy(text));
		jv_free(text);
		jv_free(key);
	}
	jv_free(headers);
	return result;
}

static void
default_type(struct pd_reply *reply, const char *type)
{
	bool given = false;

	jv_object_foreach(reply->headers, key, value) {
		given = given || strcasecmp(jv_string_value(key), "content-type") == 0;
		jv_free(key);
		jv_free(value);
	}
	if (!given)
		reply->headers = pd_json_set_string(reply->headers, "Content-Type", type);
}

/* Returns whether there is a body, or -1. */
static int
take_body(struct pd_reply *reply, jv said, struct pd_error *error)
{
	jv json = pd_json_peek(said, "json");
	jv body = pd_json_peek(said, "body");
	int result = 1;

	if (jv_is_valid(json)) {
		pd_json_append_peek(&reply->body, json);
		default_type(reply, "application/json");
	} else if (jv_get_kind(body) == JV_KIND_STRING) {
		pd_buffer_append(&reply->body, jv_string_value(body),
		    (size_t)jv_string_length_bytes(jv_copy(body)));
		default_type(reply, "text/plain; charset=utf-8");
	} else if (jv_is_valid(body) && jv_get_kind(body) != JV_KIND_NULL) {
		result = pd_error_set(error, "body must be text; a value goes into json");
	} else {
		result = 0;
	}
	jv_free(json);
	jv_free(body);
	return result;
}

static int
take_fault(struct pd_reply *reply, jv said, struct pd_error *error)
{
	jv value = pd_json_peek(said, "fault");
	const char *name = jv_get_kind(value) == JV_KIND_STRING ?
	    jv_string_value(value) : NULL;
	int result = 0;

	if (jv_is_valid(value) && jv_get_kind(value) != JV_KIND_NULL) {
		result = pd_error_set(error, "there is no such fault");
		pd_error_hint(error, "close, reset, timeout and malformed");
		for (size_t i = PD_FAULT_NONE + 1; i < FAULTS && name != NULL; i++) {
			if (strcmp(name, faults[i]) == 0) {
				reply->fault = (enum pd_fault)i;
				result = 0;
			}
		}
	}
	jv_free(value);
	return result;
}

static int
take_answer(struct pd_reply *reply, jv said, struct pd_error *error)
{
	int64_t status, delay = 0;

	if (jv_get_kind(said) != JV_KIND_OBJECT)
		return pd_error_set(error, "an answer is an object or null");
	if (check_fields(said, error) != 0 ||
	    take_headers(reply, pd_json_peek(said, "headers"), error) != 0 ||
	    take_fault(reply, said, error) != 0)
		return -1;
	int has_body = take_body(reply, said, error);
	status = has_body ? 200 : 204;
	if (has_body < 0 ||
	    take_number(said, "status", 200, 599, &status, error) != 0 ||
	    take_number(said, "delay_ms", 0, LONGEST_DELAY, &delay, error) != 0)
		return -1;
	if (reply->body.length > 0 && (status == 204 || status == 304))
		return pd_error_set(error, "an answer of status %d has no body", (int)status);
	reply->status = (unsigned)status;
	reply->delay = delay * 1000;
	return 0;
}

int
pd_reply_parse(struct pd_reply *reply, jv said, struct pd_error *error)
{
	int result = 0;

	pd_reply_start(reply, 204);
	if (jv_get_kind(said) != JV_KIND_NULL)
		result = take_answer(reply, said, error);
	jv_free(said);
	if (result != 0) {
		pd_reply_free(reply);
		pd_reply_start(reply, 500);
	}
	return result;
}
