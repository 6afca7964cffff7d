/* SPDX-License-Identifier: MIT */
/* pd-linearize: does some order of overlapping operations explain what was seen? */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "buffer.h"
#include "filter.h"
#include "history.h"
#include "intern.h"
#include "json.h"
#include "linearization.h"
#include "linearize.h"
#include "orders.h"
#include "program.h"
#include "recorded.h"
#include "run_history.h"
#include "specification.h"

enum {
	OPT_SPEC = 256, OPT_INITIAL, OPT_TIMEOUT, OPT_MAX_MEMORY, OPT_TIMELINE,
	OPT_JOBS, OPT_COUNT, OPT_FEASIBILITY, OPT_ALL, OPT_ALLOW_VACUOUS,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "judge by a model"},
	{OPT_SPEC, "spec", "NAME", "or by register, cas-register, counter, set, queue, stack, kv"},
	{OPT_INITIAL, "initial", "JSON", "the first state, if it is not that of the model or type"},
	{OPT_TIMEOUT, "timeout", "TIME", "for each history; it is unknown after that (60s; 0 for none)"},
	{OPT_MAX_MEMORY, "max-memory", "SIZE", "the same for memory (1GiB; 0 for no limit)"},
	{OPT_JOBS, "jobs", "N", "independent parts are searched on so many cores (1)"},
	{OPT_COUNT, "count", NULL, "count the orders that explain a history, exactly"},
	{OPT_FEASIBILITY, "feasibility", NULL, "and those that time alone allows"},
	{OPT_ALL, "all", "N", "write orders that explain a history, N of them at most"},
	{OPT_TIMELINE, "timeline", NULL, "the timeline of linearizable histories, too"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind that nothing was judged"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-linearize",
	.synopsis = "(-m MODEL | --spec NAME) [--initial JSON] [--timeout TIME]\n"
	    "                    [--max-memory SIZE] [--jobs N] [--count]\n"
	    "                    [--feasibility] [--all N] [--timeline] [--allow-vacuous]\n"
	    "                    [--format NAME] [--color WHEN] [--max-line SIZE]\n"
	    "                    [--line-buffered] [FILE ...]",
	.purpose = "Tell whether some order of overlapping operations explains what was seen.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *spec;
	jv initial;
	struct pd_linearize_options linearize;
	bool timeline, allow_vacuous, count, feasibility;
	int64_t all;		/* orders to write, 0 for none */
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;		/* of the first specification, or NULL */
	struct pd_model **models;	/* by job; NULL without -m */
	struct pd_specification **specifications;	/* by job */
	struct pd_history history;	/* of op records */
	jv name;		/* of that history, or invalid */
	long unread;		/* a line of it that could not be read, or 0 */
	struct pd_buffer lines;	/* of the run that is being read */
	bool in_run;
	struct pd_interner names;	/* of the histories before it */
	int64_t judged, refuted, unknown, linear, uncounted, unreadable;
};

static void
parse_initial(struct settings *settings, const char *value)
{
	struct pd_error error = PD_ERROR_INIT;

	jv_free(settings->initial);
	settings->initial = pd_json_parse(value, strlen(value), &error);
	if (!jv_is_valid(settings->initial))
		pd_usage_error("--initial: %s", error.message);
}

static struct settings
parse_options(int argc, char **argv)
{
	struct settings settings = {.filter = PD_FILTER_SETTINGS, .filter.result = "linearization",
		.initial = jv_invalid(), .linearize = {.timeout = 60000000,
		.max_memory = (size_t)1 << 30, .jobs = 1}};
	const char *value;
	int option;

	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings.model = value; break;
		case OPT_SPEC: settings.spec = value; break;
		case OPT_INITIAL: parse_initial(&settings, value); break;
		case OPT_TIMEOUT:
			settings.linearize.timeout = pd_option_duration("timeout", value);
			break;
		case OPT_MAX_MEMORY:
			settings.linearize.max_memory = pd_option_size("max-memory", value);
			break;
		case OPT_JOBS:
			settings.linearize.jobs = (int)pd_option_number("jobs", value, 1, 256);
			break;
		case OPT_COUNT: settings.count = true; break;
		case OPT_FEASIBILITY: settings.feasibility = true; break;
		case OPT_ALL:
			settings.all = pd_option_number("all", value, 1, 1000000);
			break;
		case OPT_TIMELINE: settings.timeline = true; break;
		case OPT_ALLOW_VACUOUS: settings.allow_vacuous = true; break;
		default: pd_filter_option(&settings.filter, option, value);
		}
	}
	if ((settings.model == NULL) == (settings.spec == NULL))
		pd_usage_error("either -m MODEL or --spec NAME must say what is right");
	return settings;
}

