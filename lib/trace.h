/* SPDX-License-Identifier: MIT */
/*
 * Trace context (W3C Trace Context, level 1): the header traceparent that goes
 * with a request, so that spans of the system can be told to belong to it.
 *
 * The id of a trace is made so that it tells its command without a table. Its
 * left half names the command and the request: one byte for the letter of the
 * command's id, four for the number behind it, one for the time that the command
 * is repeated, 0 for the first, and two for the count of its requests then.
 * "63 0000000c 00 0002" is the second request of c12. The right half is
 * a hash of the execution and the left half: an id made elsewhere, or for
 * another execution of the same run, is not taken for one of this one.
 */
#ifndef PD_TRACE_H
#define PD_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define PD_TRACE_ID 33		/* 32 digits and a NUL */
#define PD_SPAN_ID 17
#define PD_TRACEPARENT 56

/* The longest id of a command: a letter and a number of 32 bits. */
#define PD_TRACE_COMMAND 12

/* An execution of a run: its seed and its nonce, which is borrowed. */
struct pd_trace {
	uint64_t seed;
	const char *nonce;
};

/* The header for the request-th request, from 1, of a command, or of a repeat of it.
 * A command whose id is not of the form c12 has none: false. */
bool pd_trace_parent(const struct pd_trace *, const char *command, int repeat,
    int request, char text[PD_TRACEPARENT]);

/* The command that a trace id of this execution is for. False for any other id. */
bool pd_trace_command(const struct pd_trace *, const char *trace_id,
    char command[PD_TRACE_COMMAND]);

/* The parts of a header that came with a request. False when it is malformed; then
 * it is to be ignored. */
bool pd_trace_read(const char *text, char trace_id[PD_TRACE_ID],
    char span_id[PD_SPAN_ID]);

/* Is it so many hexadecimal digits, in lower case and not all zero? */
bool pd_trace_is_id(const char *text, int digits);

#endif
