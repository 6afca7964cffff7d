/* SPDX-License-Identifier: MIT */
#include "otlp_message.h"

#include <string.h>

#include "json.h"

#define MESSAGE(fields_, name_) \
	{.name = (name_), .fields = (fields_), .count = sizeof(fields_) / sizeof((fields_)[0])}

static const struct pd_protobuf_message value_message, attribute_message;

static const struct pd_protobuf_field attribute[] = {
	{1, "key", PD_PROTOBUF_STRING, false, NULL},
	{2, "value", PD_PROTOBUF_MESSAGE, false, &value_message},
};
static const struct pd_protobuf_message attribute_message = MESSAGE(attribute, "KeyValue");

static const struct pd_protobuf_field values[] = {
	{1, "values", PD_PROTOBUF_MESSAGE, true, &value_message},
};
static const struct pd_protobuf_message values_message = MESSAGE(values, "ArrayValue");

static const struct pd_protobuf_field pairs[] = {
	{1, "values", PD_PROTOBUF_MESSAGE, true, &attribute_message},
};
static const struct pd_protobuf_message pairs_message = MESSAGE(pairs, "KeyValueList");

static const struct pd_protobuf_field value[] = {
	{1, "stringValue", PD_PROTOBUF_STRING, false, NULL},
	{2, "boolValue", PD_PROTOBUF_BOOL, false, NULL},
	{3, "intValue", PD_PROTOBUF_INT64, false, NULL},
	{4, "doubleValue", PD_PROTOBUF_DOUBLE, false, NULL},
	{5, "arrayValue", PD_PROTOBUF_MESSAGE, false, &values_message},
	{6, "kvlistValue", PD_PROTOBUF_MESSAGE, false, &pairs_message},
	{7, "bytesValue", PD_PROTOBUF_BYTES, false, NULL},
};
static const struct pd_protobuf_message value_message = {
	.name = "AnyValue", .fields = value, .count = sizeof(value) / sizeof(value[0]),
	.choice = true,
};

