/* SPDX-License-Identifier: MIT */
/* pd-diagram: draw what happened in a run. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "model.h"
#include "program.h"
#include "reader.h"
#include "retrace.h"
#include "subject.h"
#include "template.h"

enum {
	OPT_ALL = 256, OPT_COLOR, OPT_LIST, OPT_MAX_COMMANDS, OPT_MAX_DRAWINGS,
	OPT_MAX_LINE, OPT_MAX_VALUE_LENGTH, OPT_RUN, OPT_SHOW_STATE,
	OPT_SHOW_TIMESTAMPS, OPT_TITLE, OPT_WIDTH,
};

static const struct pd_option options[] = {
	{'f', "format", "NAME", "timeline, or any of --list"},
	{'m', "model", "MODEL", "the model of --show-state (the one that recorded the run)"},
	{OPT_LIST, "list", NULL, "list the formats"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_RUN, "run", "N", "draw this run; N.A for its attempt A"},
	{OPT_ALL, "all", NULL, "draw those that did not fail, too"},
	{OPT_SHOW_STATE, "show-state", NULL, "what each step changed in the model's state"},
	{OPT_SHOW_TIMESTAMPS, "show-timestamps", NULL, "when each step was, and how long it took"},
	{OPT_MAX_VALUE_LENGTH, "max-value-length", "N", "cut values after so many characters (60)"},
	{OPT_MAX_COMMANDS, "max-commands", "N", "those around the failure, at most so many (50)"},
	{OPT_TITLE, "title", "TEXT", "in place of what the run came to"},
	{OPT_MAX_DRAWINGS, "max-drawings", "N", "draw at most so many, count the rest (20)"},
	{OPT_WIDTH, "width", "N", "columns of text (the terminal's; 100 in a pipe)"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-diagram",
	.synopsis = "[-f NAME] [-o FILE] [--run N] [--all] [--max-drawings N] [--width N]\n"
	    "                  [--color WHEN] [--show-state [-m MODEL]] [--show-timestamps]\n"
	    "                  [--max-value-length N] [--max-commands N] [--title TEXT]\n"
	    "                  [--max-line SIZE] [FILE ...]\n"
	    "       pd-diagram --list",
	.purpose = "Draw what happened in a run.",
	.options = options,
};

struct settings {
	const char *format, *output, *model, *title;
	struct pd_run_choice run;
	bool all, show_state, show_timestamps;
	enum pd_color color;
	int64_t width;	/* 0: what the output has */
	int64_t max_drawings, max_commands;
	int64_t max_value_length;	/* characters */
	size_t max_line;
};

struct session {
	const struct settings *settings;
	struct pd_template *template;
	struct pd_retrace retrace;
	jv told;	/* what was told of the last run's states, or invalid */
	struct pd_writer writer;
	jv first;	/* the first that did not fail, in case that none did */
	int64_t most;	/* drawings */
	int64_t drawn, passed, left_out;
	bool trouble;	/* it was told */
};

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	const char *value;
	int option;

	*settings = (struct settings){.format = "timeline", .max_drawings = 20,
		.max_commands = 50, .max_value_length = 60, .max_line = PD_LINE_LIMIT};
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'f': settings->format = value; break;
		case 'm': settings->model = value; break;
		case 'o': settings->output = value; break;
		case OPT_ALL: settings->all = true; break;
		case OPT_COLOR: settings->color = (enum pd_color)pd_option_choice("color",
			    value, when); break;
		case OPT_LIST: pd_list_formats(PD_DIAGRAM_FORMATS);
		case OPT_MAX_COMMANDS: settings->max_commands =
			    pd_option_number("max-commands", value, 1, INT32_MAX); break;
		case OPT_MAX_DRAWINGS: settings->max_drawings =
			    pd_option_number("max-drawings", value, 1, INT32_MAX); break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		case OPT_MAX_VALUE_LENGTH: settings->max_value_length =
			    pd_option_number("max-value-length", value, 1, INT32_MAX); break;
		case OPT_RUN: settings->run = pd_option_run("run", value); break;
		case OPT_SHOW_STATE: settings->show_state = true; break;
		case OPT_SHOW_TIMESTAMPS: settings->show_timestamps = true; break;
		case OPT_TITLE: settings->title = value; break;
		case OPT_WIDTH: settings->width = pd_option_number("width", value, 40,
			    10000); break;
		}
	}
	if (settings->model != NULL && !settings->show_state)
		pd_usage_error("-m is the model of --show-state, which is missing");
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->trouble = true;
}

