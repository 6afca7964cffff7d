/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "dispatcher.h"
#include "json.h"
#include "library.h"
#include "text.h"

enum { MOST_OUTPUTS = 10000 };	/* of one call: more are a loop without end */

struct pd_module {
	struct pd_library library;
	struct pd_dispatcher *dispatcher;
};

struct pd_module *
pd_module_read(const char *path, struct pd_error *error)
{
	struct pd_module *module = pd_allocate(1, sizeof(*module));

	if (pd_library_read(&module->library, path, error) == 0) {
		module->dispatcher = pd_dispatcher_new(&module->library);
		return module;
	}
	pd_module_close(module);
	return NULL;
}

bool
pd_module_is_prepared(const struct pd_module *module, int function)
{
	return pd_dispatcher_has(module->dispatcher, function);
}

static bool
is_among(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

int
pd_module_prepare(struct pd_module *module, const char *const *names,
    struct pd_error *error)
{
	const struct pd_library_function *functions = module->library.functions;

	for (int i = 0; i < module->library.count; i++)
		if (functions[i].arity == 1 && is_among(functions[i].name, names))
			pd_dispatcher_add(module->dispatcher, i);
	return pd_dispatcher_compile(module->dispatcher, error);
}

struct pd_module *
pd_module_open(const char *path, struct pd_error *error)
{
	struct pd_module *module = pd_module_read(path, error);

	if (module == NULL)
		return NULL;
	for (int i = 0; i < module->library.count; i++)
		pd_dispatcher_add(module->dispatcher, i);
	if (pd_dispatcher_compile(module->dispatcher, error) == 0)
		return module;
	pd_module_close(module);
	return NULL;
}

void
pd_module_close(struct pd_module *module)
{
	if (module == NULL)
		return;
	pd_dispatcher_free(module->dispatcher);
	pd_library_free(&module->library);
	free(module);
}

void
pd_module_debug_to(struct pd_module *module, FILE *stream)
{
	pd_dispatcher_debug_to(module->dispatcher, stream);
}

const char *
pd_module_path(const struct pd_module *module)
{
	return module->library.path;
}

const char *
pd_module_name(const struct pd_module *module)
{
	return module->library.name;
}

const char *
pd_module_hash(const struct pd_module *module)
{
	return module->library.hash;
}

jv
pd_module_metadata_peek(const struct pd_module *module)
{
	return module->library.metadata;
}

int
pd_module_function(const struct pd_module *module, const char *name, int arity)
{
	return pd_library_find(&module->library, name, arity);
}

int
pd_module_count(const struct pd_module *module)
{
	return module->library.count;
}

const char *
pd_module_function_name(const struct pd_module *module, int function)
{
	return module->library.functions[function].name;
}

int
pd_module_function_arity(const struct pd_module *module, int function)
{
	return module->library.functions[function].arity;
}

const char *
pd_module_function_file(const struct pd_module *module, int function)
{
	return pd_library_file(&module->library, function);
}

long
pd_module_function_line(const struct pd_module *module, int function)
{
	return pd_library_line(&module->library, function);
}

/* What jq's messages leave a newcomer to work out. */
static void
explain(struct pd_error *error)
{
	static const struct {
		const char *part, *hint;
	} known[] = {
		{"Cannot index null", "the value before the '.' is null"},
		{"Cannot iterate over null", "use .[]? or give the field a value in init"},
		{"has no keys", "the state or object lacks the part that is asked for"},
		{"null (null) and", "a field that the function reads is missing"},
		{"and null (null)", "a field that the function reads is missing"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strstr(error->message, known[i].part) != NULL)
			pd_error_hint(error, "%s", known[i].hint);
	}
}

static void
set_call_error(struct pd_module *module, int function, jv invalid,
    struct pd_error *error)
{
	const struct pd_library_function *called = &module->library.functions[function];
	jv message = jv_invalid_get_msg(invalid);
	char *text = jv_get_kind(message) == JV_KIND_STRING ?
	    pd_duplicate(jv_string_value(message)) :
	    pd_json_excerpt(jv_copy(message), 300);

	if (pd_dispatcher_halted(module->dispatcher))
		free(text), text = pd_duplicate("halt is not for a model or adapter");
	else if (strcmp(text, "break") == 0 || strcmp(text, "No more inputs") == 0)
		free(text), text = pd_duplicate("input has nothing to give here");
	pd_error_at(error, pd_module_function_file(module, function),
	    pd_library_line(&module->library, function), "%s/%d: %s", called->name,
	    called->arity, text);
	explain(error);
	free(text);
	jv_free(message);
}

static jv
wrong_count(struct pd_module *module, int function, const char *count,
    const char *hint, struct pd_error *error)
{
	const struct pd_library_function *called = &module->library.functions[function];

	pd_error_at(error, pd_module_function_file(module, function),
	    pd_library_line(&module->library, function), "%s/%d gave %s", called->name,
	    called->arity, count);
	pd_error_hint(error, "%s", hint);
	return jv_invalid();
}
/* Set out to call some functions. */
static void
start(struct pd_module *module, enum pd_calling_form form, const int *functions,
    int count, jv input, jv arguments)
{
	pd_dispatcher_start(module->dispatcher,
	    &(struct pd_calling){form, functions, count}, input, arguments);
}

/* The next output; there is none to free at the end of a function's outputs and
 * on error, which is then set. */
static enum pd_output
next_output(struct pd_module *module, int function, jv *output,
    struct pd_error *error)
{
	enum pd_output result = pd_dispatcher_next(module->dispatcher, output);

	if (result == PD_OUTPUT_ERROR) {
		set_call_error(module, function, *output, error);
		*output = jv_invalid();
	}
	return result;
}

/* The function's one output, and on to what comes after it, which also drops
 * jq's own references to the output. */
static jv
only_output(struct pd_module *module, int function, struct pd_error *error)
{
	static const char exactly_one[] = "it must give exactly one value";
	jv output, second;

	switch (next_output(module, function, &output, error)) {
	case PD_OUTPUT_ERROR:
		return jv_invalid();
	case PD_OUTPUT_END:
		pd_dispatcher_abandon(module->dispatcher);
		return wrong_count(module, function, "no value", exactly_one, error);
	default:
		break;
	}
	enum pd_output next = next_output(module, function, &second, error);
	if (next == PD_OUTPUT_END)
		return output;
	jv_free(output);
	jv_free(second);
	if (next == PD_OUTPUT_ERROR)
		return jv_invalid();
	pd_dispatcher_abandon(module->dispatcher);
	return wrong_count(module, function, "more than one value", exactly_one,
	    error);
}

jv
pd_module_call(struct pd_module *module, int function, jv input, jv arguments,
    struct pd_error *error)
{
	start(module, PD_CALLING_ONE, &function, 1, input, arguments);
	return only_output(module, function, error);
}

jv
pd_module_call_all(struct pd_module *module, int function, jv input,
    jv arguments, struct pd_error *error)
{
	jv outputs = jv_array();
	enum pd_output result;
	jv output;

	start(module, PD_CALLING_ONE, &function, 1, input, arguments);
	while ((result = next_output(module, function, &output, error)) == PD_OUTPUT_VALUE) {
		outputs = jv_array_append(outputs, output);
		if (jv_array_length(jv_copy(outputs)) > MOST_OUTPUTS) {
			jv_free(outputs);
			pd_dispatcher_abandon(module->dispatcher);
			return wrong_count(module, function, "more than 10000 values",
			    "it seems to go on for ever", error);
		}
	}
	if (result == PD_OUTPUT_END)
		return outputs;
	jv_free(outputs);
	return jv_invalid();
}

/* What each of the functions from `first` on gave, up to the end of the call: an
 * array, or an invalid jv on error. */
static jv
each_output(struct pd_module *module, const int *functions, int first, int count,
    struct pd_error *error)
{
	jv results = jv_array();
	jv output = jv_invalid();

	for (int i = first; i < count; i++) {
		jv result = only_output(module, functions[i], error);
		if (!jv_is_valid(result)) {
			jv_free(results);
			return result;
		}
		results = jv_array_append(results, result);
	}
	enum pd_output result = next_output(module, functions[count - 1], &output, error);
	jv_free(output);
	if (result == PD_OUTPUT_END && pd_dispatcher_is_done(module->dispatcher))
		return results;
	/* A function that calls input itself takes what is meant for the next. */
	if (result != PD_OUTPUT_ERROR) {
		pd_dispatcher_abandon(module->dispatcher);
		pd_error_at(error, module->library.path, 0,
		    "a function calls input, which has nothing to give here, or gives"
		    " more than one value");
	}
	jv_free(results);
	return jv_invalid();
}

jv
pd_module_call_each(struct pd_module *module, const int *functions, int count,
    jv input, jv arguments, struct pd_error *error)
{
	start(module, PD_CALLING_EACH, functions, count, input, arguments);
	return each_output(module, functions, 0, count, error);
}

/* After a call of several that failed: was it the first function, which gave more than
 * one value, since the others do what they should on what it gave? */
static bool
gave_more(struct pd_module *module, const int *functions, int count, jv output,
    jv arguments)
{
	struct pd_error ignored;
	bool others_do = true;

	/* One by one, so that none gets what is meant for the next. */
	for (int i = 1; i < count && others_do; i++) {
		jv result = pd_module_call(module, functions[i], jv_copy(output),
		    jv_copy(arguments), &ignored);
		others_do = jv_is_valid(result);
		jv_free(result);
	}
	return others_do;
}

jv
pd_module_call_then_each(struct pd_module *module, const int *functions,
    int count, jv input, jv arguments, jv *results, struct pd_error *error)
{
	static const char exactly_one[] = "it must give exactly one value";
	jv output;

	*results = jv_invalid();
	start(module, PD_CALLING_THEN_EACH, functions, count, input, jv_copy(arguments));
	enum pd_output result = next_output(module, functions[0], &output, error);
	if (result == PD_OUTPUT_VALUE) {
		*results = each_output(module, functions, 1, count, error);
		if (!jv_is_valid(*results) &&
		    gave_more(module, functions, count, output, arguments)) {
			jv_free(output);
			output = wrong_count(module, functions[0], "more than one value",
			    exactly_one, error);
		}
	} else if (result == PD_OUTPUT_END) {
		pd_dispatcher_abandon(module->dispatcher);
		wrong_count(module, functions[0], "no value", exactly_one, error);
	}
	jv_free(arguments);
	return output;
}

int
pd_module_check_metadata(const struct pd_module *module,
    const char *const *known, size_t count, struct pd_error *error)
{
	int result = 0;

	jv_object_keys_foreach(module->library.metadata, key) {
		bool found = false;
		for (size_t i = 0; i < count; i++)
			found = found || strcmp(known[i], jv_string_value(key)) == 0;
		if (!found && result == 0) {
			const char *nearest = pd_nearest(jv_string_value(key), known, count);
			result = pd_error_at(error, module->library.path, 1,
			    "unknown key '%s' in the module's metadata",
			    jv_string_value(key));
			if (nearest != NULL)
				pd_error_hint(error, "did you mean '%s'?", nearest);
		}
		jv_free(key);
	}
	return result;
}
