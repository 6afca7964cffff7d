/* SPDX-License-Identifier: MIT */
/* pd-listen: write a record for each HTTP request, or span or log, that comes. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "listening.h"
#include "loop.h"
#include "moment.h"
#include "otlp.h"
#include "program.h"
#include "redact.h"
#include "request.h"
#include "responder.h"
#include "server.h"
#include "signature.h"
#include "trace.h"
#include "writer.h"

enum {
	OPT_ADDRESS = 256, OPT_PORT, OPT_PORT_FILE, OPT_UNIX, OPT_CERTIFICATE, OPT_KEY,
	OPT_SECRET_FILE, OPT_SECRET_ENVIRONMENT, OPT_FORMAT, OPT_HEADER, OPT_TOLERANCE,
	OPT_REFUSE, OPT_OTLP, OPT_MAX_BODY, OPT_MAX_CONNECTIONS, OPT_CLIENT_TIMEOUT,
	OPT_COUNT, OPT_TIMEOUT, OPT_REDACT,
};

static const struct pd_option options[] = {
	{'r', "respond", "FILE", "answer as respond($request) in this jq module says (204)"},
	{OPT_ADDRESS, "address", "ADDR", "listen on this address (127.0.0.1)"},
	{OPT_PORT, "port", "N", "and this port; 0 for a free one (0)"},
	{OPT_PORT_FILE, "port-file", "FILE", "write the port there"},
	{OPT_UNIX, "unix-socket", "FILE", "listen on this socket instead"},
	{OPT_CERTIFICATE, "cert", "FILE", "speak TLS with this certificate"},
	{OPT_KEY, "key", "FILE", "and its key"},
	{OPT_SECRET_FILE, "hmac-secret-file", "FILE", "check signatures with the secret in FILE"},
	{OPT_SECRET_ENVIRONMENT, "hmac-secret-env", "NAME", "or in this environment variable"},
	{OPT_FORMAT, "hmac-format", "NAME", "github, stripe, slack, hex or base64 (github)"},
	{OPT_HEADER, "hmac-header", "NAME", "where the signature is, if not in the format's place"},
	{OPT_TOLERANCE, "hmac-tolerance", "TIME", "how old a signature's time may be; 0 for any (5m)"},
	{OPT_REFUSE, "hmac-refuse", NULL, "answer 401 to what is not signed rightly"},
	{OPT_OTLP, "otlp", NULL, "take OpenTelemetry's traces and logs, a record each"},
	{OPT_MAX_BODY, "max-body", "SIZE", "answer 413 to longer bodies (1MiB)"},
	{OPT_MAX_CONNECTIONS, "max-connections", "N", "serve so many at a time (512)"},
	{OPT_CLIENT_TIMEOUT, "client-timeout", "TIME", "for a client to send a whole request (10s)"},
	{OPT_COUNT, "count", "N", "stop after N records"},
	{OPT_TIMEOUT, "timeout", "TIME", "stop after this time"},
	{OPT_REDACT, "redact", "NAME", "keep fields and headers of this name out of records"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-listen",
	.synopsis = "[-r FILE] [--address ADDR] [--port N] [--port-file FILE]\n"
	    "                 [--unix-socket FILE] [--cert FILE --key FILE]\n"
	    "                 [--hmac-secret-file FILE | --hmac-secret-env NAME]\n"
	    "                 [--hmac-format NAME] [--hmac-header NAME]\n"
	    "                 [--hmac-tolerance TIME] [--hmac-refuse] [--otlp]\n"
	    "                 [--max-body SIZE] [--max-connections N]\n"
	    "                 [--client-timeout TIME] [--count N] [--timeout TIME]\n"
	    "                 [--redact NAME]",
	.purpose = "Write a record for each HTTP request, or span or log, that comes.",
	.options = options,
};

struct settings {
	struct pd_server_options server;
	struct pd_signature signature;
	struct pd_redaction redaction;
	const char *respond, *port_file, *secret_file, *secret_environment;
	int64_t count;		/* 0: no limit */
	int64_t timeout;	/* 0: none */
	bool otlp, refuse;
};

