/* SPDX-License-Identifier: MIT */
/*
 * What tells the failing runs of a plan from its passing ones. Of each field
 * of the runs (an outcome, the types of a command's events, a field of an
 * event, what a command changes in the model's state, which step comes before
 * it) it is counted how often each value stood in passing and in failing runs;
 * no run is kept.
 *
 * Fields are ranked by the gain ratio: the information that the field's value
 * gives about the group, divided by the information of the value itself (J. R.
 * Quinlan, Induction of Decision Trees, Machine Learning 1, 1986, section 7).
 * It is 1 for a field that is constant in each group with different values,
 * and small for one that differs in every run, whose gain is large for no
 * reason. Runs that do not come to a field, or have no event of its type, count
 * as Quinlan's C4.5 (1993) does it: the gain is that of the others times their
 * share of all runs. Fields of equal ratio stand in the order of the run, so
 * that causes come before what follows from them.
 *
 * Bounded: of at most PD_FIELDS_LIMIT fields, PD_VALUES_LIMIT values of
 * PD_VALUE_TEXT_LIMIT bytes each are told apart; further values count together.
 */
#ifndef PD_DISTINCTION_H
#define PD_DISTINCTION_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "comparable.h"

enum {
	PD_FIELDS_LIMIT = 10000,
	PD_VALUES_LIMIT = 16,
	PD_VALUE_TEXT_LIMIT = 256,
	PD_FIELDS_SHOWN = 20,
};

struct pd_distinction;

struct pd_distinction *pd_distinction_new(void);
void pd_distinction_free(struct pd_distinction *);

/* Count a run. Borrows it. */
void pd_distinction_add(struct pd_distinction *, const struct pd_comparable *,
    bool failing);

/* The best PD_FIELDS_SHOWN fields: [{kind, id, command, event?, n?,
 * path?, score, run_scoped?, passing: [{value?, runs}],
 * failing: [{value?, runs}]}]; what is missing in
 * some runs has an entry without value. Without runs in both groups, these are
 * the fields that vary, in the order of the run. Further fields are counted in
 * more. How long commands took is only looked at when nothing else separates
 * the groups wholly. */
jv pd_distinction_fields(const struct pd_distinction *, int64_t *more);

#endif
