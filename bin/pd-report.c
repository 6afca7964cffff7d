/* SPDX-License-Identifier: MIT */
/* pd-report: tell people what a stream of runs showed. */
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "failure_file.h"
#include "failure_save.h"
#include "json.h"
#include "latest.h"
#include "loop.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "share.h"
#include "stream.h"
#include "template.h"

enum {
	OPT_FORMAT = 256, OPT_LIST, OPT_COLOR, OPT_PROGRESS, OPT_ALLOW_VACUOUS,
	OPT_MAX_LINE, OPT_SAVE, OPT_SAVE_ALL, OPT_OVERWRITE,
};

static const struct pd_option options[] = {
	{OPT_FORMAT, "format", "NAME", "terminal, compact, json, markdown, or any of --list"},
	{OPT_LIST, "list", NULL, "list the formats"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_SAVE, "save", "DIR", "save failures that are told in full as files there"},
	{OPT_SAVE_ALL, "save-all", NULL, "save every failure"},
	{OPT_OVERWRITE, "overwrite", NULL, "replace files of the same kind, name and seed"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{'q', "quiet", NULL, "no progress"},
	{OPT_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind if nothing was tested"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-report",
	.synopsis = "[--format NAME] [-o FILE] [--save DIR [--save-all] [--overwrite]]\n"
	    "                 [--color WHEN] [-q] [--progress] [--allow-vacuous]\n"
	    "                 [--max-line SIZE] [FILE ...]\n"
	    "       pd-report --list",
	.purpose = "Tell people what a stream of runs showed.",
	.options = options,
};

struct settings {
	const char *format;
	const char *output;
	const char *save;	/* a directory, or NULL */
	bool save_all, overwrite;
	enum pd_color color;
	bool progress, allow_vacuous;
	bool terminal;		/* standard error is one */
	size_t max_line;
};

struct session {
	const struct settings *settings;
	struct pd_template *template;
	struct pd_reader *reader;
	struct pd_writer writer;
	struct pd_counts counts;
	jv header;
	jv failures;		/* {"kind name": times} */
	jv results;		/* {type: times}: other records that were shown */
	jv unshown;		/* likewise: those that the format has no words for */
	char *saved_as;		/* where the present failure was saved, or NULL */
	int64_t saved, unsaved;	/* failures; the second could not be */
	struct pd_error save_error;	/* why the first of them could not */
	int64_t started;	/* microseconds since 1970 */
	bool answer_no;		/* somebody upstream said so */
	struct pd_latest latest;	/* the present run */
	bool pending;		/* it failed, and no failure record has come yet */
	int64_t number;		/* failures reported */
	int64_t broken;		/* those that are the system's: a promise was broken */
	int64_t again;		/* how many of the present one's kind and name before it */
	int64_t duration;	/* of all runs, microseconds */
	int64_t progress_at;
};

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	const char *value;
	int option;

	*settings = (struct settings){.format = "terminal",
		.max_line = PD_LINE_LIMIT, .terminal = isatty(STDERR_FILENO) == 1};
	settings->progress = settings->terminal;
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case OPT_FORMAT: settings->format = value; break;
		case OPT_LIST: pd_list_formats(PD_REPORT_FORMATS);
		case 'o': settings->output = value; break;
		case OPT_COLOR: settings->color = (enum pd_color)pd_option_choice("color",
			    value, when); break;
		case 'q': settings->progress = false; break;
		case OPT_SAVE: settings->save = value; break;
		case OPT_SAVE_ALL: settings->save_all = true; break;
		case OPT_OVERWRITE: settings->overwrite = true; break;
		case OPT_PROGRESS: settings->progress = true; break;
		case OPT_ALLOW_VACUOUS: settings->allow_vacuous = true; break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		}
	}
	if (settings->save != NULL && settings->save[0] == '\0')
		pd_usage_error("--save: the name of a directory is empty");
	if (settings->save == NULL && (settings->save_all || settings->overwrite))
		pd_usage_error("--%s needs --save DIR",
		    settings->save_all ? "save-all" : "overwrite");
}

static void
clear_progress(const struct session *session)
{
	if (session->settings->terminal && session->progress_at > 0)
		fprintf(stderr, "\r\033[K");
}

