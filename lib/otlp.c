/* SPDX-License-Identifier: MIT */
#include "otlp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "otlp_message.h"
#include "request.h"
#include "trace.h"

static const struct {
	const char *path;
	const struct pd_protobuf_message *message;
	const char *resources, *scopes, *records;	/* the lists in each other */
	const char *rejected;
} signals[] = {
	[PD_OTLP_TRACES] = {"/v1/traces", &pd_otlp_traces_message, "resourceSpans",
	    "scopeSpans", "spans", "rejectedSpans"},
	[PD_OTLP_LOGS] = {"/v1/logs", &pd_otlp_logs_message, "resourceLogs",
	    "scopeLogs", "logRecords", "rejectedLogRecords"},
	[PD_OTLP_METRICS] = {"/v1/metrics", NULL, NULL, NULL, NULL, "rejectedDataPoints"},
};

static const char *const kinds[] = {
	"unspecified", "internal", "server", "client", "producer", "consumer",
};
static const char *const codes[] = {"unset", "ok", "error"};

enum {
	KINDS = sizeof(kinds) / sizeof(kinds[0]),
	CODES = sizeof(codes) / sizeof(codes[0]),
	/* Of google.rpc.Code. */
	RPC_INVALID_ARGUMENT = 3,
	RPC_UNIMPLEMENTED = 12,
};

enum pd_otlp_signal
pd_otlp_signal(const struct pd_request *request)
{
	for (int i = PD_OTLP_TRACES; i <= PD_OTLP_METRICS; i++) {
		if (pd_request_is_for(request, signals[i].path))
			return (enum pd_otlp_signal)i;
	}
	return PD_OTLP_NONE;
}

/*
 * Values: OTLP says of each which kind it is of, JSON shows it.
 */
static jv
value_of(jv wrapped, int depth);

/* [{key, value}] as an object. Consumes the list. */
static jv
attributes_of(jv list, int depth)
{
	jv attributes = jv_object();

	if (jv_get_kind(list) == JV_KIND_ARRAY) {
		jv_array_foreach(list, i, pair) {
			jv key = pd_json_peek(pair, "key");
			jv value = value_of(pd_json_peek(pair, "value"), depth + 1);
			if (jv_get_kind(key) == JV_KIND_STRING) {
				attributes = jv_object_set(attributes, key, value);
			} else {
				jv_free(key);
				jv_free(value);
			}
			jv_free(pair);
		}
	}
	jv_free(list);
	return attributes;
}

/* 64-bit integers may be text, and a number is made of it digit for digit. What
 * is no number, such as "NaN", stays text. */
static jv
number_of(jv value)
{
	if (jv_get_kind(value) != JV_KIND_STRING)
		return value;
	const char *text = jv_string_value(value);
	const char *digits = text + (text[0] == '-');
	size_t length = strspn(digits, "0123456789");
	if (length == 0 || digits[length] != '\0' || (digits[0] == '0' && length > 1))
		return value;
	jv number = jv_number_with_literal(text);
	jv_free(value);
	return number;
}

static jv
array_of(jv list, int depth)
{
	jv elements = pd_json_peek(list, "values");
	jv result = jv_array();

	if (jv_get_kind(elements) == JV_KIND_ARRAY) {
		jv_array_foreach(elements, i, element) {
			result = jv_array_append(result, value_of(element, depth + 1));
		}
	}
	jv_free(elements);
	jv_free(list);
	return result;
}

static jv
value_of(jv wrapped, int depth)
{
	jv result = jv_null();

	if (jv_get_kind(wrapped) != JV_KIND_OBJECT || depth > PD_PROTOBUF_DEPTH) {
		jv_free(wrapped);
		return result;
	}
	jv_object_foreach(wrapped, key, value) {
		const char *kind = jv_string_value(key);
		jv_free(result);
		if (strcmp(kind, "intValue") == 0 || strcmp(kind, "doubleValue") == 0) {
			result = number_of(value);
		} else if (strcmp(kind, "arrayValue") == 0) {
			result = array_of(value, depth);
		} else if (strcmp(kind, "kvlistValue") == 0) {
			result = attributes_of(pd_json_peek(value, "values"), depth);
			jv_free(value);
		} else {
			result = value;
		}
		jv_free(key);
	}
	jv_free(wrapped);
	return result;
}

/*
 * Parts of records.
 */

/* Move a field under its new name, if it is there and says something: protobuf
 * knows no difference between 0, empty and absent. */
static jv
take_field(jv record, const char *name, jv from, const char *field)
{
	jv value = pd_json_peek(from, field);
	bool empty = !jv_is_valid(value) || jv_get_kind(value) == JV_KIND_NULL ||
	    (jv_get_kind(value) == JV_KIND_STRING && jv_string_value(value)[0] == '\0') ||
	    (jv_get_kind(value) == JV_KIND_NUMBER && jv_number_value(value) == 0);

	if (!empty)
		return pd_json_set(record, name, value);
	jv_free(value);
	return record;
}

