/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP server of the suite answers, as a jq program says it:
 *   {status?, headers?: {name: value}, json | body?, delay_ms?}
 * or, for what goes wrong with third parties,
 *   {fault: "close" | "reset" | "timeout" | "malformed", body?, delay_ms?}
 */
#ifndef PD_REPLY_H
#define PD_REPLY_H

#include <jv.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum pd_fault {
	PD_FAULT_NONE,
	PD_FAULT_CLOSE,		/* the connection ends without an answer */
	PD_FAULT_RESET,		/* and with a reset (RST) */
	PD_FAULT_TIMEOUT,	/* no answer as long as the client waits */
	PD_FAULT_MALFORMED,	/* the body goes out as it is, in place of HTTP */
};

struct pd_reply {
	enum pd_fault fault;
	unsigned status;	/* 200 .. 599 */
	jv headers;		/* an object of texts */
	struct pd_buffer body;
	int64_t delay;		/* before it goes out, microseconds */
};

const char *pd_reply_fault_name(enum pd_fault);

/* An empty one of this status. */
void pd_reply_start(struct pd_reply *, unsigned status);
void pd_reply_free(struct pd_reply *);

/* What a program said, which is consumed; null is an empty answer. The status
 * is 200 with a body and 204 without one unless it says otherwise. Returns 0,
 * or -1 when it cannot be understood: the reply is then a 500. */
int pd_reply_parse(struct pd_reply *, jv said, struct pd_error *);

#endif
