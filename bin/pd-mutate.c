/* SPDX-License-Identifier: MIT */
/* pd-mutate: falsify what systems answered, and tell which lies the checks notice. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "mutants.h"
#include "mutating.h"
#include "mutation.h"
#include "mutation_score.h"
#include "program.h"
#include "reading.h"
#include "recorded.h"

enum {
	OPT_SAMPLE = 256, OPT_CONFORM, OPT_ALL, OPT_EMIT, OPT_TARGET, OPT_RERUN,
	READINGS = 3,		/* answers at which it is found out what reads a field */
	PATHS = 5,		/* of the state that a mutant record names */
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model whose checks are tried"},
	{'s', "seed", "N", "what is drawn (1)"},
	{OPT_SAMPLE, "sample", "N", "draw so many mutants of each answer; 0 for all (0)"},
	{OPT_CONFORM, "conform", NULL, "the model's predictions judge, too"},
	{OPT_ALL, "all", NULL, "write a record of every mutant, not of survivors only"},
	{OPT_EMIT, "emit", NULL, "judge nothing, write the runs of the mutants"},
	{OPT_TARGET, "target", "SCORE", "exit with 1 if the score is less, 0 to 1"},
	{OPT_RERUN, "rerun", NULL, "mutate live answers: COMMAND executes each run again"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-mutate",
	.synopsis = "-m MODEL [-s N] [--sample N] [--conform] [--all] [--emit]\n"
	    "                 [--target SCORE] [--format NAME] [--color WHEN] [-q] [--progress]\n"
	    "                 [--max-line SIZE] [--line-buffered] [FILE ...]\n"
	    "                 [--rerun -- COMMAND ...]",
	.purpose = "Falsify what the system answered, and tell which lies the checks notice.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model;
	uint64_t seed;
	int64_t sample;
	double target;		/* or negative */
	bool conform, all, emit, rerun;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_mutants mutants;
	struct pd_mutation_score score;
	struct pd_reading reading;
	int64_t number;		/* of the latest mutant */
	int64_t unapplied;	/* in reruns: mutants that the live answer gave no room for */
};

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "mutation", .seed = 1,
		.target = -1};
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings->model = value; break;
		case 's': settings->seed = pd_option_seed("seed", value); break;
		case OPT_SAMPLE:
			settings->sample = pd_option_number("sample", value, 0, 1000000000);
			break;
		case OPT_CONFORM: settings->conform = true; break;
		case OPT_ALL: settings->all = true; break;
		case OPT_EMIT: settings->emit = true; break;
		case OPT_TARGET:
			settings->target = pd_option_probability("target", value);
			break;
		case OPT_RERUN: settings->rerun = true; break;
		default: pd_filter_option(&settings->filter, option, value);
		}
	}
	if (settings->rerun)
		pd_filter_require(settings->command);
	else if (settings->command != NULL)
		pd_usage_error("a command is executed with --rerun only");
	if (settings->rerun && settings->emit)
		pd_usage_error("--emit and --rerun do not go together");
	if (settings->emit)
		settings->filter.format = "json";
	return end;
}

/* The mutant record without verdict. */
static jv
mutant_record(struct session *session, const struct pd_mutated_run *run, size_t answer,
    jv mutant)
{
	const struct pd_answered *answered = &run->list[answer];
	jv record = pd_json_set_string(jv_object(), "type", "mutant");

	record = pd_json_set_number(record, "number", (double)++session->number);
	record = pd_json_set_number(record, "run", (double)run->run);
	if (answered->id != NULL)
		record = pd_json_set_string(record, "id", answered->id);
	if (jv_is_valid(answered->command))
		record = pd_json_set_string(record, "command",
		    pd_json_peek_string(answered->command, "type", ""));
	return jv_object_merge(record, jv_copy(mutant));
}

/*
 * Verdicts.
 */

/* Which checks read what the mutant changes? Found at the first few answers that
 * a mutant of it survived at. */
