/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "stream.h"
#include "text.h"

struct pd_transfer {
	struct pd_http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct pd_buffer url, request_body;
	jv reply_headers;
	struct pd_buffer reply_body;
	bool too_large;
	int sent;		/* requests that libcurl began to send for it */
	bool may_repeat;	/* sending it twice is as good as once */
	pd_http_done *done;
	void *context;
	char message[CURL_ERROR_SIZE];
	struct pd_transfer *next, *previous;	/* of those under way, or idle */
};

struct pd_http {
	struct pd_loop *loop;
	struct pd_http_options options;
	CURLM *multi;
	struct pd_timer *timer;
	struct pd_transfer *active;
	struct pd_transfer *idle;	/* handles that are used again */
};

static void
check_finished(struct pd_http *);

/*
 * libcurl tells which descriptors and which time it waits for; the loop tells
 * it when they come.
 */
static void
on_ready(void *context, int descriptor, short events)
{
	struct pd_http *http = context;
	int running, flags = 0;

	if (events & POLLIN)
		flags |= CURL_CSELECT_IN;
	if (events & POLLOUT)
		flags |= CURL_CSELECT_OUT;
	if (events & (POLLERR | POLLHUP))
		flags |= CURL_CSELECT_ERR;
	curl_multi_socket_action(http->multi, descriptor, flags, &running);
	check_finished(http);
}

static void
on_due(void *context)
{
	struct pd_http *http = context;
	int running;

	http->timer = NULL;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_finished(http);
}

static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *context,
    void *unused)
{
	struct pd_http *http = context;
	short events = 0;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	pd_loop_watch(http->loop, socket, events, on_ready, http);
	return 0;
}

static int
on_timeout(CURLM *multi, long milliseconds, void *context)
{
	struct pd_http *http = context;

	(void)multi;
	pd_loop_cancel(http->loop, http->timer);
	http->timer = milliseconds < 0 ? NULL :
	    pd_loop_after(http->loop, milliseconds * 1000, on_due, http);
	return 0;
}

struct pd_http *
pd_http_new(struct pd_loop *loop, const struct pd_http_options *options,
    struct pd_error *error)
{
	CURLM *multi = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		multi = curl_multi_init();
	if (multi == NULL) {
		pd_error_set(error, "libcurl cannot be started");
		return NULL;
	}
	struct pd_http *http = pd_allocate(1, sizeof(*http));
	*http = (struct pd_http){.loop = loop, .options = *options, .multi = multi};
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	return http;
}

static void
free_transfer(struct pd_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	pd_buffer_free(&transfer->url);
	pd_buffer_free(&transfer->request_body);
	pd_buffer_free(&transfer->reply_body);
	free(transfer);
}

void
pd_http_free(struct pd_http *http)
{
	if (http == NULL)
		return;
	while (http->active != NULL)
		pd_http_cancel(http->active);
	for (struct pd_transfer *t = http->idle, *next; t != NULL; t = next) {
		next = t->next;
		free_transfer(t);
	}
	curl_multi_cleanup(http->multi);
	pd_loop_cancel(http->loop, http->timer);
	free(http);
	curl_global_cleanup();
}

/*
 * Building a request.
 */
static void
append_encoded(struct pd_buffer *buffer, jv value)
{
	jv text = jv_get_kind(value) == JV_KIND_STRING ? value :
	    jv_dump_string(value, 0);
	char *encoded = curl_easy_escape(NULL, jv_string_value(text),
	    jv_string_length_bytes(jv_copy(text)));

	pd_buffer_text(buffer, encoded != NULL ? encoded : "");
	curl_free(encoded);
	jv_free(text);
}

/* name=value&name=value; an array gives its name once for each element, null
 * leaves the name out. Does not consume the fields. */
static void
append_fields(struct pd_buffer *buffer, jv fields, const char *first)
{
	const char *separator = first;

	if (jv_get_kind(fields) != JV_KIND_OBJECT)
		return;
	jv_object_foreach(fields, name, value) {
		jv values = jv_get_kind(value) == JV_KIND_ARRAY ? value :
		    jv_get_kind(value) == JV_KIND_NULL ? jv_array() :
		    JV_ARRAY(value);
		jv_array_foreach(values, i, element) {
			pd_buffer_text(buffer, separator);
			append_encoded(buffer, jv_copy(name));
			pd_buffer_text(buffer, "=");
			append_encoded(buffer, element);
			separator = "&";
		}
		jv_free(values);
		jv_free(name);
	}
}

