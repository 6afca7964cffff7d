/* SPDX-License-Identifier: MIT */
/*
 * counter: an HTTP server that holds one number, the smallest system to test.
 *
 * The number is unsigned, of 32 bits, and starts at 0. A decrement by more
 * than it is refused; with --bug it is accepted and wraps around.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../serve.h"

enum { LARGEST_STEP = 1000 };

struct counter {
	pthread_mutex_t lock;
	uint32_t value;
	bool wraps;		/* the planted bug */
};

static jv
value_body(uint32_t value)
{
	return JV_OBJECT(jv_string("value"), serve_number(value));
}

static uint32_t
step(struct serve_request *request)
{
	return (uint32_t)serve_integer(request, "by", 1, LARGEST_STEP,
	    "bad_request");
}

static struct serve_reply
health(struct serve_request *request)
{
	(void)request;
	return serve_reply(200,
	    JV_OBJECT(jv_string("status"), jv_string("ok")));
}

static struct serve_reply
read_value(struct serve_request *request)
{
	struct counter *counter = request->context;

	pthread_mutex_lock(&counter->lock);
	uint32_t value = counter->value;
	pthread_mutex_unlock(&counter->lock);
	return serve_reply(200, value_body(value));
}

static struct serve_reply
increment(struct serve_request *request)
{
	struct counter *counter = request->context;
	uint32_t by = step(request);

	if (serve_refused(request))
		return request->refusal;
	pthread_mutex_lock(&counter->lock);
	uint32_t value = counter->value += by;
	pthread_mutex_unlock(&counter->lock);
	return serve_reply(200, value_body(value));
}

static struct serve_reply
decrement(struct serve_request *request)
{
	struct counter *counter = request->context;
	uint32_t by = step(request);

	if (serve_refused(request))
		return request->refusal;
	pthread_mutex_lock(&counter->lock);
	bool accepted = counter->value >= by || counter->wraps;
	if (accepted)
		counter->value -= by;
	uint32_t value = counter->value;
	pthread_mutex_unlock(&counter->lock);
	if (accepted)
		return serve_reply(200, value_body(value));
	return serve_reply(409, JV_OBJECT(
	    jv_string("error"), jv_string("would_be_negative"),
	    jv_string("value"), serve_number(value)));
}

static struct serve_reply
reset(struct serve_request *request)
{
	struct counter *counter = request->context;

	pthread_mutex_lock(&counter->lock);
	counter->value = 0;
	pthread_mutex_unlock(&counter->lock);
	return serve_reply(200, value_body(0));
}

static const struct serve_route routes[] = {
	{ "GET", "/health", health },
	{ "GET", "/value", read_value },
	{ "POST", "/increment", increment },
	{ "POST", "/decrement", decrement },
	{ "POST", "/reset", reset },
	{ NULL, NULL, NULL }
};

static const struct option options[] = {
	{ "bug", no_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "port-file", required_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 }
};

static _Noreturn void
usage(int status)
{
	fputs("usage: counter [-h] [-p port] [--bug] [--port-file file]\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

int
main(int argc, char *argv[])
{
	struct counter counter = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct serve_options serve = { .port = 0 };
	int option;

	while ((option = getopt_long(argc, argv, "hp:", options, NULL)) != -1)
		switch (option) {
		case 'b':
			counter.wraps = true;
			break;
		case 'f':
			serve.port_file = optarg;
			break;
		case 'h':
			usage(0);
		case 'p':
			serve.port = serve_port(optarg);
			break;
		default:
			usage(2);
		}
	if (optind < argc)
		usage(2);
	serve_run(&serve, routes, &counter);
	return 0;
}
