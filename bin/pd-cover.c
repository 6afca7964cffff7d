/* SPDX-License-Identifier: MIT */
/* pd-cover: tell what runs exercised, and what they did not. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "coverage.h"
#include "filter.h"
#include "json.h"
#include "observe.h"
#include "program.h"
#include "threshold.h"

enum {
	OPT_MERGE = 256, OPT_FAIL_UNDER, OPT_VIEW, OPT_SAVE, OPT_MAX_STATES,
	OPT_NO_STATES, OPT_ALLOW_VACUOUS,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "count what it says there is, and the states that runs were in"},
	{OPT_MERGE, "merge", NULL, "add up coverage records in place of counting runs"},
	{OPT_FAIL_UNDER, "fail-under", "LIST", "exit with 1 under command=80,transition=50 ..."},
	{OPT_VIEW, "view", "NAME", "of text: summary, matrix, state-classes or full (summary)"},
	{OPT_SAVE, "save", "FILE", "write the coverage record there as well"},
	{OPT_MAX_STATES, "max-states", "N", "count so many different states exactly (4096)"},
	{OPT_NO_STATES, "no-states", NULL, "do not fold: leave states and their classes out"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind that nothing ran"},
	{PD_OPTION_FORMAT, "format", "NAME", "json for records; terminal, compact, markdown, html"},
	{PD_OPTION_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-cover",
	.synopsis = "[-m MODEL] [--merge] [--fail-under LIST] [--view NAME] [--save FILE]\n"
	    "                [--max-states N] [--no-states] [--allow-vacuous]\n"
	    "                [--format NAME] [--color WHEN] [--max-line SIZE]\n"
	    "                [--line-buffered] [FILE ...]",
	.purpose = "Tell what runs exercised, and what they did not.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *save, *view;
	jv thresholds;
	int64_t max_states;	/* 0: not given */
	bool merge, no_states, allow_vacuous;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_coverage coverage;
	struct pd_observer observer;
	int64_t merged;		/* coverage records */
	int64_t unfolded;	/* runs */
	bool missed;		/* a threshold */
};

static const char *const views[] = {"summary", "matrix", "state-classes", "full", NULL};

static void
add_thresholds(struct settings *settings, const char *value)
{
	struct pd_error error = PD_ERROR_INIT;

	settings->thresholds = pd_thresholds_parse(settings->thresholds, value, &error);
	if (!jv_is_valid(settings->thresholds))
		pd_usage_error("--fail-under: %s (%s)", error.message, error.hint[0] != '\0' ?
		    error.hint : "for example command=80,transition=50");
}

static struct settings
parse_options(int argc, char **argv)
{
	struct settings settings = {.filter = PD_FILTER_SETTINGS, .filter.result = "coverage", .view = views[0],
		.thresholds = jv_object()};
	const char *value;
	int option;

	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings.model = value; break;
		case OPT_MERGE: settings.merge = true; break;
		case OPT_FAIL_UNDER: add_thresholds(&settings, value); break;
		case OPT_VIEW:
			settings.view = views[pd_option_choice("view", value, views)];
			break;
		case OPT_SAVE: settings.save = value; break;
		case OPT_MAX_STATES:
			settings.max_states = pd_option_number("max-states", value,
			    PD_SKETCH_LEAST, PD_SKETCH_MOST);
			break;
		case OPT_NO_STATES: settings.no_states = true; break;
		case OPT_ALLOW_VACUOUS: settings.allow_vacuous = true; break;
		default: pd_filter_option(&settings.filter, option, value);
		}
	}
	if (settings.merge && settings.model != NULL)
		pd_usage_error("--merge adds up what was counted with a model already: leave -m out");
	/* The lowest number of the parts holds for their sum. */
	if (settings.max_states == 0)
		settings.max_states = settings.merge ? PD_SKETCH_MOST : 4096;
	return settings;
}

static void
merge(struct session *session, const struct pd_record *line)
{
	struct pd_error error = PD_ERROR_INIT;
	jv record = pd_record_parse(line, &error);

	if (!jv_is_valid(record) ||
	    pd_coverage_merge(&session->coverage, record, &error) != 0) {
		if (error.file[0] == '\0') {
			snprintf(error.file, sizeof(error.file), "%s", line->file);
			error.line = line->number;
		}
		pd_filter_problem(&session->filter, &error, "a coverage could not be added");
	} else {
		session->merged++;
	}
	jv_free(record);
}

/* The first run that cannot be folded is told, all are counted: a model that
 * does not fit would have the same to say of every one. */
static void
observe(struct session *session, const struct pd_record *line)
{
	struct pd_error error = PD_ERROR_INIT;

	switch (pd_observe(&session->observer, line, &error)) {
	case PD_OBSERVED:
		break;
	case PD_OBSERVED_UNFOLDED:
		if (session->unfolded++ == 0)
			pd_complain(&error);
		break;
	case PD_OBSERVED_UNREAD:
		/* Of a run_end the filter has told. */
		if (!pd_record_is(line, "run_end"))
			pd_filter_problem(&session->filter, &error, "a line could not be read");
		break;
	}
}

