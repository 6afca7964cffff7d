/* SPDX-License-Identifier: MIT */
/* pd-shrink: reduce each failure of a stream to its smallest cause. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "program.h"
#include "recorded.h"
#include "sequence.h"
#include "shrink.h"

enum {
	OPT_STRATEGY = 256, OPT_MAX_TIME, OPT_MAX_RUNS, OPT_ALL,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that generated the sequences"},
	{OPT_STRATEGY, "strategy", "NAME", "quick, thorough or exhaustive (thorough)"},
	{OPT_MAX_TIME, "max-time", "TIME", "for each failure (60s); 0 for no limit"},
	{OPT_MAX_RUNS, "max-runs", "N", "executions for each failure (5000); 0 for no limit"},
	{OPT_ALL, "all", NULL, "shrink every failure, not only the first of a kind"},
	{'q', "quiet", NULL, "no progress"},
	{PD_OPTION_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"},
	{PD_OPTION_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{PD_OPTION_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"},
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
	struct pd_filter_settings filter;
	const char *model;
	struct pd_search_options shrink;
	bool all;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_buffer lines;	/* of the present run */
	bool in_run;
	jv shrunk_before;	/* {"kind name": true}: first of its kind */
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
	default: pd_filter_option(&settings->filter, option, value);
	}
}

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	/* Its results are records, at a terminal, too. */
	*settings = (struct settings){.filter = PD_FILTER_SETTINGS,
		.shrink = {.strategy = PD_SHRINK_THOROUGH, .max_time = 60000000,
		.max_runs = 5000}};
	settings->filter.format = "json";
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	if (settings->command == NULL)
		pd_usage_error("the command that executes sequences is missing: "
		    "-- pd-exec -m MODEL -a ADAPTER -u URL");
	return end;
}

static void
show_progress(void *context, size_t commands, int64_t executions)
{
	struct session *session = context;

	pd_filter_progress(&session->filter, "shrinking run %" PRId64
	    ": %zu commands, %" PRId64 " executions", session->run, commands,
	    executions);
}

static void
write_failure(struct session *session, const struct pd_buffer *lines,
    jv original, jv statistics, jv reproduced)
{
	struct pd_recorded run;
	struct pd_error error;

	if (pd_recorded_parse(&run, lines->data, lines->length, &error) == 0)
		pd_filter_result(&session->filter, pd_failure_record(&run, original,
		    session->filter.header, pd_json_peek(session->filter.header, "adapter"),
		    statistics, reproduced));
	pd_recorded_free(&run);
}

static void
shrink_run(struct session *session, jv original, jv failure)
{
	struct pd_sequence sequence;
	struct pd_shrunk shrunk;
	struct pd_error error = PD_ERROR_INIT;
	struct pd_search_options how = session->settings->shrink;

	how.progress = show_progress;
	how.progress_context = session;

	if (pd_sequence_parse(&sequence, jv_copy(original), &error) != 0) {
		pd_complain(&error);
		pd_sequence_free(&sequence);
		jv_free(original);
		return;
	}
	enum pd_run_result result = pd_shrink(session->model,
	    session->filter.runner,
	    &sequence, failure, &how, &shrunk, &error);
	if (shrunk.reproduced)
		write_failure(session, &shrunk.lines, original,
		    jv_copy(shrunk.statistics), jv_true());
	else	/* what was cut short says nothing about the failure */
		write_failure(session, &session->lines, original, jv_invalid(),
		    result == PD_RUN_DONE ? jv_false() : jv_invalid());
	pd_shrunk_free(&shrunk);
	pd_sequence_free(&sequence);
	if (result == PD_RUN_FAILED)
		pd_filter_give_up(&session->filter, &error);
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

	if (pd_recorded_parse(&run, session->lines.data, session->lines.length,
	    &error) != 0)
		pd_die(&error);
	jv failure = pd_recorded_failure(&run);
	jv original = pd_json_peek(run.start, "sequence");
	pd_writer_flush(&session->filter.writer, &error);
	if (jv_is_valid(failure) && jv_is_valid(original)) {
		bool shrinks = session->filter.runner != NULL &&
		    pd_loop_signal(session->filter.loop) == 0 &&
		    (is_first(session, failure) || session->settings->all);
		session->run = (int64_t)pd_json_peek_number(run.end, "run", 0);
		if (shrinks)
			shrink_run(session, jv_copy(original), failure);
		else
			write_failure(session, &session->lines, jv_copy(original),
			    jv_invalid(), jv_invalid());
	}
	jv_free(failure);
	jv_free(original);
	pd_recorded_free(&run);
}

/* Failure records of pd-exec --report are made anew, shrunk. */
static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;

	if (pd_record_is(record, "run_start")) {
		pd_buffer_clear(&session->lines);
		session->in_run = true;
	}
	if (!session->in_run || pd_record_is(record, "failure"))
		return;
	pd_buffer_append(&session->lines, record->line, record->length);
	pd_buffer_append(&session->lines, "\n", 1);
	if (pd_record_is(record, "run_end")) {
		session->in_run = false;
		if (session->filter.run_failed)
			finish_run(session);
	}
}

static void
note_empty(struct pd_counts *counts)
{
	if (counts->runs == 0 &&
	    jv_array_length(jv_copy(counts->problems)) == 0) {
		pd_counts_problem(counts, "the input had no run");
		warnx("the input had no run");
	}
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings,
		.shrunk_before = jv_object()};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	pd_filter_process(&session.filter, take_record, &session);
	note_empty(&session.filter.counts);
	int status = pd_filter_close(&session.filter, session.filter.counts.failed > 0);
	pd_model_close(session.model);
	pd_buffer_free(&session.lines);
	jv_free(session.shrunk_before);
	return status;
}