/* One line that is written over at a terminal, a line a second elsewhere. */
static void
show_progress(struct session *session)
{
	const struct settings *settings = session->settings;
	int64_t now = pd_loop_now();

	if (!settings->progress ||
	    now - session->progress_at < (settings->terminal ? 100000 : 1000000))
		return;
	session->progress_at = now;
	fprintf(stderr, "%s%" PRId64 " runs, %" PRId64 " failed, %" PRId64
	    " commands%s", settings->terminal ? "\r\033[K" : "",
	    session->counts.runs, session->counts.failed + session->counts.errors,
	    session->counts.commands, settings->terminal ? "" : "\n");
}

/* Write what the template makes of a record. Consumes it. Returns 0 or -1, with
 * nothing written. */
static int
render(struct session *session, const char *type, jv record,
    struct pd_error *error)
{
	jv style = pd_template_style(session->settings->color,
	    session->writer.descriptor);

	style = pd_json_set_number(style, "number", (double)session->number);
	style = pd_json_set_number(style, "again", (double)session->again);
	if (session->saved_as != NULL)
		style = pd_json_set_string(style, "saved", session->saved_as);
	clear_progress(session);
	int result = pd_template_render(session->template, type, record, style,
	    &session->writer, error);
	struct pd_error told_by_the_close;
	pd_writer_flush(&session->writer, &told_by_the_close);
	return result;
}

/* For the header and the summary, without which there is no report. */
static void
render_or_die(struct session *session, const char *type, jv record)
{
	struct pd_error error;

	if (render(session, type, record, &error) != 0)
		pd_die(&error);
}

/* Something is missing in the report: say so now, and in the summary. */
static void
note_trouble(struct session *session, const struct pd_error *error)
{
	char text[2560];

	clear_progress(session);
	pd_complain(error);
	pd_counts_problem(&session->counts, "the input could not be read: %s",
	    pd_error_text(error, text, sizeof(text)));
}

/* Save a failure, if it is one of those that are told in full; saved_as is where.
 * Trouble is told once, and counted: a full disk would have the same to say of
 * all that follow. */
static void
save_failure(struct session *session, jv failure)
{
	const struct settings *settings = session->settings;
	struct pd_error error;

	if (settings->save == NULL || (session->again > 0 && !settings->save_all &&
	    !pd_json_has_peek(failure, "shrunk")))
		return;
	session->saved_as = pd_failure_save(settings->save, failure, pd_wall_clock(),
	    settings->overwrite ? session->started : 0, &error);
	if (session->saved_as != NULL) {
		session->saved++;
	} else if (session->unsaved++ == 0) {
		clear_progress(session);
		pd_complain(&error);
		session->save_error = error;
	}
}

/* Consumes the failure record. */
static void
report_failure(struct session *session, jv failure)
{
	struct pd_error error;
	jv cause = pd_json_peek(failure, "failure");
	char *key = pd_failure_key(cause);

	session->again = (int64_t)pd_json_peek_number(session->failures, key, 0);
	session->number++;
	save_failure(session, failure);
	if (render(session, "failure", failure, &error) != 0) {
		session->number--;
		pd_error_prefix(&error, "a failure could not be reported: ");
		note_trouble(session, &error);
	} else {
		session->failures = pd_json_set_number(session->failures, key,
		    (double)(session->again + 1));
		if (strcmp(pd_json_peek_string(cause, "class", ""), "assertion") == 0)
			session->broken++;
	}
	free(session->saved_as);
	session->saved_as = NULL;
	free(key);
	jv_free(cause);
}

static void
note_bad_record(void *context, const struct pd_error *error)
{
	note_trouble(context, error);
}

/* A run failed and nobody made a failure record of it: do it here. */
static void
report_pending(struct session *session)
{
	if (!session->pending)
		return;
	session->pending = false;
	report_failure(session, pd_latest_failure(&session->latest, session->header,
	    note_bad_record, session));
}

/* An invalid jv if the line cannot be read, which is noted. */
static jv
parse(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	jv value = pd_record_parse(record, &error);

	if (!jv_is_valid(value))
		note_trouble(session, &error);
	return value;
}