/* A time in nanoseconds is text of digits, whichever it came as. */
static jv
take_time(jv record, const char *name, jv from, const char *field)
{
	jv value = pd_json_peek(from, field);

	if (jv_get_kind(value) == JV_KIND_NUMBER)
		value = jv_dump_string(value, 0);
	if (jv_get_kind(value) == JV_KIND_STRING && strcmp(jv_string_value(value), "0") != 0)
		return pd_json_set(record, name, value);
	jv_free(value);
	return record;
}

/* An id in lower case. Returns whether it is one. */
static bool
take_id(jv *record, const char *name, jv from, const char *field, int digits)
{
	char lower[PD_TRACE_ID];
	const char *id = pd_json_peek_string(from, field, "");

	if (strlen(id) != (size_t)digits)
		return false;
	for (int i = 0; i <= digits; i++)
		lower[i] = (char)tolower((unsigned char)id[i]);
	if (!pd_trace_is_id(lower, digits))
		return false;
	*record = pd_json_set_string(*record, name, lower);
	return true;
}

/* An enumerator by its number, or by its name as some write it, in a word. */
static jv
word_of(jv from, const char *field, const char *const *words, int count)
{
	jv value = pd_json_peek(from, field);
	int number = jv_get_kind(value) == JV_KIND_NUMBER ? (int)jv_number_value(value) : 0;

	if (jv_get_kind(value) == JV_KIND_STRING) {
		const char *name = strrchr(jv_string_value(value), '_');
		for (int i = 0; name != NULL && i < count; i++) {
			if (strcasecmp(name + 1, words[i]) == 0)
				number = i;
		}
	}
	jv_free(value);
	return jv_string(words[number >= 0 && number < count ? number : 0]);
}

static jv
take_attributes(jv record, jv from)
{
	return pd_json_set(record, "attributes",
	    attributes_of(pd_json_peek(from, "attributes"), 0));
}

static jv
event_of(jv event)
{
	jv result = take_field(jv_object(), "name", event, "name");

	result = take_time(result, "time_unix_nano", event, "timeUnixNano");
	result = take_attributes(result, event);
	jv_free(event);
	return result;
}

static jv
link_of(jv link)
{
	jv result = jv_object();

	take_id(&result, "trace_id", link, "traceId", PD_TRACE_ID - 1);
	take_id(&result, "span_id", link, "spanId", PD_SPAN_ID - 1);
	result = take_field(result, "trace_state", link, "traceState");
	result = take_attributes(result, link);
	jv_free(link);
	return result;
}

static jv
take_list(jv record, const char *name, jv from, jv (*make)(jv))
{
	jv list = pd_json_peek(from, name);
	jv result = jv_array();

	if (jv_get_kind(list) == JV_KIND_ARRAY) {
		jv_array_foreach(list, i, element) {
			result = jv_array_append(result, make(element));
		}
	}
	jv_free(list);
	if (jv_array_length(jv_copy(result)) > 0)
		return pd_json_set(record, name, result);
	jv_free(result);
	return record;
}

static jv
take_status(jv record, jv span)
{
	jv given = pd_json_peek(span, "status");
	jv status = pd_json_set(jv_object(), "code", word_of(given, "code", codes, CODES));

	status = take_field(status, "message", given, "message");
	jv_free(given);
	return pd_json_set(record, "status", status);
}

/* Exact, where jq's arithmetic on such large numbers is not. */
static jv
take_duration(jv record)
{
	const char *start = pd_json_peek_string(record, "start_time_unix_nano", NULL);
	const char *end = pd_json_peek_string(record, "end_time_unix_nano", NULL);
	uint64_t from = start != NULL ? strtoull(start, NULL, 10) : 0;
	uint64_t to = end != NULL ? strtoull(end, NULL, 10) : 0;

	if (start == NULL || end == NULL || to < from)
		return record;
	jv duration = jv_string_fmt("%" PRIu64, to - from);
	record = pd_json_set(record, "duration_ns",
	    jv_number_with_literal(jv_string_value(duration)));
	jv_free(duration);
	return record;
}

