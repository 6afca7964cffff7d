/* SPDX-License-Identifier: MIT */
/*
 * Reading a record stream: one JSON object a line, from files or standard
 * input. A line is handed out as bytes with its type already seen; it is only
 * parsed when somebody asks, so that a filter passes on what it does not
 * consume at the cost of a copy.
 */
#ifndef PD_READER_H
#define PD_READER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define PD_STREAM_VERSION 1
#define PD_LINE_LIMIT ((size_t)16 << 20)

struct pd_reader;

/* One line. All of it belongs to the reader and lives until its next call. */
struct pd_record {
	const char *line;	/* without the newline; followed by a NUL */
	size_t length;
	char type[64];		/* longer types are cut: no program knows one */
	const char *file;
	long number;		/* of the line in its file, from 1 */
};

enum pd_read {
	PD_READ_ERROR = -1,	/* the error says where; the record has the line as far as
				 * it was read, or NULL; reading can go on with the next */
	PD_READ_END = 0,
	PD_READ_RECORD = 1,
	PD_READ_WAIT = 2,	/* pd_reader_take only: no whole line has come yet */
};

/* Read the named files one after another, "-" being standard input; none at
 * all means standard input. Lines longer than the limit are errors. The array
 * must outlive the reader. */
struct pd_reader *pd_reader_open(char *const *files, int count, size_t limit);

/* The same for lines that need not be records, such as those of a log: their type
 * stays empty. */
struct pd_reader *pd_reader_open_lines(char *const *files, int count,
    size_t limit);

/* Go on at the end of the last file, as tail -F does: what is appended is read, and
 * a new file of its name from the beginning. Waiting is up to the caller. */
void pd_reader_follow(struct pd_reader *);

/* Read from a descriptor, which the reader does not close. */
struct pd_reader *pd_reader_open_descriptor(int descriptor, const char *name);
void pd_reader_close(struct pd_reader *);

/* The next record; waits for it. A read that a signal interrupts goes on. */
enum pd_read pd_reader_next(struct pd_reader *, struct pd_record *,
    struct pd_error *);

/* For event loops: take what is there without waiting; on PD_READ_WAIT wait
 * until the descriptor is readable, then fill. */
enum pd_read pd_reader_take(struct pd_reader *, struct pd_record *,
    struct pd_error *);
int pd_reader_descriptor(struct pd_reader *);
void pd_reader_fill(struct pd_reader *);

/* Parse a record's line. An invalid jv on error, which says file and line. */
jv pd_record_parse(const struct pd_record *, struct pd_error *);
bool pd_record_is(const struct pd_record *, const char *type);

/* Did the input, or one of the streams in it, begin with a header and stop
 * without an end record? */
bool pd_reader_cut_off(const struct pd_reader *);

#endif
