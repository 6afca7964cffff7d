/* SPDX-License-Identifier: MIT */
/* The records of a run as they are written, field by field, without secrets. */
#ifndef PD_JOURNAL_H
#define PD_JOURNAL_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "redact.h"
#include "writer.h"

struct pd_journal {
	struct pd_writer *writer;
	const struct pd_redaction *redaction;
	bool exchanges;		/* write requests and replies */
	int64_t run;		/* its number */
	int64_t started;	/* pd_loop_now() when it did: times count from there */
	const char **recorded;	/* NULL, or the lines that events to come have in a
				 * stream already: written in place of new records */
};

/* Whose record it is. */
struct pd_journal_place {
	const char *id;		/* of a command, or NULL */
	int branch;		/* its number, or -1 */
};

/* line is the sequence's record; target may be NULL. */
void pd_journal_start(const struct pd_journal *, int64_t attempt,
    const char *nonce, const char *target, const char *line, size_t length);

/* All values are borrowed; an invalid one writes no field. at is on the loop's
 * clock, n counts the events folded up to now. */
void pd_journal_command(const struct pd_journal *, struct pd_journal_place,
    jv command, const struct pd_answer *);
void pd_journal_event(const struct pd_journal *, struct pd_journal_place,
    const char *source, jv event, int64_t at, int64_t n);
/* Of what a repeated command was answered at an attempt from 2: the same as first? */
void pd_journal_repeat(const struct pd_journal *, struct pd_journal_place,
    jv event, int64_t at, int64_t n, int attempt, bool same);
/* The record of a request that a mock got, as pd_injection_requests gives it. */
void pd_journal_request(const struct pd_journal *, jv request);
void pd_journal_check(const struct pd_journal *, struct pd_journal_place,
    const char *check, bool pass, jv message, jv data, int64_t n);
void pd_journal_pause(const struct pd_journal *, struct pd_journal_place,
    jv command);

#endif
