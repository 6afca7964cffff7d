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
#include "json.h"
#include "loop.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "stream.h"
#include "template.h"

enum {
	OPT_FORMAT = 256, OPT_LIST, OPT_COLOR, OPT_PROGRESS, OPT_ALLOW_VACUOUS,
	OPT_MAX_LINE,
};

static const struct pd_option options[] = {
	{OPT_FORMAT, "format", "NAME", "terminal, compact, json, markdown, or any of --list"},
	{OPT_LIST, "list", NULL, "list the formats"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{'q', "quiet", NULL, "no progress"},
	{OPT_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind if nothing was tested"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-report",
	.synopsis = "[--format NAME] [-o FILE] [--color WHEN] [-q] [--progress]\n"
	    "                 [--allow-vacuous] [--max-line SIZE] [FILE ...]\n"
	    "       pd-report --list",
	.purpose = "Tell people what a stream of runs showed.",
	.options = options,
};

struct settings {
	const char *format;
	const char *output;
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
	struct pd_buffer lines;	/* records of the present run */
	bool ended;		/* what came last was its run_end */
	bool pending;		/* it failed, and no failure record has come yet */
	int64_t number;		/* failures reported */
	int64_t broken;		/* those that are the system's: a promise was broken */
	int64_t again;		/* how many of the present one's kind and name before it */
	int64_t duration;	/* of all runs, microseconds */
	int64_t progress_at;
};

static _Noreturn void
list_formats(void)
{
	struct pd_error error;
	jv names = pd_template_names(&error);

	if (!jv_is_valid(names))
		pd_die(&error);
	jv_array_foreach(names, i, name) {
		struct pd_template *template = pd_template_open(jv_string_value(name),
		    &error);
		if (template == NULL)
			pd_die(&error);
		printf("%-12s %s\n", jv_string_value(name),
		    pd_template_description(template));
		pd_template_close(template);
		jv_free(name);
	}
	jv_free(names);
	if (fflush(stdout) != 0)
		err(PD_EXIT_TROUBLE, "cannot write");
	exit(PD_EXIT_GOOD);
}

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
		case OPT_LIST: list_formats();
		case 'o': settings->output = value; break;
		case OPT_COLOR: settings->color = (enum pd_color)pd_option_choice("color",
			    value, when); break;
		case 'q': settings->progress = false; break;
		case OPT_PROGRESS: settings->progress = true; break;
		case OPT_ALLOW_VACUOUS: settings->allow_vacuous = true; break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		}
	}
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

static char *
failure_key(jv cause)
{
	const char *kind = pd_json_peek_string(cause, "kind", "");
	const char *name = pd_json_peek_string(cause, "name", NULL);

	return name != NULL ? pd_format("%s %s", kind, name) : pd_duplicate(kind);
}

/* Consumes the failure record. */
static void
report_failure(struct session *session, jv failure)
{
	struct pd_error error;
	jv cause = pd_json_peek(failure, "failure");
	char *key = failure_key(cause);

	session->again = (int64_t)pd_json_peek_number(session->failures, key, 0);
	session->number++;
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
	free(key);
	jv_free(cause);
}

/* The lines that are whole JSON. They were taken by their types alone. */
static void
drop_bad_lines(struct session *session)
{
	struct pd_buffer good = PD_BUFFER_INIT;
	const char *line = session->lines.data;
	const char *end = line + session->lines.length;

	while (line < end) {
		struct pd_error error;
		size_t length = (size_t)((const char *)memchr(line, '\n',
		    (size_t)(end - line)) - line);
		jv value = pd_json_parse(line, length, &error);
		if (jv_is_valid(value)) {
			pd_buffer_append(&good, line, length + 1);
		} else {
			pd_error_prefix(&error, "a record of a run that failed: ");
			note_trouble(session, &error);
		}
		jv_free(value);
		line += length + 1;
	}
	pd_buffer_free(&session->lines);
	session->lines = good;
}

/* The sequence of a run, or as much as a hand-made stream tells of it. */
static jv
recorded_sequence(const struct pd_recorded *run)
{
	jv sequence = pd_json_peek(run->start, "sequence");

	if (jv_is_valid(sequence))
		return sequence;
	sequence = jv_object();
	jv number = pd_json_peek(run->end, "run");
	return jv_is_valid(number) ? pd_json_set(sequence, "run", number) : sequence;
}