static void
take_record(void *context, const struct pd_record *line)
{
	struct session *session = context;

	if (session->settings->merge && pd_record_is(line, "coverage")) {
		merge(session, line);
		return;
	}
	pd_filter_pass(&session->filter, line);
	if (!session->settings->merge)
		observe(session, line);
}

static void
note_problems(struct session *session)
{
	struct pd_counts *counts = &session->filter.counts;
	const struct pd_coverage *coverage = &session->coverage;
	int64_t left_out = pd_coverage_left_out(coverage);

	if (session->unfolded > 0)
		pd_counts_problem(counts, "%" PRId64 " of %" PRId64 " runs could not be "
		    "folded: their states are not counted", session->unfolded, coverage->runs);
	if (left_out > 0) {
		pd_counts_problem(counts, "%" PRId64 " names were left out: there are more "
		    "than %d", left_out, PD_OCCURRENCES_LIMIT);
		warnx("%" PRId64 " names were left out: there are more than %d (does classify "
		    "put states together?)", left_out, PD_OCCURRENCES_LIMIT);
	}
	if (session->settings->allow_vacuous || coverage->commands > 0 ||
	    coverage->events > 0)
		return;
	const char *why = session->settings->merge && session->merged == 0 ?
	    "the input had no coverage record" : coverage->runs == 0 ?
	    "the input had no run" : "no command was answered in any run, and no event came";
	pd_counts_problem(counts, "%s", why);
	warnx("%s%s", why, session->settings->merge ? " (pd-cover writes them)" :
	    " (pd-exec writes runs)");
}

/* What was asked for and cannot be told leaves the question open. */
static jv
judge(struct session *session, jv record)
{
	jv results = pd_thresholds_judge(session->settings->thresholds, record);

	if (jv_array_length(jv_copy(results)) == 0) {
		jv_free(results);
		return record;
	}
	jv_array_foreach(results, i, result) {
		const char *name = pd_json_peek_string(result, "dimension", "");
		if (!pd_json_has_peek(result, "met")) {
			pd_counts_problem(&session->filter.counts, "how much of %s is covered "
			    "cannot be told: nobody says how many there are", name);
			warnx("how much of %s is covered cannot be told: nobody says how many "
			    "there are (-m MODEL does%s)", name, strcmp(name, "state_class") == 0 ?
			    ", with state_classes in its metadata" : "");
		} else if (!pd_json_peek_bool(result, "met", true)) {
			session->missed = true;
			warnx("%s: %g is under %g", name, pd_json_peek_number(result, "got", 0),
			    pd_json_peek_number(result, "wanted", 0));
		}
		jv_free(result);
	}
	return pd_json_set(record, "thresholds", results);
}

static void
save(const struct settings *settings, jv record)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	if (settings->save == NULL)
		return;
	pd_json_append_peek(&text, record);
	pd_buffer_text(&text, "\n");
	FILE *file = fopen(settings->save, "w");
	if (file == NULL)
		err(PD_EXIT_TROUBLE, "%s", settings->save);
	size_t written = fwrite(text.data, 1, text.length, file);
	int closed = fclose(file);
	if (written != text.length || closed != 0)
		err(PD_EXIT_TROUBLE, "%s", settings->save);
	pd_buffer_free(&text);
}

static void
write_record(struct session *session)
{
	const struct settings *settings = session->settings;
	jv record = judge(session, pd_coverage_record(&session->coverage));

	save(settings, record);
	if (session->filter.template != NULL)
		record = pd_json_set_string(record, "view", settings->view);
	pd_filter_result(&session->filter, record);
}

int
main(int argc, char **argv)
{
	struct pd_error error = PD_ERROR_INIT;
	struct pd_model *model = NULL;

	pd_program_start();
	struct settings settings = parse_options(argc, argv);
	struct session session = {.settings = &settings};
	pd_coverage_start(&session.coverage, (size_t)settings.max_states);
	if (settings.model != NULL) {
		model = pd_open_model(settings.model);
		if (pd_coverage_declare(&session.coverage, model, &error) != 0)
			pd_die(&error);
	}
	pd_observer_start(&session.observer, &session.coverage,
	    settings.no_states ? NULL : model);
	pd_filter_open(&session.filter, &settings.filter, argc, argv, argc, NULL);
	session.filter.hold = true;
	pd_filter_process(&session.filter, take_record, &session);
	pd_observer_end(&session.observer);
	write_record(&session);
	note_problems(&session);
	int status = pd_filter_close(&session.filter, session.missed);
	pd_observer_free(&session.observer);
	pd_coverage_free(&session.coverage);
	pd_model_close(model);
	jv_free(settings.thresholds);
	return status;
}
