/* SPDX-License-Identifier: MIT */
/*
 * What frames a record stream: the header in front, which says how the stream
 * came about, and the end record, which promises that nothing is missing and
 * adds up what there was.
 */
#ifndef PD_STREAM_H
#define PD_STREAM_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "reader.h"

/* A header of the first program: version, producer and nothing more. */
jv pd_stream_header(const char *producer);

/* Add a program and its arguments to the header's pipeline; passwords in URLs
 * are cut out. Consumes the header. */
jv pd_stream_add_program(jv header, int argc, char **argv);

/* A URL without user and password. The caller frees it. */
char *pd_url_without_secrets(const char *url);

/* What a program counts. */
struct pd_counts {
	int64_t runs, passed, failed, errors, aborted;
	int64_t commands, events;
	int64_t rejected;	/* lines that could not be read */
	jv fired;		/* {check: times} */
	jv problems;		/* [text]: why the exit status is 2 */
};

void pd_counts_start(struct pd_counts *);
void pd_counts_free(struct pd_counts *);

/* Add a run_end record. Borrows it. */
void pd_counts_run(struct pd_counts *, jv run_end);

/* Note why nothing was proved. */
void pd_counts_problem(struct pd_counts *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Take over the problems of an end record that was read. Borrows it. */
void pd_counts_upstream(struct pd_counts *, jv end);

/* After the last line: an input that was cut off is a problem. */
void pd_counts_input(struct pd_counts *, const struct pd_reader *);

/* After the last run: runs that could not be judged are a problem, too. */
void pd_counts_close(struct pd_counts *);

/* The exit status that the counts call for: 1 after a failed run, 2 after an
 * error or a problem. An aborted run alone is no reason. */
int pd_counts_status(const struct pd_counts *);

/* The end record. */
jv pd_stream_end(const struct pd_counts *, int status);

#endif