/* A run failed and nobody made a failure record of it: do it here. */
static void
report_pending(struct session *session)
{
	struct pd_recorded run;
	struct pd_error error;

	if (!session->pending)
		return;
	session->pending = false;
	while (pd_recorded_parse(&run, session->lines.data, session->lines.length,
	    &error) != 0) {
		pd_recorded_free(&run);
		drop_bad_lines(session);
	}
	report_failure(session, pd_failure_record(&run, recorded_sequence(&run),
	    session->header, pd_json_peek(session->header, "adapter"),
	    jv_invalid(), jv_invalid()));
	pd_recorded_free(&run);
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

/* Keep what a failure record of the run would be made of. */
static void
keep_line(struct session *session, const struct pd_record *record)
{
	static const char *const types[] = {"run_start", "command", "event", "check",
		"run_end"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!pd_record_is(record, types[i]))
			continue;
		pd_buffer_append(&session->lines, record->line, record->length);
		pd_buffer_append(&session->lines, "\n", 1);
	}
}

static void
take_failure(struct session *session, const struct pd_record *record)
{
	jv failure = parse(session, record);

	session->pending = false;
	if (jv_is_valid(failure))
		report_failure(session, failure);
}

static void
take_record(struct session *session, const struct pd_record *record)
{
	if (pd_record_is(record, "failure")) {
		take_failure(session, record);
		return;
	}
	report_pending(session);
	if (session->ended || pd_record_is(record, "run_start"))
		pd_buffer_clear(&session->lines);
	session->ended = pd_record_is(record, "run_end");
	if (pd_record_is(record, "stream")) {
		jv_free(session->header);
		session->header = parse(session, record);
	} else if (pd_record_is(record, "end")) {
		jv end = parse(session, record);
		if (jv_is_valid(end))
			pd_counts_upstream(&session->counts, end);
		jv_free(end);
	} else {
		keep_line(session, record);
		if (session->ended)
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

/* A stream may hold failure records alone, kept from an earlier run. */
static void
note_empty(struct session *session)
{
	if (session->counts.runs == 0 && session->number == 0 &&
	    jv_array_length(jv_copy(session->counts.problems)) == 0)
		pd_counts_problem(&session->counts, "the input had no run");
	if (session->counts.errors == 0 && session->number > session->broken)
		pd_counts_problem(&session->counts, "%" PRId64 " of %" PRId64 " failures "
		    "are no broken promise: the system could not be judged",
		    session->number - session->broken, session->number);
	if (session->settings->allow_vacuous) {
		jv_free(session->counts.problems);
		session->counts.problems = jv_array();
	}
}

/* A failure record counts like the run that it was made of. */
static int
exit_status(const struct session *session)
{
	int status = pd_counts_status(&session->counts);

	if (session->broken > 0)
		return PD_EXIT_NO;
	return status == 0 && session->number > 0 ? PD_EXIT_TROUBLE : status;
}

static int
report_summary(struct session *session, const struct pd_loop *loop)
{
	int number = pd_loop_signal(loop);

	note_empty(session);
	pd_counts_close(&session->counts);
	int status = number != 0 ? 128 + number : exit_status(session);
	jv summary = jv_object_delete(pd_stream_end(&session->counts, status),
	    jv_string("type"));
	if (!pd_json_has_peek(summary, "problems"))
		summary = pd_json_set(summary, "problems", jv_array());
	summary = pd_json_set(summary, "failures", jv_copy(session->failures));
	summary = pd_json_set_number(summary, "seconds",
	    (double)(session->duration / 1000) / 1000);
	jv seed = pd_json_peek(session->header, "seed");
	if (jv_is_valid(seed))
		summary = pd_json_set(summary, "seed", seed);
	render_or_die(session, "summary", summary);
	return status;
}

static void
open_template(struct session *session)
{
	static const char *const frame[] = {"header", "failure", "summary"};
	struct pd_error error;

	session->template = pd_template_open(session->settings->format, &error);
	if (session->template == NULL)
		pd_die(&error);
	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++) {
		if (!pd_template_has(session->template, frame[i]))
			errx(PD_EXIT_TROUBLE, "%s: a format needs header($o), failure($o) "
			    "and summary($o)", pd_template_path(session->template));
	}
}

static void
open_output(struct session *session)
{
	const char *path = session->settings->output;

	if (path != NULL && strcmp(path, "-") != 0 &&
	    freopen(path, "w", stdout) == NULL)
		err(PD_EXIT_TROUBLE, "%s", path);
	pd_writer_open(&session->writer, STDOUT_FILENO);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .header = jv_invalid(),
		.failures = jv_object()};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_template(&session);
	/* An interrupt ends those before us; what they still say is reported. */
	struct pd_loop *loop = pd_loop_new(&error);
	if (loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(loop);
	open_output(&session);
	pd_counts_start(&session.counts);
	session.reader = pd_reader_open(argv + optind, argc - optind, settings.max_line);
	render_or_die(&session, "header", jv_null());
	process_input(&session);
	int status = report_summary(&session, loop);
	pd_reader_close(session.reader);
	pd_template_close(session.template);
	pd_loop_free(loop);
	pd_counts_free(&session.counts);
	pd_buffer_free(&session.lines);
	jv_free(session.header);
	jv_free(session.failures);
	return pd_close_output(&session.writer, status);
}
