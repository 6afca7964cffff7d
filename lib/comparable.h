/* SPDX-License-Identifier: MIT */
/*
 * A run laid out for comparing it with other runs: without what differs in
 * every execution. Times are left out, and values that the system gave out or
 * that were minted become the tokens that stand for them in the plan.
 *
 * A value becomes its token where it was bound: in the field that a token of
 * the plan names, or that the model predicts as external. Anywhere else it
 * does so if the prediction has the token there, if the command's argument or
 * the bound field of the same name has this value, or, wherever it stands, if
 * it is text or a number that can hardly be anything else. So the number 1 that
 * is an account's id stays 1 where it is an amount.
 */
#ifndef PD_COMPARABLE_H
#define PD_COMPARABLE_H

#include <jv.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "recorded.h"

/* A command and what came of it. */
struct pd_comparable_step {
	char *id;		/* "" for the events that no command caused */
	jv command;		/* as it was planned; invalid if there is none */
	jv outcome;		/* a string, or invalid */
	jv events;		/* an array */
	jv checks;		/* an array of strings: the checks that failed */
	jv before, state;	/* the model's state around it; invalid if unknown */
	int64_t latency;	/* microseconds, or -1 */
};

struct pd_comparable {
	struct pd_comparable_step *steps;	/* in the order of their first records */
	size_t count;
	size_t commands;	/* how many of them were answered */
	jv run, attempt, status, plan, failure;	/* as recorded; invalid if missing */
	struct pd_error error;	/* why the model's states stop; else no message */
};

/* Without a model (NULL) there are no states and no predictions. Must be
 * freed. */
void pd_comparable_make(struct pd_comparable *, const struct pd_recorded *,
    struct pd_model *);
void pd_comparable_free(struct pd_comparable *);

/* One more of it, which shares its values. Must be freed. */
struct pd_comparable pd_comparable_copy(const struct pd_comparable *);

/* The step of this id, or NULL. */
const struct pd_comparable_step *pd_comparable_step(const struct pd_comparable *,
    const char *id);

/* {run, attempt, status, failure} of it, for records. */
jv pd_comparable_identity(const struct pd_comparable *);

/* Did the run pass, as far as it is told? */
int pd_comparable_passed(const struct pd_comparable *);

#endif
