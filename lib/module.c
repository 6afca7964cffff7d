/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <errno.h>
#include <jq.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "share.h"
#include "source.h"
#include "text.h"

enum {
	MOST_ARGUMENTS = 3,	/* of a function that can be called */
	MOST_INCLUDES = 64,
	MOST_OUTPUTS = 10000,	/* of one call: more are a loop without end */
};

struct function {
	char *name;
	int arity;
	int source;		/* index into sources */
};

struct source {
	char *path;
	char *relative;		/* as an include directive names it */
	char *content;
	bool own;		/* the module or included by it: its functions can be called */
};

struct pd_module {
	jq_state *jq;
	jq_state *reader;	/* while it is read */
	char *path;		/* as the user gave it */
	char *real_path;
	char *name;
	char hash[PD_HASH_TEXT];
	jv metadata;
	jv library_path;
	struct function *functions;
	int count;
	int *prepared;		/* those that the program can call, in their order */
	int prepared_count;
	struct source sources[MOST_INCLUDES];	/* each after those it needs; the module itself last */
	int source_count;
	struct pd_buffer data;	/* what it imports as data, for the hash */
	jv defined;		/* "NAME/ARITY" of all sources, for suggestions */
	bool running;		/* the program waits for its next call */
	jv end;			/* what it gives where a function has no more outputs */
	struct call {		/* what the program's `input` gives next: see below */
		enum { CALL_ONE, CALL_EACH, CALL_THEN_EACH } kind;
		enum { ASKED_NOTHING, ASKED_END, ASKED_ONE, ASKED_EACH, ASKED_INPUT } asked;
		const int *functions;
		int count;	/* of functions to call; the first is the one at hand */
		int counted;	/* how many the program is told to call with one input */
		int place;	/* of the function among those that are prepared */
		int low, high;	/* it is in low .. high-1: where in the tree we are */
		int argument;	/* the next argument to give */
		jv input, arguments;
	} call;
	FILE *debug;
	struct pd_error *compile_error;	/* set while compiling only */
};

static void
free_functions(struct pd_module *module)
{
	for (int i = 0; i < module->count; i++)
		free(module->functions[i].name);
	free(module->functions);
	free(module->prepared);
}

static void
end_reader(struct pd_module *module)
{
	if (module->reader != NULL)
		jq_teardown(&module->reader);
}

void
pd_module_close(struct pd_module *module)
{
	if (module == NULL)
		return;
	if (module->jq != NULL)
		jq_teardown(&module->jq);
	end_reader(module);
	free_functions(module);
	for (int i = 0; i < module->source_count; i++) {
		free(module->sources[i].path);
		free(module->sources[i].relative);
		free(module->sources[i].content);
	}
	jv_free(module->metadata);
	jv_free(module->library_path);
	jv_free(module->defined);
	jv_free(module->call.arguments);
	jv_free(module->call.input);
	jv_free(module->end);
	pd_buffer_free(&module->data);
	free(module->path);
	free(module->real_path);
	free(module->name);
	free(module);
}

/*
 * Compile errors: "jq: error: MESSAGE at FILE, line N:\nSOURCE LINE".
 */
static void
remove_text(char *text, const char *part)
{
	char *found = strstr(text, part);

	if (found != NULL)
		memmove(found, found + strlen(part), strlen(found + strlen(part)) + 1);
}

/* Names that jq itself knows, "NAME/ARITY". */
static jv
builtin_functions(void)
{
	jq_state *jq = jq_init();
	jv names = jv_invalid();

	if (jq_compile(jq, "builtins")) {
		jq_start(jq, jv_null(), 0);
		names = jq_next(jq);
	}
	jq_teardown(&jq);
	return jv_get_kind(names) == JV_KIND_ARRAY ? names :
	    (jv_free(names), jv_array());
}

static void
suggest_function(const struct pd_module *module, const char *message,
    struct pd_error *error)
{
	size_t length = strcspn(message, "/");