static void
take_run_end(struct session *session, const struct pd_record *record)
{
	jv end = parse(session, record);

	if (jv_is_valid(end)) {
		pd_counts_run(&session->counts, end);
		session->duration += (int64_t)pd_json_peek_number(end, "duration_us", 0);
		session->pending = pd_json_has_peek(end, "failure");
	}
	jv_free(end);
	show_progress(session);
}

static void
take_failure(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	jv failure = parse(session, record);

	session->pending = false;
	if (!jv_is_valid(failure))
		return;
	if (pd_failure_verify(failure, &error) != 0) {
		snprintf(error.file, sizeof(error.file), "%s", record->file);
		error.line = record->number;
		note_trouble(session, &error);
		jv_free(failure);
		return;
	}
	report_failure(session, failure);
}

/* Is this what some program of the suite found out, beside runs and failures?
 * Such records have a schema. */
static bool
is_result(const struct pd_record *record)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	static const char *const others[] = {"sequence", "run_start", "command", "event",
		"check", "run_end", "state", "reject", "op", "definitions"};

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
count_type(jv *times, const char *type)
{
	*times = pd_json_set_number(*times, type,
	    pd_json_peek_number(*times, type, 0) + 1);
}

static void
take_result(struct session *session, const struct pd_record *record)
{
	struct pd_error error;

	if (!pd_template_has(session->template, record->type)) {
		count_type(&session->unshown, record->type);
		return;
	}
	jv result = parse(session, record);
	if (!jv_is_valid(result))
		return;
	if (render(session, record->type, result, &error) == 0) {
		count_type(&session->results, record->type);
	} else {
		pd_error_prefix(&error, "a record could not be reported: ");
		note_trouble(session, &error);
	}
}

static void
take_end(struct session *session, const struct pd_record *record)
{
	jv end = parse(session, record);

	if (jv_is_valid(end))
		pd_counts_upstream(&session->counts, end);
	session->answer_no |= pd_json_peek_number(end, "status", 0) == PD_EXIT_NO;
	jv_free(end);
}

static void
take_record(struct session *session, const struct pd_record *record)
{
	if (pd_record_is(record, "failure")) {
		take_failure(session, record);
		return;
	}
	report_pending(session);
	pd_latest_take(&session->latest, record);
	if (pd_record_is(record, "stream")) {
		jv_free(session->header);
		session->header = parse(session, record);
	} else if (pd_record_is(record, "end")) {
		take_end(session, record);
	} else if (is_result(record)) {
		take_result(session, record);
	} else if (pd_record_is(record, "run_end")) {
		take_run_end(session, record);
	}
}

static void
process_input(struct session *session)
{
	struct pd_record record;
	struct pd_error error;
	enum pd_read result;

	while ((result = pd_reader_next(session->reader, &record, &error)) !=
	    PD_READ_END) {
		if (result == PD_READ_RECORD) {
			take_record(session, &record);
		} else {
			session->counts.rejected++;
			note_trouble(session, &error);
		}
	}
	report_pending(session);
	pd_counts_input(&session->counts, session->reader);
}

/* Nothing at all could be reported: say why. */
static void
note_nothing(struct session *session)
{
	jv types = jv_keys(jv_copy(session->unshown));

	if (jv_array_length(jv_copy(types)) == 0) {
		pd_counts_problem(&session->counts, "the input had no run");
	} else {
		jv first = jv_array_get(jv_copy(types), 0);
		pd_counts_problem(&session->counts, "the format %s has no words for records "
		    "of type %s", session->settings->format, jv_string_value(first));
		jv_free(first);
	}
	jv_free(types);
}

/* A stream may hold failure records alone, kept from an earlier run, or what
 * was found out about some. */
static void
note_empty(struct session *session)
{
	if (session->counts.runs == 0 && session->number == 0 &&
	    jv_object_length(jv_copy(session->results)) == 0 &&
	    jv_array_length(jv_copy(session->counts.problems)) == 0)
		note_nothing(session);
	if (session->counts.errors == 0 && session->number > session->broken)
		pd_counts_problem(&session->counts, "%" PRId64 " of %" PRId64 " failures "
		    "are no broken promise: the system could not be judged",
		    session->number - session->broken, session->number);
	if (session->settings->allow_vacuous) {
		jv_free(session->counts.problems);
		session->counts.problems = jv_array();
	}
}