/* A span must have its ids; a log may. Each borrows what it is made of. */
static bool
flatten_span(jv *record, jv span)
{
	*record = jv_object();
	*record = pd_json_set_string(*record, "type", "span");
	if (!take_id(record, "trace_id", span, "traceId", PD_TRACE_ID - 1) ||
	    !take_id(record, "span_id", span, "spanId", PD_SPAN_ID - 1))
		return false;
	take_id(record, "parent_span_id", span, "parentSpanId", PD_SPAN_ID - 1);
	*record = take_field(*record, "trace_state", span, "traceState");
	*record = pd_json_set_string(*record, "name", pd_json_peek_string(span, "name", ""));
	*record = pd_json_set(*record, "kind", word_of(span, "kind", kinds, KINDS));
	*record = take_time(*record, "start_time_unix_nano", span, "startTimeUnixNano");
	*record = take_time(*record, "end_time_unix_nano", span, "endTimeUnixNano");
	*record = take_duration(*record);
	*record = take_attributes(*record, span);
	*record = take_field(*record, "dropped_attributes_count", span, "droppedAttributesCount");
	*record = take_list(*record, "events", span, event_of);
	*record = take_field(*record, "dropped_events_count", span, "droppedEventsCount");
	*record = take_list(*record, "links", span, link_of);
	*record = take_field(*record, "dropped_links_count", span, "droppedLinksCount");
	*record = take_field(*record, "flags", span, "flags");
	*record = take_status(*record, span);
	return true;
}

static bool
flatten_log(jv *record, jv log)
{
	*record = jv_object();
	*record = pd_json_set_string(*record, "type", "log");
	take_id(record, "trace_id", log, "traceId", PD_TRACE_ID - 1);
	take_id(record, "span_id", log, "spanId", PD_SPAN_ID - 1);
	*record = take_field(*record, "event_name", log, "eventName");
	*record = take_time(*record, "time_unix_nano", log, "timeUnixNano");
	*record = take_time(*record, "observed_time_unix_nano", log, "observedTimeUnixNano");
	*record = take_field(*record, "severity_number", log, "severityNumber");
	*record = take_field(*record, "severity_text", log, "severityText");
	*record = pd_json_set(*record, "body", value_of(pd_json_peek(log, "body"), 0));
	*record = take_attributes(*record, log);
	*record = take_field(*record, "dropped_attributes_count", log, "droppedAttributesCount");
	*record = take_field(*record, "flags", log, "flags");
	return true;
}

/*
 * Walking through an export.
 */
struct flattening {
	enum pd_otlp_signal signal;
	pd_otlp_take *take;
	void *context;
	int64_t taken, rejected;
	struct pd_error *error;
};

/* The elements of a list of objects, which may be absent. Returns 0 or -1. */
static int
each(struct flattening *flattening, jv from, const char *name,
    int (*take)(struct flattening *, jv element, void *), void *context)
{
	jv list = pd_json_peek(from, name);
	int result = 0;

	if (jv_get_kind(list) == JV_KIND_ARRAY) {
		jv_array_foreach(list, i, element) {
			if (result == 0 && jv_get_kind(element) != JV_KIND_OBJECT)
				result = pd_error_set(flattening->error,
				    "an element of %s is no object", name);
			if (result == 0)
				result = take(flattening, element, context);
			jv_free(element);
		}
	} else if (jv_is_valid(list) && jv_get_kind(list) != JV_KIND_NULL) {
		result = pd_error_set(flattening->error, "%s is no array", name);
	}
	jv_free(list);
	return result;
}

struct origin {
	jv resource;		/* its attributes */
	jv scope;
};

static int
take_record(struct flattening *flattening, jv element, void *context)
{
	const struct origin *origin = context;
	jv record;
	bool whole = flattening->signal == PD_OTLP_TRACES ?
	    flatten_span(&record, element) : flatten_log(&record, element);

	if (!whole) {
		jv_free(record);
		flattening->rejected++;
		return 0;
	}
	record = pd_json_set(record, "resource", jv_copy(origin->resource));
	record = pd_json_set(record, "scope", jv_copy(origin->scope));
	flattening->taken++;
	flattening->take(flattening->context, record);
	return 0;
}

static int
take_scope(struct flattening *flattening, jv element, void *context)
{
	struct origin origin = {.resource = *(jv *)context};
	jv given = pd_json_peek(element, "scope");

	origin.scope = take_field(jv_object(), "name", given, "name");
	origin.scope = take_field(origin.scope, "version", given, "version");
	if (pd_json_has_peek(given, "attributes"))
		origin.scope = take_attributes(origin.scope, given);
	jv_free(given);
	int result = each(flattening, element, signals[flattening->signal].records,
	    take_record, &origin);
	jv_free(origin.scope);
	return result;
}

static int
take_resource(struct flattening *flattening, jv element, void *context)
{
	jv given = pd_json_peek(element, "resource");
	jv resource = attributes_of(pd_json_peek(given, "attributes"), 0);

	(void)context;
	jv_free(given);
	int result = each(flattening, element, signals[flattening->signal].scopes,
	    take_scope, &resource);
	jv_free(resource);
	return result;
}

