/* SPDX-License-Identifier: MIT */
/*
 * Specifications whose state is a list of values: set (in the order of their
 * numbers), queue (the oldest first) and stack (the oldest first).
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "specification_kind.h"

enum { NO_VALUE = -1 };		/* the result of taking from what is empty */

/* The members of a state. They live until a state or a value is interned. */
static const char *
members(const struct pd_specification *specification, int32_t state,
    size_t *count)
{
	size_t length;
	const char *bytes = pd_interned(&specification->states, state, &length);

	*count = length / sizeof(int32_t);
	return bytes;
}

static int32_t
member(const char *bytes, size_t i)
{
	int32_t value;

	memcpy(&value, bytes + i * sizeof(value), sizeof(value));
	return value;
}

static int32_t
state_of(struct pd_specification *specification, const struct pd_buffer *list)
{
	return pd_intern(&specification->states, list->data != NULL ? list->data : "",
	    list->length);
}

/* The state with a part of a state's members replaced by one value, or by none. */
static int32_t
splice(struct pd_specification *specification, int32_t state, size_t at,
    size_t removed, int32_t value)
{
	struct pd_buffer list = PD_BUFFER_INIT;
	size_t count;
	const char *bytes = members(specification, state, &count);

	pd_buffer_append(&list, bytes, at * sizeof(int32_t));
	if (value != NO_VALUE)
		pd_buffer_append(&list, &value, sizeof(value));
	pd_buffer_append(&list, bytes + (at + removed) * sizeof(int32_t),
	    (count - at - removed) * sizeof(int32_t));
	int32_t result = state_of(specification, &list);
	pd_buffer_free(&list);
	return result;
}

static int
by_number(const void *a, const void *b)
{
	int32_t first, second;

	memcpy(&first, a, sizeof(first));
	memcpy(&second, b, sizeof(second));
	return (first > second) - (first < second);
}

/* The state of a JSON array, which is consumed; sorted and each value once for
 * a set. */
static int32_t
state_of_json(struct pd_specification *specification, jv array,
    struct pd_error *error)
{
	struct pd_buffer list = PD_BUFFER_INIT;
	bool sorted = specification->kind == &pd_set;

	if (jv_get_kind(array) != JV_KIND_ARRAY) {
		char *text = pd_json_excerpt(array, 60);
		pd_error_set(error, "%s: what it holds is no array: %s",
		    specification->kind->name, text);
		pd_error_hint(error, "for example [] or [1,2]");
		free(text);
		return PD_BROKEN;
	}
	jv_array_foreach(array, i, value) {
		int32_t number = pd_builtin_value(specification, value);
		pd_buffer_append(&list, &number, sizeof(number));
	}
	jv_free(array);
	size_t count = list.length / sizeof(int32_t), kept = 0;
	if (sorted && count > 0) {
		qsort(list.data, count, sizeof(int32_t), by_number);
		for (size_t i = 0; i < count; i++) {
			int32_t value = member(list.data, i);
			if (kept == 0 || member(list.data, kept - 1) != value)
				memcpy(list.data + kept++ * sizeof(value), &value, sizeof(value));
		}
		list.length = kept * sizeof(int32_t);
	}
	int32_t result = state_of(specification, &list);
	pd_buffer_free(&list);
	return result;
}

static int32_t
start(struct pd_specification *specification, jv initial, jv key,
    struct pd_error *error)
{
	(void)key;
	return state_of_json(specification,
	    jv_is_valid(initial) ? jv_copy(initial) : jv_array(), error);
}

static jv
state_json(struct pd_specification *specification, int32_t state)
{
	size_t count;
	const char *bytes = members(specification, state, &count);
	jv list = jv_array();

	for (size_t i = 0; i < count; i++)
		list = jv_array_append(list,
		    pd_builtin_json(specification, member(bytes, i)));
	return list;
}

static int32_t
told(jv events, int result)
{
	return !jv_is_valid(events) ? PD_TOLD_UNKNOWN :
	    result < 0 ? PD_TOLD_NOTHING : PD_TOLD_RESULT;
}

/*
 * The set. Without a look at all of it, each value is a part of its own.
 */
