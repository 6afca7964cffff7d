/* SPDX-License-Identifier: MIT */
/* Any export of OTLP, in protobuf or JSON, gives records that are JSON, or an
 * error that says what is wrong. The first byte says whether it is of traces or
 * of logs. */
#include <assert.h>
#include <stdint.h>

#include "json.h"
#include "otlp.h"
#include "otlp_message.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take(void *context, jv record)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_error error = PD_ERROR_INIT;
	int64_t *count = context;

	pd_json_append_peek(&text, record);
	jv again = pd_json_parse(text.data, text.length, &error);
	assert(jv_is_valid(again));
	assert(pd_json_peek_string(again, "type", NULL) != NULL);
	const char *id = pd_json_peek_string(again, "trace_id", NULL);
	assert(id == NULL || pd_trace_is_id(id, PD_TRACE_ID - 1));
	jv_free(again);
	jv_free(record);
	pd_buffer_free(&text);
	++*count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_error error = PD_ERROR_INIT;
	int64_t count = 0, rejected = 0;

	if (size < 1)
		return 0;
	bool traces = data[0] & 1;
	jv export = size > 1 && data[1] == '{' ?
	    pd_json_parse((const char *)data + 1, size - 1, &error) :
	    pd_protobuf_read(traces ? &pd_otlp_traces_message : &pd_otlp_logs_message,
		data + 1, size - 1, &error);
	if (!jv_is_valid(export)) {
		assert(error.message[0] != '\0');
		return 0;
	}
	int64_t taken = pd_otlp_flatten(traces ? PD_OTLP_TRACES : PD_OTLP_LOGS, export,
	    take, &count, &rejected, &error);
	assert(taken == count || (taken == -1 && error.message[0] != '\0'));
	assert(rejected == 0 || traces);
	return 0;
}
