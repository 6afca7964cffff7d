/* SPDX-License-Identifier: MIT */
/* HTTP and JSON for the example servers; serve.h is the contract. */
#include "serve.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

enum {
	BODY_LIMIT = 1 << 20,
	INTEGER_TEXT = 24	/* "-9223372036854775808" and its end */
};

struct server {
	const struct serve_route *routes;
	void *context;
};

/* A body while it comes in. What exceeds BODY_LIMIT is read but not kept. */
struct upload {
	char *data;
	size_t length;
	bool too_large;
};

static void *
or_exit(void *memory)
{
	if (memory == NULL)
		err(2, "out of memory");
	return memory;
}

struct serve_reply
serve_reply(unsigned int status, jv body)
{
	return (struct serve_reply){ .status = status, .body = body };
}

struct serve_reply
serve_error(unsigned int status, const char *code)
{
	return serve_reply(status,
	    JV_OBJECT(jv_string("error"), jv_string(code)));
}

jv
serve_number(int64_t number)
{
	char text[INTEGER_TEXT];

	/* A jv made from a double would round what is beyond 2^53. */
	snprintf(text, sizeof(text), "%" PRId64, number);
	return jv_number_with_literal(text);
}

bool
serve_refused(const struct serve_request *request)
{
	return request->refusal.status != 0;
}

void
serve_refuse(struct serve_request *request, const char *code,
    const char *format, ...)
{
	va_list arguments;

	if (serve_refused(request))
		return;
	va_start(arguments, format);
	jv message = jv_string_vfmt(format, arguments);
	va_end(arguments);
	request->refusal = serve_reply(MHD_HTTP_BAD_REQUEST,
	    JV_OBJECT(jv_string("error"), jv_string(code),
		jv_string("message"), message));
}

/* A member of the body; refused, and invalid, when it is of another kind. */
static jv
member_of_kind(struct serve_request *request, const char *member,
    jv_kind kind)
{
	jv value = jv_object_get(jv_copy(request->body), jv_string(member));

	if (jv_get_kind(value) == kind)
		return value;
	serve_refuse(request, "bad_request",
	    jv_is_valid(value) ? "'%s' must be a %s"
	    : "'%s' is missing, it must be a %s",
	    member, jv_kind_name(kind));
	jv_free(value);
	return jv_invalid();
}

const char *
serve_string(struct serve_request *request, const char *member)
{
	jv value = member_of_kind(request, member, JV_KIND_STRING);

	if (!jv_is_valid(value))
		return "";
	/* The body, which the request owns, keeps the text alive. */
	const char *text = jv_string_value(value);
	size_t length = (size_t)jv_string_length_bytes(value);
	if (strlen(text) == length)
		return text;
	serve_refuse(request, "bad_request", "'%s' contains a NUL", member);
	return "";
}

bool
serve_is_digits(const char *text, uint64_t *number)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || text[length] != '\0')
		return false;
	if (text[0] == '0' && length > 1)
		return false;
	errno = 0;
	*number = strtoull(text, NULL, 10);
	return errno == 0;
}

bool
serve_is_integer(jv value, uint64_t *number)
{
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	/*
	 * As a double 9007199254740991.4 would be an integer. What libjq
	 * takes beyond JSON, "nan" and "Infinity", has no literal.
	 */
	const char *literal = jv_number_get_literal(value);
	return literal != NULL && serve_is_digits(literal, number);
}

uint64_t
serve_integer(struct serve_request *request, const char *member,
    uint64_t least, uint64_t most, const char *code)
{
	jv value = member_of_kind(request, member, JV_KIND_NUMBER);
	uint64_t number = 0;

	if (jv_is_valid(value) &&
	    (!serve_is_integer(value, &number) || number < least ||
	    number > most)) {
		serve_refuse(request, code, "'%s' must be an integer from %"
		    PRIu64 " to %" PRIu64, member, least, most);
		number = 0;
	}
	jv_free(value);
	return number;
}

const char *
serve_header(const struct serve_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection,
	    MHD_HEADER_KIND, name);
}

