/* SPDX-License-Identifier: MIT */
/*
 * What the example servers share: HTTP by libmicrohttpd, JSON by libjq, a
 * table of routes, and the options --port and --port-file. It is the second
 * half of a main, so it exits with err(3) when it cannot go on.
 *
 * A request's body is a JSON object or empty, and at most 1 MiB. Requests are
 * served by a thread per connection; what handlers share needs a lock.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

struct MHD_Connection;

/* A status and a JSON body; serve.c frees the body once it is sent. */
struct serve_reply {
	unsigned int status;
	jv body;
};

struct serve_request {
	void *context;			/* what serve_run was given */
	const char *argument;		/* the path's segment at '*', or "" */
	jv body;			/* an object, empty without a body */
	struct serve_reply refusal;	/* status 0: nothing wrong so far */
	struct MHD_Connection *connection;
};

typedef struct serve_reply serve_handler(struct serve_request *);

/* In a pattern one '*' stands for any one segment of the path. */
struct serve_route {
	const char *method;
	const char *pattern;
	serve_handler *handle;
};

struct serve_options {
	uint16_t port;		/* 0: any free port */
	const char *port_file;	/* NULL: none */
};

/* The number in an option's argument; exits with status 2 if it is none. */
uint16_t serve_port(const char *text);

/*
 * Listen on 127.0.0.1, serve the routes (ended by a row of NULLs) until
 * SIGINT or SIGTERM, and return. The port file appears, whole, and the line
 * "listening on http://127.0.0.1:PORT" is printed, once connections are
 * accepted.
 */
void serve_run(const struct serve_options *, const struct serve_route *,
    void *context);

/* Consumes the body. */
struct serve_reply serve_reply(unsigned int status, jv body);

/* A reply {"error": code}. */
struct serve_reply serve_error(unsigned int status, const char *code);

/* An integer of any size, digit for digit. */
jv serve_number(int64_t);

/*
 * Read members of the request's body. What does not fit is noted as the
 * request's refusal, of which the first counts: a handler reads all that it
 * needs, and then returns the refusal if serve_refused.
 */
bool serve_refused(const struct serve_request *);

/* Note 400 {"error": code, "message": ...}. */
void serve_refuse(struct serve_request *, const char *code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A string, valid as long as the request; "" when there is none. */
const char *serve_string(struct serve_request *, const char *member);

/*
 * An integer of least .. most, 0 when there is none. A number outside of that
 * or not written as digits alone (1.0, 1e3) is refused with the code, what is
 * not a number with "bad_request".
 */
uint64_t serve_integer(struct serve_request *, const char *member,
    uint64_t least, uint64_t most, const char *code);

/* Whether the value, which is not consumed, is such an integer. */
bool serve_is_integer(jv, uint64_t *);

/* Whether the text is digits alone, without leading zeros, below 2^64. */
bool serve_is_digits(const char *text, uint64_t *);

/* A header's value, NULL when the request has none. */
const char *serve_header(const struct serve_request *, const char *name);

#endif
