/* SPDX-License-Identifier: MIT */
/*
 * What filters have in common: a stream that is read on the event loop, its
 * header and end passed on with the filter added, results as records among the
 * others or as text, and for those that run sequences again the executing
 * filter after "--". Like program.h this prints, and exits when it must.
 */
#ifndef PD_FILTER_H
#define PD_FILTER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"
#include "reader.h"
#include "recorded.h"
#include "runner.h"
#include "stream.h"
#include "template.h"
#include "writer.h"

/* Options that mean the same in every filter: rows for a main's table, which
 * gives what it does not know to pd_filter_option. */
enum {
	PD_OPTION_FORMAT = 1000, PD_OPTION_COLOR, PD_OPTION_MAX_LINE,
	PD_OPTION_LINE_BUFFERED, PD_OPTION_PROGRESS,
};

#define PD_FILTER_TEXT_OPTIONS \
	{PD_OPTION_FORMAT, "format", "NAME", "json for records; terminal, compact, markdown"}, \
	{PD_OPTION_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"}
#define PD_FILTER_PROGRESS_OPTIONS \
	{'q', "quiet", NULL, "no progress"}, \
	{PD_OPTION_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"}
#define PD_FILTER_STREAM_OPTIONS \
	{PD_OPTION_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"}, \
	{PD_OPTION_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"}

struct pd_filter_settings {
	const char *format;	/* a template's name, "json" for records, or NULL: the
				 * terminal's at a terminal, records elsewhere */
	const char *result;	/* the type of record that a format must have words for;
				 * NULL for failure */
	enum pd_color color;
	size_t max_line;
	bool line_buffered, progress;
};

/* As they are without options: progress when standard error is a terminal. */
#define PD_FILTER_SETTINGS {.max_line = PD_LINE_LIMIT, \
	.progress = isatty(STDERR_FILENO) == 1}

/* Take one of those options, or -q, which is no progress. */
void pd_filter_option(struct pd_filter_settings *, int option, const char *value);

struct pd_filter {
	const struct pd_filter_settings *settings;
	struct pd_loop *loop;
	struct pd_reader *reader;
	struct pd_writer writer;
	struct pd_template *template;	/* of text; NULL when records are written */
	struct pd_runner *runner;	/* NULL without a command, or of no use any more */
	struct pd_counts counts;	/* of the run_end records read, and of problems */
	jv header;			/* this filter's included; invalid before it came */
	bool run_failed;		/* the latest run_end has a failure */
	bool pass;			/* lines that are taken are passed on, too */
	bool hold;			/* none is passed on but by pd_filter_pass */
	bool judges;			/* run_end records are made anew: whoever does it counts them */
	int argc;
	char **argv;
	bool ending, over;
	bool shown;			/* progress, not yet cleared */
};

/* Where options and operands end: at a "--" that a command follows. command is
 * set to its words, or to NULL when there is none. */
int pd_filter_command(int argc, char **argv, char ***command);

/* End the program if there is no command. */
void pd_filter_require(char *const *command);

/* Open all of it; operands are argv[optind] up to end. command may be NULL.
 * Trouble ends the program. */
void pd_filter_open(struct pd_filter *, const struct pd_filter_settings *,
    int argc, char **argv, int end, char **command);

/* Give every record but stream and end to take, until the input ends or a
 * signal came and the input does not end soon. Lines are passed on before
 * that, unless they are failure records and pass is false: then take decides.
 * Lines that cannot be read are problems. */
typedef void pd_filter_take(void *context, const struct pd_record *);
void pd_filter_process(struct pd_filter *, pd_filter_take *, void *context);

/* The same for whoever wants the records that a run is folded from: its start and end,
 * its commands and events, which take owns. */
typedef void pd_filter_take_run(void *context, const char *type, jv record);
void pd_filter_process_runs(struct pd_filter *, pd_filter_take_run *, void *context);

/* For take, with hold: pass this line on. */
void pd_filter_pass(struct pd_filter *, const struct pd_record *);

/* Parse a record; an invalid jv, with the problem noted, when it cannot be. */
jv pd_filter_parse(struct pd_filter *, const struct pd_record *);

/* Parse a failure record and see that it is whole; an invalid jv, with the
 * problem noted, when it is not. */
jv pd_filter_failure(struct pd_filter *, const struct pd_record *);

/* Note a problem and tell it. */
void pd_filter_problem(struct pd_filter *, const struct pd_error *,
    const char *what);

/* How many problems there are, and tell those from a number on which nobody
 * told before. */
int pd_filter_problems(const struct pd_filter *);
void pd_filter_tell_problems(const struct pd_filter *, int first);

/* Execute a sequence. The run must be freed in all cases. A command that is of
 * no use is told once, and is gone after that: runner is NULL. Other results
 * than PD_RUN_DONE mean to give up what is being done. */
enum pd_run_result pd_filter_execute(struct pd_filter *,
    const struct pd_sequence *, struct pd_recorded *);

/* For those who use the runner themselves: it is of no use, say so once. */
void pd_filter_give_up(struct pd_filter *, const struct pd_error *);

/* Has a signal come, or the reader of the output gone? */
bool pd_filter_interrupted(const struct pd_filter *);

/* Write a result: a record, or the text that the format makes of it. Consumes
 * it. */
void pd_filter_result(struct pd_filter *, jv record);

/* A line on standard error that the next one replaces, if progress is wanted. */
void pd_filter_progress(struct pd_filter *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pd_filter_clear_progress(struct pd_filter *);

/* Write the end record and close everything. answer_no tells that the answer
 * is no. Returns the exit status: 128+n after a signal, 1 for no, 2 after a
 * problem. */
int pd_filter_close(struct pd_filter *, bool answer_no);

#endif
