/* SPDX-License-Identifier: MIT */
#include "library.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "share.h"
#include "source.h"
#include "text.h"

enum { MOST_ARGUMENTS = 3 };	/* of a function that can be called */

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
suggest_function(const struct pd_library *library, const char *message,
    struct pd_error *error)
{
	size_t length = strcspn(message, "/");

	if (strstr(message, "is not defined") == NULL || message[length] == '\0')
		return;
	char *wanted = pd_format("%.*s", (int)length, message);
	jv defined = jv_array_concat(jv_copy(library->defined), builtin_functions());
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
known_path(const struct pd_library *library, const char *file)
{
	return strcmp(file, "<top-level>") == 0 ||
	    strcmp(file, library->real_path) == 0 ? library->path : file;
}

static void
on_compile_message(void *context, jv message)
{
	struct pd_library *library = context;
	jv formatted = jq_format_error(message);
	char *text = pd_duplicate(jv_string_value(formatted));
	char *newline = strchr(text, '\n');

	jv_free(formatted);
	/* The first message is the cause; the last only counts them. */
	if (library->compile_error->message[0] != '\0') {
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
		pd_error_at(library->compile_error, known_path(library, place + 4),
		    strtol(line + strlen(", line "), NULL, 10), "%s", text);
	} else {
		pd_error_at(library->compile_error, library->path, 0, "%s", text);
	}
	suggest_function(library, text, library->compile_error);
	free(text);
}

static void
ignore_message(void *context, jv message)
{
	(void)context;
	jv_free(message);
}

static jq_state *
new_program(struct pd_library *library)
{
	jq_state *jq = jq_init();

	jq_set_error_cb(jq, on_compile_message, library);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_copy(library->search_path));
	jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_string("/"));
	jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), jv_string("/"));
	return jq;
}

/*
 * Reading what a file defines and includes.
 */
/* One program reads all files: jq's own functions are compiled but once. */
static bool
start_reader(struct pd_library *library)
{
	if (library->reader != NULL)
		return true;
	library->reader = new_program(library);
	return jq_compile(library->reader, "modulemeta") != 0;
}

static void
end_reader(struct pd_library *library)
{
	if (library->reader != NULL)
		jq_teardown(&library->reader);
}

/* modulemeta of a module, by the name under which an include finds it. */
static jv
read_metadata(struct pd_library *library, const char *relative,
    struct pd_error *error)
{
	jv result = jv_invalid();

