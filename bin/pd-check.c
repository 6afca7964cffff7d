/* SPDX-License-Identifier: MIT */
/* pd-check: judge runs from their records, without the system. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "program.h"
#include "rejudge.h"

enum {
	OPT_CHECKS = 256, OPT_CONFORM, OPT_TRACE, OPT_ALLOW_VACUOUS, OPT_STRICT,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that judges"},
	{OPT_CHECKS, "checks", "MODE", "halt (at the first that fails), record, log or off"},
	{OPT_CONFORM, "conform", NULL, "events must agree with the model's predictions"},
	{OPT_TRACE, "trace", NULL, "write passing checks and every run's last state"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind if nothing was tested"},
	{OPT_STRICT, "strict", NULL, "mind each single check that was never triggered"},
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-check",
	.synopsis = "-m MODEL [--checks MODE] [--conform] [--trace] [--allow-vacuous]\n"
	    "                [--strict] [-q] [--progress] [--max-line SIZE] [--line-buffered]\n"
	    "                [FILE ...]",
	.purpose = "Judge runs from their records, without the system.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	struct pd_projection_options projection;
	struct pd_redaction redaction;
	const char *model;
	bool allow_vacuous, strict;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_model *model;
	struct pd_rejudge rejudge;
	jv latest;		/* the latest run_end, or invalid */
};

static void
log_check(const char *text)
{
	warnx("%s", text);
}

static void
set_option(struct settings *settings, int option, const char *value)
{
	static const char *const modes[] = {"halt", "record", "log", "off", NULL};

	switch (option) {
	case 'm': settings->model = value; break;
	case OPT_CHECKS:
		settings->projection.checks =
		    (enum pd_check_mode)pd_option_choice("checks", value, modes);
		break;
	case OPT_CONFORM: settings->projection.conform = true; break;
	case OPT_TRACE: settings->projection.trace = true; break;
	case OPT_ALLOW_VACUOUS: settings->allow_vacuous = true; break;
	case OPT_STRICT: settings->strict = true; break;
	default: pd_filter_option(&settings->filter, option, value);
	}
}

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS,
		.projection.log = log_check};
	settings->filter.format = "json";
	pd_redaction_start(&settings->redaction);
	settings->projection.redaction = &settings->redaction;
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		set_option(settings, option, value);
}

static void
on_run_end(void *context, jv end)
{
	struct session *session = context;
	struct pd_counts *counts = &session->filter.counts;

	pd_counts_run(counts, end);
	jv_free(session->latest);
	session->latest = jv_copy(end);
	pd_filter_progress(&session->filter, "%" PRId64 " runs judged, %" PRId64
	    " failed", counts->runs, counts->failed);
}

/* A failure record tells of the run before it. It stays if the run still fails so,
 * and if it belongs to no run that was judged here. */
static bool
is_outdated(const struct session *session, jv failure)
{
	jv told = pd_json_peek(failure, "failure");
	jv now = pd_json_peek(session->latest, "failure");
	bool same_run = jv_is_valid(session->latest) &&
	    pd_json_peek_number(failure, "run", -1) ==
	    pd_json_peek_number(session->latest, "run", -2);
	bool outdated = same_run && (!jv_is_valid(now) || !pd_same_failure(told, now));

	jv_free(told);
	jv_free(now);
	return outdated;
}

/* A command or event that is nothing to fold. */
static bool
is_foldable(struct session *session, const struct pd_record *record, jv value)
{
	struct pd_error error;
	jv object = pd_json_peek(value, record->type);
	bool good = pd_json_kind_peek(object, "type") == JV_KIND_STRING;

	jv_free(object);
	if (good)
		return true;
	pd_error_set(&error, "the %s record has no %s: an object with a type",
	    record->type, record->type);
	snprintf(error.file, sizeof(error.file), "%s", record->file);
	error.line = record->number;
	session->filter.counts.rejected++;
	pd_filter_problem(&session->filter, &error, "a line could not be read");
	return false;
}

static void
take_record(void *context, const struct pd_record *record)
{
	static const char *const parsed[] = {"command", "event", "run_start", "run_end",
		"failure"};
	struct session *session = context;
	jv value = jv_invalid();

	for (size_t i = 0; i < sizeof(parsed) / sizeof(parsed[0]); i++) {
		if (!pd_record_is(record, parsed[i]))
			continue;
		value = pd_filter_parse(&session->filter, record);
		if (!jv_is_valid(value))
			return;
		if (i < 2 && !is_foldable(session, record, value)) {
			jv_free(value);
			return;
		}
	}
	if (pd_record_is(record, "failure") && is_outdated(session, value))
		jv_free(value);
	else
		pd_rejudge_take(&session->rejudge, record->type, value, record->line,
		    record->length);
}

/* Secrets were folded as what stands in their place: what reads them proves
 * nothing. */
static void
warn_of_secrets(struct session *session)
{
	jv names = jv_keys(jv_copy(session->rejudge.redacted));

	pd_filter_clear_progress(&session->filter);
	jv_array_foreach(names, i, name) {
		warnx("%s is redacted in the records: no check that reads it can be judged",
		    jv_string_value(name));
		jv_free(name);
	}
	jv_free(names);
}

/* Say why nothing was proved, if it was not said before. */
static void
note_empty(struct session *session)
{
	const struct settings *settings = session->settings;
	struct pd_counts *counts = &session->filter.counts;
	int before = pd_filter_problems(&session->filter);

	if (settings->allow_vacuous || pd_filter_interrupted(&session->filter))
		return;
	if (session->rejudge.evidence.runs == 0)
		pd_counts_problem(counts, "nothing was judged: the input had no run and "
		    "no event");
	else
		pd_evidence_note_empty(&session->rejudge.evidence,
		    settings->projection.checks != PD_CHECKS_OFF,
		    settings->projection.conform, pd_projection_promises(session->model), counts);
	if (settings->strict && settings->projection.checks != PD_CHECKS_OFF)
		pd_projection_note_silent(session->model, counts->fired, counts);
	pd_filter_tell_problems(&session->filter, before);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .latest = jv_invalid()};

	pd_program_start();
	parse_options(&settings, argc, argv);
	session.model = pd_open_model(settings.model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, argc, NULL);
	session.filter.hold = session.filter.judges = true;
	pd_rejudge_start(&session.rejudge, session.model, &settings.projection,
	    &session.filter.writer, on_run_end, &session);
	pd_filter_process(&session.filter, take_record, &session);
	pd_rejudge_finish(&session.rejudge);
	warn_of_secrets(&session);
	note_empty(&session);
	int status = pd_filter_close(&session.filter, session.filter.counts.failed > 0);
	pd_rejudge_free(&session.rejudge);
	pd_model_close(session.model);
	pd_redaction_free(&settings.redaction);
	jv_free(session.latest);
	return status;
}
