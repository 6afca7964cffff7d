/* SPDX-License-Identifier: MIT */
#include "divergence.h"

#include <string.h>

#include "difference.h"
#include "json.h"
#include "recorded.h"

static const char *const kind_names[PD_DIFFERENCE_KINDS] = {
	[PD_DIFFERS_COMMAND] = "command", [PD_DIFFERS_OUTCOME] = "outcome",
	[PD_DIFFERS_EVENT] = "event", [PD_DIFFERS_CHECK] = "check",
	[PD_DIFFERS_STATE] = "state", [PD_DIFFERS_LENGTH] = "length",
	[PD_DIFFERS_FAILURE] = "failure", [PD_DIFFERS_ORDER] = "order",
};

/* Where the comparison is. */
struct place {
	struct pd_divergence *divergence;
	enum pd_difference_kind kind;
	const char *id;
	const char *command;	/* its type, "" without a command */
	size_t index;		/* of the step, from 1 */
	const char *event;	/* its type, for events, and which of the command's */
	int number;
	jv states;		/* {path: [left, right]} that differ since earlier */
	jv states_now;
};

/* Left and right are borrowed; invalid is what is missing. */
static void
add(struct place *place, const char *path, jv left, jv right)
{
	struct pd_divergence *divergence = place->divergence;

	divergence->differs[place->kind] = true;
	if (jv_array_length(jv_copy(divergence->differences)) >= divergence->limit) {
		divergence->more++;
		return;
	}
	jv difference = pd_json_set_string(jv_object(), "kind",
	    kind_names[place->kind]);
	if (place->id[0] != '\0')
		difference = pd_json_set_string(difference, "id", place->id);
	if (place->command[0] != '\0')
		difference = pd_json_set_string(difference, "command", place->command);
	difference = pd_json_set_number(difference, "index", (double)place->index);
	if (place->kind == PD_DIFFERS_EVENT) {
		difference = pd_json_set_string(difference, "event", place->event);
		difference = pd_json_set_number(difference, "n", place->number);
	}
	if (path != NULL)
		difference = pd_json_set_string(difference, "path", path);
	if (jv_is_valid(left))
		difference = pd_json_set(difference, "left", jv_copy(left));
	if (jv_is_valid(right))
		difference = pd_json_set(difference, "right", jv_copy(right));
	divergence->differences = jv_array_append(divergence->differences, difference);
}

static void
found(void *context, const char *path, jv left, jv right)
{
	add(context, path, left, right);
}

/* What differed before and does so still is no news. */
static void
found_in_state(void *context, const char *path, jv left, jv right)
{
	struct place *place = context;
	jv pair = jv_array();

	pair = jv_array_append(pair, jv_is_valid(left) ? JV_ARRAY(jv_copy(left)) :
	    jv_null());
	pair = jv_array_append(pair, jv_is_valid(right) ? JV_ARRAY(jv_copy(right)) :
	    jv_null());
	jv before = pd_json_peek(place->states, path);
	if (!jv_is_valid(before) || !jv_equal(jv_copy(before), jv_copy(pair)))
		add(place, path, left, right);
	jv_free(before);
	place->states_now = pd_json_set(place->states_now, path, pair);
}

static void
compare_values(struct place *place, enum pd_difference_kind kind, jv left,
    jv right)
{
	place->kind = kind;
	if (jv_get_kind(left) == JV_KIND_OBJECT &&
	    jv_get_kind(right) == JV_KIND_OBJECT)
		pd_differences(left, right, found, place);
	else if (jv_is_valid(left) != jv_is_valid(right) || (jv_is_valid(left) &&
	    !jv_equal(jv_copy(left), jv_copy(right))))
		add(place, NULL, left, right);
}

/* Events of other types are told whole: their fields have nothing in common. */
static void
compare_events(struct place *place, jv left, jv right)
{
	int count = jv_array_length(jv_copy(left));
	int other = jv_array_length(jv_copy(right));

	place->kind = PD_DIFFERS_EVENT;
	for (int i = 0; i < count || i < other; i++) {
		jv was = i < count ? jv_array_get(jv_copy(left), i) : jv_invalid();
		jv is = i < other ? jv_array_get(jv_copy(right), i) : jv_invalid();
		place->number = i;
		place->event = pd_json_peek_string(jv_is_valid(was) ? was : is, "type", "");
		if (strcmp(pd_json_peek_string(was, "type", ""),
		    pd_json_peek_string(is, "type", "")) == 0 && jv_is_valid(was) &&
		    jv_is_valid(is))
			pd_differences(was, is, found, place);
		else
			add(place, NULL, was, is);
		jv_free(was);
		jv_free(is);
	}
}

static void
compare_states(struct place *place, jv left, jv right)
{
	if (!jv_is_valid(left) || !jv_is_valid(right))
		return;
	place->kind = PD_DIFFERS_STATE;
	place->states_now = jv_object();
	pd_differences(left, right, found_in_state, place);
	jv_free(place->states);
	place->states = place->states_now;
}

static void
compare_steps(struct place *place, const struct pd_comparable_step *left,
    const struct pd_comparable_step *right)
{
	compare_values(place, PD_DIFFERS_COMMAND, left->command, right->command);
	compare_values(place, PD_DIFFERS_OUTCOME, left->outcome, right->outcome);
	compare_events(place, left->events, right->events);
	compare_values(place, PD_DIFFERS_CHECK, left->checks, right->checks);
	compare_states(place, left->state, right->state);
}

/* Has the run a step from here on that the other one has, too? If not, the other one
 * only stopped earlier. */
