/* SPDX-License-Identifier: MIT */
/* pd-suggest: what no check reads, and the checks that would. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "generate.h"
#include "json.h"
#include "module.h"
#include "mutants.h"
#include "mutating.h"
#include "mutation_score.h"
#include "program.h"
#include "proposal.h"
#include "random.h"
#include "reading.h"
#include "share.h"
#include "simulated.h"
#include "version.h"

enum {
	OPT_SAMPLE = 256, OPT_MOST, OPT_LEARN,
	/* Answers at which it is found out what reads a field that nothing was seen to, */
	READINGS = 30,		/* by values that it never has, */
	VALUE_READINGS = 100,	/* and by those that it has elsewhere, if they are */
	FEW = 4,
	SIMULATED = 20,		/* runs of the model alone, when there are no others */
	LONGEST = 50,		/* commands of these, as pd-gen draws them */
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that checks are suggested for"},
	{'n', "runs", "N", "simulate so many runs of the model, and read nothing"},
	{'s', "seed", "N", "what is drawn (1)"},
	{OPT_LEARN, "learn", "FILE", "write all that held as a model that includes the model"},
	{OPT_SAMPLE, "sample", "N", "try so many mutants of each answer (4)"},
	{OPT_MOST, "most", "N", "suggest at most so many checks (12)"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-suggest",
	.synopsis = "-m MODEL [-n N] [-s N] [--learn FILE] [--sample N] [--most N]\n"
	    "                  [--format NAME] [--color WHEN] [-q] [--progress]\n"
	    "                  [--max-line SIZE] [--line-buffered] [FILE ...]",
	.purpose = "Tell what no check of a model reads, and suggest checks that would.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *learn;
	int64_t sample, most;
	int64_t simulated;	/* runs; 0 to read them */
	uint64_t seed;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_module *module;	/* share/pd/jq/suggest.jq */
	struct pd_mutants mutants;
	struct pd_mutated_run *runs;	/* that pass */
	size_t count, room;
	struct pd_mutated_run tried;	/* the one that is mutated, with the candidates */
	int64_t changed, unnoticed;	/* mutants */
	jv summary;		/* what suggest.jq saw */
	jv list;		/* candidates that held so far */
	jv kills;		/* {check: {mutant: true}} */
	struct pd_reading reading;
};

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .sample = 4,
		.most = 12, .seed = 1};
	settings->filter.result = "suggestion";
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings->model = value; break;
		case 'n':
			settings->simulated = pd_option_number("runs", value, 1, 1000000);
			break;
		case 's': settings->seed = pd_option_seed("seed", value); break;
		case OPT_LEARN: settings->learn = value; break;
		case OPT_SAMPLE:
			settings->sample = pd_option_number("sample", value, 1, 1000000);
			break;
		case OPT_MOST:
			settings->most = pd_option_number("most", value, 1, 1000);
			break;
		default: pd_filter_option(&settings->filter, option, value);
		}
	}
	if (settings->simulated > 0 && optind < argc)
		pd_usage_error("runs are read or simulated: -n goes with no file");
	if (settings->simulated == 0 && optind == argc && isatty(STDIN_FILENO) == 1) {
		settings->simulated = SIMULATED;
		warnx("no recorded runs are given: %d are simulated (-n N; - reads from "
		    "the terminal)", SIMULATED);
	}
	return argc;
}

/* Call a function of suggest.jq; its mistakes are ours. Consumes input and arguments. */
static jv
ask(struct session *session, const char *name, jv input, jv arguments)
{
	struct pd_error error;
	int arity = jv_array_length(jv_copy(arguments));
	jv result = pd_module_call(session->module,
	    pd_module_function(session->module, name, arity), input, arguments, &error);

	if (!jv_is_valid(result))
		pd_die(&error);
	return result;
}

/*
 * Runs.
 */
