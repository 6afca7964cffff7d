/* SPDX-License-Identifier: MIT */
/*
 * The executor: sequences against the real system. It resolves references,
 * sends each command through the adapter, folds what comes back, runs the
 * checks that it triggers, and writes the run's records, in the order in which
 * it folded. A run goes through phases: the adapter's setup_each, then setup,
 * prefix, branches (at the same time) and suffix of the sequence, the checks
 * at the end, teardown, the adapter's teardown_each. Whatever fails or is
 * interrupted, teardown is always reached.
 */
#ifndef PD_EXECUTOR_H
#define PD_EXECUTOR_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "error.h"
#include "loop.h"
#include "model.h"
#include "reader.h"
#include "redact.h"
#include "sequence.h"
#include "stream.h"
#include "writer.h"

enum pd_check_mode {
	PD_CHECKS_HALT,		/* the first failing check ends the run */
	PD_CHECKS_RECORD,	/* the run goes on, and fails in the end */
	PD_CHECKS_LOG,		/* failing checks are told but fail nothing */
	PD_CHECKS_OFF,
};

/* Called for each failing check under PD_CHECKS_LOG. */
typedef void pd_executor_log(const char *text);

/* Called when a paced run waits and the input has no proceed record for it: the
 * run is aborted then. */
typedef void pd_executor_problem(void *context, const struct pd_error *);

struct pd_executor_options {
	enum pd_check_mode checks;
	bool conform;		/* events must agree with the model's prediction */
	bool trace;		/* write passing checks and every run's state, too */
	bool exchanges;		/* write requests and replies */
	int64_t timeout;	/* of a command that has none of its own, microseconds */
	int64_t health_timeout;	/* for a coprocess's greeting, and for health */
	const char *target;	/* for run_start records, or NULL */
	const struct pd_redaction *redaction;
	pd_executor_log *log;
	struct pd_reader *input;	/* where paced runs find their proceed records */
	pd_executor_problem *problem;
	void *context;		/* of problem */
};

struct pd_executor;

struct pd_executor *pd_executor_new(struct pd_loop *, struct pd_model *,
    struct pd_adapter *, struct pd_writer *, const struct pd_executor_options *);
void pd_executor_free(struct pd_executor *);

/* Start the adapter, wait until the system is healthy, run setup_once.
 * Returns 0 or -1. */
int pd_executor_begin(struct pd_executor *, struct pd_error *);

/* Execute a sequence and write its records; the run_end record is returned
 * too. line is the sequence's record as it was read. A paced run waits before
 * each command of prefix, branches and suffix until the input has a proceed
 * record, and flushes the writer before that. */
jv pd_executor_run(struct pd_executor *, const struct pd_sequence *, bool paced,
    const char *line, size_t length);

/* Run teardown_once. Returns 0 or -1. */
int pd_executor_finish(struct pd_executor *, struct pd_error *);

/* Runs in a row up to now in which the system could not be reached at all. */
int pd_executor_unreachable(const struct pd_executor *);

/* Note in the counts which promise of testing was empty over all runs: no
 * command, no event, no check, every answer a refusal. */
void pd_executor_note_empty(const struct pd_executor *, struct pd_counts *);

#endif
