/* SPDX-License-Identifier: MIT */
/* pd-exec: run command sequences against the real system. */
#include <bsd/stdlib.h>
#include <err.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "executor.h"
#include "json.h"
#include "lock.h"
#include "loop.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "redact.h"
#include "sequence.h"
#include "stream.h"
#include "text.h"
#include "writer.h"

enum {
	OPT_CHECKS = 256, OPT_CONFORM, OPT_STOP, OPT_MAX_FAILURES, OPT_TRACE,
	OPT_TIMEOUT, OPT_HEALTH_TIMEOUT, OPT_REDACT, OPT_REPORT, OPT_NO_EXCHANGE,
	OPT_CA, OPT_CERTIFICATE, OPT_KEY, OPT_INSECURE, OPT_UNIX, OPT_PROXY,
	OPT_ALLOW_VACUOUS, OPT_STRICT, OPT_LINE_BUFFERED, OPT_MAX_LINE,
	OPT_SKIP_BAD, OPT_SHARED, OPT_REPEAT, OPT_JITTER, OPT_NO_LINEARIZE,
	OPT_LINEARIZE_TIMEOUT, OPT_INJECT, OPT_INJECT_READY, OPT_INJECT_MAP, OPT_GRACE,
	OPT_MOCK, OPT_MOCK_STRICT, OPT_STUTTER, OPT_STUTTER_MAX, OPT_STUTTER_DELAY,
	OPT_STUTTER_COMMANDS, OPT_STUTTER_IGNORE, OPT_TRACEPARENT,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that judges"},
	{'a', "adapter", "FILE", "the adapter, a jq module"},
	{'A', "adapter-command", "CMD", "the adapter, a program that speaks NDJSON"},
	{'u', "url", "URL", "where the system is: the base of requests' paths"},
	{OPT_CHECKS, "checks", "MODE", "halt (at the first that fails), record, log or off"},
	{OPT_CONFORM, "conform", NULL, "events must agree with the model's predictions"},
	{OPT_REPEAT, "repeat", "N", "run a sequence with branches up to N times, until it fails (1)"},
	{OPT_JITTER, "jitter", "TIME", "at most, a random delay before each command of a branch"},
	{OPT_NO_LINEARIZE, "no-linearize", NULL, "fold branches as they were answered, judge no order"},
	{OPT_LINEARIZE_TIMEOUT, "linearize-timeout", "TIME", "for the search of an order of the branches (10s)"},
	{OPT_INJECT, "inject", "CMD", "events come from this program's output, too; NAME=CMD names it"},
	{OPT_INJECT_READY, "inject-ready", "REGEX", "that injector is ready when it writes such a line"},
	{OPT_INJECT_MAP, "inject-map", "MAP", "makes events of what that injector writes"},
	{OPT_MOCK, "mock", "CMD", "a service that the system depends on, such as pd-mock; NAME=CMD names it"},
	{OPT_MOCK_STRICT, "mock-strict", NULL, "a request that this mock has no answer to fails the run"},
	{OPT_TRACEPARENT, "traceparent", NULL, "send W3C trace context, by which telemetry finds its command"},
	{OPT_GRACE, "grace", "TIME", "for injectors and mocks after the last command of a run (200ms)"},
	{OPT_STUTTER, "stutter", "P", "send idempotent commands again, each with this probability"},
	{OPT_STUTTER_MAX, "stutter-max", "N", "at most so many times (2)"},
	{OPT_STUTTER_DELAY, "stutter-delay", "RANGE", "a pause before each time, MIN:MAX (0:100ms)"},
	{OPT_STUTTER_COMMANDS, "stutter-commands", "NAMES", "these, with commas between, whatever the model says"},
	{OPT_STUTTER_IGNORE, "stutter-ignore", "FIELDS", "of events, when they are compared with the first"},
	{OPT_STOP, "stop-on-failure", NULL, "stop after the first run that fails"},
	{OPT_MAX_FAILURES, "max-failures", "N", "stop after N runs that failed"},
	{OPT_TRACE, "trace", NULL, "write passing checks and every run's last state"},
	{OPT_TIMEOUT, "timeout", "TIME", "for a command, unless the model says (30s)"},
	{OPT_HEALTH_TIMEOUT, "health-timeout", "TIME", "to wait for a healthy system (10s)"},
	{OPT_REDACT, "redact", "NAME", "keep fields and headers of this name out of records"},
	{OPT_REPORT, "report", NULL, "write a failure record after each run that failed"},
	{OPT_SHARED, "shared", NULL, "do not take turns with another pd-exec on the same system"},
	{OPT_NO_EXCHANGE, "no-exchange", NULL, "leave requests and replies out of records"},
	{OPT_CA, "cacert", "FILE", "trust the certificates in FILE"},
	{OPT_CERTIFICATE, "cert", "FILE", "the client's certificate"},
	{OPT_KEY, "key", "FILE", "and its key"},
	{OPT_INSECURE, "insecure", NULL, "do not verify the system's certificate"},
	{OPT_UNIX, "unix-socket", "FILE", "connect to this socket instead"},
	{OPT_PROXY, "proxy", "URL", "send requests through a proxy"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind if nothing was tested"},
	{OPT_STRICT, "strict", NULL, "mind each single check that was never triggered"},
	{OPT_SKIP_BAD, "skip-bad", NULL, "go on after lines that cannot be read"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{OPT_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-exec",
	.synopsis = "-m MODEL (-a ADAPTER | -A CMD) [-u URL] [--checks MODE] [--conform]\n"
	    "               [--repeat N] [--jitter TIME] [--no-linearize]\n"
	    "               [--linearize-timeout TIME]\n"
	    "               [--inject [NAME=]CMD [--inject-ready REGEX] [--inject-map MAP]]\n"
	    "               [--mock [NAME=]CMD [--mock-strict]] [--grace TIME] [--traceparent]\n"
	    "               [--stutter P] [--stutter-max N] [--stutter-delay MIN:MAX]\n"
	    "               [--stutter-commands NAMES] [--stutter-ignore FIELDS]\n"
	    "               [--stop-on-failure] [--max-failures N] [--trace] [--report]\n"
	    "               [--timeout TIME] [--health-timeout TIME] [--redact NAME]\n"
	    "               [--no-exchange] [--cacert FILE] [--cert FILE] [--key FILE]\n"
	    "               [--insecure] [--unix-socket FILE] [--proxy URL]\n"
	    "               [--shared] [--allow-vacuous] [--strict] [--skip-bad] [--max-line SIZE]\n"
	    "               [--line-buffered] [FILE ...]",
	.purpose = "Run command sequences against the real system.",
	.options = options,
};

struct settings {
	const char *model;
	struct pd_adapter_options adapter;
	struct pd_executor_options executor;
	struct pd_redaction redaction;
	struct pd_injection_options *injectors;
	int64_t max_failures;	/* 0: no limit */
	int64_t repeat;		/* of a sequence with branches */
	bool report, shared, allow_vacuous, strict, line_buffered, skip_bad;
	size_t max_line;
};

/* The program at work. */
struct session {
	const struct settings *settings;
	struct pd_loop *loop;
	struct pd_model *model;
	struct pd_adapter *adapter;
	struct pd_executor *executor;
	struct pd_lock lock;
	struct pd_reader *reader;
	struct pd_writer writer;
	struct pd_counts counts;
	struct pd_buffer run_lines;	/* of the present run, for its failure record */
	jv header;
	int64_t failures;
	bool stopped;		/* no further sequence is executed */
	int argc;
	char **argv;
};

static void
log_check(const char *text)
{
	warnx("%s", text);
}

/* A number without a unit is of microseconds. */
static int64_t
parse_jitter(const char *value)
{
	return value[0] != '\0' && strspn(value, "0123456789") == strlen(value) ?
	    pd_option_number("jitter", value, 0, INT32_MAX) :
	    pd_option_duration("jitter", value);
}

/* A name in lower case may stand before the command; FOO=1 there is for sh. */
static void
add_injector(struct settings *settings, const char *value, bool mock)
{
	size_t *count = &settings->executor.injector_count;
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	bool named = length > 0 && value[length] == '=' && value[0] >= 'a';

	settings->injectors = pd_reallocate(settings->injectors, *count + 1,
	    sizeof(*settings->injectors));
	settings->injectors[(*count)++] = (struct pd_injection_options){
		.name = named ? strndup(value, length) : NULL,
		.command = named ? value + length + 1 : value, .mock = mock};
	settings->executor.injectors = settings->injectors;
}

/* Names with commas between, as {NAME: true}; more of them are added. */
static void
add_names(jv *names, const char *option, const char *value)
{
	char *list = strdup(value), *rest = list, *name;

	if (!jv_is_valid(*names))
		*names = jv_object();
	while ((name = strsep(&rest, ",")) != NULL) {
		if (*name == '\0')
			pd_usage_error("--%s: '%s' has an empty name", option, value);
		*names = jv_object_set(*names, jv_string(name), jv_true());
	}
	free(list);
}

/* MIN:MAX, or MAX alone. */
static void
parse_delay(struct pd_stutter *stutter, const char *value)
{
	const char *colon = strchr(value, ':');
	char *first = strndup(value, colon != NULL ? (size_t)(colon - value) : 0);

	stutter->shortest = colon != NULL ? pd_option_duration("stutter-delay", first) : 0;
	stutter->longest = pd_option_duration("stutter-delay",
	    colon != NULL ? colon + 1 : value);
	if (stutter->longest < stutter->shortest)
		pd_usage_error("--stutter-delay: '%s' ends before it begins", value);
	free(first);
}

static void
free_injectors(struct settings *settings)
{
	for (size_t i = 0; i < settings->executor.injector_count; i++)
		free((char *)settings->injectors[i].name);
	free(settings->injectors);
}

static struct pd_injection_options *
latest_injector(struct settings *settings, const char *option)
{
	size_t count = settings->executor.injector_count;

	if (count == 0 || settings->injectors[count - 1].mock)
		pd_usage_error("--%s stands behind the --inject that it is for", option);
	return &settings->injectors[count - 1];
}

static struct pd_injection_options *
latest_mock(struct settings *settings)
{
	size_t count = settings->executor.injector_count;

	if (count == 0 || !settings->injectors[count - 1].mock)
		pd_usage_error("--mock-strict stands behind the --mock that it is for");
	return &settings->injectors[count - 1];
}

static void
set_stutter_option(struct pd_stutter *stutter, int option, const char *value)
{
	struct pd_error error;

	switch (option) {
	case OPT_STUTTER:
		if (pd_parse_probability(value, &stutter->probability, &error) != 0)
			pd_usage_error("--stutter: %s", error.message);
		break;
	case OPT_STUTTER_MAX:
		stutter->most = pd_option_number("stutter-max", value, 1, 1000);
		break;
	case OPT_STUTTER_DELAY: parse_delay(stutter, value); break;
	case OPT_STUTTER_COMMANDS:
		add_names(&stutter->commands, "stutter-commands", value);
		break;
	case OPT_STUTTER_IGNORE: add_names(&stutter->ignored, "stutter-ignore", value); break;
	}
}

static void
set_option(struct settings *settings, int option, const char *value)
{
	static const char *const check_modes[] = {"halt", "record", "log", "off", NULL};
	struct pd_http_options *http = &settings->adapter.http;
	struct pd_executor_options *executor = &settings->executor;

	switch (option) {
	case 'm': settings->model = value; break;
	case 'a': settings->adapter.path = value; break;
	case 'A': settings->adapter.command = value; break;
	case 'u': http->base_url = value; break;
	case OPT_CHECKS:
		executor->projection.checks = (enum pd_check_mode)pd_option_choice("checks", value,
		    check_modes);
		break;
	case OPT_CONFORM: executor->projection.conform = true; break;
	case OPT_REPEAT:
		settings->repeat = pd_option_number("repeat", value, 1, INT64_MAX);
		break;
	case OPT_JITTER: executor->jitter = parse_jitter(value); break;
	case OPT_NO_LINEARIZE: executor->no_linearize = true; break;
	case OPT_LINEARIZE_TIMEOUT:
		executor->linearize_timeout = pd_option_duration("linearize-timeout", value);
		break;
	case OPT_INJECT: add_injector(settings, value, false); break;
	case OPT_INJECT_READY:
		latest_injector(settings, "inject-ready")->ready = value;
		break;
	case OPT_INJECT_MAP: latest_injector(settings, "inject-map")->map = value; break;
	case OPT_MOCK: add_injector(settings, value, true); break;
	case OPT_MOCK_STRICT: latest_mock(settings)->strict = true; break;
	case OPT_GRACE: executor->grace = pd_option_duration("grace", value); break;
	case OPT_STOP: settings->max_failures = 1; break;
	case OPT_MAX_FAILURES:
		settings->max_failures = pd_option_number("max-failures", value, 1, INT64_MAX);
		break;
	case OPT_TRACE: executor->projection.trace = true; break;
	case OPT_TIMEOUT:
		executor->timeout = pd_option_duration("timeout", value);
		break;
	case OPT_HEALTH_TIMEOUT:
		executor->health_timeout = pd_option_duration("health-timeout", value);
		break;
	case OPT_TRACEPARENT: executor->traceparent = true; break;
	case OPT_REDACT: pd_redaction_add(&settings->redaction, value); break;
	case OPT_REPORT: settings->report = true; break;
	case OPT_SHARED: settings->shared = true; break;
	case OPT_NO_EXCHANGE: executor->exchanges = false; break;
	case OPT_CA: http->ca_file = value; break;
	case OPT_CERTIFICATE: http->certificate = value; break;
	case OPT_KEY: http->key = value; break;
	case OPT_INSECURE: http->insecure = true; break;
	case OPT_UNIX: http->unix_socket = value; break;
	case OPT_PROXY: http->proxy = value; break;
	case OPT_ALLOW_VACUOUS: settings->allow_vacuous = true; break;
	case OPT_STRICT: settings->strict = true; break;
	case OPT_SKIP_BAD: settings->skip_bad = true; break;
	case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
	case OPT_LINE_BUFFERED: settings->line_buffered = true; break;
	default: set_stutter_option(&executor->stutter, option, value);
	}
}

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.max_line = PD_LINE_LIMIT, .repeat = 1,
		.executor = {.timeout = 30000000, .health_timeout = 10000000,
		.linearize_timeout = 10000000, .grace = 200000,
		.stutter = {.most = 2, .longest = 100000, .commands = jv_invalid(),
		.ignored = jv_invalid()}, .exchanges = true, .projection.log = log_check}};
	pd_redaction_start(&settings->redaction);
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		set_option(settings, option, value);
	if (settings->model == NULL)
		pd_usage_error("a model is needed: -m MODEL.jq");
	if ((settings->adapter.path == NULL) == (settings->adapter.command == NULL))
		pd_usage_error("one adapter is needed: -a ADAPTER.jq or -A COMMAND");
	if (settings->executor.timeout == 0)
		pd_usage_error("--timeout: no command can be done in no time");
	settings->executor.projection.redaction = &settings->redaction;
	for (size_t i = 0; i < settings->executor.injector_count; i++)
		settings->injectors[i].timeout = settings->executor.timeout;
}

/* Pass the header on with ourselves added; make one when there was none. */
static void
write_header(struct session *session)
{
	jv adapter = pd_adapter_identity(session->adapter);

	if (!jv_is_valid(session->header))
		session->header = pd_json_set(pd_stream_header("pd-exec " PD_VERSION),
		    "model", pd_model_identity(session->model));
	session->header = pd_stream_add_program(session->header, session->argc,
	    session->argv);
	session->header = pd_json_set(session->header, "adapter", adapter);
	pd_writer_record(&session->writer, jv_copy(session->header));
}

static bool
has_written_header(const struct session *session)
{
	return pd_json_has_peek(session->header, "adapter");
}

static void
write_failure(struct session *session)
{
	struct pd_recorded run;
	struct pd_error error;

	if (pd_recorded_parse(&run, session->run_lines.data,
	    session->run_lines.length, &error) == 0)
		pd_writer_record(&session->writer, pd_failure_record(&run,
		    pd_json_peek(run.start, "sequence"), session->header,
		    pd_adapter_identity(session->adapter), jv_invalid(),
		    jv_invalid()));
	pd_recorded_free(&run);
}

static void
on_pause(void *context)
{
	*(bool *)context = true;
}

/* Wait for our turn with the system; false when a signal came first. */
static bool
take_turn(struct session *session)
{
	struct pd_error error;

	if (session->settings->shared)
		return true;
	while (!pd_lock_try(&session->lock)) {
		bool over = false;
		pd_loop_after(session->loop, 1000, on_pause, &over);
		while (!over) {
			if (pd_loop_turn(session->loop, &error) != 0)
				pd_die(&error);
		}
		if (pd_loop_signal(session->loop) != 0)
			return false;
	}
	return true;
}

static void
end_turn(struct session *session)
{
	if (!session->settings->shared)
		pd_lock_release(&session->lock);
}

static jv
execute_once(struct session *session, const struct pd_execution *execution)
{
	const struct settings *settings = session->settings;

	pd_buffer_clear(&session->run_lines);
	/* Whoever reads may himself be waiting for our turn to end: no write may
	 * wait for him before. */
	session->writer.hold = true;
	session->writer.copy = settings->report ? &session->run_lines : NULL;
	jv end = pd_executor_run(session->executor, execution);
	session->writer.copy = NULL;
	session->writer.hold = false;
	return end;
}

static void
take_end(struct session *session, jv end)
{
	const struct settings *settings = session->settings;
	struct pd_error error;

	pd_counts_run(&session->counts, end);
	if (pd_json_has_peek(end, "failure")) {
		session->failures++;
		if (settings->report)
			write_failure(session);
	}
	pd_writer_flush(&session->writer, &error);
	if (settings->max_failures > 0 && session->failures >= settings->max_failures)
		session->stopped = true;
	if (pd_executor_broken(session->executor) != NULL) {
		pd_counts_problem(&session->counts, "%s failed: no further run could be "
		    "trusted", pd_executor_broken(session->executor));
		session->stopped = true;
	}
	if (pd_executor_unreachable(session->executor) >= 3) {
		pd_counts_problem(&session->counts,
		    "the system could not be reached in 3 runs in a row");
		session->stopped = true;
	}
}

/* Races hide: a sequence with branches is run again until it fails, each time
 * with another branch in front. */
static void
execute(struct session *session, struct pd_execution execution)
{
	bool races = execution.sequence->branch_count > 0 && !execution.paced;
	int64_t left = races ? session->settings->repeat : 1;
	bool again = true;

	while (again) {
		if (!take_turn(session))
			return;
		execution.repeats = --left > 0;
		jv end = execute_once(session, &execution);
		end_turn(session);
		take_end(session, end);
		again = pd_json_peek_bool(end, "again", false);
		execution.first_branch++;
		jv_free(end);
	}
}

/* A line that cannot be read ends the work, or is counted with --skip-bad. */
static void
reject(struct session *session, const struct pd_record *record,
    struct pd_error *error)
{
	pd_complain(error);
	session->counts.rejected++;
	if (!session->settings->skip_bad) {
		pd_counts_problem(&session->counts, "a line could not be read: %s",
		    error->message);
		session->stopped = true;
		return;
	}
	if (!has_written_header(session))
		write_header(session);
	pd_writer_start(&session->writer, "reject");
	pd_writer_number(&session->writer, "line", error->line);
	pd_writer_string(&session->writer, "file", error->file);
	pd_writer_string(&session->writer, "reason", error->message);
	if (record->line != NULL) {
		jv text = jv_string_sized(record->line,
		    record->length < 200 ? (int)record->length : 200);
		pd_writer_json_peek(&session->writer, "text", text);
		jv_free(text);
	}
	pd_writer_finish(&session->writer);
}

/* A sequence that was written by hand may lack what pd-gen adds. */
static bool
is_whole(jv sequence)
{
	return pd_json_has_peek(sequence, "run") && pd_json_has_peek(sequence, "seed") &&
	    pd_json_has_peek(sequence, "plan") && pd_json_has_peek(sequence, "suffix");
}

static void
execute_anew(struct session *session, const struct pd_sequence *sequence,
    bool paced, const jv *mutant)
{
	struct pd_buffer line = PD_BUFFER_INIT;
	jv record = pd_sequence_record(sequence);

	pd_json_append_peek(&line, record);
	execute(session, (struct pd_execution){.sequence = sequence, .paced = paced,
		.mutant = mutant, .line = line.data, .length = line.length});
	pd_buffer_free(&line);
	jv_free(record);
}

static void
take_sequence(struct session *session, const struct pd_record *record)
{
	struct pd_sequence sequence;
	struct pd_error error;
	jv value = pd_record_parse(record, &error);

	if (!jv_is_valid(value)) {
		reject(session, record, &error);
		return;
	}
	bool paced = pd_json_peek_bool(value, "paced", false);
	/* Whoever runs it again from its records does not pace it. */
	bool whole = is_whole(value) && !paced;
	jv given = pd_json_peek(value, "mutant");
	const jv *mutant = jv_get_kind(given) == JV_KIND_OBJECT ? &given : NULL;
	if (pd_sequence_parse(&sequence, value, &error) == 0) {
		if (whole)
			execute(session, (struct pd_execution){.sequence = &sequence,
				.mutant = mutant, .line = record->line,
				.length = record->length});
		else
			execute_anew(session, &sequence, paced, mutant);
	} else {
		snprintf(error.file, sizeof(error.file), "%s", record->file);
		error.line = record->number;
		reject(session, record, &error);
	}
	jv_free(given);
	pd_sequence_free(&sequence);
}

static void
take_record(struct session *session, const struct pd_record *record)
{
	struct pd_error error;

	if (!pd_record_is(record, "stream") && !has_written_header(session))
		write_header(session);
	if (pd_record_is(record, "sequence")) {
		take_sequence(session, record);
	} else if (pd_record_is(record, "stream") && !jv_is_valid(session->header)) {
		session->header = pd_record_parse(record, &error);
		write_header(session);
	} else if (pd_record_is(record, "end")) {
		jv end = pd_record_parse(record, &error);
		if (jv_is_valid(end))
			pd_counts_upstream(&session->counts, end);
		else
			reject(session, record, &error);
		jv_free(end);
	} else if (!pd_record_is(record, "stream") &&
	    !pd_record_is(record, "proceed")) {	/* for a run that is over */
		pd_writer_line(&session->writer, record->line, record->length);
	}
}

static bool
must_stop(const struct session *session)
{
	return session->stopped || pd_loop_signal(session->loop) != 0 ||
	    session->writer.failure != 0;
}

/* Wait for more input on the loop, so that signals and an adapter that ends
 * are seen meanwhile. */
static void
wait_for_input(struct session *session)
{
	struct pd_error error;

	pd_writer_flush(&session->writer, &error);
	if (pd_loop_turn_reading(session->loop, session->reader, &error) != 0)
		pd_die(&error);
}

static void
process_input(struct session *session)
{
	struct pd_record record = {0};
	struct pd_error error = PD_ERROR_INIT;

	while (!must_stop(session)) {
		switch (pd_reader_take(session->reader, &record, &error)) {
		case PD_READ_RECORD:
			take_record(session, &record);
			break;
		case PD_READ_ERROR:
			reject(session, &record, &error);
			break;
		case PD_READ_WAIT:
			wait_for_input(session);
			break;
		case PD_READ_END:
			pd_counts_input(&session->counts, session->reader);
			return;
		}
	}
}

/* Single checks that no run ever triggered are minded with --strict only. */
static void
note_silent_checks(struct session *session)
{
	if (!session->settings->strict || session->counts.commands == 0 ||
	    session->settings->executor.projection.checks == PD_CHECKS_OFF)
		return;
	pd_projection_note_silent(session->model, session->counts.fired,
	    &session->counts);
}

static void
complain_of_problems(const struct pd_counts *counts)
{
	jv_array_foreach(counts->problems, i, problem) {
		warnx("%s", jv_string_value(problem));
		jv_free(problem);
	}
}

/* The end record and the exit status. */
static int
finish(struct session *session)
{
	int signal_number = pd_loop_signal(session->loop);

	if (signal_number == 0 && !session->settings->allow_vacuous) {
		pd_executor_note_empty(session->executor, &session->counts);
		note_silent_checks(session);
	}
	if (pd_executor_strays(session->executor) > 0)
		warnx("%zu events came from outside after their runs, and belong to none; "
		    "--grace waits longer for them", pd_executor_strays(session->executor));
	pd_counts_close(&session->counts);
	complain_of_problems(&session->counts);
	int status = signal_number != 0 ? 128 + signal_number :
	    pd_counts_status(&session->counts);
	if (!has_written_header(session))
		write_header(session);
	pd_writer_record(&session->writer, pd_stream_end(&session->counts, status));
	return status;
}

static void
note_error(struct pd_counts *counts, const struct pd_error *error)
{
	char text[2560];

	pd_counts_problem(counts, "%s", pd_error_text(error, text, sizeof(text)));
}

/* A paced run that nobody paces. */
static void
on_problem(void *context, const struct pd_error *error)
{
	struct session *session = context;

	note_error(&session->counts, error);
	session->stopped = true;
}

/* What names the system under test: its address, or else the adapter, which
 * knows where it is. The caller frees it. */
static char *
system_name(const struct pd_adapter_options *adapter)
{
	const char *address = adapter->http.unix_socket != NULL ?
	    adapter->http.unix_socket : adapter->http.base_url;
	char folder[PATH_MAX] = "";

	if (address != NULL)
		return pd_duplicate(address);
	if (getcwd(folder, sizeof(folder)) == NULL)
		folder[0] = '\0';
	return pd_format("%s %s", folder,
	    adapter->command != NULL ? adapter->command : adapter->path);
}

/* Two pd-exec on one system would disturb each other's runs. */
static void
open_lock(struct session *session)
{
	struct pd_error error;

	session->lock = (struct pd_lock)PD_LOCK_INIT;
	if (session->settings->shared)
		return;
	char *name = system_name(&session->settings->adapter);
	if (pd_lock_open(&session->lock, name, &error) != 0)
		pd_die(&error);
	free(name);
}

static void
open_session(struct session *session, int argc, char **argv)
{
	const struct settings *settings = session->settings;
	struct pd_executor_options executor = settings->executor;
	struct pd_error error;

	session->argc = argc;
	session->argv = argv;
	session->header = jv_invalid();
	session->model = pd_open_model(settings->model);
	session->loop = pd_loop_new(&error);
	if (session->loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(session->loop);
	session->adapter = pd_adapter_open(session->loop, &settings->adapter, &error);
	if (session->adapter == NULL)
		pd_die(&error);
	pd_adapter_debug_to(session->adapter, stderr);
	/* A reader that goes away must not keep teardown from running. */
	signal(SIGPIPE, SIG_IGN);
	pd_writer_open(&session->writer, STDOUT_FILENO);
	session->writer.line_buffered |= settings->line_buffered;
	pd_counts_start(&session->counts);
	session->reader = pd_reader_open(argv + optind, argc - optind, settings->max_line);
	executor.input = session->reader;
	executor.problem = on_problem;
	executor.context = session;
	session->executor = pd_executor_new(session->loop, session->model,
	    session->adapter, &session->writer, &executor, &error);
	if (session->executor == NULL)
		pd_die(&error);
	open_lock(session);
}

static void
close_session(struct session *session)
{
	pd_lock_close(&session->lock);
	pd_executor_free(session->executor);
	pd_adapter_close(session->adapter);
	pd_loop_free(session->loop);
	pd_reader_close(session->reader);
	pd_model_close(session->model);
	pd_counts_free(&session->counts);
	pd_buffer_free(&session->run_lines);
	jv_free(session->header);
}

/* setup_once may change what another one's run sees: it takes its turn. */
static int
begin(struct session *session, struct pd_error *error)
{
	*error = (struct pd_error)PD_ERROR_INIT;
	if (!take_turn(session))
		return -1;
	int result = pd_executor_begin(session->executor, error);
	end_turn(session);
	return result;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	char *target = settings.adapter.http.base_url != NULL ?
	    pd_url_without_secrets(settings.adapter.http.base_url) : NULL;
	settings.executor.target = target;
	open_session(&session, argc, argv);
	if (begin(&session, &error) == 0) {
		process_input(&session);
	} else if (pd_loop_signal(session.loop) == 0) {
		note_error(&session.counts, &error);
		settings.allow_vacuous = true;	/* this says enough */
	}
	if (pd_executor_finish(session.executor, &error) != 0)
		note_error(&session.counts, &error);
	int status = finish(&session);
	close_session(&session);
	pd_redaction_free(&settings.redaction);
	free_injectors(&settings);
	jv_free(settings.executor.stutter.commands);
	jv_free(settings.executor.stutter.ignored);
	free(target);
	return pd_close_output(&session.writer, status);
}