static void
observe(struct session *session, const struct pd_mutated_run *run)
{
	session->summary = ask(session, "begun", session->summary, jv_array());
	for (size_t i = 0; i < run->count; i++) {
		jv arguments = JV_ARRAY(jv_copy(run->list[i].events),
		    jv_copy(pd_mutated_run_fold_at(run, i)->state),
		    jv_copy(pd_mutated_run_fold_at(run, i + 1)->state));
		jv summary = session->summary;
		session->summary = jv_invalid();
		session->summary = ask(session, "observe", summary, arguments);
	}
}

static void
take_run(void *context, struct pd_mutated_run *run)
{
	struct session *session = context;

	observe(session, run);
	if (session->count == session->room) {
		session->room = session->room * 2 + 16;
		session->runs = pd_reallocate(session->runs, session->room,
		    sizeof(*session->runs));
	}
	session->runs[session->count++] = *run;
}

static int
simulate_run(struct session *session, int64_t number, struct pd_error *error)
{
	static const struct pd_generate_options drawn = {.minimum = 1, .maximum = LONGEST};
	struct pd_sequence sequence;
	uint64_t seed = pd_seed_derive(session->settings->seed, "run", (uint64_t)number);
	int result = pd_generate(session->model, seed, &drawn, &sequence, error);

	sequence.run = number;
	if (result == 0)
		result = pd_simulate_run(session->model, &sequence, pd_mutants_take_record,
		    &session->mutants, error);
	pd_sequence_free(&sequence);
	return result;
}

/* In place of a stream that is read: this program is the first. */
static void
simulate(struct session *session, int argc, char **argv)
{
	struct pd_error error = PD_ERROR_INIT;
	jv header = pd_stream_header("pd-suggest " PD_VERSION);

	header = pd_json_set(header, "model", pd_model_identity(session->model));
	header = pd_json_set_number(header, "seed", (double)session->settings->seed);
	if (session->filter.template == NULL)
		pd_writer_record(&session->filter.writer, pd_stream_add_program(header, argc,
		    argv));
	else
		jv_free(header);
	for (int64_t run = 1; run <= session->settings->simulated &&
	    !pd_filter_interrupted(&session->filter); run++) {
		if (simulate_run(session, run, &error) != 0) {
			pd_filter_problem(&session->filter, &error, "a run could not be simulated");
			return;
		}
	}
}

/*
 * What holds.
 */

static void
add_fold(void *context, const char *event, int arity, const char *file, long line)
{
	jv *folds = context;

	(void)file, (void)line;
	if (arity == 1)
		*folds = jv_array_append(*folds, jv_string(event));
}

static void
note_apply(void *context, const char *rest, int arity, const char *file, long line)
{
	bool *applies = context;

	(void)file, (void)line;
	*applies = *applies || (rest[0] == '\0' && arity == 1);
}

/* The model's name, by which it is included, and what it folds. */
static jv
included(const struct session *session)
{
	const char *path = session->settings->model, *slash = strrchr(path, '/');
	const char *file = slash != NULL ? slash + 1 : path;
	jv folds = jv_array();
	bool applies = false;

	pd_model_functions(session->model, "on_", add_fold, &folds);
	pd_model_functions(session->model, "apply", note_apply, &applies);
	jv model = pd_json_set(jv_object(), "folds", folds);
	model = pd_json_set(model, "applies", jv_bool(applies));
	return pd_json_set(model, "name", jv_string_sized(file,
	    (int)strlen(file) - (int)strlen(".jq")));
}

/* The text of a module with the candidates. */
static jv
module_text(struct session *session, const char *comment)
{
	return ask(session, "module_text", jv_null(), JV_ARRAY(jv_copy(session->list),
	    included(session), jv_string(comment)));
}

static struct pd_model *
open_candidates(struct session *session)
{
	struct pd_error error = PD_ERROR_INIT;
	jv text = module_text(session, "");
	struct pd_model *model = pd_proposal_open(session->settings->model,
	    jv_string_value(text), &error);

	jv_free(text);
	if (model == NULL)
		pd_die(&error);
	return model;
}

