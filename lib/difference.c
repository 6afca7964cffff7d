/* SPDX-License-Identifier: MIT */
#include "difference.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

static bool
is_word(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return *text == '\0';
}

/* Both return the length that the path had before, to go back to. */
static size_t
enter_field(struct pd_buffer *path, jv key)
{
	size_t before = path->length;

	if (is_word(jv_string_value(key))) {
		pd_buffer_format(path, ".%s", jv_string_value(key));
	} else {
		pd_buffer_text(path, before == 0 ? ".[" : "[");
		pd_json_append_peek(path, key);
		pd_buffer_text(path, "]");
	}
	return before;
}

static size_t
enter_element(struct pd_buffer *path, int index)
{
	size_t before = path->length;

	pd_buffer_format(path, before == 0 ? ".[%d]" : "[%d]", index);
	return before;
}

static void
leave(struct pd_buffer *path, size_t before)
{
	path->length = before;
	path->data[before] = '\0';
}

static const char *
path_text(const struct pd_buffer *path)
{
	return path->length == 0 ? "." : path->data;
}

struct comparison {
	struct pd_buffer path;
	pd_difference_found *found;
	void *context;
};

static void compare(struct comparison *, jv left, jv right);

static void
compare_arrays(struct comparison *comparison, jv left, jv right)
{
	int left_length = jv_array_length(jv_copy(left));
	int right_length = jv_array_length(jv_copy(right));

	for (int i = 0; i < left_length || i < right_length; i++) {
		jv was = i < left_length ? jv_array_get(jv_copy(left), i) : jv_invalid();
		jv is = i < right_length ? jv_array_get(jv_copy(right), i) : jv_invalid();
		size_t before = enter_element(&comparison->path, i);
		compare(comparison, was, is);
		leave(&comparison->path, before);
		jv_free(was);
		jv_free(is);
	}
}

/* In the order of the names, so that it is the same everywhere. */
static void
compare_objects(struct comparison *comparison, jv left, jv right)
{
	jv keys = jv_keys(jv_object_merge(jv_copy(left), jv_copy(right)));

	jv_array_foreach(keys, i, key) {
		jv was = jv_object_get(jv_copy(left), jv_copy(key));
		jv is = jv_object_get(jv_copy(right), jv_copy(key));
		size_t before = enter_field(&comparison->path, key);
		compare(comparison, was, is);
		leave(&comparison->path, before);
		jv_free(was);
		jv_free(is);
		jv_free(key);
	}
	jv_free(keys);
}

static void
compare(struct comparison *comparison, jv left, jv right)
{
	jv_kind kind = jv_get_kind(left);

	if (kind == jv_get_kind(right) && (!jv_is_valid(left) ||
	    jv_equal(jv_copy(left), jv_copy(right))))
		return;
	if (kind == jv_get_kind(right) && kind == JV_KIND_ARRAY)
		compare_arrays(comparison, left, right);
	else if (kind == jv_get_kind(right) && kind == JV_KIND_OBJECT)
		compare_objects(comparison, left, right);
	else
		comparison->found(comparison->context, path_text(&comparison->path),
		    left, right);
}

void
pd_differences(jv left, jv right, pd_difference_found *found, void *context)
{
	struct comparison comparison = {PD_BUFFER_INIT, found, context};

	compare(&comparison, left, right);
	pd_buffer_free(&comparison.path);
}

struct visit {
	struct pd_buffer path;
	pd_leaf_found *found;
	void *context;
};

static void visit(struct visit *, jv value);

static void
visit_array(struct visit *walk, jv array)
{
	jv_array_foreach(array, i, part) {
		size_t before = enter_element(&walk->path, i);
		visit(walk, part);
		leave(&walk->path, before);
		jv_free(part);
	}
}

static void
visit_object(struct visit *walk, jv object)
{
	jv keys = jv_keys(jv_copy(object));

	jv_array_foreach(keys, i, key) {
		jv part = jv_object_get(jv_copy(object), jv_copy(key));
		size_t before = enter_field(&walk->path, key);
		visit(walk, part);
		leave(&walk->path, before);
		jv_free(part);
		jv_free(key);
	}
	jv_free(keys);
}

static void
visit(struct visit *walk, jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_ARRAY && jv_array_length(jv_copy(value)) > 0)
		visit_array(walk, value);
	else if (kind == JV_KIND_OBJECT && jv_object_length(jv_copy(value)) > 0)
		visit_object(walk, value);
	else
		walk->found(walk->context, path_text(&walk->path), value);
}

void
pd_leaves(const char *path, jv value, pd_leaf_found *found, void *context)
{
	struct visit walk = {PD_BUFFER_INIT, found, context};

	if (strcmp(path, ".") != 0)
		pd_buffer_text(&walk.path, path);
	visit(&walk, value);
	pd_buffer_free(&walk.path);
}