static jv
set_keys(struct pd_specification *specification, jv command,
    struct pd_error *error)
{
	if (pd_builtin_is(command, "read"))
		return jv_null();
	jv value = pd_builtin_argument(specification, command, "value", error);
	return jv_is_valid(value) ? JV_ARRAY(value) : value;
}

static int32_t
set_read(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_READ};
	struct pd_traits traits = PD_TRAITS_INIT;

	traits.observes = true;
	if (jv_is_valid(events)) {
		jv values = pd_builtin_result(events, "values");
		if (!jv_is_valid(values))
			return pd_builtin_without(specification, command, "values", error);
		action.told = PD_TOLD_RESULT;
		action.result = state_of_json(specification, values, error);
		if (action.result == PD_BROKEN)
			return PD_BROKEN;
	}
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
set_change(struct pd_specification *specification, enum pd_verb verb,
    jv command, jv events, struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = verb};
	struct pd_traits traits = PD_TRAITS_INIT;
	bool looks = verb == PD_VERB_CONTAINS;
	jv value = pd_builtin_argument(specification, command, "value", error);
	int result;

	if (!jv_is_valid(value) || pd_builtin_truth(specification, command, events,
	    looks ? "found" : "ok", looks, &result, error) != 0) {
		jv_free(value);
		return PD_BROKEN;
	}
	action.value = pd_builtin_value(specification, value);
	action.result = result;
	action.told = told(events, result);
	traits.observes = looks || (action.told == PD_TOLD_RESULT && result == 0);
	traits.commutes = verb == PD_VERB_ADD && action.told != PD_TOLD_RESULT;
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
set_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	if (pd_builtin_is(command, "read"))
		return set_read(specification, command, events, error);
	if (pd_builtin_is(command, "add"))
		return set_change(specification, PD_VERB_ADD, command, events, error);
	if (pd_builtin_is(command, "remove"))
		return set_change(specification, PD_VERB_REMOVE, command, events, error);
	if (pd_builtin_is(command, "contains"))
		return set_change(specification, PD_VERB_CONTAINS, command, events, error);
	return pd_builtin_refuse(specification, command,
	    "Add, Remove, Contains and Read", error);
}

/* Where a value stands among the members, or would. */
static size_t
place_of(const char *bytes, size_t count, int32_t value, bool *there)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (member(bytes, middle) < value)
			low = middle + 1;
		else
			high = middle;
	}
	*there = low < count && member(bytes, low) == value;
	return low;
}

static int32_t
set_step(struct pd_specification *specification, int32_t state, int32_t number,
    struct pd_error *error)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	size_t count;
	bool there;

	(void)error;
	if (action.verb == PD_VERB_READ)
		return action.told == PD_TOLD_UNKNOWN || action.result == state ?
		    state : PD_ILLEGAL;
	const char *bytes = members(specification, state, &count);
	size_t at = place_of(bytes, count, action.value, &there);
	bool answer = action.verb == PD_VERB_ADD ? !there : there;
	if (action.told == PD_TOLD_RESULT && action.result != answer)
		return PD_ILLEGAL;
	if (action.verb == PD_VERB_CONTAINS || !answer)
		return state;
	return action.verb == PD_VERB_ADD ?
	    splice(specification, state, at, 0, action.value) :
	    splice(specification, state, at, 1, NO_VALUE);
}

static jv
set_expected(struct pd_specification *specification, int32_t state,
    int32_t number)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	size_t count;
	bool there;

	if (action.verb == PD_VERB_READ)
		return JV_ARRAY(JV_OBJECT(jv_string("values"),
		    state_json(specification, state)));
	const char *bytes = members(specification, state, &count);
	place_of(bytes, count, action.value, &there);
	if (action.verb == PD_VERB_CONTAINS)
		return JV_ARRAY(JV_OBJECT(jv_string("found"), jv_bool(there)));
	return JV_ARRAY(JV_OBJECT(jv_string("ok"),
	    jv_bool(action.verb == PD_VERB_ADD ? !there : there)));
}

/*
 * Queue and stack.
 */
static enum pd_discipline
discipline_of(const struct pd_specification *specification)
{
	return specification->kind == &pd_queue ? PD_FIRST_OUT : PD_LAST_OUT;
}

