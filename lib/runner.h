/* SPDX-License-Identifier: MIT */
/*
 * Running sequences again: the executing filter (pd-exec and its options, or
 * anything that speaks the same stream) as a child that is kept running. It
 * gets a sequence record and answers with the run's records up to run_end. A
 * filter may execute the sequence several times (pd-exec --repeat): each attempt
 * but the last has "again" in its run_end, and the last one is the run.
 */
#ifndef PD_RUNNER_H
#define PD_RUNNER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "loop.h"
#include "reader.h"
#include "sequence.h"

struct pd_runner;

enum pd_run_result {
	PD_RUN_FAILED = -1,	/* the filter is of no use: the error says why */
	PD_RUN_INTERRUPTED = 0,	/* a signal came; the filter was told to end */
	PD_RUN_DONE = 1,
	PD_RUN_RECORD = 2,	/* of pd_runner_next: the run is not over yet */
	PD_RUN_AGAIN = 3,	/* the same, and what came so far was another attempt */
};

/* argv is borrowed and must outlive the runner; nothing is started yet. */
struct pd_runner *pd_runner_new(struct pd_loop *, char *const *argv);

/* Close the filter's input and wait until it has ended. */
void pd_runner_free(struct pd_runner *);

/* Execute a sequence; lines is emptied and gets the records of its last attempt.
 * A filter that ended after an earlier run is started again. */
enum pd_run_result pd_runner_run(struct pd_runner *, const struct pd_sequence *,
    struct pd_buffer *lines, struct pd_error *);

/* The same for a sequence record, which is consumed. */
enum pd_run_result pd_runner_run_record(struct pd_runner *, jv sequence,
    struct pd_buffer *lines, struct pd_error *);

/* The same record by record. Begin says what to execute, and whether as a paced
 * run; each next waits for a record of it, which lives until the next call.
 * PD_RUN_DONE comes with the last run_end; after it, PD_RUN_FAILED and
 * PD_RUN_INTERRUPTED the run is over. */
void pd_runner_begin(struct pd_runner *, const struct pd_sequence *, bool paced);
enum pd_run_result pd_runner_next(struct pd_runner *, struct pd_record *,
    struct pd_error *);

/* Write a record to the filter, as a proceed record after a pause. Consumes it.
 * PD_RUN_DONE when it is written. */
enum pd_run_result pd_runner_send(struct pd_runner *, jv record,
    struct pd_error *);

/* How many run_end records came since it was made: each is an execution. */
int64_t pd_runner_ends(const struct pd_runner *);

/* Leave the run where it is: the filter is told by SIGTERM to end, which tears
 * it down. */
void pd_runner_leave(struct pd_runner *);

#endif
