/* SPDX-License-Identifier: MIT */
/*
 * A service that the system under test depends on, as a jq module plays it. Its
 * functions are found by name; . is the mock's own state:
 *   init_state            the state at the start of a run; null without it
 *   on_command($c)        the next state, before the system gets the command
 *   on_event($e)          the next state, after an event
 *   handle($request)      the answer to a request: what reply.h knows, and
 *                         events, one or an array, and state, the next one;
 *                         null or nothing when there is none
 * Each of the last three may have a second parameter: it gets the state of the
 * model under test then.
 */
#ifndef PD_MOCK_H
#define PD_MOCK_H

#include <jv.h>
#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "reply.h"

struct pd_mock;

/* NULL on error. */
struct pd_mock *pd_mock_open(const char *path, struct pd_error *);
void pd_mock_close(struct pd_mock *);

/* Where jq's debug goes. */
void pd_mock_debug_to(struct pd_mock *, FILE *);

/* A run begins: back to the first state. Returns 0 or -1. */
int pd_mock_reset(struct pd_mock *, struct pd_error *);

/* A command is about to be executed, an event happened, the model's state is
 * this now. All consume what they are given; 0 or -1, the state staying then. */
int pd_mock_command(struct pd_mock *, jv command, struct pd_error *);
int pd_mock_event(struct pd_mock *, jv event, struct pd_error *);
void pd_mock_model(struct pd_mock *, jv state);

enum pd_mocked {
	PD_MOCKED = 0,		/* the reply is the mock's, and *events an array */
	PD_UNMATCHED = 1,	/* it has none: a 404 that says so */
	PD_MOCK_FAILED = -1,	/* the module failed: a 500 */
};

/* Answer a request, which is consumed. *events is an array in all cases. */
enum pd_mocked pd_mock_handle(struct pd_mock *, jv request, struct pd_reply *,
    jv *events, struct pd_error *);

#endif