struct session {
	const struct settings *settings;
	struct pd_loop *loop;
	struct pd_responder *responder;
	struct pd_writer writer;
	int64_t started;	/* on the loop's clock, microseconds */
	int64_t started_wall;	/* the same since 1970 */
	int64_t records;
	int64_t request_at;	/* of the export whose records are written */
	bool over;		/* the time is up, or there are enough records */
	bool failed;		/* respond could not answer */
};

static void
set_signature_option(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case OPT_SECRET_FILE: settings->secret_file = value; break;
	case OPT_SECRET_ENVIRONMENT: settings->secret_environment = value; break;
	case OPT_FORMAT:
		settings->signature.format = pd_option_choice("hmac-format", value,
		    pd_signature_formats);
		break;
	case OPT_HEADER: settings->signature.header = value; break;
	case OPT_TOLERANCE:
		settings->signature.tolerance =
		    pd_option_duration("hmac-tolerance", value) / 1000000;
		break;
	case OPT_REFUSE: settings->refuse = true; break;
	}
}

static void
set_option(struct settings *settings, int option, const char *value)
{
	struct pd_server_options *server = &settings->server;

	switch (option) {
	case 'r': settings->respond = value; break;
	case OPT_ADDRESS: server->address = value; break;
	case OPT_PORT: server->port = pd_option_number("port", value, 0, 65535); break;
	case OPT_PORT_FILE: settings->port_file = value; break;
	case OPT_UNIX: server->unix_socket = value; break;
	case OPT_CERTIFICATE: server->certificate = value; break;
	case OPT_KEY: server->key = value; break;
	case OPT_OTLP: settings->otlp = true; break;
	case OPT_MAX_BODY: server->max_body = pd_option_size("max-body", value); break;
	case OPT_MAX_CONNECTIONS:
		server->max_connections = pd_option_number("max-connections", value, 1, 100000);
		break;
	case OPT_CLIENT_TIMEOUT:
		server->client_timeout = pd_option_duration("client-timeout", value);
		break;
	case OPT_COUNT:
		settings->count = pd_option_number("count", value, 1, INT64_MAX);
		break;
	case OPT_TIMEOUT: settings->timeout = pd_option_duration("timeout", value); break;
	case OPT_REDACT: pd_redaction_add(&settings->redaction, value); break;
	default: set_signature_option(settings, option, value);
	}
}

static void
check_settings(const struct settings *settings, int operands)
{
	const struct pd_server_options *server = &settings->server;
	bool secret = settings->secret_file != NULL || settings->secret_environment != NULL;

	if (operands > 0)
		pd_usage_error("there is nothing to read: requests come over the network");
	if ((server->certificate == NULL) != (server->key == NULL))
		pd_usage_error("TLS needs both, --cert FILE and --key FILE");
	if (settings->secret_file != NULL && settings->secret_environment != NULL)
		pd_usage_error("one secret: --hmac-secret-file or --hmac-secret-env");
	if (settings->refuse && !secret)
		pd_usage_error("--hmac-refuse needs a secret: --hmac-secret-file FILE");
	if (settings->port_file != NULL && server->unix_socket != NULL)
		pd_usage_error("--port-file: a Unix socket has no port");
	if (server->client_timeout == 0)
		pd_usage_error("--client-timeout: no client can send a request in no time");
}

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){
		.server = {.address = "127.0.0.1", .max_body = (size_t)1 << 20,
		    .max_connections = 512, .client_timeout = 10000000},
		.signature = {.tolerance = 300, .secret = PD_BUFFER_INIT,
		    .format = pd_option_choice("hmac-format", "github", pd_signature_formats)},
	};
	pd_redaction_start(&settings->redaction);
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		set_option(settings, option, value);
	check_settings(settings, argc - optind);
}

static void
read_secret(struct settings *settings)
{
	struct pd_error error = PD_ERROR_INIT;
	int result = 0;

	if (settings->secret_file != NULL)
		result = pd_signature_secret_file(&settings->signature,
		    settings->secret_file, &error);
	else if (settings->secret_environment != NULL)
		result = pd_signature_secret_environment(&settings->signature,
		    settings->secret_environment, &error);
	if (result != 0)
		pd_die(&error);
}

