/* SPDX-License-Identifier: MIT */
#include "coprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "reader.h"
#include "spawn.h"

struct pd_query {
	struct pd_coprocess *coprocess;
	int64_t id;
	pd_coprocess_done *done;
	void *context;
	struct pd_query *next;
};

struct pd_coprocess {
	struct pd_loop *loop;
	char *command;
	jv greeting, greeted;
	struct pd_child child;
	bool running;
	int64_t next_id;
	int64_t owed;		/* answers that have not come */
	struct pd_query *queries;
	struct pd_buffer to_write, to_read;
	struct pd_error failure;	/* why it ended the last time */
};

struct pd_coprocess *
pd_coprocess_new(struct pd_loop *loop, const char *command, jv greeting)
{
	struct pd_coprocess *coprocess = pd_allocate(1, sizeof(*coprocess));

	*coprocess = (struct pd_coprocess){.loop = loop, .greeting = greeting,
		.command = pd_duplicate(command), .greeted = jv_invalid()};
	return coprocess;
}

static void
stop_watching(struct pd_coprocess *coprocess)
{
	pd_loop_watch(coprocess->loop, coprocess->child.input, 0, NULL, NULL);
	pd_loop_watch(coprocess->loop, coprocess->child.output, 0, NULL, NULL);
}

/* End the program and forget what it had still to say. */
static int
stop(struct pd_coprocess *coprocess, int64_t grace)
{
	stop_watching(coprocess);
	coprocess->running = false;
	pd_buffer_clear(&coprocess->to_write);
	pd_buffer_clear(&coprocess->to_read);
	return pd_spawn_finish(&coprocess->child, grace);
}

void
pd_coprocess_free(struct pd_coprocess *coprocess)
{
	if (coprocess == NULL)
		return;
	/* One that owes an answer will hardly see that its input has ended. */
	if (coprocess->running)
		stop(coprocess, coprocess->owed > 0 ? 100000 : 500000);
	while (coprocess->queries != NULL)
		pd_coprocess_forget(coprocess->queries);
	pd_buffer_free(&coprocess->to_write);
	pd_buffer_free(&coprocess->to_read);
	jv_free(coprocess->greeting);
	jv_free(coprocess->greeted);
	free(coprocess->command);
	free(coprocess);
}

bool
pd_coprocess_failed(const struct pd_coprocess *coprocess, struct pd_error *error)
{
	if (!coprocess->running)
		*error = coprocess->failure;
	return !coprocess->running;
}

jv
pd_coprocess_greeted_peek(const struct pd_coprocess *coprocess)
{
	return coprocess->greeted;
}

void
pd_coprocess_forget(struct pd_query *query)
{
	struct pd_query **link = &query->coprocess->queries;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
	free(query);
}

static void
answer(struct pd_query *query, jv reply, const struct pd_error *error)
{
	pd_coprocess_done *done = query->done;
	void *context = query->context;

	pd_coprocess_forget(query);
	done(context, reply, error);
}

/* The program is of no use any more: it is ended, and everyone who waits for
 * it hears why. Whoever hears it may ask or forget others, so the list is looked
 * at anew. */
static void
fail_all(struct pd_coprocess *coprocess, const struct pd_error *error)
{
	int64_t last = coprocess->next_id;
	struct pd_query *query;

	if (coprocess->running)
		stop(coprocess, 0);
	coprocess->failure = *error;
	do {
		query = coprocess->queries;
		while (query != NULL && query->id > last)
			query = query->next;
		if (query != NULL)
			answer(query, jv_invalid(), error);
	} while (query != NULL);
}

static void
on_greeted(struct pd_coprocess *coprocess, jv reply)
{
	const char *refusal = pd_json_peek_string(reply, "error", NULL);
	struct pd_error error;

	if (refusal == NULL) {
		jv_free(coprocess->greeted);
		coprocess->greeted = reply;
		return;
	}
	pd_error_set(&error, "the adapter refused its greeting: %s", refusal);
	jv_free(reply);
	fail_all(coprocess, &error);
}

