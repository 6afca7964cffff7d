/* SPDX-License-Identifier: MIT */
/*
 * The state of failures and runs step by step, for those who read a report or a
 * drawing: folded by the model that recorded them if it can be had, and otherwise
 * as much as the records hold. Those go on without: why the steps are not known is
 * told beside them.
 */
#ifndef PD_RETRACE_H
#define PD_RETRACE_H

#include <jv.h>

#include "model.h"

struct pd_retrace {
	struct pd_model *given;	/* for all failures; borrowed, or NULL */
	struct pd_model *found;	/* that the records named last, or NULL */
	jv named;		/* as which it was looked for: an identity, or invalid */
	jv missing;		/* why it was not found: a text, or invalid */
};

/* Fold by this model, which is borrowed; if it is NULL, by the one that each record
 * names, if it is there and still the same. */
void pd_retrace_start(struct pd_retrace *, struct pd_model *);
void pd_retrace_free(struct pd_retrace *);

/* What the steps of a failure, or of any run with commands and events, changed:
 * {source, steps, reason?}; steps as pd_states_changes makes them, source "model",
 * or "record" if they are only what the record holds; reason says what is to be
 * known about them. Borrows it. */
jv pd_retrace_failure(struct pd_retrace *, jv failure);

#endif
