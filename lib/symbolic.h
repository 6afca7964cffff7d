/* SPDX-License-Identifier: MIT */
/*
 * The way back from values to tokens: what pd_bindings_resolve put into a run's
 * commands is taken out of its events again, so that events of several runs
 * can be compared, and folded by a model as those of a plan are.
 */
#ifndef PD_SYMBOLIC_H
#define PD_SYMBOLIC_H

#include <jv.h>

struct pd_symbols {
	jv references;		/* {token: value}: what the plan's tokens stood for */
	jv tokens;		/* the same, of all tokens met so far */
	jv holders;		/* {text of a value: [tokens that stand for it]} */
};

/* Consumes the references; minted values are known from the start. */
void pd_symbols_start(struct pd_symbols *, jv references);
void pd_symbols_free(struct pd_symbols *);

/* The event, which is consumed, with tokens in place of values. It is the
 * number-th of the command with this id, from 0. predicted is what the model
 * expects in its place, command what was planned; both are borrowed and may be
 * invalid. Where nothing is predicted, the fields that the references
 * name are those that were bound. */
jv pd_symbols_event(struct pd_symbols *, const char *id, int number, jv event,
    jv predicted, jv command);

/* The events of event records (borrowed) by the commands that own them, {id:
 * [events]}, with tokens. Borrows the references. */
jv pd_symbols_events(jv records, jv references);

#endif
