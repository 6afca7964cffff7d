/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <sys/socket.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <microhttpd.h>

#include "json.h"
#include "listening.h"
#include "text.h"

enum {
	DRAINED = 64 << 20,	/* bytes of a body over the limit that are read, so that
				 * the client comes to read the answer */
	HEADERS = 64 << 10,	/* the longest request line with all headers */
	CLOSING_GRACE = 1000000,	/* for requests on their way in, microseconds */
	CLOSING_STEP = 5000,
};

/* A connection, while it is open. */
struct connection {
	struct pd_server *server;
	int descriptor;
	int64_t since;		/* of waiting for a whole request; 0: we have one */
	bool cut;		/* we ended it */
	struct pd_exchange *present;	/* the request that comes in or is answered */
	struct connection *next, *previous;
};

enum stage {
	STAGE_BEGUN,		/* the request line was read */
	STAGE_BODY,		/* the headers were, too */
	STAGE_OURS,		/* it is whole and with the loop's thread */
	STAGE_ANSWERED,		/* that has answered */
};

/* A request and its answer. Until it is whole it belongs to the server's
 * thread, then to the loop's, and again to the server's when it is answered. */
struct pd_exchange {
	struct pd_server *server;
	struct MHD_Connection *connection;
	enum stage stage;
	char *method, *target;
	struct pd_request request;
	struct pd_reply reply;
	struct MHD_Response *response;
	struct pd_timer *timer;	/* of an answer with a delay */
	char *trouble;		/* told in place of a request */
	bool answered_there;	/* by the server's thread: only to be told */
	struct pd_exchange *next;	/* in the queue */
	struct pd_exchange *after, *before;	/* among those that we have */
};

/*
 * The server's thread appends to the queue and writes a byte to the pipe, by
 * which the loop learns of it. All fields below the mutex are shared.
 */
struct pd_server {
	struct pd_loop *loop;
	struct pd_server_options options;
	struct MHD_Daemon *daemon;
	int64_t port;
	char *url;
	int wake[2];
	struct pd_timer *watch;
	struct pd_exchange *ours;
	bool closing;
	pthread_mutex_t mutex;
	struct pd_exchange *queue, **queue_end;
	struct connection *connections;
	bool ended;		/* nobody takes requests any more */
	int64_t active;		/* requests whose answer is not sent yet */
};

/*
 * In the server's thread.
 */
/* The mutex is ours. Returns whether the queue was empty. */
static bool
append(struct pd_server *server, struct pd_exchange *exchange)
{
	bool was_empty = server->queue == NULL;

	exchange->next = NULL;
	*server->queue_end = exchange;
	server->queue_end = &exchange->next;
	return was_empty;
}

/* The pipe cannot be full: a byte is written for an empty queue only. */
static void
wake(struct pd_server *server, bool was_empty)
{
	while (was_empty && write(server->wake[1], "", 1) < 0 && errno == EINTR)
		continue;
}

static void
enqueue(struct pd_server *server, struct pd_exchange *exchange)
{
	pthread_mutex_lock(&server->mutex);
	bool was_empty = append(server, exchange);
	pthread_mutex_unlock(&server->mutex);
	wake(server, was_empty);
}

static void
tell_trouble(struct pd_server *server, char *text)
{
	struct pd_exchange *exchange = pd_allocate(1, sizeof(*exchange));

	*exchange = (struct pd_exchange){.server = server, .trouble = text,
		.request.headers = jv_invalid()};
	enqueue(server, exchange);
}

static int
descriptor_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static struct connection *
connection_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* From now on the client is waited for; or, with 0, we are. */
static void
set_waiting(struct MHD_Connection *connection, int64_t since)
{
	struct connection *known = connection_of(connection);

	pthread_mutex_lock(&known->server->mutex);
	known->since = since;
	pthread_mutex_unlock(&known->server->mutex);
}

