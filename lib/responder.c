/* SPDX-License-Identifier: MIT */
#include "responder.h"

#include <stdlib.h>

#include "buffer.h"
#include "json.h"
#include "module.h"

struct pd_responder {
	struct pd_module *module;
	int respond, on_request;
	jv state;
};

static const char *const metadata[] = {"name", "description"};

static int
prepare(struct pd_responder *responder, struct pd_error *error)
{
	struct pd_module *module = responder->module;
	int init = pd_module_function(module, "init", 0);

	if (pd_module_check_metadata(module, metadata,
	    sizeof(metadata) / sizeof(metadata[0]), error) != 0)
		return -1;
	responder->respond = pd_module_function(module, "respond", 1);
	responder->on_request = pd_module_function(module, "on_request", 1);
	if (responder->respond == PD_NO_FUNCTION) {
		pd_error_at(error, pd_module_path(module), 0, "there is no respond($request)");
		return pd_error_hint(error, "def respond($request): {status: 200};");
	}
	if (init == PD_NO_FUNCTION)
		return 0;
	responder->state = pd_module_call(module, init, jv_null(), jv_array(), error);
	return jv_is_valid(responder->state) ? 0 : -1;
}

struct pd_responder *
pd_responder_open(const char *path, struct pd_error *error)
{
	struct pd_responder *responder = pd_allocate(1, sizeof(*responder));

	*responder = (struct pd_responder){.state = jv_null()};
	responder->module = pd_module_open(path, error);
	if (responder->module != NULL && prepare(responder, error) == 0)
		return responder;
	pd_responder_close(responder);
	return NULL;
}

void
pd_responder_close(struct pd_responder *responder)
{
	if (responder == NULL)
		return;
	pd_module_close(responder->module);
	jv_free(responder->state);
	free(responder);
}

void
pd_responder_debug_to(struct pd_responder *responder, FILE *file)
{
	pd_module_debug_to(responder->module, file);
}

/* What the module says to a request, in the state that it has then. */
static jv
ask(struct pd_responder *responder, jv arguments, jv *state, struct pd_error *error)
{
	*state = jv_copy(responder->state);
	if (responder->on_request != PD_NO_FUNCTION)
		*state = pd_module_call(responder->module, responder->on_request, *state,
		    jv_copy(arguments), error);
	if (!jv_is_valid(*state)) {
		jv_free(arguments);
		return jv_invalid();
	}
	return pd_module_call(responder->module, responder->respond, jv_copy(*state),
	    arguments, error);
}

int
pd_responder_answer(struct pd_responder *responder, jv request,
    struct pd_reply *reply, struct pd_error *error)
{
	jv state;
	jv said = ask(responder, JV_ARRAY(request), &state, error);
	int result = -1;

	if (!jv_is_valid(said)) {
		jv_free(said);
		pd_reply_start(reply, 500);
	} else if ((result = pd_reply_parse(reply, said, error)) != 0) {
		snprintf(error->file, sizeof(error->file), "%s",
		    pd_module_path(responder->module));
		pd_error_prefix(error, "respond: ");
	}
	if (result == 0) {
		jv_free(responder->state);
		responder->state = state;
	} else {
		jv_free(state);
	}
	return result;
}