/* What the parser has to say about a value of its, consumed: null if none. */
static jv
parser_message(jv value)
{
	if (jv_get_kind(value) == JV_KIND_INVALID)
		return jv_invalid_get_msg(value);
	jv_free(value);
	return jv_null();
}

/* The body as JSON. Refused, and an empty object, if it is not an object. */
static jv
parse_body(struct serve_request *request, const struct upload *upload)
{
	jv_parser *parser = jv_parser_new(0);

	jv_parser_set_buf(parser, upload->data, (int)upload->length, 0);
	jv value = jv_parser_next(parser);
	jv rest = jv_is_valid(value) ? jv_parser_next(parser) : jv_copy(value);
	jv_parser_free(parser);

	jv message = parser_message(jv_copy(rest));
	if (jv_get_kind(message) == JV_KIND_STRING)
		serve_refuse(request, "bad_request", "malformed JSON: %s",
		    jv_string_value(message));
	else if (jv_get_kind(value) != JV_KIND_OBJECT || jv_is_valid(rest))
		serve_refuse(request, "bad_request",
		    "the body must be one JSON object");
	jv_free(message);
	jv_free(rest);
	if (!serve_refused(request))
		return value;
	jv_free(value);
	return jv_object();
}

/* Whether the path fits; if so, *argument becomes what stands at the '*'. */
static bool
fits(const char *pattern, const char *path, char **argument)
{
	size_t fixed = strcspn(pattern, "*");

	if (strncmp(pattern, path, fixed) != 0)
		return false;
	pattern += fixed;
	path += fixed;
	size_t length = *pattern == '*' ? strcspn(path, "/") : 0;
	if (*pattern == '*' && (length == 0 ||
	    strcmp(pattern + 1, path + length) != 0))
		return false;
	if (*pattern == '\0' && *path != '\0')
		return false;
	*argument = or_exit(strndup(path, length));
	return true;
}

static const struct serve_route *
find_route(const struct serve_route *route, const char *method,
    const char *path, char **argument)
{
	for (; route->method != NULL; route++)
		if (strcmp(route->method, method) == 0 &&
		    fits(route->pattern, path, argument))
			return route;
	return NULL;
}

/* The methods of a path, for a reply's Allow; "" for an unknown path. */
static char *
allowed_methods(const struct serve_route *route, const char *path)
{
	char *methods = or_exit(strdup(""));

	for (; route->method != NULL; route++) {
		char *argument, *more;

		if (!fits(route->pattern, path, &argument))
			continue;
		free(argument);
		if (asprintf(&more, "%s%s%s", methods,
		    methods[0] != '\0' ? ", " : "", route->method) < 0)
			err(2, "out of memory");
		free(methods);
		methods = more;
	}
	return methods;
}

