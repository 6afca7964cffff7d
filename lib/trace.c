/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "hash.h"
#include "text.h"

enum {
	REQUEST_BITS = 24,
	NUMBER_BITS = 32,
};

static const int64_t most_requests = (INT64_C(1) << REQUEST_BITS) - 1;

/* Never 0, which would be no id. */
static uint64_t
execution_hash(uint64_t seed, const char *nonce, const char *purpose, uint64_t of)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_format(&text, "%" PRIu64 "/%s/%s/%" PRIu64, seed, nonce, purpose, of);
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
pd_trace_parent(uint64_t seed, const char *nonce, const char *command,
    int64_t request, char text[PD_TRACEPARENT])
{
	uint64_t letter, number;

	if (request > most_requests || !parse_command(command, &letter, &number))
		return false;
	uint64_t left = letter << (NUMBER_BITS + REQUEST_BITS) |
	    number << REQUEST_BITS | (uint64_t)request;
	snprintf(text, PD_TRACEPARENT, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01",
	    left, execution_hash(seed, nonce, "trace", left),
	    execution_hash(seed, nonce, "span", left));
	return true;
}

/* 16 hexadecimal digits of either case. */
static bool
parse_half(const char *text, uint64_t *number)
{
	*number = 0;
	for (int i = 0; i < 16; i++) {
		int letter = tolower((unsigned char)text[i]);
		if (!isxdigit(letter))
			return false;
		*number = *number << 4 |
		    (uint64_t)(isdigit(letter) ? letter - '0' : letter - 'a' + 10);
	}
	return true;
}

bool
pd_trace_command(uint64_t seed, const char *nonce, const char *trace_id,
    char command[PD_TRACE_COMMAND], int64_t *request)
{
	uint64_t left, right;

	if (strlen(trace_id) != PD_TRACE_ID - 1 || !parse_half(trace_id, &left) ||
	    !parse_half(trace_id + 16, &right) ||
	    right != execution_hash(seed, nonce, "trace", left))
		return false;
	snprintf(command, PD_TRACE_COMMAND, "%c%" PRIu32,
	    (char)(left >> (NUMBER_BITS + REQUEST_BITS)), (uint32_t)(left >> REQUEST_BITS));
	*request = (int64_t)left & most_requests;
	return true;
}

bool
pd_trace_is_id(const char *text, int digits)
{
	bool zero = true;

	for (int i = 0; i < digits; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
		zero = zero && text[i] == '0';
	}
	return text[digits] == '\0' && !zero;
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
