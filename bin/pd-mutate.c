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
#include "mutating.h"
#include "mutation.h"
#include "mutation_score.h"
#include "program.h"
#include "random.h"
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
	struct pd_mutated_run run;
	bool open;		/* a run is in hand */
	bool started;		/* by a run_start record */
	struct pd_mutation_score score;
	jv answers, types;	/* see pd_mutation_scene */
	jv readers;		/* {"Credited.amount": {checks, looks}} */
	int64_t runs, failed, unfit;
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

/*
 * The mutants of an answer.
 */

/* Draw so many of the list, in its order. Consumes it. */
static jv
draw(const struct session *session, jv mutants, size_t answer)
{
	int count = jv_array_length(jv_copy(mutants)), wanted = (int)session->settings->sample;
	struct pd_random random;
	char name[32];
	jv drawn = jv_array();

	if (wanted == 0 || wanted >= count)
		return mutants;
	snprintf(name, sizeof(name), "answer %zu", answer);
	pd_random_seed(&random, pd_seed_derive(session->settings->seed, "mutants",
	    (uint64_t)session->run.run), name);
	/* Selection sampling: each of those left is as likely as any other. */
	for (int i = 0; i < count && wanted > 0; i++) {
		if (pd_random_below(&random, (uint64_t)(count - i)) >= (uint64_t)wanted)
			continue;
		drawn = jv_array_append(drawn, jv_array_get(jv_copy(mutants), i));
		wanted--;
	}
	jv_free(mutants);
	return drawn;
}

static jv
state_after(const struct session *session, size_t answer)
{
	const struct pd_mutated_run *run = &session->run;

	return answer + 1 < run->count ? run->list[answer + 1].before.state :
	    run->after.state;
}

static jv
mutants_of(const struct session *session, size_t answer, jv earlier_peek)
{
	const struct pd_answered *answered = &session->run.list[answer];
	struct pd_mutation_scene scene = {.command = answered->command,
		.state = state_after(session, answer), .earlier = earlier_peek,
		.answers = session->answers, .types = session->types,
		.first = answer == 0, .last = answer + 1 == session->run.count};

	return draw(session, pd_mutations(answered->events, &scene), answer);
}

