/* SPDX-License-Identifier: MIT */
#include "retrace.h"

#include <stdbool.h>
#include <stdlib.h>

#include "buffer.h"
#include "json.h"
#include "states.h"

void
pd_retrace_start(struct pd_retrace *retrace, struct pd_model *given)
{
	*retrace = (struct pd_retrace){.given = given, .named = jv_invalid(),
		.missing = jv_invalid()};
}

void
pd_retrace_free(struct pd_retrace *retrace)
{
	pd_model_close(retrace->found);
	jv_free(retrace->named);
	jv_free(retrace->missing);
}

/* The model of a failure, which stays for those that follow. NULL: missing says
 * why. */
static struct pd_model *
find_model(struct pd_retrace *retrace, jv failure)
{
	struct pd_error error = PD_ERROR_INIT;
	char text[2560];

	if (retrace->given != NULL)
		return retrace->given;
	jv named = pd_json_peek(failure, "model");
	if (jv_is_valid(named) && jv_is_valid(retrace->named) &&
	    jv_equal(jv_copy(named), jv_copy(retrace->named))) {
		jv_free(named);
		return retrace->found;
	}
	pd_retrace_free(retrace);
	retrace->named = named;
	retrace->missing = jv_invalid();
	retrace->found = pd_model_open_named(named, &error);
	if (retrace->found == NULL)
		retrace->missing = jv_string(pd_error_text(&error, text, sizeof(text)));
	return retrace->found;
}

static jv
result(const char *source, jv steps, const char *reason)
{
	jv record = pd_json_set_string(jv_object(), "source", source);

	record = pd_json_set(record, "steps", steps);
	return reason != NULL ? pd_json_set_string(record, "reason", reason) : record;
}

/* As much as the record holds. */
static jv
held(jv failure, const char *why)
{
	char *reason = pd_format("Only the state before and at the failure is known: %s. "
	    "-m names the model.", why);
	jv record = result("record", pd_states_held(failure), reason);

	free(reason);
	return record;
}

jv
pd_retrace_failure(struct pd_retrace *retrace, jv failure)
{
	struct pd_model *model = find_model(retrace, failure);
	struct pd_error error = PD_ERROR_INIT;
	bool agree = true;
	char text[2560];

	if (model == NULL)
		return held(failure, jv_is_valid(retrace->missing) ?
		    jv_string_value(retrace->missing) : "the record names no model");
	jv steps = pd_states_changes(model, failure, &agree, &error);
	if (!jv_is_valid(steps)) {
		jv_free(steps);
		return held(failure, pd_error_text(&error, text, sizeof(text)));
	}
	return result("model", steps, agree ? NULL : "The model makes another state of "
	    "these events than was recorded: it is another one, or values were left out as "
	    "secrets. pd-replay --states tells more.");
}