/* One specification for each job: they share nothing. */
static void
open_specifications(struct session *session)
{
	const struct settings *settings = session->settings;
	size_t jobs = (size_t)settings->linearize.jobs;
	struct pd_error error;

	session->specifications = pd_allocate(jobs, sizeof(*session->specifications));
	session->models = pd_allocate(jobs, sizeof(*session->models));
	for (size_t i = 0; i < jobs; i++) {
		if (settings->model != NULL) {
			session->models[i] = pd_open_model(settings->model);
			session->specifications[i] = pd_specification_of_model(session->models[i]);
		} else {
			session->specifications[i] = pd_specification_named(settings->spec, &error);
			if (session->specifications[i] == NULL)
				pd_die(&error);
		}
	}
	session->model = session->models[0];
}

static void
close_specifications(struct session *session)
{
	for (int i = 0; i < session->settings->linearize.jobs; i++) {
		pd_specification_close(session->specifications[i]);
		if (session->models[i] != NULL)
			pd_model_close(session->models[i]);
	}
	free(session->specifications);
	free(session->models);
}

/* What was remembered of earlier histories helps with the next, up to a point. */
static void
forget(struct session *session)
{
	size_t limit = session->settings->linearize.max_memory;

	for (int i = 0; i < session->settings->linearize.jobs; i++) {
		if (limit > 0 && pd_specification_memory(session->specifications[i]) >
		    limit / 4 / (size_t)session->settings->linearize.jobs)
			pd_specification_forget(session->specifications[i]);
	}
}

static void
count_verdict(struct session *session, enum pd_linearizable verdict)
{
	session->judged++;
	session->refuted += verdict == PD_NOT_LINEARIZABLE;
	session->unknown += verdict == PD_LINEARIZE_UNKNOWN;
}

/*
 * Orders: counted, and one by one.
 */
static struct pd_bounds
bounds_of(const struct session *session)
{
	const struct pd_linearize_options *how = &session->settings->linearize;

	return pd_bounds_start(how->timeout, how->max_memory,
	    how->interrupted, how->context);
}

/* What a walk over all orders could not tell within its bounds. */
static void
note_end(struct session *session, enum pd_orders_end end,
    const struct pd_error *error)
{
	if (end == PD_ORDERS_LIMIT)
		session->uncounted++;
	else if (end == PD_ORDERS_ERROR)
		pd_filter_problem(&session->filter, error, "orders could not be counted");
}

struct found {
	const struct pd_history *history;
	jv orders;
	int64_t left;
};

static bool
on_order(void *context, const size_t *order, size_t count)
{
	struct found *found = context;

	if (found->left == 0)
		return false;
	found->left--;
	found->orders = jv_array_append(found->orders,
	    pd_linearization_ids(found->history, order, count));
	return true;
}

static jv
add_all(struct session *session, const struct pd_history *history, jv initial,
    jv record)
{
	struct pd_bounds bounds = bounds_of(session);
	struct found found = {history, jv_array(), session->settings->all};
	struct pd_error error = PD_ERROR_INIT;
	enum pd_orders_end end = pd_orders_find(session->specifications[0], history,
	    initial, &bounds, on_order, &found, &error);

	note_end(session, end, &error);
	record = pd_json_set(record, "orders", found.orders);
	return pd_json_set(record, "more_orders",
	    jv_bool(end == PD_ORDERS_STOPPED || end == PD_ORDERS_LIMIT));
}

static jv
add_count(struct session *session, const struct pd_history *history, jv initial,
    jv record)
{
	struct pd_bounds bounds = bounds_of(session);
	struct pd_error error = PD_ERROR_INIT;
	char *digits;
	enum pd_orders_end end = pd_orders_count(session->specifications[0], history,
	    initial, &bounds, &digits, &error);

	note_end(session, end, &error);
	if (digits != NULL)
		record = pd_json_set_string(record, "count", digits);
	free(digits);
	return record;
}