/* Leave out what has failed, and of all runs what never was run, and note how often
 * the others were right. */
static void
sieve(struct session *session, jv failing, jv support, bool all)
{
	jv left = jv_array();

	jv_array_foreach(session->list, i, candidate) {
		const char *name = pd_json_peek_string(candidate, "name", "");
		double times = pd_json_peek_number(support, name, 0);
		if (pd_json_has_peek(failing, name) || (all && times == 0)) {
			jv_free(candidate);
			continue;
		}
		candidate = pd_json_set_number(candidate, "support", times);
		if (session->settings->simulated > 0)
			candidate = pd_json_set(candidate, "simulated", jv_true());
		left = jv_array_append(left, candidate);
	}
	jv_free(session->list);
	jv_free(failing);
	jv_free(support);
	session->list = left;
}

static jv
add_counts(jv sum, jv counts)
{
	jv_object_foreach(counts, name, count) {
		const char *key = jv_string_value(name);
		sum = pd_json_set_number(sum, key, jv_number_value(count) +
		    pd_json_peek_number(sum, key, 0));
		jv_free(name);
		jv_free(count);
	}
	jv_free(counts);
	return sum;
}

/* Fold the first runs with all candidates. */
static void
try_candidates(struct session *session, struct pd_model *model, size_t runs)
{
	jv failing = jv_object(), support = jv_object();

	for (size_t i = 0; i < runs && i < session->count; i++) {
		struct pd_mutated_run run;
		pd_mutated_run_copy(&run, &session->runs[i], model);
		jv failed = pd_mutated_run_failing(&run);
		if (jv_is_valid(failed))
			failing = jv_object_merge(failing, failed);
		else
			jv_free(failed);
		support = add_counts(support, pd_fold_fired(&run.after));
		pd_mutated_run_free(&run);
	}
	sieve(session, failing, support, runs >= session->count);
}

/*
 * What the candidates would notice.
 */
static void
note_kills(struct session *session, jv killers)
{
	jv number = jv_string_fmt("%" PRId64, session->unnoticed);

	jv_object_foreach(killers, name, value) {
		const char *key = jv_string_value(name);
		jv of = pd_json_peek(session->kills, key);
		if (!jv_is_valid(of))
			of = jv_object();
		session->kills = pd_json_set(session->kills, key,
		    jv_object_set(of, jv_copy(number), jv_true()));
		jv_free(name);
		jv_free(value);
	}
	jv_free(number);
	jv_free(killers);
}

/* What a check notices the change of it reads. */
static void
note_reader(struct session *session, jv mutant_peek, jv killer_peek)
{
	if (!pd_json_has_peek(mutant_peek, "field"))
		return;
	char *subject = pd_mutation_subject(mutant_peek);
	pd_reading_note(&session->reading, subject,
	    pd_json_peek_string(killer_peek, "name", NULL));
	free(subject);
}

static int
try_mutant(void *context, struct pd_mutated_run *run, size_t answer, jv mutant)
{
	struct session *session = context;
	struct pd_mutant_result result = pd_mutant_judge(run, answer, mutant);

	session->changed++;
	if (result.verdict == PD_MUTANT_KILLED) {
		note_reader(session, mutant, result.killer);
	} else {
		session->unnoticed++;
		note_kills(session, pd_mutant_killers(&session->tried, answer, mutant, NULL));
	}
	pd_mutant_result_free(&result);
	return pd_filter_interrupted(&session->filter);
}

static void
mutate(struct session *session, struct pd_model *model)
{
	for (size_t i = 0; i < session->count; i++) {
		pd_mutated_run_copy(&session->tried, &session->runs[i], model);
		jv_free(pd_mutated_run_failing(&session->tried));
		pd_mutants_each(&session->mutants, &session->runs[i], try_mutant, session);
		pd_mutated_run_free(&session->tried);
		pd_filter_progress(&session->filter, "run %zu of %zu: %" PRId64
		    " mutants, %" PRId64 " unnoticed", i + 1, session->count,
		    session->changed, session->unnoticed);
	}
}