	library->compile_error = error;
	*error = (struct pd_error)PD_ERROR_INIT;
	if (start_reader(library)) {
		jq_start(library->reader, jv_string(relative), 0);
		result = jq_next(library->reader);
	}
	if (jv_get_kind(result) != JV_KIND_OBJECT && error->message[0] == '\0') {
		jv message = jv_is_valid(result) ? jv_null() :
		    jv_invalid_get_msg(jv_copy(result));
		pd_error_at(error, library->path, 0, "%s",
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
knows_source(const struct pd_library *library, const char *relative)
{
	for (int i = 0; i < library->source_count; i++) {
		if (strcmp(library->sources[i].relative, relative) == 0)
			return true;
	}
	return false;
}

/* The file that jq takes for NAME: NAME.jq or, of a folder, NAME/NAME.jq. */
static char *
find_source(const struct pd_library *library, const char *relative,
    const char *suffix)
{
	const char *slash = strrchr(relative, '/');
	const char *last = slash != NULL ? slash + 1 : relative;

	jv_array_foreach(library->search_path, i, directory) {
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
add_function(struct pd_library *library, const char *definition, int source)
{
	const char *slash = strrchr(definition, '/');
	int arity = slash != NULL ? atoi(slash + 1) : 0;

	if (slash == NULL || arity > MOST_ARGUMENTS || definition[0] == '_')
		return;
	char *name = pd_format("%.*s", (int)(slash - definition), definition);
	for (int i = 0; i < library->count; i++) {
		/* A later source shadows an earlier one, as in jq. */
		struct pd_library_function *known = &library->functions[i];
		if (known->arity == arity && strcmp(known->name, name) == 0) {
			known->source = source;
			free(name);
			return;
		}
	}
	library->functions = pd_reallocate(library->functions,
	    (size_t)library->count + 1, sizeof(*library->functions));
	library->functions[library->count++] = (struct pd_library_function){
		.name = name, .arity = arity, .source = source};
}

/* A source on the way from the module to the one that is being loaded. */
struct loading {
	const char *relative;
	const char *path;
	const char *content;
	const struct loading *by;	/* what includes it; NULL for the module */
};

static int load_source(struct pd_library *, const char *relative, bool own,
    const struct loading *by, struct pd_error *);

/* An error in the include directive for NAME. */
static int
include_error(const struct pd_library *library, const struct loading *loading,
    const char *relative, const char *what, struct pd_error *error)
{
	return pd_error_at(error, loading == NULL ? library->path :
	    loading->by == NULL ? library->path : loading->path,
	    loading == NULL ? 0 : pd_source_include(loading->content, relative),
	    "%s '%s'", what, relative);
}

/* Constants of a JSON file belong to what a module is. */
static int
load_data(struct pd_library *library, const char *relative,
    const struct loading *loading, struct pd_error *error)
{
	char *path = find_source(library, relative, ".json");

	if (path == NULL)
		return include_error(library, loading, relative, "cannot find the data",
		    error);
	int result = pd_read_file(path, &library->data, error);
	free(path);
	return result;
}

static int
load_dependency(struct pd_library *library, jv dependency, bool own,
    const struct loading *loading, struct pd_error *error)
{
	const char *relative = pd_json_peek_string(dependency, "relpath", "");
	bool included = !pd_json_has_peek(dependency, "as");

	/* With a search path of its own libjq finds an import by itself, but the
	 * functions of an include are ours to find. */
	if (pd_json_has_peek(dependency, "search")) {
		if (!own || !included)
			return 0;
		include_error(library, loading, relative,
		    "a search path is not for an include:", error);
		return pd_error_hint(error, "put the file beside the model, or import it");
	}
	if (pd_json_peek_bool(dependency, "is_data", false))
		return load_data(library, relative, loading, error);
	for (const struct loading *outer = loading; outer != NULL; outer = outer->by) {
		if (strcmp(outer->relative, relative) == 0)
			return include_error(library, loading, relative,
			    "an include that comes back to itself:", error);
	}
	if (knows_source(library, relative))
		return 0;
	return load_source(library, relative,
	    own && included && strcmp(relative, "pd") != 0, loading, error);
}

static int
load_dependencies(struct pd_library *library, jv metadata, bool own,
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
			result = load_dependency(library, dependency, own, loading, error);
		jv_free(dependency);
	}
	jv_free(dependencies);
	return result;
}

static void
add_functions(struct pd_library *library, jv metadata, bool own, int source)
{
	jv definitions = pd_json_peek(metadata, "defs");

	jv_array_foreach(definitions, i, definition) {
		if (own)
			add_function(library, jv_string_value(definition), source);
		jv_free(definition);
	}
	library->defined = jv_array_concat(library->defined, definitions);
}

/* Load what a source needs, then the source; takes path and content. */
static int
add_source(struct pd_library *library, char *path, char *content, bool own,
    jv metadata, const struct loading *loading, struct pd_error *error)
{
	int result = load_dependencies(library, metadata, own, loading, error);

	if (result == 0 && library->source_count == PD_MOST_SOURCES)
		result = pd_error_at(error, library->path, 0,
		    "more than %d modules are included", PD_MOST_SOURCES);
	if (result != 0) {
		free(path);
		free(content);
		return result;
	}
	int source = library->source_count++;
	library->sources[source] = (struct pd_library_source){.path = path, .content = content,
		.relative = pd_duplicate(loading->relative)};
	add_functions(library, metadata, own, source);
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
take_metadata(struct pd_library *library, jv metadata)
{
	metadata = jv_object_delete(jv_object_delete(metadata, jv_string("deps")),
	    jv_string("defs"));
	metadata = add_inherited(metadata, "triggers", library->metadata);
	metadata = add_inherited(metadata, "eventually", library->metadata);
	jv_free(library->metadata);
	library->metadata = metadata;
}

static int
load_source(struct pd_library *library, const char *relative, bool own,
    const struct loading *by, struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	char *path = find_source(library, relative, ".jq");

	if (path == NULL) {
		include_error(library, by, relative, "cannot find the module", error);
		return pd_error_hint(error,
		    "modules are looked for beside the model and in the suite's own");
	}
	jv metadata = jv_invalid();
	if (pd_read_file(path, &content, error) == 0)
		metadata = read_metadata(library, relative, error);
	if (!jv_is_valid(metadata)) {
		free(path);
		pd_buffer_free(&content);
		return -1;
	}
	struct loading loading = {relative, path, content.data, by};
	if (add_source(library, path, content.data, own, metadata, &loading, error) != 0) {
		jv_free(metadata);
		return -1;
	}
	if (own)
		take_metadata(library, metadata);
	else
		jv_free(metadata);
	return 0;
}

static int
compare_functions(const void *a, const void *b)
{
	const struct pd_library_function *first = a, *second = b;
	int order = strcmp(first->name, second->name);

	return order != 0 ? order : first->arity - second->arity;
}

static void
hash_sources(struct pd_library *library)
{
	struct pd_buffer all = PD_BUFFER_INIT;

	pd_buffer_text(&all, "");
	for (int i = 0; i < library->source_count; i++) {
		if (strcmp(library->sources[i].relative, "pd") != 0)
			pd_buffer_text(&all, library->sources[i].content);
	}
	pd_buffer_append(&all, library->data.data, library->data.length);
	pd_hash(all.data, all.length, library->hash);
	pd_buffer_free(&all);
}

/* Split path into the folder that jq searches and the name it includes. */
static int
set_names(struct pd_library *library, const char *path, struct pd_error *error)
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
	library->real_path = pd_duplicate(real);
	char *slash = strrchr(real, '/');
	library->name = pd_format("%.*s", (int)strlen(slash + 1) - 3, slash + 1);
	if (strcmp(library->name, "pd") == 0) {
		pd_error_at(error, path, 0, "a module cannot be named as the prelude");
		return pd_error_hint(error, "give the file another name");
	}
	*slash = '\0';
	char *share = pd_share_path("jq");
	jv_free(library->search_path);
	library->search_path = JV_ARRAY(jv_string(real), jv_string(share));
	free(share);
	return 0;
}

int
pd_library_read(struct pd_library *library, const char *path, struct pd_error *error)
{
	*library = (struct pd_library){.path = pd_duplicate(path),
		.metadata = jv_object(), .search_path = jv_array(), .defined = jv_array()};
	if (set_names(library, path, error) != 0 ||
	    load_source(library, library->name, true, NULL, error) != 0)
		return -1;
	end_reader(library);
	if (library->count > 0)
		qsort(library->functions, (size_t)library->count,
		    sizeof(*library->functions), compare_functions);
	hash_sources(library);
	return 0;
}

void
pd_library_free(struct pd_library *library)
{
	for (int i = 0; i < library->count; i++)
		free(library->functions[i].name);
	free(library->functions);
	for (int i = 0; i < library->source_count; i++) {
		free(library->sources[i].path);
		free(library->sources[i].relative);
		free(library->sources[i].content);
	}
	end_reader(library);
	jv_free(library->metadata);
	jv_free(library->search_path);
	jv_free(library->defined);
	pd_buffer_free(&library->data);
	free(library->path);
	free(library->real_path);
	free(library->name);
}

int
pd_library_find(const struct pd_library *library, const char *name, int arity)
{
	int low = 0, high = library->count - 1;

	while (low <= high) {
		int middle = (low + high) / 2;
		const struct pd_library_function *function = &library->functions[middle];
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
	return -1;
}

const char *
pd_library_file(const struct pd_library *library, int function)
{
	int source = library->functions[function].source;

	/* The module itself by the name that the user gave it. */
	return source == library->source_count - 1 ? library->path :
	    library->sources[source].path;
}

long
pd_library_line(const struct pd_library *library, int function)
{
	const struct pd_library_function *wanted = &library->functions[function];

	return pd_source_definition(library->sources[wanted->source].content,
	    wanted->name, wanted->arity);
}

void
pd_library_append_imports(const struct pd_library *library, struct pd_buffer *text)
{
	/* libjq 1.7 loses functions of a module that is first met inside another
	 * (it drops what was not referenced when it came by), and handles the last
	 * import first: so all are named here, those that others need last. */
	for (int i = library->source_count - 1; i >= 0; i--) {
		jv name = jv_string(library->sources[i].relative);
		pd_buffer_text(text, "import ");
		pd_json_append_peek(text, name);
		pd_buffer_format(text, " as m%d; ", i);
		jv_free(name);
	}
}

jq_state *
pd_library_compile(struct pd_library *library, const char *text,
    struct pd_error *error)
{
	jq_state *jq = new_program(library);

	library->compile_error = error;
	*error = (struct pd_error)PD_ERROR_INIT;
	bool compiled = jq_compile(jq, text) != 0;
	library->compile_error = NULL;
	jq_set_error_cb(jq, ignore_message, NULL);
	if (compiled)
		return jq;
	if (error->message[0] == '\0')
		pd_error_at(error, library->path, 0, "cannot be compiled");
	jq_teardown(&jq);
	return NULL;
}
