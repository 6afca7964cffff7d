/* SPDX-License-Identifier: MIT */
/* pd-forensics: at which line of a log was a promise broken? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "filter.h"
#include "forensics.h"
#include "json.h"
#include "loop.h"
#include "moment.h"
#include "program.h"
#include "reader.h"
#include "regression.h"
#include "stream.h"
#include "template.h"

enum {
	OPT_MAP = 256, OPT_LIST_MAPS, OPT_PATTERN, OPT_SPLIT, OPT_ORDER, OPT_WINDOW,
	OPT_SINCE, OPT_UNTIL, OPT_ALL, OPT_MAX_STATES, OPT_CONTEXT, OPT_JOBS, OPT_EXPORT,
	OPT_MAX_BAD, OPT_SKIP_BAD, OPT_ALLOW_VACUOUS,
};

enum { MOST_MAPS = 16, MOST_JOBS = 64, FOLLOW_PAUSE_US = 100000 };

static const struct pd_option options[] = {
	{'f', "follow", NULL, "go on at the end of the last file, as tail -F does"},
	{'m', "model", "FILE", "the model with the checks"},
	{OPT_MAP, "map", "MAP", "from lines to events: a file FILE.jq or a ready-made map's name"},
	{OPT_LIST_MAPS, "list-maps", NULL, "list the ready-made maps"},
	{OPT_PATTERN, "pattern", "REGEX", "lines are text; its named groups are the map's input"},
	{OPT_SPLIT, "split", "EXPR", "a state of its own for each value, as .account"},
	{OPT_MAX_STATES, "max-states", "N", "keep so many, giving up the least recently used (100000)"},
	{OPT_ORDER, "order", "EXPR", "events go by this, as .time, and not by their lines"},
	{OPT_WINDOW, "window", "N", "for --order: how many events may wait for an earlier one (1000)"},
	{OPT_SINCE, "since", "TIME", "only events from this time on, as 2026-01-31T12:00:00Z"},
	{OPT_UNTIL, "until", "TIME", "and only those before this time"},
	{OPT_ALL, "all", NULL, "go on after a violation"},
	{OPT_CONTEXT, "context", "N", "tell so many events before the one that broke a check (10)"},
	{OPT_JOBS, "jobs", "N", "work on so many cores; folding needs --split for that (1)"},
	{OPT_EXPORT, "export", "FILE", "write a bats test that replays the events up to the first violation"},
	{OPT_MAX_BAD, "max-bad", "N", "tell at most so many bad lines, count the rest (10)"},
	{OPT_SKIP_BAD, "skip-bad", NULL, "bad lines are told, but no trouble"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "a log in which no check ran is well, too"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-forensics",
	.synopsis = "[-f] -m MODEL [--map MAP] ... [--pattern REGEX] [--split EXPR]\n"
	    "                    [--max-states N] [--order EXPR] [--window N] [--since TIME]\n"
	    "                    [--until TIME] [--all] [--context N] [--jobs N]\n"
	    "                    [--export FILE] [--max-bad N] [--skip-bad]\n"
	    "                    [--allow-vacuous] [--format NAME] [--color WHEN]\n"
	    "                    [--max-line SIZE] [--line-buffered] [FILE ...]\n"
	    "       pd-forensics --list-maps",
	.purpose = "Find the line of a log at which a check of the model broke.",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	struct pd_forensics_options forensics;
	const char *maps[MOST_MAPS];
	const char *export;
	int64_t max_bad;
	bool follow, skip_bad, allow_vacuous;
};

struct session {
	const struct settings *settings;
	struct pd_writer writer;
	struct pd_template *template;	/* NULL: records */
	struct pd_loop *loop;
	struct pd_counts counts;
	struct pd_spool spool;
	jv bad_lines;		/* the first: [{file, line, reason}] */
	int64_t bad;
	bool exported;
};

static _Noreturn void
list_maps(void)
{
	struct pd_error error;
	jv list = pd_mapping_list(&error);

	if (!jv_is_valid(list))
		pd_die(&error);
	jv_array_foreach(list, i, map) {
		printf("%-17s %s\n", pd_json_peek_string(map, "name", ""),
		    pd_json_peek_string(map, "description", ""));
		jv_free(map);
	}
	jv_free(list);
	exit(fflush(stdout) == 0 ? PD_EXIT_GOOD : PD_EXIT_TROUBLE);
}

static void
add_map(struct settings *settings, const char *name)
{
	struct pd_mapping_options *mapping = &settings->forensics.mapping;

	if (mapping->count == MOST_MAPS)
		pd_usage_error("more than %d maps", MOST_MAPS);
	settings->maps[mapping->count++] = name;
}