static const struct pd_protobuf_field resource[] = {
	{1, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
};
static const struct pd_protobuf_message resource_message = MESSAGE(resource, "Resource");

static const struct pd_protobuf_field scope[] = {
	{1, "name", PD_PROTOBUF_STRING, false, NULL},
	{2, "version", PD_PROTOBUF_STRING, false, NULL},
	{3, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
};
static const struct pd_protobuf_message scope_message = MESSAGE(scope, "InstrumentationScope");

static const struct pd_protobuf_field event[] = {
	{1, "timeUnixNano", PD_PROTOBUF_FIXED64, false, NULL},
	{2, "name", PD_PROTOBUF_STRING, false, NULL},
	{3, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
};
static const struct pd_protobuf_message event_message = MESSAGE(event, "Event");

static const struct pd_protobuf_field span_link[] = {
	{1, "traceId", PD_PROTOBUF_HEX, false, NULL},
	{2, "spanId", PD_PROTOBUF_HEX, false, NULL},
	{3, "traceState", PD_PROTOBUF_STRING, false, NULL},
	{4, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
};
static const struct pd_protobuf_message link_message = MESSAGE(span_link, "Link");

static const struct pd_protobuf_field status[] = {
	{2, "message", PD_PROTOBUF_STRING, false, NULL},
	{3, "code", PD_PROTOBUF_INT32, false, NULL},
};
static const struct pd_protobuf_message status_message = MESSAGE(status, "Status");

static const struct pd_protobuf_field span[] = {
	{1, "traceId", PD_PROTOBUF_HEX, false, NULL},
	{2, "spanId", PD_PROTOBUF_HEX, false, NULL},
	{3, "traceState", PD_PROTOBUF_STRING, false, NULL},
	{4, "parentSpanId", PD_PROTOBUF_HEX, false, NULL},
	{5, "name", PD_PROTOBUF_STRING, false, NULL},
	{6, "kind", PD_PROTOBUF_INT32, false, NULL},
	{7, "startTimeUnixNano", PD_PROTOBUF_FIXED64, false, NULL},
	{8, "endTimeUnixNano", PD_PROTOBUF_FIXED64, false, NULL},
	{9, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
	{10, "droppedAttributesCount", PD_PROTOBUF_UINT32, false, NULL},
	{11, "events", PD_PROTOBUF_MESSAGE, true, &event_message},
	{12, "droppedEventsCount", PD_PROTOBUF_UINT32, false, NULL},
	{13, "links", PD_PROTOBUF_MESSAGE, true, &link_message},
	{14, "droppedLinksCount", PD_PROTOBUF_UINT32, false, NULL},
	{15, "status", PD_PROTOBUF_MESSAGE, false, &status_message},
	{16, "flags", PD_PROTOBUF_FIXED32, false, NULL},
};
static const struct pd_protobuf_message span_message = MESSAGE(span, "Span");

static const struct pd_protobuf_field scope_spans[] = {
	{1, "scope", PD_PROTOBUF_MESSAGE, false, &scope_message},
	{2, "spans", PD_PROTOBUF_MESSAGE, true, &span_message},
};
static const struct pd_protobuf_message scope_spans_message = MESSAGE(scope_spans, "ScopeSpans");

static const struct pd_protobuf_field resource_spans[] = {
	{1, "resource", PD_PROTOBUF_MESSAGE, false, &resource_message},
	{2, "scopeSpans", PD_PROTOBUF_MESSAGE, true, &scope_spans_message},
};
static const struct pd_protobuf_message resource_spans_message =
    MESSAGE(resource_spans, "ResourceSpans");

static const struct pd_protobuf_field traces[] = {
	{1, "resourceSpans", PD_PROTOBUF_MESSAGE, true, &resource_spans_message},
};
const struct pd_protobuf_message pd_otlp_traces_message =
    MESSAGE(traces, "ExportTraceServiceRequest");

static const struct pd_protobuf_field log_record[] = {
	{1, "timeUnixNano", PD_PROTOBUF_FIXED64, false, NULL},
	{2, "severityNumber", PD_PROTOBUF_INT32, false, NULL},
	{3, "severityText", PD_PROTOBUF_STRING, false, NULL},
	{5, "body", PD_PROTOBUF_MESSAGE, false, &value_message},
	{6, "attributes", PD_PROTOBUF_MESSAGE, true, &attribute_message},
	{7, "droppedAttributesCount", PD_PROTOBUF_UINT32, false, NULL},
	{8, "flags", PD_PROTOBUF_FIXED32, false, NULL},
	{9, "traceId", PD_PROTOBUF_HEX, false, NULL},
	{10, "spanId", PD_PROTOBUF_HEX, false, NULL},
	{11, "observedTimeUnixNano", PD_PROTOBUF_FIXED64, false, NULL},
	{12, "eventName", PD_PROTOBUF_STRING, false, NULL},
};
static const struct pd_protobuf_message log_message = MESSAGE(log_record, "LogRecord");

static const struct pd_protobuf_field scope_logs[] = {
	{1, "scope", PD_PROTOBUF_MESSAGE, false, &scope_message},
	{2, "logRecords", PD_PROTOBUF_MESSAGE, true, &log_message},
};
static const struct pd_protobuf_message scope_logs_message = MESSAGE(scope_logs, "ScopeLogs");

static const struct pd_protobuf_field resource_logs[] = {
	{1, "resource", PD_PROTOBUF_MESSAGE, false, &resource_message},
	{2, "scopeLogs", PD_PROTOBUF_MESSAGE, true, &scope_logs_message},
};
static const struct pd_protobuf_message resource_logs_message =
    MESSAGE(resource_logs, "ResourceLogs");

static const struct pd_protobuf_field logs[] = {
	{1, "resourceLogs", PD_PROTOBUF_MESSAGE, true, &resource_logs_message},
};
const struct pd_protobuf_message pd_otlp_logs_message =
    MESSAGE(logs, "ExportLogsServiceRequest");

/* partial_success is field 1: rejected is 1 in it, error_message 2. */
static void
append_protobuf_response(struct pd_buffer *buffer, int64_t rejected,
    const char *message)
{
	struct pd_buffer partial = PD_BUFFER_INIT;

	pd_protobuf_append_number(&partial, 1, (uint64_t)rejected);
	pd_protobuf_append_bytes(&partial, 2, message, strlen(message));
	pd_protobuf_append_bytes(buffer, 1, partial.data, partial.length);
	pd_buffer_free(&partial);
}

void
pd_otlp_append_response(struct pd_buffer *buffer, bool protobuf,
    const char *rejected_name, int64_t rejected, const char *message)
{
	if (message == NULL && !protobuf) {
		pd_buffer_text(buffer, "{}");
	} else if (message != NULL && protobuf) {
		append_protobuf_response(buffer, rejected, message);
	} else if (message != NULL) {
		jv partial = pd_json_set_string(jv_object(), "errorMessage", message);
		if (rejected > 0)
			partial = pd_json_set(partial, rejected_name,
			    jv_string_fmt("%lld", (long long)rejected));
		jv response = pd_json_set(jv_object(), "partialSuccess", partial);
		pd_json_append_peek(buffer, response);
		jv_free(response);
	}
}

void
pd_otlp_append_status(struct pd_buffer *buffer, bool protobuf, int code,
    const char *message)
{
	if (protobuf) {
		pd_protobuf_append_number(buffer, 1, (uint64_t)code);
		pd_protobuf_append_bytes(buffer, 2, message, strlen(message));
		return;
	}
	jv status_json = pd_json_set_string(pd_json_set_number(jv_object(), "code", code),
	    "message", message);
	pd_json_append_peek(buffer, status_json);
	jv_free(status_json);
}
