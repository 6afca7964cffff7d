/* SPDX-License-Identifier: MIT */
#include "mapping.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "expression.h"
#include "json.h"
#include "module.h"
#include "share.h"
#include "text.h"

struct map {
	struct pd_module *module;
	int function;
};

struct pd_mapping {
	struct map *maps;
	int count;
	bool text;		/* the first one's input is not JSON */
	struct pd_expression *pattern, *split, *order;
	struct jv_parser *parser;
};

static const char no_event[] = "the map gave nothing";

void
pd_mapping_close(struct pd_mapping *mapping)
{
	if (mapping == NULL)
		return;
	for (int i = 0; i < mapping->count; i++)
		pd_module_close(mapping->maps[i].module);
	free(mapping->maps);
	pd_expression_close(mapping->pattern);
	pd_expression_close(mapping->split);
	pd_expression_close(mapping->order);
	if (mapping->parser != NULL)
		jv_parser_free(mapping->parser);
	free(mapping);
}

static char *
maps_folder_file(const char *name)
{
	char *folder = pd_share_path("maps");
	char *path = pd_format("%s/%s.jq", folder, name);

	free(folder);
	return path;
}

jv
pd_mapping_list(struct pd_error *error)
{
	char *folder = pd_share_path("maps");
	DIR *directory = opendir(folder);
	jv list = jv_array();
	struct dirent *entry;

	if (directory == NULL) {
		pd_error_at(error, folder, 0, "%s", strerror(errno));
		free(folder);
		jv_free(list);
		return jv_invalid();
	}
	while ((entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name);
		if (length <= 3 || strcmp(entry->d_name + length - 3, ".jq") != 0)
			continue;
		char *path = pd_format("%s/%s", folder, entry->d_name);
		struct pd_module *module = pd_module_open(path, error);
		free(path);
		if (module == NULL) {
			closedir(directory);
			free(folder);
			jv_free(list);
			return jv_invalid();
		}
		jv map = pd_json_set_string(jv_object(), "name", pd_module_name(module));
		list = jv_array_append(list, pd_json_set_string(map, "description",
		    pd_json_peek_string(pd_module_metadata_peek(module), "description", "")));
		pd_module_close(module);
	}
	closedir(directory);
	free(folder);
	jv names = jv_array();
	jv_array_foreach(list, i, map)
		names = jv_array_append(names, jv_object_get(map, jv_string("name")));
	return jv_sort(list, names);
}

/* No file of this name: what there is. */
static int
no_such_map(const char *name, struct pd_error *error)
{
	struct pd_error other;
	jv list = pd_mapping_list(&other);
	size_t count = jv_is_valid(list) ? (size_t)jv_array_length(jv_copy(list)) : 0;
	const char **names = pd_allocate(count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		jv map = jv_array_get(jv_copy(list), (int)i);
		names[i] = pd_json_peek_string(map, "name", "");
		jv_free(map);
	}
	const char *nearest = pd_nearest(name, names, count);
	pd_error_set(error, "there is no ready-made map '%s'", name);
	if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	else
		pd_error_hint(error, "--list-maps shows them; a file of yours ends in .jq");
	free(names);
	jv_free(list);
	return -1;
}

static int
open_map(struct pd_mapping *mapping, const char *name, struct pd_error *error)
{
	static const char *const known[] = {"name", "description", "input"};
	bool file = strchr(name, '/') != NULL || (strlen(name) > 3 &&
	    strcmp(name + strlen(name) - 3, ".jq") == 0);
	char *path = file ? pd_duplicate(name) : maps_folder_file(name);
	struct map *map = &mapping->maps[mapping->count];

	if (!file && access(path, R_OK) != 0) {
		free(path);
		return no_such_map(name, error);
	}
	map->module = pd_module_open(path, error);
	free(path);
	if (map->module == NULL)
		return -1;
	mapping->count++;
	if (pd_module_check_metadata(map->module, known, 3, error) != 0)
		return -1;
	map->function = pd_module_function(map->module, "map", 0);
	if (map->function != PD_NO_FUNCTION)
		return 0;
	pd_error_at(error, pd_module_path(map->module), 0, "it has no function map");
	return pd_error_hint(error, "def map: .event; gives the event of a line");
}

/* Text with named groups: capture("..."), which gives nothing where it does not
 * match. */
static struct pd_expression *
open_pattern(const char *pattern, struct pd_error *error)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	jv string = jv_string(pattern);

	pd_buffer_text(&text, "capture(");
	pd_json_append_peek(&text, string);
	pd_buffer_text(&text, ")");
	jv_free(string);
	struct pd_expression *expression = pd_expression_open(text.data, error);
	pd_buffer_free(&text);
	/* Only a match shows whether the regular expression is one. */
	if (expression != NULL) {
		jv empty = jv_string("");
		jv result = pd_expression_of(expression, empty, error);
		jv_free(empty);
		if (!jv_is_valid(result)) {
			pd_expression_close(expression);
			return NULL;
		}
		jv_free(result);
	}
	return expression;
}

static int
open_expressions(struct pd_mapping *mapping,
    const struct pd_mapping_options *options, struct pd_error *error)
{
	if (options->pattern != NULL &&
	    (mapping->pattern = open_pattern(options->pattern, error)) == NULL)
		return pd_error_prefix(error, "--pattern ");
	if (options->split != NULL &&
	    (mapping->split = pd_expression_open(options->split, error)) == NULL)
		return pd_error_prefix(error, "--split ");
	if (options->order != NULL &&
	    (mapping->order = pd_expression_open(options->order, error)) == NULL)
		return pd_error_prefix(error, "--order ");
	return 0;
}