/*
 * Records.
 */

/* A record's first fields. at is when it came, on the loop's clock. */
static jv
begin_record(struct session *session, const char *type, int64_t at)
{
	char time[PD_MOMENT_TEXT];
	jv record = pd_json_set_string(jv_object(), "type", type);

	pd_moment_text((session->started_wall + at - session->started) * 1000, time);
	record = pd_json_set_number(record, "n", (double)++session->records);
	record = pd_json_set_number(record, "at_us", (double)(at - session->started));
	return pd_json_set_string(record, "time", time);
}

/* What is told of a request is there before its answer is: who was answered can
 * rely on it. */
static void
write_record(struct session *session, jv record)
{
	const struct settings *settings = session->settings;
	jv target = pd_json_peek(record, "target");

	if (jv_is_valid(target))
		record = pd_json_set(record, "target",
		    pd_redact_url(&settings->redaction, target));
	pd_writer_record(&session->writer, pd_redact(&settings->redaction, record));
	if (settings->count > 0 && session->records >= settings->count)
		session->over = true;
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->failed = true;
}

/* A caller that is part of a trace says so. */
static jv
add_trace(jv record, const struct pd_request *request)
{
	const char *parent = pd_request_header(request, "traceparent");
	char trace_id[PD_TRACE_ID], span_id[PD_SPAN_ID];

	if (parent == NULL || !pd_trace_read(parent, trace_id, span_id))
		return record;
	record = pd_json_set_string(record, "trace_id", trace_id);
	return pd_json_set_string(record, "parent_span_id", span_id);
}

/* Whether the request is signed rightly goes into the record; returns whether
 * it may be answered. */
static bool
check_signature(const struct settings *settings, const struct pd_request *request,
    jv *record)
{
	if (settings->signature.secret.length == 0)
		return true;
	const char *problem = pd_signature_problem(&settings->signature, request,
	    pd_wall_clock() / 1000000);
	jv signature = pd_json_set(jv_object(), "valid", jv_bool(problem == NULL));
	if (problem != NULL)
		signature = pd_json_set_string(signature, "reason", problem);
	*record = pd_json_set(*record, "signature", signature);
	return problem == NULL || !settings->refuse;
}

static jv
refuse(jv record, const char *why, unsigned status, struct pd_reply *reply)
{
	pd_reply_start(reply, status);
	return pd_json_set_string(record, "refused", why);
}

static jv
respond(struct session *session, jv record, struct pd_reply *reply)
{
	struct pd_error error = PD_ERROR_INIT;

	if (session->responder == NULL) {
		pd_reply_start(reply, 204);
	} else if (pd_responder_answer(session->responder, jv_copy(record), reply,
	    &error) != 0) {
		complain(session, &error);
		record = pd_json_set_string(record, "error", error.message);
	}
	return record;
}

static jv
add_answer(jv record, const struct pd_reply *reply)
{
	if (reply->fault != PD_FAULT_NONE)
		return pd_json_set_string(record, "fault", pd_reply_fault_name(reply->fault));
	return pd_json_set_number(record, "status", reply->status);
}

/* What could not be told is not to be taken for received. */
static void
answer(struct session *session, struct pd_request *request, struct pd_reply *reply)
{
	if (session->writer.failure != 0) {
		pd_reply_free(reply);
		pd_reply_start(reply, 503);
	}
	if (request->too_large)		/* and answered */
		pd_reply_free(reply);
	else
		pd_server_answer(request, reply);
}

static void
take_webhook(struct session *session, struct pd_request *request)
{
	const struct settings *settings = session->settings;
	struct pd_reply reply;
	jv record = begin_record(session, "request", request->at);

	record = jv_object_merge(record, pd_request_json(request, settings->server.max_body));
	record = add_trace(record, request);
	if (request->too_large)
		record = refuse(pd_json_set_number(record, "size", (double)request->size),
		    "too_large", 413, &reply);
	else if (!check_signature(settings, request, &record))
		record = refuse(record, "signature", 401, &reply);
	else
		record = respond(session, record, &reply);
	write_record(session, add_answer(record, &reply));
	answer(session, request, &reply);
}

