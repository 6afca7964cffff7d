/* SPDX-License-Identifier: MIT */
#include "generator.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator_kind.h"
#include "json.h"
#include "text.h"

static const struct pd_generator_kind *const kinds[] = {
	&pd_int_generator, &pd_float_generator, &pd_string_generator, &pd_oneof_generator,
	&pd_frequency_generator, &pd_list_generator, &pd_timestamp_generator,
	&pd_pattern_generator, &pd_mint_generator,
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool
is_generator(jv value)
{
	return jv_get_kind(value) == JV_KIND_OBJECT &&
	    pd_json_has_peek(value, "$gen");
}

/* The kind of a generator that is known to be well formed. */
static const struct pd_generator_kind *
kind_of(jv generator)
{
	const char *name = pd_json_peek_string(generator, "$gen", "");

	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	}
	return NULL;
}

bool
pd_generator_is(jv generator, const char *kind)
{
	return is_generator(generator) && (kind == NULL ||
	    strcmp(pd_json_peek_string(generator, "$gen", ""), kind) == 0);
}

static enum pd_possible
unknown_kind(jv generator, struct pd_error *error)
{
	const char *names[KINDS];
	const char *name = pd_json_peek_string(generator, "$gen", "");

	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i]->name;
	const char *nearest = pd_nearest(name, names, KINDS);
	pd_error_set(error, "unknown generator '%s'", name);
	if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	else
		pd_error_hint(error, "pd-model(5) lists the generators");
	return PD_MALFORMED;
}

static enum pd_possible
check_keys(jv generator, const struct pd_generator_kind *kind, struct pd_error *error)
{
	enum pd_possible result = PD_POSSIBLE;

	jv_object_keys_foreach(generator, name) {
		const char *text = jv_string_value(name);
		bool known = strcmp(text, "$gen") == 0;
		for (const char *const *key = kind->keys; *key != NULL; key++)
			known = known || strcmp(*key, text) == 0;
		if (!known && result == PD_POSSIBLE) {
			char *why = pd_format("unknown key \"%s\"", text);
			result = pd_generator_malformed(generator, error, why);
			free(why);
		}
		jv_free(name);
	}
	return result;
}

/* The worst of the parts of a constant array or object. */
static enum pd_possible
parts_possible(jv value, struct pd_error *error)
{
	enum pd_possible result = PD_POSSIBLE;
	jv parts = jv_get_kind(value) == JV_KIND_OBJECT ? jv_array() : jv_copy(value);

	if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv_object_foreach(value, key, part) {
			jv_free(key);
			parts = jv_array_append(parts, part);
		}
	}
	int count = jv_array_length(jv_copy(parts));
	for (int i = 0; i < count && result != PD_MALFORMED; i++) {
		jv part = jv_array_get(jv_copy(parts), i);
		enum pd_possible possible = pd_generator_possible(part, error);
		if (possible < result)
			result = possible;
		jv_free(part);
	}
	jv_free(parts);
	return result;
}

enum pd_possible
pd_generator_possible(jv generator, struct pd_error *error)
{
	jv_kind type = jv_get_kind(generator);

	if (!is_generator(generator))
		return type == JV_KIND_ARRAY || type == JV_KIND_OBJECT ?
		    parts_possible(generator, error) : PD_POSSIBLE;
	const struct pd_generator_kind *kind = kind_of(generator);
	if (kind == NULL)
		return unknown_kind(generator, error);
	if (check_keys(generator, kind, error) == PD_MALFORMED)
		return PD_MALFORMED;
	return kind->possible(generator, error);
}

/* Apply draw or simplest to every part of a constant. */
static jv
map_parts(jv value, struct pd_random *random, const char *key)
{
	jv result;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		result = jv_array();
		jv_array_foreach(value, i, part) {
			char *name = pd_format("%s.%d", key, i);
			result = jv_array_append(result, random != NULL ?
			    pd_generator_draw(part, random, name) :
			    pd_generator_simplest(part, name));
			free(name);
			jv_free(part);
		}
		return result;
	}
	/* In the order of the names: none of an object leaks into what is drawn. */
	jv names = jv_keys(jv_copy(value));
	result = jv_object();
	jv_array_foreach(names, i, field) {
		jv part = jv_object_get(jv_copy(value), jv_copy(field));
		char *name = pd_format("%s.%s", key, jv_string_value(field));
		result = jv_object_set(result, field, random != NULL ?
		    pd_generator_draw(part, random, name) :
		    pd_generator_simplest(part, name));
		free(name);
		jv_free(part);
	}
	jv_free(names);
	return result;
}

jv
pd_generator_draw(jv generator, struct pd_random *random, const char *key)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator))
		return kind_of(generator)->draw(generator, random, key);
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return map_parts(generator, random, key);
	return jv_copy(generator);
}

jv
pd_generator_simplest(jv generator, const char *key)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator))
		return kind_of(generator)->simplest(generator, key);
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return map_parts(generator, NULL, key);
	return jv_copy(generator);
}

static bool
parts_admit(jv generator, jv value)
{
	bool admitted = true;

	if (jv_get_kind(value) != jv_get_kind(generator))
		return false;
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		if (jv_array_length(jv_copy(generator)) != jv_array_length(jv_copy(value)))
			return false;
		jv_array_foreach(generator, i, part) {
			jv element = jv_array_get(jv_copy(value), i);
			admitted = admitted && pd_generator_admits(part, element);
			jv_free(element);
			jv_free(part);
		}
		return admitted;
	}
	if (jv_object_length(jv_copy(generator)) != jv_object_length(jv_copy(value)))
		return false;
	jv_object_foreach(generator, key, part) {
		jv element = jv_object_get(jv_copy(value), key);
		admitted = admitted && jv_is_valid(element) &&
		    pd_generator_admits(part, element);
		jv_free(element);
		jv_free(part);
	}
	return admitted;
}

bool
pd_generator_admits(jv generator, jv value)
{
	jv_kind type = jv_get_kind(generator);

	if (is_generator(generator)) {
		struct pd_error ignored;
		return pd_generator_possible(generator, &ignored) == PD_POSSIBLE &&
		    kind_of(generator)->admits(generator, value);
	}
	if (type == JV_KIND_ARRAY || type == JV_KIND_OBJECT)
		return parts_admit(generator, value);
	return jv_equal(jv_copy(generator), jv_copy(value));
}
