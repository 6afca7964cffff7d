/* SPDX-License-Identifier: MIT */
/* A model as a sequential specification: its own rule for a command's answer
 * where it has one, else its prediction, else anything goes; its folding. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "json.h"
#include "plan.h"
#include "specification_kind.h"

/* An action is kept as [command, events], a state as it is. */
static int32_t
keep(struct pd_interner *interner, jv *kept, jv value)
{
	jv text = pd_json_canonical(jv_copy(value));
	int32_t number = pd_intern(interner, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	jv_free(text);
	if (number == jv_array_length(jv_copy(*kept)))
		*kept = jv_array_append(*kept, value);
	else
		jv_free(value);
	return number;
}

/* Consumes the state. */
static int32_t
keep_state(struct pd_specification *specification, jv state)
{
	enum { BYTES_FOR_TEXT = 8 };	/* what values take, by the text they make */
	size_t before = specification->states.bytes.length;
	int32_t number = keep(&specification->states, &specification->kept_states, state);

	specification->kept_bytes += BYTES_FOR_TEXT *
	    (specification->states.bytes.length - before);
	return number;
}

/* An event that is no command's answer stands as the answer to null: it is always
 * legal, and only it is folded. */
static bool
is_sighting(jv command)
{
	return jv_get_kind(command) == JV_KIND_NULL;
}

static int32_t
start(struct pd_specification *specification, jv initial, jv key,
    struct pd_error *error)
{
	jv state = jv_is_valid(initial) ? jv_copy(initial) :
	    pd_model_init(specification->model, error);

	(void)key;
	return jv_is_valid(state) ? keep_state(specification, state) : PD_BROKEN;
}

static jv
keys(struct pd_specification *specification, jv command, struct pd_error *error)
{
	if (is_sighting(command))
		return jv_null();
	return pd_model_keys(specification->model, command, error);
}

/* Does anything of the action change any state? */
static bool
changes(const struct pd_model *model, jv command, jv events)
{
	bool any = pd_model_folds(model, pd_json_peek_string(command, "type", ""));
	int count = jv_array_length(jv_copy(events));

	for (int i = 0; i < count && !any; i++) {
		jv event = jv_array_get(jv_copy(events), i);
		any = pd_model_folds(model, pd_json_peek_string(event, "type", ""));
		jv_free(event);
	}
	return any;
}

static int32_t
intern_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_traits traits = PD_TRAITS_INIT;
	const char *type = pd_json_peek_string(command, "type", "");
	bool known = jv_is_valid(events);
	jv action = JV_ARRAY(jv_copy(command), known ? jv_copy(events) : jv_null());

	(void)error;
	traits.observes = known && !changes(specification->model, command, events);
	specification->judges = specification->judges || (!is_sighting(command) &&
	    (pd_model_predicts(specification->model, type) ||
	    pd_model_rules(specification->model, type)));
	jv text = pd_json_canonical(jv_copy(action));
	int32_t number = pd_specification_intern(specification, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)), traits);
	jv_free(text);
	if (number == jv_array_length(jv_copy(specification->kept_actions)))
		specification->kept_actions = jv_array_append(
		    specification->kept_actions, action);
	else
		jv_free(action);
	return number;
}

/* May the command have been answered so? 1, 0 or -1. */
static int
allows(struct pd_model *model, jv state, jv command, jv events,
    struct pd_error *error)
{
	int legal = is_sighting(command) ? 1 :
	    pd_model_legal(model, state, command, events, error);

	if (legal != PD_NO_RULE)
		return legal;
	if (!pd_model_predicts(model, pd_json_peek_string(command, "type", "")))
		return 1;
	jv predicted = pd_model_simulate(model, state, command, error);
	if (!jv_is_valid(predicted))
		return -1;
	legal = pd_conforms(predicted, events);
	jv_free(predicted);
	return legal;
}

static jv
kept_state(struct pd_specification *specification, int32_t state)
{
	return jv_array_get(jv_copy(specification->kept_states), state);
}

/* An unknown outcome: what the model predicts, as if it had been answered so.
 * Ids that the system gave out and nobody heard of are tokens. */
static jv
fold_prediction(struct pd_specification *specification, jv state, jv command,
    struct pd_error *error)
{
	jv predicted = pd_model_simulate(specification->model, state, command, error);
	jv events = jv_array(), tokens = jv_object();

	if (!jv_is_valid(predicted)) {
		jv_free(state);
		jv_free(events);
		jv_free(tokens);
		return predicted;
	}
	jv_array_foreach(predicted, i, event) {
		events = jv_array_append(events, pd_plan_fill(event, "unknown", i, &tokens));
	}
	jv_free(predicted);
	jv_free(tokens);
	jv after = pd_model_fold_answer(specification->model, state, command,
	    events, error);
	jv_free(events);
	return after;
}

static int32_t
step(struct pd_specification *specification, int32_t number, int32_t action,
    struct pd_error *error)
{
	jv parts = jv_array_get(jv_copy(specification->kept_actions), action);
	jv command = jv_array_get(jv_copy(parts), 0);
	jv events = jv_array_get(parts, 1);
	jv state = kept_state(specification, number);
	bool known = jv_get_kind(events) == JV_KIND_ARRAY;
	int legal = known ?
	    allows(specification->model, state, command, events, error) : 1;
	int32_t result = legal < 0 ? PD_BROKEN : PD_ILLEGAL;

	if (legal > 0) {
		jv after = known ? pd_model_fold_answer(specification->model, state,
		    command, events, error) :
		    fold_prediction(specification, state, command, error);
		result = jv_is_valid(after) ? keep_state(specification, after) : PD_BROKEN;
	} else {
		jv_free(state);
	}
	jv_free(events);
	jv_free(command);
	return result;
}

static jv
expected(struct pd_specification *specification, int32_t state, int32_t action)
{
	struct pd_error ignored;
	jv parts = jv_array_get(jv_copy(specification->kept_actions), action);
	jv command = jv_array_get(parts, 0);
	jv before = kept_state(specification, state);
	bool predicts = pd_model_predicts(specification->model,
	    pd_json_peek_string(command, "type", ""));
	jv events = predicts ?
	    pd_model_simulate(specification->model, before, command, &ignored) :
	    jv_invalid();

	jv_free(before);
	jv_free(command);
	if (jv_is_valid(events))
		return events;
	jv_free(events);
	return jv_null();
}

const struct pd_specification_kind pd_modelled = {"model", false, start, keys,
	intern_action, step, kept_state, expected, NULL};
