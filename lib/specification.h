/* SPDX-License-Identifier: MIT */
/*
 * A sequential specification: what may be answered when operations run one
 * after another. Actions (a command with what it was answered) and states are
 * interned: small integers from 0 stand for them, equal ones for equal values,
 * so that a search is integer work, and whoever is behind the interface (a
 * model in jq, or a type built in) is asked once for each state and action.
 */
#ifndef PD_SPECIFICATION_H
#define PD_SPECIFICATION_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "traits.h"

struct pd_specification;

/* The model's own rules; the model is borrowed. */
struct pd_specification *pd_specification_of_model(struct pd_model *);

/* One of those built in: register, cas-register, counter, set, queue, stack, kv.
 * NULL on error, with a suggestion. */
struct pd_specification *pd_specification_named(const char *name,
    struct pd_error *);
void pd_specification_close(struct pd_specification *);

/* The model's name or that of the type. */
const char *pd_specification_name(const struct pd_specification *);

/* The first state: initial is a whole state of the model or the type (borrowed,
 * invalid: its own), key the part that is asked for, or invalid. PD_BROKEN on
 * error. */
int32_t pd_specification_start(struct pd_specification *, jv initial, jv key,
    struct pd_error *);

/* The parts that a command touches: an array of keys, or null: all. An invalid
 * jv on error. Borrows it. */
jv pd_specification_keys(struct pd_specification *, jv command,
    struct pd_error *);

/* Intern an action; events invalid for an unknown outcome. Borrows both.
 * PD_BROKEN when the type has no such command. */
int32_t pd_specification_action(struct pd_specification *, jv command,
    jv events, struct pd_error *);

/* Can an operation be judged at all? Returns 0, or -1 with what is wrong with its
 * command or events, or with its key. A model says so only as it judges. */
int pd_specification_check(struct pd_specification *, jv command, jv events,
    struct pd_error *);

struct pd_traits pd_specification_traits(const struct pd_specification *,
    int32_t action);

/* The action of which it is known that it happened, for one of unknown outcome
 * that answers nothing. */
int32_t pd_specification_happened(struct pd_specification *, int32_t action);

/* The action that puts some value in, for one that puts in a value which nobody
 * takes out: all of these are the same. */
int32_t pd_specification_unseen(struct pd_specification *, int32_t action);

/* The state after an action, PD_ILLEGAL or PD_BROKEN. An unknown outcome is
 * always legal. */
int32_t pd_specification_step(struct pd_specification *, int32_t state,
    int32_t action, struct pd_error *);

/* Is a state a collection with nothing in it? */
bool pd_specification_is_empty(struct pd_specification *, int32_t state);

/* A value of the traits, for people. */
jv pd_specification_value(const struct pd_specification *, int32_t value);

/* A state, and the events that the action should have had in it (null when
 * that cannot be said), for people. */
jv pd_specification_state(struct pd_specification *, int32_t state);
jv pd_specification_expected(struct pd_specification *, int32_t state,
    int32_t action);

/* Does any command that was interned so far have a rule to be judged by? */
bool pd_specification_judges(const struct pd_specification *);

/* Bytes that states and transitions take, and a way to forget them all between
 * two histories: numbers given out before mean nothing after it. */
size_t pd_specification_memory(const struct pd_specification *);
void pd_specification_forget(struct pd_specification *);

#endif
