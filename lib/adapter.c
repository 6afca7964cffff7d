/* SPDX-License-Identifier: MIT */
#include "adapter.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "coprocess.h"
#include "json.h"
#include "module.h"
#include "process.h"
#include "text.h"

struct pd_adapter {
	struct pd_loop *loop;
	struct pd_module *module;	/* NULL for a coprocess */
	struct pd_coprocess *coprocess;	/* NULL for jq */
	char *command;
	struct pd_http *http;
	int headers, idempotency_headers;	/* functions, or PD_NO_FUNCTION */
};

/* One request on its way, by whichever transport. */
struct pd_sending {
	pd_adapter_done *done;
	void *context;
	struct pd_transfer *transfer;
	struct pd_process *process;
	struct pd_query *query;
};

static const char *const known_metadata[] = {
	"name", "description", "base_url", "timeout_ms",
};

static int
open_module(struct pd_adapter *adapter, const char *path,
    struct pd_error *error)
{
	adapter->module = pd_module_open(path, error);
	if (adapter->module == NULL)
		return -1;
	adapter->headers = pd_module_function(adapter->module, "headers", 0);
	adapter->idempotency_headers = pd_module_function(adapter->module,
	    "idempotency_headers", 1);
	return pd_module_check_metadata(adapter->module, known_metadata,
	    sizeof(known_metadata) / sizeof(known_metadata[0]), error);
}

static void
open_coprocess(struct pd_adapter *adapter, const struct pd_adapter_options *options)
{
	jv greeting = pd_json_set_string(jv_object(), "op", "hello");

	greeting = pd_json_set_number(greeting, "version", 1);
	if (options->http.base_url != NULL)
		greeting = pd_json_set_string(greeting, "url", options->http.base_url);
	adapter->command = pd_duplicate(options->command);
	adapter->coprocess = pd_coprocess_new(adapter->loop, options->command, greeting);
}

struct pd_adapter *
pd_adapter_open(struct pd_loop *loop, const struct pd_adapter_options *options,
    struct pd_error *error)
{
	struct pd_adapter *adapter = pd_allocate(1, sizeof(*adapter));
	struct pd_http_options http = options->http;

	adapter->loop = loop;
	adapter->headers = adapter->idempotency_headers = PD_NO_FUNCTION;
	if (options->command != NULL) {
		open_coprocess(adapter, options);
		return adapter;
	}
	if (open_module(adapter, options->path, error) == 0) {
		if (http.base_url == NULL)
			http.base_url = pd_json_peek_string(
			    pd_module_metadata_peek(adapter->module), "base_url", NULL);
		adapter->http = pd_http_new(loop, &http, error);
	}
	if (adapter->http == NULL) {
		pd_adapter_close(adapter);
		return NULL;
	}
	return adapter;
}

int
pd_adapter_start(struct pd_adapter *adapter, struct pd_error *error)
{
	return adapter->coprocess != NULL ?
	    pd_coprocess_start(adapter->coprocess, error) : 0;
}

int
pd_adapter_ready(const struct pd_adapter *adapter, struct pd_error *error)
{
	if (adapter->coprocess == NULL ||
	    jv_is_valid(pd_coprocess_greeted_peek(adapter->coprocess)))
		return 1;
	return pd_coprocess_failed(adapter->coprocess, error) ? -1 : 0;
}

void
pd_adapter_close(struct pd_adapter *adapter)
{
	if (adapter == NULL)
		return;
	pd_http_free(adapter->http);
	pd_coprocess_free(adapter->coprocess);
	pd_module_close(adapter->module);
	free(adapter->command);
	free(adapter);
}

void
pd_adapter_debug_to(struct pd_adapter *adapter, FILE *stream)
{
	if (adapter->module != NULL)
		pd_module_debug_to(adapter->module, stream);
}