static bool
text_holds_nul(jv text)
{
	return strlen(jv_string_value(text)) !=
	    (size_t)jv_string_length_bytes(jv_copy(text));
}

static bool
holds_nul(jv request, const char *field)
{
	jv text = pd_json_peek(request, field);
	bool result = jv_get_kind(text) == JV_KIND_STRING && text_holds_nul(text);

	jv_free(text);
	return result;
}

static int
build_url(struct pd_transfer *transfer, jv request, struct pd_error *error)
{
	const char *url = pd_json_peek_string(request, "url", NULL);
	const char *path = pd_json_peek_string(request, "path", NULL);
	const char *base = transfer->http->options.base_url;
	struct pd_buffer *buffer = &transfer->url;

	pd_buffer_clear(buffer);
	if (url != NULL) {
		pd_buffer_text(buffer, url);
	} else if (path != NULL && base != NULL) {
		pd_buffer_text(buffer, base);
		if (buffer->length > 0 && path[0] == '/' &&
		    buffer->data[buffer->length - 1] == '/')
			buffer->data[--buffer->length] = '\0';
		else if (buffer->length > 0 && path[0] != '/' && path[0] != '\0' &&
		    buffer->data[buffer->length - 1] != '/')
			pd_buffer_text(buffer, "/");
		pd_buffer_text(buffer, path);
	} else if (path != NULL) {
		pd_error_set(error, "the request has a path, but there is no base URL");
		return pd_error_hint(error, "give one with -u URL");
	} else {
		return pd_error_set(error, "the request has neither path nor url");
	}
	if (holds_nul(request, "url") || holds_nul(request, "path"))
		return pd_error_set(error, "the request's path holds a NUL character");
	jv query = pd_json_peek(request, "query");
	append_fields(buffer, query, strchr(buffer->data, '?') != NULL ? "&" : "?");
	jv_free(query);
	return 0;
}

static bool
has_header(struct curl_slist *headers, const char *name)
{
	size_t length = strlen(name);

	for (; headers != NULL; headers = headers->next) {
		if (strncasecmp(headers->data, name, length) == 0 &&
		    headers->data[length] == ':')
			return true;
	}
	return false;
}

static int
add_header(struct pd_transfer *transfer, jv name, jv value,
    struct pd_error *error)
{
	jv text = jv_get_kind(value) == JV_KIND_STRING ? value :
	    jv_dump_string(value, 0);
	const char *content = jv_string_value(text);
	int result = 0;

	if (strpbrk(content, "\r\n") != NULL || text_holds_nul(text) ||
	    strpbrk(jv_string_value(name), "\r\n: ") != NULL) {
		result = pd_error_set(error, "header '%s' cannot be sent: a line break, "
		    "NUL or colon is in it", jv_string_value(name));
	} else {
		/* An empty value needs the semicolon form. */
		char *line = content[0] == '\0' ?
		    pd_format("%s;", jv_string_value(name)) :
		    pd_format("%s: %s", jv_string_value(name), content);
		transfer->headers = curl_slist_append(transfer->headers, line);
		free(line);
	}
	jv_free(text);
	jv_free(name);
	return result;
}

static int
add_headers(struct pd_transfer *transfer, jv headers, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(headers) == JV_KIND_OBJECT) {
		jv_object_foreach(headers, name, value) {
			if (result == 0 && jv_get_kind(value) != JV_KIND_NULL)
				result = add_header(transfer, jv_copy(name),
				    jv_copy(value), error);
			jv_free(name);
			jv_free(value);
		}
	}
	jv_free(headers);
	return result;
}

/* The body of the request, with the content type that goes with its form. */
static bool
build_body(struct pd_transfer *transfer, jv request)
{
	struct pd_buffer *body = &transfer->request_body;
	const char *content_type = NULL;
	jv form = pd_json_peek(request, "form");
	jv raw = pd_json_peek(request, "body");
	jv json = pd_json_peek(request, "json");

	pd_buffer_clear(body);
	if (jv_is_valid(json)) {
		pd_json_append_peek(body, json);
		content_type = "Content-Type: application/json";
	} else if (jv_get_kind(form) == JV_KIND_OBJECT) {
		append_fields(body, form, "");
		content_type = "Content-Type: application/x-www-form-urlencoded";
	} else if (jv_get_kind(raw) == JV_KIND_STRING) {
		pd_buffer_append(body, jv_string_value(raw),
		    (size_t)jv_string_length_bytes(jv_copy(raw)));
		content_type = "Content-Type: text/plain; charset=utf-8";
	}
	if (content_type != NULL && !has_header(transfer->headers, "Content-Type"))
		transfer->headers = curl_slist_append(transfer->headers, content_type);
	jv_free(form);
	jv_free(raw);
	jv_free(json);
	return content_type != NULL;
}

