/* SPDX-License-Identifier: MIT */
/*
 * Shrinking: from a sequence that fails to the smallest one found that fails
 * in the same way (kind and name of the failure). What comes after the failure
 * is dropped first; then commands go, whole groups of unrelated ones before
 * single ones, and whatever refers to a command goes with it (delta debugging,
 * Zeller and Hildebrandt 2002, over the graph of references); then arguments
 * are simplified by their generators, equal ones and numbers that hang together
 * also together; then commands go whose amount another one can take over. A
 * candidate that the model could not have generated is refused
 * without touching the system, and none is executed twice.
 */
#ifndef PD_SHRINK_H
#define PD_SHRINK_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "model.h"
#include "runner.h"
#include "sequence.h"

enum pd_strategy {
	PD_SHRINK_QUICK,	/* one pass of each kind; may miss reductions */
	PD_SHRINK_THOROUGH,	/* until no single command can go and no argument be simpler */
	PD_SHRINK_EXHAUSTIVE,	/* until no two commands can go, either */
};

struct pd_shrink_options {
	enum pd_strategy strategy;
	int64_t max_time;	/* microseconds, 0 for no limit */
	int64_t max_runs;	/* executions, 0 for no limit */
};

struct pd_shrunk {
	struct pd_sequence sequence;
	struct pd_buffer lines;	/* records of its last failing execution */
	bool reproduced;	/* the original failed again at all */
	jv statistics;		/* as the failure record has them */
};

/* What is told while it works, for progress. */
typedef void pd_shrink_progress(void *context, size_t commands, int64_t executions);

/* Shrink. failure is what must come again (borrowed). Returns what
 * pd_runner_run returns when it is not PD_RUN_DONE: even then the result holds
 * the best so far. It must be freed in all cases. */
enum pd_run_result pd_shrink(struct pd_model *, struct pd_runner *,
    const struct pd_sequence *, jv failure, const struct pd_shrink_options *,
    pd_shrink_progress *, void *progress_context, struct pd_shrunk *,
    struct pd_error *);

void pd_shrunk_free(struct pd_shrunk *);

#endif
