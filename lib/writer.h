/* SPDX-License-Identifier: MIT */
/*
 * Writing a record stream. Records that are made often are written field by
 * field straight into the output buffer, so that no value is built only to be
 * printed. Errors are kept and told by flush and close, as stdio does it.
 */
#ifndef PD_WRITER_H
#define PD_WRITER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct pd_writer {
	struct pd_buffer buffer;
	size_t started;		/* where in the buffer the present record begins */
	int descriptor;
	int failure;		/* errno of the first write that failed, or 0 */
	bool line_buffered;	/* flush after every record */
	bool hold;		/* do not wait for a reader until the next flush */
	struct pd_buffer *copy;	/* when not NULL, gets what is written as well */
};

/* Write to a descriptor, line by line if it is a terminal. It is not closed
 * by the writer. */
void pd_writer_open(struct pd_writer *, int descriptor);

/* A line that is passed on as it is. */
void pd_writer_line(struct pd_writer *, const char *line, size_t length);

/* A whole record. Consumes it. */
void pd_writer_record(struct pd_writer *, jv record);

/* A record field by field: start, fields, finish. The names are plain words
 * that need no escaping. The value of pd_writer_json_peek is not consumed;
 * an invalid one writes no field. */
void pd_writer_start(struct pd_writer *, const char *type);
void pd_writer_number(struct pd_writer *, const char *name, int64_t value);
void pd_writer_string(struct pd_writer *, const char *name, const char *value);
void pd_writer_bool(struct pd_writer *, const char *name, bool value);
void pd_writer_json_peek(struct pd_writer *, const char *name, jv value);
void pd_writer_finish(struct pd_writer *);

/* Returns 0 or -1, now and at every call after a failure. */
int pd_writer_flush(struct pd_writer *, struct pd_error *);

/* Flush and release the memory. */
int pd_writer_close(struct pd_writer *, struct pd_error *);

#endif