/*
 * libcurl sends a request again by itself when a kept connection is closed
 * instead of an answer. The system may have done it the first time, so that is
 * for us to decide: a command must not be executed twice in silence.
 */
static int
on_request(void *context, char *ip, char *local_ip, int port, int local_port)
{
	struct pd_transfer *transfer = context;
	long redirects = 0;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	transfer->sent++;
	return transfer->may_repeat || transfer->sent <= redirects + 1 ?
	    CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct pd_transfer *transfer = context;

	if (transfer->reply_body.length + count > PD_HTTP_BODY_LIMIT) {
		transfer->too_large = true;
		return 0;
	}
	pd_buffer_append(&transfer->reply_body, bytes, count);
	return size * count;
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct pd_transfer *transfer = context;
	char *colon = memchr(bytes, ':', count);
	size_t end = count;

	/* A status line begins anew: after a redirect or a 100 Continue. */
	if (count > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		jv_free(transfer->reply_headers);
		transfer->reply_headers = jv_object();
		return size * count;
	}
	if (colon == NULL)
		return size * count;
	char *name = pd_format("%.*s", (int)(colon - bytes), bytes);
	for (char *letter = name; *letter != '\0'; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	size_t start = (size_t)(colon - bytes) + 1;
	while (start < end && isspace((unsigned char)bytes[start]))
		start++;
	while (end > start && isspace((unsigned char)bytes[end - 1]))
		end--;
	jv value = jv_string_sized(bytes + start, (int)(end - start));
	jv before = pd_json_peek(transfer->reply_headers, name);
	if (jv_get_kind(before) == JV_KIND_STRING)
		value = jv_string_concat(jv_string_concat(before, jv_string(", ")), value);
	else
		jv_free(before);
	transfer->reply_headers = pd_json_set(transfer->reply_headers, name, value);
	free(name);
	return size * count;
}

/* What every request has; after that of the request alone. */
static void
set_common_options(struct pd_transfer *transfer)
{
	const struct pd_http_options *options = &transfer->http->options;
	CURL *easy = transfer->easy;

	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "propertydamage");
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	/* Proxies from the environment would change the system under test. */
	curl_easy_setopt(easy, CURLOPT_PROXY,
	    options->proxy != NULL ? options->proxy : "");
	if (options->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
	if (options->certificate != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, options->certificate);
	if (options->key != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key);
	if (options->unix_socket != NULL)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options->unix_socket);
	if (options->insecure) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void
set_request_options(struct pd_transfer *transfer, jv request, bool has_body)
{
	CURL *easy = transfer->easy;
	const char *method = pd_json_peek_string(request, "method",
	    has_body ? "POST" : "GET");
	long redirects = (long)pd_json_peek_number(request, "redirects", 0);

	transfer->may_repeat = strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
	curl_easy_setopt(easy, CURLOPT_URL, transfer->url.data);
	bool posts = has_body || strcmp(method, "POST") == 0 ||
	    strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;

	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)transfer->request_body.length);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		    transfer->request_body.data != NULL ? transfer->request_body.data : "");
		/* Waiting for "100 Continue" costs a second where it is not known. */
		transfer->headers = curl_slist_append(transfer->headers, "Expect:");
	} else if (posts) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	/* Only where libcurl would choose another one: it keeps a custom method
	 * even when a redirect asks for GET. */
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, posts ? "POST" : "GET") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	if (redirects > 0) {
		curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
		curl_easy_setopt(easy, CURLOPT_MAXREDIRS, redirects);
	}
}

static struct pd_transfer *
take_transfer(struct pd_http *http)
{
	struct pd_transfer *transfer = http->idle;

	if (transfer != NULL) {
		http->idle = transfer->next;
	} else {
		transfer = pd_allocate(1, sizeof(*transfer));
		transfer->http = http;
		transfer->easy = curl_easy_init();
	}
	transfer->headers = NULL;
	transfer->reply_headers = jv_object();
	transfer->too_large = false;
	transfer->sent = 0;
	transfer->message[0] = '\0';
	pd_buffer_clear(&transfer->reply_body);
	transfer->previous = NULL;
	transfer->next = http->active;
	if (http->active != NULL)
		http->active->previous = transfer;
	http->active = transfer;
	return transfer;
}

