/* SPDX-License-Identifier: MIT */
/*
 * Predictions as assertions on replies: which status, and what must stand at
 * which place, for the adapter to make the predicted events of a reply. An
 * assertion is {"at": place, "equals": value with holes, "field"} or
 * {"at": {"in":"status"}, "one_of": [...]}.
 */
#ifndef PD_ASSERTION_H
#define PD_ASSERTION_H

#include <jv.h>
#include <stdbool.h>

#include "adapter.h"
#include "hole.h"

/* A reply that was recorded, and what is known of it. All is borrowed. */
struct pd_observation {
	struct pd_adapter *adapter;	/* NULL: there is none to ask */
	const char *id;		/* of the command that it answers */
	bool repeated;		/* sent before: what that reply gave out is known */
	jv command;		/* as it was sent */
	jv reply;		/* invalid: there was none */
	jv outputs;		/* what the adapter made of it: events, from the one with
				 * this number on (those before were made visible earlier) */
	int first;
	jv origins;		/* of the outputs */
	jv others;		/* [reply]: to the other commands, whose bodies are tried, too */
	jv known;		/* {"COMMAND EVENT": origins}: of other replies, see below */
	const struct pd_holes *tokens;	/* tokens and their variables */
	jv references;		/* {token: value} */
};

/* What must hold for the predicted events, which are borrowed, an array. */
jv pd_assertions(const struct pd_observation *, jv predicted);

/* What held of what was seen, its events with tokens. */
jv pd_assertions_seen(const struct pd_observation *, jv seen);

/* Does the recorded reply break one of them? Borrows them. */
bool pd_assertions_broken(const struct pd_observation *, jv assertions);

/* Do they ask for a status, and allow this one? Borrows them. */
bool pd_assertions_allow(jv assertions, int status);

/* Remember where events of a type come from: adds to known, which is consumed. */
jv pd_assertions_learn(const struct pd_observation *, jv known);

#endif
