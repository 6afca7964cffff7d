/* SPDX-License-Identifier: MIT */
#include "assertion.h"

#include <stdint.h>
#include <string.h>

#include "json.h"
#include "leaf.h"
#include "provenance.h"
#include "path.h"
#include "redact.h"
#include "reference.h"

enum { MOST_LEAVES = 500 };

static const int statuses[] = {200, 201, 202, 204, 400, 401, 403, 404, 409, 410, 412,
	422, 429, 500, 503};
static const int exits[] = {0, 1, 2};

static const char *
type_of(jv value)
{
	return pd_json_peek_string(value, "type", "");
}

/* Are the outputs events of the predicted types, one for one? */
static bool
same_types(jv outputs, jv predicted, int first)
{
	int count = jv_is_valid(predicted) ? jv_array_length(jv_copy(predicted)) : 0;
	bool same = jv_is_valid(outputs) &&
	    jv_array_length(jv_copy(outputs)) == count - first;

	for (int i = first; i < count && same; i++) {
		jv one = jv_array_get(jv_copy(outputs), i - first);
		jv other = jv_array_get(jv_copy(predicted), i);
		same = strcmp(type_of(one), type_of(other)) == 0;
		jv_free(one);
		jv_free(other);
	}
	return same;
}

static bool
gives(const struct pd_observation *seen, jv reply, jv predicted)
{
	jv outputs = pd_provenance_interpret(seen->adapter, seen->command, reply);
	bool same = same_types(outputs, predicted, seen->first);

	jv_free(outputs);
	return same;
}

/* With which statuses does a reply like this one mean what was predicted? */
static jv
statuses_that_give(const struct pd_observation *seen, jv like, jv predicted)
{
	bool program = pd_json_has_peek(like, "exit");
	const int *tried = program ? exits : statuses;
	size_t count = program ? sizeof(exits) / sizeof(exits[0]) :
	    sizeof(statuses) / sizeof(statuses[0]);
	jv found = jv_array();

	for (size_t i = 0; i < count; i++) {
		jv reply = pd_provenance_with_status(jv_copy(like), tried[i]);
		if (gives(seen, reply, predicted))
			found = jv_array_append(found, jv_number(tried[i]));
		jv_free(reply);
	}
	double own = pd_json_peek_number(like, program ? "exit" : "status", -1);
	jv_array_foreach(found, i, status) {
		if (jv_number_value(status) == own)
			own = -1;
		jv_free(status);
	}
	if (own >= 0 && gives(seen, like, predicted))
		found = jv_array_append(found, jv_number(own));
	/* Most of them: the status does not tell. */
	if (jv_array_length(jv_copy(found)) > (int)count / 2) {
		jv_free(found);
		return jv_array();
	}
	return found;
}

static jv
status_assertion(const struct pd_observation *seen, jv predicted)
{
	jv found = jv_is_valid(seen->reply) ?
	    statuses_that_give(seen, seen->reply, predicted) : jv_array();

	jv_array_foreach(seen->others, i, other) {
		if (jv_array_length(jv_copy(found)) == 0) {
			jv_free(found);
			found = statuses_that_give(seen, other, predicted);
		}
		jv_free(other);
	}
	if (jv_array_length(jv_copy(found)) == 0) {
		jv_free(found);
		return jv_invalid();
	}
	jv place = pd_json_set_string(jv_object(), "in",
	    pd_json_has_peek(seen->reply, "exit") ? "exit" : "status");
	return pd_json_set(pd_json_set(jv_object(), "at", place), "one_of", found);
}

/* A token that no variable stands for, or that this command itself binds when it is
 * sent first, or a secret: nobody knows its value before. */
static bool
is_unknown(const struct pd_observation *seen, jv value)
{
	struct pd_reference reference;

	if (jv_get_kind(value) != JV_KIND_STRING)
		return false;
	if (strcmp(jv_string_value(value), PD_REDACTED) == 0)
		return true;
	if (!pd_reference_parse(jv_string_value(value), &reference))
		return false;
	if (strcmp(reference.id, seen->id) == 0 && !seen->repeated)
		return true;
	for (size_t i = 0; i < seen->tokens->count; i++)
		if (jv_equal(jv_copy(value), jv_copy(seen->tokens->list[i].marker)))
			return false;
	return true;
}

static jv
any_unknown(jv string, void *context)
{
	const struct pd_observation *seen = context;

	return is_unknown(seen, string) ? (jv_free(string), jv_invalid()) : string;
}

