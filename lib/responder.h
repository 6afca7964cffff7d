/* SPDX-License-Identifier: MIT */
/*
 * What a receiver of webhooks answers, as a jq module says it: respond($request)
 * gives the answer (reply.h) from a state, init is the first one, and
 * on_request($request) makes the next of it, before the answer. Only respond is
 * needed.
 */
#ifndef PD_RESPONDER_H
#define PD_RESPONDER_H

#include <jv.h>
#include <stdio.h>

#include "error.h"
#include "reply.h"

struct pd_responder;

/* NULL on error. */
struct pd_responder *pd_responder_open(const char *path, struct pd_error *);
void pd_responder_close(struct pd_responder *);

/* Where jq's debug goes. */
void pd_responder_debug_to(struct pd_responder *, FILE *);

/* The answer to a request, which is consumed. Returns 0, or -1 when the module
 * failed: the reply is then a 500 and the state what it was. */
int pd_responder_answer(struct pd_responder *, jv request, struct pd_reply *,
    struct pd_error *);

#endif
