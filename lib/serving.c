/* SPDX-License-Identifier: MIT */
#include "serving.h"

#include <signal.h>
#include <unistd.h>

#include "json.h"
#include "listening.h"
#include "moment.h"
#include "program.h"
#include "request.h"
#include "trace.h"

void
pd_serving_start(struct pd_serving *serving)
{
	*serving = (struct pd_serving){
		.server = {.address = "127.0.0.1", .max_body = (size_t)1 << 20,
		    .max_connections = 512, .client_timeout = 10000000},
	};
	pd_redaction_start(&serving->redaction);
}

void
pd_serving_free(struct pd_serving *serving)
{
	pd_redaction_free(&serving->redaction);
}

bool
pd_serving_option(struct pd_serving *serving, int option, const char *value)
{
	struct pd_server_options *server = &serving->server;

	switch (option) {
	case PD_OPTION_ADDRESS: server->address = value; break;
	case PD_OPTION_PORT: server->port = pd_option_number("port", value, 0, 65535); break;
	case PD_OPTION_PORT_FILE: serving->port_file = value; break;
	case PD_OPTION_UNIX: server->unix_socket = value; break;
	case PD_OPTION_CERTIFICATE: server->certificate = value; break;
	case PD_OPTION_KEY: server->key = value; break;
	case PD_OPTION_MAX_BODY: server->max_body = pd_option_size("max-body", value); break;
	case PD_OPTION_MAX_CONNECTIONS:
		server->max_connections = pd_option_number("max-connections", value, 1, 100000);
		break;
	case PD_OPTION_CLIENT_TIMEOUT:
		server->client_timeout = pd_option_duration("client-timeout", value);
		break;
	case PD_OPTION_REDACT: pd_redaction_add(&serving->redaction, value); break;
	default: return false;
	}
	return true;
}

void
pd_serving_check(const struct pd_serving *serving)
{
	const struct pd_server_options *server = &serving->server;

	if ((server->certificate == NULL) != (server->key == NULL))
		pd_usage_error("TLS needs both, --cert FILE and --key FILE");
	if (serving->port_file != NULL && server->unix_socket != NULL)
		pd_usage_error("--port-file: a Unix socket has no port");
	if (server->client_timeout == 0)
		pd_usage_error("--client-timeout: no client can send a request in no time");
}

struct pd_loop *
pd_serving_loop(struct pd_writer *writer)
{
	struct pd_error error = PD_ERROR_INIT;
	struct pd_loop *loop = pd_loop_new(&error);

	if (loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(loop);
	/* Of a reader that goes away the writer tells. */
	signal(SIGPIPE, SIG_IGN);
	pd_writer_open(writer, STDOUT_FILENO);
	writer->line_buffered = true;
	return loop;
}

struct pd_server *
pd_serving_open(struct pd_serving *serving, struct pd_loop *loop, pd_server_take *take,
    pd_server_trouble *trouble, void *context)
{
	struct pd_error error = PD_ERROR_INIT;

	serving->server.take = take;
	serving->server.trouble = trouble;
	serving->server.context = context;
	serving->started = pd_loop_now();
	serving->started_wall = pd_wall_clock();
	struct pd_server *server = pd_server_open(loop, &serving->server, &error);
	if (server == NULL || (serving->port_file != NULL &&
	    pd_listen_tell(serving->port_file, pd_server_port(server), &error) != 0))
		pd_die(&error);
	return server;
}

jv
pd_serving_record(struct pd_serving *serving, const char *type, int64_t at)
{
	char time[PD_MOMENT_TEXT];
	int64_t since = at - serving->started;
	jv record = pd_json_set_string(jv_object(), "type", type);

	pd_moment_text((serving->started_wall + since) * 1000, time);
	record = pd_json_set_number(record, "n", (double)++serving->records);
	record = pd_json_set_number(record, "at_us", (double)since);
	return pd_json_set_string(record, "time", time);
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

jv
pd_serving_request(struct pd_serving *serving, const struct pd_request *request)
{
	jv record = pd_serving_record(serving, "request", request->at);

	record = jv_object_merge(record,
	    pd_request_json(request, serving->server.max_body));
	if (request->too_large)
		record = pd_json_set_string(pd_json_set_number(record, "size",
		    (double)request->size), "refused", "too_large");
	return add_trace(record, request);
}

jv
pd_serving_add_reply(jv record, const struct pd_reply *reply)
{
	if (reply->fault != PD_FAULT_NONE)
		return pd_json_set_string(record, "fault", pd_reply_fault_name(reply->fault));
	return pd_json_set_number(record, "status", reply->status);
}

jv
pd_serving_redact(const struct pd_serving *serving, jv record)
{
	jv target = pd_json_peek(record, "target");

	if (jv_is_valid(target))
		record = pd_json_set(record, "target", pd_redact_url(&serving->redaction, target));
	return pd_redact(&serving->redaction, record);
}

void
pd_serving_answer(struct pd_request *request, struct pd_reply *reply, bool told)
{
	if (!told) {
		pd_reply_free(reply);
		pd_reply_start(reply, 503);
	}
	if (request->too_large)
		pd_reply_free(reply);
	else
		pd_server_answer(request, reply);
}
