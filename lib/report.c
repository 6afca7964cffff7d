/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "failure_file.h"
#include "failure_save.h"
#include "json.h"
#include "latest.h"
#include "location.h"
#include "overview.h"
#include "recorded.h"
#include "retrace.h"
#include "share.h"

enum { ANSWER_NO = 1, TROUBLE = 2 };	/* exit statuses, as end records tell them */

struct pd_report {
	const struct pd_report_settings *settings;
	struct pd_outputs *outputs;
	struct pd_locations *locations;	/* NULL when no format wants them */
	struct pd_overview *overview;	/* NULL when no format asks for it */
	bool retracing;		/* some format asks for that */
	struct pd_retrace retrace;
	struct pd_counts counts;
	jv header;
	jv seen;		/* {"kind name": times}: failures */
	jv unknown;		/* {type: true}: results that no format has words for */
	bool told;		/* some result was told */
	int64_t saved, unsaved;	/* failures; the second could not be */
	struct pd_error save_error;	/* why the first of them could not */
	int64_t started;	/* microseconds since 1970 */
	bool answer_no;		/* somebody upstream said so */
	struct pd_latest latest;	/* the present run */
	bool pending;		/* it failed, and no failure record has come yet */
	int64_t number;		/* failures */
	int64_t broken;		/* those that are the system's: a promise was broken */
	int64_t duration;	/* of all runs, microseconds */
};

struct pd_report *
pd_report_open(const struct pd_report_settings *settings,
    struct pd_outputs *outputs, struct pd_error *error)
{
	struct pd_report *report = pd_allocate(1, sizeof(*report));

	*report = (struct pd_report){.settings = settings, .outputs = outputs,
		.latest = PD_LATEST_INIT, .header = jv_invalid(), .seen = jv_object(),
		.unknown = jv_object(), .started = settings->clock()};
	pd_counts_start(&report->counts);
	if (pd_outputs_want(outputs, "locations"))
		report->locations = pd_locations_new();
	pd_retrace_start(&report->retrace, settings->model);
	report->retracing = pd_outputs_want(outputs, "retraced");
	if (pd_outputs_want(outputs, "overview"))
		report->overview = pd_overview_new();
	if (pd_outputs_header(outputs, error) == 0)
		return report;
	pd_report_close(report);
	return NULL;
}

void
pd_report_close(struct pd_report *report)
{
	pd_counts_free(&report->counts);
	pd_overview_free(report->overview);
	pd_retrace_free(&report->retrace);
	pd_latest_free(&report->latest);
	if (report->locations != NULL)
		pd_locations_free(report->locations);
	jv_free(report->header);
	jv_free(report->seen);
	jv_free(report->unknown);
	free(report);
}

const struct pd_counts *
pd_report_counts(const struct pd_report *report)
{
	return &report->counts;
}

/* What is told as trouble is missing in the report, whose summary says so. */
static void
note_trouble(void *context, const struct pd_error *error)
{
	struct pd_report *report = context;
	char text[2560];

	report->settings->trouble(report->settings->context, error);
	pd_counts_problem(&report->counts, "the input could not be read: %s",
	    pd_error_text(error, text, sizeof(text)));
}

void
pd_report_bad_line(struct pd_report *report, const struct pd_error *error)
{
	report->counts.rejected++;
	note_trouble(report, error);
}

/* Save a failure, if it is one of those that are told in full. Where, which the caller
 * frees, or NULL. Trouble is told once, and counted: a full disk would have the same
 * to say of all that follow. */
static char *
save_failure(struct pd_report *report, jv failure, bool again)
{
	const struct pd_report_settings *settings = report->settings;
	struct pd_error error;

	if (settings->save == NULL || (again && !settings->save_all &&
	    !pd_json_has_peek(failure, "shrunk")))
		return NULL;
	char *path = pd_failure_save(settings->save, failure, settings->clock(),
	    settings->overwrite ? report->started : 0, &error);
	if (path != NULL) {
		report->saved++;
	} else if (report->unsaved++ == 0) {
		settings->trouble(settings->context, &error);
		report->save_error = error;
	}
	return path;
}