jv
pd_adapter_identity(const struct pd_adapter *adapter)
{
	jv identity = jv_object();

	if (adapter->module == NULL) {
		identity = pd_json_set_string(identity, "name", "coprocess");
		return pd_json_set_string(identity, "command", adapter->command);
	}
	identity = pd_json_set_string(identity, "name", pd_json_peek_string(
	    pd_module_metadata_peek(adapter->module), "name",
	    pd_module_name(adapter->module)));
	identity = pd_json_set_string(identity, "path", pd_module_path(adapter->module));
	return pd_json_set_string(identity, "sha256", pd_module_hash(adapter->module));
}

int64_t
pd_adapter_timeout(const struct pd_adapter *adapter)
{
	if (adapter->module == NULL)
		return 0;
	return (int64_t)(1000 * pd_json_peek_number(
	    pd_module_metadata_peek(adapter->module), "timeout_ms", 0));
}

/* PREFIX_NAME, or PREFIX for all. */
static int
function_for(const struct pd_adapter *adapter, const char *prefix,
    const char *name, int arity)
{
	char *function = pd_format("%s_%s", prefix, name);
	int number = pd_module_function(adapter->module, function, arity);

	free(function);
	return number != PD_NO_FUNCTION ? number :
	    pd_module_function(adapter->module, prefix, arity);
}

bool
pd_adapter_knows(const struct pd_adapter *adapter, const char *command)
{
	return adapter->module == NULL ||
	    (function_for(adapter, "request", command, 0) != PD_NO_FUNCTION &&
	    function_for(adapter, "events", command, 1) != PD_NO_FUNCTION);
}

static jv
missing_function(const struct pd_adapter *adapter, const char *what,
    const char *type, struct pd_error *error)
{
	pd_error_at(error, pd_module_path(adapter->module), 0,
	    "the adapter has no %s_%s", what, type);
	pd_error_hint(error, "define it, or %s for all commands", what);
	return jv_invalid();
}

/* What requests may have. Anything else is a mistake that would otherwise be
 * sent in silence. */
struct field {
	const char *name;
	jv_kind kind;		/* JV_KIND_INVALID: any */
};

static const struct field http_fields[] = {
	{"method", JV_KIND_STRING}, {"path", JV_KIND_STRING},
	{"url", JV_KIND_STRING}, {"query", JV_KIND_OBJECT},
	{"headers", JV_KIND_OBJECT}, {"json", JV_KIND_INVALID},
	{"body", JV_KIND_STRING}, {"form", JV_KIND_OBJECT},
	{"redirects", JV_KIND_NUMBER}, {"timeout_ms", JV_KIND_NUMBER},
};

static const struct field program_fields[] = {
	{"argv", JV_KIND_ARRAY}, {"stdin", JV_KIND_STRING},
	{"env", JV_KIND_OBJECT}, {"cwd", JV_KIND_STRING},
	{"timeout_ms", JV_KIND_NUMBER},
};

enum { MOST_FIELDS = sizeof(http_fields) / sizeof(http_fields[0]) };

static int
check_field(const char *name, jv value, const struct field *known, size_t count,
    struct pd_error *error)
{
	const char *names[MOST_FIELDS];

	for (size_t i = 0; i < count; i++) {
		jv_kind kind = jv_get_kind(value), wanted = known[i].kind;
		names[i] = known[i].name;
		if (strcmp(name, known[i].name) != 0)
			continue;
		if (wanted == JV_KIND_INVALID || kind == wanted || kind == JV_KIND_NULL)
			return 0;
		return pd_error_set(error, "the request's %s must be of type %s, not %s",
		    name, jv_kind_name(wanted), jv_kind_name(kind));
	}
	const char *nearest = pd_nearest(name, names, count);
	pd_error_set(error, "unknown key '%s' in the request", name);
	return nearest == NULL ? -1 :
	    pd_error_hint(error, "did you mean '%s'?", nearest);
}