static int64_t
moment(const char *option, const char *value)
{
	int64_t nanoseconds;

	if (!pd_moment_read(value, &nanoseconds))
		pd_usage_error("--%s %s: not a time like 2026-01-31T12:00:00Z, or a number"
		    " of seconds since 1970", option, value);
	return nanoseconds;
}

static void
take_option(struct settings *settings, int option, const char *value)
{
	struct pd_forensics_options *forensics = &settings->forensics;

	switch (option) {
	case 'f': settings->follow = true; break;
	case 'm': forensics->model = value; break;
	case OPT_MAP: add_map(settings, value); break;
	case OPT_LIST_MAPS: list_maps();
	case OPT_PATTERN: forensics->mapping.pattern = value; break;
	case OPT_SPLIT: forensics->mapping.split = value; break;
	case OPT_MAX_STATES: forensics->max_states =
		    pd_option_number("max-states", value, 1, INT64_C(1) << 40); break;
	case OPT_ORDER: forensics->mapping.order = value; break;
	case OPT_WINDOW: forensics->window =
		    (int)pd_option_number("window", value, 1, 10000000); break;
	case OPT_SINCE: forensics->has_since = true;
		forensics->since = moment("since", value); break;
	case OPT_UNTIL: forensics->has_until = true;
		forensics->until = moment("until", value); break;
	case OPT_ALL: forensics->all = true; break;
	case OPT_CONTEXT: forensics->context =
		    (int)pd_option_number("context", value, 0, 100000); break;
	case OPT_JOBS: forensics->jobs =
		    (int)pd_option_number("jobs", value, 1, MOST_JOBS); break;
	case OPT_EXPORT: settings->export = value; break;
	case OPT_MAX_BAD: settings->max_bad =
		    pd_option_number("max-bad", value, 0, 1000000); break;
	case OPT_SKIP_BAD: settings->skip_bad = true; break;
	case OPT_ALLOW_VACUOUS: settings->allow_vacuous = true; break;
	default: pd_filter_option(&settings->filter, option, value);
	}
}

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	struct pd_forensics_options *forensics = &settings->forensics;
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "forensics", .max_bad = 10};
	*forensics = (struct pd_forensics_options){.window = 1000, .context = 10,
		.jobs = 1, .max_states = 100000};
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		take_option(settings, option, value);
	if (forensics->model == NULL)
		pd_usage_error("a model is needed: -m MODEL.jq");
	if (forensics->mapping.count == 0)
		add_map(settings, forensics->mapping.pattern == NULL ? "events" : "text");
	forensics->mapping.maps = settings->maps;
	if (forensics->mapping.order == NULL)
		forensics->window = 0;
}

static void
write_record(struct session *session, const char *type, jv record)
{
	struct pd_error error;

	if (session->template == NULL)
		pd_writer_record(&session->writer, record);
	else if (pd_template_render(session->template, type, record,
	    pd_template_style(session->settings->filter.color, STDOUT_FILENO),
	    &session->writer, &error) != 0)
		pd_counts_problem(&session->counts, "%s", error.message);
}

static void
export(struct session *session, jv violation, int64_t spooled)
{
	struct pd_error error;
	jv events = pd_spool_chain(&session->spool, spooled, &error);

	session->exported = true;
	if (jv_is_valid(events) && pd_regression_write(session->settings->export,
	    session->settings->forensics.model, violation, events, &error) == 0)
		return;
	pd_complain(&error);
	pd_counts_problem(&session->counts, "the test was not written: %s", error.message);
}

static void
on_violation(void *context, jv record, int64_t spooled)
{
	struct session *session = context;
	struct pd_error error;

	if (session->settings->export != NULL && !session->exported &&
	    !pd_json_peek_bool(record, "restarted", false))
		export(session, record, spooled);
	write_record(session, "violation", record);
	pd_writer_flush(&session->writer, &error);
}

static void
on_bad_line(void *context, const struct pd_error *error)
{
	struct session *session = context;

	if (session->bad++ >= session->settings->max_bad)
		return;
	pd_complain(error);
	jv line = pd_json_set_string(jv_object(), "file", error->file);
	line = pd_json_set_number(line, "line", (double)error->line);
	line = pd_json_set_string(line, "reason", error->message);
	session->bad_lines = jv_array_append(session->bad_lines, line);
}

static void
on_problem(void *context, const struct pd_error *error)
{
	struct session *session = context;

	/* The first few say what is wrong; all are counted. */
	if (jv_array_length(jv_copy(session->counts.problems)) < 10) {
		pd_complain(error);
		pd_counts_problem(&session->counts, "%s", error->message);
	}
}

