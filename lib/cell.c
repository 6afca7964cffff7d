/* SPDX-License-Identifier: MIT */
/*
 * Specifications whose state is one value: register, cas-register, and kv, of
 * which each key is a part of its own. The state's number is the value's.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "specification_kind.h"

static int32_t
start(struct pd_specification *specification, jv initial, jv key,
    struct pd_error *error)
{
	(void)key;
	(void)error;
	return pd_builtin_value(specification,
	    jv_is_valid(initial) ? jv_copy(initial) : jv_null());
}

static int32_t
read(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_READ};
	struct pd_traits traits = PD_TRAITS_INIT;

	traits.observes = true;
	if (jv_is_valid(events)) {
		jv value = pd_builtin_result(events, "value");
		if (!jv_is_valid(value))
			return pd_builtin_without(specification, command, "value", error);
		action.told = PD_TOLD_RESULT;
		traits.needs = pd_builtin_value(specification, value);
		action.result = traits.needs;
	}
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
write(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_WRITE,
		.told = jv_is_valid(events) ? PD_TOLD_NOTHING : PD_TOLD_UNKNOWN};
	struct pd_traits traits = PD_TRAITS_INIT;
	jv value = pd_builtin_argument(specification, command, "value", error);

	if (!jv_is_valid(value))
		return PD_BROKEN;
	action.value = traits.sets = pd_builtin_value(specification, value);
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
compare_and_set(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_COMPARE_AND_SET};
	struct pd_traits traits = PD_TRAITS_INIT;
	jv expected = pd_builtin_argument(specification, command, "expected", error);
	jv value = jv_is_valid(expected) ?
	    pd_builtin_argument(specification, command, "value", error) : jv_invalid();
	int done;

	if (!jv_is_valid(value) || pd_builtin_truth(specification, command, events,
	    "ok", true, &done, error) != 0) {
		jv_free(value);
		jv_free(expected);
		return PD_BROKEN;
	}
	action.other = pd_builtin_value(specification, expected);
	action.value = pd_builtin_value(specification, value);
	action.told = done < 0 ? PD_TOLD_UNKNOWN : PD_TOLD_RESULT;
	action.result = done;
	if (done == 0) {
		traits.avoids = action.other;
		traits.observes = true;
	} else {
		traits.needs = action.other;
		traits.sets = action.value;
		traits.observes = action.value == action.other;
	}
	return pd_builtin_intern(specification, &action, traits);
}

/* A key that is not there has the value null. */
static int32_t
delete(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_DELETE};
	struct pd_traits traits = PD_TRAITS_INIT;
	int32_t nothing = pd_builtin_value(specification, jv_null());
	int done;

	if (pd_builtin_truth(specification, command, events, "ok", false, &done,
	    error) != 0)
		return PD_BROKEN;
	action.told = done >= 0 ? PD_TOLD_RESULT :
	    jv_is_valid(events) ? PD_TOLD_NOTHING : PD_TOLD_UNKNOWN;
	action.result = done;
	if (done == 0) {
		traits.needs = nothing;
		traits.observes = true;
	} else {
		traits.avoids = done == 1 ? nothing : PD_NOTHING;
		traits.sets = nothing;
	}
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
register_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	if (pd_builtin_is(command, "read"))
		return read(specification, command, events, error);
	if (pd_builtin_is(command, "write"))
		return write(specification, command, events, error);
	return pd_builtin_refuse(specification, command, "Read and Write", error);
}

static bool
is_compare_and_set(jv command)
{
	return pd_builtin_is(command, "compareandset") || pd_builtin_is(command, "cas");
}

static int32_t
cas_register_action(struct pd_specification *specification, jv command,
    jv events, struct pd_error *error)
{
	if (is_compare_and_set(command))
		return compare_and_set(specification, command, events, error);
	if (pd_builtin_is(command, "read"))
		return read(specification, command, events, error);
	if (pd_builtin_is(command, "write"))
		return write(specification, command, events, error);
	return pd_builtin_refuse(specification, command,
	    "Read, Write and CompareAndSet", error);
}

static int32_t
step(struct pd_specification *specification, int32_t state, int32_t action,
    struct pd_error *error)
{
	const struct pd_traits *traits = &specification->traits[action];
	bool holds = (traits->needs == PD_NOTHING || traits->needs == state) &&
	    (traits->avoids == PD_NOTHING || traits->avoids != state);

	(void)error;
	if (!holds)
		return pd_builtin_action(specification, action).told == PD_TOLD_UNKNOWN ?
		    state : PD_ILLEGAL;
	return traits->sets != PD_NOTHING ? traits->sets : state;
}

static jv
state_json(struct pd_specification *specification, int32_t state)
{
	return pd_builtin_json(specification, state);
}

static jv
expected(struct pd_specification *specification, int32_t state, int32_t number)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);

	switch (action.verb) {
	case PD_VERB_READ:
		return JV_ARRAY(JV_OBJECT(jv_string("value"),
		    pd_builtin_json(specification, state)));
	case PD_VERB_COMPARE_AND_SET:
		return JV_ARRAY(JV_OBJECT(jv_string("ok"), jv_bool(state == action.other)));
	case PD_VERB_DELETE: {
		jv value = pd_builtin_json(specification, state);
		bool there = jv_get_kind(value) != JV_KIND_NULL;
		jv_free(value);
		return JV_ARRAY(JV_OBJECT(jv_string("ok"), jv_bool(there)));
	}
	default:
		return jv_array();
	}
}

static int32_t
kv_start(struct pd_specification *specification, jv initial, jv key,
    struct pd_error *error)
{
	jv text = jv_get_kind(key) == JV_KIND_STRING ? jv_copy(key) :
	    pd_json_canonical(jv_copy(key));
	jv value = jv_is_valid(initial) ?
	    pd_json_peek(initial, jv_string_value(text)) : jv_invalid();

	(void)error;
	jv_free(text);
	return pd_builtin_value(specification, jv_is_valid(value) ? value : jv_null());
}

static jv
kv_keys(struct pd_specification *specification, jv command,
    struct pd_error *error)
{
	jv key = pd_builtin_argument(specification, command, "key", error);

	return jv_is_valid(key) ? JV_ARRAY(key) : key;
}

static int32_t
kv_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	if (is_compare_and_set(command))
		return compare_and_set(specification, command, events, error);
	if (pd_builtin_is(command, "get"))
		return read(specification, command, events, error);
	if (pd_builtin_is(command, "put"))
		return write(specification, command, events, error);
	if (pd_builtin_is(command, "delete"))
		return delete(specification, command, events, error);
	return pd_builtin_refuse(specification, command,
	    "Get, Put, Delete and CompareAndSet", error);
}

const struct pd_specification_kind
pd_register = {"register", true, start, pd_builtin_no_keys, register_action, step,
	state_json, expected, NULL},
pd_cas_register = {"cas-register", true, start, pd_builtin_no_keys, cas_register_action,
	step, state_json, expected, NULL},
pd_kv = {"kv", true, kv_start, kv_keys, kv_action, step, state_json, expected, NULL};