	if (strstr(message, "is not defined") == NULL || message[length] == '\0')
		return;
	char *wanted = pd_format("%.*s", (int)length, message);
	jv defined = jv_array_concat(jv_copy(module->defined), builtin_functions());
	size_t count = (size_t)jv_array_length(jv_copy(defined));
	char **names = pd_allocate(count, sizeof(*names));
	jv_array_foreach(defined, i, definition) {
		const char *name = jv_string_value(definition);
		names[i] = pd_format("%.*s", (int)strcspn(name, "/"), name);
		jv_free(definition);
	}
	const char *nearest = pd_nearest(wanted, (const char *const *)names, count);
	if (nearest != NULL && strcmp(nearest, wanted) == 0)
		pd_error_hint(error, "'%s' exists with another number of arguments", nearest);
	else if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	else
		pd_error_hint(error, "define it, or include the module that does");
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(wanted);
	jv_free(defined);
}

/* A file as the user knows it: the module itself by the name that was given. */
static const char *
known_path(const struct pd_module *module, const char *file)
{
	return strcmp(file, "<top-level>") == 0 ||
	    strcmp(file, module->real_path) == 0 ? module->path : file;
}

static void
on_compile_message(void *context, jv message)
{
	struct pd_module *module = context;
	jv formatted = jq_format_error(message);
	char *text = pd_duplicate(jv_string_value(formatted));
	char *newline = strchr(text, '\n');

	jv_free(formatted);
	/* The first message is the cause; the last only counts them. */
	if (module->compile_error->message[0] != '\0') {
		free(text);
		return;
	}
	if (newline != NULL)
		*newline = '\0';
	while (strstr(text, "jq: error: ") != NULL)
		remove_text(text, "jq: error: ");
	remove_text(text, " (Unix shell quoting issues?)");
	char *place = NULL;
	for (char *at = strstr(text, " at "); at != NULL; at = strstr(at + 1, " at "))
		place = at;
	char *line = place != NULL ? strstr(place, ", line ") : NULL;
	if (line != NULL) {
		*place = '\0';
		*line = '\0';
		pd_error_at(module->compile_error, known_path(module, place + 4),
		    strtol(line + strlen(", line "), NULL, 10), "%s", text);
	} else {
		pd_error_at(module->compile_error, module->path, 0, "%s", text);
	}
	suggest_function(module, text, module->compile_error);
	free(text);
}

static void
ignore_message(void *context, jv message)
{
	(void)context;
	jv_free(message);
}

static jq_state *
new_program(struct pd_module *module)
{
	jq_state *jq = jq_init();

	jq_set_error_cb(jq, on_compile_message, module);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_copy(module->library_path));
	jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_string("/"));
	jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), jv_string("/"));
	return jq;
}

/*
 * Reading what a file defines and includes.
 */
/* One program reads all files: jq's own functions are compiled but once. */
static bool
start_reader(struct pd_module *module)
{
	if (module->reader != NULL)
		return true;
	module->reader = new_program(module);
	return jq_compile(module->reader, "modulemeta") != 0;
}

/* modulemeta of a module, by the name under which an include finds it. */
static jv
read_metadata(struct pd_module *module, const char *relative,
    struct pd_error *error)
{
	jv result = jv_invalid();

	module->compile_error = error;
	*error = (struct pd_error)PD_ERROR_INIT;
	if (start_reader(module)) {
		jq_start(module->reader, jv_string(relative), 0);
		result = jq_next(module->reader);
	}
	if (jv_get_kind(result) != JV_KIND_OBJECT && error->message[0] == '\0') {
		jv message = jv_is_valid(result) ? jv_null() :
		    jv_invalid_get_msg(jv_copy(result));
		pd_error_at(error, module->path, 0, "%s",
		    jv_get_kind(message) == JV_KIND_STRING ?
		    jv_string_value(message) : "cannot be read as a jq module");
		jv_free(message);
	}
	if (jv_get_kind(result) != JV_KIND_OBJECT) {
		jv_free(result);
		result = jv_invalid();
	}
	return result;
}

static bool
knows_source(const struct pd_module *module, const char *relative)
{
	for (int i = 0; i < module->source_count; i++) {
		if (strcmp(module->sources[i].relative, relative) == 0)
			return true;
	}
	return false;
}