static bool
interrupted(const struct session *session)
{
	return pd_loop_signal(session->loop) != 0;
}

static void
do_nothing(void *context)
{
	(void)context;
}

/* Nothing can be read now. Wait for more: what does not tell when it has more, a
 * file, is looked at again after a pause. */
static void
wait_for_more(struct session *session, struct pd_reader *reader)
{
	struct pd_error error;
	struct stat status;

	pd_writer_flush(&session->writer, &error);
	if (fstat(pd_reader_descriptor(reader), &status) == 0 && S_ISREG(status.st_mode)) {
		pd_reader_fill(reader);
		return;
	}
	if (pd_loop_turn_reading(session->loop, reader, &error) != 0)
		pd_die(&error);
}

static void
pause_reading(struct session *session)
{
	struct pd_error error;
	struct pd_timer *timer = pd_loop_after(session->loop, FOLLOW_PAUSE_US, do_nothing,
	    NULL);

	if (pd_loop_turn(session->loop, &error) != 0)
		pd_die(&error);
	if (interrupted(session))
		pd_loop_cancel(session->loop, timer);
}

/* Read all lines, until nothing more is wanted. Lines that came are judged before
 * more are waited for. */
static bool
read_lines(struct session *session, struct pd_forensics *forensics,
    struct pd_reader *reader)
{
	struct pd_record record;
	struct pd_error error;
	int waits = 0;

	while (!interrupted(session)) {
		enum pd_read result = pd_reader_take(reader, &record, &error);
		if (result == PD_READ_END)
			return true;
		if (result != PD_READ_WAIT) {
			waits = 0;
			if (record.file == NULL)
				record.file = error.file[0] != '\0' ? error.file : "-";
			if (result == PD_READ_ERROR && error.line == 0) {
				on_problem(session, &error);
				continue;
			}
			if (!pd_forensics_line(forensics, &record,
			    result == PD_READ_ERROR ? &error : NULL))
				return false;
			continue;
		}
		/* Twice in a row: a file of which all was read. */
		if (++waits == 2 && !pd_forensics_flush(forensics))
			return false;
		if (waits >= 2)
			pause_reading(session);
		wait_for_more(session, reader);
	}
	return false;
}

static jv
summary(struct session *session, const struct pd_forensics *forensics,
    const struct pd_forensics_counts *counts)
{
	jv record = pd_json_set_string(jv_object(), "type", "forensics");

	record = pd_json_set_string(record, "verdict", counts->violations > 0 ? "violated" :
	    jv_array_length(jv_copy(session->counts.problems)) > 0 ? "undecided" : "held");
	record = pd_json_set(record, "model", pd_forensics_model(forensics));
	record = pd_json_set_number(record, "lines", (double)counts->lines);
	record = pd_json_set_number(record, "bad_lines", (double)counts->bad_lines);
	record = pd_json_set(record, "first_bad_lines", jv_copy(session->bad_lines));
	record = pd_json_set_number(record, "events", (double)counts->events);
	record = pd_json_set(record, "skipped", jv_copy(counts->skipped));
	record = pd_json_set(record, "unfolded", jv_copy(counts->unfolded));
	record = pd_json_set_number(record, "late", (double)counts->late);
	record = pd_json_set_number(record, "states", (double)counts->parts);
	record = pd_json_set_number(record, "given_up", (double)counts->given_up);
	record = pd_json_set(record, "first_given_up", jv_copy(counts->first_given_up));
	record = pd_json_set_number(record, "came_back", (double)counts->came_back);
	record = pd_json_set(record, "first_came_back", jv_copy(counts->first_came_back));
	record = pd_json_set_number(record, "doubtful", (double)counts->doubtful);
	record = pd_json_set_number(record, "violations", (double)counts->violations);
	record = pd_json_set_number(record, "problems", (double)counts->problems);
	return pd_json_set(record, "fired", jv_copy(counts->fired));
}

static double
sum(jv counts)
{
	double total = 0;

	jv_object_foreach(counts, name, times) {
		total += jv_number_value(times);
		jv_free(name);
		jv_free(times);
	}
	return total;
}

/* What giving up states left unproved. */
static void
note_given_up(struct session *session, const struct pd_forensics_counts *counts)
{
	struct pd_error error = PD_ERROR_INIT;

	if (counts->came_back > 0)
		pd_error_set(&error, "%" PRId64 " %s given up, whose keys came back: their"
		    " states began anew, so nothing is proved of them", counts->came_back,
		    counts->came_back == 1 ? "state was" : "states were");
	else if (counts->unended > 0)
		pd_error_set(&error, "%" PRId64 " %s given up before the checks for the end"
		    " could run", counts->unended,
		    counts->unended == 1 ? "state was" : "states were");
	else
		return;
	pd_error_hint(&error, "--max-states N keeps more (now %" PRId64 ")",
	    session->settings->forensics.max_states);
	pd_complain(&error);
	pd_counts_problem(&session->counts, "%s", error.message);
}

