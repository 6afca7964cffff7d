/* SPDX-License-Identifier: MIT */
#include "changes.h"

#include "json.h"
#include "path.h"

/* Consumes path, and before and after, of which one may be invalid. */
static jv
add_change(jv changes, jv path, jv before, jv after)
{
	jv change = pd_json_set(jv_object(), "path", pd_path_text(path));

	jv_free(path);
	if (jv_is_valid(before))
		change = pd_json_set(change, "before", before);
	if (jv_is_valid(after))
		change = pd_json_set(change, "after", after);
	return jv_array_append(changes, change);
}

/* The keys of two objects together, or the indices of two arrays. */
static jv
keys_of_both(jv before, jv after)
{
	if (jv_get_kind(before) == JV_KIND_OBJECT)
		return jv_keys(jv_object_merge(jv_copy(before), jv_copy(after)));
	int length = jv_array_length(jv_copy(before));
	int other = jv_array_length(jv_copy(after));
	return jv_keys(length > other ? jv_copy(before) : jv_copy(after));
}

static jv
part_of(jv whole, jv key)
{
	if (jv_get_kind(whole) == JV_KIND_OBJECT)
		return jv_object_get(jv_copy(whole), jv_copy(key));
	return jv_array_get(jv_copy(whole), (int)jv_number_value(key));
}

/* Consumes all. */
static jv
compare(jv changes, jv path, jv before, jv after)
{
	jv_kind kind = jv_get_kind(before);

	if (jv_identical(jv_copy(before), jv_copy(after))) {
		/* Nothing was touched here: most of a state, mostly. */
	} else if (!jv_is_valid(before) || !jv_is_valid(after) ||
	    jv_get_kind(after) != kind ||
	    (kind != JV_KIND_OBJECT && kind != JV_KIND_ARRAY)) {
		if (!jv_equal(jv_copy(before), jv_copy(after)))
			return add_change(changes, path, before, after);
	} else {
		jv keys = keys_of_both(before, after);
		jv_array_foreach(keys, i, key) {
			jv was = part_of(before, key), is = part_of(after, key);
			changes = compare(changes, jv_array_append(jv_copy(path), key),
			    was, is);
		}
		jv_free(keys);
	}
	jv_free(path);
	jv_free(before);
	jv_free(after);
	return changes;
}

jv
pd_changes(jv before, jv after)
{
	return compare(jv_array(), jv_array(), jv_copy(before), jv_copy(after));
}
