/* SPDX-License-Identifier: MIT */
#include "injector.h"

#include <errno.h>
#include <fcntl.h>
#include <jv.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "expression.h"
#include "json.h"
#include "reader.h"
#include "spawn.h"

enum { CHUNK = 1 << 16 };	/* read at once: what a pipe holds */

struct pd_injector {
	struct pd_loop *loop;
	const char *kind;
	char *name, *command;
	struct pd_expression *ready;	/* of a line; NULL: ready when it was started */
	pd_injector_line *line;
	void *context;
	struct pd_child child;
	struct pd_buffer text;	/* read, and not told yet */
	struct pd_buffer to_write;
	bool running, is_ready, held;
	struct pd_error failure;	/* once it does not run any more */
};

/* Does a line match? False, and an error, if the regular expression is none. */
static bool
matches(struct pd_injector *injector, const char *line, size_t length,
    struct pd_error *error)
{
	jv text = jv_string_sized(line, (int)length);
	jv result = pd_expression_of(injector->ready, text, error);
	bool match = jv_get_kind(result) == JV_KIND_TRUE;

	jv_free(result);
	jv_free(text);
	return match;
}

/* Only its use shows whether a regular expression is one. */
static int
compile(struct pd_injector *injector, const char *ready, struct pd_error *error)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	jv string = jv_string(ready);

	pd_buffer_text(&text, "test(");
	pd_json_append_peek(&text, string);
	pd_buffer_text(&text, ")");
	jv_free(string);
	injector->ready = pd_expression_open(text.data, error);
	pd_buffer_free(&text);
	if (injector->ready == NULL)
		return -1;
	*error = (struct pd_error)PD_ERROR_INIT;
	matches(injector, "", 0, error);
	return error->message[0] == '\0' ? 0 :
	    pd_error_prefix(error, "--inject-ready '%s': ", ready);
}

struct pd_injector *
pd_injector_new(struct pd_loop *loop, const char *kind, const char *name,
    const char *command, const char *ready, pd_injector_line *line, void *context,
    struct pd_error *error)
{
	struct pd_injector *injector = pd_allocate(1, sizeof(*injector));

	*injector = (struct pd_injector){.loop = loop, .kind = kind, .line = line,
		.context = context,
		.name = pd_duplicate(name), .command = pd_duplicate(command)};
	if (ready == NULL || compile(injector, ready, error) == 0)
		return injector;
	pd_injector_free(injector);
	return NULL;
}

/* End it, and give it the grace to do so by itself. */
static int
stop(struct pd_injector *injector, int64_t grace)
{
	pd_loop_watch(injector->loop, injector->child.input, 0, NULL, NULL);
	pd_loop_watch(injector->loop, injector->child.output, 0, NULL, NULL);
	injector->running = false;
	return pd_spawn_finish(&injector->child, grace);
}

void
pd_injector_free(struct pd_injector *injector)
{
	if (injector->running)
		stop(injector, 0);
	pd_expression_close(injector->ready);
	pd_buffer_free(&injector->text);
	pd_buffer_free(&injector->to_write);
	free(injector->name);
	free(injector->command);
	free(injector);
}

const char *
pd_injector_name(const struct pd_injector *injector)
{
	return injector->name;
}

bool
pd_injector_is_ready(const struct pd_injector *injector)
{
	return injector->is_ready;
}

bool
pd_injector_failed(const struct pd_injector *injector, struct pd_error *error)
{
	if (injector->running || injector->failure.message[0] == '\0')
		return false;
	*error = injector->failure;
	return true;
}

static void
take_line(struct pd_injector *injector, const char *line, size_t length)
{
	struct pd_error ignored;

	if (injector->is_ready)
		injector->line(injector->context, line, length, pd_loop_now());
	else
		injector->is_ready = matches(injector, line, length, &ignored);
}

static void
take_lines(struct pd_injector *injector)
{
	struct pd_buffer *text = &injector->text;
	size_t start = 0;
	char *newline;

	while (start < text->length && (newline = memchr(text->data + start, '\n',
	    text->length - start)) != NULL) {
		*newline = '\0';
		size_t length = (size_t)(newline - text->data) - start;
		if (length > 0)
			take_line(injector, text->data + start, length);
		start += length + 1;
	}
	pd_buffer_consume(text, start);
}

static void
flood(struct pd_injector *injector)
{
	stop(injector, 0);
	pd_error_set(&injector->failure, "%s '%s' wrote more than %zu MiB without a "
	    "line break: %s", injector->kind, injector->name, PD_LINE_LIMIT >> 20, injector->command);
	pd_error_hint(&injector->failure, "each payload is a line");
}

/* Its output is at an end: it has ended, or will never say anything again. */
static void
end(struct pd_injector *injector)
{
	char status[64];

	if (injector->text.length > 0)	/* a last line without its end */
		take_line(injector, injector->text.data, injector->text.length);
	pd_spawn_status_text(stop(injector, 200000), status, sizeof(status));
	pd_error_set(&injector->failure, "%s '%s' ended (%s): %s", injector->kind,
	    injector->name, status, injector->command);
	pd_error_hint(&injector->failure, "it must run as long as pd-exec does; what it "
	    "said is on standard error");
}

static void
read_some(struct pd_injector *injector)
{
	char chunk[CHUNK];
	ssize_t got = read(injector->child.output, chunk, sizeof(chunk));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		end(injector);
		return;
	}
	pd_buffer_append(&injector->text, chunk, (size_t)got);
	take_lines(injector);
	if (injector->text.length > PD_LINE_LIMIT)
		flood(injector);
}

static void
on_output(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	read_some(context);
}

void
pd_injector_read(struct pd_injector *injector)
{
	/* Once: a pipe holds no more, and what comes meanwhile might never end. */
	if (injector->running && !injector->held)
		read_some(injector);
}

void
pd_injector_hold(struct pd_injector *injector, bool hold)
{
	if (!injector->running || injector->held == hold)
		return;
	injector->held = hold;
	pd_loop_watch(injector->loop, injector->child.output, hold ? 0 : POLLIN,
	    on_output, injector);
}

static void
on_input(void *context, int descriptor, short events)
{
	struct pd_injector *injector = context;
	struct pd_buffer *text = &injector->to_write;

	(void)events;
	ssize_t wrote = write(descriptor, text->data, text->length);
	if (wrote > 0)
		pd_buffer_consume(text, (size_t)wrote);
	/* That it reads no more is told by the end of its output. */
	if (text->length == 0 || (wrote < 0 && errno != EAGAIN && errno != EINTR))
		pd_loop_watch(injector->loop, descriptor, 0, NULL, NULL);
}

void
pd_injector_tell(struct pd_injector *injector, const char *text, size_t length)
{
	if (!injector->running)
		return;
	pd_buffer_append(&injector->to_write, text, length);
	pd_loop_watch(injector->loop, injector->child.input, POLLOUT, on_input, injector);
}

int
pd_injector_start(struct pd_injector *injector, struct pd_error *error)
{
	char *argv[] = {"sh", "-c", injector->command, NULL};

	if (pd_spawn(argv, jv_invalid(), NULL, false, &injector->child, error) != 0)
		return pd_error_prefix(error, "%s '%s': ", injector->kind, injector->name);
	injector->running = true;
	injector->is_ready = injector->ready == NULL;
	fcntl(injector->child.input, F_SETFL, O_NONBLOCK);
	fcntl(injector->child.output, F_SETFL, O_NONBLOCK);
	pd_loop_watch(injector->loop, injector->child.output, POLLIN, on_output, injector);
	return 0;
}