static void
on_line(struct pd_coprocess *coprocess, const char *line, size_t length)
{
	struct pd_error error;
	jv reply = pd_json_parse(line, length, &error);
	double id = pd_json_peek_number(reply, "id", -1);
	struct pd_query *query = coprocess->queries;

	if (jv_get_kind(reply) != JV_KIND_OBJECT || id < 0) {
		jv_free(reply);
		pd_error_set(&error, "the adapter answered a line that is no JSON "
		    "object with an id: %.200s", line);
		pd_error_hint(&error, "only answers may go to its standard output");
		fail_all(coprocess, &error);
		return;
	}
	coprocess->owed--;
	if (id == 0) {
		on_greeted(coprocess, reply);
		return;
	}
	while (query != NULL && (double)query->id != id)
		query = query->next;
	if (query == NULL)
		jv_free(reply);	/* of a question that was given up */
	else
		answer(query, reply, NULL);
}

static void
on_ended_output(struct pd_coprocess *coprocess)
{
	struct pd_error error;
	char status[64];

	pd_spawn_status_text(stop(coprocess, 500000), status, sizeof(status));
	pd_error_set(&error, "the adapter ended (%s): %s", status,
	    coprocess->command);
	pd_error_hint(&error, "what it said is on standard error");
	fail_all(coprocess, &error);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct pd_coprocess *coprocess = context;
	struct pd_buffer *buffer = &coprocess->to_read;
	char chunk[1 << 14];
	char *newline;

	(void)events;
	ssize_t got = read(descriptor, chunk, sizeof(chunk));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		on_ended_output(coprocess);
		return;
	}
	pd_buffer_append(buffer, chunk, (size_t)got);
	while (coprocess->running && buffer->length > 0 &&
	    (newline = memchr(buffer->data, '\n', buffer->length)) != NULL) {
		size_t length = (size_t)(newline - buffer->data);
		char *line = pd_format("%.*s", (int)length, buffer->data);
		pd_buffer_consume(buffer, length + 1);
		if (line[0] != '\0')
			on_line(coprocess, line, strlen(line));
		free(line);
	}
	if (buffer->length > PD_LINE_LIMIT) {
		struct pd_error error;
		pd_error_set(&error, "the adapter wrote more than %zu MiB without a "
		    "line break", PD_LINE_LIMIT >> 20);
		fail_all(coprocess, &error);
	}
}

static void
on_input(void *context, int descriptor, short events)
{
	struct pd_coprocess *coprocess = context;

	(void)events;
	ssize_t wrote = write(descriptor, coprocess->to_write.data,
	    coprocess->to_write.length);
	if (wrote > 0)
		pd_buffer_consume(&coprocess->to_write, (size_t)wrote);
	/* That it reads no more is told by the end of its output. */
	if (coprocess->to_write.length == 0 ||
	    (wrote < 0 && errno != EAGAIN && errno != EINTR))
		pd_loop_watch(coprocess->loop, descriptor, 0, NULL, NULL);
}

static void
send_line(struct pd_coprocess *coprocess, jv request)
{
	coprocess->owed++;
	pd_json_append_peek(&coprocess->to_write, request);
	pd_buffer_text(&coprocess->to_write, "\n");
	jv_free(request);
	pd_loop_watch(coprocess->loop, coprocess->child.input, POLLOUT, on_input,
	    coprocess);
}

int
pd_coprocess_start(struct pd_coprocess *coprocess, struct pd_error *error)
{
	char *argv[] = {"sh", "-c", coprocess->command, NULL};

	jv_free(coprocess->greeted);
	coprocess->greeted = jv_invalid();
	if (pd_spawn(argv, jv_invalid(), NULL, false, &coprocess->child, error) != 0)
		return -1;
	coprocess->running = true;
	coprocess->owed = 0;
	fcntl(coprocess->child.input, F_SETFL, O_NONBLOCK);
	fcntl(coprocess->child.output, F_SETFL, O_NONBLOCK);
	pd_loop_watch(coprocess->loop, coprocess->child.output, POLLIN, on_output,
	    coprocess);
	send_line(coprocess, pd_json_set_number(jv_copy(coprocess->greeting), "id", 0));
	return 0;
}

struct pd_query *
pd_coprocess_ask(struct pd_coprocess *coprocess, jv request,
    pd_coprocess_done *done, void *context, struct pd_error *error)
{
	if (!coprocess->running && pd_coprocess_start(coprocess, error) != 0) {
		jv_free(request);
		return NULL;
	}
	struct pd_query *query = pd_allocate(1, sizeof(*query));
	*query = (struct pd_query){.coprocess = coprocess,
		.id = ++coprocess->next_id, .done = done, .context = context,
		.next = coprocess->queries};
	coprocess->queries = query;
	send_line(coprocess, pd_json_set_number(request, "id", (double)query->id));
	return query;
}
