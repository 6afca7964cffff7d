/* SPDX-License-Identifier: MIT */
/* pd-suggest: what no check reads, and the checks that would. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "module.h"
#include "mutating.h"
#include "mutation.h"
#include "mutation_score.h"
#include "program.h"
#include "proposal.h"
#include "random.h"
#include "recorded.h"
#include "share.h"

enum {
	OPT_SAMPLE = 256, OPT_MOST, OPT_LEARN,
	/* Answers at which it is found out what reads a field, */
	READINGS = 2,		/* by values that it never has, */
	VALUE_READINGS = 100,	/* and by those that it has elsewhere, if they are */
	FEW = 4,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that checks are suggested for"},
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
	.synopsis = "-m MODEL [--learn FILE] [--sample N] [--most N] [--format NAME]\n"
	    "                  [--color WHEN] [-q] [--progress] [--max-line SIZE]\n"
	    "                  [--line-buffered] [FILE ...]",
	.purpose = "Tell what no check of a model reads, and suggest checks that would.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *learn;
	int64_t sample, most;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_module *module;	/* share/pd/jq/suggest.jq */
	struct pd_mutated_run *runs;	/* that pass; the last one is in hand */
	size_t count, room;
	bool open, started;
	int64_t read, failed, unfit;
	int64_t mutants, unnoticed;
	jv summary;		/* what suggest.jq saw */
	jv list;		/* candidates that held so far */
	jv kills;		/* {check: {mutant: true}} */
	jv reading;		/* {"Event.field": {checks: {check: true}, looks}} */
};

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "suggestion", .sample = 4,
		.most = 12};
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings->model = value; break;
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
 * Reading.
 */
static jv
state_after(const struct pd_mutated_run *run, size_t answer)
{
	return answer + 1 < run->count ? run->list[answer + 1].before.state :
	    run->after.state;
}

static void
observe(struct session *session, const struct pd_mutated_run *run)
{
	session->summary = ask(session, "begun", session->summary, jv_array());
	for (size_t i = 0; i < run->count; i++) {
		jv arguments = JV_ARRAY(jv_copy(run->list[i].events),
		    jv_copy(state_after(run, i)));
		jv summary = session->summary;
		session->summary = jv_invalid();
		session->summary = ask(session, "observe", summary, arguments);
	}
}

static void
end_run(struct session *session, bool passed)
{
	jv failure = jv_invalid();

	if (!session->open)
		return;
	struct pd_mutated_run *run = &session->runs[session->count - 1];
	session->open = false;
	session->read++;
	bool fits = passed && pd_mutated_run_fold(run, &failure) == 0;
	session->failed += !passed;
	session->unfit += passed && !fits;
	if (fits) {
		observe(session, run);
	} else {
		pd_mutated_run_free(run);
		session->count--;
	}
	jv_free(failure);
}

static void
begin_run(struct session *session, int64_t number, jv start)
{
	end_run(session, !session->started);
	if (session->count == session->room) {
		session->room = session->room * 2 + 16;
		session->runs = pd_reallocate(session->runs, session->room,
		    sizeof(*session->runs));
	}
	session->started = jv_is_valid(start);
	session->open = true;
	pd_mutated_run_start(&session->runs[session->count++], session->model, false,
	    number, start);
}

