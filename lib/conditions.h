/* SPDX-License-Identifier: MIT */
/*
 * Conditions over time in a run (condition.h): each step that opens one opens a
 * window, which is closed as soon as the condition holds in the state after a
 * step, or fails when a step comes later than its deadline. Time is that of the
 * steps alone, so a run that is judged again from its records comes to the same
 * verdicts.
 */
#ifndef PD_CONDITIONS_H
#define PD_CONDITIONS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "journal.h"
#include "model.h"

struct pd_window {
	uint64_t serial;	/* from 1, in the order of opening */
	int condition;
	jv step;		/* that opened it */
	char *id;		/* of its command, or NULL */
	int branch;
	int64_t deadline;	/* on the clock of the steps */
	jv message, data;	/* why it does not hold yet; may be invalid */
};

struct pd_conditions {
	struct pd_model *model;	/* borrowed */
	struct pd_window *windows;	/* those that are open, oldest first */
	size_t count, room;
	uint64_t serial;
	int64_t *opened, *met;	/* by condition */
};

void pd_conditions_start(struct pd_conditions *, struct pd_model *);
void pd_conditions_free(struct pd_conditions *);

/* A step (borrowed) was folded at this time, and this is the state: close what
 * holds now, and open what the step opens. Returns 0, or -1 when the model failed. */
int pd_conditions_step(struct pd_conditions *, bool is_command, jv step, jv state,
    int64_t at, struct pd_journal_place, struct pd_error *);

/* Take the first window out whose deadline is before this time; the callee frees
 * it. False when there is none. */
bool pd_conditions_overdue(struct pd_conditions *, int64_t at, struct pd_window *);
void pd_window_free(struct pd_window *);

/* The earliest deadline; INT64_MAX when nothing is open. */
int64_t pd_conditions_deadline(const struct pd_conditions *);

/* {NAME: {opened, met}}, for run_end; and how often any was opened. */
jv pd_conditions_counts(const struct pd_conditions *);
int64_t pd_conditions_opened(const struct pd_conditions *);

#endif
