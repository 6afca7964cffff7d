/* SPDX-License-Identifier: MIT */
/*
 * What the mains in bin/ have in common: options from a table, messages, exit
 * statuses. This module prints and exits; in lib/ only filter.h and serving.h may use it.
 */
#ifndef PD_PROGRAM_H
#define PD_PROGRAM_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "version.h"
#include "writer.h"

enum pd_exit {
	PD_EXIT_GOOD = 0,	/* all well */
	PD_EXIT_NO = 1,		/* the answer is no: a property failed */
	PD_EXIT_SKIP = 125,	/* in place of 2 under --bisect */
	PD_EXIT_TROUBLE = 2,	/* the job could not be done, or nothing was tested */
};

struct pd_option {
	int id;			/* its letter, or a number from 256 when it has none */
	const char *name;	/* without the dashes */
	const char *value;	/* what it takes, as usage names it; NULL for nothing */
	const char *help;
};

struct pd_program {
	const char *name;
	const char *synopsis;	/* after the name; lines after the first are indented */
	const char *purpose;	/* one line */
	const struct pd_option *options;	/* ends with id 0 */
};

/* To be called first: a standard descriptor that is closed would be given to
 * the next file that is opened. Using one is an error from now, as it should be. */
void pd_program_start(void);

/* The next option's id, its value in *value, or -1 after the last; optind is
 * then the first operand. --help, --version and mistakes end the program. */
int pd_option_next(const struct pd_program *, int argc, char **argv,
    const char **value);

/* Values of options; a wrong one ends the program with a usage message. */
int64_t pd_option_number(const char *name, const char *value,
    int64_t minimum, int64_t maximum);
double pd_option_probability(const char *name, const char *value);	/* 0 .. 1 */
int64_t pd_option_duration(const char *name, const char *value);
size_t pd_option_size(const char *name, const char *value);

/* The index of the value in a NULL-terminated list. */
int pd_option_choice(const char *name, const char *value,
    const char *const *choices);

/* The index of a subcommand in a table of structs whose first member is its
 * name; a wrong one ends the program with a usage message. */
size_t pd_verb_choice(const char *name, const void *table, size_t count,
    size_t size);

/* A seed: 0 .. 2^53-1. */
uint64_t pd_option_seed(const char *name, const char *value);

/* For programs with --bisect: where a mistake or trouble ends the program with
 * 2 from now on, the status is 125, by which git bisect skips a commit. */
void pd_bisect_start(void);

/* End such a program: 125 in place of 2. */
_Noreturn void pd_bisect_end(int status);

/* A value that is refused, with the way to help; ends the program. */
_Noreturn void pd_usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Microseconds since 1970. */
int64_t pd_wall_clock(void);

/* "PROGRAM: file:line: message (hint)" on standard error. */
void pd_complain(const struct pd_error *);

/* The same and exit with 2. */
_Noreturn void pd_die(const struct pd_error *);

/* Open the model of -m, or end the program; PATH NULL means that it is
 * missing. jq's debug messages go to standard error. */
struct pd_model *pd_open_model(const char *path);

/* Print what formats there are in a folder of templates, and end the program. */
_Noreturn void pd_list_formats(const char *folder);

/* Which run an option names: "N", or "N.A" for its attempt A. */
struct pd_run_choice {
	bool given;
	int64_t run, attempt;	/* attempt 0: any */
};
struct pd_run_choice pd_option_run(const char *name, const char *value);

/* Is it the run with this number and attempt? It is when none was named.
 * Borrows both; they may be invalid. */
bool pd_run_chosen(const struct pd_run_choice *, jv run, jv attempt);

/* A writer to standard output, which is this file from now on unless path is NULL
 * or "-". */
void pd_open_output(struct pd_writer *, const char *path);

/* Close standard output's writer; returns the status, or 2 with a message when
 * it could not all be written. When its reader has gone away the program ends as
 * others do, by SIGPIPE, even if it ignored that until now. */
int pd_close_output(struct pd_writer *, int status);

#endif
