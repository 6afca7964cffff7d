/* SPDX-License-Identifier: MIT */
/*
 * Trials: variations of a sequence that fails, each executed once to see
 * whether the failure still comes. What the model could not have generated is
 * refused without touching the system, and nothing is executed twice.
 */
#ifndef PD_TRIAL_H
#define PD_TRIAL_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "model.h"
#include "runner.h"
#include "sequence.h"

enum pd_trial_outcome {
	PD_TRIAL_FAILS,	/* in the same way: kind and name */
	PD_TRIAL_PASSES,
	PD_TRIAL_DIFFERS,	/* it fails in another way */
	PD_TRIAL_REFUSED,	/* the model does not admit it */
	PD_TRIAL_UNKNOWN,	/* not executed: a limit was reached, or no runner is left */
	PD_TRIAL_OUTCOMES
};

struct pd_trial_limits {
	int64_t max_time;	/* microseconds, 0 for no limit */
	int64_t max_runs;	/* executions, 0 for no limit */
};

/* Told after each execution, for progress. */
typedef void pd_trial_progress(void *context, int64_t executions);

struct pd_trials {
	struct pd_model *model;
	struct pd_runner *runner;
	const struct pd_trial_limits *limits;
	pd_trial_progress *progress;
	void *progress_context;
	struct pd_error *error;	/* why the runner is of no use */
	jv failure;		/* what is looked for */
	jv known;		/* {fingerprint: trial} */
	jv skipped;		/* [text]: what was not looked into */
	int64_t started, executions;
	int64_t counts[PD_TRIAL_OUTCOMES];	/* of variations, each once */
	const char *stopped;	/* which limit was reached, or NULL */
};

/* Begin, from now. The failure is consumed, the others are borrowed. */
void pd_trials_start(struct pd_trials *, struct pd_model *, struct pd_runner *,
    jv failure, const struct pd_trial_limits *, pd_trial_progress *,
    void *progress_context, struct pd_error *);
void pd_trials_free(struct pd_trials *);

/* What a variation did. */
struct pd_trial {
	enum pd_trial_outcome outcome;
	jv failure;		/* of a run that failed at all, or invalid */
	jv refused;		/* {id, reason}: the command that the model refused, or invalid */
};

void pd_trial_free(struct pd_trial *);

/* Try a variation, which is borrowed. The data of its failure are left out:
 * they may be large, and there are many variations. */
struct pd_trial pd_trials_try(struct pd_trials *, const struct pd_sequence *);

/* Execute the sequence itself, whether it was before or not, unless the runner
 * is gone. lines is emptied and gets its records. */
struct pd_trial pd_trials_execute(struct pd_trials *,
    const struct pd_sequence *, struct pd_buffer *lines);

/* Note what was not looked into. Consumes the text. */
void pd_trials_skip(struct pd_trials *, jv text);

#endif