static jv
readers_of(struct session *session, struct pd_mutated_run *run, size_t answer, jv mutant)
{
	char *subject = pd_mutation_subject(mutant);

	pd_reading_look(&session->reading, subject, run, answer,
	    (int)pd_json_peek_number(mutant, "index", 0),
	    pd_json_peek_string(mutant, "field", NULL), READINGS);
	jv checks = pd_reading_checks(&session->reading, subject);
	free(subject);
	return checks;
}

static jv
add_verdict(struct session *session, struct pd_mutated_run *run, size_t answer, jv record,
    const struct pd_mutant_result *result)
{
	static const char *const names[] = {"killed", "survived", "equivalent"};

	record = pd_json_set_string(record, "verdict", names[result->verdict]);
	if (result->verdict == PD_MUTANT_KILLED)
		return pd_json_set(record, "killed_by", jv_copy(result->killer));
	if (result->verdict == PD_MUTANT_EQUIVALENT)
		return record;
	jv checks = readers_of(session, run, answer, record);
	record = pd_json_set(record, "checks", checks);
	if (!jv_is_valid(result->changes))
		return record;
	return pd_json_set(record, "state",
	    jv_array_slice(jv_copy(result->changes), 0, PATHS));
}

static void
tell(struct session *session, jv record)
{
	bool survived = strcmp(pd_json_peek_string(record, "verdict", ""), "survived") == 0;

	pd_mutation_score_add(&session->score, record);
	if ((survived || session->settings->all) && session->filter.template == NULL)
		pd_writer_record(&session->filter.writer, record);
	else
		jv_free(record);
}

static void
judge(struct session *session, struct pd_mutated_run *run, size_t answer, jv mutant)
{
	jv record = mutant_record(session, run, answer, mutant);
	struct pd_mutant_result result = pd_mutant_judge(run, answer, mutant);

	tell(session, add_verdict(session, run, answer, record, &result));
	pd_mutant_result_free(&result);
}

/*
 * Emitting.
 */
static void
emit_events(struct session *session, const struct pd_answered *answered, jv events,
    int64_t *n)
{
	struct pd_writer *writer = &session->filter.writer;

	jv_array_foreach(events, i, event) {
		pd_writer_start(writer, "event");
		pd_writer_number(writer, "run", session->number);
		if (answered->id != NULL)
			pd_writer_string(writer, "id", answered->id);
		pd_writer_string(writer, "source",
		    jv_is_valid(answered->command) ? "command" : "production");
		pd_writer_json_peek(writer, "event", event);
		pd_writer_number(writer, "at_us", 0);
		pd_writer_number(writer, "n", ++*n);
		pd_writer_finish(writer);
		jv_free(event);
	}
}

/* Returns how many there were. */
static int
emit_command(struct session *session, const struct pd_answered *answered)
{
	bool any = jv_is_valid(answered->command);
	jv record = jv_array_get(jv_copy(answered->source), 0);

	if (any)
		pd_writer_record(&session->filter.writer, pd_json_set_number(record, "run",
		    (double)session->number));
	else
		jv_free(record);
	return any;
}

/* Returns how many commands there were; n counts the events. */
static int64_t
emit_steps(struct session *session, const struct pd_mutated_run *run, size_t answer,
    jv mutant, int64_t *n)
{
	jv events = pd_mutation_apply(mutant, jv_copy(run->list[answer].events));
	enum pd_mutation_place place = pd_mutation_place(mutant);
	jv nothing = jv_array();
	int64_t commands = 0;

	for (size_t i = 0; i < run->count; i++) {
		if (place == PD_MUTATION_EARLY && i + 1 == answer)
			emit_events(session, &run->list[answer], events, n);
		commands += emit_command(session, &run->list[i]);
		emit_events(session, &run->list[i], i != answer ? run->list[i].events :
		    place == PD_MUTATION_HERE ? events : nothing, n);
		if (place == PD_MUTATION_LATE && i == answer + 1)
			emit_events(session, &run->list[answer], events, n);
	}
	jv_free(nothing);
	jv_free(events);
	return commands;
}

