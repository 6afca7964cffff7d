/* SPDX-License-Identifier: MIT */
/* pd-mock: play a service that the system under test depends on. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "loop.h"
#include "mock.h"
#include "program.h"
#include "reader.h"
#include "serving.h"
#include "writer.h"

enum { OPT_STAY = 256, OPT_STRICT, OPT_MAX_LINE };

static const struct pd_option options[] = {
	{'M', "mock", "FILE", "the jq module that plays it"},
	{OPT_STAY, "stay", NULL, "go on when the input ends, until a signal"},
	{OPT_STRICT, "strict", NULL, "exit with 1 when a request was unmatched"},
	PD_SERVING_OPTIONS,
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-mock",
	.synopsis = "-M FILE [--stay] [--strict] [--address ADDR] [--port N]\n"
	    "               [--port-file FILE] [--unix-socket FILE]\n"
	    "               [--cert FILE --key FILE] [--max-body SIZE]\n"
	    "               [--max-connections N] [--client-timeout TIME]\n"
	    "               [--redact NAME] [--max-line SIZE] [FILE ...]",
	.purpose = "Play a service that the system under test depends on.",
	.options = options,
};

struct settings {
	struct pd_serving serving;
	const char *mock;
	size_t max_line;
	bool stay, strict;
};

struct session {
	struct settings *settings;
	struct pd_loop *loop;
	struct pd_mock *mock;
	struct pd_reader *reader;
	struct pd_writer writer;
	int64_t requests, unmatched;	/* in the present run */
	int64_t all_unmatched;
	bool ended;		/* the input */
	bool failed;		/* a line could not be read, or the module failed */
};

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.max_line = PD_LINE_LIMIT};
	pd_serving_start(&settings->serving);
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'M': settings->mock = value; break;
		case OPT_STAY: settings->stay = true; break;
		case OPT_STRICT: settings->strict = true; break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		default: pd_serving_option(&settings->serving, option, value);
		}
	}
	pd_serving_check(&settings->serving);
	if (settings->mock == NULL)
		pd_usage_error("a mock is needed: -M MOCK.jq");
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->failed = true;
}

/*
 * What is told on standard input.
 */
static int
begin_run(struct session *session, struct pd_error *error)
{
	session->requests = session->unmatched = 0;
	return pd_mock_reset(session->mock, error);
}

/* Consumes the record. Types that mean nothing here pass by, so that any record
 * stream will do. */
static int
take_record(struct session *session, const struct pd_record *line, jv record,
    struct pd_error *error)
{
	int result = 0;

	if (pd_record_is(line, "run_start"))
		result = begin_run(session, error);
	else if (pd_record_is(line, "command"))
		result = pd_mock_command(session->mock, pd_json_peek(record, "command"), error);
	else if (pd_record_is(line, "event"))
		result = pd_mock_event(session->mock, pd_json_peek(record, "event"), error);
	else if (pd_record_is(line, "state"))
		pd_mock_model(session->mock, pd_json_peek(record, "state"));
	jv_free(record);
	return result;
}

/* All that this run's requests led to was written before. */
static void
acknowledge(struct session *session, jv ask, const struct pd_error *error)
{
	struct pd_writer *writer = &session->writer;

	pd_writer_start(writer, "ack");
	pd_writer_json_peek(writer, "ask", ask);
	pd_writer_number(writer, "requests", session->requests);
	pd_writer_number(writer, "unmatched", session->unmatched);
	if (error != NULL)
		pd_writer_string(writer, "error", error->message);
	pd_writer_finish(writer);
}

static void
take_line(struct session *session, const struct pd_record *line)
{
	struct pd_error error = PD_ERROR_INIT;
	jv record = pd_record_parse(line, &error);

	if (!jv_is_valid(record)) {
		jv_free(record);
		complain(session, &error);
		return;
	}
	jv ask = pd_json_peek(record, "ask");
	int result = take_record(session, line, record, &error);
	if (result != 0)
		complain(session, &error);
	if (jv_is_valid(ask))
		acknowledge(session, ask, result != 0 ? &error : NULL);
	jv_free(ask);
}

