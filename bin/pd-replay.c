/* SPDX-License-Identifier: MIT */
/* pd-replay: run a failure's sequence again, step by step. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "program.h"
#include "replay.h"
#include "states.h"
#include "stepping.h"
#include "terminal.h"
#include "text.h"

enum {
	OPT_ORIGINAL = 256, OPT_TO, OPT_STEP, OPT_STATES, OPT_BISECT,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that folds the events into states"},
	{OPT_ORIGINAL, "original", NULL, "run the original sequence, not the shrunk one"},
	{OPT_TO, "to", "ID", "run as far as this command only"},
	{OPT_STEP, "step", NULL, "ask at the terminal before each command"},
	{OPT_STATES, "states", NULL, "run nothing: make the states again from the records"},
	{OPT_BISECT, "bisect", NULL, "125 in place of 2, and for another failure"},
	PD_FILTER_TEXT_OPTIONS,
	{PD_OPTION_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-replay",
	.synopsis = "-m MODEL [--original] [--to ID] [--step | --states] [--bisect]\n"
	    "                 [--format NAME] [--color WHEN] [--max-line SIZE] [FILE ...]\n"
	    "                 [-- COMMAND ...]",
	.purpose = "Run a failure's sequence again, step by step"
	    " (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *to;
	bool original, step, states, bisect;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_replay replay;	/* of the failure in hand */
	int terminal;		/* with --step, where keys come from */
	struct pd_writer screen;	/* and what is shown beside the results */
	struct pd_template *words;
	bool hiding;		/* the step of --to has been told */
	int64_t failures;
	bool no;		/* a failure came back, or states differ */
};

static void
set_option(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case 'm': settings->model = value; break;
	case OPT_ORIGINAL: settings->original = true; break;
	case OPT_TO: settings->to = value; break;
	case OPT_STEP: settings->step = true; break;
	case OPT_STATES: settings->states = true; break;
	case OPT_BISECT: settings->bisect = true; break;
	default: pd_filter_option(&settings->filter, option, value);
	}
}

/* Before options are read: a mistake in them is no bad commit. */
static void
look_for_bisect(int end, char **argv)
{
	for (int i = 1; i < end; i++) {
		if (strlen(argv[i]) > 2 && pd_starts_with("--bisect", argv[i])) {
			pd_bisect_start();
			return;
		}
	}
}

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	/* Its results are for people; a pipe gets text as well. */
	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "replay"};
	settings->filter.format = "terminal";
	int end = pd_filter_command(argc, argv, &settings->command);
	look_for_bisect(end, argv);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	if (settings->states && settings->step)
		pd_usage_error("--states runs nothing that --step could wait for");
	if (settings->states && settings->command != NULL)
		pd_usage_error("--states runs nothing: leave the command after -- out");
	if (settings->states && settings->original)
		pd_usage_error("--states is about the run that the file tells");
	if (!settings->states)
		pd_filter_require(settings->command);
	return end;
}

/*
 * The screen of --step.
 */
static void
open_screen(struct session *session)
{
	struct pd_error error;

	session->terminal = pd_terminal_open(session->filter.loop, &error);
	if (session->terminal < 0)
		pd_die(&error);
	session->words = pd_template_open(PD_REPORT_FORMATS, "terminal", &error);
	if (session->words == NULL)
		pd_die(&error);
	pd_writer_open(&session->screen, session->terminal);
}

static void
close_screen(struct session *session)
{
	struct pd_error ignored;

	if (session->words == NULL)
		return;
	pd_template_close(session->words);
	pd_writer_close(&session->screen, &ignored);
	close(session->terminal);
}

static void
show(struct session *session, const char *function, jv record)
{
	struct pd_error error;

	if (pd_template_render(session->words, function, record,
	    pd_template_style(session->settings->filter.color, session->terminal),
	    &session->screen, &error) != 0)
		pd_filter_problem(&session->filter, &error, "a prompt could not be shown");
}

static void
show_state(struct session *session)
{
	jv record = pd_json_set_string(jv_object(), "type", "state");

	if (session->replay.folding)
		record = pd_json_set(record, "state",
		    jv_copy(session->replay.fold.state));
	show(session, "state", record);
}

