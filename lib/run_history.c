/* SPDX-License-Identifier: MIT */
#include "run_history.h"

#include <string.h>

#include "buffer.h"
#include "json.h"
#include "origin.h"
#include "sequence.h"

static jv
note_ids(jv ids, const struct pd_items *items, const char *part)
{
	for (size_t i = 0; i < items->count; i++)
		ids = pd_json_set_string(ids, items->list[i].id, part);
	return ids;
}

/* {id: "before", "prefix" or "after"}: where each command stands. Those of the
 * teardown are left out. */
static jv
places_of(const struct pd_sequence *sequence)
{
	jv ids = note_ids(jv_object(), &sequence->setup, "before");

	ids = note_ids(ids, &sequence->prefix, "prefix");
	for (size_t i = 0; i < sequence->branch_count; i++)
		ids = note_ids(ids, &sequence->branches[i], "after");
	return note_ids(ids, &sequence->suffix, "after");
}

/* What the system said to a command: the events of its answer. */
static jv
events_of(const struct pd_recorded *run, const char *id)
{
	jv events = jv_array();
	int count = jv_array_length(jv_copy(run->events));

	for (int i = 0; i < count; i++) {
		jv record = jv_array_get(jv_copy(run->events), i);
		if (strcmp(pd_json_peek_string(record, "id", ""), id) == 0 &&
		    pd_origin_is_answer(record))
			events = jv_array_append(events, pd_json_peek(record, "event"));
		jv_free(record);
	}
	return events;
}

static struct pd_operation
operation_of(jv record, jv command, jv events)
{
	int branch = (int)pd_json_peek_number(record, "branch", -1);
	double returned = pd_json_peek_number(record, "return_us", -1);
	bool answered = strcmp(pd_json_peek_string(record, "outcome", "ok"), "ok") == 0;

	if (!answered) {
		jv_free(events);
		events = jv_invalid();
	}
	return (struct pd_operation){
		.id = pd_duplicate(pd_json_peek_string(record, "id", "")),
		.process = branch >= 0 ? jv_number(branch) : jv_string("main"),
		.called = (int64_t)pd_json_peek_number(record, "call_us", 0),
		.returned = returned < 0 ? PD_NEVER : (int64_t)returned,
		.command = command, .events = events, .key = jv_invalid()};
}

/*
 * Events that are no command's answer: from injectors and polls.
 */
static bool
is_sighting(jv record)
{
	return pd_origin_is_folded(record) && !pd_origin_is_answer(record);
}

/* Fold those up to this place in the order of the run's events, from the next that
 * was not. */
static void
fold_sightings(struct pd_model *model, const struct pd_recorded *run, int *next,
    double before, jv *state, struct pd_error *error)
{
	int count = jv_array_length(jv_copy(run->events));

	for (; *next < count && jv_is_valid(*state); ++*next) {
		jv record = jv_array_get(jv_copy(run->events), *next);
		bool over = pd_json_peek_number(record, "n", 0) >= before;
		if (!over && is_sighting(record)) {
			jv event = pd_json_peek(record, "event");
			*state = pd_model_fold(model, *state, event, error);
			jv_free(event);
		}
		jv_free(record);
		if (over)
			return;
	}
}

/* When it takes its place: after all commands that were under way when it came. */
static int64_t
place_in_time(const struct pd_recorded *run, double at)
{
	double place = at;
	int count = jv_array_length(jv_copy(run->commands));

	for (int i = 0; i < count; i++) {
		jv command = jv_array_get(jv_copy(run->commands), i);
		double called = pd_json_peek_number(command, "call_us", 0);
		double returned = pd_json_peek_number(command, "return_us", 0);
		if (called <= at && returned > place)
			place = returned;
		jv_free(command);
	}
	return (int64_t)place;
}

static void
add_sightings(struct pd_history *history, const struct pd_recorded *run, int next)
{
	int count = jv_array_length(jv_copy(run->events));

	for (; next < count; next++) {
		jv record = jv_array_get(jv_copy(run->events), next);
		if (is_sighting(record)) {
			int64_t at = place_in_time(run, pd_json_peek_number(record, "at_us", 0));
			jv event = pd_json_peek(record, "event");
			pd_history_add(history, (struct pd_operation){
			    .id = pd_duplicate(pd_json_peek_string(event, "type", "")),
			    .process = jv_string("outside"), .called = at, .returned = at,
			    .command = jv_null(), .events = JV_ARRAY(event),
			    .key = jv_invalid()});
		}
		jv_free(record);
	}
}

/* The place of a command's answer in the order of the run's events, or of the next
 * one that there is. */
static double
first_number(const struct pd_recorded *run, const char *id)
{
	double first = 0x1p53;
	int count = jv_array_length(jv_copy(run->events));

	for (int i = 0; i < count; i++) {
		jv record = jv_array_get(jv_copy(run->events), i);
		double n = pd_json_peek_number(record, "n", 0);
		if (strcmp(pd_json_peek_string(record, "id", ""), id) == 0 &&
		    pd_origin_is_answer(record) && n < first)
			first = n;
		jv_free(record);
	}
	return first == 0x1p53 ? 0 : first;
}

static int
take_commands(struct pd_history *history, jv *state, struct pd_model *model,
    const struct pd_recorded *run, jv places, struct pd_error *error)
{
	int count = jv_array_length(jv_copy(run->commands)), sighting = 0;

	for (int i = 0; i < count; i++) {
		jv record = jv_array_get(jv_copy(run->commands), i);
		const char *id = pd_json_peek_string(record, "id", "");
		const char *place = pd_json_peek_string(places, id, "");
		jv command = pd_json_peek(record, "command");
		jv events = events_of(run, id);
		bool folded = strcmp(place, "before") == 0 ||
		    (model != NULL && strcmp(place, "prefix") == 0);
		if (model != NULL && *place != '\0' && history->count == 0)
			fold_sightings(model, run, &sighting, first_number(run, id), state, error);
		if (folded && model != NULL && jv_is_valid(*state))
			*state = pd_model_fold_answer(model, *state, command, events, error);
		if (!folded && *place != '\0') {
			pd_history_add(history, operation_of(record, command, events));
		} else {
			jv_free(command);
			jv_free(events);
		}
		jv_free(record);
		if (model != NULL && !jv_is_valid(*state))
			return -1;
	}
	if (model != NULL)
		add_sightings(history, run, sighting);
	return 0;
}

int
pd_run_history(struct pd_history *history, jv *state, struct pd_model *model,
    const struct pd_recorded *run, struct pd_error *error)
{
	struct pd_sequence sequence;
	int result;

	*history = (struct pd_history)PD_HISTORY_INIT;
	*state = jv_invalid();
	jv record = pd_json_peek(run->start, "sequence");
	if (!jv_is_valid(record))
		return 0;
	result = pd_sequence_parse(&sequence, record, error);
	if (result == 0 && sequence.branch_count > 0) {
		jv places = places_of(&sequence);
		if (model != NULL)
			*state = pd_model_init(model, error);
		result = model != NULL && !jv_is_valid(*state) ? -1 :
		    take_commands(history, state, model, run, places, error) == 0 ? 1 : -1;
		jv_free(places);
	}
	pd_sequence_free(&sequence);
	return result;
}
