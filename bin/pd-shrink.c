/* SPDX-License-Identifier: MIT */
/* pd-shrink: reduce each failure of a stream to its smallest cause. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "loop.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "runner.h"
#include "sequence.h"
#include "shrink.h"
#include "stream.h"
#include "writer.h"

enum {
	LAST_WORDS = 1000000,	/* for the input to end after a signal, microseconds */
};

enum {
	OPT_STRATEGY = 256, OPT_MAX_TIME, OPT_MAX_RUNS, OPT_ALL, OPT_PROGRESS,
	OPT_LINE_BUFFERED, OPT_MAX_LINE,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that generated the sequences"},
	{OPT_STRATEGY, "strategy", "NAME", "quick, thorough or exhaustive (thorough)"},
	{OPT_MAX_TIME, "max-time", "TIME", "for each failure (60s); 0 for no limit"},
	{OPT_MAX_RUNS, "max-runs", "N", "executions for each failure (5000); 0 for no limit"},
	{OPT_ALL, "all", NULL, "shrink every failure, not only the first of a kind"},
	{'q', "quiet", NULL, "no progress"},
	{OPT_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{OPT_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-shrink",
	.synopsis = "-m MODEL [--strategy NAME] [--max-time TIME] [--max-runs N] [--all]\n"
	    "                 [-q] [--progress] [--max-line SIZE] [--line-buffered]\n"
	    "                 [FILE ...] -- COMMAND ...",
	.purpose = "Reduce each failure of a stream to its smallest cause"
	    " (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	const char *model;
	struct pd_shrink_options shrink;
	bool all, progress, line_buffered;
	size_t max_line;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_model *model;
	struct pd_loop *loop;
	struct pd_runner *runner;
	struct pd_reader *reader;
	struct pd_writer writer;
	struct pd_counts counts;
	struct pd_buffer lines;	/* of the present run */
	bool in_run;
	bool ending, over;	/* a signal came; and its time is up */
	jv header;
	jv shrunk_before;	/* {"kind name": run}: first of its kind */
	int64_t run;
};

static void
set_option(struct settings *settings, int option, const char *value)
{
	static const char *const strategies[] = {"quick", "thorough", "exhaustive", NULL};

	switch (option) {
	case 'm': settings->model = value; break;
	case OPT_STRATEGY:
		settings->shrink.strategy = (enum pd_strategy)pd_option_choice(
		    "strategy", value, strategies);
		break;
	case OPT_MAX_TIME:
		settings->shrink.max_time = pd_option_duration("max-time", value);
		break;
	case OPT_MAX_RUNS:
		settings->shrink.max_runs = pd_option_number("max-runs", value, 0, INT64_MAX);
		break;
	case OPT_ALL: settings->all = true; break;
	case 'q': settings->progress = false; break;
	case OPT_PROGRESS: settings->progress = true; break;
	case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
	case OPT_LINE_BUFFERED: settings->line_buffered = true; break;
	}
}

/* Options and operands end at the "--" before the command. */
static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option, end = 1;

	*settings = (struct settings){.max_line = PD_LINE_LIMIT,
		.shrink = {.strategy = PD_SHRINK_THOROUGH, .max_time = 60000000,
		.max_runs = 5000}, .progress = isatty(STDERR_FILENO) == 1};
	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	if (end + 1 >= argc)
		pd_usage_error("the command that executes sequences is missing: "
		    "-- pd-exec -m MODEL -a ADAPTER -u URL");
	settings->command = argv + end + 1;
	return end;
}

static void
show_progress(void *context, size_t commands, int64_t executions)
{
	const struct session *session = context;

	if (session->settings->progress)
		fprintf(stderr, "\r\033[Kshrinking run %" PRId64 ": %zu commands, %"
		    PRId64 " executions", session->run, commands, executions);
}

static void
clear_progress(const struct session *session)
{
	if (session->settings->progress)
		fprintf(stderr, "\r\033[K");
}

/* What drove the system, as the header of the stream says. */
static jv
adapter_of(const struct session *session)
{
	return pd_json_peek(session->header, "adapter");
}

static void
write_failure(struct session *session, const struct pd_buffer *lines,
    jv original, jv statistics, jv reproduced)
{
	struct pd_recorded run;
	struct pd_error error;

	if (pd_recorded_parse(&run, lines->data, lines->length, &error) == 0)
		pd_writer_record(&session->writer, pd_failure_record(&run, original,
		    session->header, adapter_of(session), statistics, reproduced));
	pd_recorded_free(&run);
}

/* The runner is of no use: say so once, and only pass on from now. */
static void
give_up(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	pd_counts_problem(&session->counts, "failures could not be shrunk: %s",
	    error->message);
	pd_runner_free(session->runner);
	session->runner = NULL;
}

static void
shrink_run(struct session *session, jv original, jv failure)
{
	struct pd_sequence sequence;
	struct pd_shrunk shrunk;
	struct pd_error error = PD_ERROR_INIT;

	if (pd_sequence_parse(&sequence, jv_copy(original), &error) != 0) {
		pd_complain(&error);
		pd_sequence_free(&sequence);
		jv_free(original);
		return;
	}
	enum pd_run_result result = pd_shrink(session->model, session->runner,
	    &sequence, failure, &session->settings->shrink, show_progress, session,
	    &shrunk, &error);
	clear_progress(session);
	if (shrunk.reproduced)
		write_failure(session, &shrunk.lines, original,
		    jv_copy(shrunk.statistics), jv_true());
	else	/* what was cut short says nothing about the failure */
		write_failure(session, &session->lines, original, jv_invalid(),
		    result == PD_RUN_DONE ? jv_false() : jv_invalid());
	pd_shrunk_free(&shrunk);
	pd_sequence_free(&sequence);
	if (result == PD_RUN_FAILED)
		give_up(session, &error);
}

/* Shrink the first failure of a kind and name; later ones are the same bug
 * until that is mended. */
static bool
is_first(struct session *session, jv failure)
{
	char *key = pd_format("%s %s", pd_json_peek_string(failure, "kind", ""),
	    pd_json_peek_string(failure, "name", ""));
	bool first = !pd_json_has_peek(session->shrunk_before, key);

	session->shrunk_before = pd_json_set(session->shrunk_before, key, jv_true());
	free(key);
	return first;
}

static void
finish_run(struct session *session)
{
	struct pd_recorded run;
	struct pd_error error;

	session->in_run = false;
	if (pd_recorded_parse(&run, session->lines.data, session->lines.length,
	    &error) != 0) {
		pd_recorded_free(&run);
		pd_die(&error);
	}
	pd_counts_run(&session->counts, run.end);
	jv failure = pd_recorded_failure(&run);
	jv original = pd_json_peek(run.start, "sequence");
	pd_writer_flush(&session->writer, &error);
	if (jv_is_valid(failure) && jv_is_valid(original)) {
		bool shrinks = session->runner != NULL &&
		    pd_loop_signal(session->loop) == 0 &&
		    (is_first(session, failure) || session->settings->all);
		session->run = (int64_t)pd_json_peek_number(run.end, "run", 0);
		if (shrinks)
			shrink_run(session, jv_copy(original), failure);
		else
			write_failure(session, &session->lines, jv_copy(original),
			    jv_invalid(), jv_invalid());
		pd_writer_flush(&session->writer, &error);
	}
	jv_free(failure);
	jv_free(original);
	pd_recorded_free(&run);
}

/* A run that passed need not be looked into: its run_end says so. */
static bool
passed(const struct pd_record *record, struct session *session)
{
	struct pd_error error;
	jv end = pd_record_parse(record, &error);
	bool result = jv_is_valid(end) && !pd_json_has_peek(end, "failure");

	if (result)
		pd_counts_run(&session->counts, end);
	jv_free(end);
	return result;
}

static void
take_header(struct session *session, const struct pd_record *record, int argc,
    char **argv)
{
	struct pd_error error;

	jv_free(session->header);
	session->header = pd_stream_add_program(pd_record_parse(record, &error),
	    argc, argv);
	pd_writer_record(&session->writer, jv_copy(session->header));
}

static void
take_end(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	jv end = pd_record_parse(record, &error);

	pd_counts_upstream(&session->counts, end);
	jv_free(end);
}

static void
take_record(struct session *session, const struct pd_record *record, int argc,
    char **argv)
{
	if (pd_record_is(record, "stream")) {
		take_header(session, record, argc, argv);
		return;
	}
	if (pd_record_is(record, "end")) {
		take_end(session, record);
		return;
	}
	/* Failure records of pd-exec --report are made anew here, shrunk. */
	if (pd_record_is(record, "failure"))
		return;
	pd_writer_line(&session->writer, record->line, record->length);
	if (pd_record_is(record, "run_start")) {
		pd_buffer_clear(&session->lines);
		session->in_run = true;
	}
	if (session->in_run) {
		pd_buffer_append(&session->lines, record->line, record->length);
		pd_buffer_append(&session->lines, "\n", 1);
	}
	if (pd_record_is(record, "run_end")) {
		if (!passed(record, session))
			finish_run(session);
		session->in_run = false;
	}
}

static void
on_last_words(void *context)
{
	struct session *session = context;

	session->over = true;
}

/* Wait for more input, and after a signal not for long: it mostly came to
 * whoever writes the input, too, and then the end of its run is on the way. */
static void
wait_for_input(struct session *session)
{
	struct pd_error error;

	pd_writer_flush(&session->writer, &error);
	if (pd_loop_signal(session->loop) != 0 && !session->ending) {
		session->ending = true;
		pd_loop_after(session->loop, LAST_WORDS, on_last_words, session);
	}
	if (pd_loop_turn_reading(session->loop, session->reader, &error) != 0)
		pd_die(&error);
}

static void
process_input(struct session *session, int argc, char **argv)
{
	struct pd_record record;
	struct pd_error error;

	while (!session->over && session->writer.failure == 0) {
		switch (pd_reader_take(session->reader, &record, &error)) {
		case PD_READ_RECORD:
			take_record(session, &record, argc, argv);
			break;
		case PD_READ_ERROR:
			pd_complain(&error);
			session->counts.rejected++;
			pd_counts_problem(&session->counts, "a line could not be read: %s",
			    error.message);
			break;
		case PD_READ_WAIT:
			wait_for_input(session);
			break;
		case PD_READ_END:
			pd_counts_input(&session->counts, session->reader);
			return;
		}
	}
}

static int
finish(struct session *session)
{
	int number = pd_loop_signal(session->loop);

	if (session->counts.runs == 0 &&
	    jv_array_length(jv_copy(session->counts.problems)) == 0) {
		pd_counts_problem(&session->counts, "the input had no run");
		warnx("the input had no run");
	}
	pd_counts_close(&session->counts);
	int status = number != 0 ? 128 + number : pd_counts_status(&session->counts);
	pd_writer_record(&session->writer, pd_stream_end(&session->counts, status));
	return status;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .header = jv_invalid(),
		.shrunk_before = jv_object()};
	struct pd_error error;

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	session.loop = pd_loop_new(&error);
	if (session.loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(session.loop);
	session.runner = pd_runner_new(session.loop, settings.command);
	session.reader = pd_reader_open(argv + optind, end - optind, settings.max_line);
	pd_writer_open(&session.writer, STDOUT_FILENO);
	session.writer.line_buffered |= settings.line_buffered;
	pd_counts_start(&session.counts);
	process_input(&session, argc, argv);
	int status = finish(&session);
	pd_runner_free(session.runner);
	pd_reader_close(session.reader);
	pd_loop_free(session.loop);
	pd_model_close(session.model);
	pd_counts_free(&session.counts);
	pd_buffer_free(&session.lines);
	jv_free(session.header);
	jv_free(session.shrunk_before);
	return pd_close_output(&session.writer, status);
}