static void
link_connection(struct pd_server *server, struct connection *connection)
{
	pthread_mutex_lock(&server->mutex);
	connection->next = server->connections;
	if (server->connections != NULL)
		server->connections->previous = connection;
	server->connections = connection;
	pthread_mutex_unlock(&server->mutex);
}

static void
unlink_connection(struct pd_server *server, struct connection *connection)
{
	pthread_mutex_lock(&server->mutex);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	pthread_mutex_unlock(&server->mutex);
}

static void
free_exchange(struct pd_exchange *exchange)
{
	if (exchange->response != NULL)
		MHD_destroy_response(exchange->response);
	pd_reply_free(&exchange->reply);
	jv_free(exchange->request.headers);
	pd_buffer_free(&exchange->request.body);
	free(exchange->method);
	free(exchange->target);
	free(exchange->trouble);
	free(exchange);
}

/* The present request of a connection, if there is one, is over: answered, or
 * broken off, which is told. */
static void
end_request(struct connection *connection)
{
	struct pd_exchange *exchange = connection->present;
	struct pd_server *server = connection->server;
	const char *why = connection->cut ? ": it took too long" : "";

	if (exchange == NULL)
		return;
	if (exchange->stage == STAGE_BODY)
		tell_trouble(server, pd_format("%s %s broke off after %zu bytes of its body%s",
		    exchange->method, exchange->target, exchange->request.size, why));
	else if (exchange->stage == STAGE_BEGUN)
		tell_trouble(server, pd_format("a request for %s broke off in its headers%s",
		    exchange->target, why));
	pthread_mutex_lock(&server->mutex);
	server->active--;
	pthread_mutex_unlock(&server->mutex);
	connection->present = NULL;
	free_exchange(exchange);
}

/* Without TCP_NODELAY a small answer could wait 40 ms for the client's ACK. */
static void
on_connection(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	struct pd_server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*state != NULL) {
			end_request(*state);
			unlink_connection(server, *state);
		}
		free(*state);
		*state = NULL;
		return;
	}
	struct connection *opened = pd_allocate(1, sizeof(*opened));
	*opened = (struct connection){.server = server, .since = pd_loop_now(),
		.descriptor = descriptor_of(connection)};
	if (server->options.unix_socket == NULL)
		setsockopt(opened->descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		    sizeof(int));
	*state = opened;
	link_connection(server, opened);
}

/* The first that is heard of a request: what it asks for. What is returned is the
 * state that the other callbacks get; but of a request that libmicrohttpd refuses
 * by itself there may be no other. */
static void *
on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct pd_server *server = context;
	struct connection *known = connection_of(connection);
	struct pd_exchange *exchange = pd_allocate(1, sizeof(*exchange));

	*exchange = (struct pd_exchange){.server = server, .connection = connection,
		.target = pd_duplicate(target),
		.request = {.headers = jv_invalid(), .body = PD_BUFFER_INIT},
		.reply = {.headers = jv_invalid(), .body = PD_BUFFER_INIT}};
	end_request(known);
	known->present = exchange;
	pthread_mutex_lock(&server->mutex);
	server->active++;
	pthread_mutex_unlock(&server->mutex);
	return exchange;
}

static enum MHD_Result
add_header(void *context, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	jv *headers = context;
	char *lower = pd_duplicate(name);
	jv text = jv_string(value != NULL ? value : "");

	(void)kind;
	for (char *letter = lower; *letter != '\0'; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	jv before = pd_json_peek(*headers, lower);
	if (jv_get_kind(before) == JV_KIND_STRING)
		text = jv_string_concat(jv_string_concat(before, jv_string(", ")), text);
	else
		jv_free(before);
	*headers = pd_json_set(*headers, lower, text);
	free(lower);
	return MHD_YES;
}

static void
complete_request(struct pd_exchange *exchange)
{
	struct pd_request *request = &exchange->request;

	request->exchange = exchange;
	request->method = exchange->method;
	request->target = exchange->target;
	request->headers = jv_object();
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, add_header,
	    &request->headers);
	request->at = pd_loop_now();
}