static enum pd_stepping_word
ask(void *context, jv pause)
{
	static const char prompt[] =
	    "[n]ext, to the [f]ailure, [s]tate, [q]uit, [?] help: ";
	struct session *session = context;

	show(session, "pause", jv_copy(pause));
	for (;;) {
		switch (pd_terminal_ask(session->terminal, prompt,
		    session->filter.loop)) {
		case 'n': case ' ': case '\n': case '\r':
			return PD_STEPPING_NEXT;
		case 'f':
			return PD_STEPPING_ALL;
		case 's':
			show_state(session);
			break;
		case 'q':
			session->filter.over = true;	/* no further failure, either */
			return PD_STEPPING_QUIT;
		default:
			show(session, "stepping_keys", jv_null());
		}
	}
}

/*
 * One failure.
 */

/* Steps after that of --to are not shown. */
static void
tell_step(void *context, jv step)
{
	struct session *session = context;
	const char *to = session->settings->to;
	bool last = to != NULL && strcmp(pd_json_peek_string(step, "id", ""), to) == 0;

	if (session->hiding && session->settings->states)
		jv_free(step);
	else
		pd_filter_result(&session->filter, step);
	session->hiding |= last;
}

/* In text, what is replayed; the records that follow say it themselves. */
static void
tell_beginning(struct session *session, jv failure)
{
	if (session->filter.template == NULL)
		return;
	pd_filter_result(&session->filter, pd_json_set(pd_json_set_string(
	    jv_copy(failure), "type", "replaying"), "planned",
	    pd_sequence_record(&session->replay.sequence)));
}

/* The summary of the stream cannot tell each: its memory would grow with it. */
static void
count_result(struct session *session, enum pd_replay_result result)
{
	struct pd_counts *counts = &session->filter.counts;
	bool bisect = session->settings->bisect;

	switch (result) {
	case PD_REPLAY_REPRODUCED:
		session->no = true;
		break;
	case PD_REPLAY_DIFFERENT:
		if (bisect)
			pd_counts_problem(counts, "another failure than the expected one");
		else
			session->no = true;
		break;
	case PD_REPLAY_ERROR:
		pd_counts_problem(counts, "a sequence could not be judged: see its result");
		break;
	case PD_REPLAY_STOPPED:
		pd_counts_problem(counts, "a replay was stopped before its failure could come");
		break;
	case PD_REPLAY_PASSED:
		break;
	}
}

static void
run(struct session *session)
{
	const struct settings *settings = session->settings;
	struct pd_replay *replay = &session->replay;
	struct pd_stepping stepping = {.to = settings->to, .context = session,
		.ask = settings->step ? ask : NULL};
	struct pd_error error = PD_ERROR_INIT;

	if (session->filter.runner == NULL)
		return;		/* told when it failed */
	pd_replay_consider(replay, settings->command);
	enum pd_run_result result = pd_stepping_run(&stepping, replay,
	    session->filter.runner, &error);
	if (result == PD_RUN_INTERRUPTED || pd_filter_interrupted(&session->filter))
		return;
	if (result == PD_RUN_FAILED) {
		pd_replay_complete(replay);
		pd_replay_refuse(replay, "%s", error.message);
		pd_filter_give_up(&session->filter, &error);
	}
	if (replay->error.message[0] != '\0' && !pd_json_has_peek(replay->end, "failure"))
		pd_filter_problem(&session->filter, &replay->error,
		    "the state could not be followed");
	pd_filter_result(&session->filter, pd_replay_record(replay,
	    stepping.at[0] != '\0' ? stepping.at : NULL));
	count_result(session, pd_replay_judge(replay));
}

/* Why states differ, as far as it can be known. */
static jv
add_reason(struct session *session, jv record, jv failure, jv differences)
{
	jv then = pd_json_peek(failure, "model");
	jv now = pd_model_identity(session->model);
	const char *hash = pd_json_peek_string(then, "sha256", "?");
	bool changed = strcmp(hash, pd_json_peek_string(now, "sha256", "")) != 0;
	jv first = jv_array_get(jv_copy(differences), 0);
	bool folds = strcmp(pd_json_peek_string(first, "of", ""), "fold") == 0;
	const char *reason = folds ? "the projections are not pure: the same records, "
	    "folded twice, give different states" : changed ?
	    "the model has changed since the failure was recorded" :
	    "the projections are not pure, or the file was edited: the model is the "
	    "one that recorded it";

	record = pd_json_set(record, "model_changed", jv_bool(changed));
	jv_free(first);
	jv_free(then);
	jv_free(now);
	return pd_json_set_string(record, "reason", reason);
}

