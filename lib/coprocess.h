/* SPDX-License-Identifier: MIT */
/*
 * A program that stays: it reads one JSON request a line on its standard input
 * and answers each with a line that carries the same id. It is started when it
 * is first asked, and again should it have ended in between.
 */
#ifndef PD_COPROCESS_H
#define PD_COPROCESS_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "loop.h"

struct pd_coprocess;
struct pd_query;

/* Called once: with the answer, which it consumes, or with an invalid jv and
 * what went wrong. */
typedef void pd_coprocess_done(void *context, jv answer, const struct pd_error *);

/* command is a line for sh; greeting (consumed) is what it is sent first, as
 * request 0. Nothing is started yet. */
struct pd_coprocess *pd_coprocess_new(struct pd_loop *, const char *command,
    jv greeting);

/* Close its standard input, give it half a second to end (less when it hangs),
 * then end it and whatever it started. */
void pd_coprocess_free(struct pd_coprocess *);

/* Ask. The request, an object that is consumed, gets an id. NULL on error. */
struct pd_query *pd_coprocess_ask(struct pd_coprocess *, jv request,
    pd_coprocess_done *, void *context, struct pd_error *);

/* Forget a question: a late answer is ignored; done is not called. */
void pd_coprocess_forget(struct pd_query *);

/* Start it ahead of the first question. Returns 0 or -1. */
int pd_coprocess_start(struct pd_coprocess *, struct pd_error *);

/* Has it ended (or never run)? Then the error says how. */
bool pd_coprocess_failed(const struct pd_coprocess *, struct pd_error *);

/* The answer to the greeting, or an invalid jv while there is none. Not
 * consumed by anyone: it belongs to the coprocess. */
jv pd_coprocess_greeted_peek(const struct pd_coprocess *);

#endif