/*
 * What checks read.
 */

/* The other values that a field has, where they are few. */
static jv
few_values(const struct session *session, const char *subject)
{
	jv fields = pd_json_peek(session->summary, "fields");
	jv field = pd_json_peek(fields, subject), few = jv_array();
	jv texts = jv_keys(pd_json_peek(field, "values"));

	if (!pd_json_peek_bool(field, "many", false) &&
	    jv_array_length(jv_copy(texts)) <= FEW) {
		jv_array_foreach(texts, i, text) {
			few = jv_array_append(few, jv_parse(jv_string_value(text)));
			jv_free(text);
		}
	}
	jv_free(fields);
	jv_free(field);
	jv_free(texts);
	return few;
}

/* Look at a field that no check was seen to read yet. */
static void
look(struct session *session, struct pd_mutated_run *run, size_t answer, int index,
    const char *subject, const char *field)
{
	struct pd_reading *reading = &session->reading;

	if (jv_array_length(pd_reading_checks(reading, subject)) > 0)
		return;
	pd_reading_try(reading, subject, run, answer, index, field,
	    few_values(session, subject), VALUE_READINGS);
	pd_reading_look(reading, subject, run, answer, index, field, READINGS);
}

static void
read_run(struct session *session, struct pd_mutated_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		jv_array_foreach(run->list[i].events, j, event) {
			const char *type = pd_json_peek_string(event, "type", "");
			jv_object_foreach(event, name, value) {
				char *subject = pd_format("%s.%s", type, jv_string_value(name));
				if (strcmp(jv_string_value(name), "type") != 0)
					look(session, run, i, j, subject, jv_string_value(name));
				free(subject);
				jv_free(name);
				jv_free(value);
			}
			jv_free(event);
		}
	}
}

/* {"Event.field": {checks: [check], folded: bool}} */
static jv
readers(struct session *session)
{
	jv result = jv_object();

	for (size_t i = 0; i < session->count; i++)
		read_run(session, &session->runs[i]);
	jv_object_foreach(session->reading.subjects, name, known) {
		const char *subject = jv_string_value(name);
		jv found = pd_json_set(jv_object(), "checks",
		    pd_reading_checks(&session->reading, subject));
		found = pd_json_set(found, "folded",
		    jv_bool(pd_reading_folded(&session->reading, subject)));
		result = jv_object_set(result, name, found);
		jv_free(known);
	}
	return result;
}

/*
 * The end.
 */

/* The folder of a file, symbolic links resolved; NULL when it is not there. */
static char *
folder_of(const char *path)
{
	char *real = realpath(path, NULL);

	if (real != NULL)
		*strrchr(real, '/') = '\0';
	return real;
}

/* What includes the model is of no use elsewhere. */
static void
tell_place(const struct session *session)
{
	char *here = folder_of(session->settings->learn);
	char *there = folder_of(session->settings->model);

	if (here != NULL && there != NULL && strcmp(here, there) != 0)
		warnx("%s includes '%s': it belongs into %s/", session->settings->learn,
		    session->settings->model, there);
	free(here);
	free(there);
}

static void
write_learned(struct session *session)
{
	const char *path = session->settings->learn;
	struct pd_error error = PD_ERROR_INIT;
	char *comment = pd_format("# What held over %zu %sruns with %.0f events.\n",
	    session->count, session->settings->simulated > 0 ? "simulated " : "",
	    pd_json_peek_number(session->summary, "events", 0));
	jv text = module_text(session, comment);
	FILE *file = fopen(path, "w");

	if (file == NULL || (fputs(jv_string_value(text), file) < 0) | (fclose(file) != 0)) {
		pd_error_set(&error, "%s: %s", path, strerror(errno));
		pd_filter_problem(&session->filter, &error, "what was learned");
	}
	else
		tell_place(session);
	jv_free(text);
	free(comment);
}