/* Why nothing was proved. */
static void
note_problems(struct session *session, const struct pd_forensics_counts *counts)
{
	const struct settings *settings = session->settings;
	struct pd_error error = PD_ERROR_INIT;

	session->counts.events = counts->events;
	session->counts.rejected = counts->bad_lines;
	jv_free(session->counts.fired);
	session->counts.fired = jv_copy(counts->fired);
	if (session->bad > settings->max_bad) {
		pd_error_set(&error, "and %" PRId64 " more bad lines",
		    session->bad - settings->max_bad);
		pd_complain(&error);
	}
	if (counts->bad_lines > 0 && !settings->skip_bad)
		pd_counts_problem(&session->counts, "%" PRId64 " of %" PRId64
		    " lines could not be read", counts->bad_lines, counts->lines);
	note_given_up(session, counts);
	if (settings->allow_vacuous || counts->violations > 0)
		return;
	if (counts->events == 0)
		pd_error_set(&error, "nothing was judged: %s", counts->lines == 0 ?
		    "there are no lines" : "no line gave an event");
	else if ((int64_t)sum(counts->unfolded) == counts->events)
		pd_error_set(&error, "nothing was judged: the model knows no event of the log");
	else if (sum(counts->fired) == 0)
		pd_error_set(&error, "nothing was judged: no check ran");
	else
		return;
	pd_error_hint(&error, "does the map fit the log? --allow-vacuous accepts it");
	pd_complain(&error);
	pd_counts_problem(&session->counts, "%s", error.message);
}

static int
finish(struct session *session, struct pd_forensics *forensics)
{
	struct pd_forensics_counts counts = pd_forensics_counts(forensics);

	note_problems(session, &counts);
	int signal = pd_loop_signal(session->loop);
	int status = counts.violations > 0 ? PD_EXIT_NO : signal != 0 ? 128 + signal :
	    jv_array_length(jv_copy(session->counts.problems)) > 0 ? PD_EXIT_TROUBLE :
	    PD_EXIT_GOOD;
	write_record(session, "forensics", summary(session, forensics, &counts));
	if (session->template == NULL)
		pd_writer_record(&session->writer, pd_stream_end(&session->counts, status));
	pd_forensics_counts_free(&counts);
	return pd_close_output(&session->writer, status);
}

static void
open_output(struct session *session, const struct pd_forensics *forensics,
    int argc, char **argv)
{
	const char *format = session->settings->filter.format;
	struct pd_error error;

	pd_writer_open(&session->writer, STDOUT_FILENO);
	session->writer.line_buffered |= session->settings->filter.line_buffered;
	if (format == NULL && isatty(STDOUT_FILENO) == 1)
		format = "terminal";
	if (format != NULL && strcmp(format, "json") != 0) {
		session->template = pd_template_open_for("forensics", format, &error);
		if (session->template == NULL)
			pd_die(&error);
		return;
	}
	jv header = pd_json_set(pd_stream_header(program.name), "model",
	    pd_forensics_model(forensics));
	pd_writer_record(&session->writer, pd_stream_add_program(header, argc, argv));
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .bad_lines = jv_array()};
	struct pd_forensics_listener listener = {on_violation, on_bad_line, on_problem,
		&session};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	if (settings.export != NULL && pd_spool_open(&session.spool, &error) != 0)
		pd_die(&error);
	settings.forensics.spool = settings.export != NULL ? &session.spool : NULL;
	struct pd_forensics *forensics = pd_forensics_open(&settings.forensics, &listener,
	    &error);
	session.loop = forensics != NULL ? pd_loop_new(&error) : NULL;
	if (session.loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(session.loop);
	pd_counts_start(&session.counts);
	open_output(&session, forensics, argc, argv);
	struct pd_reader *reader = pd_reader_open_lines(argv + optind, argc - optind,
	    settings.filter.max_line);
	if (settings.follow)
		pd_reader_follow(reader);
	bool ended = read_lines(&session, forensics, reader);
	pd_forensics_finish(forensics, ended);
	int status = finish(&session, forensics);
	pd_reader_close(reader);
	pd_forensics_close(forensics);
	pd_template_close(session.template);
	pd_loop_free(session.loop);
	pd_counts_free(&session.counts);
	jv_free(session.bad_lines);
	if (settings.export != NULL)
		pd_spool_close(&session.spool);
	return status;
}
