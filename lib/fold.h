/* SPDX-License-Identifier: MIT */
/*
 * Folding: the state of a model after a stream of steps, and the checks that
 * the steps trigger. A step is a command or an event; whoever executes,
 * judges or replays a run feeds its steps through this one loop, in the order
 * of the run's records, so that all come to the same states and verdicts.
 */
#ifndef PD_FOLD_H
#define PD_FOLD_H

#include <jv.h>
#include <stdint.h>

#include "error.h"
#include "model.h"

enum pd_step { PD_STEP_COMMAND, PD_STEP_EVENT };

struct pd_fold {
	struct pd_model *model;
	jv state;
	int64_t *matched;	/* by check: steps so far that its trigger looks at */
	int64_t *fired;		/* by check: times that it ran */
	int *due;		/* room for the checks that a step triggers */
};

/* What became of one check. message and data are borrowed and may be invalid.
 * A verdict of PD_CHECK_ERROR comes with the error. Return 0 to go on with
 * the other checks of the step, anything else to leave them. */
typedef int pd_fold_checked(void *context, int check, enum pd_verdict,
    jv message, jv data, const struct pd_error *);

/* Begin with the model's first state. Returns 0 or -1. */
int pd_fold_start(struct pd_fold *, struct pd_model *, struct pd_error *);
void pd_fold_free(struct pd_fold *);

/* A copy that goes its own way. */
void pd_fold_copy(struct pd_fold *to, const struct pd_fold *from);

/* Change the state by a step, which is borrowed. Returns 0, or -1: the state
 * is lost then. */
int pd_fold_apply(struct pd_fold *, jv step, struct pd_error *);

/* Run the checks that the step triggers. Returns 0 or what checked returned. */
int pd_fold_check(struct pd_fold *, enum pd_step, jv step, pd_fold_checked *,
    void *context);

/* Both at once, which costs less. Returns 0 or what checked returned; -1 when the
 * state cannot be changed, and then it is lost (invalid) and nothing checked. */
int pd_fold_step(struct pd_fold *, enum pd_step, jv step, pd_fold_checked *,
    void *context, struct pd_error *);

/* Run the checks for the end, or for when everything has settled. */
int pd_fold_check_at(struct pd_fold *, int when, pd_fold_checked *,
    void *context);

/* {check: times} for a run_end record. */
jv pd_fold_fired(const struct pd_fold *);

#endif
