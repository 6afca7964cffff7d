/* SPDX-License-Identifier: MIT */
/*
 * The executor: sequences against the real system. It resolves references,
 * sends each command through the adapter, folds what comes back, runs the
 * checks that it triggers, and writes the run's records, in the order in which
 * it folded. Commands of branches run at the same time; their answers are
 * gathered and folded in an order that explains them (gathering.h). What is seen
 * outside of answers (sightings.h) is folded after the commands that were under way
 * then. A run goes through phases: mocks begin anew, the adapter's setup_each, then setup,
 * prefix, branches (at the same time) and suffix of the sequence, waiting until
 * everything has settled, the checks at the end, teardown, the adapter's teardown_each. Whatever fails or is
 * interrupted, teardown is always reached.
 */
#ifndef PD_EXECUTOR_H
#define PD_EXECUTOR_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "error.h"
#include "executor_options.h"
#include "injection.h"
#include "loop.h"
#include "model.h"
#include "projection.h"
#include "reader.h"
#include "sequence.h"
#include "stream.h"
#include "stutter.h"
#include "writer.h"

struct pd_executor;

/* NULL when an injector cannot be as it was asked for. */
struct pd_executor *pd_executor_new(struct pd_loop *, struct pd_model *,
    struct pd_adapter *, struct pd_writer *, const struct pd_executor_options *,
    struct pd_error *);
void pd_executor_free(struct pd_executor *);

/* Start the injectors and the adapter, wait until the system is healthy, run setup_once.
 * Returns 0 or -1. */
int pd_executor_begin(struct pd_executor *, struct pd_error *);

struct pd_execution {
	const struct pd_sequence *sequence;
	bool paced;		/* wait before each command of prefix, branches and suffix
				 * until the input has a proceed record */
	size_t first_branch;	/* the branch that is started first, modulo their number */
	bool repeats;		/* when it passes it will be executed again, next */
	const char *line;	/* the sequence's record as it was read */
	size_t length;
	const jv *mutant;	/* what is done to the answer of one command before anything
				 * sees it, {id, ...} as in mutation.h; or NULL */
};

/* Execute a sequence and write its records; the run_end record is returned
 * too. A paced run flushes the writer before it waits. */
jv pd_executor_run(struct pd_executor *, const struct pd_execution *);

/* Run teardown_once. Returns 0 or -1. */
int pd_executor_finish(struct pd_executor *, struct pd_error *);

/* Runs in a row up to now in which the system could not be reached at all. */
int pd_executor_unreachable(const struct pd_executor *);

/* Has an injector or a mock failed? Then the words for it, else NULL. No further run
 * can be trusted then. */
const char *pd_executor_broken(const struct pd_executor *);

/* How many events came from injectors and mocks between runs, and belong to none. */
size_t pd_executor_strays(const struct pd_executor *);

/* Note in the counts which promise of testing was empty over all runs: no
 * command, no event, no check, every answer a refusal. */
void pd_executor_note_empty(const struct pd_executor *, struct pd_counts *);

#endif
