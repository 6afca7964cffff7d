/* SPDX-License-Identifier: MIT */
/* pd-listen: write a record for each HTTP request, or span or log, that comes. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "loop.h"
#include "otlp.h"
#include "program.h"
#include "responder.h"
#include "server.h"
#include "serving.h"
#include "signature.h"
#include "writer.h"

enum {
	OPT_SECRET_FILE = 256, OPT_SECRET_ENVIRONMENT, OPT_FORMAT, OPT_HEADER,
	OPT_TOLERANCE, OPT_REFUSE, OPT_OTLP, OPT_COUNT, OPT_TIMEOUT, OPT_ANNOUNCE,
};

static const struct pd_option options[] = {
	{'r', "respond", "FILE", "answer as respond($request) in this jq module says (204)"},
	{OPT_SECRET_FILE, "hmac-secret-file", "FILE", "check signatures with the secret in FILE"},
	{OPT_SECRET_ENVIRONMENT, "hmac-secret-env", "NAME", "or in this environment variable"},
	{OPT_FORMAT, "hmac-format", "NAME", "github, stripe, slack, hex or base64 (github)"},
	{OPT_HEADER, "hmac-header", "NAME", "where the signature is, if not in the format's place"},
	{OPT_TOLERANCE, "hmac-tolerance", "TIME", "how old a signature's time may be; 0 for any (5m)"},
	{OPT_REFUSE, "hmac-refuse", NULL, "answer 401 to what is not signed rightly"},
	{OPT_OTLP, "otlp", NULL, "take OpenTelemetry's traces and logs, a record each"},
	{OPT_ANNOUNCE, "announce", NULL, "write a first record that tells where it listens"},
	{OPT_COUNT, "count", "N", "stop after N records"},
	{OPT_TIMEOUT, "timeout", "TIME", "stop after this time"},
	PD_SERVING_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-listen",
	.synopsis = "[-r FILE] [--address ADDR] [--port N] [--port-file FILE]\n"
	    "                 [--unix-socket FILE] [--cert FILE --key FILE]\n"
	    "                 [--hmac-secret-file FILE | --hmac-secret-env NAME]\n"
	    "                 [--hmac-format NAME] [--hmac-header NAME]\n"
	    "                 [--hmac-tolerance TIME] [--hmac-refuse] [--otlp] [--announce]\n"
	    "                 [--max-body SIZE] [--max-connections N]\n"
	    "                 [--client-timeout TIME] [--count N] [--timeout TIME]\n"
	    "                 [--redact NAME]",
	.purpose = "Write a record for each HTTP request, or span or log, that comes.",
	.options = options,
};

struct settings {
	struct pd_serving serving;
	struct pd_signature signature;
	const char *respond, *secret_file, *secret_environment;
	int64_t count;		/* 0: no limit */
	int64_t timeout;	/* 0: none */
	bool otlp, refuse, announce;
};

struct session {
	struct settings *settings;
	struct pd_loop *loop;
	struct pd_responder *responder;
	struct pd_writer writer;
	int64_t request_at;	/* of the export whose records are written */
	bool over;		/* the time is up, or there are enough records */
	bool failed;		/* something could not be answered or understood */
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
	switch (option) {
	case 'r': settings->respond = value; break;
	case OPT_OTLP: settings->otlp = true; break;
	case OPT_ANNOUNCE: settings->announce = true; break;
	case OPT_COUNT:
		settings->count = pd_option_number("count", value, 1, INT64_MAX);
		break;
	case OPT_TIMEOUT: settings->timeout = pd_option_duration("timeout", value); break;
	default:
		if (!pd_serving_option(&settings->serving, option, value))
			set_signature_option(settings, option, value);
	}
}

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.signature = {.tolerance = 300,
		.secret = PD_BUFFER_INIT,
		.format = pd_option_choice("hmac-format", "github", pd_signature_formats)}};
	pd_serving_start(&settings->serving);
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		set_option(settings, option, value);
	pd_serving_check(&settings->serving);
	bool secret = settings->secret_file != NULL || settings->secret_environment != NULL;
	if (optind < argc)
		pd_usage_error("there is nothing to read: requests come over the network");
	if (settings->secret_file != NULL && settings->secret_environment != NULL)
		pd_usage_error("one secret: --hmac-secret-file or --hmac-secret-env");
	if (settings->refuse && !secret)
		pd_usage_error("--hmac-refuse needs a secret: --hmac-secret-file FILE");
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

/* What is told of a request is there before its answer is: who was answered can
 * rely on it. */
static void
write_record(struct session *session, jv record)
{
	const struct settings *settings = session->settings;

	pd_writer_record(&session->writer, pd_serving_redact(&settings->serving, record));
	if (settings->count > 0 && settings->serving.records >= settings->count)
		session->over = true;
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->failed = true;
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

static bool
is_told(const struct session *session)
{
	return session->writer.failure == 0;
}

static void
take_webhook(struct session *session, struct pd_request *request)
{
	struct settings *settings = session->settings;
	struct pd_reply reply;
	jv record = pd_serving_request(&settings->serving, request);

	if (request->too_large) {
		pd_reply_start(&reply, 413);
	} else if (!check_signature(settings, request, &record)) {
		pd_reply_start(&reply, 401);
		record = pd_json_set_string(record, "refused", "signature");
	} else {
		record = respond(session, record, &reply);
	}
	write_record(session, pd_serving_add_reply(record, &reply));
	pd_serving_answer(request, &reply, is_told(session));
}

static void
take_telemetry(void *context, jv record)
{
	struct session *session = context;
	jv begun = pd_serving_record(&session->settings->serving,
	    pd_json_peek_string(record, "type", ""), session->request_at);

	write_record(session, jv_object_merge(begun, record));
}

static void
take_export(struct session *session, enum pd_otlp_signal kind, struct pd_request *request)
{
	struct pd_error error = PD_ERROR_INIT;
	struct pd_reply reply;

	session->request_at = request->at;
	/* All of an export at once. */
	session->writer.line_buffered = false;
	if (pd_otlp_receive(kind, request, session->settings->serving.server.max_body,
	    take_telemetry, session, &reply, &error) < 0) {
		pd_error_prefix(&error, "an export was refused: ");
		complain(session, &error);
	}
	session->writer.line_buffered = true;
	pd_writer_flush(&session->writer, &error);
	pd_serving_answer(request, &reply, is_told(session));
}

static void
take_request(void *context, struct pd_request *request)
{
	struct session *session = context;
	struct pd_reply reply;
	enum pd_otlp_signal kind = session->settings->otlp && !request->too_large ?
	    pd_otlp_signal(request) : PD_OTLP_NONE;

	if (session->over || !is_told(session)) {
		pd_reply_start(&reply, 503);
		pd_serving_answer(request, &reply, false);
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
	session->loop = pd_serving_loop(&session->writer);
}

static struct pd_server *
start_server(struct session *session)
{
	struct settings *settings = session->settings;
	struct pd_server *server = pd_serving_open(&settings->serving, session->loop,
	    take_request, take_trouble, session);

	warnx("listening on %s", pd_server_url(server));
	if (settings->announce)
		pd_writer_record(&session->writer, pd_json_set_string(pd_json_set_string(
		    jv_object(), "type", "listening"), "url", pd_server_url(server)));
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

	if (settings->serving.records < settings->count) {
		warnx("%lld of %lld records came", (long long)settings->serving.records,
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
	pd_loop_free(session.loop);
	pd_responder_close(session.responder);
	pd_signature_free(&settings.signature);
	pd_serving_free(&settings.serving);
	return pd_close_output(&session.writer, status);
}