static void
wait_for_more(struct session *session)
{
	struct pd_error error = PD_ERROR_INIT;

	if ((session->ended ? pd_loop_turn(session->loop, &error) :
	    pd_loop_turn_reading(session->loop, session->reader, &error)) != 0)
		pd_die(&error);
}

static void
take_input(struct session *session)
{
	struct pd_record line = {0};
	struct pd_error error = PD_ERROR_INIT;

	if (session->ended) {
		wait_for_more(session);
		return;
	}
	switch (pd_reader_take(session->reader, &line, &error)) {
	case PD_READ_RECORD: take_line(session, &line); break;
	case PD_READ_ERROR: complain(session, &error); break;
	case PD_READ_WAIT: wait_for_more(session); break;
	case PD_READ_END: session->ended = true; break;
	}
}

/*
 * What the system asks.
 */
static jv
answer(struct session *session, jv record, struct pd_reply *reply, jv *events)
{
	struct pd_error error = PD_ERROR_INIT;

	switch (pd_mock_handle(session->mock, jv_copy(record), reply, events, &error)) {
	case PD_MOCKED:
		break;
	case PD_UNMATCHED:
		session->unmatched++;
		session->all_unmatched++;
		record = pd_json_set(record, "unmatched", jv_true());
		break;
	case PD_MOCK_FAILED:
		complain(session, &error);
		record = pd_json_set_string(record, "error", error.message);
		break;
	}
	return record;
}

static void
take_request(void *context, struct pd_request *request)
{
	struct session *session = context;
	struct pd_serving *serving = &session->settings->serving;
	struct pd_reply reply;
	jv record = pd_serving_request(serving, request);
	jv events;

	session->requests++;
	if (request->too_large) {
		pd_reply_start(&reply, 413);
		events = jv_array();
	} else {
		record = answer(session, record, &reply, &events);
	}
	record = pd_serving_redact(serving, pd_serving_add_reply(record, &reply));
	/* They are to be folded: nothing may be missing in them. */
	pd_writer_record(&session->writer, pd_json_set(record, "events", events));
	pd_serving_answer(request, &reply, session->writer.failure == 0);
}

static void
take_trouble(void *context, const char *text)
{
	(void)context;
	warnx("%s", text);
}

static void
open_session(struct session *session, int argc, char **argv)
{
	const struct settings *settings = session->settings;
	struct pd_error error = PD_ERROR_INIT;

	session->mock = pd_mock_open(settings->mock, &error);
	if (session->mock == NULL)
		pd_die(&error);
	pd_mock_debug_to(session->mock, stderr);
	session->loop = pd_serving_loop(&session->writer);
	session->reader = pd_reader_open(argv + optind, argc - optind, settings->max_line);
}

static void
serve(struct session *session)
{
	struct pd_server *server = pd_serving_open(&session->settings->serving,
	    session->loop, take_request, take_trouble, session);

	warnx("listening on %s", pd_server_url(server));
	while ((!session->ended || session->settings->stay) &&
	    session->writer.failure == 0 && pd_loop_signal(session->loop) == 0)
		take_input(session);
	pd_server_close(server);
}

static int
exit_status(const struct session *session)
{
	if (session->settings->strict && session->all_unmatched > 0) {
		warnx("%lld requests were unmatched", (long long)session->all_unmatched);
		return PD_EXIT_NO;
	}
	return session->failed ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings};

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_session(&session, argc, argv);
	serve(&session);
	int status = exit_status(&session);
	pd_reader_close(session.reader);
	pd_loop_free(session.loop);
	pd_mock_close(session.mock);
	pd_serving_free(&settings.serving);
	return pd_close_output(&session.writer, status);
}
