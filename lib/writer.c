/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

enum {
	FLUSH_AT = 1 << 16,
};

void
pd_writer_open(struct pd_writer *writer, int descriptor)
{
	*writer = (struct pd_writer){
		.descriptor = descriptor,
		.line_buffered = isatty(descriptor) == 1,
	};
}

/* A descriptor shared with another program may have been made non-blocking by
 * it; then wait until it takes more. */
static int
wait_writable(int descriptor)
{
	struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};

	return poll(&wanted, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

static void
write_out(struct pd_writer *writer)
{
	size_t done = 0;

	while (writer->failure == 0 && done < writer->buffer.length) {
		ssize_t wrote = write(writer->descriptor,
		    writer->buffer.data + done, writer->buffer.length - done);
		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno == EAGAIN && wait_writable(writer->descriptor) == 0)
			continue;
		else if (errno != EINTR)
			writer->failure = errno;
	}
	pd_buffer_clear(&writer->buffer);
	writer->started = 0;
}

/* What can be written without waiting: a pipe that is writable takes at least
 * PIPE_BUF bytes. */
static void
write_ready(struct pd_writer *writer)
{
	struct pollfd wanted = {.fd = writer->descriptor, .events = POLLOUT};

	while (writer->failure == 0 && writer->buffer.length > 0 &&
	    poll(&wanted, 1, 0) == 1) {
		size_t length = writer->buffer.length < _POSIX_PIPE_BUF ?
		    writer->buffer.length : _POSIX_PIPE_BUF;
		ssize_t wrote = write(writer->descriptor, writer->buffer.data, length);
		if (wrote > 0)
			pd_buffer_consume(&writer->buffer, (size_t)wrote);
		else if (wrote < 0 && errno != EINTR && errno != EAGAIN)
			writer->failure = errno;
		else
			break;
	}
	writer->started = writer->buffer.length;
}

/* The record that has just been finished begins at writer->started. */
static void
end_line(struct pd_writer *writer)
{
	pd_buffer_append(&writer->buffer, "\n", 1);
	if (writer->copy != NULL)
		pd_buffer_append(writer->copy, writer->buffer.data + writer->started,
		    writer->buffer.length - writer->started);
	writer->started = writer->buffer.length;
	if (writer->line_buffered && writer->hold)
		write_ready(writer);
	else if (!writer->hold &&
	    (writer->line_buffered || writer->buffer.length >= FLUSH_AT))
		write_out(writer);
}

void
pd_writer_line(struct pd_writer *writer, const char *line, size_t length)
{
	pd_buffer_append(&writer->buffer, line, length);
	end_line(writer);
}

void
pd_writer_record(struct pd_writer *writer, jv record)
{
	pd_json_append_peek(&writer->buffer, record);
	jv_free(record);
	end_line(writer);
}

void
pd_writer_start(struct pd_writer *writer, const char *type)
{
	pd_buffer_text(&writer->buffer, "{\"type\":\"");
	pd_buffer_text(&writer->buffer, type);
	pd_buffer_append(&writer->buffer, "\"", 1);
}

static void
start_field(struct pd_writer *writer, const char *name)
{
	pd_buffer_append(&writer->buffer, ",\"", 2);
	pd_buffer_text(&writer->buffer, name);
	pd_buffer_append(&writer->buffer, "\":", 2);
}

void
pd_writer_number(struct pd_writer *writer, const char *name, int64_t value)
{
	start_field(writer, name);
	pd_buffer_integer(&writer->buffer, value);
}

void
pd_writer_string(struct pd_writer *writer, const char *name, const char *value)
{
	jv string = jv_string(value);

	start_field(writer, name);
	pd_json_append_peek(&writer->buffer, string);
	jv_free(string);
}

void
pd_writer_bool(struct pd_writer *writer, const char *name, bool value)
{
	start_field(writer, name);
	pd_buffer_text(&writer->buffer, value ? "true" : "false");
}

void
pd_writer_json_peek(struct pd_writer *writer, const char *name, jv value)
{
	if (!jv_is_valid(value))
		return;
	start_field(writer, name);
	pd_json_append_peek(&writer->buffer, value);
}

void
pd_writer_finish(struct pd_writer *writer)
{
	pd_buffer_append(&writer->buffer, "}", 1);
	end_line(writer);
}

int
pd_writer_flush(struct pd_writer *writer, struct pd_error *error)
{
	write_out(writer);
	if (writer->failure == 0)
		return 0;
	return pd_error_set(error, "cannot write: %s", strerror(writer->failure));
}

int
pd_writer_close(struct pd_writer *writer, struct pd_error *error)
{
	int result = pd_writer_flush(writer, error);

	pd_buffer_free(&writer->buffer);
	return result;
}