static jv
add_feasibility(struct session *session, const struct pd_history *history,
    jv record)
{
	struct pd_bounds bounds = bounds_of(session);
	double logarithm = 0;
	char *digits = pd_orders_feasible(history, &bounds, &logarithm);
	jv feasible = digits != NULL ?
	    pd_json_set_string(jv_object(), "orders", digits) :
	    pd_json_set_number(jv_object(), "log10", logarithm);

	free(digits);
	return pd_json_set(record, "feasible", feasible);
}

static jv
add_orders(struct session *session, const struct pd_history *history,
    jv initial, jv record)
{
	const struct settings *settings = session->settings;

	if (settings->feasibility)
		record = add_feasibility(session, history, record);
	if (settings->count)
		record = add_count(session, history, initial, record);
	return settings->all > 0 ? add_all(session, history, initial, record) : record;
}

/* Judge a history and write what came of it. Consumes the head of the record,
 * which names the history. */
static void
judge(struct session *session, const struct pd_history *history, jv initial,
    jv head)
{
	const struct settings *settings = session->settings;
	struct pd_linearization result;
	struct pd_error error = PD_ERROR_INIT;

	if (jv_is_valid(settings->initial))
		initial = settings->initial;
	if (pd_linearize(session->specifications, history, initial,
	    &settings->linearize, &result, &error) == PD_LINEARIZE_ERROR) {
		pd_filter_problem(&session->filter, &error,
		    "a history could not be judged");
		jv_free(head);
	} else {
		jv record = pd_linearization_record(session->specifications[0], history,
		    &result, settings->timeline);
		count_verdict(session, result.verdict);
		pd_filter_result(&session->filter, jv_object_merge(head,
		    add_orders(session, history, initial, record)));
	}
	pd_linearization_free(&result);
	forget(session);
}

/*
 * Histories of op records.
 */
/* What lacks an operation is not judged: it might be the one that explains. */
static void
leave_undecided(struct session *session, jv head)
{
	struct pd_linearization nothing = {.verdict = PD_LINEARIZE_UNKNOWN,
		.key = jv_invalid(), .state = jv_invalid(), .expected = jv_array()};

	snprintf(nothing.reason, sizeof(nothing.reason),
	    "line %ld could not be read", session->unread);
	session->judged++;
	session->unreadable++;
	pd_filter_result(&session->filter, jv_object_merge(head,
	    pd_linearization_record(session->specifications[0], &session->history,
	    &nothing, false)));
	pd_linearization_free(&nothing);
}

static void
finish_history(struct session *session)
{
	jv head = pd_json_set_string(jv_object(), "type", "linearization");

	if (jv_is_valid(session->name))
		head = pd_json_set(head, "history", jv_copy(session->name));
	if (session->unread > 0)
		leave_undecided(session, head);
	else if (session->history.count > 0)
		judge(session, &session->history, jv_invalid(), head);
	else
		jv_free(head);
	pd_history_free(&session->history);
	session->unread = 0;
}

/* A history that goes on after another one was judged in parts: refuse it. */
static int
note_name(struct session *session, jv name, struct pd_error *error)
{
	jv text = pd_json_identity(jv_is_valid(name) ? name : jv_null());
	size_t known = session->names.count;
	bool fresh = (size_t)pd_intern(&session->names, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text))) == known;

	if (!fresh) {
		pd_error_set(error, "op record: history %s was over, and goes on here",
		    jv_string_value(text));
		pd_error_hint(error, "operations of a history follow one another: sort "
		    "them by \"history\" first");
	}
	jv_free(text);
	return fresh ? 0 : -1;
}

/* Does a record begin another history? Then the one before it is judged. */
static int
take_name(struct session *session, jv record, struct pd_error *error)
{
	jv name = pd_json_peek(record, "history");
	jv_kind kind = jv_get_kind(name);

	if (kind != JV_KIND_STRING && kind != JV_KIND_NUMBER && kind != JV_KIND_INVALID) {
		jv_free(name);
		pd_error_set(error, "op record: 'history' must be a string or a number");
		return pd_error_hint(error, "operations that have the same one and follow "
		    "one another are a history");
	}
	if (jv_equal(jv_copy(name), jv_copy(session->name))) {
		jv_free(name);
		return 0;
	}
	finish_history(session);
	jv_free(session->name);
	session->name = jv_copy(name);
	return note_name(session, name, error);
}

