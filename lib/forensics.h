/* SPDX-License-Identifier: MIT */
/*
 * Judging a log: its lines are mapped to events, brought into order, split into parts
 * by key, folded and checked. Lines are taken in blocks. While a block is mapped, by
 * whoever has time for some lines, the block before it is folded, each key by the
 * judge that it falls to, a thread each. In between one thread puts the events in
 * order and numbers them, so that what is found does not depend on how many judges
 * there are.
 */
#ifndef PD_FORENSICS_H
#define PD_FORENSICS_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "mapping.h"
#include "reader.h"
#include "spool.h"

struct pd_forensics_options {
	const char *model;
	struct pd_mapping_options mapping;
	int window;		/* so many events may wait for one before them */
	int context;		/* events told before the one that broke a check */
	int jobs;
	int64_t max_states;	/* 0: no limit */
	bool all;		/* go on after a violation */
	bool has_since, has_until;
	int64_t since, until;	/* nanoseconds since 1970; until is not included */
	struct pd_spool *spool;	/* keeps all events; NULL for none */
};

/* What is found, in the order of the log. */
struct pd_forensics_listener {
	/* A violation record, consumed; spooled is where its event is kept. One with
	 * "restarted" is doubtful. */
	void (*violation)(void *context, jv record, int64_t spooled);
	/* A line that could not be read or mapped. */
	void (*bad_line)(void *context, const struct pd_error *);
	/* An event that could not be folded, or a check that could not be run. */
	void (*problem)(void *context, const struct pd_error *);
	void *context;
};

struct pd_forensics_counts {
	int64_t lines, bad_lines, events, late, parts, violations, problems;
	int64_t given_up;	/* parts, to make room for others */
	int64_t unended;	/* parts of these on which checks for the end did not run */
	int64_t came_back;	/* parts that began anew, their key's having been given up */
	int64_t doubtful;	/* violations in those: they prove nothing */
	jv first_given_up;	/* [{key, file, line}]: the line that needed the room */
	jv first_came_back;	/* and the one with which it came back */
	jv skipped;		/* {reason: times} */
	jv fired;		/* {check: times} */
	jv unfolded;		/* {type: times}: events that the model has no function for */
};

struct pd_forensics;

/* Options must outlive it. NULL on error. */
struct pd_forensics *pd_forensics_open(const struct pd_forensics_options *,
    const struct pd_forensics_listener *, struct pd_error *);
void pd_forensics_close(struct pd_forensics *);

/* {name, path, sha256} of the model. */
jv pd_forensics_model(const struct pd_forensics *);

/* Take a line, or one that could not be read with its error. False when nothing more
 * is wanted: a check failed and `all` is not set. */
bool pd_forensics_line(struct pd_forensics *, const struct pd_record *,
    const struct pd_error *bad);

/* Judge the lines taken so far, since no more come for now. False as above. */
bool pd_forensics_flush(struct pd_forensics *);

/* No more lines come: judge what waits in the window, and run the checks for the end
 * if this is the end of the log. */
void pd_forensics_finish(struct pd_forensics *, bool log_ended);

/* The caller frees them. */
struct pd_forensics_counts pd_forensics_counts(const struct pd_forensics *);
void pd_forensics_counts_free(struct pd_forensics_counts *);

#endif