/* The mutant record without verdict. */
static jv
mutant_record(struct session *session, const struct pd_answered *answered, jv mutant)
{
	jv record = pd_json_set_string(jv_object(), "type", "mutant");

	record = pd_json_set_number(record, "number", (double)++session->number);
	record = pd_json_set_number(record, "run", (double)session->run.run);
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
 * a mutant of it survived at, and remembered. */
static jv
readers_of(struct session *session, size_t answer, jv mutant)
{
	char *subject = pd_mutation_subject(mutant);
	jv known = pd_json_peek(session->readers, subject);
	double looks = pd_json_peek_number(known, "looks", 0);
	jv checks = jv_get_kind(known) == JV_KIND_OBJECT ? pd_json_peek(known, "checks") :
	    jv_object();

	jv_free(known);
	if (looks < READINGS) {
		checks = jv_object_merge(checks, pd_mutant_readers(&session->run, answer,
		    (int)pd_json_peek_number(mutant, "index", 0),
		    pd_json_peek_string(mutant, "field", NULL)));
		known = pd_json_set(jv_object(), "checks", jv_copy(checks));
		session->readers = pd_json_set(session->readers, subject,
		    pd_json_set_number(known, "looks", looks + 1));
	}
	free(subject);
	return jv_keys(checks);
}

static jv
add_verdict(struct session *session, size_t answer, jv record,
    const struct pd_mutant_result *result)
{
	static const char *const names[] = {"killed", "survived", "equivalent"};

	record = pd_json_set_string(record, "verdict", names[result->verdict]);
	if (result->verdict == PD_MUTANT_KILLED)
		return pd_json_set(record, "killed_by", jv_copy(result->killer));
	if (result->verdict == PD_MUTANT_EQUIVALENT)
		return record;
	jv checks = readers_of(session, answer, record);
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
judge(struct session *session, size_t answer, jv mutant)
{
	jv record = mutant_record(session, &session->run.list[answer], mutant);
	struct pd_mutant_result result = pd_mutant_judge(&session->run, answer, mutant);

	tell(session, add_verdict(session, answer, record, &result));
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
emit_steps(struct session *session, size_t answer, jv mutant, int64_t *n)
{
	struct pd_mutated_run *run = &session->run;
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
emit(struct session *session, size_t answer, jv mutant)
{
	struct pd_writer *writer = &session->filter.writer;
	int64_t events = 0;

	pd_writer_record(writer, mutant_record(session, &session->run.list[answer],
	    mutant));
	if (jv_is_valid(session->run.start)) {
		double number = (double)session->number;
		jv sequence = pd_json_peek(session->run.start, "sequence");
		jv start = pd_json_set_number(jv_copy(session->run.start), "run", number);
		start = pd_json_set_number(start, "attempt", 1);
		pd_writer_record(writer, pd_json_set(start, "sequence",
		    pd_json_set_number(sequence, "run", number)));
	}
	int64_t commands = emit_steps(session, answer, mutant, &events);
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
rerun(struct session *session, const struct pd_answered *answered, jv mutant)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded run;
	struct pd_error error = PD_ERROR_INIT;
	jv sequence = pd_json_peek(session->run.start, "sequence"), end = jv_invalid();

	sequence = pd_json_set(sequence, "mutant", pd_json_set_string(jv_copy(mutant), "id",
	    answered->id));
	enum pd_run_result result = pd_runner_run_record(session->filter.runner, sequence,
	    &lines, &error);
	if (result == PD_RUN_DONE) {
		if (pd_recorded_parse(&run, lines.data, lines.length, &error) == 0)
			end = jv_copy(run.end);
		else
			result = PD_RUN_FAILED;
		pd_recorded_free(&run);
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
	    "the answer has nothing that the mutant can change") != 0;

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
judge_live(struct session *session, size_t answer, jv mutant)
{
	const struct pd_answered *answered = &session->run.list[answer];

	if (session->filter.runner == NULL || answered->id == NULL ||
	    !jv_is_valid(session->run.start) || !pd_mutation_is_live(mutant))
		return;
	struct pd_mutant_result result = pd_mutant_judge(&session->run, answer, mutant);
	jv end = result.verdict == PD_MUTANT_EQUIVALENT ? jv_invalid() :
	    rerun(session, answered, mutant);
	if (result.verdict == PD_MUTANT_EQUIVALENT ||
	    (jv_is_valid(end) && take_rerun(session, end, &result)))
		tell(session, add_verdict(session, answer,
		    mutant_record(session, answered, mutant), &result));
	jv_free(end);
	pd_mutant_result_free(&result);
	pd_filter_progress(&session->filter, "run %" PRId64 ": %" PRId64 " mutants, %" PRId64
	    " survived", session->run.run, session->number, session->score.survived);
}

/*
 * Runs.
 */

/* Note what was answered, for mutants that answer otherwise. */
static void
learn(struct session *session)
{
	for (size_t i = 0; i < session->run.count; i++) {
		const struct pd_answered *answered = &session->run.list[i];
		const char *command = pd_json_peek_string(answered->command, "type", NULL);
		jv first = jv_array_get(jv_copy(answered->events), 0);
		const char *type = pd_json_peek_string(first, "type", NULL);
		if (type != NULL)
			session->types = pd_json_set(session->types, type, jv_true());
		if (type != NULL && command != NULL) {
			jv known = pd_json_peek(session->answers, command);
			jv answer = pd_json_set(jv_object(), "command",
			    jv_copy(answered->command));
			answer = pd_json_set(answer, "events", jv_copy(answered->events));
			known = jv_get_kind(known) == JV_KIND_OBJECT ? known : jv_object();
			session->answers = pd_json_set(session->answers, command,
			    pd_json_set(known, type, answer));
		}
		jv_free(first);
	}
}

static void
mutate(struct session *session)
{
	jv earlier = jv_array();

	for (size_t i = 0; i < session->run.count; i++) {
		jv mutants = mutants_of(session, i, earlier);
		jv_array_foreach(mutants, j, mutant) {
			if (session->settings->emit)
				emit(session, i, mutant);
			else if (session->settings->rerun)
				judge_live(session, i, mutant);
			else
				judge(session, i, mutant);
			jv_free(mutant);
			if (pd_filter_interrupted(&session->filter))
				break;
		}
		jv_free(mutants);
		earlier = jv_array_concat(earlier, jv_copy(session->run.list[i].events));
		if (pd_filter_interrupted(&session->filter))
			break;
	}
	jv_free(earlier);
}

static void
end_run(struct session *session, bool passed)
{
	jv failure = jv_invalid();

	if (!session->open)
		return;
	session->open = false;
	session->runs++;
	if (!passed) {
		session->failed++;
	} else if (pd_mutated_run_fold(&session->run, &failure) != 0) {
		session->unfit++;
	} else {
		learn(session);
		mutate(session);
	}
	jv_free(failure);
	pd_mutated_run_free(&session->run);
	pd_filter_progress(&session->filter, "%" PRId64 " runs, %" PRId64 " mutants, %"
	    PRId64 " survived", session->runs, session->number, session->score.survived);
}

static void
begin_run(struct session *session, int64_t number, jv start)
{
	end_run(session, !session->started);
	session->started = jv_is_valid(start);
	session->open = true;
	pd_mutated_run_start(&session->run, session->model, session->settings->conform,
	    number, start);
}

static void
take_step(struct session *session, const char *type, jv record)
{
	int64_t number = (int64_t)pd_json_peek_number(record, "run", 1);

	if (!session->open || (!session->started && number != session->run.run))
		begin_run(session, number, jv_invalid());
	pd_mutated_run_add(&session->run, type, record);
}

static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;
	jv value = pd_filter_parse_run(&session->filter, record);

	if (!jv_is_valid(value))
		return;
	if (pd_record_is(record, "run_start")) {
		begin_run(session, (int64_t)pd_json_peek_number(value, "run", 1), value);
	} else if (pd_record_is(record, "run_end")) {
		end_run(session, strcmp(pd_json_peek_string(value, "status", ""),
		    "pass") == 0);
		jv_free(value);
	} else {
		take_step(session, record->type, value);
	}
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
	if (session->unfit > 0)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " runs do not pass by this "
		    "model and were not mutated", session->unfit, session->runs);
	if (session->runs == 0)
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
	record = pd_json_set_number(record, "runs", (double)session->runs);
	record = pd_json_set_number(record, "failed", (double)session->failed);
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
	struct session session = {.settings = &settings, .answers = jv_object(),
		.types = jv_object(), .readers = jv_object()};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_mutation_score_start(&session.score);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.hold = session.filter.judges = settings.emit;
	session.filter.pass = true;
	pd_filter_process(&session.filter, take_record, &session);
	end_run(&session, !session.started);
	note_problems(&session);
	if (!settings.emit && session.number > 0)
		pd_filter_result(&session.filter, summary(&session));
	bool missed = session.number > 0 && !settings.emit &&
	    pd_mutation_score_value(&session.score) < settings.target;
	int status = pd_filter_close(&session.filter, missed);
	pd_mutation_score_free(&session.score);
	pd_mutated_run_free(&session.run);
	jv_free(session.answers);
	jv_free(session.types);
	jv_free(session.readers);
	pd_model_close(session.model);
	return status;
}
