/* SPDX-License-Identifier: MIT */
#include "leaf.h"

#include "json.h"

static void
collect(jv value, jv path, int most, jv *paths)
{
	jv_kind kind = jv_get_kind(value);

	if (jv_array_length(jv_copy(*paths)) >= most)
		return;
	if (kind == JV_KIND_ARRAY) {
		*paths = jv_array_append(*paths, jv_copy(path));
		jv_array_foreach(value, i, part) {
			jv inner = jv_array_append(jv_copy(path), jv_number(i));
			collect(part, inner, most, paths);
			jv_free(inner);
			jv_free(part);
		}
	} else if (kind == JV_KIND_OBJECT) {
		jv keys = jv_keys(jv_copy(value));
		jv_array_foreach(keys, i, key) {
			jv inner = jv_array_append(jv_copy(path), jv_copy(key));
			jv part = jv_object_get(jv_copy(value), key);
			collect(part, inner, most, paths);
			jv_free(inner);
			jv_free(part);
		}
		jv_free(keys);
	} else {
		*paths = jv_array_append(*paths, jv_copy(path));
	}
}

jv
pd_leaf_paths(jv value, int most)
{
	jv paths = jv_array(), root = jv_array();

	collect(value, root, most, &paths);
	jv_free(root);
	return paths;
}

jv
pd_leaf_peek(jv value, jv path)
{
	jv part = jv_copy(value);

	jv_array_foreach(path, i, step) {
		jv_kind kind = jv_get_kind(part);
		if (kind == JV_KIND_OBJECT && jv_get_kind(step) == JV_KIND_STRING) {
			part = jv_object_get(part, step);
		} else if (kind == JV_KIND_ARRAY && jv_get_kind(step) == JV_KIND_NUMBER) {
			part = jv_array_get(part, (int)jv_number_value(step));
			jv_free(step);
		} else {
			jv_free(part);
			jv_free(step);
			part = jv_invalid();
		}
	}
	return part;
}

jv
pd_leaf_replace(jv value, jv path, jv with)
{
	return jv_setpath(value, jv_copy(path), with);
}
