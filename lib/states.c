/* SPDX-License-Identifier: MIT */
#include "states.h"

#include <string.h>

#include "difference.h"
#include "fold.h"
#include "json.h"
#include "origin.h"

/*
 * The order of the records. A failure holds commands and events apart. Commands
 * stand in the order of their answers, events have their place in n; a command
 * is folded right before the events of its reply, and what it injected before
 * it was folded ahead of it.
 */
struct merge {
	jv events, checks;	/* those not placed yet */
	jv records;		/* placed */
};

static bool
is_of(jv record, const char *id)
{
	return strcmp(pd_json_peek_string(record, "id", ""), id) == 0;
}

static bool
is_reply(jv event, const char *id)
{
	return is_of(event, id) &&
	    strcmp(pd_json_peek_string(event, "source", ""), "command") == 0;
}

static jv
take_array(jv record, const char *key)
{
	jv value = pd_json_peek(record, key);

	if (jv_get_kind(value) == JV_KIND_ARRAY)
		return value;
	jv_free(value);
	return jv_array();
}

/* n of the first event of a command's reply; without one, the number after what
 * it injected, or 1. */
static double
first_number(const struct merge *merge, const char *id)
{
	double first = 0x1p53, injected = 0;

	jv_array_foreach(merge->events, i, event) {
		double n = pd_json_peek_number(event, "n", 0);
		if (is_reply(event, id) && n < first)
			first = n;
		else if (is_of(event, id) && pd_origin_is_answer(event) && n > injected)
			injected = n;
		jv_free(event);
	}
	if (first < 0x1p53)
		return first;
	return injected + 1;
}

/* Place the events up to a number, or those of a command's reply. */
static void
place_events(struct merge *merge, double before, const char *id)
{
	jv left = jv_array();

	jv_array_foreach(merge->events, i, event) {
		if (id != NULL ? is_reply(event, id) :
		    pd_json_peek_number(event, "n", 0) < before)
			merge->records = jv_array_append(merge->records, event);
		else
			left = jv_array_append(left, event);
	}
	jv_free(merge->events);
	merge->events = left;
}

static void
place_checks(struct merge *merge, const char *id)
{
	jv left = jv_array();

	jv_array_foreach(merge->checks, i, check) {
		if (id == NULL || is_of(check, id))
			merge->records = jv_array_append(merge->records, check);
		else
			left = jv_array_append(left, check);
	}
	jv_free(merge->checks);
	merge->checks = left;
}

jv
pd_states_records(jv failure)
{
	struct merge merge = {take_array(failure, "events"),
		take_array(failure, "checks"), jv_array()};
	jv commands = take_array(failure, "commands");

	jv_array_foreach(commands, i, command) {
		const char *id = pd_json_peek_string(command, "id", "");
		place_events(&merge, first_number(&merge, id), NULL);
		merge.records = jv_array_append(merge.records, jv_copy(command));
		place_events(&merge, 0, id);
		place_checks(&merge, id);
		jv_free(command);
	}
	place_events(&merge, 0x1p53, NULL);
	place_checks(&merge, NULL);
	jv_free(commands);
	jv_free(merge.events);
	jv_free(merge.checks);
	return merge.records;
}

/*
 * Folding.
 */

/* What a record folds, or an invalid jv if that is nothing. */
static jv
step_of(jv record)
{
	const char *type = pd_json_peek_string(record, "type", "");

	if (strcmp(type, "event") == 0)
		return pd_origin_is_folded(record) ? pd_json_peek(record, "event") :
		    jv_invalid();
	if (strcmp(type, "command") == 0 &&
	    strcmp(pd_json_peek_string(record, "outcome", ""), "ok") == 0)
		return pd_json_peek(record, "command");
	return jv_invalid();
}

/* [{id, state}] after each step, the first being the state before all. An
 * invalid jv if the model fails. */
