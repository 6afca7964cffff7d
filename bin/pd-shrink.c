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
	OPT_STRATEGY = 256, OPT_MAX_TIME, OPT_MAX_RUNS, OPT_TRIES, OPT_CONFIRM,
	OPT_ALL, OPT_KEEP_SLIPS, OPT_AGAIN,
};

enum {
	TRIES = 20,		/* what fails once in ten times does so in 88 of 100 */
	CONFIRM_BRANCHES = 20,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that generated the sequences"},
	{OPT_STRATEGY, "strategy", "NAME", "quick, thorough or exhaustive (thorough)"},
	{OPT_MAX_TIME, "max-time", "TIME", "for each failure (60s); 0 for no limit"},
	{OPT_MAX_RUNS, "max-runs", "N", "executions for each failure (5000); 0 for no limit"},
	{OPT_TRIES, "tries", "N", "executions of a candidate with branches, until it fails (20)"},
	{OPT_CONFIRM, "confirm", "N", "execute the result N times more (0; 20 with branches),"
	    " to tell how often it fails"},
	{OPT_ALL, "all", NULL, "shrink every failure, not only the first of a kind"},
	{OPT_KEEP_SLIPS, "keep-slips", NULL, "shrink other failures met on the way, too"},
	{OPT_AGAIN, "again", NULL, "shrink the input's failure records further, by a stronger strategy"},
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-shrink",
	.synopsis = "-m MODEL [--strategy NAME] [--max-time TIME] [--max-runs N] [--all]\n"
	    "                 [--tries N] [--confirm N] [--keep-slips] [--again] [-q]\n"
	    "                 [--progress] [--max-line SIZE] [--line-buffered] [FILE ...]\n"
	    "                 -- COMMAND ...",
	.purpose = "Reduce each failure of a stream to its smallest cause"
	    " (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model;
	struct pd_search_options shrink;
	bool all, again;
	bool strategy_given;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_buffer lines;	/* of the present run */
	bool in_run;
	jv shrunk_before;	/* {failure key: true} */
	int64_t failures;	/* records that --again is to shrink */
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
		settings->strategy_given = true;
		break;
	case OPT_MAX_TIME:
		settings->shrink.max_time = pd_option_duration("max-time", value);
		break;
	case OPT_MAX_RUNS:
		settings->shrink.max_runs = pd_option_number("max-runs", value, 0, INT64_MAX);
		break;
	case OPT_CONFIRM:
		settings->shrink.confirm = (int)pd_option_number("confirm", value, 0, 1000000);
		settings->shrink.confirm_branches = settings->shrink.confirm;
		break;
	case OPT_TRIES:
		settings->shrink.tries = (int)pd_option_number("tries", value, 1, 1000000);
		break;
	case OPT_ALL: settings->all = true; break;
	case OPT_KEEP_SLIPS: settings->shrink.keep_slips = true; break;
	case OPT_AGAIN: settings->again = true; break;
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
		.max_runs = 5000, .tries = TRIES, .confirm_branches = CONFIRM_BRANCHES}};
	settings->filter.format = "json";
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	pd_filter_require(settings->command);
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

/* What is to be shrunk: a run that failed, or a record of one. */
struct task {
	jv original;		/* the sequence record that failed first */
	jv start;		/* where to begin: the same, or what is shrunk already */
	struct pd_recorded run;	/* of it, which failed */
	jv header;		/* as pd_failure_record wants it */
	jv earlier;		/* statistics of an earlier shrinking, or invalid */
	jv slip_of;		/* {kind, name}: while this was shrunk it was met, or invalid */
	bool executed;		/* the run was read, not a failure record */
	enum pd_strategy strategy;
};

static void
free_task(struct task *task)
{
	jv_free(task->original);
	jv_free(task->start);
	pd_recorded_free(&task->run);
	jv_free(task->header);
	jv_free(task->earlier);
	jv_free(task->slip_of);
}

/* The lines are those of one run. The task must be freed in any case. */
static int
task_of_run(struct session *session, struct task *task,
    const struct pd_buffer *lines, struct pd_error *error)
{
	*task = (struct task){.earlier = jv_invalid(), .slip_of = jv_invalid(),
		.header = jv_copy(session->filter.header), .executed = true,
		.strategy = session->settings->shrink.strategy};
	int result = pd_recorded_parse(&task->run, lines->data, lines->length, error);
	task->original = pd_json_peek(task->run.start, "sequence");
	task->start = jv_copy(task->original);
	return result;
}

