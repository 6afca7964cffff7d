/* SPDX-License-Identifier: MIT */
#include "difference.h"

#include <string.h>

#include "buffer.h"
#include "json.h"
#include "path.h"

/* Returns the length that the path had before, to go back to. */
static size_t
enter(struct pd_buffer *path, jv step)
{
	size_t before = path->length;

	pd_path_enter(path, step);
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
		size_t before = enter(&comparison->path, jv_number(i));
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
		size_t before = enter(&comparison->path, key);
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

	/* Most of a state mostly is the very same as before. */
	if (jv_identical(jv_copy(left), jv_copy(right)) ||
	    (kind == jv_get_kind(right) && (!jv_is_valid(left) ||
	    jv_equal(jv_copy(left), jv_copy(right)))))
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

static void
add_change(void *context, const char *path, jv before, jv after)
{
	jv *changes = context;
	jv change = pd_json_set_string(jv_object(), "path", path);

	if (jv_is_valid(before))
		change = pd_json_set(change, "before", jv_copy(before));
	if (jv_is_valid(after))
		change = pd_json_set(change, "after", jv_copy(after));
	*changes = jv_array_append(*changes, change);
}

jv
pd_changes(jv before, jv after)
{
	jv changes = jv_array();

	pd_differences(before, after, add_change, &changes);
	return changes;
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
		size_t before = enter(&walk->path, jv_number(i));
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
		size_t before = enter(&walk->path, key);
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
