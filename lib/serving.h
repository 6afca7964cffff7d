/* SPDX-License-Identifier: MIT */
/*
 * What the programs that serve HTTP have in common: their options, and the
 * records of requests. Like filter.h it is a part of mains, and ends the program
 * where an option is wrong.
 */
#ifndef PD_SERVING_H
#define PD_SERVING_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"
#include "redact.h"
#include "server.h"
#include "writer.h"

enum {
	PD_OPTION_ADDRESS = 700, PD_OPTION_PORT, PD_OPTION_PORT_FILE, PD_OPTION_UNIX,
	PD_OPTION_CERTIFICATE, PD_OPTION_KEY, PD_OPTION_MAX_BODY,
	PD_OPTION_MAX_CONNECTIONS, PD_OPTION_CLIENT_TIMEOUT, PD_OPTION_REDACT,
};

#define PD_SERVING_OPTIONS \
	{PD_OPTION_ADDRESS, "address", "ADDR", "listen on this address (127.0.0.1)"}, \
	{PD_OPTION_PORT, "port", "N", "and this port; 0 for a free one (0)"}, \
	{PD_OPTION_PORT_FILE, "port-file", "FILE", "write the port there"}, \
	{PD_OPTION_UNIX, "unix-socket", "FILE", "listen on this socket instead"}, \
	{PD_OPTION_CERTIFICATE, "cert", "FILE", "speak TLS with this certificate"}, \
	{PD_OPTION_KEY, "key", "FILE", "and its key"}, \
	{PD_OPTION_MAX_BODY, "max-body", "SIZE", "answer 413 to longer bodies (1MiB)"}, \
	{PD_OPTION_MAX_CONNECTIONS, "max-connections", "N", "serve so many at a time (512)"}, \
	{PD_OPTION_CLIENT_TIMEOUT, "client-timeout", "TIME", "for a client to send a whole request (10s)"}, \
	{PD_OPTION_REDACT, "redact", "NAME", "keep fields and headers of this name out of records"}

struct pd_serving {
	struct pd_server_options server;
	struct pd_redaction redaction;
	const char *port_file;
	int64_t started;	/* on the loop's clock, microseconds */
	int64_t started_wall;	/* the same since 1970 */
	int64_t records;	/* that were begun */
};

/* As they are without options. */
void pd_serving_start(struct pd_serving *);
void pd_serving_free(struct pd_serving *);

/* One of the options above. False when it is none of them. */
bool pd_serving_option(struct pd_serving *, int option, const char *value);

/* After the last one: what does not go together ends the program. */
void pd_serving_check(const struct pd_serving *);

/* The loop that takes signals, and standard output for records, each flushed at
 * once. The program ends when that fails. */
struct pd_loop *pd_serving_loop(struct pd_writer *);

/* Listen, and write the port file. The program ends when that fails. */
struct pd_server *pd_serving_open(struct pd_serving *, struct pd_loop *,
    pd_server_take *, pd_server_trouble *, void *context);

/* A record with its type, number and times; at is when it came, on the loop's
 * clock. */
jv pd_serving_record(struct pd_serving *, const char *type, int64_t at);

/* The record of a request, without its answer. */
jv pd_serving_request(struct pd_serving *, const struct pd_request *);

/* The record with the answer; it is consumed, the reply is not. */
jv pd_serving_add_reply(jv record, const struct pd_reply *);

/* The record without secrets. Consumes it. */
jv pd_serving_redact(const struct pd_serving *, jv record);

/* Answer, unless the server has done so. Consumes the reply. Of a request that
 * could not be told, its sender is not to think that it was received. */
void pd_serving_answer(struct pd_request *, struct pd_reply *, bool told);

#endif
