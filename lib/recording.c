/* SPDX-License-Identifier: MIT */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "origin.h"
#include "plan.h"

int
pd_recording_status(jv command)
{
	jv exchanges = pd_json_peek(command, "exchange");
	int status = 0;

	if (jv_get_kind(exchanges) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(exchanges)) > 0) {
		jv last = jv_array_get(jv_copy(exchanges),
		    jv_array_length(jv_copy(exchanges)) - 1);
		jv reply = pd_json_peek(last, "reply");
		status = (int)pd_json_peek_number(reply, "status", 0);
		jv_free(reply);
		jv_free(last);
	}
	jv_free(exchanges);
	return status;
}

/* "Credit 401" if that was the answer, or NULL. The caller frees it. */
static char *
refusal_key(jv command)
{
	int status = pd_recording_status(command);
	jv sent = pd_json_peek(command, "command");
	char *key = status == 401 || status == 403 ? pd_format("%s %d",
	    pd_json_peek_string(sent, "type", ""), status) : NULL;

	jv_free(sent);
	return key;
}

int
pd_recording_refusal(const struct pd_recording *recording, jv command)
{
	char *key = refusal_key(command);
	bool known = key == NULL || pd_json_has_peek(recording->refusals, key);

	free(key);
	return known ? 0 : pd_recording_status(command);
}

/* Note the status of an answer, as a run_end record counts it. */
static void
note_status(struct pd_recording *recording, int status)
{
	char name[16] = "5xx";

	if (status < 500)
		snprintf(name, sizeof(name), "%d", status);
	recording->statuses = pd_json_set(recording->statuses, name, jv_true());
}

static void
read_commands(struct pd_recording *recording, jv commands)
{
	if (jv_get_kind(commands) == JV_KIND_ARRAY) {
		jv_array_foreach(commands, i, command) {
			char *key = refusal_key(command);
			if (key != NULL)
				recording->refusals = pd_json_set(recording->refusals, key,
				    jv_true());
			free(key);
			note_status(recording, pd_recording_status(command));
			recording->commands = pd_json_set(recording->commands,
			    pd_json_peek_string(command, "id", ""), jv_copy(command));
			jv_free(command);
		}
	}
	jv_free(commands);
}

/* Add to the list under the id. Consumes list and item. */
static jv
add_under(jv lists, const char *id, jv item)
{
	jv list = pd_json_peek(lists, id);

	if (!jv_is_valid(list))
		list = jv_array();
	return pd_json_set(lists, id, jv_array_append(list, item));
}

static void
read_events(struct pd_recording *recording, struct pd_bindings *bindings,
    jv events)
{
	if (jv_get_kind(events) == JV_KIND_ARRAY) {
		jv_array_foreach(events, i, record) {
			const char *id = pd_json_peek_string(record, "id", NULL);
			jv event = pd_json_peek(record, "event");
			jv item = pd_json_set_string(jv_object(), "source",
			    pd_json_peek_string(record, "source", ""));
			if (id != NULL && jv_is_valid(event) && pd_origin_is_answer(record)) {
				pd_bindings_add(bindings, id, jv_copy(event));
				recording->events = add_under(recording->events, id,
				    pd_json_set(jv_copy(item), "event", jv_copy(event)));
			}
			jv_free(item);
			jv_free(event);
			jv_free(record);
		}
	}
	jv_free(events);
}

/* What the sequence's commands bind as the model predicts them. One that has
 * changed may not get to the end; the tokens in use are known all the same. */
static jv
predicted_tokens(struct pd_model *model, const struct pd_sequence *sequence)
{
	struct pd_plan plan;
	struct pd_error ignored;
	jv tokens = jv_object();

	if (pd_plan_start(&plan, model, &ignored) == 0) {
		int result = pd_plan_apply_items(&plan, &sequence->setup, &ignored);
		if (result == 0)
			result = pd_plan_apply_items(&plan, &sequence->prefix, &ignored);
		for (size_t i = 0; i < sequence->branch_count && result == 0; i++)
			result = pd_plan_apply_items(&plan, &sequence->branches[i], &ignored);
		if (result == 0)
			result = pd_plan_apply_items(&plan, &sequence->suffix, &ignored);
		if (result == 0)
			pd_plan_apply_items(&plan, &sequence->teardown, &ignored);
		jv_free(tokens);
		tokens = jv_copy(plan.tokens);
	}
	pd_plan_free(&plan);
	return tokens;
}

void
pd_recording_read(struct pd_recording *recording, jv failure,
    struct pd_model *model, const struct pd_sequence *sequence, bool comparable)
{
	struct pd_bindings bindings;
	jv values = pd_json_peek(failure, "refs");

	*recording = (struct pd_recording){.comparable = comparable,
		.commands = jv_object(), .events = jv_object(),
		.refusals = jv_object(), .statuses = jv_object(),
		.tokens = jv_array(), .values = jv_object()};
	read_commands(recording, pd_json_peek(failure, "commands"));
	pd_bindings_start(&bindings, sequence->seed, "");
	read_events(recording, &bindings, pd_json_peek(failure, "events"));
	if (comparable) {
		if (jv_get_kind(values) != JV_KIND_OBJECT) {
			jv_free(values);
			values = jv_object();
		}
		jv predicted = predicted_tokens(model, sequence);
		/* What was minted is known from refs only: the nonce is not kept. */
		jv_free(recording->values);
		recording->values = jv_object_merge(pd_bindings_used(&bindings,
		    jv_keys(jv_copy(predicted))), jv_copy(values));
		jv_free(recording->tokens);
		recording->tokens = jv_keys(jv_object_merge(predicted,
		    jv_copy(values)));
	}
	jv_free(values);
	pd_bindings_free(&bindings);
}

