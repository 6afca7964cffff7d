/* SPDX-License-Identifier: MIT */
/*
 * One command on its way through the adapter to the system and back: request,
 * reply, and whatever the reply asks for (again after a pause, a follow-up),
 * until there are events or the time is up. It runs on the event loop; many
 * calls can be under way at once.
 */
#ifndef PD_CALL_H
#define PD_CALL_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "entry.h"
#include "error.h"
#include "loop.h"
#include "redact.h"

struct pd_call;

enum pd_outcome {
	PD_OUTCOME_OK,
	PD_OUTCOME_RETRY,	/* asked to try again until the time was up */
	PD_OUTCOME_TIMEOUT,	/* no reply in time */
	PD_OUTCOME_ERROR,	/* could not be sent, or the reply is not understood */
};

struct pd_answer {
	enum pd_outcome outcome;
	jv events;		/* an array; empty unless the outcome is ok */
	jv exchanges;		/* [{request, at_us, reply?}] in order */
	int attempts;		/* requests sent */
	int64_t call_us, return_us;	/* on the loop's clock */
	const char *failure;	/* kind of failure; NULL when the outcome is ok */
	struct pd_error error;
	jv data;		/* more about the failure, or invalid */
	bool unreachable;	/* no connection to the system was made */
};

/* The answer belongs to the callee, who frees it with pd_answer_free. The call
 * is gone then. */
typedef void pd_call_done(void *context, struct pd_answer *);

/* Events to make visible while the call goes on; consumes the array. */
typedef void pd_call_inject(void *context, jv events);

struct pd_call_options {
	int64_t timeout;	/* microseconds for all of it, or for each request of
				 * one that settles; a request's own timeout_ms begins
				 * anew when it is sent */
	bool once;		/* a reply that asks to try again is the answer, with the
				 * outcome retry and no failure */
	enum pd_semantics semantics;
	struct pd_settle settle;	/* of a probe or async command */
	pd_call_done *done;
	pd_call_inject *inject;
	void *context;
	const struct pd_redaction *redaction;	/* for messages; may be NULL */
	int64_t epoch;		/* on the loop's clock: where the at_us of replies, and of
				 * a coprocess's requests, count from. 0: they have none */
};

/* Execute a command, which is borrowed. Never fails at once: trouble comes
 * through done, from the loop. */
struct pd_call *pd_call_command(struct pd_loop *, struct pd_adapter *,
    jv command, const struct pd_command_context *, const struct pd_call_options *);

/* Send one request of a hook (consumed); ok means that it succeeded. */
struct pd_call *pd_call_hook(struct pd_loop *, struct pd_adapter *, jv request,
    const struct pd_call_options *);

/* Be done within so many microseconds, whatever was allowed before. */
void pd_call_hurry(struct pd_call *, int64_t microseconds);

/* Give up: done is not called. */
void pd_call_cancel(struct pd_call *);

void pd_answer_free(struct pd_answer *);
const char *pd_outcome_name(enum pd_outcome);

#endif
