/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "entry.h"
#include "json.h"
#include "module.h"
#include "text.h"

struct check {
	char *name;
	int function;
	struct pd_trigger trigger;
};

struct pd_model {
	struct pd_module *module;
	char *name;
	struct check *checks;
	int check_count;
	struct pd_condition *conditions;
	int condition_count;
	int *batch;		/* room for the functions of a fold and all checks */
	int init, commands, setup, teardown, terminate, classify, to_event, to_timed_event;
	int simulate_any, apply_any;	/* the catch-alls */
};

static const char *const known_metadata[] = {
	"name", "description", "triggers", "eventually", "timeout_ms", "state_classes",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
pd_model_close(struct pd_model *model)
{
	if (model == NULL)
		return;
	for (int i = 0; i < model->check_count; i++) {
		free(model->checks[i].name);
		pd_trigger_free(&model->checks[i].trigger);
	}
	for (int i = 0; i < model->condition_count; i++)
		pd_condition_free(&model->conditions[i]);
	free(model->conditions);
	free(model->checks);
	free(model->batch);
	free(model->name);
	pd_module_close(model->module);
	free(model);
}

/*
 * Triggers.
 */
static int
trigger_error(struct pd_model *model, const char *check, const char *what,
    struct pd_error *error)
{
	pd_error_at(error, pd_module_path(model->module), 1,
	    "trigger of check '%s': %s", check, what);
	return pd_error_hint(error, "for example {\"every\": \"event\"}, "
	    "{\"every\": {\"n\": 5, \"of\": \"Credit\"}} or {\"at\": \"end\"}");
}

static int
parse_trigger(struct pd_model *model, struct check *check, jv value,
    struct pd_error *error)
{
	const char *problem = pd_trigger_parse(&check->trigger, value);

	return problem == NULL ? 0 : trigger_error(model, check->name, problem, error);
}

static struct check *
find_check(struct pd_model *model, const char *name)
{
	for (int i = 0; i < model->check_count; i++) {
		if (strcmp(model->checks[i].name, name) == 0)
			return &model->checks[i];
	}
	return NULL;
}

static int
no_such_check(struct pd_model *model, const char *name, struct pd_error *error)
{
	const char **names = pd_allocate((size_t)model->check_count, sizeof(*names));

	for (int i = 0; i < model->check_count; i++)
		names[i] = model->checks[i].name;
	const char *nearest = pd_nearest(name, names, (size_t)model->check_count);
	pd_error_at(error, pd_module_path(model->module), 1,
	    "a trigger names the check '%s', but there is no check_%s", name, name);
	if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	free(names);
	return -1;
}

static int
load_triggers(struct pd_model *model, struct pd_error *error)
{
	jv triggers = pd_json_peek(pd_module_metadata_peek(model->module), "triggers");
	int result = 0;

	if (jv_get_kind(triggers) != JV_KIND_OBJECT) {
		bool missing = !jv_is_valid(triggers);
		jv_free(triggers);
		return missing ? 0 : pd_error_at(error,
		    pd_module_path(model->module), 1, "triggers must be an object");
	}
	jv_object_foreach(triggers, name, value) {
		struct check *check = find_check(model, jv_string_value(name));
		if (result == 0 && check == NULL)
			result = no_such_check(model, jv_string_value(name), error);
		else if (result == 0)
			result = parse_trigger(model, check, jv_copy(value), error);
		jv_free(name);
		jv_free(value);
	}
	jv_free(triggers);
	return result;
}

/* A function that its name makes ours, but that would never be called. */
static int
wrong_arity(struct pd_model *model, int function, struct pd_error *error)
{
	const char *name = pd_module_function_name(model->module, function);

	pd_error_at(error, pd_module_function_file(model->module, function),
	    pd_module_function_line(model->module, function),
	    "%s/%d must take one argument", name,
	    pd_module_function_arity(model->module, function));
	return pd_error_hint(error, "def %s($x): ...; or, for a function of your own, "
	    "a name that starts with _", name);
}

static int
find_checks(struct pd_model *model, struct pd_error *error)
{
	static const char prefix[] = "check_";

	for (int i = 0; i < pd_module_count(model->module); i++) {
		const char *name = pd_module_function_name(model->module, i);
		if (!pd_starts_with(name, prefix))
			continue;
		if (pd_module_function_arity(model->module, i) != 1)
			return wrong_arity(model, i, error);
		model->checks = pd_reallocate(model->checks,
		    (size_t)model->check_count + 1, sizeof(*model->checks));
		model->checks[model->check_count++] = (struct check){
			.name = pd_duplicate(name + strlen(prefix)), .function = i,
			.trigger = pd_trigger_any()};
	}
	model->batch = pd_allocate((size_t)model->check_count + 1, sizeof(*model->batch));
	return 0;
}

/*
 * Conditions.
 */
static int
condition_error(const struct pd_model *model, struct pd_error *error)
{
	snprintf(error->file, sizeof(error->file), "%s", pd_module_path(model->module));
	error->line = 1;
	return -1;
}

static int
add_condition(struct pd_model *model, int function, const char *name, jv metadata,
    struct pd_error *error)
{
	char *poll = pd_format("poll_%s", name);

	model->conditions = pd_reallocate(model->conditions,
	    (size_t)model->condition_count + 1, sizeof(*model->conditions));
	struct pd_condition *condition = &model->conditions[model->condition_count++];
	*condition = (struct pd_condition){.name = pd_duplicate(name),
		.function = function, .poll = pd_module_function(model->module, poll, 1),
		.after.names = jv_invalid()};
	free(poll);
	if (pd_json_has_peek(metadata, name))
		return pd_condition_parse(condition, pd_json_peek(metadata, name), error) == 0 ?
		    0 : condition_error(model, error);
	pd_error_set(error, "nothing says after what eventually_%s must come true", name);
	pd_error_hint(error, "module {\"eventually\": {\"%s\": {\"after\": \"...\", "
	    "\"timeout_ms\": 1000}}};", name);
	return condition_error(model, error);
}

/* Metadata of a condition that there is not. */
static int
check_conditions(const struct pd_model *model, jv metadata, struct pd_error *error)
{
	int result = 0;

	jv_object_foreach(metadata, name, value) {
		bool found = false;
		for (int i = 0; i < model->condition_count; i++)
			found = found ||
			    strcmp(model->conditions[i].name, jv_string_value(name)) == 0;
		if (!found && result == 0) {
			pd_error_set(error, "the metadata have a condition '%s', but there is "
			    "no eventually_%s", jv_string_value(name), jv_string_value(name));
			result = condition_error(model, error);
		}
		jv_free(name);
		jv_free(value);
	}
	return result;
}

static int
find_conditions(struct pd_model *model, struct pd_error *error)
{
	static const char prefix[] = "eventually_";
	jv metadata = pd_json_peek(pd_module_metadata_peek(model->module), "eventually");
	int result = 0;

	if (jv_is_valid(metadata) && jv_get_kind(metadata) != JV_KIND_OBJECT) {
		pd_error_set(error, "eventually must be an object of conditions");
		result = condition_error(model, error);
	}
	for (int i = 0; i < pd_module_count(model->module) && result == 0; i++) {
		const char *name = pd_module_function_name(model->module, i);
		if (!pd_starts_with(name, prefix))
			continue;
		result = pd_module_function_arity(model->module, i) != 1 ?
		    wrong_arity(model, i, error) :
		    add_condition(model, i, name + strlen(prefix), metadata, error);
	}
	if (result == 0 && jv_is_valid(metadata))
		result = check_conditions(model, metadata, error);
	jv_free(metadata);
	return result;
}

/* on_NAME and simulate_NAME of no argument only. */
static int
check_arities(struct pd_model *model, struct pd_error *error)
{
	struct pd_module *module = model->module;

	for (int i = 0; i < pd_module_count(module); i++) {
		const char *name = pd_module_function_name(module, i);
		if ((pd_starts_with(name, "on_") || pd_starts_with(name, "simulate_")) &&
		    pd_module_function_arity(module, i) == 0 &&
		    pd_module_function(module, name, 1) == PD_NO_FUNCTION)
			return wrong_arity(model, i, error);
	}
	return 0;
}

static bool
has_good_classes(jv metadata)
{
	jv classes = pd_json_peek(metadata, "state_classes");
	bool good = !jv_is_valid(classes) || jv_get_kind(classes) == JV_KIND_ARRAY;

	if (good && jv_is_valid(classes)) {
		jv_array_foreach(classes, i, class) {
			good = good && jv_get_kind(class) == JV_KIND_STRING;
			jv_free(class);
		}
	}
	jv_free(classes);
	return good;
}

static int
check_metadata(struct pd_model *model, struct pd_error *error)
{
	jv metadata = pd_module_metadata_peek(model->module);
	const char *path = pd_module_path(model->module);

	if (pd_module_check_metadata(model->module, known_metadata,
	    COUNT(known_metadata), error) != 0)
		return -1;
	if (pd_json_has_peek(metadata, "name") &&
	    pd_json_peek_string(metadata, "name", NULL) == NULL)
		return pd_error_at(error, path, 1, "the module's name must be a string");
	if (pd_json_has_peek(metadata, "timeout_ms") &&
	    !(pd_json_peek_number(metadata, "timeout_ms", 0) > 0))
		return pd_error_at(error, path, 1,
		    "timeout_ms must be a number of milliseconds above 0");
	if (!has_good_classes(metadata))
		return pd_error_at(error, path, 1,
		    "state_classes must be an array of strings, what classify gives");
	return 0;
}

static int
find_functions(struct pd_model *model, struct pd_error *error)
{
	struct pd_module *module = model->module;

	model->init = pd_module_function(module, "init", 0);
	model->commands = pd_module_function(module, "commands", 0);
	model->setup = pd_module_function(module, "setup", 0);
	model->teardown = pd_module_function(module, "teardown", 0);
	model->terminate = pd_module_function(module, "terminate", 2);
	model->classify = pd_module_function(module, "classify", 0);
	model->to_timed_event = pd_module_function(module, "to_event", 2);
	model->to_event = model->to_timed_event != PD_NO_FUNCTION ? model->to_timed_event :
	    pd_module_function(module, "to_event", 1);
	model->simulate_any = pd_module_function(module, "simulate", 1);
	model->apply_any = pd_module_function(module, "apply", 1);
	if (model->init != PD_NO_FUNCTION)
		return 0;
	pd_error_at(error, pd_module_path(module), 0, "the model has no function init");
	return pd_error_hint(error, "it gives the first state: def init: {};");
}

struct pd_model *
pd_model_open(const char *path, struct pd_error *error)
{
	struct pd_model *model = pd_allocate(1, sizeof(*model));

	model->module = pd_module_open(path, error);
	if (model->module == NULL ||
	    check_metadata(model, error) != 0 ||
	    find_functions(model, error) != 0 ||
	    find_checks(model, error) != 0 ||
	    check_arities(model, error) != 0 ||
	    load_triggers(model, error) != 0 ||
	    find_conditions(model, error) != 0) {
		pd_model_close(model);
		return NULL;
	}
	model->name = pd_duplicate(pd_json_peek_string(
	    pd_module_metadata_peek(model->module), "name",
	    pd_module_name(model->module)));
	return model;
}

struct pd_model *
pd_model_open_named(jv identity, struct pd_error *error)
{
	const char *path = pd_json_peek_string(identity, "path", NULL);
	const char *hash = pd_json_peek_string(identity, "sha256", "");

	if (path == NULL) {
		pd_error_set(error, "the records name no model");
		return NULL;
	}
	struct pd_model *model = pd_model_open(path, error);
	if (model != NULL && strcmp(pd_module_hash(model->module), hash) != 0) {
		pd_error_at(error, path, 0, "it has changed since the run was recorded");
		pd_model_close(model);
		return NULL;
	}
	return model;
}

void
pd_model_debug_to(struct pd_model *model, FILE *stream)
{
	pd_module_debug_to(model->module, stream);
}

const char *
pd_model_name(const struct pd_model *model)
{
	return model->name;
}

jv
pd_model_identity(const struct pd_model *model)
{
	jv identity = pd_json_set_string(jv_object(), "name", model->name);

	identity = pd_json_set_string(identity, "path", pd_module_path(model->module));
	return pd_json_set_string(identity, "sha256", pd_module_hash(model->module));
}

int64_t
pd_model_timeout(const struct pd_model *model)
{
	return (int64_t)(1000 * pd_json_peek_number(
	    pd_module_metadata_peek(model->module), "timeout_ms", 0));
}

/* Functions of one command or event: PREFIX_NAME/arity. */
static int
function_for(const struct pd_model *model, const char *prefix,
    const char *name, int arity)
{
	char function[256];
	size_t before = strlen(prefix), length = strlen(name);

	/* By hand, since this is done at every step: printf would take longer than
	 * some functions do. */
	if (before + 1 + length >= sizeof(function))
		return PD_NO_FUNCTION;
	memcpy(function, prefix, before);
	function[before] = '_';
	memcpy(function + before + 1, name, length + 1);
	return pd_module_function(model->module, function, arity);
}

/* "on_Credit/1 should give ...", at the place of the function. */
static jv
wrong_result(struct pd_model *model, int function, const char *expected,
    jv result, struct pd_error *error)
{
	char *text = pd_json_excerpt(result, 200);

	pd_error_at(error, pd_module_function_file(model->module, function),
	    pd_module_function_line(model->module, function),
	    "%s/%d should give %s, not %s",
	    pd_module_function_name(model->module, function),
	    pd_module_function_arity(model->module, function), expected, text);
	free(text);
	return jv_invalid();
}

jv
pd_model_init(struct pd_model *model, struct pd_error *error)
{
	return pd_module_call(model->module, model->init, jv_null(), jv_array(),
	    error);
}

void
pd_model_place_commands(const struct pd_model *model, struct pd_error *error)
{
	snprintf(error->file, sizeof(error->file), "%s",
	    pd_module_function_file(model->module, model->commands));
	error->line = pd_module_function_line(model->module, model->commands);
}

static bool
check_entry(const struct pd_model *model, const char *name, jv entry,
    struct pd_error *error)
{
	if (pd_entry_check(name, entry, error) == 0)
		return true;
	pd_error_prefix(error, "commands/0: ");
	pd_model_place_commands(model, error);
	return false;
}

jv
pd_model_commands(struct pd_model *model, jv state, struct pd_error *error)
{
	bool good = true;

	if (model->commands == PD_NO_FUNCTION) {
		pd_error_at(error, pd_module_path(model->module), 0,
		    "the model has no function commands");
		pd_error_hint(error, "it says what may happen next, see pd-model(5)");
		return jv_invalid();
	}
	jv commands = pd_module_call(model->module, model->commands,
	    jv_copy(state), jv_array(), error);
	if (!jv_is_valid(commands))
		return commands;
	if (jv_get_kind(commands) != JV_KIND_OBJECT)
		return wrong_result(model, model->commands,
		    "an object of commands", commands, error);
	jv_object_foreach(commands, name, entry) {
		good = good && check_entry(model, jv_string_value(name), entry, error);
		jv_free(name);
		jv_free(entry);
	}
	if (good)
		return commands;
	jv_free(commands);
	return jv_invalid();
}

static bool
is_domain_object(jv value)
{
	return pd_json_peek_string(value, "type", NULL) != NULL;
}

/* The outputs of a function that gives domain objects, singly or in arrays,
 * as one flat array. Consumes outputs. */
static jv
flatten_objects(struct pd_model *model, int function, jv outputs,
    const char *expected, struct pd_error *error)
{
	jv result = jv_array();
	int count = jv_array_length(jv_copy(outputs));

	for (int i = 0; i < count; i++) {
		jv output = jv_array_get(jv_copy(outputs), i);
		if (jv_get_kind(output) != JV_KIND_ARRAY)
			output = JV_ARRAY(output);
		result = jv_array_concat(result, output);
	}
	jv_free(outputs);
	jv_array_foreach(result, i, object) {
		bool good = is_domain_object(object);
		if (!good) {
			jv_free(result);
			return wrong_result(model, function, expected, object, error);
		}
		jv_free(object);
	}
	return result;
}

static jv
command_list(struct pd_model *model, int function, jv state,
    struct pd_error *error)
{
	if (function == PD_NO_FUNCTION)
		return jv_array();
	jv outputs = pd_module_call_all(model->module, function, jv_copy(state),
	    jv_array(), error);
	if (!jv_is_valid(outputs))
		return outputs;
	return flatten_objects(model, function, outputs,
	    "commands: objects with a type", error);
}

jv
pd_model_setup(struct pd_model *model, jv state, struct pd_error *error)
{
	return command_list(model, model->setup, state, error);
}

jv
pd_model_teardown(struct pd_model *model, jv state, struct pd_error *error)
{
	return command_list(model, model->teardown, state, error);
}

static int
simulate_function(const struct pd_model *model, const char *command)
{
	int function = function_for(model, "simulate", command, 1);

	return function != PD_NO_FUNCTION ? function : model->simulate_any;
}

bool
pd_model_predicts(const struct pd_model *model, const char *command)
{
	return simulate_function(model, command) != PD_NO_FUNCTION;
}

jv
pd_model_simulate(struct pd_model *model, jv state, jv command,
    struct pd_error *error)
{
	int function = simulate_function(model,
	    pd_json_peek_string(command, "type", ""));

	if (function == PD_NO_FUNCTION)
		return jv_array();
	jv outputs = pd_module_call_all(model->module, function, jv_copy(state),
	    JV_ARRAY(jv_copy(command)), error);
	if (!jv_is_valid(outputs))
		return outputs;
	return flatten_objects(model, function, outputs,
	    "events: objects with a type", error);
}

static int
fold_function(const struct pd_model *model, const char *step)
{
	int function = function_for(model, "on", step, 1);

	return function != PD_NO_FUNCTION ? function : model->apply_any;
}

bool
pd_model_folds(const struct pd_model *model, const char *step)
{
	return fold_function(model, step) != PD_NO_FUNCTION;
}

jv
pd_model_fold(struct pd_model *model, jv state, jv step, struct pd_error *error)
{
	int function = fold_function(model, pd_json_peek_string(step, "type", ""));

	if (function == PD_NO_FUNCTION)
		return state;
	return pd_module_call(model->module, function, state,
	    JV_ARRAY(jv_copy(step)), error);
}

jv
pd_model_fold_answer(struct pd_model *model, jv state, jv command, jv events,
    struct pd_error *error)
{
	int count = jv_array_length(jv_copy(events));

	if (jv_get_kind(command) != JV_KIND_NULL)
		state = pd_model_fold(model, state, command, error);
	for (int i = 0; i < count && jv_is_valid(state); i++) {
		jv event = jv_array_get(jv_copy(events), i);
		state = pd_model_fold(model, state, event, error);
		jv_free(event);
	}
	return state;
}

/* A function that answers yes or no. */
static int
ask(struct pd_model *model, int function, jv state, jv arguments,
    struct pd_error *error)
{
	jv answer = pd_module_call(model->module, function, jv_copy(state),
	    arguments, error);
	jv_kind kind = jv_get_kind(answer);

	if (kind == JV_KIND_INVALID)
		return -1;
	if (kind != JV_KIND_TRUE && kind != JV_KIND_FALSE) {
		wrong_result(model, function, "true or false", answer, error);
		return -1;
	}
	return kind == JV_KIND_TRUE;
}

int
pd_model_terminates(struct pd_model *model, jv state, jv command, jv events,
    struct pd_error *error)
{
	if (model->terminate == PD_NO_FUNCTION)
		return 0;
	return ask(model, model->terminate, state,
	    JV_ARRAY(jv_copy(command), jv_copy(events)), error);
}

int
pd_model_legal(struct pd_model *model, jv state, jv command, jv events,
    struct pd_error *error)
{
	int function = function_for(model, "legal",
	    pd_json_peek_string(command, "type", ""), 2);

	if (function == PD_NO_FUNCTION)
		return PD_NO_RULE;
	return ask(model, function, state,
	    JV_ARRAY(jv_copy(command), jv_copy(events)), error);
}

bool
pd_model_rules(const struct pd_model *model, const char *command)
{
	return function_for(model, "legal", command, 2) != PD_NO_FUNCTION;
}

jv
pd_model_keys(struct pd_model *model, jv command, struct pd_error *error)
{
	int function = pd_module_function(model->module, "key", 1);

	if (function == PD_NO_FUNCTION)
		return jv_null();
	jv keys = pd_module_call_all(model->module, function, jv_null(),
	    JV_ARRAY(jv_copy(command)), error);
	int count = jv_is_valid(keys) ? jv_array_length(jv_copy(keys)) : 0;
	for (int i = 0; i < count; i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		bool all = jv_get_kind(key) == JV_KIND_NULL;
		jv_free(key);
		if (all) {
			jv_free(keys);
			return jv_null();
		}
	}
	return keys;
}

jv
pd_model_label(struct pd_model *model, jv state, jv command,
    struct pd_error *error)
{
	int function = function_for(model, "label",
	    pd_json_peek_string(command, "type", ""), 1);

	*error = (struct pd_error)PD_ERROR_INIT;
	if (function == PD_NO_FUNCTION)
		return jv_invalid();
	jv label = pd_module_call(model->module, function, jv_copy(state),
	    JV_ARRAY(jv_copy(command)), error);
	if (jv_is_valid(label) && jv_get_kind(label) != JV_KIND_STRING)
		return wrong_result(model, function, "a string", label, error);
	return label;
}

bool
pd_model_classifies(const struct pd_model *model)
{
	return model->classify != PD_NO_FUNCTION;
}

jv
pd_model_classify(struct pd_model *model, jv state, struct pd_error *error)
{
	return pd_module_call(model->module, model->classify, jv_copy(state),
	    jv_array(), error);
}

jv
pd_model_state_classes(const struct pd_model *model)
{
	return pd_json_peek(pd_module_metadata_peek(model->module), "state_classes");
}

int
pd_model_checks(const struct pd_model *model)
{
	return model->check_count;
}

const char *
pd_model_check_name(const struct pd_model *model, int check)
{
	return model->checks[check].name;
}

const struct pd_trigger *
pd_model_trigger(const struct pd_model *model, int check)
{
	return &model->checks[check].trigger;
}

jv
pd_model_run_checks(struct pd_model *model, const int *checks, int count,
    jv state, jv step, struct pd_error *error)
{
	jv arguments = JV_ARRAY(jv_copy(step));

	if (count == 1) {
		jv result = pd_module_call(model->module, model->checks[checks[0]].function,
		    jv_copy(state), arguments, error);
		return jv_is_valid(result) ? JV_ARRAY(result) : result;
	}
	for (int i = 0; i < count; i++)
		model->batch[i] = model->checks[checks[i]].function;
	return pd_module_call_each(model->module, model->batch, count,
	    jv_copy(state), arguments, error);
}

jv
pd_model_fold_and_check(struct pd_model *model, jv state, jv step,
    const int *checks, int count, jv *results, struct pd_error *error)
{
	int function = fold_function(model, pd_json_peek_string(step, "type", ""));

	*results = jv_invalid();
	if (count == 0)
		return pd_model_fold(model, state, step, error);
	if (function == PD_NO_FUNCTION) {
		*results = pd_model_run_checks(model, checks, count, state, step, error);
		return state;
	}
	model->batch[0] = function;
	for (int i = 0; i < count; i++)
		model->batch[i + 1] = model->checks[checks[i]].function;
	return pd_module_call_then_each(model->module, model->batch, count + 1,
	    state, JV_ARRAY(jv_copy(step)), results, error);
}

static enum pd_verdict
verdict_of(struct pd_model *model, int function, jv result, jv *message,
    jv *data, struct pd_error *error)
{
	*message = jv_invalid();
	*data = jv_invalid();
	switch (jv_get_kind(result)) {
	case JV_KIND_INVALID:
		return PD_CHECK_ERROR;
	case JV_KIND_TRUE:
		return PD_CHECK_PASSED;
	case JV_KIND_FALSE:
		return PD_CHECK_FAILED;
	case JV_KIND_STRING:
		*message = result;
		return PD_CHECK_FAILED;
	default:
		break;
	}
	if (!pd_json_has_peek(result, "$fail")) {
		wrong_result(model, function,
		    "true, false, a message or fail(...)", result, error);
		return PD_CHECK_ERROR;
	}
	*message = pd_json_peek(result, "$fail");
	*data = pd_json_peek(result, "data");
	jv_free(result);
	if (jv_get_kind(*message) != JV_KIND_STRING)
		*message = jv_dump_string(*message, 0);
	return PD_CHECK_FAILED;
}

enum pd_verdict
pd_model_verdict(struct pd_model *model, int check, jv result, jv *message,
    jv *data, struct pd_error *error)
{
	return verdict_of(model, model->checks[check].function, result, message, data,
	    error);
}

int
pd_model_conditions(const struct pd_model *model)
{
	return model->condition_count;
}

const struct pd_condition *
pd_model_condition(const struct pd_model *model, int condition)
{
	return &model->conditions[condition];
}

enum pd_verdict
pd_model_holds(struct pd_model *model, int condition, jv state, jv step,
    jv *message, jv *data, struct pd_error *error)
{
	int function = model->conditions[condition].function;
	jv result = pd_module_call(model->module, function, jv_copy(state),
	    JV_ARRAY(jv_copy(step)), error);

	return verdict_of(model, function, result, message, data, error);
}

jv
pd_model_polls(struct pd_model *model, int condition, jv state, jv step,
    struct pd_error *error)
{
	int function = model->conditions[condition].poll;

	if (function == PD_NO_FUNCTION)
		return jv_array();
	jv outputs = pd_module_call_all(model->module, function, jv_copy(state),
	    JV_ARRAY(jv_copy(step)), error);
	return jv_is_valid(outputs) ? flatten_objects(model, function, outputs,
	    "commands: objects with a type", error) : outputs;
}

bool
pd_model_takes_payloads(const struct pd_model *model)
{
	return model->to_event != PD_NO_FUNCTION;
}

bool
pd_model_times_payloads(const struct pd_model *model)
{
	return model->to_timed_event != PD_NO_FUNCTION;
}

jv
pd_model_to_event(struct pd_model *model, jv payload, int64_t at,
    struct pd_error *error)
{
	jv arguments = JV_ARRAY(payload);

	if (pd_model_times_payloads(model))
		arguments = jv_array_append(arguments, jv_number((double)at));
	return pd_module_call_all(model->module, model->to_event, jv_null(), arguments,
	    error);
}

jv
pd_model_awaits(struct pd_model *model, jv command, jv events, struct pd_error *error)
{
	const char *type = pd_json_peek_string(command, "type", "");
	int with_events = function_for(model, "awaits", type, 2);
	int function = with_events != PD_NO_FUNCTION ? with_events :
	    function_for(model, "awaits", type, 1);

	if (function == PD_NO_FUNCTION)
		return jv_array();
	jv arguments = JV_ARRAY(jv_copy(command));
	if (function == with_events)
		arguments = jv_array_append(arguments, jv_copy(events));
	jv outputs = pd_module_call_all(model->module, function, jv_null(), arguments, error);
	return jv_is_valid(outputs) ? flatten_objects(model, function, outputs,
	    "events: objects with a type", error) : outputs;
}

int
pd_model_same(struct pd_model *model, jv command, jv first, jv again,
    struct pd_error *error)
{
	int function = function_for(model, "same",
	    pd_json_peek_string(command, "type", ""), 2);

	if (function == PD_NO_FUNCTION)
		return PD_NO_RULE;
	return ask(model, function, command,
	    JV_ARRAY(jv_copy(first), jv_copy(again)), error);
}

void
pd_model_functions(const struct pd_model *model, const char *prefix,
    pd_model_visit *visit, void *context)
{
	for (int i = 0; i < pd_module_count(model->module); i++) {
		const char *name = pd_module_function_name(model->module, i);
		if (pd_starts_with(name, prefix))
			visit(context, name + strlen(prefix),
			    pd_module_function_arity(model->module, i),
			    pd_module_function_file(model->module, i),
			    pd_module_function_line(model->module, i));
	}
}