static jv
counts(const struct session *session)
{
	jv record = pd_json_set(jv_object(), "model", pd_model_identity(session->model));

	record = pd_json_set_number(record, "runs", (double)session->mutants.runs);
	record = pd_json_set_number(record, "failed",
	    (double)(session->mutants.failed + session->mutants.unfit));
	if (session->settings->simulated > 0)
		record = pd_json_set(record, "simulated", jv_true());
	record = pd_json_set_number(record, "mutants", (double)session->changed);
	return pd_json_set_number(record, "unnoticed", (double)session->unnoticed);
}

static void
suggest(struct session *session)
{
	session->list = ask(session, "candidates", jv_copy(session->summary), jv_array());
	/* Most of those that are wrong fail in the first run already. */
	struct pd_model *model = open_candidates(session);
	try_candidates(session, model, 1);
	pd_model_close(model);
	model = open_candidates(session);
	try_candidates(session, model, session->count);
	session->list = ask(session, "strongest", session->list, jv_array());
	mutate(session, model);
	pd_model_close(model);
	jv found = pd_json_set(jv_object(), "list", jv_copy(session->list));
	found = pd_json_set(found, "kills", jv_copy(session->kills));
	found = pd_json_set(found, "read", readers(session));
	found = pd_json_set(found, "counts", counts(session));
	found = pd_json_set_number(found, "most", (double)session->settings->most);
	pd_filter_result(&session->filter, ask(session, "suggestion",
	    jv_copy(session->summary), JV_ARRAY(found)));
	if (session->settings->learn != NULL)
		write_learned(session);
}

static void
note_problems(struct session *session)
{
	struct pd_counts *problems = &session->filter.counts;
	const struct pd_mutants *mutants = &session->mutants;
	int before = pd_filter_problems(&session->filter);

	if (pd_filter_interrupted(&session->filter))
		return;
	if (mutants->unfit > 0)
		pd_counts_problem(problems, "%" PRId64 " of %" PRId64 " runs do not pass by this "
		    "model and were left out", mutants->unfit, mutants->runs);
	if (pd_json_peek_number(session->summary, "events", 0) == 0)
		pd_counts_problem(problems, session->settings->simulated > 0 ?
		    "nothing to learn from: no simulated run passed with an event" :
		    "nothing to learn from: the input has no run that passed with an event "
		    "(-n N simulates runs of the model)");
	pd_filter_tell_problems(&session->filter, before);
}

static void
open_module(struct session *session)
{
	struct pd_error error;
	char *path = pd_share_path("jq/suggest.jq");

	session->module = pd_module_open(path, &error);
	free(path);
	if (session->module == NULL)
		pd_die(&error);
	session->summary = ask(session, "nothing_seen", jv_null(), jv_array());
}

static void
free_session(struct session *session)
{
	for (size_t i = 0; i < session->count; i++)
		pd_mutated_run_free(&session->runs[i]);
	free(session->runs);
	jv_free(session->summary);
	jv_free(session->list);
	jv_free(session->kills);
	pd_reading_free(&session->reading);
	pd_mutants_free(&session->mutants);
	pd_module_close(session->module);
	pd_model_close(session->model);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .summary = jv_null(),
		.list = jv_invalid(), .kills = jv_object(), .reading = PD_READING_INIT};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	open_module(&session);
	pd_mutants_start(&session.mutants, session.model, &(struct pd_mutants_options){
	    .seed = settings.seed, .sample = settings.sample}, take_run, &session);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end, NULL);
	session.filter.pass = true;
	if (settings.simulated > 0)
		simulate(&session, argc, argv);
	else
		pd_filter_process_runs(&session.filter, pd_mutants_take_record, &session.mutants);
	pd_mutants_end(&session.mutants);
	note_problems(&session);
	if (pd_json_peek_number(session.summary, "events", 0) > 0 &&
	    !pd_filter_interrupted(&session.filter))
		suggest(&session);
	int status = pd_filter_close(&session.filter, false);
	free_session(&session);
	return status;
}
