/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "text.h"

enum {
	CHUNK = 1 << 16,
};

struct pd_reader {
	char *const *files;
	int count;
	int next;		/* file to open next */
	int descriptor;		/* -1: none is open */
	bool borrowed;		/* the descriptor is not ours to close */
	bool lines;		/* of any kind, not records */
	bool following;		/* the last file does not end */
	const char *file;
	long line;
	size_t limit;
	char *data;		/* unread bytes are data[start .. end) */
	size_t start, end, capacity;
	size_t searched;	/* bytes after start known to hold no newline */
	bool ended;		/* the open file has no more bytes */
	int failure;		/* errno of a failed open or read, to be told once */
	bool skipping;		/* inside a line that was too long */
	bool has_header;
	bool has_end;
	bool was_cut;		/* an earlier one of several streams had no end */
};

static struct pd_reader *
reader_new(size_t limit)
{
	struct pd_reader *reader = pd_allocate(1, sizeof(*reader));

	reader->descriptor = -1;
	reader->limit = limit;
	reader->capacity = CHUNK;
	reader->data = pd_allocate(reader->capacity, 1);
	return reader;
}

struct pd_reader *
pd_reader_open(char *const *files, int count, size_t limit)
{
	static char *const standard_input[] = {"-"};
	struct pd_reader *reader = reader_new(limit);

	reader->files = count > 0 ? files : standard_input;
	reader->count = count > 0 ? count : 1;
	return reader;
}

struct pd_reader *
pd_reader_open_lines(char *const *files, int count, size_t limit)
{
	struct pd_reader *reader = pd_reader_open(files, count, limit);

	reader->lines = true;
	return reader;
}

void
pd_reader_follow(struct pd_reader *reader)
{
	reader->following = true;
}

struct pd_reader *
pd_reader_open_descriptor(int descriptor, const char *name)
{
	struct pd_reader *reader = reader_new(PD_LINE_LIMIT);

	reader->descriptor = descriptor;
	reader->borrowed = true;
	reader->file = name;
	return reader;
}

static void
close_file(struct pd_reader *reader)
{
	if (reader->descriptor > 0 && !reader->borrowed)
		close(reader->descriptor);
	reader->descriptor = -1;
}

void
pd_reader_close(struct pd_reader *reader)
{
	if (reader == NULL)
		return;
	close_file(reader);
	free(reader->data);
	free(reader);
}

static void
open_next_file(struct pd_reader *reader)
{
	const char *name = reader->files[reader->next++];
	bool standard_input = strcmp(name, "-") == 0;

	reader->file = standard_input ? "<stdin>" : name;
	reader->line = 0;
	reader->ended = false;
	reader->descriptor = standard_input ? STDIN_FILENO :
	    open(name, O_RDONLY | O_CLOEXEC);
	if (reader->descriptor < 0) {
		reader->failure = errno;
		reader->ended = true;
	}
}

/* Make room for another chunk behind the unread bytes. */
static void
make_room(struct pd_reader *reader)
{
	if (reader->capacity - reader->end > CHUNK / 2)
		return;
	if (reader->start > 0) {
		memmove(reader->data, reader->data + reader->start,
		    reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	if (reader->capacity - reader->end <= CHUNK / 2) {
		reader->capacity *= 2;
		reader->data = pd_reallocate(reader->data, reader->capacity, 1);
	}
}

/* At the end of a file that is followed: has another one taken its name, or was it
 * cut? Then begin with that. */
static void
look_for_new_file(struct pd_reader *reader)
{
	const char *name = reader->files[reader->next - 1];
	struct stat here, there;

	if (fstat(reader->descriptor, &here) != 0 || stat(name, &there) != 0)
		return;
	if (here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
	    lseek(reader->descriptor, 0, SEEK_CUR) <= here.st_size)
		return;
	close_file(reader);
	reader->next--;
	reader->start = reader->end = reader->searched = 0;
	open_next_file(reader);
}

/* Is this a file that is not over when all of it was read? */
static bool
goes_on(const struct pd_reader *reader)
{
	struct stat status;

	return reader->following && reader->next == reader->count &&
	    reader->descriptor > 0 && fstat(reader->descriptor, &status) == 0 &&
	    S_ISREG(status.st_mode);
}

void
pd_reader_fill(struct pd_reader *reader)
{
	if (reader->descriptor < 0 || reader->ended)
		return;
	make_room(reader);
	ssize_t got = read(reader->descriptor, reader->data + reader->end,
	    reader->capacity - reader->end - 1);
	if (got > 0) {
		reader->end += (size_t)got;
	} else if (got == 0 && goes_on(reader)) {
		look_for_new_file(reader);
	} else if (got == 0) {
		reader->ended = true;
	} else if (errno != EINTR && errno != EAGAIN) {
		reader->failure = errno;
		reader->ended = true;
	}
}

int
pd_reader_descriptor(struct pd_reader *reader)
{
	return reader->descriptor;
}

/* The type of a line that starts as our writers start it, without parsing. */
static bool
type_in_front(struct pd_record *record)
{
	static const char start[] = "{\"type\":\"";
	const char *name = record->line + sizeof(start) - 1;

	if (record->length < sizeof(start) ||
	    memcmp(record->line, start, sizeof(start) - 1) != 0)
		return false;
	size_t length = strcspn(name, "\"\\");
	if (length >= sizeof(record->type) || name[length] != '"' ||
	    record->line[record->length - 1] != '}')
		return false;
	memcpy(record->type, name, length);
	record->type[length] = '\0';
	return true;
}

static int
type_by_parsing(struct pd_record *record, struct pd_error *error)
{
	jv value = pd_record_parse(record, error);

	if (!jv_is_valid(value))
		return -1;
	const char *type = pd_json_peek_string(value, "type", NULL);
	if (type != NULL)
		snprintf(record->type, sizeof(record->type), "%s", type);
	jv_free(value);
	if (type != NULL)
		return 0;
	pd_error_at(error, record->file, record->number,
	    "not a record: no object with a \"type\"");
	return pd_error_hint(error, "records are described in pd-stream(5)");
}

static int
note_header(struct pd_reader *reader, const struct pd_record *record,
    struct pd_error *error)
{
	jv header = pd_record_parse(record, error);

	if (!jv_is_valid(header))
		return -1;
	double version = pd_json_peek_number(header, "version", 0);
	jv_free(header);
	/* Another stream begins: the one before must have ended. */
	reader->was_cut |= reader->has_header && !reader->has_end;
	reader->has_header = true;
	reader->has_end = false;
	if (version >= 1 && version < PD_STREAM_VERSION + 1)
		return 0;
	pd_error_at(error, record->file, record->number,
	    "stream version %g, this program reads version %d", version,
	    PD_STREAM_VERSION);
	return pd_error_hint(error, "use the release that wrote the stream, or a newer one");
}

static enum pd_read
finish_record(struct pd_reader *reader, struct pd_record *record,
    struct pd_error *error)
{
	if (!type_in_front(record) && type_by_parsing(record, error) != 0)
		return PD_READ_ERROR;
	if (pd_record_is(record, "stream") &&
	    note_header(reader, record, error) != 0)
		return PD_READ_ERROR;
	if (pd_record_is(record, "end"))
		reader->has_end = true;
	return PD_READ_RECORD;
}

static bool
is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isspace((unsigned char)line[i]))
			return false;
	}
	return true;
}

