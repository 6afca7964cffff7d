/* SPDX-License-Identifier: MIT */
/* The specification of a counter: a sum of whole numbers. */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "specification_kind.h"

/* The state of a sum. */
static int32_t
state_of(struct pd_specification *specification, int64_t sum)
{
	return pd_intern(&specification->states, &sum, sizeof(sum));
}

static int64_t
sum_of(const struct pd_specification *specification, int32_t state)
{
	size_t length;
	int64_t sum;

	memcpy(&sum, pd_interned(&specification->states, state, &length), sizeof(sum));
	return sum;
}

/* A number of a command, an answer or the beginning; consumes it. */
static int
whole(jv value, const char *what, int64_t *number, struct pd_error *error)
{
	bool good = pd_json_integer_peek(value, number);

	if (!good) {
		char *text = pd_json_excerpt(value, 60);
		pd_error_set(error, "counter: %s is not a number to be counted with: %s",
		    what, text);
		free(text);
		return pd_error_hint(error, "whole numbers between -2^53 and 2^53");
	}
	jv_free(value);
	return 0;
}

static int32_t
start(struct pd_specification *specification, jv initial, jv key,
    struct pd_error *error)
{
	int64_t sum = 0;

	(void)key;
	if (jv_is_valid(initial) &&
	    whole(jv_copy(initial), "its first value", &sum, error) != 0)
		return PD_BROKEN;
	return state_of(specification, sum);
}

/* Note the value that was answered, if any. */
static int
take_result(struct pd_builtin_action *action, jv events, struct pd_error *error)
{
	if (!jv_is_valid(events)) {
		action->told = PD_TOLD_UNKNOWN;
		return 0;
	}
	jv value = pd_builtin_result(events, "value");
	action->told = jv_is_valid(value) ? PD_TOLD_RESULT : PD_TOLD_NOTHING;
	return jv_is_valid(value) ?
	    whole(value, "the value that was answered", &action->result, error) : 0;
}

static int32_t
read(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_READ};
	struct pd_traits traits = PD_TRAITS_INIT;

	if (take_result(&action, events, error) != 0)
		return PD_BROKEN;
	if (action.told == PD_TOLD_NOTHING)
		return pd_builtin_without(specification, command, "value", error);
	traits.observes = true;
	traits.totals = action.told == PD_TOLD_RESULT;
	traits.total = action.result;
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
add(struct pd_specification *specification, int64_t amount, jv events,
    struct pd_error *error)
{
	struct pd_builtin_action action = {.verb = PD_VERB_ADD, .amount = amount};
	struct pd_traits traits = PD_TRAITS_INIT;

	if (take_result(&action, events, error) != 0)
		return PD_BROKEN;
	traits.commutes = action.told != PD_TOLD_RESULT;
	traits.adds = amount;
	if (action.told == PD_TOLD_RESULT) {
		traits.totals = true;
		traits.total = action.result;
	}
	return pd_builtin_intern(specification, &action, traits);
}

static int32_t
intern_action(struct pd_specification *specification, jv command, jv events,
    struct pd_error *error)
{
	int64_t amount;

	if (pd_builtin_is(command, "read"))
		return read(specification, command, events, error);
	if (pd_builtin_is(command, "increment"))
		return add(specification, 1, events, error);
	if (pd_builtin_is(command, "decrement"))
		return add(specification, -1, events, error);
	if (!pd_builtin_is(command, "add"))
		return pd_builtin_refuse(specification, command,
		    "Read, Add, Increment and Decrement", error);
	jv value = pd_builtin_argument(specification, command, "amount", error);
	if (!jv_is_valid(value) || whole(value, "the amount", &amount, error) != 0)
		return PD_BROKEN;
	return add(specification, amount, events, error);
}

static int32_t
step(struct pd_specification *specification, int32_t state, int32_t number,
    struct pd_error *error)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	int64_t sum = sum_of(specification, state), after;

	if (__builtin_add_overflow(sum, action.amount, &after)) {
		pd_error_set(error, "counter: the sum leaves the range of 64 bits");
		return PD_BROKEN;
	}
	if (action.told == PD_TOLD_RESULT && action.result != after)
		return PD_ILLEGAL;
	return after == sum ? state : state_of(specification, after);
}

static jv
state_json(struct pd_specification *specification, int32_t state)
{
	return jv_number((double)sum_of(specification, state));
}

static jv
expected(struct pd_specification *specification, int32_t state, int32_t number)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);
	int64_t sum = sum_of(specification, state);

	if (action.verb == PD_VERB_ADD && action.told != PD_TOLD_RESULT)
		return jv_array();
	return JV_ARRAY(JV_OBJECT(jv_string("value"),
	    jv_number((double)sum + (double)action.amount)));
}

const struct pd_specification_kind pd_counter = {"counter", false, start, pd_builtin_no_keys,
	intern_action, step, state_json, expected, NULL};