void
pd_recording_free(struct pd_recording *recording)
{
	jv_free(recording->commands);
	jv_free(recording->events);
	jv_free(recording->tokens);
	jv_free(recording->values);
	jv_free(recording->refusals);
	jv_free(recording->statuses);
}

/*
 * Comparing. now is {token: what it is bound to in this run}.
 */
struct comparison {
	jv then, now;
};

static bool same(const struct comparison *, jv then, jv now);

/* Does a token stand for the one then and for the other now? Borrows both. */
static bool
stand_for_the_same(const struct comparison *comparison, jv then, jv now)
{
	bool found = false;

	jv_object_foreach(comparison->then, token, value) {
		found = found || (jv_equal(value, jv_copy(then)) &&
		    jv_equal(jv_object_get(jv_copy(comparison->now), jv_copy(token)),
		    jv_copy(now)));
		jv_free(token);
	}
	return found;
}

/* A key of the object now that says the same as the key then, which is consumed;
 * an invalid jv when there is none. Ids that are numbers are keys as text. */
static jv
matching_key(const struct comparison *comparison, jv key, jv now)
{
	jv match = jv_invalid();

	if (jv_object_has(jv_copy(now), jv_copy(key)))
		return key;
	jv_object_foreach(comparison->then, token, value) {
		jv text = jv_get_kind(value) == JV_KIND_STRING ? value :
		    jv_dump_string(value, 0);
		jv bound = jv_object_get(jv_copy(comparison->now), token);
		if (!jv_is_valid(match) && jv_is_valid(bound) &&
		    jv_equal(text, jv_copy(key)))
			match = jv_get_kind(bound) == JV_KIND_STRING ? jv_copy(bound) :
			    jv_dump_string(jv_copy(bound), 0);
		jv_free(bound);
	}
	jv_free(key);
	return match;
}

static bool
same_objects(const struct comparison *comparison, jv then, jv now)
{
	bool good = jv_object_length(jv_copy(then)) == jv_object_length(jv_copy(now));

	jv_object_foreach(then, key, value) {
		jv match = matching_key(comparison, key, now);
		jv other = jv_is_valid(match) ? jv_object_get(jv_copy(now), match) :
		    jv_invalid();
		good = good && jv_is_valid(other) && same(comparison, value, other);
		jv_free(other);
		jv_free(value);
	}
	return good;
}

static bool
same_arrays(const struct comparison *comparison, jv then, jv now)
{
	int count = jv_array_length(jv_copy(then));
	bool good = count == jv_array_length(jv_copy(now));

	for (int i = 0; i < count && good; i++) {
		jv a = jv_array_get(jv_copy(then), i);
		jv b = jv_array_get(jv_copy(now), i);
		good = same(comparison, a, b);
		jv_free(a);
		jv_free(b);
	}
	return good;
}

/* Borrows both. */
static bool
same(const struct comparison *comparison, jv then, jv now)
{
	jv_kind kind = jv_get_kind(then);

	if (jv_equal(jv_copy(then), jv_copy(now)))
		return true;
	if (kind == JV_KIND_OBJECT && jv_get_kind(now) == kind)
		return same_objects(comparison, then, now);
	if (kind == JV_KIND_ARRAY && jv_get_kind(now) == kind)
		return same_arrays(comparison, then, now);
	return stand_for_the_same(comparison, then, now);
}

/* What came of other things than the answer may come at another time. */
static jv
only_answers(jv items_peek)
{
	jv result = jv_array();

	jv_array_foreach(items_peek, i, item) {
		if (pd_origin_is_answer(item))
			result = jv_array_append(result, item);
		else
			jv_free(item);
	}
	return result;
}

jv
pd_recording_difference(const struct pd_recording *recording, jv command,
    jv events, const struct pd_bindings *bindings)
{
	const char *id = pd_json_peek_string(command, "id", "");
	jv recorded = pd_json_peek(recording->commands, id);
	jv difference = jv_object();

	if (!recording->comparable || !jv_is_valid(recorded)) {
		jv_free(recorded);
		jv_free(difference);
		return jv_invalid();
	}
	const char *outcome = pd_json_peek_string(recorded, "outcome", "");
	if (strcmp(outcome, pd_json_peek_string(command, "outcome", "")) != 0)
		difference = pd_json_set_string(difference, "outcome", outcome);
	jv_free(recorded);
	jv before = pd_json_peek(recording->events, id);
	if (!jv_is_valid(before))
		before = jv_array();
	struct comparison comparison = {recording->values,
		pd_bindings_used(bindings, jv_copy(recording->tokens))};
	jv answer = only_answers(events);
	if (!same(&comparison, before, answer))
		difference = pd_json_set(difference, "events", jv_copy(before));
	jv_free(answer);
	jv_free(before);
	jv_free(comparison.now);
	if (jv_object_length(jv_copy(difference)) > 0)
		return difference;
	jv_free(difference);
	return jv_invalid();
}