static int32_t
put(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_ADD,
		.told = told(events, -1)};
	struct pd_traits traits = PD_TRAITS_INIT;
	jv value = pd_builtin_argument(specification, command, "value", error);

	if (!jv_is_valid(value))
		return PD_BROKEN;
	action.value = traits.puts = pd_builtin_value(specification, value);
	traits.discipline = discipline_of(specification);
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
take(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_TAKE};
	struct pd_traits traits = PD_TRAITS_INIT;

	int nothing;

	if (pd_builtin_truth(specification, command, events, "empty", false, &nothing,
	    error) != 0)
		return PD_BROKEN;
	traits.takes_unknown = !jv_is_valid(events);
	if (jv_is_valid(events)) {
		jv value = pd_builtin_result(events, "value");
		bool empty = nothing == 1 || jv_get_kind(value) == JV_KIND_NULL;
		if (!empty && !jv_is_valid(value)) {
			pd_builtin_without(specification, command, "value", error);
			pd_error_hint(error, "what was taken, or \"empty\": true; leave the "
			    "events out if nobody knows");
			return PD_BROKEN;
		}
		action.told = PD_TOLD_RESULT;
		traits.observes = empty;
		traits.discipline = discipline_of(specification);
		if (empty)
			jv_free(value);
		if (!empty)
			traits.takes = pd_builtin_value(specification, value);
		action.result = empty ? NO_VALUE : traits.takes;
	}
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
queue_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	if (pd_builtin_is(command, "enqueue"))
		return put(specification, command, events, error);
	if (pd_builtin_is(command, "dequeue"))
		return take(specification, command, events, error);
	return pd_builtin_refuse(specification, command, "Enqueue and Dequeue", error);
}

static int32_t
stack_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	if (pd_builtin_is(command, "push"))
		return put(specification, command, events, error);
	if (pd_builtin_is(command, "pop"))
		return take(specification, command, events, error);
	return pd_builtin_refuse(specification, command, "Push and Pop", error);
}

/* A value that no operation takes: which one it is does not matter. */
static int32_t
line_unseen(struct pd_specification *specification, int32_t number)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	struct pd_traits traits = specification->traits[number];

	action.value = traits.puts = pd_intern(&specification->values, "null", 4);
	return pd_builtin_intern(specification, &action, traits);
}

/* What would be taken now. */
static int32_t
next_value(const struct pd_specification *specification, int32_t state,
    size_t *at)
{
	size_t count;
	const char *bytes = members(specification, state, &count);

	*at = specification->kind == &pd_queue || count == 0 ? 0 : count - 1;
	return count == 0 ? NO_VALUE : member(bytes, *at);
}

static int32_t
line_step(struct pd_specification *specification, int32_t state, int32_t number,
    struct pd_error *error)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	size_t at;

	(void)error;
	if (action.verb == PD_VERB_ADD) {
		members(specification, state, &at);
		return splice(specification, state, at, 0, action.value);
	}
	int32_t next = next_value(specification, state, &at);
	if (action.told == PD_TOLD_RESULT && action.result != next)
		return PD_ILLEGAL;
	return next == NO_VALUE ? state :
	    splice(specification, state, at, 1, NO_VALUE);
}

static jv
line_expected(struct pd_specification *specification, int32_t state,
    int32_t number)
{
	size_t at;

	if (pd_builtin_action(specification, number).verb == PD_VERB_ADD)
		return jv_array();
	int32_t next = next_value(specification, state, &at);
	return JV_ARRAY(next == NO_VALUE ?
	    JV_OBJECT(jv_string("empty"), jv_true()) :
	    JV_OBJECT(jv_string("value"), pd_builtin_json(specification, next)));
}

const struct pd_specification_kind
pd_set = {"set", false, start, set_keys, set_action, set_step, state_json,
	set_expected, NULL},
pd_queue = {"queue", false, start, pd_builtin_no_keys, queue_action, line_step, state_json,
	line_expected, line_unseen},
pd_stack = {"stack", false, start, pd_builtin_no_keys, stack_action, line_step, state_json,
	line_expected, line_unseen};