static void
take_step(struct session *session, const char *type, jv record)
{
	int64_t number = (int64_t)pd_json_peek_number(record, "run", 1);

	if (!session->open ||
	    (!session->started && number != session->runs[session->count - 1].run))
		begin_run(session, number, jv_invalid());
	pd_mutated_run_add(&session->runs[session->count - 1], type, record);
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

/* The model's name, by which it is included, and what it folds. */
static jv
included(const struct session *session)
{
	const char *path = session->settings->model, *slash = strrchr(path, '/');
	const char *file = slash != NULL ? slash + 1 : path;
	jv folds = jv_array();

	pd_model_functions(session->model, "on_", add_fold, &folds);
	jv model = pd_json_set(jv_object(), "folds", folds);
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

/* The run once more, for another model. */
static struct pd_mutated_run
again(const struct pd_mutated_run *run, struct pd_model *model)
{
	struct pd_mutated_run copy;

	pd_mutated_run_start(&copy, model, false, run->run, jv_copy(run->start));
	for (size_t i = 0; i < run->count; i++) {
		jv_array_foreach(run->list[i].source, j, record) {
			const char *type = pd_json_has_peek(record, "command") ? "command" :
			    "event";
			pd_mutated_run_add(&copy, type, record);
		}
	}
	return copy;
}

/* Leave out what has failed, and note how often the others were right. */
static void
sieve(struct session *session, jv failing, jv support)
{
	jv left = jv_array();

	jv_array_foreach(session->list, i, candidate) {
		const char *name = pd_json_peek_string(candidate, "name", "");
		double times = pd_json_peek_number(support, name, 0);
		if (pd_json_has_peek(failing, name) || times == 0)
			jv_free(candidate);
		else
			left = jv_array_append(left,
			    pd_json_set_number(candidate, "support", times));
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
		struct pd_mutated_run run = again(&session->runs[i], model);
		jv failed = pd_mutated_run_failing(&run);
		if (jv_is_valid(failed))
			failing = jv_object_merge(failing, failed);
		else
			jv_free(failed);
		support = add_counts(support, pd_fold_fired(&run.after));
		pd_mutated_run_free(&run);
	}
	sieve(session, failing, support);
}

/*
 * What the candidates would notice.
 */
static jv
mutants_of(const struct session *session, const struct pd_mutated_run *run, size_t answer)
{
	jv none = jv_object(), earlier = jv_array(), drawn = jv_array();
	struct pd_mutation_scene scene = {.command = run->list[answer].command,
		.state = state_after(run, answer), .earlier = earlier, .answers = none,
		.types = none, .first = answer == 0, .last = answer + 1 == run->count};
	jv mutants = pd_mutations(run->list[answer].events, &scene);
	int count = jv_array_length(jv_copy(mutants));
	int64_t wanted = session->settings->sample;
	struct pd_random random;

	/* Selection sampling, as pd-mutate draws. */
	pd_random_seed(&random, pd_seed_derive(1, "suggestions", (uint64_t)run->run),
	    "mutants");
	for (int i = 0; i < count && wanted > 0; i++) {
		if (count - i > wanted && pd_random_below(&random, (uint64_t)(count - i)) >=
		    (uint64_t)wanted)
			continue;
		drawn = jv_array_append(drawn, jv_array_get(jv_copy(mutants), i));
		wanted--;
	}
	jv_free(mutants);
	jv_free(none);
	jv_free(earlier);
	return drawn;
}

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
	const char *check = pd_json_peek_string(killer_peek, "name", NULL);

	if (check == NULL || !pd_json_has_peek(mutant_peek, "field"))
		return;
	char *subject = pd_mutation_subject(mutant_peek);
	jv known = pd_json_peek(session->reading, subject);
	jv checks = jv_is_valid(known) ? pd_json_peek(known, "checks") : jv_object();
	checks = pd_json_set(checks, check, jv_true());
	session->reading = pd_json_set(session->reading, subject,
	    pd_json_set(jv_object(), "checks", checks));
	jv_free(known);
	free(subject);
}

static void
mutate_answer(struct session *session, struct pd_mutated_run *run,
    struct pd_mutated_run *other, size_t answer)
{
	jv mutants = mutants_of(session, run, answer);

	jv_array_foreach(mutants, i, mutant) {
		struct pd_mutant_result result = pd_mutant_judge(run, answer, mutant);
		session->mutants++;
		if (result.verdict == PD_MUTANT_KILLED) {
			note_reader(session, mutant, result.killer);
		} else {
			session->unnoticed++;
			note_kills(session, pd_mutant_killers(other, answer, mutant));
		}
		pd_mutant_result_free(&result);
		jv_free(mutant);
	}
	jv_free(mutants);
}

static void
mutate(struct session *session, struct pd_model *model)
{
	for (size_t i = 0; i < session->count; i++) {
		struct pd_mutated_run *run = &session->runs[i];
		struct pd_mutated_run other = again(run, model);
		jv_free(pd_mutated_run_failing(&other));
		for (size_t j = 0; j < run->count && !pd_filter_interrupted(&session->filter); j++)
			mutate_answer(session, run, &other, j);
		pd_mutated_run_free(&other);
		pd_filter_progress(&session->filter, "run %zu of %zu: %" PRId64
		    " mutants, %" PRId64 " unnoticed", i + 1, session->count,
		    session->mutants, session->unnoticed);
	}
}

/*
 * What checks read.
 */

/* The other values that a field has, where they are few: [text of JSON]. */
static jv
few_values(const struct session *session, const char *subject)
{
	jv fields = pd_json_peek(session->summary, "fields");
	jv field = pd_json_peek(fields, subject);
	jv values = jv_keys(pd_json_peek(field, "values"));
	bool few = !pd_json_peek_bool(field, "many", false) &&
	    jv_array_length(jv_copy(values)) <= FEW;

	jv_free(fields);
	jv_free(field);
	if (few)
		return values;
	jv_free(values);
	return jv_array();
}

/* Which checks fail when a field has one of its other values? */
static jv
value_readers(const struct session *session, struct pd_mutated_run *run, size_t answer,
    jv mutant, const char *subject)
{
	jv values = few_values(session, subject), checks = jv_object();

	jv_array_foreach(values, i, text) {
		jv other = jv_parse(jv_string_value(text));
		mutant = pd_json_set(mutant, "to", other);
		checks = jv_object_merge(checks, pd_mutant_killers(run, answer, mutant));
		jv_free(text);
	}
	jv_free(values);
	jv_free(mutant);
	return checks;
}

/* Look at a field that no check was seen to read yet. */
static void
look(struct session *session, struct pd_mutated_run *run, size_t answer, int index,
    const char *type, const char *field)
{
	char *subject = pd_format("%s.%s", type, field);
	jv known = pd_json_peek(session->reading, subject);
	double looks = pd_json_peek_number(known, "looks", 0);
	jv checks = jv_is_valid(known) ? pd_json_peek(known, "checks") : jv_object();

	if (jv_object_length(jv_copy(checks)) == 0 && looks < VALUE_READINGS) {
		jv mutant = pd_json_set_string(jv_object(), "operator", "value");
		mutant = pd_json_set_string(mutant, "change", "other");
		mutant = pd_json_set_number(mutant, "index", index);
		mutant = pd_json_set_string(mutant, "field", field);
		checks = jv_object_merge(checks, value_readers(session, run, answer, mutant,
		    subject));
		if (looks < READINGS)
			checks = jv_object_merge(checks, pd_mutant_readers(run, answer, index,
			    field));
		session->reading = pd_json_set(session->reading, subject,
		    pd_json_set_number(pd_json_set(jv_object(), "checks", jv_copy(checks)),
		    "looks", looks + 1));
	}
	jv_free(checks);
	jv_free(known);
	free(subject);
}

static void
read_run(struct session *session, struct pd_mutated_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		jv_array_foreach(run->list[i].events, j, event) {
			const char *type = pd_json_peek_string(event, "type", "");
			jv_object_foreach(event, name, value) {
				if (strcmp(jv_string_value(name), "type") != 0)
					look(session, run, i, j, type, jv_string_value(name));
				jv_free(name);
				jv_free(value);
			}
			jv_free(event);
		}
	}
}