static void
take_operation(struct session *session, const struct pd_record *line)
{
	struct pd_error error;
	jv record = pd_record_parse(line, &error);
	bool good = jv_is_valid(record);

	if (good) {
		error = (struct pd_error)PD_ERROR_INIT;
		good = take_name(session, record, &error) == 0 &&
		    pd_history_add_record(&session->history, record, &error) == 0;
	}
	if (good) {
		const struct pd_operation *operation =
		    &session->history.list[session->history.count - 1];
		good = pd_specification_check(session->specifications[0],
		    operation->command, operation->events, &error) == 0;
	}
	jv_free(record);
	if (good)
		return;
	session->unread = line->number;
	snprintf(error.file, sizeof(error.file), "%s", line->file);
	error.line = line->number;
	pd_filter_problem(&session->filter, &error, "a line could not be read");
}

/*
 * Runs.
 */
static void
finish_run(struct session *session)
{
	struct pd_recorded run;
	struct pd_history history = PD_HISTORY_INIT;
	struct pd_error error = PD_ERROR_INIT;
	jv state = jv_invalid();
	int result = pd_recorded_parse(&run, session->lines.data,
	    session->lines.length, &error);

	if (result == 0)
		result = pd_run_history(&history, &state, session->model, &run, &error);
	if (result < 0) {
		pd_filter_problem(&session->filter, &error, "a run could not be judged");
	} else if (result == 0) {
		session->linear++;
	} else if (history.count > 0) {
		jv head = pd_json_set(pd_json_set_string(jv_object(), "type",
		    "linearization"), "run", pd_json_peek(run.end, "run"));
		if (pd_json_has_peek(run.end, "attempt"))
			head = pd_json_set(head, "attempt", pd_json_peek(run.end, "attempt"));
		judge(session, &history, state, head);
	}
	jv_free(state);
	pd_history_free(&history);
	pd_recorded_free(&run);
}

static void
take(void *context, const struct pd_record *record)
{
	struct session *session = context;

	if (pd_record_is(record, "op")) {
		take_operation(session, record);
		return;
	}
	if (pd_record_is(record, "run_start")) {
		pd_buffer_clear(&session->lines);
		session->in_run = true;
	}
	if (!session->in_run)
		return;
	pd_buffer_append(&session->lines, record->line, record->length);
	pd_buffer_text(&session->lines, "\n");
	if (pd_record_is(record, "run_end")) {
		session->in_run = false;
		finish_run(session);
	}
}

/* Parts may have gone to any of the specifications. */
static bool
judges(const struct session *session)
{
	for (int i = 0; i < session->settings->linearize.jobs; i++) {
		if (pd_specification_judges(session->specifications[i]))
			return true;
	}
	return false;
}

/* Never green for nothing. */
static void
note_empty(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;

	if (session->unknown > 0) {
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64
		    " histories are undecided", session->unknown, session->judged);
		warnx("%" PRId64 " of %" PRId64 " histories are undecided: --timeout and "
		    "--max-memory allow for more", session->unknown, session->judged);
	}
	if (session->uncounted > 0) {
		pd_counts_problem(counts, "the orders of %" PRId64
		    " histories are too many to be counted or found", session->uncounted);
		warnx("the orders of %" PRId64 " histories are too many to be counted or "
		    "found: --timeout and --max-memory allow for more", session->uncounted);
	}
	if (session->settings->allow_vacuous ||
	    pd_filter_interrupted(&session->filter))
		return;
	const char *why = NULL;
	if (session->judged == 0)
		why = session->linear > 0 ? "no run had branches" :
		    "there was neither an op record nor a run";
	else if (!judges(session))
		why = "the model has neither simulate nor legal for any command, so that "
		    "every answer is right";
	if (why != NULL) {
		pd_counts_problem(counts, "nothing was judged: %s", why);
		warnx("nothing was judged: %s", why);
	}
}

static bool
is_interrupted(void *context)
{
	return pd_filter_interrupted(context);
}

int
main(int argc, char **argv)
{
	pd_program_start();
	struct settings settings = parse_options(argc, argv);
	struct session session = {.settings = &settings, .name = jv_invalid(),
		.lines = PD_BUFFER_INIT, .history = PD_HISTORY_INIT};

	open_specifications(&session);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, argc, NULL);
	settings.linearize.interrupted = is_interrupted;
	settings.linearize.context = &session.filter;
	pd_filter_process(&session.filter, take, &session);
	finish_history(&session);
	note_empty(&session);
	close_specifications(&session);
	pd_buffer_free(&session.lines);
	pd_interner_free(&session.names);
	jv_free(session.name);
	jv_free(settings.initial);
	return pd_filter_close(&session.filter, session.refuted > 0);
}