/* Consumes the reply; allow is NULL except with status 405. */
static enum MHD_Result
send_reply(struct MHD_Connection *connection, struct serve_reply reply,
    const char *allow)
{
	jv text = jv_dump_string(reply.body, 0);
	struct MHD_Response *response = or_exit(
	    MHD_create_response_from_buffer(
		(size_t)jv_string_length_bytes(jv_copy(text)),
		(void *)jv_string_value(text), MHD_RESPMEM_MUST_COPY));

	jv_free(text);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    "application/json");
	if (allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
		    allow);
	enum MHD_Result result = MHD_queue_response(connection, reply.status,
	    response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
refuse_route(const struct server *server, struct MHD_Connection *connection,
    const char *path)
{
	char *allow = allowed_methods(server->routes, path);
	enum MHD_Result result = allow[0] == '\0'
	    ? send_reply(connection,
		serve_error(MHD_HTTP_NOT_FOUND, "not_found"), NULL)
	    : send_reply(connection, serve_error(MHD_HTTP_METHOD_NOT_ALLOWED,
		"method_not_allowed"), allow);

	free(allow);
	return result;
}

static enum MHD_Result
handle(const struct server *server, struct MHD_Connection *connection,
    const char *method, const char *path, const struct upload *upload)
{
	char *argument;
	const struct serve_route *route = find_route(server->routes, method,
	    path, &argument);

	if (route == NULL)
		return refuse_route(server, connection, path);
	struct serve_request request = {
		.context = server->context,
		.argument = argument,
		.connection = connection,
	};
	request.body = upload->length == 0 ? jv_object()
	    : parse_body(&request, upload);
	struct serve_reply reply = serve_refused(&request) ? request.refusal
	    : route->handle(&request);
	jv_free(request.body);
	free(argument);
	return send_reply(connection, reply, NULL);
}

static void
keep(struct upload *upload, const char *data, size_t length)
{
	if (upload->too_large || length > BODY_LIMIT - upload->length) {
		upload->too_large = true;
		return;
	}
	upload->data = or_exit(realloc(upload->data,
	    upload->length + length));
	memcpy(upload->data + upload->length, data, length);
	upload->length += length;
}

/*
 * libmicrohttpd calls this once when the headers are there, then for each
 * piece of the body, and then, with no more of it, for the reply.
 */
static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version,
    const char *data, size_t *length, void **state)
{
	struct upload *upload = *state;

	(void)version;
	if (upload == NULL) {
		*state = or_exit(calloc(1, sizeof(*upload)));
		return MHD_YES;
	}
	if (*length > 0) {
		keep(upload, data, *length);
		*length = 0;
		return MHD_YES;
	}
	if (upload->too_large)
		return send_reply(connection,
		    serve_error(MHD_HTTP_CONTENT_TOO_LARGE, "too_large"),
		    NULL);
	return handle(context, connection, method, path, upload);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct upload *upload = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (upload == NULL)
		return;
	free(upload->data);
	free(upload);
	*state = NULL;
}

/* Without TCP_NODELAY a small reply could wait 40 ms for the client's ACK. */
static void
on_connection(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	(void)context;
	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	int descriptor = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	    sizeof(int));
}

static struct MHD_Daemon *
start(struct server *server, uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct MHD_Daemon *daemon = MHD_start_daemon(
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_POLL, port, NULL, NULL, on_request, server,
	    MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
	    MHD_OPTION_END);

	if (daemon == NULL)
		err(2, "cannot listen on 127.0.0.1:%u", (unsigned int)port);
	return daemon;
}

/* By way of another file, so that who waits for it never reads half. */
static void
write_port_file(const char *name, unsigned int port)
{
	char *temporary;

	if (asprintf(&temporary, "%s.XXXXXX", name) < 0)
		err(2, "out of memory");
	int descriptor = mkstemp(temporary);
	if (descriptor < 0)
		err(2, "cannot create '%s'", temporary);
	if (dprintf(descriptor, "%u\n", port) < 0 ||
	    fchmod(descriptor, 0644) != 0 || close(descriptor) != 0 ||
	    rename(temporary, name) != 0) {
		warn("cannot write '%s'", name);
		unlink(temporary);
		exit(2);
	}
	free(temporary);
}

/* The signals that end the server, blocked in this thread and its children. */
static sigset_t
block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	/* A shell starts "server &" with SIGINT ignored: it would be lost. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	return signals;
}

uint16_t
serve_port(const char *text)
{
	uint64_t port;

	if (!serve_is_digits(text, &port) || port > UINT16_MAX)
		errx(2, "'%s' is not a port, 0 to 65535", text);
	return (uint16_t)port;
}

void
serve_run(const struct serve_options *options,
    const struct serve_route *routes, void *context)
{
	struct server server = { .routes = routes, .context = context };
	sigset_t signals = block_signals();
	struct MHD_Daemon *daemon = start(&server, options->port);
	unsigned int port = MHD_get_daemon_info(daemon,
	    MHD_DAEMON_INFO_BIND_PORT)->port;
	int received;

	if (options->port_file != NULL)
		write_port_file(options->port_file, port);
	printf("listening on http://127.0.0.1:%u\n", port);
	if (fflush(stdout) != 0)
		err(2, "cannot write to standard output");
	sigwait(&signals, &received);
	MHD_stop_daemon(daemon);
}