/* Write the failure of a run: of the original's, or of another one. */
static void
write_failure(struct session *session, const struct task *task,
    const struct pd_recorded *run, jv statistics, jv reproduced)
{
	jv record = pd_failure_record(run, jv_copy(task->original), task->header,
	    pd_json_peek(task->header, "adapter"), statistics, reproduced);

	if (jv_is_valid(task->slip_of))
		record = pd_json_set(record, "slip_of", jv_copy(task->slip_of));
	pd_filter_result(&session->filter, record);
}

static bool shrink(struct session *, const struct task *);

/* Shrink the first failure of a kind and name; later ones are the same bug
 * until that is mended. */
static bool
is_first(struct session *session, jv failure)
{
	char *key = pd_failure_key(failure);
	bool first = !pd_json_has_peek(session->shrunk_before, key);

	session->shrunk_before = pd_json_set(session->shrunk_before, key, jv_true());
	free(key);
	return first;
}

/* One that did not come again stands for no other. */
static void
forget(struct session *session, jv failure)
{
	char *key = pd_failure_key(failure);

	session->shrunk_before = jv_object_delete(session->shrunk_before,
	    jv_string(key));
	free(key);
}

/* A failure that was met on the way is shrunk like that of a run. */
static void
shrink_slip(struct session *session, const struct task *task, jv cause,
    const struct pd_slip *slip)
{
	struct task other;
	struct pd_error error;
	jv name = pd_json_peek(cause, "name");

	if (task_of_run(session, &other, &slip->lines, &error) == 0) {
		jv_free(other.header);
		other.header = jv_copy(task->header);
		other.slip_of = pd_json_set_string(jv_object(), "kind",
		    pd_json_peek_string(cause, "kind", ""));
		if (jv_is_valid(name))
			other.slip_of = pd_json_set(other.slip_of, "name", jv_copy(name));
		shrink(session, &other);
	}
	free_task(&other);
	jv_free(name);
}

/* Each of a kind and name that was not shrunk before. */
static void
shrink_slips(struct session *session, const struct task *task,
    const struct pd_shrunk *shrunk)
{
	jv cause = pd_recorded_failure(&task->run);

	for (size_t i = 0; i < shrunk->slip_count; i++) {
		if (is_first(session, shrunk->slips[i].failure))
			shrink_slip(session, task, cause, &shrunk->slips[i]);
	}
	jv_free(cause);
}

/* Write what a failure was shrunk to. What came of a race may be called otherwise
 * now, and need not be shrunk once more. */
static void
write_shrunk(struct session *session, const struct task *task,
    const struct pd_shrunk *shrunk, jv statistics)
{
	struct pd_recorded run;
	struct pd_error error;

	if (pd_recorded_parse(&run, shrunk->lines.data, shrunk->lines.length,
	    &error) == 0) {
		jv failure = pd_recorded_failure(&run);
		is_first(session, failure);
		jv_free(failure);
		write_failure(session, task, &run, statistics, jv_true());
	} else {
		jv_free(statistics);
	}
	pd_recorded_free(&run);
}

/* The statistics of all shrinkings of a failure. */
static jv
whole_statistics(const struct task *task, const struct pd_shrunk *shrunk)
{
	jv statistics = jv_copy(shrunk->statistics);

	if (!jv_is_valid(task->earlier))
		return statistics;
	statistics = pd_json_set(statistics, "original_commands",
	    pd_json_peek(task->earlier, "original_commands"));
	return pd_json_set(statistics, "earlier", jv_copy(task->earlier));
}

/* Shrink and write what came of it. False when the failure did not come again,
 * which is written for runs only. */
static bool
shrink(struct session *session, const struct task *task)
{
	struct pd_sequence sequence;
	struct pd_shrunk shrunk;
	struct pd_error error = PD_ERROR_INIT;
	struct pd_search_options how = session->settings->shrink;

	how.strategy = task->strategy;
	how.progress = show_progress;
	how.progress_context = session;
	if (session->filter.runner == NULL ||
	    pd_sequence_parse(&sequence, jv_copy(task->start), &error) != 0) {
		if (session->filter.runner != NULL) {
			pd_filter_problem(&session->filter, &error, "a failure could not be shrunk");
			pd_sequence_free(&sequence);
		}
		return false;
	}
	enum pd_run_result result = pd_shrink(session->model, session->filter.runner,
	    &sequence, &task->run, &how, &shrunk, &error);
	bool reproduced = shrunk.reproduced;
	if (reproduced)
		write_shrunk(session, task, &shrunk, whole_statistics(task, &shrunk));
	else if (task->executed)
		/* What was cut short says nothing about the failure. */
		write_failure(session, task, &task->run, jv_invalid(),
		    result == PD_RUN_DONE ? jv_false() : jv_invalid());
	if (result == PD_RUN_FAILED) {
		pd_filter_give_up(&session->filter, &error);
		warnx("run %" PRId64 " is written as %s; no failure is shrunk from here on",
		    session->run, reproduced ? "far as it was shrunk" : "it was");
	} else {
		shrink_slips(session, task, &shrunk);
	}
	pd_shrunk_free(&shrunk);
	pd_sequence_free(&sequence);
	return reproduced;
}

