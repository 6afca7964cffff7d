/* SPDX-License-Identifier: MIT */
/*
 * A model: how a system should behave, as pure functions that are found by
 * name (pd-model(5)). This is the one way to ask a model anything; how its
 * functions are evaluated is known to model.c alone. State, commands and
 * events are JSON. Functions that fail return an invalid jv or -1 and set the
 * error, which names the model's file, line and function.
 */
#ifndef PD_MODEL_H
#define PD_MODEL_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "condition.h"
#include "error.h"
#include "trigger.h"

struct pd_model;

enum pd_verdict {
	PD_CHECK_ERROR = -1,
	PD_CHECK_FAILED = 0,
	PD_CHECK_PASSED = 1,
};

struct pd_model *pd_model_open(const char *path, struct pd_error *);
void pd_model_close(struct pd_model *);

/* The model that a record names, {name, path, sha256}, if it is there and still
 * the same. NULL on error. Borrows the identity, which may be invalid. */
struct pd_model *pd_model_open_named(jv identity, struct pd_error *);
void pd_model_debug_to(struct pd_model *, FILE *);

const char *pd_model_name(const struct pd_model *);

/* {name, path, sha256}, as records carry it. */
jv pd_model_identity(const struct pd_model *);

/* A default for commands, from the metadata; 0 when there is none. */
int64_t pd_model_timeout(const struct pd_model *);	/* microseconds */

jv pd_model_init(struct pd_model *, struct pd_error *);

/* What may happen next: {NAME: {weight, args, when, ...}}. Borrows the state. */
jv pd_model_commands(struct pd_model *, jv state, struct pd_error *);

/* Say that an error lies in what the model's commands gave. */
void pd_model_place_commands(const struct pd_model *, struct pd_error *);

/* The commands that belong to every run; empty arrays when there are none. */
jv pd_model_setup(struct pd_model *, jv state, struct pd_error *);
jv pd_model_teardown(struct pd_model *, jv state, struct pd_error *);

/* The events that a command should produce: an array. Borrows both. */
jv pd_model_simulate(struct pd_model *, jv state, jv command, struct pd_error *);
bool pd_model_predicts(const struct pd_model *, const char *command);

/* The state after a command or event. Consumes the state, so that it can be
 * changed in place; borrows the step. */
jv pd_model_fold(struct pd_model *, jv state, jv step, struct pd_error *);
bool pd_model_folds(const struct pd_model *, const char *step);

/* The state, which is consumed, after a command (null for none) and its events;
 * borrows those. */
jv pd_model_fold_answer(struct pd_model *, jv state, jv command, jv events,
    struct pd_error *);

/* Does the run end here? Borrows all. 1, 0 or -1. */
int pd_model_terminates(struct pd_model *, jv state, jv command, jv events,
    struct pd_error *);

/* May the command have been answered so in this state? 1 or 0, -1 on error;
 * PD_NO_RULE when the model has no legal_CMD for it. Borrows all. */
enum { PD_NO_RULE = 2 };
int pd_model_legal(struct pd_model *, jv state, jv command, jv events,
    struct pd_error *);

/* Has the model a legal_CMD for it? */
bool pd_model_rules(const struct pd_model *, const char *command);

/* The independent parts of the system that a command touches, for
 * linearization: an array of keys, or null: all of it. Borrows the command. */
jv pd_model_keys(struct pd_model *, jv command, struct pd_error *);

/* A label for the command, or an invalid jv. Borrows both. */
jv pd_model_label(struct pd_model *, jv state, jv command, struct pd_error *);

/* Has it a classify? Then the class of a state, which is borrowed: any JSON. */
bool pd_model_classifies(const struct pd_model *);
jv pd_model_classify(struct pd_model *, jv state, struct pd_error *);

/* The classes that there are, from the metadata: an array of strings, or an
 * invalid jv when the model does not say. */
jv pd_model_state_classes(const struct pd_model *);

/* Checks, numbered from 0 in the order of their names. */
int pd_model_checks(const struct pd_model *);
const char *pd_model_check_name(const struct pd_model *, int check);
const struct pd_trigger *pd_model_trigger(const struct pd_model *, int check);

/* Run checks on a state and the step that triggered them (null at the end).
 * Borrows both. An array of what each gave, for pd_model_verdict; an invalid jv
 * when any of them could not be run. */
jv pd_model_run_checks(struct pd_model *, const int *checks, int count,
    jv state, jv step, struct pd_error *);

/* Fold a step and run checks on the new state, which is returned, in one call:
 * it costs less than pd_model_fold and pd_model_run_checks. An invalid jv when the
 * step cannot be folded; *results is as of pd_model_run_checks. */
jv pd_model_fold_and_check(struct pd_model *, jv state, jv step,
    const int *checks, int count, jv *results, struct pd_error *);

/* What a check's result (consumed) means. When it failed, message is a string
 * or invalid and data any value or invalid; the caller owns them. */
enum pd_verdict pd_model_verdict(struct pd_model *, int check, jv result,
    jv *message, jv *data, struct pd_error *);

/* Conditions over time, numbered from 0 in the order of their names. */
int pd_model_conditions(const struct pd_model *);
const struct pd_condition *pd_model_condition(const struct pd_model *, int condition);

/* Has a condition come true in this state, for the step that opened it? Borrows
 * both. As pd_model_verdict: failed means not yet, and why. */
enum pd_verdict pd_model_holds(struct pd_model *, int condition, jv state, jv step,
    jv *message, jv *data, struct pd_error *);

/* The commands that show whether it has: an array, empty when it is not polled.
 * Borrows both. */
jv pd_model_polls(struct pd_model *, int condition, jv state, jv step,
    struct pd_error *);

/* Has it a to_event? Then what that makes of a payload (consumed) that came at
 * this time of a run, microseconds: an array of its outputs. */
bool pd_model_takes_payloads(const struct pd_model *);
bool pd_model_times_payloads(const struct pd_model *);	/* with the time as parameter */
jv pd_model_to_event(struct pd_model *, jv payload, int64_t at, struct pd_error *);

/* The events that an answered command awaits from outside, as far as their fields
 * are known: an array, empty when it awaits none. Borrows both. */
jv pd_model_awaits(struct pd_model *, jv command, jv events, struct pd_error *);

/* Are a repeated command's events as good as the first ones, by the model's own
 * same_CMD? 1, 0, -1 on error, or PD_NO_RULE. Borrows all. */
int pd_model_same(struct pd_model *, jv command, jv first, jv again,
    struct pd_error *);

/* For those who look at a model from outside: the functions by kind. Calls
 * back for every function whose name starts with prefix, with the rest. */
typedef void pd_model_visit(void *context, const char *rest, int arity,
    const char *file, long line);
void pd_model_functions(const struct pd_model *, const char *prefix,
    pd_model_visit *, void *context);

#endif