static jv
fold_all(struct pd_model *model, jv records, struct pd_error *error)
{
	struct pd_fold fold;
	bool good = pd_fold_start(&fold, model, error) == 0;
	jv states = jv_array();

	if (good)
		states = jv_array_append(states, pd_json_set(jv_object(), "state",
		    jv_copy(fold.state)));
	int count = jv_array_length(jv_copy(records));
	for (int i = 0; i < count && good; i++) {
		jv record = jv_array_get(jv_copy(records), i);
		jv step = step_of(record);
		if (jv_is_valid(step)) {
			good = pd_fold_apply(&fold, step, error) == 0;
			jv noted = pd_json_set_string(jv_object(), "id",
			    pd_json_peek_string(record, "id", ""));
			if (good)
				states = jv_array_append(states, pd_json_set(noted, "state",
				    jv_copy(fold.state)));
			else
				jv_free(noted);
		}
		jv_free(step);
		jv_free(record);
	}
	pd_fold_free(&fold);
	if (good)
		return states;
	jv_free(states);
	return jv_invalid();
}

static jv
last_state(jv states)
{
	jv last = jv_array_get(jv_copy(states), jv_array_length(jv_copy(states)) - 1);
	jv state = pd_json_peek(last, "state");

	jv_free(last);
	return state;
}

/* The state before a command's first step; that after all if it has none, as
 * the executor has it. */
static jv
state_before(jv states, const char *id)
{
	int count = jv_array_length(jv_copy(states));
	jv state = jv_invalid();

	for (int i = 1; i < count && !jv_is_valid(state); i++) {
		jv noted = jv_array_get(jv_copy(states), i);
		if (is_of(noted, id)) {
			jv before = jv_array_get(jv_copy(states), i - 1);
			state = pd_json_peek(before, "state");
			jv_free(before);
		}
		jv_free(noted);
	}
	return jv_is_valid(state) ? state : last_state(states);
}

/* Add the difference of two states, if there is one. Consumes both. */
static void
add_difference(jv *differences, const char *of, const char *id, jv before,
    jv after)
{
	jv changes = pd_changes(before, after);

	if (jv_array_length(jv_copy(changes)) > 0) {
		jv difference = pd_json_set_string(jv_object(), "of", of);
		if (id != NULL)
			difference = pd_json_set_string(difference, "id", id);
		*differences = jv_array_append(*differences,
		    pd_json_set(difference, "changes", jv_copy(changes)));
	}
	jv_free(changes);
	jv_free(before);
	jv_free(after);
}

/* The first state at which two folds of the same records differ. */
static void
compare_folds(jv states, jv again, jv *differences)
{
	int count = jv_array_length(jv_copy(states));

	for (int i = 0; i < count && jv_array_length(jv_copy(*differences)) == 0; i++) {
		jv one = jv_array_get(jv_copy(states), i);
		jv other = jv_array_get(jv_copy(again), i);
		add_difference(differences, "fold", pd_json_peek_string(one, "id", NULL),
		    pd_json_peek(one, "state"), pd_json_peek(other, "state"));
		jv_free(one);
		jv_free(other);
	}
}

/* Were values left out of the records by pd-exec --redact? */
static bool
lacks_values(jv records)
{
	jv text = jv_dump_string(jv_copy(records), 0);
	bool found = strstr(jv_string_value(text), "\"[redacted]\"") != NULL;

	jv_free(text);
	return found;
}

/* What is to be said of the differences. Borrows all; an invalid states is what
 * the model could not fold. */
static enum pd_states_of
judge(jv failure, jv records, jv states, jv differences)
{
	jv first = jv_array_get(jv_copy(differences), 0);
	bool impure = strcmp(pd_json_peek_string(first, "of", ""), "fold") == 0;
	bool differ = jv_is_valid(first);

	jv_free(first);
	if ((differ || !jv_is_valid(states)) && !impure && lacks_values(records))
		return PD_STATES_SECRET;
	if (differ)
		return PD_STATES_DIFFER;
	return pd_json_has_peek(failure, "state") ||
	    pd_json_has_peek(failure, "state_before") ? PD_STATES_AGREE :
	    PD_STATES_NOTHING;
}