/* A copy for the loop's thread of a request that is answered already. */
static void
tell_too_large(struct pd_exchange *exchange)
{
	struct pd_exchange *told = pd_allocate(1, sizeof(*told));

	*told = (struct pd_exchange){.server = exchange->server,
		.connection = exchange->connection, .answered_there = true,
		.method = pd_duplicate(exchange->method),
		.target = pd_duplicate(exchange->target),
		.request = {.too_large = true, .size = exchange->request.size}};
	complete_request(told);
	enqueue(exchange->server, told);
}

static enum MHD_Result
refuse_too_large(struct pd_exchange *exchange)
{
	char text[] = "the body is too large\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    sizeof(text) - 1, text, MHD_RESPMEM_MUST_COPY);

	tell_too_large(exchange);
	exchange->stage = STAGE_ANSWERED;
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(exchange->connection,
	    MHD_HTTP_CONTENT_TOO_LARGE, response);
	MHD_destroy_response(response);
	return result;
}

/* A body that is announced as too large need not be sent, if the client asks
 * first; and if it is far too large, nobody waits for its end. */
static bool
is_announced_too_large(struct pd_exchange *exchange)
{
	const char *length = MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool asks = MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
	size_t limit = exchange->server->options.max_body + (asks ? 0 : DRAINED);

	size_t announced = length != NULL ? strtoull(length, NULL, 10) : 0;

	if (announced > limit)
		exchange->request.size = announced;
	return announced > limit;
}

static enum MHD_Result
take_headers(struct pd_exchange *exchange, const char *method)
{
	exchange->stage = STAGE_BODY;
	exchange->method = pd_duplicate(method);
	return is_announced_too_large(exchange) ? refuse_too_large(exchange) : MHD_YES;
}

static enum MHD_Result
take_piece(struct pd_exchange *exchange, const char *bytes, size_t length)
{
	struct pd_request *request = &exchange->request;
	size_t limit = exchange->server->options.max_body;

	request->size += length;
	if (request->size <= limit)
		pd_buffer_append(&request->body, bytes, length);
	else
		pd_buffer_free(&request->body);
	request->too_large = request->size > limit;
	return request->size <= limit + DRAINED ? MHD_YES : MHD_NO;
}

/* Bytes in place of HTTP, and of TLS: few enough to fit into the socket's buffer. */
static void
send_raw(const struct pd_exchange *exchange)
{
	const struct pd_buffer *body = &exchange->reply.body;

	if (body->length > 0)
		send(descriptor_of(exchange->connection), body->data, body->length,
		    MSG_NOSIGNAL);
}

/* Closing would send a FIN first: libmicrohttpd shuts the connection down before.
 * Where a connection cannot be dissolved it is closed so. */
static void
send_reset(const struct pd_exchange *exchange)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	connect(descriptor_of(exchange->connection), &nobody, sizeof(nobody));
}

static enum MHD_Result
send_answer(struct pd_exchange *exchange)
{
	switch (exchange->reply.fault) {
	case PD_FAULT_NONE:
		return exchange->response == NULL ? MHD_NO : MHD_queue_response(
		    exchange->connection, exchange->reply.status, exchange->response);
	case PD_FAULT_MALFORMED:
		send_raw(exchange);
		break;
	case PD_FAULT_RESET:
		send_reset(exchange);
		break;
	case PD_FAULT_CLOSE:
	case PD_FAULT_TIMEOUT:
		break;
	}
	return MHD_NO;
}

/* Give the exchange to the loop's thread; not to one that has stopped to listen,
 * for no connection may be suspended when the server ends. */
static enum MHD_Result
hand_over(struct pd_exchange *exchange)
{
	struct pd_server *server = exchange->server;

	pthread_mutex_lock(&server->mutex);
	if (server->ended) {
		pthread_mutex_unlock(&server->mutex);
		return MHD_NO;
	}
	exchange->stage = STAGE_OURS;
	MHD_suspend_connection(exchange->connection);
	bool was_empty = append(server, exchange);
	pthread_mutex_unlock(&server->mutex);
	wake(server, was_empty);
	return MHD_YES;
}

