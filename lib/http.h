/* SPDX-License-Identifier: MIT */
/*
 * HTTP on the event loop, by libcurl's multi interface: any number of requests
 * at once, connections kept alive and shared among them.
 */
#ifndef PD_HTTP_H
#define PD_HTTP_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "loop.h"

#define PD_HTTP_BODY_LIMIT ((size_t)64 << 20)

struct pd_http;
struct pd_transfer;

/* What is the same for all requests. Strings belong to the caller and must
 * outlive the client; NULL is for not given. */
struct pd_http_options {
	const char *base_url;		/* what a request's path is appended to */
	const char *ca_file;
	const char *certificate, *key;	/* of the client */
	const char *unix_socket;	/* connect to this instead of the URL's host */
	const char *proxy;
	bool insecure;			/* do not verify the server's certificate */
};

/* Called once: with a reply, which it consumes:
 *   {status, headers: {lower-case name: value}, body: parsed JSON or null,
 *    text, latency_us}
 * or with an invalid jv and what went wrong. unreachable tells that no
 * connection was made at all. The transfer is gone then. */
typedef void pd_http_done(void *context, jv reply, bool unreachable,
    const struct pd_error *);

struct pd_http *pd_http_new(struct pd_loop *, const struct pd_http_options *,
    struct pd_error *);
void pd_http_free(struct pd_http *);

/* Send {method?, path | url, query?: {}, headers?: {}, json | body | form?: {},
 * redirects?: count}. Consumes the request. NULL on error. */
struct pd_transfer *pd_http_send(struct pd_http *, jv request, pd_http_done *,
    void *context, struct pd_error *);

/* Give a transfer up; done is not called. */
void pd_http_cancel(struct pd_transfer *);

#endif