/* What formats are told beside a failure record, which is borrowed. */
static jv
make_style(struct pd_report *report, jv failure, const char *saved)
{
	jv style = jv_object();
	jv location = report->locations == NULL ? jv_invalid() :
	    pd_locations_find(report->locations, failure);

	if (saved != NULL)
		style = pd_json_set_string(style, "saved", saved);
	if (report->retracing)
		style = pd_json_set(style, "retraced",
		    pd_retrace_failure(&report->retrace, failure));
	return jv_is_valid(location) ? pd_json_set(style, "location", location) : style;
}

/* Consumes the failure record. */
static void
report_failure(struct pd_report *report, jv failure)
{
	jv cause = pd_json_peek(failure, "failure");
	char *key = pd_failure_key(cause);
	double seen = pd_json_peek_number(report->seen, key, 0);
	char *path = save_failure(report, failure, seen > 0);

	report->number++;
	report->broken += strcmp(pd_json_peek_string(cause, "class", ""), "assertion") == 0;
	report->seen = pd_json_set_number(report->seen, key, seen + 1);
	pd_outputs_failure(report->outputs, key, failure,
	    make_style(report, failure, path), note_trouble, report);
	free(path);
	free(key);
	jv_free(cause);
}

/* A run failed and nobody made a failure record of it: do it here. */
static void
report_pending(struct pd_report *report)
{
	if (!report->pending)
		return;
	report->pending = false;
	report_failure(report, pd_latest_failure(&report->latest, report->header,
	    note_trouble, report));
}

/* An invalid jv if the line cannot be read, which is noted. */
static jv
parse(struct pd_report *report, const struct pd_record *record)
{
	struct pd_error error;
	jv value = pd_record_parse(record, &error);

	if (!jv_is_valid(value))
		note_trouble(report, &error);
	return value;
}

static void
take_run_end(struct pd_report *report, const struct pd_record *record)
{
	jv end = parse(report, record);

	if (jv_is_valid(end)) {
		pd_counts_run(&report->counts, end);
		if (report->overview != NULL)
			pd_overview_end_run(report->overview, end);
		report->duration += (int64_t)pd_json_peek_number(end, "duration_us", 0);
		report->pending = pd_json_has_peek(end, "failure");
	}
	jv_free(end);
}

static void
take_failure(struct pd_report *report, const struct pd_record *record)
{
	struct pd_error error;
	jv failure = parse(report, record);

	report->pending = false;
	if (!jv_is_valid(failure))
		return;
	if (pd_failure_verify(failure, &error) != 0) {
		snprintf(error.file, sizeof(error.file), "%s", record->file);
		error.line = record->number;
		note_trouble(report, &error);
		jv_free(failure);
		return;
	}
	report_failure(report, failure);
}

/* Is this what some program of the suite found out, beside runs and failures?
 * Such records have a schema. */
static bool
is_result(const struct pd_record *record)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	static const char *const others[] = {"sequence", "run_start", "command", "event",
		"check", "run_end", "state", "reject", "op", "request", "definitions"};

	if (record->type[0] == '\0' || record->type[strspn(record->type, letters)] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (pd_record_is(record, others[i]))
			return false;
	char *name = pd_format("schema/%s.json", record->type);
	char *path = pd_share_path(name);
	bool known = access(path, R_OK) == 0;
	free(path);
	free(name);
	return known;
}

static void
take_result(struct pd_report *report, const struct pd_record *record)
{
	bool known = pd_outputs_know(report->outputs, record->type);
	jv result = known ? parse(report, record) : jv_invalid();

	if (known && !jv_is_valid(result))
		return;
	if (known)
		report->told = true;
	else
		report->unknown = pd_json_set(report->unknown, record->type, jv_true());
	pd_outputs_result(report->outputs, record->type, result, note_trouble, report);
}

static void
take_end(struct pd_report *report, const struct pd_record *record)
{
	jv end = parse(report, record);

	if (jv_is_valid(end))
		pd_counts_upstream(&report->counts, end);
	report->answer_no |= pd_json_peek_number(end, "status", 0) == ANSWER_NO;
	jv_free(end);
}

/* Whoever has the run's other records lacks this one. */
static void
take_overview(struct pd_report *report, const struct pd_record *record)
{
	struct pd_error error;

	if (report->overview != NULL &&
	    pd_overview_take(report->overview, record, &error) != 0)
		note_trouble(report, &error);
}