static int
check_request(jv request, struct pd_error *error)
{
	bool program = pd_json_has_peek(request, "argv");
	const struct field *known = program ? program_fields : http_fields;
	size_t count = program ? sizeof(program_fields) / sizeof(program_fields[0]) :
	    MOST_FIELDS;
	int result = 0;

	if (jv_get_kind(request) != JV_KIND_OBJECT) {
		char *text = pd_json_excerpt(jv_copy(request), 120);
		pd_error_set(error, "a request must be an object, not %s", text);
		free(text);
		return pd_error_hint(error, "with method and path, or with argv");
	}
	jv_object_foreach(request, key, value) {
		if (result == 0)
			result = check_field(jv_string_value(key), value, known, count,
			    error);
		jv_free(key);
		jv_free(value);
	}
	return result;
}

/* What a function of headers gives, under those that there are; consumes arguments
 * and headers. An invalid jv on error. */
static jv
add_headers(struct pd_adapter *adapter, int function, jv command, jv arguments,
    jv headers, struct pd_error *error)
{
	jv more = pd_module_call(adapter->module, function, jv_copy(command), arguments,
	    error);

	if (jv_get_kind(more) == JV_KIND_OBJECT)
		return jv_object_merge(more, headers);
	if (jv_is_valid(more))
		pd_error_set(error, "%s must give an object",
		    pd_module_function_name(adapter->module, function));
	jv_free(more);
	jv_free(headers);
	return jv_invalid();
}

jv
pd_adapter_complete(struct pd_adapter *adapter, jv request, jv command, jv key,
    struct pd_error *error)
{
	bool keyed = jv_is_valid(key) && adapter->idempotency_headers != PD_NO_FUNCTION;

	if (check_request(request, error) != 0) {
		jv_free(request);
		return jv_invalid();
	}
	if ((adapter->headers == PD_NO_FUNCTION && !keyed) ||
	    pd_json_has_peek(request, "argv"))
		return request;
	jv headers = pd_json_peek(request, "headers");
	if (jv_get_kind(headers) != JV_KIND_OBJECT) {
		jv_free(headers);
		headers = jv_object();
	}
	if (keyed)
		headers = add_headers(adapter, adapter->idempotency_headers, command,
		    JV_ARRAY(jv_copy(key)), headers, error);
	if (jv_is_valid(headers) && adapter->headers != PD_NO_FUNCTION)
		headers = add_headers(adapter, adapter->headers, command, jv_array(),
		    headers, error);
	if (jv_is_valid(headers))
		return pd_json_set(request, "headers", headers);
	jv_free(request);
	return headers;
}

static jv
coprocess_request(jv command, const struct pd_command_context *context)
{
	jv request = pd_json_set_string(jv_object(), "op", "execute");

	request = pd_json_set_number(request, "run", (double)context->run);
	request = pd_json_set_string(request, "command_id", context->id);
	if (jv_is_valid(context->key))
		request = pd_json_set(request, "idempotency_key", jv_copy(context->key));
	if (context->attempt > 0)
		request = pd_json_set_number(request, "attempt", context->attempt);
	return pd_json_set(request, "command", jv_copy(command));
}

jv
pd_adapter_request(struct pd_adapter *adapter, jv command,
    const struct pd_command_context *context, struct pd_error *error)
{
	const char *type = pd_json_peek_string(command, "type", "");

	if (adapter->module == NULL)
		return coprocess_request(command, context);
	int function = function_for(adapter, "request", type, 0);
	if (function == PD_NO_FUNCTION)
		return missing_function(adapter, "request", type, error);
	jv request = pd_module_call(adapter->module, function, jv_copy(command),
	    jv_array(), error);
	return jv_is_valid(request) ?
	    pd_adapter_complete(adapter, request, command, context->key, error) : request;
}

static bool
coprocess_has_hook(const struct pd_adapter *adapter, const char *name)
{
	jv hooks = pd_json_peek(pd_coprocess_greeted_peek(adapter->coprocess), "hooks");
	bool found = false;

	if (jv_get_kind(hooks) == JV_KIND_ARRAY) {
		jv_array_foreach(hooks, i, hook) {
			found = found || (jv_get_kind(hook) == JV_KIND_STRING &&
			    strcmp(jv_string_value(hook), name) == 0);
			jv_free(hook);
		}
	}
	jv_free(hooks);
	return found;
}

