/* SPDX-License-Identifier: MIT */
/*
 * Running a plan through the model alone: the state that the predicted events
 * give, with tokens in place of what only the system knows. Generation draws
 * the next command from that state; shrinking asks whether a changed command
 * could still have been drawn.
 */
#ifndef PD_PLAN_H
#define PD_PLAN_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "model.h"
#include "sequence.h"

struct pd_plan {
	struct pd_model *model;
	jv state;
	jv tokens;		/* {token: true}: what the commands so far will bind */
	jv events;		/* of the latest command */
};

int pd_plan_start(struct pd_plan *, struct pd_model *, struct pd_error *);
struct pd_plan pd_plan_copy(const struct pd_plan *);
void pd_plan_free(struct pd_plan *);

/* Go on by a command as the plan has it (quoted, with tokens). Borrows it.
 * Returns 0 or -1 with a model error. */
int pd_plan_apply(struct pd_plan *, const char *id, jv command,
    struct pd_error *);

/* The number-th event (consumed) predicted of a command, with tokens where it
 * says external; they are added to *tokens. */
jv pd_plan_fill(jv event, const char *id, int number, jv *tokens);

/* Go on by all commands of a list. Returns 0 or -1. */
int pd_plan_apply_items(struct pd_plan *, const struct pd_items *,
    struct pd_error *);

/* Add a command, which is consumed, to a list with the label that the model
 * gives it, and go on by it. Returns 0 or -1. */
int pd_plan_add(struct pd_plan *, struct pd_items *, const char *id, jv command,
    struct pd_error *);

/* Does the model say that the run ends after the latest command? 1, 0, -1. */
int pd_plan_terminates(struct pd_plan *, jv command, struct pd_error *);

/* Could the model have drawn this command here? Looks at when, weight and the
 * generators of the arguments. Returns 1; 0 with the reason in the error; -1
 * with a model error. */
int pd_plan_admits(struct pd_plan *, jv command, struct pd_error *);

/* The same by the table that the model's commands gave. Borrows both; 1 or 0. */
int pd_plan_table_admits(jv table, jv command, struct pd_error *);

#endif
