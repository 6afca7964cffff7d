/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 served on the event loop, by libmicrohttpd. A thread of its own
 * reads and writes; whole requests come to the loop's thread one after the
 * other, in the order in which their last byte arrived, and are answered from
 * there, at once or later. So nothing else of a program needs a lock, and a
 * slow client keeps nobody waiting.
 */
#ifndef PD_SERVER_H
#define PD_SERVER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "loop.h"
#include "reply.h"

struct pd_server;
struct pd_exchange;

/* A request. What it points to belongs to the server until it is answered. */
struct pd_request {
	struct pd_exchange *exchange;
	const char *method;
	const char *target;	/* as it was sent: path and query, escapes and all */
	jv headers;		/* {lower-case name: value}, repeated ones joined by ", " */
	struct pd_buffer body;
	size_t size;		/* of the body, as far as it was read or announced */
	bool too_large;		/* over the limit: answered with 413, no body is kept */
	int64_t at;		/* when it was whole, on the loop's clock */
};

/* A request has come: answer it, now or later, with pd_server_answer; one that
 * is too large is only told. */
typedef void pd_server_take(void *context, struct pd_request *);

/* Something that is no request: one that broke off or took too long. */
typedef void pd_server_trouble(void *context, const char *text);

struct pd_server_options {
	const char *address;	/* IPv4 or IPv6 in numbers */
	int64_t port;		/* 0: one that is free */
	const char *unix_socket;	/* a path, in place of address and port; or NULL */
	const char *certificate, *key;	/* files in PEM for TLS; NULL without */
	size_t max_body;
	int64_t max_connections;	/* more wait until one of these ends */
	int64_t client_timeout;	/* microseconds for a client to send a request, and
				 * of silence while it takes the answer */
	pd_server_take *take;
	pd_server_trouble *trouble;
	void *context;
};

/* Listen and serve from now on. NULL on error: a port or socket that is taken,
 * a certificate that cannot be used. */
struct pd_server *pd_server_open(struct pd_loop *,
    const struct pd_server_options *, struct pd_error *);

/* The port, 0 on a Unix socket; and "http://127.0.0.1:8099" or "unix:/path". */
int64_t pd_server_port(const struct pd_server *);
const char *pd_server_url(const struct pd_server *);

/* Answer a request. Consumes the reply; the request is gone then. */
void pd_server_answer(struct pd_request *, struct pd_reply *);

/* End in good order: accept nobody, take the requests that are there or on
 * their way in, for a second at most, cut delays short, send all answers; then
 * close. It turns the loop. A request that nobody answered gets a 503. */
void pd_server_close(struct pd_server *);

#endif
