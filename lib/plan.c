/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
#include "reference.h"

int
pd_plan_start(struct pd_plan *plan, struct pd_model *model,
    struct pd_error *error)
{
	*plan = (struct pd_plan){.model = model, .state = pd_model_init(model, error),
		.tokens = jv_object(), .events = jv_array()};
	return jv_is_valid(plan->state) ? 0 : -1;
}

struct pd_plan
pd_plan_copy(const struct pd_plan *plan)
{
	return (struct pd_plan){.model = plan->model, .state = jv_copy(plan->state),
		.tokens = jv_copy(plan->tokens), .events = jv_copy(plan->events)};
}

void
pd_plan_free(struct pd_plan *plan)
{
	jv_free(plan->state);
	jv_free(plan->tokens);
	jv_free(plan->events);
	*plan = (struct pd_plan){.state = jv_invalid(), .tokens = jv_invalid(),
		.events = jv_invalid()};
}

static bool
is_external(jv value)
{
	return jv_get_kind(value) == JV_KIND_OBJECT &&
	    pd_json_has_peek(value, "$external");
}

/* What lies at a path inside an event. */
static jv
fill(jv value, const char *id, int event, const char *path,
    jv *tokens)
{
	jv_kind kind = jv_get_kind(value);

	if (is_external(value)) {
		jv token = pd_reference_token(id, event, path);
		*tokens = jv_object_set(*tokens, jv_copy(token), jv_true());
		jv_free(value);
		return token;
	}
	if (kind == JV_KIND_OBJECT) {
		jv result = jv_copy(value);
		jv_object_foreach(value, key, part) {
			const char *name = jv_string_value(key);
			char *inner = path[0] == '\0' ? pd_duplicate(name) :
			    pd_format("%s.%s", path, name);
			jv_kind inside = jv_get_kind(part);
			if (inside == JV_KIND_OBJECT || inside == JV_KIND_ARRAY)
				result = jv_object_set(result, jv_copy(key),
				    fill(jv_copy(part), id, event, inner, tokens));
			free(inner);
			jv_free(key);
			jv_free(part);
		}
		jv_free(value);
		return result;
	}
	if (kind == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));
		for (int i = 0; i < count; i++) {
			char *inner = pd_format("%s.%d", path, i);
			value = jv_array_set(value, i, fill(
			    jv_array_get(jv_copy(value), i), id, event, inner, tokens));
			free(inner);
		}
	}
	return value;
}

jv
pd_plan_fill(jv event, const char *id, int number, jv *tokens)
{
	return fill(event, id, number, "", tokens);
}

static jv
note_mint(jv string, void *context)
{
	jv *tokens = context;

	if (pd_reference_is_mint(jv_string_value(string)))
		*tokens = jv_object_set(*tokens, jv_copy(string), jv_true());
	return string;
}

int
pd_plan_apply(struct pd_plan *plan, const char *id, jv command,
    struct pd_error *error)
{
	jv seen = pd_reference_unquote(pd_json_map_strings(jv_copy(command),
	    note_mint, &plan->tokens));
	jv predicted = pd_model_simulate(plan->model, plan->state, seen, error);

	if (!jv_is_valid(predicted)) {
		jv_free(seen);
		return -1;
	}
	jv_free(plan->events);
	plan->events = jv_array();
	plan->state = pd_model_fold(plan->model, plan->state, seen, error);
	int count = jv_array_length(jv_copy(predicted));
	for (int i = 0; i < count && jv_is_valid(plan->state); i++) {
		jv event = pd_plan_fill(jv_array_get(jv_copy(predicted), i), id, i,
		    &plan->tokens);
		plan->state = pd_model_fold(plan->model, plan->state, event, error);
		plan->events = jv_array_append(plan->events, event);
	}
	jv_free(predicted);
	jv_free(seen);
	return jv_is_valid(plan->state) ? 0 : -1;
}

int
pd_plan_apply_items(struct pd_plan *plan, const struct pd_items *items,
    struct pd_error *error)
{
	int result = 0;

	for (size_t i = 0; i < items->count && result == 0; i++)
		result = pd_plan_apply(plan, items->list[i].id, items->list[i].command,
		    error);
	return result;
}

int
pd_plan_add(struct pd_plan *plan, struct pd_items *items, const char *id,
    jv command, struct pd_error *error)
{
	if (pd_json_is_deep_peek(command)) {
		pd_error_set(error, "command %s %s is nested more than %d deep", id,
		    pd_json_peek_string(command, "type", ""), PD_JSON_DEPTH);
		jv_free(command);
		return -1;
	}
	jv seen = pd_reference_unquote(jv_copy(command));
	error->message[0] = '\0';
	jv label = pd_model_label(plan->model, plan->state, seen, error);
	jv_free(seen);
	pd_items_add(items, id, command, label);
	if (!jv_is_valid(label) && error->message[0] != '\0')
		return -1;
	return pd_plan_apply(plan, id, command, error);
}

int
pd_plan_terminates(struct pd_plan *plan, jv command, struct pd_error *error)
{
	return pd_model_terminates(plan->model, plan->state, command,
	    plan->events, error);
}

/* Are the command's arguments what the entry's generators could draw? */
static int
arguments_admitted(jv entry, jv command, struct pd_error *error)
{
	jv generators = pd_json_peek(entry, "args");
	jv values = jv_object_delete(pd_reference_unquote(jv_copy(command)),
	    jv_string("type"));
	int expected = jv_get_kind(generators) == JV_KIND_OBJECT ?
	    jv_object_length(jv_copy(generators)) : 0;
	int admitted = 1;

	if (expected != jv_object_length(jv_copy(values))) {
		pd_error_set(error, "it has other arguments than the model's entry");
		admitted = 0;
	}
	if (admitted && expected > 0) {
		jv_object_foreach(generators, name, generator) {
			jv value = jv_object_get(jv_copy(values), jv_copy(name));
			if (admitted && (!jv_is_valid(value) ||
			    !pd_generator_admits(generator, value))) {
				char *text = pd_json_excerpt(jv_copy(generator), 120);
				pd_error_set(error, "argument %s is not what %s gives here",
				    jv_string_value(name), text);
				free(text);
				admitted = 0;
			}
			jv_free(value);
			jv_free(generator);
			jv_free(name);
		}
	}
	jv_free(generators);
	jv_free(values);
	return admitted;
}

int
pd_plan_table_admits(jv table, jv command, struct pd_error *error)
{
	const char *type = pd_json_peek_string(command, "type", "");
	jv entry = pd_json_peek(table, type);
	int admitted = 0;

	if (!jv_is_valid(entry))
		pd_error_set(error, "the model offers no command %s here", type);
	else if (!pd_json_peek_bool(entry, "when", true))
		pd_error_set(error, "its `when` is false here");
	else if (pd_json_peek_number(entry, "weight", 1) <= 0)
		pd_error_set(error, "its weight is 0 here");
	else
		admitted = arguments_admitted(entry, command, error);
	jv_free(entry);
	return admitted;
}

int
pd_plan_admits(struct pd_plan *plan, jv command, struct pd_error *error)
{
	jv commands = pd_model_commands(plan->model, plan->state, error);

	if (!jv_is_valid(commands))
		return -1;
	int admitted = pd_plan_table_admits(commands, command, error);
	jv_free(commands);
	return admitted;
}