int
pd_states_compare(struct pd_model *model, jv failure, jv records,
    enum pd_states_of *result, jv *differences, struct pd_error *error)
{
	jv states = fold_all(model, records, error);
	jv again = jv_is_valid(states) ? fold_all(model, records, error) :
	    jv_invalid();
	jv cause = pd_json_peek(failure, "failure");
	const char *id = pd_json_peek_string(cause, "id", NULL);
	jv held_before = pd_json_peek(failure, "state_before");
	jv held = pd_json_peek(failure, "state");
	bool good = jv_is_valid(again);

	*differences = jv_array();
	if (good) {
		compare_folds(states, again, differences);
		if (jv_is_valid(held_before) && id != NULL)
			add_difference(differences, "state_before", id, jv_copy(held_before),
			    state_before(states, id));
		if (jv_is_valid(held))
			add_difference(differences, "state", NULL, jv_copy(held),
			    last_state(states));
	}
	*result = judge(failure, records, states, *differences);
	jv_free(held_before);
	jv_free(held);
	jv_free(cause);
	jv_free(states);
	jv_free(again);
	return good || *result == PD_STATES_SECRET ? 0 : -1;
}

/*
 * What each step changed.
 */

/* Whose step a record is: {id}, or {n} of an event that stands for itself. */
static jv
step_owner(jv record)
{
	const char *source = pd_json_peek_string(record, "source", "command");
	bool told = strcmp(source, "command") == 0 || strcmp(source, "presumed") == 0;
	const char *key = told ? "id" : "n";
	jv value = pd_json_peek(record, key);

	return jv_is_valid(value) ? pd_json_set(jv_object(), key, value) : jv_object();
}

/* The step is over. Consumes it and the state before it; borrows the other. */
static jv
add_step(jv steps, jv step, jv before, jv after)
{
	jv changes = pd_changes(before, after);

	jv_free(before);
	if (jv_is_valid(step) && jv_array_length(jv_copy(changes)) > 0)
		return jv_array_append(steps, pd_json_set(step, "changes", changes));
	jv_free(step);
	jv_free(changes);
	return steps;
}

static bool
holds(jv run, const char *key, jv state)
{
	jv held = pd_json_peek(run, key);

	if (jv_is_valid(held))
		return jv_equal(held, jv_copy(state));
	jv_free(held);
	return true;
}

jv
pd_states_changes(struct pd_model *model, jv run, bool *agree,
    struct pd_error *error)
{
	struct pd_fold fold;
	jv records = pd_states_records(run);
	int count = jv_array_length(jv_copy(records));
	bool good = pd_fold_start(&fold, model, error) == 0;
	jv steps = jv_array(), owner = jv_invalid(), before = jv_null();

	for (int i = 0; i < count && good; i++) {
		jv record = jv_array_get(jv_copy(records), i);
		jv step = step_of(record);
		jv of = step_owner(record);
		if (jv_is_valid(step) && !jv_equal(jv_copy(of), jv_copy(owner))) {
			steps = add_step(steps, owner, before, fold.state);
			owner = jv_copy(of);
			before = jv_copy(fold.state);
		}
		good = !jv_is_valid(step) || pd_fold_apply(&fold, step, error) == 0;
		jv_free(of);
		jv_free(step);
		jv_free(record);
	}
	if (good)
		steps = add_step(steps, owner, before, fold.state);
	*agree = good && holds(run, "state", fold.state);
	if (!good) {
		jv_free(owner);
		jv_free(before);
		jv_free(steps);
		steps = jv_invalid();
	}
	pd_fold_free(&fold);
	jv_free(records);
	return steps;
}

jv
pd_states_held(jv run)
{
	jv cause = pd_json_peek(run, "failure");
	jv id = pd_json_peek(cause, "id");
	jv before = pd_json_peek(run, "state_before");
	jv after = pd_json_peek(run, "state");
	jv steps = jv_array();

	if (jv_is_valid(id) && jv_is_valid(before) && jv_is_valid(after)) {
		steps = add_step(steps, pd_json_set(jv_object(), "id", id), before, after);
	} else {
		jv_free(id);
		jv_free(before);
	}
	jv_free(after);
	jv_free(cause);
	return steps;
}