bool
pd_adapter_has_hook(const struct pd_adapter *adapter, const char *name)
{
	return adapter->module != NULL ?
	    pd_module_function(adapter->module, name, 0) != PD_NO_FUNCTION :
	    coprocess_has_hook(adapter, name);
}

jv
pd_adapter_hook(struct pd_adapter *adapter, const char *name,
    struct pd_error *error)
{
	if (!pd_adapter_has_hook(adapter, name))
		return jv_array();
	if (adapter->module == NULL)
		return JV_ARRAY(pd_json_set_string(jv_object(), "op", name));
	jv outputs = pd_module_call_all(adapter->module,
	    pd_module_function(adapter->module, name, 0), jv_null(), jv_array(), error);
	jv requests = jv_array();
	int count = jv_is_valid(outputs) ? jv_array_length(jv_copy(outputs)) : 0;
	for (int i = 0; i < count; i++) {
		jv output = jv_array_get(jv_copy(outputs), i);
		requests = jv_array_concat(requests,
		    jv_get_kind(output) == JV_KIND_ARRAY ? output : JV_ARRAY(output));
	}
	if (!jv_is_valid(outputs)) {
		jv_free(requests);
		return jv_invalid();
	}
	jv_free(outputs);
	count = jv_array_length(jv_copy(requests));
	for (int i = 0; i < count; i++) {
		jv complete = pd_adapter_complete(adapter,
		    jv_array_get(jv_copy(requests), i), jv_null(), jv_invalid(), error);
		if (!jv_is_valid(complete)) {
			jv_free(requests);
			return jv_invalid();
		}
		requests = jv_array_set(requests, i, complete);
	}
	return requests;
}

bool
pd_adapter_hook_succeeded(jv reply)
{
	return pd_json_peek_number(reply, "status", 0) < 400 &&
	    pd_json_peek_number(reply, "exit", 0) == 0 &&
	    !pd_json_has_peek(reply, "error");
}

/* A coprocess says with names what jq says with marks. */
static jv
coprocess_answer(jv reply, struct pd_error *error)
{
	jv events = pd_json_peek(reply, "events");
	jv retry = pd_json_peek(reply, "retry");
	jv unexpected = pd_json_peek(reply, "unexpected");
	const char *refusal = pd_json_peek_string(reply, "error", NULL);
	jv outputs = jv_array();

	if (refusal != NULL) {
		pd_error_set(error, "%s", refusal);
		jv_free(outputs);
		outputs = jv_invalid();
	} else if (jv_is_valid(events) && jv_get_kind(events) != JV_KIND_ARRAY) {
		pd_error_set(error, "the adapter's events are not an array");
		jv_free(outputs);
		outputs = jv_invalid();
	} else {
		if (jv_is_valid(events))
			outputs = jv_array_concat(outputs, jv_copy(events));
		if (jv_is_valid(retry))
			outputs = jv_array_append(outputs, pd_json_set(jv_object(),
			    "$retry", jv_copy(retry)));
		if (jv_is_valid(unexpected))
			outputs = jv_array_append(outputs, pd_json_set(jv_object(),
			    "$unexpected", jv_copy(unexpected)));
	}
	jv_free(events);
	jv_free(retry);
	jv_free(unexpected);
	jv_free(reply);
	return outputs;
}

static bool
is_mark(jv output)
{
	return pd_json_has_peek(output, "$retry") ||
	    pd_json_has_peek(output, "$unexpected") ||
	    pd_json_has_peek(output, "$follow");
}

static bool
is_event(jv output)
{
	return pd_json_peek_string(output, "type", NULL) != NULL;
}

/* What a follow makes visible must be events, too. */
static bool
injects_events(jv mark)
{
	jv inject = pd_json_peek(mark, "inject");
	bool good = true;

	if (jv_get_kind(inject) == JV_KIND_ARRAY) {
		jv_array_foreach(inject, i, event) {
			good = good && is_event(event);
			jv_free(event);
		}
	} else if (jv_is_valid(inject) && jv_get_kind(inject) != JV_KIND_NULL) {
		good = is_event(inject);
	}
	jv_free(inject);
	return good;
}

