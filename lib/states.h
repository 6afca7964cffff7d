/* SPDX-License-Identifier: MIT */
/*
 * The states of a run, made again from its commands and events by the model
 * alone. They must be those that its failure record holds: if not, the model's
 * projections are not pure, or the model is another one now.
 */
#ifndef PD_STATES_H
#define PD_STATES_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "model.h"

/* The records of a failure's run, in the order in which they were folded: its
 * commands, each with its events and checks. Borrows the failure, or any object
 * with such arrays. */
jv pd_states_records(jv failure);

/* What is compared, in this order. */
enum pd_states_of {
	PD_STATES_NOTHING,	/* the failure holds no state */
	PD_STATES_AGREE,
	PD_STATES_DIFFER,
	PD_STATES_SECRET,	/* values were left out of the records: nothing can be said */
};

/* Fold the records, which pd_states_records made, twice, and compare the states
 * with each other and with the two that the failure holds. differences gets
 * [{of, id?, changes}]: of is "fold" for the first state at which the two folds
 * differ, "state_before" or "state" for those held (before), against the ones
 * made again (after). Borrows both. An error is a model that cannot fold. */
int pd_states_compare(struct pd_model *, jv failure, jv records,
    enum pd_states_of *, jv *differences, struct pd_error *);

/* What each step of a run changed in the state, in the order of folding:
 * [{id?, n?, changes}], changes as pd_changes has them. A command and its reply
 * are one step, with its id; an event that no reply told is one with its n.
 * agree is set to whether the run holds no state at its end, or this one. Borrows
 * the run, which has commands and events. An invalid jv if the model fails. */
jv pd_states_changes(struct pd_model *, jv run, bool *agree, struct pd_error *);

/* The same without a model, as far as a failure holds states: what changed from
 * before the command that failed to the end. Borrows the run. */
jv pd_states_held(jv run);

#endif
