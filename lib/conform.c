/* SPDX-License-Identifier: MIT */
#include "conform.h"

#include "json.h"

bool
pd_conforms(jv predicted, jv seen)
{
	jv_kind kind = jv_get_kind(predicted);
	bool result = true;

	if (kind == JV_KIND_OBJECT && pd_json_has_peek(predicted, "$external"))
		return jv_is_valid(seen);
	if (kind != jv_get_kind(seen))
		return jv_equal(jv_copy(predicted), jv_copy(seen));
	if (kind == JV_KIND_OBJECT) {
		jv_object_foreach(predicted, key, value) {
			jv other = jv_object_get(jv_copy(seen), key);
			result = result && pd_conforms(value, other);
			jv_free(other);
			jv_free(value);
		}
		return result;
	}
	if (kind == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(predicted));
		result = count == jv_array_length(jv_copy(seen));
		for (int i = 0; i < count && result; i++) {
			jv value = jv_array_get(jv_copy(predicted), i);
			jv other = jv_array_get(jv_copy(seen), i);
			result = pd_conforms(value, other);
			jv_free(value);
			jv_free(other);
		}
		return result;
	}
	return jv_equal(jv_copy(predicted), jv_copy(seen));
}

jv
pd_conform_differences(jv predicted, jv seen)
{
	jv result = jv_object();

	jv_object_foreach(predicted, key, value) {
		jv other = pd_json_peek(seen, jv_string_value(key));
		if (!pd_conforms(value, other)) {
			jv pair = pd_json_set(jv_object(), "expected", jv_copy(value));
			pair = pd_json_set(pair, "seen",
			    jv_is_valid(other) ? jv_copy(other) : jv_null());
			result = jv_object_set(result, jv_copy(key), pair);
		}
		jv_free(other);
		jv_free(value);
		jv_free(key);
	}
	return result;
}