static bool
holds_unknown(const struct pd_observation *seen, jv value)
{
	jv copy = pd_json_map_strings(jv_copy(value), any_unknown,
	    (void *)(uintptr_t)seen);
	bool unknown = !jv_is_valid(copy);

	jv_free(copy);
	return unknown;
}

/* "COMMAND EVENT": what known is keyed by. */
static jv
key_of(const struct pd_observation *seen, jv event)
{
	return jv_string_fmt("%s %s", type_of(seen->command), type_of(event));
}

static jv
rest_of(jv path)
{
	return jv_array_slice(jv_copy(path), 1, jv_array_length(jv_copy(path)));
}

jv
pd_assertions_learn(const struct pd_observation *seen, jv known)
{
	jv_array_foreach(seen->origins, i, origin) {
		jv path = pd_json_peek(origin, "output");
		jv index = jv_array_get(jv_copy(path), 0);
		jv event = jv_get_kind(index) == JV_KIND_NUMBER ?
		    jv_array_get(jv_copy(seen->outputs), (int)jv_number_value(index)) :
		    jv_invalid();
		if (jv_is_valid(event)) {
			jv key = key_of(seen, event);
			jv list = pd_json_peek(known, jv_string_value(key));
			if (!jv_is_valid(list))
				list = jv_array();
			list = jv_array_append(list, pd_json_set(pd_json_set(jv_object(),
			    "output", rest_of(path)), "at", pd_json_peek(origin, "at")));
			known = jv_object_set(known, key, list);
		}
		jv_free(event);
		jv_free(index);
		jv_free(path);
		jv_free(origin);
	}
	return known;
}

/* Where the field at a path of the predicted events stands in the reply: where the
 * adapter took it from, here or in the reply to another command. */
static jv
place_of_field(const struct pd_observation *seen, jv predicted, jv path, bool same)
{
	jv number = jv_array_get(jv_copy(path), 0);
	jv event = jv_array_get(jv_copy(predicted), (int)jv_number_value(number));
	jv place = jv_invalid();

	if (same) {
		jv relative = jv_array_concat(JV_ARRAY(jv_number(jv_number_value(number) -
		    seen->first)), rest_of(path));
		place = pd_provenance_of(seen->origins, relative);
		jv_free(relative);
	}
	if (!jv_is_valid(place)) {
		jv key = key_of(seen, event);
		jv origins = pd_json_peek(seen->known, jv_string_value(key));
		jv rest = rest_of(path);
		if (jv_is_valid(origins))
			place = pd_provenance_of(origins, rest);
		jv_free(rest);
		jv_free(origins);
		jv_free(key);
	}
	jv_free(event);
	jv_free(number);
	return place;
}

static bool
lies_in(jv path, jv array)
{
	int length = jv_array_length(jv_copy(array));

	return jv_array_length(jv_copy(path)) > length && length > 0 &&
	    jv_equal(jv_array_slice(jv_copy(path), 0, length), jv_copy(array));
}

/* ".lines[0].amount", without the number of the event. */
static jv
field_name(jv path)
{
	jv rest = rest_of(path);
	jv text = pd_path_text(rest);

	jv_free(rest);
	return text;
}

static jv
field_assertions(const struct pd_observation *seen, jv predicted, bool same,
    jv assertions)
{
	jv paths = pd_leaf_paths(predicted, MOST_LEAVES);
	jv array = jv_array();	/* that was asserted as a whole */

	jv_array_foreach(paths, i, path) {
		jv value = pd_leaf_peek(predicted, path);
		jv place = jv_array_length(jv_copy(path)) < 2 || lies_in(path, array) ||
		    holds_unknown(seen, value) ? jv_invalid() :
		    place_of_field(seen, predicted, path, same);
		if (jv_is_valid(place)) {
			if (jv_get_kind(value) == JV_KIND_ARRAY) {
				jv_free(array);
				array = jv_copy(path);
			}
			assertions = jv_array_append(assertions, pd_json_set(pd_json_set(
			    pd_json_set(jv_object(), "at", place), "equals",
			    pd_holes_value(seen->tokens, value)), "field",
			    field_name(path)));
		} else {
			jv_free(value);
			jv_free(place);
		}
		jv_free(path);
	}
	jv_free(array);
	jv_free(paths);
	return assertions;
}

jv
pd_assertions(const struct pd_observation *seen, jv predicted)
{
	jv assertions = jv_array();

	if (seen->adapter != NULL) {
		jv status = status_assertion(seen, predicted);
		if (jv_is_valid(status))
			assertions = jv_array_append(assertions, status);
		else
			jv_free(status);
	}
	return field_assertions(seen, predicted,
	    same_types(seen->outputs, predicted, seen->first), assertions);
}

