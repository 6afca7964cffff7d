/* SPDX-License-Identifier: MIT */
#include "mock.h"

#include <stdlib.h>

#include "buffer.h"
#include "json.h"
#include "module.h"

/* A function with the state of the model as its last argument, or without. */
struct hook {
	int function;
	bool sees_model;
};

struct pd_mock {
	struct pd_module *module;
	int init;
	struct hook on_command, on_event, handle;
	jv state, model;
};

static const char *const metadata[] = {"name", "description"};

static struct hook
find(const struct pd_module *module, const char *name)
{
	struct hook hook = {.function = pd_module_function(module, name, 2)};

	hook.sees_model = hook.function != PD_NO_FUNCTION;
	if (!hook.sees_model)
		hook.function = pd_module_function(module, name, 1);
	return hook;
}

static int
prepare(struct pd_mock *mock, struct pd_error *error)
{
	struct pd_module *module = mock->module;

	if (pd_module_check_metadata(module, metadata,
	    sizeof(metadata) / sizeof(metadata[0]), error) != 0)
		return -1;
	mock->init = pd_module_function(module, "init_state", 0);
	mock->on_command = find(module, "on_command");
	mock->on_event = find(module, "on_event");
	mock->handle = find(module, "handle");
	if (mock->handle.function == PD_NO_FUNCTION) {
		pd_error_at(error, pd_module_path(module), 0, "there is no handle($request)");
		return pd_error_hint(error, "def handle($request): {json: {ok: true}};");
	}
	return pd_mock_reset(mock, error);
}

struct pd_mock *
pd_mock_open(const char *path, struct pd_error *error)
{
	struct pd_mock *mock = pd_allocate(1, sizeof(*mock));

	*mock = (struct pd_mock){.state = jv_null(), .model = jv_null()};
	mock->module = pd_module_open(path, error);
	if (mock->module != NULL && prepare(mock, error) == 0)
		return mock;
	pd_mock_close(mock);
	return NULL;
}

void
pd_mock_close(struct pd_mock *mock)
{
	if (mock == NULL)
		return;
	pd_module_close(mock->module);
	jv_free(mock->state);
	jv_free(mock->model);
	free(mock);
}

void
pd_mock_debug_to(struct pd_mock *mock, FILE *file)
{
	pd_module_debug_to(mock->module, file);
}

/* Replace the state, unless the new one is invalid. Consumes it. */
static int
set_state(struct pd_mock *mock, jv state)
{
	if (!jv_is_valid(state)) {
		jv_free(state);
		return -1;
	}
	jv_free(mock->state);
	mock->state = state;
	return 0;
}

int
pd_mock_reset(struct pd_mock *mock, struct pd_error *error)
{
	pd_mock_model(mock, jv_null());
	return set_state(mock, mock->init == PD_NO_FUNCTION ? jv_null() :
	    pd_module_call(mock->module, mock->init, jv_null(), jv_array(), error));
}

void
pd_mock_model(struct pd_mock *mock, jv state)
{
	jv_free(mock->model);
	mock->model = state;
}

static jv
arguments_of(const struct pd_mock *mock, const struct hook *hook, jv argument)
{
	return hook->sees_model ? JV_ARRAY(argument, jv_copy(mock->model)) :
	    JV_ARRAY(argument);
}

static int
tell(struct pd_mock *mock, const struct hook *hook, jv argument, struct pd_error *error)
{
	if (hook->function == PD_NO_FUNCTION) {
		jv_free(argument);
		return 0;
	}
	return set_state(mock, pd_module_call(mock->module, hook->function,
	    jv_copy(mock->state), arguments_of(mock, hook, argument), error));
}

int
pd_mock_command(struct pd_mock *mock, jv command, struct pd_error *error)
{
	return tell(mock, &mock->on_command, command, error);
}

int
pd_mock_event(struct pd_mock *mock, jv event, struct pd_error *error)
{
	return tell(mock, &mock->on_event, event, error);
}

/* What the module says: an object, null for nothing, or an invalid jv. */
static jv
ask(struct pd_mock *mock, jv request, struct pd_error *error)
{
	jv outputs = pd_module_call_all(mock->module, mock->handle.function,
	    jv_copy(mock->state), arguments_of(mock, &mock->handle, request), error);

	if (!jv_is_valid(outputs))
		return outputs;
	int count = jv_array_length(jv_copy(outputs));
	if (count > 1) {
		jv_free(outputs);
		pd_error_set(error, "handle gives %d answers", count);
		return jv_invalid();
	}
	jv said = count == 1 ? jv_array_get(outputs, 0) : jv_null();
	if (count == 0)
		jv_free(outputs);
	return said;
}

/* Take events out of what was said: each an object with a type. */
static int
take_events(jv *said, jv *events, struct pd_error *error)
{
	jv given = pd_json_peek(*said, "events");
	int result = 0;

	*said = jv_object_delete(*said, jv_string("events"));
	if (jv_get_kind(given) == JV_KIND_OBJECT)
		given = JV_ARRAY(given);
	if (jv_get_kind(given) == JV_KIND_ARRAY) {
		jv_array_foreach(given, i, event) {
			if (pd_json_peek_string(event, "type", NULL) == NULL)
				result = pd_error_set(error, "an event is an object with a type");
			jv_free(event);
		}
	} else if (jv_is_valid(given) && jv_get_kind(given) != JV_KIND_NULL) {
		result = pd_error_set(error, "events are an object or an array of them");
	}
	if (result == 0 && jv_get_kind(given) == JV_KIND_ARRAY)
		*events = jv_array_concat(*events, jv_copy(given));
	jv_free(given);
	return result;
}

/* Split an answer into its events, the next state, and what is sent. */
static int
take_answer(struct pd_mock *mock, jv said, struct pd_reply *reply, jv *events,
    struct pd_error *error)
{
	if (jv_get_kind(said) != JV_KIND_OBJECT) {
		jv_free(said);
		return pd_error_set(error, "an answer is an object, or null when there is none");
	}
	jv state = pd_json_peek(said, "state");
	said = jv_object_delete(said, jv_string("state"));
	jv taken = jv_array();
	int result = take_events(&said, &taken, error);
	if (result != 0)
		jv_free(said);
	else if ((result = pd_reply_parse(reply, said, error)) != 0)
		pd_reply_free(reply);
	if (result != 0) {
		jv_free(state);
		jv_free(taken);
		return -1;
	}
	*events = jv_array_concat(*events, taken);
	set_state(mock, state);		/* one that is absent is invalid */
	return 0;
}

static enum pd_mocked
unmatched(struct pd_reply *reply)
{
	pd_reply_start(reply, 404);
	reply->headers = pd_json_set_string(reply->headers, "Content-Type",
	    "application/json");
	pd_buffer_text(&reply->body, "{\"error\":\"unmatched\"}");
	return PD_UNMATCHED;
}

enum pd_mocked
pd_mock_handle(struct pd_mock *mock, jv request, struct pd_reply *reply, jv *events,
    struct pd_error *error)
{
	jv said = ask(mock, request, error);

	*events = jv_array();
	if (jv_get_kind(said) == JV_KIND_NULL)
		return unmatched(reply);
	if (jv_is_valid(said)) {
		if (take_answer(mock, said, reply, events, error) == 0)
			return PD_MOCKED;
		pd_error_prefix(error, "handle: ");
		snprintf(error->file, sizeof(error->file), "%s", pd_module_path(mock->module));
	} else {
		jv_free(said);
	}
	pd_reply_start(reply, 500);
	return PD_MOCK_FAILED;
}