/* Write what the format makes of a record. Consumes it. */
static int
render(struct session *session, const char *function, jv record,
    struct pd_error *error)
{
	const struct settings *settings = session->settings;
	jv style = pd_template_style(settings->color, STDOUT_FILENO);

	if (settings->width > 0)
		style = pd_json_set_number(style, "width", (double)settings->width);
	if (settings->title != NULL)
		style = pd_json_set_string(style, "title", settings->title);
	style = pd_json_set_number(style, "max_commands", (double)settings->max_commands);
	style = pd_json_set_number(style, "max_value_length",
	    (double)settings->max_value_length);
	style = pd_json_set(style, "show_timestamps",
	    jv_bool(settings->show_timestamps));
	style = pd_json_set_number(style, "number", (double)session->drawn);
	return pd_template_render(session->template, function, record, style,
	    &session->writer, error);
}

static void
render_frame(struct session *session, const char *function, jv record)
{
	struct pd_error error;

	if (!pd_template_has(session->template, function))
		jv_free(record);
	else if (render(session, function, record, &error) != 0)
		pd_die(&error);
}

/* Add what each step changed in the state. What is to be known about it is told,
 * once for runs in a row. Consumes the subject. */
static jv
add_states(struct session *session, jv subject)
{
	jv traced = pd_retrace_failure(&session->retrace, subject);
	jv reason = pd_json_peek(traced, "reason");
	jv states = pd_json_peek(traced, "steps");

	jv_free(traced);
	if (jv_is_valid(reason) && (!jv_is_valid(session->told) ||
	    !jv_equal(jv_copy(reason), jv_copy(session->told))))
		warnx("%s", jv_string_value(reason));
	jv_free(session->told);
	session->told = reason;
	return pd_json_set(subject, "states", states);
}

/* The format has nothing for such a subject, which is consumed. */
static void
refuse(struct session *session, jv subject)
{
	struct pd_error error;
	bool history = strcmp(pd_json_peek_string(subject, "type", ""), "run") != 0;

	pd_error_set(&error, "the format '%s' draws no %s", session->settings->format,
	    history ? "histories of operations, only runs" : "runs");
	pd_error_hint(&error, "the timelines draw both: -f timeline");
	complain(session, &error);
	jv_free(subject);
}

/* Consumes the subject. */
static void
draw(struct session *session, jv subject)
{
	struct pd_error error;
	char type[64];

	if (session->drawn == session->most) {
		session->left_out++;
		jv_free(subject);
		return;
	}
	snprintf(type, sizeof(type), "%s", pd_json_peek_string(subject, "type", ""));
	if (!pd_template_has(session->template, type)) {
		refuse(session, subject);
		return;
	}
	if (session->settings->show_state && strcmp(type, "run") == 0)
		subject = add_states(session, subject);
	if (render(session, type, subject, &error) == 0) {
		session->drawn++;
	} else {
		pd_error_prefix(&error, "a drawing failed: ");
		complain(session, &error);
	}
}

/* What failed is drawn, or what was asked for; of the others the first, when
 * nothing failed. Consumes the subject. */