jv
pd_assertions_seen(const struct pd_observation *seen, jv events)
{
	const char *in = pd_json_has_peek(seen->reply, "exit") ? "exit" : "status";
	jv status = pd_json_peek(seen->reply, in);
	jv assertions = jv_array();

	if (jv_is_valid(status))
		assertions = jv_array_append(assertions, pd_json_set(pd_json_set(jv_object(),
		    "at", pd_json_set_string(jv_object(), "in", in)), "one_of",
		    JV_ARRAY(status)));
	else
		jv_free(status);
	return field_assertions(seen, events,
	    same_types(seen->outputs, events, seen->first), assertions);
}

/* A value with holes, each filled with what it stood for in the recorded run. */
static jv filled(const struct pd_observation *, jv with_holes);

static jv
value_of(const struct pd_observation *seen, const char *variable)
{
	for (size_t i = 0; i < seen->tokens->count; i++)
		if (strcmp(seen->tokens->list[i].variable, variable) == 0)
			return pd_json_peek(seen->references, seen->tokens->list[i].text);
	return jv_invalid();
}

static jv
filled_text(const struct pd_observation *seen, jv parts)
{
	jv text = jv_string("");

	jv_array_foreach(parts, i, part) {
		const char *variable = pd_json_peek_string(part, "variable", NULL);
		jv value = variable != NULL ? value_of(seen, variable) : jv_copy(part);
		if (jv_is_valid(value) && jv_get_kind(value) != JV_KIND_STRING)
			value = jv_dump_string(value, 0);
		text = jv_is_valid(value) ? jv_string_concat(text, value) : text;
		jv_free(part);
	}
	jv_free(parts);
	return text;
}

static jv
filled_array(const struct pd_observation *seen, jv parts)
{
	jv result = jv_array();

	jv_array_foreach(parts, i, part) {
		result = jv_array_append(result, filled(seen, part));
	}
	jv_free(parts);
	return result;
}

static jv
filled_object(const struct pd_observation *seen, jv fields)
{
	jv result = jv_object();

	jv_array_foreach(fields, i, field) {
		result = jv_object_set(result, filled_text(seen, jv_array_get(jv_copy(field),
		    0)), filled(seen, jv_array_get(jv_copy(field), 1)));
		jv_free(field);
	}
	jv_free(fields);
	return result;
}

static jv
filled(const struct pd_observation *seen, jv with_holes)
{
	const char *variable = pd_json_peek_string(with_holes, "variable", NULL);
	jv result;

	if (variable != NULL)
		result = value_of(seen, variable);
	else if (pd_json_has_peek(with_holes, "text"))
		result = filled_text(seen, pd_json_peek(with_holes, "text"));
	else if (pd_json_has_peek(with_holes, "array"))
		result = filled_array(seen, pd_json_peek(with_holes, "array"));
	else if (pd_json_has_peek(with_holes, "object"))
		result = filled_object(seen, pd_json_peek(with_holes, "object"));
	else
		result = pd_json_peek(with_holes, "constant");
	jv_free(with_holes);
	return result;
}

/* Equal, or one of those that are allowed. */
static bool
holds(const struct pd_observation *seen, jv assertion)
{
	jv place = pd_json_peek(assertion, "at");
	jv value = pd_provenance_read(seen->reply, place);
	bool result = false;

	if (jv_is_valid(value) && pd_json_has_peek(assertion, "one_of")) {
		jv list = pd_json_peek(assertion, "one_of");
		jv_array_foreach(list, i, allowed) {
			result = result || jv_equal(allowed, jv_copy(value));
		}
		jv_free(list);
	} else if (jv_is_valid(value)) {
		jv wanted = filled(seen, pd_json_peek(assertion, "equals"));
		result = jv_is_valid(wanted) && jv_equal(jv_copy(wanted), jv_copy(value));
		jv_free(wanted);
	}
	jv_free(value);
	jv_free(place);
	return result;
}

bool
pd_assertions_broken(const struct pd_observation *seen, jv assertions)
{
	bool broken = !jv_is_valid(seen->reply);

	jv_array_foreach(assertions, i, assertion) {
		broken = broken || !holds(seen, assertion);
		jv_free(assertion);
	}
	return broken;
}

bool
pd_assertions_allow(jv assertions, int status)
{
	bool allowed = false;

	jv_array_foreach(assertions, i, assertion) {
		jv list = pd_json_peek(assertion, "one_of");
		if (jv_is_valid(list))
			jv_array_foreach(list, j, one) {
				allowed = allowed || jv_number_value(one) == status;
				jv_free(one);
			}
		jv_free(list);
		jv_free(assertion);
	}
	return allowed;
}