/* The mutant record, and after it a run that has the mutant's number. */
static void
emit(struct session *session, const struct pd_mutated_run *run, size_t answer, jv mutant)
{
	struct pd_writer *writer = &session->filter.writer;
	int64_t events = 0;

	pd_writer_record(writer, mutant_record(session, run, answer, mutant));
	if (jv_is_valid(run->start)) {
		double number = (double)session->number;
		jv sequence = pd_json_peek(run->start, "sequence");
		jv start = pd_json_set_number(jv_copy(run->start), "run", number);
		start = pd_json_set_number(start, "attempt", 1);
		pd_writer_record(writer, pd_json_set(start, "sequence",
		    pd_json_set_number(sequence, "run", number)));
	}
	int64_t commands = emit_steps(session, run, answer, mutant, &events);
	pd_writer_start(writer, "run_end");
	pd_writer_number(writer, "run", session->number);
	pd_writer_number(writer, "attempt", 1);
	pd_writer_string(writer, "status", "pass");
	pd_writer_number(writer, "commands", commands);
	pd_writer_number(writer, "events", events);
	pd_buffer_text(&writer->buffer, ",\"fired\":{}");
	pd_writer_number(writer, "duration_us", 0);
	pd_writer_finish(writer);
}

/*
 * Live answers.
 */

/* Execute the run's sequence with the mutant at work. Returns its end, or an invalid
 * jv when it could not be executed. */
static jv
rerun(struct session *session, const struct pd_mutated_run *run, size_t answer, jv mutant)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded again;
	struct pd_error error = PD_ERROR_INIT;
	jv sequence = pd_json_peek(run->start, "sequence"), end = jv_invalid();

	sequence = pd_json_set(sequence, "mutant", pd_json_set_string(jv_copy(mutant), "id",
	    run->list[answer].id));
	enum pd_run_result result = pd_runner_run_record(session->filter.runner, sequence,
	    &lines, &error);
	if (result == PD_RUN_DONE) {
		if (pd_recorded_parse(&again, lines.data, lines.length, &error) == 0)
			end = jv_copy(again.end);
		else
			result = PD_RUN_FAILED;
		pd_recorded_free(&again);
	}
	if (result == PD_RUN_FAILED)
		pd_filter_give_up(&session->filter, &error);
	pd_buffer_free(&lines);
	return end;
}

/* What the run with the mutant came to, in place of what folding alone says. False
 * when it could not be applied. */
static bool
take_rerun(struct session *session, jv end, struct pd_mutant_result *result)
{
	jv failure = pd_json_peek(end, "failure");
	const char *name = pd_json_peek_string(failure, "name", NULL);
	bool applied = strcmp(pd_json_peek_string(failure, "message", ""),
	    PD_MUTATION_NO_ROOM) != 0;

	jv_free(result->killer);
	result->killer = jv_invalid();
	result->verdict = jv_is_valid(failure) ? PD_MUTANT_KILLED : PD_MUTANT_SURVIVED;
	if (jv_is_valid(failure))
		result->killer = pd_json_set_string(jv_object(), "kind",
		    pd_json_peek_string(failure, "kind", ""));
	if (jv_is_valid(failure) && name != NULL)
		result->killer = pd_json_set_string(result->killer, "name", name);
	jv_free(failure);
	session->unapplied += !applied;
	return applied;
}