static void
give_back(struct pd_transfer *transfer)
{
	struct pd_http *http = transfer->http;

	if (transfer->previous != NULL)
		transfer->previous->next = transfer->next;
	else
		http->active = transfer->next;
	if (transfer->next != NULL)
		transfer->next->previous = transfer->previous;
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	jv_free(transfer->reply_headers);
	transfer->reply_headers = jv_invalid();
	transfer->next = http->idle;
	http->idle = transfer;
}

struct pd_transfer *
pd_http_send(struct pd_http *http, jv request, pd_http_done *done,
    void *context, struct pd_error *error)
{
	struct pd_transfer *transfer = take_transfer(http);

	transfer->done = done;
	transfer->context = context;
	if (build_url(transfer, request, error) != 0 ||
	    add_headers(transfer, pd_json_peek(request, "headers"), error) != 0) {
		give_back(transfer);
		jv_free(request);
		return NULL;
	}
	set_common_options(transfer);
	set_request_options(transfer, request, build_body(transfer, request));
	jv_free(request);
	CURLMcode result = curl_multi_add_handle(http->multi, transfer->easy);
	if (result != CURLM_OK) {
		pd_error_set(error, "cannot send: %s", curl_multi_strerror(result));
		give_back(transfer);
		return NULL;
	}
	return transfer;
}

void
pd_http_cancel(struct pd_transfer *transfer)
{
	curl_multi_remove_handle(transfer->http->multi, transfer->easy);
	give_back(transfer);
}

/* The body as JSON: when it says that it is, or does not say what it is. */
static jv
parse_body(const struct pd_transfer *transfer)
{
	struct pd_error ignored;
	const char *type = pd_json_peek_string(transfer->reply_headers,
	    "content-type", "json");

	if (transfer->reply_body.length == 0 || strstr(type, "json") == NULL)
		return jv_null();
	jv body = pd_json_parse(transfer->reply_body.data,
	    transfer->reply_body.length, &ignored);
	return jv_is_valid(body) ? body : jv_null();
}

static jv
make_reply(struct pd_transfer *transfer)
{
	long status = 0;
	curl_off_t latency = 0;
	jv reply = jv_object();

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &latency);
	reply = pd_json_set_number(reply, "status", (double)status);
	reply = pd_json_set(reply, "headers", jv_copy(transfer->reply_headers));
	reply = pd_json_set(reply, "body", parse_body(transfer));
	reply = pd_json_set(reply, "text", jv_string_sized(
	    transfer->reply_body.data != NULL ? transfer->reply_body.data : "",
	    (int)transfer->reply_body.length));
	return pd_json_set_number(reply, "latency_us", (double)latency);
}

static bool
is_unreachable(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_SSL_CONNECT_ERROR || code == CURLE_COULDNT_RESOLVE_PROXY ||
	    code == CURLE_PEER_FAILED_VERIFICATION;
}

static void
set_failure(const struct pd_transfer *transfer, CURLcode code,
    struct pd_error *error)
{
	if (transfer->too_large)
		pd_error_set(error, "the reply is longer than %zu MiB",
		    PD_HTTP_BODY_LIMIT >> 20);
	else if (code == CURLE_ABORTED_BY_CALLBACK)
		pd_error_set(error, "the connection was closed without an answer");
	else if (transfer->message[0] != '\0')
		pd_error_set(error, "%s", transfer->message);
	else
		pd_error_set(error, "%s", curl_easy_strerror(code));
	if (code == CURLE_COULDNT_CONNECT) {
		char *url = pd_url_without_secrets(transfer->url.data);
		pd_error_hint(error, "is the system running at %.*s?",
		    (int)strcspn(url, "?"), url);
		free(url);
	} else if (code == CURLE_PEER_FAILED_VERIFICATION) {
		pd_error_hint(error, "--cacert names the authority that signed it");
	}
}

static void
check_finished(struct pd_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		char *private;
		struct pd_error error = PD_ERROR_INIT;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		struct pd_transfer *transfer = (void *)private;
		jv reply = code == CURLE_OK ? make_reply(transfer) : jv_invalid();
		if (code != CURLE_OK)
			set_failure(transfer, code, &error);
		pd_http_done *done = transfer->done;
		void *context = transfer->context;
		curl_multi_remove_handle(http->multi, easy);
		give_back(transfer);
		done(context, reply, is_unreachable(code), &error);
	}
}