/*
 * libmicrohttpd calls this once when the headers are there, then for each piece
 * of the body, then with no more of it, and again when the answer is ready.
 */
static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *data, size_t *length,
    void **state)
{
	struct pd_exchange *exchange = *state;

	(void)context;
	(void)path;
	(void)version;
	if (exchange->stage == STAGE_BEGUN)
		return take_headers(exchange, method);
	if (exchange->stage == STAGE_ANSWERED)
		return send_answer(exchange);
	if (*length > 0) {
		enum MHD_Result result = take_piece(exchange, data, *length);
		*length = 0;
		return result;
	}
	if (exchange->request.too_large)
		return refuse_too_large(exchange);
	complete_request(exchange);
	set_waiting(connection, 0);
	return hand_over(exchange);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct connection *known = connection_of(connection);

	(void)context;
	(void)code;
	end_request(known);
	*state = NULL;
	set_waiting(connection, pd_loop_now());
}

/* Paths stay as they were sent: who takes a request resolves the escapes. */
static size_t
leave_escapes(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

/*
 * In the loop's thread.
 */
static void
keep_ours(struct pd_server *server, struct pd_exchange *exchange)
{
	exchange->before = NULL;
	exchange->after = server->ours;
	if (server->ours != NULL)
		server->ours->before = exchange;
	server->ours = exchange;
}

static void
release_ours(struct pd_server *server, struct pd_exchange *exchange)
{
	if (exchange->before != NULL)
		exchange->before->after = exchange->after;
	else
		server->ours = exchange->after;
	if (exchange->after != NULL)
		exchange->after->before = exchange->before;
}

static void
take_exchange(struct pd_server *server, struct pd_exchange *exchange)
{
	const struct pd_server_options *options = &server->options;

	if (exchange->trouble != NULL) {
		options->trouble(options->context, exchange->trouble);
		free_exchange(exchange);
	} else if (exchange->answered_there) {
		options->take(options->context, &exchange->request);
		free_exchange(exchange);
	} else {
		keep_ours(server, exchange);
		options->take(options->context, &exchange->request);
	}
}

static void
on_wake(void *context, int descriptor, short events)
{
	struct pd_server *server = context;
	char bytes[64];

	(void)events;
	while (read(descriptor, bytes, sizeof(bytes)) > 0)
		continue;
	pthread_mutex_lock(&server->mutex);
	struct pd_exchange *first = server->queue;
	server->queue = NULL;
	server->queue_end = &server->queue;
	pthread_mutex_unlock(&server->mutex);
	for (struct pd_exchange *exchange = first, *next; exchange != NULL; exchange = next) {
		next = exchange->next;
		take_exchange(server, exchange);
	}
}

static void
build_response(struct pd_exchange *exchange)
{
	struct pd_reply *reply = &exchange->reply;

	if (reply->fault != PD_FAULT_NONE)
		return;
	exchange->response = MHD_create_response_from_buffer(reply->body.length,
	    reply->body.data, MHD_RESPMEM_MUST_COPY);
	if (exchange->response == NULL)
		return;
	jv_object_foreach(reply->headers, name, value) {
		MHD_add_response_header(exchange->response, jv_string_value(name),
		    jv_string_value(value));
		jv_free(name);
		jv_free(value);
	}
}

/* Hand the exchange back to the server's thread. */
static void
hand_back(void *context)
{
	struct pd_exchange *exchange = context;

	exchange->timer = NULL;
	release_ours(exchange->server, exchange);
	build_response(exchange);
	exchange->stage = STAGE_ANSWERED;
	/* Its references must not be counted in two threads at a time. */
	jv_free(exchange->request.headers);
	exchange->request.headers = jv_invalid();
	jv_free(exchange->reply.headers);
	exchange->reply.headers = jv_invalid();
	MHD_resume_connection(exchange->connection);
}

void
pd_server_answer(struct pd_request *request, struct pd_reply *reply)
{
	struct pd_exchange *exchange = request->exchange;
	struct pd_server *server = exchange->server;

	exchange->reply = *reply;
	*reply = (struct pd_reply){.headers = jv_invalid(), .body = PD_BUFFER_INIT};
	if (server->closing)
		hand_back(exchange);
	else if (exchange->reply.fault == PD_FAULT_TIMEOUT)
		return;		/* it stays with us until the end */
	else if (exchange->reply.delay > 0)
		exchange->timer = pd_loop_after(server->loop, exchange->reply.delay,
		    hand_back, exchange);
	else
		hand_back(exchange);
}

/* End connections whose client takes too long to send a request: one that sends
 * a byte now and then would keep its place for ever. */
static void
on_watch(void *context)
{
	struct pd_server *server = context;
	int64_t limit = server->options.client_timeout;
	int64_t now = pd_loop_now();

	pthread_mutex_lock(&server->mutex);
	for (struct connection *c = server->connections; c != NULL; c = c->next) {
		if (c->since == 0 || c->cut || now - c->since < limit)
			continue;
		c->cut = true;
		shutdown(c->descriptor, SHUT_RDWR);
	}
	pthread_mutex_unlock(&server->mutex);
	server->watch = pd_loop_after(server->loop, limit / 4 + 1, on_watch, server);
}

int64_t
pd_server_port(const struct pd_server *server)
{
	return server->port;
}

const char *
pd_server_url(const struct pd_server *server)
{
	return server->url;
}

static int
open_socket(struct pd_server *server, struct pd_error *error)
{
	const struct pd_server_options *options = &server->options;

	if (options->unix_socket != NULL) {
		server->url = pd_format("unix:%s", options->unix_socket);
		return pd_listen_unix(options->unix_socket, error);
	}
	server->port = options->port;
	return pd_listen_tcp(options->address, &server->port,
	    options->certificate != NULL ? "https" : "http", &server->url, error);
}

static int
read_pem(const char *path, struct pd_buffer *buffer, struct pd_error *error)
{
	if (path == NULL)
		return 0;
	if (pd_read_file(path, buffer, error) != 0)
		return -1;
	if (buffer->length == 0 || strstr(buffer->data, "-----BEGIN") == NULL)
		return pd_error_at(error, path, 0, "this is not in PEM");
	return 0;
}

/* Start libmicrohttpd on the socket, which it closes in the end. */
static int
start_daemon(struct pd_server *server, int socket, struct pd_error *error)
{
	const struct pd_server_options *options = &server->options;
	struct pd_buffer certificate = PD_BUFFER_INIT, key = PD_BUFFER_INIT;
	unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	unsigned seconds = (unsigned)((options->client_timeout + 999999) / 1000000);

	if (read_pem(options->certificate, &certificate, error) != 0 ||
	    read_pem(options->key, &key, error) != 0) {
		pd_buffer_free(&certificate);
		return -1;
	}
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, certificate.data},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, key.data},
		{MHD_OPTION_END, 0, NULL},
	};
	if (options->certificate != NULL)
		flags |= MHD_USE_TLS;
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
	    MHD_OPTION_LISTEN_SOCKET, socket,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS,
	    MHD_OPTION_CONNECTION_TIMEOUT, seconds,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	    MHD_OPTION_ARRAY, options->certificate != NULL ? tls : &tls[2],
	    MHD_OPTION_END);
	pd_buffer_free(&certificate);
	pd_buffer_free(&key);
	if (server->daemon != NULL)
		return 0;
	if (options->certificate == NULL)
		return pd_error_set(error, "the HTTP server cannot be started");
	pd_error_at(error, options->certificate, 0, "TLS cannot be started with this certificate");
	return pd_error_hint(error, "do certificate and key belong together?");
}