/* States that say nothing. */
static jv
add_trouble(struct session *session, jv record, const char *reason)
{
	pd_counts_problem(&session->filter.counts, "states could not be compared: %s",
	    reason);
	record = pd_json_set_string(record, "result", "error");
	return pd_json_set_string(record, "reason", reason);
}

static void
compare_states(struct session *session, jv failure, jv records)
{
	enum pd_states_of of;
	struct pd_error error;
	jv differences;
	jv record = pd_replay_record(&session->replay, NULL);
	int result = pd_states_compare(session->model, failure, records, &of,
	    &differences, &error);

	if (result != 0) {
		pd_filter_problem(&session->filter, &error, "a state could not be made");
		record = pd_json_set_string(record, "result", "error");
		record = pd_json_set_string(record, "reason", error.message);
	} else if (of == PD_STATES_DIFFER) {
		session->no = true;
		record = pd_json_set_string(record, "result", "states_differ");
		record = add_reason(session, record, failure, differences);
		record = pd_json_set(record, "differences", jv_copy(differences));
	} else if (of == PD_STATES_NOTHING) {
		record = add_trouble(session, record,
		    "the failure holds no state to compare with");
	} else if (of == PD_STATES_SECRET) {
		record = add_trouble(session, record, "values were left out of the records "
		    "as secrets, so that other states come of them");
	} else {
		record = pd_json_set_string(record, "result", "states_agree");
	}
	jv_free(differences);
	pd_filter_result(&session->filter, record);
}

/* The records of the file stand in for those of a run. */
static void
remake_states(struct session *session, jv failure)
{
	jv records = pd_states_records(failure);

	jv_array_foreach(records, i, record) {
		pd_replay_take(&session->replay, record);
	}
	pd_replay_complete(&session->replay);
	compare_states(session, failure, records);
	jv_free(records);
}

/* A failure that cannot be replayed at all. */
static void
refuse(struct session *session, const struct pd_record *record,
    struct pd_error *error)
{
	snprintf(error->file, sizeof(error->file), "%s", record->file);
	error->line = record->number;
	pd_filter_problem(&session->filter, error, "a failure could not be replayed");
}

static void
replay_failure(struct session *session, const struct pd_record *record, jv failure)
{
	const struct settings *settings = session->settings;
	struct pd_error error = PD_ERROR_INIT;
	int result = pd_replay_start(&session->replay, session->model, failure,
	    settings->original, tell_step, session, &error);

	session->hiding = false;
	if (result == 0 && settings->to != NULL &&
	    pd_replay_part(&session->replay, settings->to) == PD_REPLAY_NOWHERE) {
		result = pd_error_set(&error, "the sequence has no command %s",
		    settings->to);
		pd_error_hint(&error, "without --to all of its commands are shown");
	}
	if (result != 0) {
		refuse(session, record, &error);
	} else {
		tell_beginning(session, failure);
		if (settings->states)
			remake_states(session, failure);
		else
			run(session);
	}
	pd_replay_free(&session->replay);
}

static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;

	if (!pd_record_is(record, "failure"))
		return;
	jv failure = pd_filter_failure(&session->filter, record);
	session->failures++;
	if (jv_is_valid(failure) && !pd_filter_interrupted(&session->filter))
		replay_failure(session, record, failure);
	jv_free(failure);
}

static void
note_empty(struct session *session)
{
	struct pd_error error;

	if (session->failures > 0 || pd_filter_interrupted(&session->filter))
		return;
	pd_error_set(&error, "the input had no failure record");
	pd_error_hint(&error, "pd-shrink, pd-exec --report and failure files have them");
	pd_filter_problem(&session->filter, &error, "nothing was replayed");
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.pass = true;
	if (settings.step)
		open_screen(&session);
	pd_filter_process(&session.filter, take_record, &session);
	note_empty(&session);
	int status = pd_filter_close(&session.filter, session.no);
	close_screen(&session);
	pd_model_close(session.model);
	if (settings.bisect)
		pd_bisect_end(status);
	return status;
}