struct pd_mapping *
pd_mapping_open(const struct pd_mapping_options *options, struct pd_error *error)
{
	struct pd_mapping *mapping = pd_allocate(1, sizeof(*mapping));
	int result = 0;

	mapping->maps = pd_allocate((size_t)options->count + 1, sizeof(*mapping->maps));
	for (int i = 0; i < options->count && result == 0; i++)
		result = open_map(mapping, options->maps[i], error);
	if (result == 0)
		result = open_expressions(mapping, options, error);
	if (result != 0) {
		pd_mapping_close(mapping);
		return NULL;
	}
	mapping->text = mapping->pattern != NULL || (mapping->count > 0 &&
	    strcmp(pd_json_peek_string(pd_module_metadata_peek(mapping->maps[0].module),
	    "input", "json"), "text") == 0);
	return mapping;
}

static jv
read_text(const char *line, size_t length, struct pd_error *error)
{
	ptrdiff_t bad = pd_utf8_invalid(line, length);

	if (bad < 0)
		return jv_string_sized(line, (int)length);
	pd_error_set(error, "invalid UTF-8 at byte %td", bad + 1);
	return jv_invalid();
}

static jv
read_json(struct pd_mapping *mapping, const char *line, size_t length,
    struct pd_error *error)
{
	size_t blanks = strspn(line, " \t");

	if (blanks < length && strchr("{[\"-0123456789tfn", line[blanks]) == NULL) {
		pd_error_set(error, "not JSON");
		pd_error_hint(error, "--pattern REGEX reads text");
		return jv_invalid();
	}
	return pd_json_parse_next(&mapping->parser, line, length, error);
}

static jv
evaluate(struct pd_expression *expression, jv event, struct pd_error *error)
{
	return expression == NULL ? jv_null() :
	    pd_expression_of(expression, event, error);
}

/* An event of the last map. Consumes it. */
static int
give(struct pd_mapping *mapping, jv event, const struct pd_mapping_taker *taker,
    struct pd_error *error)
{
	if (pd_json_peek_string(event, "type", NULL) == NULL) {
		char *text = pd_json_excerpt(event, 100);
		pd_error_set(error, "the map gave no event, which is an object with a type: %s",
		    text);
		free(text);
		return -1;
	}
	jv key = evaluate(mapping->split, event, error);
	jv place = jv_is_valid(key) ? evaluate(mapping->order, event, error) : jv_invalid();
	if (jv_is_valid(place)) {
		taker->event(taker->context, event, key, place);
		return 0;
	}
	jv_free(key);
	jv_free(event);
	return -1;
}

static int apply(struct pd_mapping *, int map, jv value,
    const struct pd_mapping_taker *, struct pd_error *);

/* One output of a map: on to the next one. Consumes it. */
static int
hand_on(struct pd_mapping *mapping, int map, jv output,
    const struct pd_mapping_taker *taker, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(output) == JV_KIND_ARRAY) {
		jv_array_foreach(output, i, element) {
			result = result == 0 ? hand_on(mapping, map, element, taker, error) :
			    (jv_free(element), result);
		}
		jv_free(output);
		return result;
	}
	if (jv_get_kind(output) == JV_KIND_OBJECT && pd_json_has_peek(output, "$skip")) {
		taker->skip(taker->context, pd_json_peek(output, "$skip"));
		jv_free(output);
		return 0;
	}
	return apply(mapping, map + 1, output, taker, error);
}

/* Give a value to a map, or to the taker after the last one. Consumes it. */
static int
apply(struct pd_mapping *mapping, int map, jv value,
    const struct pd_mapping_taker *taker, struct pd_error *error)
{
	if (map == mapping->count)
		return give(mapping, value, taker, error);
	jv outputs = pd_module_call_all(mapping->maps[map].module,
	    mapping->maps[map].function, value, jv_array(), error);
	if (!jv_is_valid(outputs))
		return -1;
	int count = jv_array_length(jv_copy(outputs)), result = 0;
	if (count == 0)
		taker->skip(taker->context, jv_string(no_event));
	for (int i = 0; i < count && result == 0; i++) {
		jv output = jv_array_get(jv_copy(outputs), i);
		/* The array would share the last one with the taker. */
		if (i == count - 1) {
			jv_free(outputs);
			outputs = jv_invalid();
		}
		result = hand_on(mapping, map, output, taker, error);
	}
	jv_free(outputs);
	return result;
}

int
pd_mapping_line(struct pd_mapping *mapping, const char *line, size_t length,
    const struct pd_mapping_taker *taker, struct pd_error *error)
{
	jv value = mapping->text ? read_text(line, length, error) :
	    read_json(mapping, line, length, error);

	if (mapping->pattern != NULL && jv_is_valid(value)) {
		jv groups = pd_expression_of(mapping->pattern, value, error);
		jv_free(value);
		value = groups;
		if (jv_get_kind(value) == JV_KIND_NULL) {
			taker->skip(taker->context, jv_string("the pattern does not match"));
			return 0;
		}
	}
	/* So deep a value has two brackets for each level. */
	if (length > 2 * PD_JSON_DEPTH && jv_is_valid(value) && pd_json_is_deep_peek(value)) {
		jv_free(value);
		return pd_error_set(error, "nested more than %d levels deep", PD_JSON_DEPTH);
	}
	return jv_is_valid(value) ? apply(mapping, 0, value, taker, error) : -1;
}

int
pd_mapping_value(struct pd_mapping *mapping, jv value,
    const struct pd_mapping_taker *taker, struct pd_error *error)
{
	return apply(mapping, 0, value, taker, error);
}

bool
pd_mapping_wants_text(const struct pd_mapping *mapping)
{
	return mapping->text;
}