static bool
meets_again(const struct pd_comparable *run, size_t from,
    const struct pd_comparable *other)
{
	for (size_t i = from; i < run->count; i++)
		if (pd_comparable_step(other, run->steps[i].id) != NULL)
			return true;
	return false;
}

/* Steps that only one of them has, among others that both have. */
static void
compare_lonely(struct place *place, const struct pd_comparable *run, size_t at,
    const struct pd_comparable *other, bool is_left)
{
	const struct pd_comparable_step *step = &run->steps[at];
	jv nothing = jv_invalid();

	if (!meets_again(run, at + 1, other))
		return;
	place->kind = PD_DIFFERS_COMMAND;
	add(place, NULL, is_left ? step->command : nothing,
	    is_left ? nothing : step->command);
}

static void
set_place(struct place *place, const struct pd_comparable *run, size_t at)
{
	place->id = run->steps[at].id;
	place->command = pd_json_peek_string(run->steps[at].command, "type", "");
	place->index = at + 1;
}

static void
compare_lengths(struct place *place, const struct pd_comparable *left,
    const struct pd_comparable *right)
{
	const struct pd_comparable *longer =
	    left->commands > right->commands ? left : right;
	const struct pd_comparable *shorter = longer == left ? right : left;

	if (left->commands == right->commands)
		return;
	for (size_t i = 0; i < longer->count; i++) {
		set_place(place, longer, i);
		if (pd_comparable_step(shorter, longer->steps[i].id) == NULL)
			break;
	}
	jv was = jv_number((double)left->commands);
	jv is = jv_number((double)right->commands);
	place->kind = PD_DIFFERS_LENGTH;
	add(place, NULL, was, is);
	jv_free(was);
	jv_free(is);
}

/* Kind and name make a failure, and the command at which it came; its words may
 * speak of ids. */
static jv
essence(jv failure)
{
	static const char *const fields[] = {"kind", "name", "id"};
	jv result = jv_object();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		jv value = pd_json_peek(failure, fields[i]);
		if (jv_is_valid(value))
			result = pd_json_set(result, fields[i], value);
	}
	return result;
}

static void
compare_failures(struct place *place, const struct pd_comparable *left,
    const struct pd_comparable *right)
{
	jv was = essence(left->failure), is = essence(right->failure);
	const struct pd_comparable *failed = jv_is_valid(right->failure) ? right : left;
	const char *id = pd_json_peek_string(failed->failure, "id", "");

	place->kind = PD_DIFFERS_FAILURE;
	place->id = id;
	place->command = "";
	place->index = failed->count;
	for (size_t i = 0; i < failed->count; i++)
		if (strcmp(failed->steps[i].id, id) == 0)
			set_place(place, failed, i);
	if (!jv_equal(jv_copy(was), jv_copy(is)))
		add(place, NULL, left->failure, right->failure);
	else if (jv_is_valid(left->status) && jv_is_valid(right->status))
		compare_values(place, PD_DIFFERS_FAILURE, left->status, right->status);
	jv_free(was);
	jv_free(is);
}

/* Only where every step has its counterpart. */
static void
compare_order(struct place *place, const struct pd_comparable *left,
    const struct pd_comparable *right)
{
	if (place->divergence->differs[PD_DIFFERS_COMMAND] ||
	    left->count != right->count)
		return;
	for (size_t i = 0; i < left->count; i++) {
		if (strcmp(left->steps[i].id, right->steps[i].id) != 0) {
			jv was = jv_string(left->steps[i].id);
			jv is = jv_string(right->steps[i].id);
			set_place(place, left, i);
			place->kind = PD_DIFFERS_ORDER;
			add(place, NULL, was, is);
			jv_free(was);
			jv_free(is);
			return;
		}
	}
}

void
pd_divergence_find(struct pd_divergence *divergence,
    const struct pd_comparable *left, const struct pd_comparable *right,
    int64_t limit)
{
	struct place place = {.divergence = divergence, .states = jv_object()};

	*divergence = (struct pd_divergence){.differences = jv_array(),
		.limit = limit};
	for (size_t i = 0; i < left->count; i++) {
		const struct pd_comparable_step *other =
		    pd_comparable_step(right, left->steps[i].id);
		set_place(&place, left, i);
		if (other != NULL)
			compare_steps(&place, &left->steps[i], other);
		else
			compare_lonely(&place, left, i, right, true);
	}
	for (size_t i = 0; i < right->count; i++) {
		set_place(&place, right, i);
		if (pd_comparable_step(left, right->steps[i].id) == NULL)
			compare_lonely(&place, right, i, left, false);
	}
	compare_lengths(&place, left, right);
	compare_failures(&place, left, right);
	compare_order(&place, left, right);
	jv_free(place.states);
}

void
pd_divergence_free(struct pd_divergence *divergence)
{
	jv_free(divergence->differences);
}

bool
pd_divergence_none(const struct pd_divergence *divergence)
{
	for (int i = 0; i < PD_DIFFERENCE_KINDS; i++)
		if (divergence->differs[i])
			return false;
	return true;
}

jv
pd_divergence_first(const struct pd_divergence *divergence)
{
	return jv_array_get(jv_copy(divergence->differences), 0);
}

jv
pd_divergence_describe(const struct pd_divergence *divergence, jv record)
{
	jv first = pd_divergence_first(divergence);

	record = pd_json_set(record, "same", jv_bool(pd_divergence_none(divergence)));
	if (jv_is_valid(first))
		record = pd_json_set(record, "first", first);
	record = pd_json_set(record, "differences", jv_copy(divergence->differences));
	if (divergence->more > 0)
		record = pd_json_set_number(record, "more_differences",
		    (double)divergence->more);
	return record;
}
