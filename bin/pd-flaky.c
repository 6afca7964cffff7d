/* SPDX-License-Identifier: MIT */
/* pd-flaky: execute each sequence of a stream several times and tell what varies. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evidence.h"
#include "filter.h"
#include "json.h"
#include "program.h"
#include "recorded.h"
#include "repetition.h"
#include "sequence.h"

enum {
	OPT_DISCOVER = 256,
	REMEMBERED = 4096,	/* plans that are not repeated a second time */
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "compare its states, too, and mind what it calls external"},
	{'n', "runs", "N", "execute each sequence this often (10)"},
	{OPT_DISCOVER, "discover", NULL, "write flaky sequences only, each stopped when it is known"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-flaky",
	.synopsis = "[-m MODEL] [-n N] [--discover] [--format NAME] [--color WHEN]\n"
	    "                [-q] [--progress] [--max-line SIZE] [--line-buffered]\n"
	    "                [FILE ...] -- COMMAND ...",
	.purpose = "Execute each sequence several times and tell what varies"
	    " (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model;
	int64_t runs;
	bool discover;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	jv sequence;		/* of the run that is being read, or invalid */
	uint64_t known[REMEMBERED];	/* plans, by the start of their fingerprints */
	size_t plans;
	struct pd_evidence evidence;
	int64_t sequences, deterministic, varying, flaky, unjudged;
	bool model_failed;	/* and it was told */
};

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "flakiness", .runs = 10};
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings->model = value; break;
		case 'n':
			settings->runs = pd_option_number("runs", value, 2, 1000000000);
			break;
		case OPT_DISCOVER: settings->discover = true; break;
		default: pd_filter_option(&settings->filter, option, value);
		}
	}
	pd_filter_require(settings->command);
	return end;
}

/* Was the plan repeated before? Remembers it; the oldest one is forgotten. */
static bool
is_known(struct session *session, const struct pd_sequence *sequence)
{
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(sequence, plan);
	uint64_t number = pd_hash_number(plan, PD_HASH_TEXT - 1);
	for (size_t i = 0; i < session->plans && i < REMEMBERED; i++)
		if (session->known[i] == number)
			return true;
	session->known[session->plans++ % REMEMBERED] = number;
	return false;
}

/* What a run proves, for a word when none of them proved anything. */
static void
add_evidence(struct session *session, const struct pd_recorded *run)
{
	jv answers = pd_json_peek(run->end, "answers");
	struct pd_evidence shown = {
		.commands = (int64_t)pd_json_peek_number(run->end, "commands", 0),
		.events = (int64_t)pd_json_peek_number(run->end, "events", 0),
		.answers = (int64_t)pd_json_peek_number(answers, "total", 0),
		.refused = pd_json_peek(answers, "refused"),
	};

	if (jv_get_kind(shown.refused) != JV_KIND_OBJECT) {
		jv_free(shown.refused);
		shown.refused = jv_object();
	}
	shown.judged = shown.commands;	/* compared with one another */
	pd_evidence_add(&session->evidence, &shown);
	pd_evidence_free(&shown);
	jv_free(answers);
}

static void
add_run(struct session *session, struct pd_repetition *repetition,
    const struct pd_recorded *run)
{
	struct pd_comparable comparable;

	add_evidence(session, run);
	pd_comparable_make(&comparable, run, session->model);
	if (comparable.error.message[0] != '\0' && !session->model_failed) {
		session->model_failed = true;
		pd_filter_problem(&session->filter, &comparable.error,
		    "states could not be compared");
	}
	pd_repetition_add(repetition, &comparable);
}

/* Execute the sequence as often as it takes. */
static enum pd_run_result
repeat(struct session *session, const struct pd_sequence *sequence,
    struct pd_repetition *repetition)
{
	const struct settings *settings = session->settings;
	enum pd_run_result result = PD_RUN_DONE;

	for (int64_t i = 0; i < settings->runs && result == PD_RUN_DONE; i++) {
		struct pd_recorded run;
		if (settings->discover && pd_repetition_flaky(repetition))
			break;
		pd_filter_progress(&session->filter, "run %" PRId64 ": executed %" PRId64
		    " of %" PRId64 " times; %" PRId64 " sequences, %" PRId64 " flaky",
		    sequence->run, i, settings->runs, session->sequences,
		    session->flaky);
		result = pd_filter_execute(&session->filter, sequence, &run);
		if (result == PD_RUN_DONE)
			add_run(session, repetition, &run);
		pd_recorded_free(&run);
	}
	return result;
}

static jv
flakiness_record(const struct pd_sequence *sequence,
    const struct pd_repetition *repetition)
{
	const struct pd_comparable *left, *right;
	char plan[PD_HASH_TEXT];
	jv record = pd_json_set_string(jv_object(), "type", "flakiness");

	pd_sequence_fingerprint(sequence, plan);
	record = pd_json_set_number(record, "run", (double)sequence->run);
	record = pd_json_set_number(record, "seed", (double)sequence->seed);
	record = pd_json_set_string(record, "plan", plan);
	record = pd_json_set_string(record, "verdict",
	    pd_repetition_verdict(repetition));
	record = pd_repetition_describe(repetition, record);
	pd_repetition_pair(repetition, &left, &right);
	if (left != NULL) {
		struct pd_divergence divergence;
		pd_divergence_find(&divergence, left, right, 1);
		jv first = pd_divergence_first(&divergence);
		if (jv_is_valid(first))
			record = pd_json_set(record, "first_divergence", first);
		pd_divergence_free(&divergence);
	}
	return record;
}

static void
count_verdict(struct session *session, const struct pd_repetition *repetition)
{
	session->sequences++;
	if (repetition->errors == repetition->runs)
		session->unjudged++;
	else if (pd_repetition_flaky(repetition))
		session->flaky++;
	else if (pd_repetition_same(repetition))
		session->deterministic++;
	else
		session->varying++;
}