/* The file that jq takes for NAME: NAME.jq or, of a folder, NAME/NAME.jq. */
static char *
find_source(const struct pd_module *module, const char *relative,
    const char *suffix)
{
	const char *slash = strrchr(relative, '/');
	const char *last = slash != NULL ? slash + 1 : relative;

	jv_array_foreach(module->library_path, i, directory) {
		const char *folder = jv_string_value(directory);
		char *path = pd_format("%s/%s%s", folder, relative, suffix);
		if (access(path, R_OK) != 0) {
			free(path);
			path = pd_format("%s/%s/%s%s", folder, relative, last, suffix);
		}
		jv_free(directory);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static void
add_function(struct pd_module *module, const char *definition, int source)
{
	const char *slash = strrchr(definition, '/');
	int arity = slash != NULL ? atoi(slash + 1) : 0;

	if (slash == NULL || arity > MOST_ARGUMENTS || definition[0] == '_')
		return;
	char *name = pd_format("%.*s", (int)(slash - definition), definition);
	for (int i = 0; i < module->count; i++) {
		/* A later source shadows an earlier one, as in jq. */
		struct function *known = &module->functions[i];
		if (known->arity == arity && strcmp(known->name, name) == 0) {
			known->source = source;
			free(name);
			return;
		}
	}
	module->functions = pd_reallocate(module->functions,
	    (size_t)module->count + 1, sizeof(*module->functions));
	module->functions[module->count++] = (struct function){
		.name = name, .arity = arity, .source = source};
}

/* A source on the way from the module to the one that is being loaded. */
struct loading {
	const char *relative;
	const char *path;
	const char *content;
	const struct loading *by;	/* what includes it; NULL for the module */
};

static int load_source(struct pd_module *, const char *relative, bool own,
    const struct loading *by, struct pd_error *);

/* An error in the include directive for NAME. */
static int
include_error(const struct pd_module *module, const struct loading *loading,
    const char *relative, const char *what, struct pd_error *error)
{
	return pd_error_at(error, loading == NULL ? module->path :
	    loading->by == NULL ? module->path : loading->path,
	    loading == NULL ? 0 : pd_source_include(loading->content, relative),
	    "%s '%s'", what, relative);
}

/* Constants of a JSON file belong to what a module is. */
static int
load_data(struct pd_module *module, const char *relative,
    const struct loading *loading, struct pd_error *error)
{
	char *path = find_source(module, relative, ".json");

	if (path == NULL)
		return include_error(module, loading, relative, "cannot find the data",
		    error);
	int result = pd_read_file(path, &module->data, error);
	free(path);
	return result;
}

static int
load_dependency(struct pd_module *module, jv dependency, bool own,
    const struct loading *loading, struct pd_error *error)
{
	const char *relative = pd_json_peek_string(dependency, "relpath", "");
	bool included = !pd_json_has_peek(dependency, "as");

	/* With a search path of its own libjq finds an import by itself, but the
	 * functions of an include are ours to find. */
	if (pd_json_has_peek(dependency, "search")) {
		if (!own || !included)
			return 0;
		include_error(module, loading, relative,
		    "a search path is not for an include:", error);
		return pd_error_hint(error, "put the file beside the model, or import it");
	}
	if (pd_json_peek_bool(dependency, "is_data", false))
		return load_data(module, relative, loading, error);
	for (const struct loading *outer = loading; outer != NULL; outer = outer->by) {
		if (strcmp(outer->relative, relative) == 0)
			return include_error(module, loading, relative,
			    "an include that comes back to itself:", error);
	}
	if (knows_source(module, relative))
		return 0;
	return load_source(module, relative,
	    own && included && strcmp(relative, "pd") != 0, loading, error);
}

static int
load_dependencies(struct pd_module *module, jv metadata, bool own,
    const struct loading *loading, struct pd_error *error)
{
	jv dependencies = pd_json_peek(metadata, "deps");
	int result = 0;

	if (jv_get_kind(dependencies) != JV_KIND_ARRAY) {
		jv_free(dependencies);
		return 0;
	}
	jv_array_foreach(dependencies, i, dependency) {
		if (result == 0)
			result = load_dependency(module, dependency, own, loading, error);
		jv_free(dependency);
	}
	jv_free(dependencies);
	return result;
}

static void
add_functions(struct pd_module *module, jv metadata, bool own, int source)
{
	jv definitions = pd_json_peek(metadata, "defs");

	jv_array_foreach(definitions, i, definition) {
		if (own)
			add_function(module, jv_string_value(definition), source);
		jv_free(definition);
	}
	module->defined = jv_array_concat(module->defined, definitions);
}

/* Load what a source needs, then the source; takes path and content. */
static int
add_source(struct pd_module *module, char *path, char *content, bool own,
    jv metadata, const struct loading *loading, struct pd_error *error)
{
	int result = load_dependencies(module, metadata, own, loading, error);

	if (result == 0 && module->source_count == MOST_INCLUDES)
		result = pd_error_at(error, module->path, 0,
		    "more than %d modules are included", MOST_INCLUDES);
	if (result != 0) {
		free(path);
		free(content);
		return result;
	}
	int source = module->source_count++;
	module->sources[source] = (struct source){.path = path, .content = content,
		.relative = pd_duplicate(loading->relative), .own = own};
	add_functions(module, metadata, own, source);
	return 0;
}

/* An object of the metadata, with what those had before it that were included. */
static jv
add_inherited(jv metadata, const char *name, jv before_peek)
{
	jv inherited = pd_json_peek(before_peek, name), own = pd_json_peek(metadata, name);
	bool merges = jv_get_kind(inherited) == JV_KIND_OBJECT &&
	    (!jv_is_valid(own) || jv_get_kind(own) == JV_KIND_OBJECT);

	if (merges)
		metadata = pd_json_set(metadata, name, jv_is_valid(own) ?
		    jv_object_merge(jv_copy(inherited), jv_copy(own)) : jv_copy(inherited));
	jv_free(inherited);
	jv_free(own);
	return metadata;
}

/* The module itself is loaded last, so its metadata stay. When the checks that it
 * includes are run, and their conditions, come with them. */
static void
take_metadata(struct pd_module *module, jv metadata)
{
	metadata = jv_object_delete(jv_object_delete(metadata, jv_string("deps")),
	    jv_string("defs"));
	metadata = add_inherited(metadata, "triggers", module->metadata);
	metadata = add_inherited(metadata, "eventually", module->metadata);
	jv_free(module->metadata);
	module->metadata = metadata;
}

static int
load_source(struct pd_module *module, const char *relative, bool own,
    const struct loading *by, struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	char *path = find_source(module, relative, ".jq");

	if (path == NULL) {
		include_error(module, by, relative, "cannot find the module", error);
		return pd_error_hint(error,
		    "modules are looked for beside the model and in the suite's own");
	}
	jv metadata = jv_invalid();
	if (pd_read_file(path, &content, error) == 0)
		metadata = read_metadata(module, relative, error);
	if (!jv_is_valid(metadata)) {
		free(path);
		pd_buffer_free(&content);
		return -1;
	}
	struct loading loading = {relative, path, content.data, by};
	if (add_source(module, path, content.data, own, metadata, &loading, error) != 0) {
		jv_free(metadata);
		return -1;
	}
	if (own)
		take_metadata(module, metadata);
	else
		jv_free(metadata);
	return 0;
}

/*
 * The program: imports, then a tree in which each function is a leaf. It runs
 * for as long as the module is open, since to start libjq costs more than most
 * functions do. All that it needs to know it asks for with `input`, which calls
 * back into C:
 *
 *   input as $end			a string of ours, known by its address
 *   | range(infinite)			a call after another
 *   | if input				one function
 *     then input | TREE, $end
 *     elif input			several on the same input, so many
 *     then input | range(input) as $i | TREE, $end
 *     else				one, then several on what it gave
 *       input | TREE | ., (range(input) as $i | TREE, $end)
 *     end, $end
 *
 * where TREE is `if input then TREE else TREE end`, which of the two halves, or
 * at a leaf `input as $a | input as $b | m0::name($a; $b)`. The function's own
 * input, `.`, is never bound to a variable: it stays alone on jq's stack, its
 * only reference, and can be changed in place.
 */
static void
append_call(struct pd_buffer *text, const struct function *function)
{
	/* Within a function of its own: jq clears all variables of a function at
	 * each call, and those of all leaves together would make calls dearer. */
	pd_buffer_text(text, "(def leaf: ");
	for (int i = 0; i < function->arity; i++)
		pd_buffer_format(text, "input as $a%d | ", i);
	pd_buffer_format(text, "m%d::%s", function->source, function->name);
	for (int i = 0; i < function->arity; i++)
		pd_buffer_format(text, "%s$a%d", i == 0 ? "(" : "; ", i);
	pd_buffer_text(text, function->arity > 0 ? "); leaf)" : "; leaf)");
}

/* The prepared functions first .. first+count-1. next_answer walks the same way. */
static void
append_tree(struct pd_buffer *text, const struct pd_module *module, int first,
    int count)
{
	if (count == 1) {
		append_call(text, &module->functions[module->prepared[first]]);
		return;
	}
	int half = count / 2;
	pd_buffer_text(text, "if input then ");
	append_tree(text, module, first, half);
	pd_buffer_text(text, " else ");
	append_tree(text, module, first + half, count - half);
	pd_buffer_text(text, " end");
}

static char *
program_text(const struct pd_module *module)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	/* libjq 1.7 loses functions of a module that is first met inside another
	 * (it drops what was not referenced when it came by), and handles the last
	 * import first: so all are named here, those that others need last. */
	for (int i = module->source_count - 1; i >= 0; i--) {
		jv name = jv_string(module->sources[i].relative);
		pd_buffer_text(&text, "import ");
		pd_json_append_peek(&text, name);
		pd_buffer_format(&text, " as m%d; ", i);
		jv_free(name);
	}
	if (module->prepared_count == 0) {
		pd_buffer_text(&text, ".");
		return text.data;
	}
	pd_buffer_text(&text, "def call: ");
	append_tree(&text, module, 0, module->prepared_count);
	pd_buffer_text(&text, "; input as $end | range(infinite) | "
	    "if input then input | call "
	    "elif input then input | range(input) as $i | call, $end "
	    "else input | call | ., (range(input) as $i | call, $end) end, $end");
	return text.data;
}

/* Is everything said that leads to the function at hand? */
static bool
is_answered(const struct pd_module *module)
{
	const struct call *call = &module->call;

	return call->high - call->low == 1 &&
	    call->argument == module->functions[*call->functions].arity;
}

/* Set out for the function at hand. */
static void
set_out(struct pd_module *module)
{
	struct call *call = &module->call;
	int high = module->prepared_count - 1;

	call->place = call->low = call->argument = 0;
	call->high = module->prepared_count;
	while (call->place < high) {
		int middle = (call->place + high) / 2;
		if (module->prepared[middle] < *call->functions)
			call->place = middle + 1;
		else
			high = middle;
	}
}

/* Begin to lead to the next function, if there is one. */
static bool
to_next_function(struct pd_module *module)
{
	struct call *call = &module->call;

	if (call->count <= 1)
		return false;
	call->functions++;
	call->count--;
	set_out(module);
	return true;
}

/* The way to a leaf: which half of the tree, then the arguments. */
static jv
lead_on(struct pd_module *module)
{
	struct call *call = &module->call;

	if (call->high - call->low > 1) {
		int middle = call->low + (call->high - call->low) / 2;
		bool lower = call->place < middle;
		if (lower)
			call->high = middle;
		else
			call->low = middle;
		return jv_bool(lower);
	}
	return jv_array_get(jv_copy(call->arguments), call->argument++);
}

/* The input of a call: the only reference to it. */
static jv
hand_over(struct call *call)
{
	jv input = call->input;

	call->input = jv_invalid();
	call->asked = ASKED_INPUT;
	return input;
}

/* What the program asks for next, in the order described above. */
static jv
next_answer(jq_state *jq, void *context)
{
	struct pd_module *module = context;
	struct call *call = &module->call;

	(void)jq;
	switch (call->asked) {
	case ASKED_NOTHING:
		call->asked = ASKED_END;
		return jv_copy(module->end);
	case ASKED_END:
		call->asked = ASKED_ONE;
		return jv_bool(call->kind == CALL_ONE);
	case ASKED_ONE:
		if (call->kind == CALL_ONE)
			return hand_over(call);
		call->asked = ASKED_EACH;
		return jv_bool(call->kind == CALL_EACH);
	case ASKED_EACH:
		return hand_over(call);
	default:
		break;
	}
	bool counts = call->kind == CALL_EACH ||
	    (call->kind == CALL_THEN_EACH && is_answered(module));
	if (counts && call->counted >= 0) {
		int count = call->counted;
		call->counted = -1;
		return jv_number(count);
	}
	if (is_answered(module) && !to_next_function(module))
		return jv_invalid();
	return lead_on(module);
}

static void
on_debug(void *context, jv message)
{
	struct pd_module *module = context;

	if (module->debug == NULL) {
		jv_free(message);
		return;
	}
	jv_dumpf(JV_ARRAY(jv_string("DEBUG:"), message), module->debug, 0);
	fputc('\n', module->debug);
}

static int
compare_functions(const void *a, const void *b)
{
	const struct function *first = a, *second = b;
	int order = strcmp(first->name, second->name);

	return order != 0 ? order : first->arity - second->arity;
}

/* The program anew, for the functions that are prepared. */
static int
compile(struct pd_module *module, struct pd_error *error)
{
	if (module->jq != NULL)
		jq_teardown(&module->jq);
	module->running = false;
	module->jq = new_program(module);
	module->compile_error = error;
	*error = (struct pd_error)PD_ERROR_INIT;
	char *text = program_text(module);
	int compiled = jq_compile(module->jq, text);
	free(text);
	module->compile_error = NULL;
	jq_set_error_cb(module->jq, ignore_message, NULL);
	jq_set_input_cb(module->jq, next_answer, module);
	jq_set_debug_cb(module->jq, on_debug, module);
	jq_set_stderr_cb(module->jq, on_debug, module);
	if (!compiled && error->message[0] == '\0')
		pd_error_at(error, module->path, 0, "cannot be compiled");
	return compiled ? 0 : -1;
}

static void
hash_sources(struct pd_module *module)
{
	struct pd_buffer all = PD_BUFFER_INIT;

	pd_buffer_text(&all, "");
	for (int i = 0; i < module->source_count; i++) {
		if (strcmp(module->sources[i].relative, "pd") != 0)
			pd_buffer_text(&all, module->sources[i].content);
	}
	pd_buffer_append(&all, module->data.data, module->data.length);
	pd_hash(all.data, all.length, module->hash);
	pd_buffer_free(&all);
}

/* Split path into the folder that jq searches and the name it includes. */
static int
set_names(struct pd_module *module, const char *path, struct pd_error *error)
{
	char real[PATH_MAX];
	size_t length = strlen(path);

	if (access(path, R_OK) != 0)
		return pd_error_at(error, path, 0, "cannot open: %s", strerror(errno));
	if (length < 4 || strcmp(path + length - 3, ".jq") != 0) {
		pd_error_at(error, path, 0, "not a jq module");
		return pd_error_hint(error, "its name must end in .jq");
	}
	if (realpath(path, real) == NULL)
		return pd_error_at(error, path, 0, "%s", strerror(errno));
	module->real_path = pd_duplicate(real);
	char *slash = strrchr(real, '/');
	module->name = pd_format("%.*s", (int)strlen(slash + 1) - 3, slash + 1);
	if (strcmp(module->name, "pd") == 0) {
		pd_error_at(error, path, 0, "a module cannot be named as the prelude");
		return pd_error_hint(error, "give the file another name");
	}
	*slash = '\0';
	char *share = pd_share_path("jq");
	jv_free(module->library_path);
	module->library_path = JV_ARRAY(jv_string(real), jv_string(share));
	free(share);
	return 0;
}

struct pd_module *
pd_module_read(const char *path, struct pd_error *error)
{
	struct pd_module *module = pd_allocate(1, sizeof(*module));

	module->path = pd_duplicate(path);
	module->metadata = jv_object();
	module->library_path = jv_array();
	module->defined = jv_array();
	module->call.arguments = module->call.input = jv_invalid();
	module->end = jv_string("end");
	if (set_names(module, path, error) != 0 ||
	    load_source(module, module->name, true, NULL, error) != 0) {
		pd_module_close(module);
		return NULL;
	}
	end_reader(module);
	hash_sources(module);
	if (module->count > 0)
		qsort(module->functions, (size_t)module->count,
		    sizeof(*module->functions), compare_functions);
	module->prepared = pd_allocate((size_t)module->count + 1,
	    sizeof(*module->prepared));
	return module;
}

bool
pd_module_is_prepared(const struct pd_module *module, int function)
{
	for (int i = 0; i < module->prepared_count; i++)
		if (module->prepared[i] == function)
			return true;
	return false;
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
	int *prepared = pd_allocate((size_t)module->count + 1, sizeof(*prepared));
	int count = 0;

	for (int i = 0; i < module->count; i++)
		if (pd_module_is_prepared(module, i) || (module->functions[i].arity == 1 &&
		    is_among(module->functions[i].name, names)))
			prepared[count++] = i;
	free(module->prepared);
	module->prepared = prepared;
	module->prepared_count = count;
	return compile(module, error);
}

struct pd_module *
pd_module_open(const char *path, struct pd_error *error)
{
	struct pd_module *module = pd_module_read(path, error);

	if (module == NULL)
		return NULL;
	while (module->prepared_count < module->count) {
		module->prepared[module->prepared_count] = module->prepared_count;
		module->prepared_count++;
	}
	if (compile(module, error) == 0)
		return module;
	pd_module_close(module);
	return NULL;
}

void
pd_module_debug_to(struct pd_module *module, FILE *stream)
{
	module->debug = stream;
}

const char *
pd_module_path(const struct pd_module *module)
{
	return module->path;
}

const char *
pd_module_name(const struct pd_module *module)
{
	return module->name;
}

const char *
pd_module_hash(const struct pd_module *module)
{
	return module->hash;
}

jv
pd_module_metadata_peek(const struct pd_module *module)
{
	return module->metadata;
}

int
pd_module_function(const struct pd_module *module, const char *name, int arity)
{
	int low = 0, high = module->count - 1;

	while (low <= high) {
		int middle = (low + high) / 2;
		const struct function *function = &module->functions[middle];
		int order = strcmp(name, function->name);
		if (order == 0)
			order = arity - function->arity;
		if (order == 0)
			return middle;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return PD_NO_FUNCTION;
}

int
pd_module_count(const struct pd_module *module)
{
	return module->count;
}

const char *
pd_module_function_name(const struct pd_module *module, int function)
{
	return module->functions[function].name;
}

int
pd_module_function_arity(const struct pd_module *module, int function)
{
	return module->functions[function].arity;
}

const char *
pd_module_function_file(const struct pd_module *module, int function)
{
	int source = module->functions[function].source;

	/* The module itself by the name that the user gave it. */
	return source == module->source_count - 1 ? module->path :
	    module->sources[source].path;
}

long
pd_module_function_line(const struct pd_module *module, int function)
{
	const struct function *wanted = &module->functions[function];

	return pd_source_definition(module->sources[wanted->source].content,
	    wanted->name, wanted->arity);
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
	const struct function *called = &module->functions[function];
	jv message = jv_invalid_get_msg(invalid);
	char *text = jv_get_kind(message) == JV_KIND_STRING ?
	    pd_duplicate(jv_string_value(message)) :
	    pd_json_excerpt(jv_copy(message), 300);

	if (jq_halted(module->jq))
		free(text), text = pd_duplicate("halt is not for a model or adapter");
	else if (strcmp(text, "break") == 0 || strcmp(text, "No more inputs") == 0)
		free(text), text = pd_duplicate("input has nothing to give here");
	pd_error_at(error, pd_module_function_file(module, function),
	    pd_module_function_line(module, function), "%s/%d: %s", called->name, called->arity, text);
	explain(error);
	free(text);
	jv_free(message);
}

static jv
wrong_count(struct pd_module *module, int function, const char *count,
    const char *hint, struct pd_error *error)
{
	const struct function *called = &module->functions[function];

	pd_error_at(error, pd_module_function_file(module, function),
	    pd_module_function_line(module, function), "%s/%d gave %s", called->name, called->arity, count);
	pd_error_hint(error, "%s", hint);
	return jv_invalid();
}

/* Set out to call some functions: the program goes on where it waits for the
 * next call, or begins. */
static void
start(struct pd_module *module, const struct call *call, jv input, jv arguments)
{
	jv_free(module->call.arguments);
	jv_free(module->call.input);
	module->call = *call;
	set_out(module);
	module->call.input = input;
	module->call.arguments = arguments;
	module->call.asked = module->running ? ASKED_END : ASKED_NOTHING;
	if (!module->running)
		jq_start(module->jq, jv_null(), 0);
	module->running = true;
}

/* Leave the call, whatever is still to come of it. */
static void
abandon(struct pd_module *module)
{
	module->running = false;
}

enum output { OUTPUT_VALUE, OUTPUT_END, OUTPUT_ERROR };

/* The next output; there is none to free at the end of a function's outputs and
 * on error, which is then set. */
static enum output
next_output(struct pd_module *module, int function, jv *output,
    struct pd_error *error)
{
	*output = jq_next(module->jq);
	if (jv_is_valid(*output)) {
		if (!jv_identical(jv_copy(*output), jv_copy(module->end)))
			return OUTPUT_VALUE;
		jv_free(*output);
		*output = jv_invalid();
		return OUTPUT_END;
	}
	set_call_error(module, function, *output, error);
	*output = jv_invalid();
	abandon(module);
	return OUTPUT_ERROR;
}

/* The function's one output, and on to what comes after it, which also drops
 * jq's own references to the output. */
static jv
only_output(struct pd_module *module, int function, struct pd_error *error)
{
	static const char exactly_one[] = "it must give exactly one value";
	jv output, second;

	switch (next_output(module, function, &output, error)) {
	case OUTPUT_ERROR:
		return jv_invalid();
	case OUTPUT_END:
		abandon(module);
		return wrong_count(module, function, "no value", exactly_one, error);
	default:
		break;
	}
	enum output next = next_output(module, function, &second, error);
	if (next == OUTPUT_END)
		return output;
	jv_free(output);
	jv_free(second);
	if (next == OUTPUT_ERROR)
		return jv_invalid();
	abandon(module);
	return wrong_count(module, function, "more than one value", exactly_one,
	    error);
}

jv
pd_module_call(struct pd_module *module, int function, jv input, jv arguments,
    struct pd_error *error)
{
	start(module, &(struct call){.kind = CALL_ONE, .functions = &function,
		.count = 1}, input, arguments);
	return only_output(module, function, error);
}

jv
pd_module_call_all(struct pd_module *module, int function, jv input,
    jv arguments, struct pd_error *error)
{
	jv outputs = jv_array();
	enum output result;
	jv output;

	start(module, &(struct call){.kind = CALL_ONE, .functions = &function,
		.count = 1}, input, arguments);
	while ((result = next_output(module, function, &output, error)) == OUTPUT_VALUE) {
		outputs = jv_array_append(outputs, output);
		if (jv_array_length(jv_copy(outputs)) > MOST_OUTPUTS) {
			jv_free(outputs);
			abandon(module);
			return wrong_count(module, function, "more than 10000 values",
			    "it seems to go on for ever", error);
		}
	}
	if (result == OUTPUT_END)
		return outputs;
	jv_free(outputs);
	return jv_invalid();
}

/* What each of the functions gave, up to the end of the call: an array, or an
 * invalid jv on error. */
static jv
each_output(struct pd_module *module, const int *functions, int count,
    struct pd_error *error)
{
	jv results = jv_array();
	jv output = jv_invalid();

	for (int i = 0; i < count; i++) {
		jv result = only_output(module, functions[i], error);
		if (!jv_is_valid(result)) {
			jv_free(results);
			return result;
		}
		results = jv_array_append(results, result);
	}
	int last = count > 0 ? functions[count - 1] : *module->call.functions;
	enum output result = next_output(module, last, &output, error);
	jv_free(output);
	if (result == OUTPUT_END && module->call.count <= 1 && is_answered(module))
		return results;
	/* A function that calls input itself takes what is meant for the next. */
	if (result != OUTPUT_ERROR) {
		abandon(module);
		pd_error_at(error, module->path, 0,
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
	start(module, &(struct call){.kind = CALL_EACH, .functions = functions,
		.count = count, .counted = count}, input, arguments);
	return each_output(module, functions, count, error);
}

jv
pd_module_call_then_each(struct pd_module *module, const int *functions,
    int count, jv input, jv arguments, jv *results, struct pd_error *error)
{
	jv output;

	*results = jv_invalid();
	start(module, &(struct call){.kind = CALL_THEN_EACH, .functions = functions,
		.count = count, .counted = count - 1}, input, arguments);
	enum output result = next_output(module, functions[0], &output, error);
	if (result == OUTPUT_VALUE) {
		*results = each_output(module, functions + 1, count - 1, error);
	} else if (result == OUTPUT_END) {
		abandon(module);
		wrong_count(module, functions[0], "no value",
		    "it must give exactly one value", error);
	}
	return output;
}

int
pd_module_check_metadata(const struct pd_module *module,
    const char *const *known, size_t count, struct pd_error *error)
{
	int result = 0;

	jv_object_keys_foreach(module->metadata, key) {
		bool found = false;
		for (size_t i = 0; i < count; i++)
			found = found || strcmp(known[i], jv_string_value(key)) == 0;
		if (!found && result == 0) {
			const char *nearest = pd_nearest(jv_string_value(key), known, count);
			result = pd_error_at(error, module->path, 1,
			    "unknown key '%s' in the module's metadata",
			    jv_string_value(key));
			if (nearest != NULL)
				pd_error_hint(error, "did you mean '%s'?", nearest);
		}
		jv_free(key);
	}
	return result;
}