static void
take_telemetry(void *context, jv record)
{
	struct session *session = context;
	jv begun = begin_record(session, pd_json_peek_string(record, "type", ""),
	    session->request_at);

	write_record(session, jv_object_merge(begun, record));
}

static void
take_export(struct session *session, enum pd_otlp_signal kind, struct pd_request *request)
{
	struct pd_error error = PD_ERROR_INIT;
	struct pd_reply reply;

	session->request_at = request->at;
	if (pd_otlp_receive(kind, request, session->settings->server.max_body,
	    take_telemetry, session, &reply, &error) < 0) {
		pd_error_prefix(&error, "an export was refused: ");
		complain(session, &error);
	}
	answer(session, request, &reply);
}

static void
take_request(void *context, struct pd_request *request)
{
	struct session *session = context;
	struct pd_reply reply;
	enum pd_otlp_signal kind = session->settings->otlp && !request->too_large ?
	    pd_otlp_signal(request) : PD_OTLP_NONE;

	if (session->over || session->writer.failure != 0) {
		pd_reply_start(&reply, 503);
		answer(session, request, &reply);
	} else if (kind != PD_OTLP_NONE) {
		take_export(session, kind, request);
	} else {
		take_webhook(session, request);
	}
}

static void
take_trouble(void *context, const char *text)
{
	(void)context;
	warnx("%s", text);
}

static void
on_timeout(void *context)
{
	((struct session *)context)->over = true;
}

static void
open_session(struct session *session, struct settings *settings)
{
	struct pd_error error = PD_ERROR_INIT;

	read_secret(settings);
	if (settings->respond != NULL) {
		session->responder = pd_responder_open(settings->respond, &error);
		if (session->responder == NULL)
			pd_die(&error);
		pd_responder_debug_to(session->responder, stderr);
	}
	session->loop = pd_loop_new(&error);
	if (session->loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(session->loop);
	/* Of a reader that goes away the writer tells. */
	signal(SIGPIPE, SIG_IGN);
	pd_writer_open(&session->writer, STDOUT_FILENO);
	session->writer.line_buffered = true;
	session->started = pd_loop_now();
	session->started_wall = pd_wall_clock();
	settings->server.take = take_request;
	settings->server.trouble = take_trouble;
	settings->server.context = session;
}

static struct pd_server *
start_server(struct session *session)
{
	const struct settings *settings = session->settings;
	struct pd_error error = PD_ERROR_INIT;
	struct pd_server *server = pd_server_open(session->loop, &settings->server, &error);

	if (server == NULL)
		pd_die(&error);
	if (settings->port_file != NULL &&
	    pd_listen_tell(settings->port_file, pd_server_port(server), &error) != 0)
		pd_die(&error);
	warnx("listening on %s", pd_server_url(server));
	if (settings->timeout > 0)
		pd_loop_after(session->loop, settings->timeout, on_timeout, session);
	return server;
}

static void
serve(struct session *session)
{
	struct pd_error error = PD_ERROR_INIT;

	while (!session->over && session->writer.failure == 0 &&
	    pd_loop_signal(session->loop) == 0) {
		if (pd_loop_turn(session->loop, &error) != 0)
			pd_die(&error);
	}
}

/* Fewer records than were asked for is a no; a signal is how it is to be ended. */
static int
exit_status(const struct session *session)
{
	const struct settings *settings = session->settings;

	if (session->records < settings->count) {
		warnx("%lld of %lld records came", (long long)session->records,
		    (long long)settings->count);
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
	open_session(&session, &settings);
	struct pd_server *server = start_server(&session);
	serve(&session);
	pd_server_close(server);
	int status = exit_status(&session);
	bool pipe_closed = session.writer.failure == EPIPE;
	pd_loop_free(session.loop);
	pd_responder_close(session.responder);
	pd_signature_free(&settings.signature);
	pd_redaction_free(&settings.redaction);
	if (pipe_closed) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return pd_close_output(&session.writer, status);
}