static bool
can_shrink(const struct session *session)
{
	return session->filter.runner != NULL &&
	    !pd_filter_interrupted(&session->filter);
}

static void
finish_run(struct session *session)
{
	struct task task;
	struct pd_error error;

	if (task_of_run(session, &task, &session->lines, &error) != 0)
		pd_die(&error);
	jv failure = pd_recorded_failure(&task.run);
	pd_writer_flush(&session->filter.writer, &error);
	if (jv_is_valid(failure) && jv_is_valid(task.original)) {
		session->run = (int64_t)pd_json_peek_number(task.run.end, "run", 0);
		if (can_shrink(session) &&
		    (is_first(session, failure) || session->settings->all)) {
			if (!shrink(session, &task))
				forget(session, failure);
		} else
			write_failure(session, &task, &task.run, jv_invalid(), jv_invalid());
	}
	jv_free(failure);
	free_task(&task);
}

/* The next stronger strategy than that of a failure record. */
static enum pd_strategy
stronger(jv earlier)
{
	const char *strategy = pd_json_peek_string(earlier, "strategy", "");

	return strcmp(strategy, "thorough") == 0 || strcmp(strategy, "exhaustive") == 0 ?
	    PD_SHRINK_EXHAUSTIVE : PD_SHRINK_THOROUGH;
}

/* What a stream's header would have said of a failure. */
static jv
header_of_failure(jv failure)
{
	static const char *const parts[] = {"producer", "options", "pipeline"};
	jv environment = pd_json_peek(failure, "environment");
	jv header = jv_object();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (pd_json_has_peek(environment, parts[i]))
			header = pd_json_set(header, parts[i], pd_json_peek(environment, parts[i]));
	}
	if (pd_json_has_peek(failure, "model"))
		header = pd_json_set(header, "model", pd_json_peek(failure, "model"));
	if (pd_json_has_peek(failure, "adapter"))
		header = pd_json_set(header, "adapter", pd_json_peek(failure, "adapter"));
	jv_free(environment);
	return header;
}

static struct task
task_of_failure(struct session *session, jv failure)
{
	jv shrunk = pd_json_peek(failure, "shrunk");
	struct task task = {.original = pd_json_peek(failure, "original"),
		.earlier = pd_json_peek(failure, "shrink"),
		.slip_of = pd_json_peek(failure, "slip_of"),
		.header = pd_stream_add_program(header_of_failure(failure),
		session->filter.argc, session->filter.argv)};

	pd_recorded_of_failure(&task.run, failure);
	task.start = jv_is_valid(shrunk) ? shrunk : jv_copy(task.original);
	task.strategy = session->settings->strategy_given ?
	    session->settings->shrink.strategy : stronger(task.earlier);
	return task;
}

/* Shrink a failure record further. One that does not fail again stays as it is,
 * but for saying so. */
static void
shrink_again(struct session *session, const struct pd_record *record)
{
	jv failure = pd_filter_failure(&session->filter, record);

	if (!jv_is_valid(failure))
		return;
	session->failures++;
	session->run = (int64_t)pd_json_peek_number(failure, "run", 0);
	struct task task = task_of_failure(session, failure);
	if (!can_shrink(session) || !shrink(session, &task)) {
		failure = jv_object_delete(failure, jv_string("sha256"));
		pd_filter_result(&session->filter, can_shrink(session) ?
		    pd_json_set(failure, "reproduced", jv_false()) : failure);
	} else {
		jv_free(failure);
	}
	free_task(&task);
}

/* Failure records of pd-exec --report are made anew, shrunk. */
static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;

	if (session->settings->again) {
		if (pd_record_is(record, "failure"))
			shrink_again(session, record);
		return;
	}
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
note_empty(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;
	const char *missing = session->settings->again ? "failure record" : "run";

	if ((session->settings->again ? session->failures : counts->runs) > 0 ||
	    jv_array_length(jv_copy(counts->problems)) > 0)
		return;
	pd_counts_problem(counts, "the input had no %s", missing);
	warnx("the input had no %s", missing);
}

/* There are failures, and they could be shrunk. */
static bool
is_no(const struct session *session)
{
	return session->filter.counts.failed + session->failures > 0 &&
	    session->filter.runner != NULL;
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
	note_empty(&session);
	int status = pd_filter_close(&session.filter, is_no(&session));
	pd_model_close(session.model);
	pd_buffer_free(&session.lines);
	jv_free(session.shrunk_before);
	return status;
}