void
pd_report_take(struct pd_report *report, const struct pd_record *record)
{
	if (pd_record_is(record, "failure")) {
		take_failure(report, record);
		return;
	}
	report_pending(report);
	pd_latest_take(&report->latest, record);
	take_overview(report, record);
	if (pd_record_is(record, "stream")) {
		jv_free(report->header);
		report->header = parse(report, record);
	} else if (pd_record_is(record, "end")) {
		take_end(report, record);
	} else if (pd_record_is(record, "run_end")) {
		take_run_end(report, record);
	} else if (is_result(record)) {
		take_result(report, record);
	}
}

/* Nothing at all could be reported: say why. */
static void
note_nothing(struct pd_report *report)
{
	jv types = jv_keys(jv_copy(report->unknown));

	if (jv_array_length(jv_copy(types)) == 0) {
		pd_counts_problem(&report->counts, "the input had no run");
	} else {
		jv first = jv_array_get(jv_copy(types), 0);
		pd_counts_problem(&report->counts, "no format that was asked for has words "
		    "for records of type %s", jv_string_value(first));
		jv_free(first);
	}
	jv_free(types);
}

/* A stream may hold failure records alone, kept from an earlier run, or what
 * was found out about some. */
static void
note_empty(struct pd_report *report)
{
	struct pd_counts *counts = &report->counts;

	if (counts->runs == 0 && report->number == 0 && !report->told &&
	    jv_array_length(jv_copy(counts->problems)) == 0)
		note_nothing(report);
	if (counts->errors == 0 && report->number > report->broken)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " failures "
		    "are no broken promise: the system could not be judged",
		    report->number - report->broken, report->number);
	if (report->settings->allow_vacuous) {
		jv_free(counts->problems);
		counts->problems = jv_array();
	}
}

/* Whoever asked for files must hear that some are missing, whatever else he
 * does not mind. */
static void
note_unsaved(struct pd_report *report)
{
	char text[2560];

	if (report->unsaved > 0)
		pd_counts_problem(&report->counts, "%" PRId64 " failure%s could not be "
		    "saved: %s", report->unsaved, report->unsaved == 1 ? "" : "s",
		    pd_error_text(&report->save_error, text, sizeof(text)));
}

/* A failure record counts like the run that it was made of. */
static int
exit_status(const struct pd_report *report)
{
	int status = pd_counts_status(&report->counts);

	if (report->broken > 0 || report->answer_no)
		return ANSWER_NO;
	return status == 0 && report->number > 0 ? TROUBLE : status;
}

/* What was saved, for the summary. */
static jv
make_saved(const struct pd_report *report)
{
	jv saved = pd_json_set_string(jv_object(), "directory", report->settings->save);

	saved = pd_json_set_number(saved, "files", (double)report->saved);
	return pd_json_set_number(saved, "left_out",
	    (double)(report->number - report->saved));
}

/* The end record of the input so far, and what only a report knows. */
static jv
make_summary(const struct pd_report *report, int status)
{
	jv summary = jv_object_delete(pd_stream_end(&report->counts, status),
	    jv_string("type"));
	jv seed = pd_json_peek(report->header, "seed");
	jv model = pd_json_peek(report->header, "model");

	if (!pd_json_has_peek(summary, "problems"))
		summary = pd_json_set(summary, "problems", jv_array());
	if (report->settings->save != NULL)
		summary = pd_json_set(summary, "saved", make_saved(report));
	summary = pd_json_set_number(summary, "seconds",
	    (double)(report->duration / 1000) / 1000);
	summary = jv_is_valid(model) ? pd_json_set(summary, "model", model) : summary;
	return jv_is_valid(seed) ? pd_json_set(summary, "seed", seed) : summary;
}

int
pd_report_finish(struct pd_report *report, const struct pd_reader *reader,
    int number, struct pd_error *error)
{
	report_pending(report);
	pd_counts_input(&report->counts, reader);
	note_empty(report);
	note_unsaved(report);
	pd_counts_close(&report->counts);
	int status = number != 0 ? 128 + number : exit_status(report);
	jv overview = report->overview != NULL ? pd_overview_record(report->overview) :
	    jv_invalid();
	return pd_outputs_summary(report->outputs, make_summary(report, status), overview,
	    error) == 0 ? status : -1;
}