/* Whoever asked for files must hear that some are missing, whatever else he
 * does not mind. */
static void
note_unsaved(struct session *session)
{
	char text[2560];

	if (session->unsaved > 0)
		pd_counts_problem(&session->counts, "%" PRId64 " failure%s could not be "
		    "saved: %s", session->unsaved, session->unsaved == 1 ? "" : "s",
		    pd_error_text(&session->save_error, text, sizeof(text)));
}

/* A failure record counts like the run that it was made of. */
static int
exit_status(const struct session *session)
{
	int status = pd_counts_status(&session->counts);

	if (session->broken > 0 || session->answer_no)
		return PD_EXIT_NO;
	return status == 0 && session->number > 0 ? PD_EXIT_TROUBLE : status;
}

/* The end record of the input so far, and what only a report knows. */
static jv
make_summary(const struct session *session, int status)
{
	jv summary = jv_object_delete(pd_stream_end(&session->counts, status),
	    jv_string("type"));
	jv seed = pd_json_peek(session->header, "seed");

	if (!pd_json_has_peek(summary, "problems"))
		summary = pd_json_set(summary, "problems", jv_array());
	summary = pd_json_set(summary, "failures", jv_copy(session->failures));
	if (jv_object_length(jv_copy(session->results)) > 0)
		summary = pd_json_set(summary, "results", jv_copy(session->results));
	if (jv_object_length(jv_copy(session->unshown)) > 0)
		summary = pd_json_set(summary, "unshown", jv_copy(session->unshown));
	if (session->settings->save != NULL) {
		jv saved = pd_json_set_string(jv_object(), "directory",
		    session->settings->save);
		saved = pd_json_set_number(saved, "files", (double)session->saved);
		summary = pd_json_set(summary, "saved", pd_json_set_number(saved,
		    "left_out", (double)(session->number - session->saved)));
	}
	summary = pd_json_set_number(summary, "seconds",
	    (double)(session->duration / 1000) / 1000);
	return jv_is_valid(seed) ? pd_json_set(summary, "seed", seed) : summary;
}

static int
report_summary(struct session *session, const struct pd_loop *loop)
{
	int number = pd_loop_signal(loop);

	note_empty(session);
	note_unsaved(session);
	pd_counts_close(&session->counts);
	int status = number != 0 ? 128 + number : exit_status(session);
	render_or_die(session, "summary", make_summary(session, status));
	return status;
}

static void
open_template(struct session *session)
{
	static const char *const frame[] = {"header", "failure", "summary"};
	struct pd_error error;

	session->template = pd_template_open(PD_REPORT_FORMATS, session->settings->format, &error);
	if (session->template == NULL)
		pd_die(&error);
	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++) {
		if (!pd_template_has(session->template, frame[i]))
			errx(PD_EXIT_TROUBLE, "%s: a format needs header($o), failure($o) "
			    "and summary($o)", pd_template_path(session->template));
	}
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .latest = PD_LATEST_INIT,
		.header = jv_invalid(),
		.failures = jv_object(), .results = jv_object(),
		.unshown = jv_object(), .started = pd_wall_clock()};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_template(&session);
	/* An interrupt ends those before us; what they still say is reported. */
	struct pd_loop *loop = pd_loop_new(&error);
	if (loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(loop);
	pd_open_output(&session.writer, session.settings->output);
	pd_counts_start(&session.counts);
	session.reader = pd_reader_open(argv + optind, argc - optind, settings.max_line);
	render_or_die(&session, "header", jv_null());
	process_input(&session);
	int status = report_summary(&session, loop);
	pd_reader_close(session.reader);
	pd_template_close(session.template);
	pd_loop_free(loop);
	pd_counts_free(&session.counts);
	pd_latest_free(&session.latest);
	jv_free(session.header);
	jv_free(session.failures);
	jv_free(session.results);
	jv_free(session.unshown);
	return pd_close_output(&session.writer, status);
}
