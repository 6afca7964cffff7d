/* SPDX-License-Identifier: MIT */
/* pd-explain: say what each command of a failing sequence is there for, and
 * which change of an argument makes the failure go away. */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "explain.h"
#include "filter.h"
#include "json.h"
#include "program.h"

enum {
	OPT_MAX_RUNS = 256, OPT_MAX_TIME, OPT_ALL,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that generated the sequences"},
	{OPT_MAX_RUNS, "max-runs", "N", "executions for each failure (500); 0 for no limit"},
	{OPT_MAX_TIME, "max-time", "TIME", "for each failure (60s); 0 for no limit"},
	{OPT_ALL, "all", NULL, "explain every failure, not only the first of a kind"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-explain",
	.synopsis = "-m MODEL [--max-runs N] [--max-time TIME] [--all]\n"
	    "                  [--format NAME] [--color WHEN] [-q] [--progress]\n"
	    "                  [--max-line SIZE] [--line-buffered] [FILE ...] -- COMMAND ...",
	.purpose = "Explain failures: what each command is there for, and which change of an\n"
	    "argument makes them go away (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model;
	struct pd_trial_limits limits;
	bool all;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	jv explained;		/* {"kind name": true} */
	int64_t run;		/* of the failure in hand */
	int64_t failures, left_out, lost;
};

static void
set_option(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case 'm': settings->model = value; break;
	case OPT_MAX_RUNS:
		settings->limits.max_runs = pd_option_number("max-runs", value, 0, INT64_MAX);
		break;
	case OPT_MAX_TIME:
		settings->limits.max_time = pd_option_duration("max-time", value);
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

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "explanation",
		.limits = {.max_time = 60000000, .max_runs = 500}};
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	pd_filter_require(settings->command);
	return end;
}

static void
show_progress(void *context, int64_t executions)
{
	struct session *session = context;

	pd_filter_progress(&session->filter, "explaining run %" PRId64 ": execution %"
	    PRId64, session->run, executions);
}

static void
tell_lost(struct session *session, jv failure, const struct pd_error *error)
{
	jv cause = pd_json_peek(failure, "failure");

	session->lost++;
	pd_filter_clear_progress(&session->filter);
	warnx("run %" PRId64 ": %s %s did not come back: %s (it may be flaky: "
	    "pd-flaky tells)", session->run, pd_json_peek_string(cause, "kind", ""),
	    pd_json_peek_string(cause, "name", ""), error->message);
	jv_free(cause);
}

/* Borrows the failure. Returns whether it was explained to the end. */
static bool
explain(struct session *session, jv failure)
{
	struct pd_error error = PD_ERROR_INIT;
	jv explanation;

	session->run = (int64_t)pd_json_peek_number(failure, "run", 0);
	enum pd_explained result = pd_explain(session->model, session->filter.runner,
	    failure, &session->settings->limits, show_progress, session,
	    &explanation, &error);
	if (jv_is_valid(explanation))
		pd_filter_result(&session->filter, explanation);
	if (result == PD_EXPLAIN_UNREADABLE)
		pd_filter_problem(&session->filter, &error, "a failure could not be explained");
	else if (result == PD_EXPLAIN_LOST)
		tell_lost(session, failure, &error);
	else if (result == PD_EXPLAIN_FAILED)
		pd_filter_give_up(&session->filter, &error);
	return result == PD_EXPLAINED;
}

static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;
	struct pd_error error;

	if (!pd_record_is(record, "failure"))
		return;
	session->failures++;
	if (session->filter.runner == NULL || pd_filter_interrupted(&session->filter))
		return;
	jv failure = pd_filter_failure(&session->filter, record);
	if (!jv_is_valid(failure))
		return;
	pd_writer_flush(&session->filter.writer, &error);	/* told by the close */
	jv cause = pd_json_peek(failure, "failure");
	char *key = pd_failure_key(cause);
	jv_free(cause);
	if (pd_json_has_peek(session->explained, key) && !session->settings->all)
		session->left_out++;
	else if (explain(session, failure))
		session->explained = pd_json_set(session->explained, key, jv_true());
	free(key);
	jv_free(failure);
}

/* What the exit status is made of, and what a reader might miss. */
static void
conclude(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;

	if (session->left_out > 0)
		warnx("%" PRId64 " more of a kind that was explained before: --all explains "
		    "them, too", session->left_out);
	if (session->lost > 0)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " failures did not "
		    "come back", session->lost, session->failures);
	if (session->failures == 0 && jv_array_length(jv_copy(counts->problems)) == 0) {
		pd_counts_problem(counts, "the input had no failure record");
		warnx("the input had no failure record%s", counts->failed + counts->errors > 0 ?
		    ", but runs that failed: put pd-shrink before" : "");
	}
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .explained = jv_object()};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.pass = true;
	pd_filter_process(&session.filter, take_record, &session);
	conclude(&session);
	int status = pd_filter_close(&session.filter, false);
	pd_model_close(session.model);
	jv_free(session.explained);
	return status;
}
