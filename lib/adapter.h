/* SPDX-License-Identifier: MIT */
/*
 * An adapter: how commands reach the system under test (pd-adapter(5)). It
 * turns a command into a request, sends it, and turns the reply into events.
 * There are two: functions in jq, whose requests go over HTTP or to a program,
 * and a coprocess in any language, which does all of it behind its protocol.
 */
#ifndef PD_ADAPTER_H
#define PD_ADAPTER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "http.h"
#include "loop.h"
#include "trace.h"

struct pd_adapter;
struct pd_sending;

struct pd_adapter_options {
	const char *path;		/* of a jq module, or */
	const char *command;		/* of a coprocess; a line for sh */
	struct pd_http_options http;
};

/* Which command of which run a request is for. */
struct pd_command_context {
	int64_t run;
	const char *id;
	int attempt;		/* 2, 3 ... for one that is repeated, else 0 */
	jv key;			/* idempotency key, or invalid; borrowed */
	const struct pd_trace *trace;	/* of the execution, to send a traceparent with
				 * HTTP requests; or NULL */
};

/* The reply, which is consumed, or an invalid jv and what went wrong. */
typedef void pd_adapter_done(void *context, jv reply, bool unreachable,
    const struct pd_error *);

struct pd_adapter *pd_adapter_open(struct pd_loop *,
    const struct pd_adapter_options *, struct pd_error *);

/* Get ready to be asked. A coprocess is started and must answer its greeting:
 * turn the loop until pd_adapter_ready gives 1 (ready) or -1 (it failed). */
int pd_adapter_start(struct pd_adapter *, struct pd_error *);
int pd_adapter_ready(const struct pd_adapter *, struct pd_error *);
void pd_adapter_close(struct pd_adapter *);
void pd_adapter_debug_to(struct pd_adapter *, FILE *);

/* {name, path, sha256} or {name, command}, as records carry it. */
jv pd_adapter_identity(const struct pd_adapter *);

/* The adapter's own timeout for a command in microseconds, 0 for none. */
int64_t pd_adapter_timeout(const struct pd_adapter *);

/* Can the adapter send this command at all? For pd-model validate. */
bool pd_adapter_knows(const struct pd_adapter *, const char *command);

/* The request for a command, which is borrowed. An invalid jv on error. */
jv pd_adapter_request(struct pd_adapter *, jv command,
    const struct pd_command_context *, struct pd_error *);

/* The requests of a hook (setup_once, setup_each, teardown_each,
 * teardown_once, health): an array, empty when there is no such hook. */
jv pd_adapter_hook(struct pd_adapter *, const char *name, struct pd_error *);
bool pd_adapter_has_hook(const struct pd_adapter *, const char *name);

/* Did a hook's request succeed? HTTP below 400, exit status 0, no error of a
 * coprocess. Borrows the reply. */
bool pd_adapter_hook_succeeded(jv reply);

/* A request that was not made by pd_adapter_request, a follow: checked, and
 * with the headers that go under its own. Consumes the request; the idempotency key
 * may be invalid, and is borrowed. */
jv pd_adapter_complete(struct pd_adapter *, jv request, jv command, jv key,
    struct pd_error *);

/* What a reply (consumed) to a command (borrowed) means: an array of events
 * and of at most one of {"$retry"}, {"$unexpected"}, {"$follow"}. */
jv pd_adapter_interpret(struct pd_adapter *, jv command, jv reply,
    struct pd_error *);

/* The request (consumed) as it is sent at this time of a run, which only a coprocess
 * is told. */
jv pd_adapter_time(const struct pd_adapter *, jv request, int64_t at);

/* Send a request, which is consumed. NULL on error. */
struct pd_sending *pd_adapter_send(struct pd_adapter *, jv request,
    pd_adapter_done *, void *context, struct pd_error *);
void pd_adapter_cancel(struct pd_sending *);

#endif