static void
examine(struct session *session, const struct pd_sequence *sequence)
{
	struct pd_repetition repetition;
	bool discover = session->settings->discover;

	if (session->filter.runner == NULL || pd_filter_interrupted(&session->filter))
		return;
	pd_repetition_start(&repetition);
	if (repeat(session, sequence, &repetition) == PD_RUN_DONE) {
		count_verdict(session, &repetition);
		bool flaky = strcmp(pd_repetition_verdict(&repetition), "flaky") == 0;
		if (discover && flaky && session->filter.template == NULL)
			pd_writer_record(&session->filter.writer,
			    pd_sequence_record(sequence));
		if (flaky || !discover)
			pd_filter_result(&session->filter,
			    flakiness_record(sequence, &repetition));
	}
	pd_repetition_free(&repetition);
}

/* Of runs and failures each plan once. Takes over the sequence, or the error if
 * there is none. */
static void
examine_parsed(struct session *session, int parsed, struct pd_sequence *sequence,
    struct pd_error *error, const struct pd_record *line)
{
	if (parsed == 0) {
		if (!is_known(session, sequence) || pd_record_is(line, "sequence"))
			examine(session, sequence);
	} else {
		snprintf(error->file, sizeof(error->file), "%s", line->file);
		error->line = line->number;
		pd_filter_problem(&session->filter, error, "a sequence could not be read");
	}
	pd_sequence_free(sequence);
}

/* Consumes the sequence record. */
static void
examine_record(struct session *session, jv record, const struct pd_record *line)
{
	struct pd_sequence sequence;
	struct pd_error error;
	int parsed = pd_sequence_parse(&sequence, record, &error);

	examine_parsed(session, parsed, &sequence, &error, line);
}

static void
take_failure(struct session *session, const struct pd_record *record)
{
	jv failure = pd_filter_failure(&session->filter, record);
	struct pd_sequence sequence;
	struct pd_error error;

	if (jv_is_valid(failure)) {
		int parsed = pd_failure_sequence(failure, &sequence, &error);
		examine_parsed(session, parsed, &sequence, &error, record);
	}
	jv_free(failure);
}

/* Verdicts of an earlier pd-flaky are made anew. */
static void
pass(struct session *session, const struct pd_record *record)
{
	static const char *const plans[] = {"sequence", "run_start", "command",
		"event", "check", "run_end", "failure"};

	if (pd_record_is(record, "flakiness"))
		return;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		if (session->settings->discover && pd_record_is(record, plans[i]))
			return;
	pd_filter_pass(&session->filter, record);
}

/* Will this sequence not be executed again next? */
static bool
is_last_attempt(const struct pd_record *record)
{
	struct pd_error ignored;	/* told where runs are counted */
	jv end = pd_record_parse(record, &ignored);
	bool again = pd_json_peek_bool(end, "again", false);

	jv_free(end);
	return !again;
}

/* A run's verdict stands after the run. */
static void
take_record(void *context, const struct pd_record *record)
{
	struct session *session = context;

	pass(session, record);
	if (pd_record_is(record, "sequence")) {
		jv sequence = pd_filter_parse(&session->filter, record);
		if (jv_is_valid(sequence))
			examine_record(session, sequence, record);
	} else if (pd_record_is(record, "run_start")) {
		jv start = pd_filter_parse(&session->filter, record);
		jv_free(session->sequence);
		session->sequence = pd_json_peek(start, "sequence");
		jv_free(start);
	} else if (pd_record_is(record, "run_end")) {
		if (jv_is_valid(session->sequence) && is_last_attempt(record))
			examine_record(session, session->sequence, record);
		else
			jv_free(session->sequence);
		session->sequence = jv_invalid();
	} else if (pd_record_is(record, "failure")) {
		take_failure(session, record);
	}
}

/* Say why nothing was proved, if it was not said before. */
static void
note_empty(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;
	int before = pd_filter_problems(&session->filter);

	if (pd_filter_interrupted(&session->filter) ||
	    (before > 0 && session->evidence.runs == 0))
		return;
	pd_evidence_note_empty(&session->evidence, false, true, 0, counts);
	if (session->unjudged > 0)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " sequences could not "
		    "be judged: every run of them was an error", session->unjudged,
		    session->sequences);
	pd_filter_tell_problems(&session->filter, before);
}

/* For people only: in the stream the records tell it. */
static void
write_summary(struct session *session)
{
	jv summary = pd_json_set_string(jv_object(), "type", "flakiness_summary");

	if (session->filter.template == NULL || session->sequences == 0) {
		jv_free(summary);
		return;
	}
	summary = pd_json_set_number(summary, "sequences", (double)session->sequences);
	summary = pd_json_set_number(summary, "runs", (double)session->settings->runs);
	summary = pd_json_set_number(summary, "deterministic",
	    (double)session->deterministic);
	summary = pd_json_set_number(summary, "varying", (double)session->varying);
	summary = pd_json_set_number(summary, "flaky", (double)session->flaky);
	summary = pd_json_set_number(summary, "unjudged", (double)session->unjudged);
	pd_filter_result(&session->filter, summary);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .sequence = jv_invalid()};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	pd_evidence_start(&session.evidence);
	if (settings.model != NULL)
		session.model = pd_open_model(settings.model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.hold = true;
	pd_filter_process(&session.filter, take_record, &session);
	note_empty(&session);
	write_summary(&session);
	int status = pd_filter_close(&session.filter, session.flaky > 0);
	pd_model_close(session.model);
	pd_evidence_free(&session.evidence);
	jv_free(session.sequence);
	return status;
}