int64_t
pd_otlp_flatten(enum pd_otlp_signal signal, jv export, pd_otlp_take *take,
    void *context, int64_t *rejected, struct pd_error *error)
{
	struct flattening flattening = {.signal = signal, .take = take,
		.context = context, .error = error};
	int result = jv_get_kind(export) == JV_KIND_OBJECT ?
	    each(&flattening, export, signals[signal].resources, take_resource, NULL) :
	    pd_error_set(error, "an export is an object");

	jv_free(export);
	*rejected = flattening.rejected;
	return result == 0 ? flattening.taken : -1;
}

/*
 * Answering.
 */
static int
refuse(struct pd_reply *reply, bool protobuf, unsigned status, int code,
    struct pd_error *error)
{
	reply->status = status;
	pd_buffer_clear(&reply->body);
	pd_otlp_append_status(&reply->body, protobuf, code, error->message);
	return -1;
}

static int
check_request(const struct pd_request *request, bool protobuf,
    struct pd_reply *reply, struct pd_error *error)
{
	const char *type = pd_request_header(request, "content-type");

	if (strcmp(request->method, "POST") != 0) {
		pd_error_set(error, "an export is a POST, not a %s", request->method);
		reply->headers = pd_json_set_string(reply->headers, "Allow", "POST");
		return refuse(reply, protobuf, 405, RPC_UNIMPLEMENTED, error);
	}
	if (!protobuf && (type == NULL || strncasecmp(type, "application/json", 16) != 0)) {
		pd_error_set(error, "an export of the type '%s'", type != NULL ? type : "");
		pd_error_hint(error, "application/x-protobuf or application/json");
		return refuse(reply, protobuf, 415, RPC_INVALID_ARGUMENT, error);
	}
	return 0;
}

/* The export as OTLP/JSON, or an invalid jv with the reply set. */
static jv
decode(enum pd_otlp_signal signal, const struct pd_request *request, bool protobuf,
    size_t limit, struct pd_reply *reply, struct pd_error *error)
{
	struct pd_buffer unpacked = PD_BUFFER_INIT;
	const struct pd_buffer *body;
	jv export = jv_invalid();
	unsigned status = 400;

	switch (pd_request_unpack(request, limit, &unpacked, &body)) {
	case PD_BODY_GOOD:
		export = protobuf ? pd_protobuf_read(signals[signal].message,
		    body->data, body->length, error) :
		    pd_json_parse(body->data != NULL ? body->data : "", body->length, error);
		break;
	case PD_BODY_MALFORMED:
		pd_error_set(error, "the body is no gzip");
		break;
	case PD_BODY_TOO_LARGE:
		pd_error_set(error, "the body unpacks to more than %zu bytes", limit);
		status = 413;
		break;
	case PD_BODY_UNKNOWN:
		pd_error_set(error, "the body is packed in an unknown way");
		pd_error_hint(error, "gzip or nothing");
		status = 415;
		break;
	}
	pd_buffer_free(&unpacked);
	if (!jv_is_valid(export))
		refuse(reply, protobuf, status, RPC_INVALID_ARGUMENT, error);
	return export;
}

static void
accept(enum pd_otlp_signal signal, bool protobuf, int64_t rejected,
    struct pd_reply *reply)
{
	const char *message = NULL;

	if (signal == PD_OTLP_METRICS)
		message = "traces and logs are recorded, metrics are not";
	else if (rejected > 0)
		message = "a span needs a trace id and a span id";
	reply->status = 200;
	pd_otlp_append_response(&reply->body, protobuf, signals[signal].rejected, rejected,
	    message);
}

int64_t
pd_otlp_receive(enum pd_otlp_signal signal, const struct pd_request *request,
    size_t limit, pd_otlp_take *take, void *context, struct pd_reply *reply,
    struct pd_error *error)
{
	const char *type = pd_request_header(request, "content-type");
	bool protobuf = type != NULL && strncasecmp(type, "application/x-protobuf", 22) == 0;
	int64_t rejected = 0, taken = 0;

	pd_reply_start(reply, 200);
	reply->headers = pd_json_set_string(reply->headers, "Content-Type",
	    protobuf ? "application/x-protobuf" : "application/json");
	if (check_request(request, protobuf, reply, error) != 0)
		return -1;
	if (signal != PD_OTLP_METRICS) {
		jv export = decode(signal, request, protobuf, limit, reply, error);
		if (!jv_is_valid(export))
			return -1;
		taken = pd_otlp_flatten(signal, export, take, context, &rejected, error);
	}
	if (taken < 0)
		return refuse(reply, protobuf, 400, RPC_INVALID_ARGUMENT, error);
	accept(signal, protobuf, rejected, reply);
	return taken;
}