/* Those that folding tells to be equivalent are not executed. */
static void
judge_live(struct session *session, struct pd_mutated_run *run, size_t answer, jv mutant)
{

	if (session->filter.runner == NULL || run->list[answer].id == NULL ||
	    !jv_is_valid(run->start) || !pd_mutation_is_live(mutant))
		return;
	struct pd_mutant_result result = pd_mutant_judge(run, answer, mutant);
	jv end = result.verdict == PD_MUTANT_EQUIVALENT ? jv_invalid() :
	    rerun(session, run, answer, mutant);
	if (result.verdict == PD_MUTANT_EQUIVALENT ||
	    (jv_is_valid(end) && take_rerun(session, end, &result)))
		tell(session, add_verdict(session, run, answer,
		    mutant_record(session, run, answer, mutant), &result));
	jv_free(end);
	pd_mutant_result_free(&result);
	pd_filter_progress(&session->filter, "run %" PRId64 ": %" PRId64 " mutants, %" PRId64
	    " survived", run->run, session->number, session->score.survived);
}

/*
 * Runs.
 */
static int
take_mutant(void *context, struct pd_mutated_run *run, size_t answer, jv mutant)
{
	struct session *session = context;

	if (session->settings->emit)
		emit(session, run, answer, mutant);
	else if (session->settings->rerun)
		judge_live(session, run, answer, mutant);
	else
		judge(session, run, answer, mutant);
	return pd_filter_interrupted(&session->filter);
}

static void
take_run(void *context, struct pd_mutated_run *run)
{
	struct session *session = context;

	pd_mutants_each(&session->mutants, run, take_mutant, session);
	pd_mutated_run_free(run);
	pd_filter_progress(&session->filter, "%" PRId64 " runs, %" PRId64 " mutants, %"
	    PRId64 " survived", session->mutants.runs, session->number,
	    session->score.survived);
}

/*
 * The end.
 */
static void
note_problems(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;
	int before = pd_filter_problems(&session->filter);

	if (pd_filter_interrupted(&session->filter))
		return;
	if (session->mutants.unfit > 0)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " runs do not pass by this "
		    "model and were not mutated", session->mutants.unfit, session->mutants.runs);
	if (session->mutants.runs == 0)
		pd_counts_problem(counts, "nothing was mutated: the input has no run and no "
		    "event");
	else if (session->number == 0)
		pd_counts_problem(counts, "nothing was mutated: no run passed with an event");
	pd_filter_tell_problems(&session->filter, before);
}

static jv
summary(const struct session *session)
{
	const struct settings *settings = session->settings;
	jv record = pd_json_set_string(jv_object(), "type", "mutation");

	record = pd_json_set(record, "model", pd_model_identity(session->model));
	record = pd_json_set_number(record, "seed", (double)settings->seed);
	record = pd_json_set_number(record, "sample", (double)settings->sample);
	record = pd_json_set_number(record, "runs", (double)session->mutants.runs);
	record = pd_json_set_number(record, "failed", (double)session->mutants.failed);
	record = jv_object_merge(record, pd_mutation_score_record(&session->score));
	if (settings->rerun)
		record = pd_json_set_number(record, "unapplied", (double)session->unapplied);
	if (settings->target >= 0)
		record = pd_json_set_number(record, "target", settings->target);
	return record;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .reading = PD_READING_INIT};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_mutants_start(&session.mutants, session.model, &(struct pd_mutants_options){
	    .conform = settings.conform, .seed = settings.seed, .sample = settings.sample},
	    take_run, &session);
	pd_mutation_score_start(&session.score);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.hold = session.filter.judges = settings.emit;
	session.filter.pass = true;
	pd_filter_process_runs(&session.filter, pd_mutants_take_record, &session.mutants);
	pd_mutants_end(&session.mutants);
	note_problems(&session);
	if (!settings.emit && session.number > 0)
		pd_filter_result(&session.filter, summary(&session));
	bool missed = session.number > 0 && !settings.emit &&
	    pd_mutation_score_value(&session.score) < settings.target;
	int status = pd_filter_close(&session.filter, missed);
	pd_mutation_score_free(&session.score);
	pd_mutants_free(&session.mutants);
	pd_reading_free(&session.reading);
	pd_model_close(session.model);
	return status;
}