static void
take_subject(struct session *session, jv subject)
{
	const struct settings *settings = session->settings;
	jv run = pd_json_peek(subject, "run");
	jv attempt = pd_json_peek(subject, "attempt");
	bool chosen = pd_run_chosen(&settings->run, run, attempt);

	jv_free(run);
	jv_free(attempt);
	if (!chosen) {
		jv_free(subject);
	} else if (settings->all || settings->run.given || pd_subject_failed(subject)) {
		draw(session, subject);
	} else if (session->passed++ == 0) {
		session->first = subject;
	} else {
		jv_free(subject);
	}
}

static void
read_subjects(struct session *session, struct pd_reader *reader)
{
	struct pd_subjects subjects;
	struct pd_record record;
	struct pd_error error;
	enum pd_read result;
	jv subject;

	pd_subjects_start(&subjects);
	while ((result = pd_reader_next(reader, &record, &error)) != PD_READ_END) {
		subject = jv_invalid();
		if (result == PD_READ_RECORD)
			subject = pd_subjects_take(&subjects, &record, &error);
		if (jv_is_valid(subject))
			take_subject(session, subject);
		else if (error.message[0] != '\0')
			complain(session, &error);
	}
	while (jv_is_valid(subject = pd_subjects_last(&subjects, &error)) ||
	    error.message[0] != '\0') {
		if (jv_is_valid(subject))
			take_subject(session, subject);
		else
			complain(session, &error);
	}
	pd_subjects_free(&subjects);
	if (pd_reader_cut_off(reader)) {
		pd_error_set(&error, "the input was cut off");
		complain(session, &error);
	}
}

/* Nothing failed: the first that passed is worth a drawing. */
static void
draw_passed(struct session *session)
{
	if (session->drawn > 0 || !jv_is_valid(session->first))
		return;
	draw(session, session->first);
	session->first = jv_invalid();
	if (session->passed > 1)
		warnx("nothing failed: the first of %" PRId64 " is drawn (--all draws "
		    "every one, --run N that run)", session->passed);
}

static void
tell_missing(struct session *session)
{
	struct pd_error error;

	if (session->left_out > 0)
		warnx("%" PRId64 " more not drawn (--run N draws that run%s)",
		    session->left_out, pd_template_is_single(session->template) ? "" :
		    ", --max-drawings N more of them");
	if (session->drawn > 0 || session->trouble)
		return;
	if (session->settings->run.given) {
		pd_error_set(&error, "there is no such run");
	} else {
		pd_error_set(&error, "there is nothing to draw");
		pd_error_hint(&error, "pd-exec writes runs, pd-linearize verdicts");
	}
	complain(session, &error);
}

static void
open_template(struct session *session)
{
	struct pd_error error;

	session->template = pd_template_open(PD_DIAGRAM_FORMATS,
	    session->settings->format, &error);
	if (session->template == NULL)
		pd_die(&error);
	session->most = pd_template_is_single(session->template) ? 1 :
	    session->settings->max_drawings;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .first = jv_invalid(),
		.told = jv_invalid()};
	struct pd_model *model = NULL;

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_template(&session);
	if (settings.model != NULL)
		model = pd_open_model(settings.model);
	pd_retrace_start(&session.retrace, model);
	pd_open_output(&session.writer, session.settings->output);
	struct pd_reader *reader = pd_reader_open(argv + optind, argc - optind,
	    settings.max_line);
	render_frame(&session, "header", jv_null());
	read_subjects(&session, reader);
	draw_passed(&session);
	render_frame(&session, "summary", pd_json_set_number(pd_json_set_number(
	    jv_object(), "drawn", (double)session.drawn), "left_out",
	    (double)session.left_out));
	tell_missing(&session);
	pd_reader_close(reader);
	pd_template_close(session.template);
	pd_retrace_free(&session.retrace);
	pd_model_close(model);
	jv_free(session.told);
	jv_free(session.first);
	return pd_close_output(&session.writer, session.trouble ? PD_EXIT_TROUBLE :
	    PD_EXIT_GOOD);
}
