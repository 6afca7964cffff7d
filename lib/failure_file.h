/* SPDX-License-Identifier: MIT */
/*
 * Failures in files of their own. A failure file is one line: the failure
 * record (pd-stream(5)) with the SHA-256 of its canonical form, so that it is
 * a stream that every program reads, and damage is seen years later.
 */
#ifndef PD_FAILURE_FILE_H
#define PD_FAILURE_FILE_H

#include <jv.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define PD_FAILURE_SUFFIX ".pd.json"

enum pd_failure_condition {
	PD_FAILURE_OK,
	PD_FAILURE_UNSEALED,	/* a failure record without sha256, as in a stream */
	PD_FAILURE_LAID_OUT,	/* ok, but over several lines, so it is no stream */
	PD_FAILURE_DAMAGED,
	PD_FAILURE_NEWER,	/* of a format that only a later release knows */
	PD_FAILURE_FOREIGN,	/* no failure record */
};

/* A word for it: "ok", "unsealed", ... */
const char *pd_failure_condition_word(enum pd_failure_condition);

/* Is this a failure record, of a format that is known, and does it agree with
 * its sha256 if it has one? Then it returns 0, otherwise -1. Borrows the
 * record, which must have been parsed: numbers that were computed since are
 * spelt in another way than those that were read. */
int pd_failure_verify(jv record, struct pd_error *);

/* The record with its sha256 made anew, over what is read when it has been
 * written. Consumes it. An invalid jv if it is nested too deeply to be read. */
jv pd_failure_seal(jv record, struct pd_error *);

/* Parse the text of a file. It may have been laid out over several lines by an
 * editor. An invalid jv unless the condition is one of the first three; the
 * error is without a place. */
jv pd_failure_parse(const char *text, size_t length, enum pd_failure_condition *,
    struct pd_error *);

/* Read a file. An invalid jv on error, which names the file. The first form
 * tells its condition as well; a file that is there and cannot be read counts
 * as damaged. */
jv pd_failure_inspect(const char *path, enum pd_failure_condition *,
    struct pd_error *);
jv pd_failure_load(const char *path, struct pd_error *);

/* A time since 1970 in microseconds as saved_at has it: times compare as their
 * texts do. */
enum { PD_FAILURE_TIME = 40 };
void pd_failure_time(int64_t microseconds, char text[PD_FAILURE_TIME]);

#endif