/* Cut the next line out of the buffer: false when there is no whole one. The
 * last line of a file may lack its newline. */
static bool
cut_line(struct pd_reader *reader, struct pd_record *record)
{
	char *from = reader->data + reader->start;
	size_t length = reader->end - reader->start;
	char *newline = memchr(from + reader->searched, '\n',
	    length - reader->searched);

	if (newline == NULL && (!reader->ended || length == 0)) {
		reader->searched = length;
		return false;
	}
	record->length = newline != NULL ? (size_t)(newline - from) : length;
	reader->start += record->length + (newline != NULL);
	reader->searched = 0;
	if (record->length > 0 && from[record->length - 1] == '\r')
		record->length--;
	from[record->length] = '\0';
	record->line = from;
	record->number = ++reader->line;
	record->file = reader->file;
	return true;
}

static enum pd_read
too_long(struct pd_reader *reader, const struct pd_record *record,
    struct pd_error *error)
{
	pd_error_at(error, reader->file, record->number,
	    "a line of more than %zu bytes", reader->limit);
	pd_error_hint(error, "--max-line raises the limit");
	return PD_READ_ERROR;
}

/* Throw away a line that is over the limit as it comes, so that it does not
 * fill memory. Its beginning is told. */
static void
skip_long_line(struct pd_reader *reader, struct pd_record *record)
{
	record->line = reader->data + reader->start;
	record->length = reader->limit;
	record->file = reader->file;
	record->number = reader->line + 1;
	reader->data[reader->start + reader->limit] = '\0';
	reader->skipping = true;
	reader->start = reader->end = reader->searched = 0;
}

static enum pd_read
failed(struct pd_reader *reader, struct pd_error *error)
{
	pd_error_at(error, reader->file, 0, "cannot read: %s",
	    strerror(reader->failure));
	reader->failure = 0;
	return PD_READ_ERROR;
}

enum pd_read
pd_reader_take(struct pd_reader *reader, struct pd_record *record,
    struct pd_error *error)
{
	*record = (struct pd_record){0};
	for (;;) {
		if (reader->descriptor < 0 && !reader->ended) {
			if (reader->next >= reader->count)
				return PD_READ_END;
			open_next_file(reader);
		}
		if (reader->failure != 0)
			return failed(reader, error);
		if (cut_line(reader, record)) {
			if (reader->skipping) {
				reader->skipping = false;
				continue;
			}
			if (record->length > reader->limit)
				return too_long(reader, record, error);
			if (is_blank(record->line, record->length))
				continue;
			return reader->lines ? PD_READ_RECORD :
			    finish_record(reader, record, error);
		}
		if (reader->ended) {
			close_file(reader);
			reader->skipping = false;
			reader->ended = reader->borrowed ||
			    reader->next >= reader->count;
			if (reader->ended)
				return PD_READ_END;
			continue;
		}
		if (reader->skipping) {
			reader->start = reader->end = reader->searched = 0;
		} else if (reader->end - reader->start > reader->limit) {
			skip_long_line(reader, record);
			return too_long(reader, record, error);
		}
		return PD_READ_WAIT;
	}
}

enum pd_read
pd_reader_next(struct pd_reader *reader, struct pd_record *record,
    struct pd_error *error)
{
	enum pd_read result;

	while ((result = pd_reader_take(reader, record, error)) == PD_READ_WAIT)
		pd_reader_fill(reader);
	return result;
}

jv
pd_record_parse(const struct pd_record *record, struct pd_error *error)
{
	jv value = pd_json_parse(record->line, record->length, error);

	if (jv_is_valid(value))
		return value;
	snprintf(error->file, sizeof(error->file), "%s", record->file);
	error->line = record->number;
	if (error->hint[0] == '\0')
		pd_error_hint(error, "each line must be one whole JSON object");
	return value;
}

bool
pd_record_is(const struct pd_record *record, const char *type)
{
	return strcmp(record->type, type) == 0;
}

bool
pd_reader_cut_off(const struct pd_reader *reader)
{
	return reader->was_cut || (reader->has_header && !reader->has_end);
}