/* {"Event.field": [check]} */
static jv
readers(struct session *session)
{
	jv result = jv_object();

	for (size_t i = 0; i < session->count; i++)
		read_run(session, &session->runs[i]);
	jv_object_foreach(session->reading, name, known) {
		result = jv_object_set(result, name, jv_keys(pd_json_peek(known, "checks")));
		jv_free(known);
	}
	return result;
}

/*
 * The end.
 */
static void
write_learned(struct session *session)
{
	const char *path = session->settings->learn;
	struct pd_error error = PD_ERROR_INIT;
	char *comment = pd_format("# What held over %zu runs with %.0f events.\n",
	    session->count, pd_json_peek_number(session->summary, "events", 0));
	jv text = module_text(session, comment);
	FILE *file = fopen(path, "w");

	if (file == NULL || (fputs(jv_string_value(text), file) < 0) | (fclose(file) != 0)) {
		pd_error_set(&error, "%s: %s", path, strerror(errno));
		pd_filter_problem(&session->filter, &error, "what was learned");
	}
	jv_free(text);
	free(comment);
}

static jv
counts(const struct session *session)
{
	jv record = pd_json_set(jv_object(), "model", pd_model_identity(session->model));

	record = pd_json_set_number(record, "runs", (double)session->read);
	record = pd_json_set_number(record, "failed",
	    (double)(session->failed + session->unfit));
	record = pd_json_set_number(record, "mutants", (double)session->mutants);
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
	if (session->settings->learn != NULL)
		write_learned(session);
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
	int before = pd_filter_problems(&session->filter);

	if (session->unfit > 0)
		pd_counts_problem(problems, "%" PRId64 " of %" PRId64 " runs do not pass by this "
		    "model and were left out", session->unfit, session->read);
	if (pd_json_peek_number(session->summary, "events", 0) == 0)
		pd_counts_problem(problems, "nothing to learn from: the input has no run that "
		    "passed with an event");
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
	jv_free(session->reading);
	pd_module_close(session->module);
	pd_model_close(session->model);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .summary = jv_null(),
		.list = jv_invalid(), .kills = jv_object(),
		.reading = jv_object()};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	open_module(&session);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end, NULL);
	session.filter.pass = true;
	pd_filter_process(&session.filter, take_record, &session);
	end_run(&session, !session.started);
	note_problems(&session);
	if (session.count > 0 && pd_json_peek_number(session.summary, "events", 0) > 0 &&
	    !pd_filter_interrupted(&session.filter))
		suggest(&session);
	int status = pd_filter_close(&session.filter, false);
	free_session(&session);
	return status;
}
