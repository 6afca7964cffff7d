/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "hash.h"
#include "text.h"

enum {
	REQUEST_BITS = 16,
	REPEAT_BITS = 8,
	NUMBER_SHIFT = REQUEST_BITS + REPEAT_BITS,
	LETTER_SHIFT = NUMBER_SHIFT + 32,
};

/* Never 0, which would be no id. */
static uint64_t
execution_hash(const struct pd_trace *trace, const char *purpose, uint64_t of)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_format(&text, "%" PRIu64 "/%s/%s/%" PRIu64, trace->seed, trace->nonce,
	    purpose, of);
	uint64_t number = pd_hash_number(text.data, text.length);
	pd_buffer_free(&text);
	return number != 0 ? number : 1;
}

/* Letter and number of a command's id. */
static bool
parse_command(const char *command, uint64_t *letter, uint64_t *number)
{
	int64_t digits;
	struct pd_error ignored;

	if (!islower((unsigned char)command[0]) || command[1] == '0' ||
	    pd_parse_number(command + 1, 1, UINT32_MAX, &digits, &ignored) != 0)
		return false;
	*letter = (unsigned char)command[0];
	*number = (uint64_t)digits;
	return true;
}

bool
pd_trace_parent(const struct pd_trace *trace, const char *command, int repeat,
    int request, char text[PD_TRACEPARENT])
{
	uint64_t letter, number;

	if (request >> REQUEST_BITS != 0 || repeat >> REPEAT_BITS != 0 ||
	    !parse_command(command, &letter, &number))
		return false;
	uint64_t left = letter << LETTER_SHIFT | number << NUMBER_SHIFT |
	    (uint64_t)repeat << REQUEST_BITS | (uint64_t)request;
	snprintf(text, PD_TRACEPARENT, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01",
	    left, execution_hash(trace, "trace", left), execution_hash(trace, "span", left));
	return true;
}

/* The number that 16 digits give. */
static uint64_t
parse_half(const char *text)
{
	char half[PD_SPAN_ID];

	snprintf(half, sizeof(half), "%s", text);
	return strtoull(half, NULL, 16);
}

bool
pd_trace_command(const struct pd_trace *trace, const char *trace_id,
    char command[PD_TRACE_COMMAND])
{
	if (!pd_trace_is_id(trace_id, PD_TRACE_ID - 1))
		return false;
	uint64_t left = parse_half(trace_id);
	if (parse_half(trace_id + PD_SPAN_ID - 1) != execution_hash(trace, "trace", left))
		return false;
	snprintf(command, PD_TRACE_COMMAND, "%c%" PRIu32,
	    (char)(left >> LETTER_SHIFT), (uint32_t)(left >> NUMBER_SHIFT));
	return true;
}

bool
pd_trace_is_id(const char *text, int digits)
{
	size_t length = strspn(text, "0123456789abcdef");

	return length == (size_t)digits && text[length] == '\0' &&
	    strspn(text, "0") < length;
}

bool
pd_trace_read(const char *text, char trace_id[PD_TRACE_ID],
    char span_id[PD_SPAN_ID])
{
	/* Later versions add fields behind these; "ff" is none. */
	if (strlen(text) < PD_TRACEPARENT - 1 || text[2] != '-' || text[35] != '-' ||
	    text[52] != '-' || strncmp(text, "ff", 2) == 0)
		return false;
	snprintf(trace_id, PD_TRACE_ID, "%.32s", text + 3);
	snprintf(span_id, PD_SPAN_ID, "%.16s", text + 36);
	return pd_trace_is_id(trace_id, PD_TRACE_ID - 1) &&
	    pd_trace_is_id(span_id, PD_SPAN_ID - 1);
}