/* Arrays are taken apart; what is left must be events and at most one mark. */
static jv
check_outputs(jv outputs, const char *type, struct pd_error *error)
{
	jv result = jv_array();
	int marks = 0;

	jv_array_foreach(outputs, i, output) {
		result = jv_array_concat(result, jv_get_kind(output) == JV_KIND_ARRAY ?
		    output : JV_ARRAY(output));
	}
	jv_free(outputs);
	int count = jv_array_length(jv_copy(result));
	for (int i = 0; i < count; i++) {
		jv output = jv_array_get(jv_copy(result), i);
		bool mark = is_mark(output);
		marks += mark;
		if (mark ? marks == 1 && injects_events(output) : is_event(output)) {
			jv_free(output);
			continue;
		}
		char *text = pd_json_excerpt(output, 200);
		if (marks > 1)
			pd_error_set(error, "the reply to %s means two things at once: %s",
			    type, text);
		else
			pd_error_set(error, "the reply to %s gave %s, which is no event",
			    type, text);
		pd_error_hint(error, "an event is an object with a type, see pd-adapter(5)");
		free(text);
		jv_free(result);
		return jv_invalid();
	}
	return result;
}

jv
pd_adapter_interpret(struct pd_adapter *adapter, jv command, jv reply,
    struct pd_error *error)
{
	const char *type = pd_json_peek_string(command, "type", "");
	jv outputs;

	if (adapter->module == NULL) {
		outputs = coprocess_answer(reply, error);
	} else {
		int function = function_for(adapter, "events", type, 1);
		if (function == PD_NO_FUNCTION) {
			jv_free(reply);
			return missing_function(adapter, "events", type, error);
		}
		outputs = pd_module_call_all(adapter->module, function, reply,
		    JV_ARRAY(jv_copy(command)), error);
	}
	return jv_is_valid(outputs) ? check_outputs(outputs, type, error) : outputs;
}

/*
 * Sending.
 */
static void
finish(struct pd_sending *sending, jv reply, bool unreachable,
    const struct pd_error *error)
{
	pd_adapter_done *done = sending->done;
	void *context = sending->context;

	free(sending);
	done(context, reply, unreachable, error);
}

static void
on_http(void *context, jv reply, bool unreachable, const struct pd_error *error)
{
	finish(context, reply, unreachable, error);
}

static void
on_other(void *context, jv reply, const struct pd_error *error)
{
	finish(context, reply, false, error);
}

jv
pd_adapter_time(const struct pd_adapter *adapter, jv request, int64_t at)
{
	return adapter->coprocess == NULL ? request :
	    pd_json_set_number(request, "at_us", (double)at);
}

struct pd_sending *
pd_adapter_send(struct pd_adapter *adapter, jv request, pd_adapter_done *done,
    void *context, struct pd_error *error)
{
	struct pd_sending *sending = pd_allocate(1, sizeof(*sending));

	*sending = (struct pd_sending){.done = done, .context = context};
	if (adapter->coprocess != NULL)
		sending->query = pd_coprocess_ask(adapter->coprocess, request,
		    on_other, sending, error);
	else if (pd_json_has_peek(request, "argv"))
		sending->process = pd_process_start(adapter->loop, request, on_other,
		    sending, error);
	else
		sending->transfer = pd_http_send(adapter->http, request, on_http,
		    sending, error);
	if (sending->query != NULL || sending->process != NULL ||
	    sending->transfer != NULL)
		return sending;
	free(sending);
	return NULL;
}

void
pd_adapter_cancel(struct pd_sending *sending)
{
	if (sending->transfer != NULL)
		pd_http_cancel(sending->transfer);
	if (sending->process != NULL)
		pd_process_cancel(sending->process);
	if (sending->query != NULL)
		pd_coprocess_forget(sending->query);
	free(sending);
}