static void
free_server(struct pd_server *server)
{
	if (server->wake[0] >= 0) {
		pd_loop_watch(server->loop, server->wake[0], 0, NULL, NULL);
		close(server->wake[0]);
		close(server->wake[1]);
	}
	pd_loop_cancel(server->loop, server->watch);
	pthread_mutex_destroy(&server->mutex);
	free(server->url);
	free(server);
}

struct pd_server *
pd_server_open(struct pd_loop *loop, const struct pd_server_options *options,
    struct pd_error *error)
{
	struct pd_server *server = pd_allocate(1, sizeof(*server));

	*server = (struct pd_server){.loop = loop, .options = *options, .wake = {-1, -1}};
	server->queue_end = &server->queue;
	pthread_mutex_init(&server->mutex, NULL);
	int socket = open_socket(server, error);
	if (socket < 0) {
		free_server(server);
		return NULL;
	}
	if (pipe2(server->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
		server->wake[0] = -1;
		pd_error_set(error, "cannot make a pipe: %s", strerror(errno));
	} else if (start_daemon(server, socket, error) == 0) {
		pd_loop_watch(loop, server->wake[0], POLLIN, on_wake, server);
		on_watch(server);
		return server;
	}
	close(socket);
	if (options->unix_socket != NULL)
		unlink(options->unix_socket);
	free_server(server);
	return NULL;
}

static void
on_step(void *context)
{
	*(bool *)context = true;
}

static void
turn_for(struct pd_server *server, int64_t microseconds)
{
	bool over = false;
	struct pd_error ignored;

	struct pd_timer *timer = pd_loop_after(server->loop, microseconds, on_step, &over);
	while (!over) {
		if (pd_loop_turn(server->loop, &ignored) != 0) {
			pd_loop_cancel(server->loop, timer);
			return;
		}
	}
}

static int64_t
count_active(struct pd_server *server)
{
	pthread_mutex_lock(&server->mutex);
	int64_t active = server->active;
	pthread_mutex_unlock(&server->mutex);
	return active;
}

/* Answers with a delay go out at once; who was to get none loses his connection. */
static void
cut_delays(struct pd_server *server)
{
	for (struct pd_exchange *e = server->ours, *next; e != NULL; e = next) {
		next = e->after;
		if (e->timer == NULL && e->reply.fault != PD_FAULT_TIMEOUT)
			continue;
		pd_loop_cancel(server->loop, e->timer);
		hand_back(e);
	}
}

/* Wait until every answer is sent, or until then. */
static void
await_answers(struct pd_server *server, int64_t end)
{
	while (count_active(server) > 0 && pd_loop_now() < end)
		turn_for(server, CLOSING_STEP);
}

/* What nobody answered, or was not whole in time, is refused. */
static void
refuse_rest(struct pd_server *server)
{
	pthread_mutex_lock(&server->mutex);
	server->ended = true;
	pthread_mutex_unlock(&server->mutex);
	on_wake(server, server->wake[0], POLLIN);
	while (server->ours != NULL) {
		struct pd_reply reply;
		pd_reply_start(&reply, MHD_HTTP_SERVICE_UNAVAILABLE);
		pd_server_answer(&server->ours->request, &reply);
	}
}

void
pd_server_close(struct pd_server *server)
{
	if (server == NULL)
		return;
	server->closing = true;
	int socket = MHD_quiesce_daemon(server->daemon);
	if (server->options.unix_socket != NULL)
		unlink(server->options.unix_socket);
	cut_delays(server);
	await_answers(server, pd_loop_now() + CLOSING_GRACE);
	refuse_rest(server);
	await_answers(server, pd_loop_now() + CLOSING_GRACE / 10);
	MHD_stop_daemon(server->daemon);
	if (socket >= 0)
		close(socket);
	/* What broke off meanwhile is told, too. */
	on_wake(server, server->wake[0], POLLIN);
	free_server(server);
}
