/* SPDX-License-Identifier: MIT */
/*
 * Symbolic references. A plan is made before any id is known, so it speaks of
 * them by tokens: "@c3.account" is the account of the first event that command
 * c3 will produce, "@c3.1.account" of its second, "@mint.c3.email:user-{}" a
 * value that is made anew in each execution. A token is a whole string, value
 * or key. Data that starts with @ is written with a doubled @ in a plan.
 */
#ifndef PD_REFERENCE_H
#define PD_REFERENCE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct pd_reference {
	char id[64];		/* of the command */
	int event;		/* which of its events, from 0 */
	const char *path;	/* of the field, a dotted path inside the token's text */
};

/* Is the text a token that refers to a command's event? */
bool pd_reference_parse(const char *text, struct pd_reference *);
bool pd_reference_is_mint(const char *text);

/* The token for a field of a command's event-th event. */
jv pd_reference_token(const char *id, int event, const char *path);

/* Write data into a plan: strings that start with @ get another one unless
 * they are keys of the object known, the tokens of this plan. Consumes value,
 * not known. */
jv pd_reference_quote(jv value, jv known);

/* A plan's value as a model sees it: tokens as they are, data unquoted. */
jv pd_reference_unquote(jv value);

/* The ids of the commands that a value refers to, each once, in an array of
 * strings. Consumes value. */
jv pd_reference_ids(jv value);

/* What tokens stand for during one execution. */
struct pd_bindings {
	jv events;		/* {command id: [its events]} */
	uint64_t seed;		/* of the run and */
	const char *nonce;	/* of the execution: mint tokens are made of them */
};

void pd_bindings_start(struct pd_bindings *, uint64_t seed, const char *nonce);
void pd_bindings_add(struct pd_bindings *, const char *id, jv event);
void pd_bindings_free(struct pd_bindings *);

/* Replace every token by what it stands for and unquote data. Consumes value.
 * An invalid jv when a token is not bound; the error names it. */
jv pd_bindings_resolve(const struct pd_bindings *, jv value, struct pd_error *);

/* {token: value} for the tokens that occur in value. Consumes value. */
jv pd_bindings_used(const struct pd_bindings *, jv value);

#endif
