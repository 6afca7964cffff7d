/* SPDX-License-Identifier: MIT */
#include "linearization.h"

#include <stdlib.h>

#include "buffer.h"
#include "json.h"

enum {
	SHOWN = 200,		/* operations in a timeline */
	SHOWN_AFTER = 50,	/* of them called after the first that is blocked */
	BLOCKED = 20,		/* operations told that could not be placed */
};

jv
pd_linearization_ids(const struct pd_history *history, const size_t *positions,
    size_t count)
{
	jv ids = jv_array();

	for (size_t i = 0; i < count; i++)
		ids = jv_array_append(ids, jv_string(history->list[positions[i]].id));
	return ids;
}

static jv
null_if_invalid(jv value)
{
	return jv_is_valid(value) ? jv_copy(value) : jv_null();
}

/* A type that is built in knows what should have been answered, but not how the
 * system calls it: an event without type gets that of what was seen. Consumes
 * the expected events. */
static jv
name_events(jv expected, jv seen)
{
	jv named = jv_array();
	jv first = jv_get_kind(seen) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(seen)) > 0 ? jv_array_get(jv_copy(seen), 0) : jv_object();
	const char *type = pd_json_peek_string(first, "type", "Answer");

	jv_array_foreach(expected, i, event) {
		if (!pd_json_has_peek(event, "type"))
			event = jv_object_merge(pd_json_set_string(jv_object(), "type", type),
			    event);
		named = jv_array_append(named, event);
	}
	jv_free(expected);
	jv_free(first);
	return named;
}

jv
pd_linearization_blocked(const struct pd_history *history,
    const struct pd_linearization *result)
{
	jv list = jv_array();

	for (size_t i = 0; i < result->blocked_count && i < BLOCKED; i++) {
		const struct pd_operation *operation = &history->list[result->blocked[i]];
		jv expected = jv_array_get(jv_copy(result->expected), (int)i);
		jv blocked = pd_json_set_string(jv_object(), "id", operation->id);
		if (jv_is_valid(operation->process))
			blocked = pd_json_set(blocked, "process", jv_copy(operation->process));
		blocked = pd_json_set(blocked, "command", jv_copy(operation->command));
		blocked = pd_json_set(blocked, "state", jv_copy(result->state));
		if (jv_get_kind(expected) == JV_KIND_ARRAY)
			blocked = pd_json_set(blocked, "expected",
			    name_events(jv_copy(expected), operation->events));
		jv_free(expected);
		blocked = pd_json_set(blocked, "seen", null_if_invalid(operation->events));
		list = jv_array_append(list, blocked);
	}
	return list;
}

/*
 * The timeline.
 */
struct shown {
	const struct pd_operation *operation;
	size_t place;		/* in the order, from 1; 0 for none */
	bool blocked;
};

static int
by_call(const void *a, const void *b)
{
	const struct shown *first = a, *second = b;

	if (first->operation->called != second->operation->called)
		return first->operation->called < second->operation->called ? -1 : 1;
	return (first->operation > second->operation) -
	    (first->operation < second->operation);
}

/* Which operations there are to show: all, or those of the refuted part, which
 * the key tells if the order and what blocks it do not. */
static size_t
collect(const struct pd_history *history, const struct pd_linearization *result,
    struct shown *shown)
{
	for (size_t i = 0; i < history->count; i++)
		shown[i].operation = &history->list[i];
	for (size_t i = 0; i < result->order_count; i++)
		shown[result->order[i]].place = i + 1;
	for (size_t i = 0; i < result->blocked_count; i++)
		shown[result->blocked[i]].blocked = true;
	qsort(shown, history->count, sizeof(*shown), by_call);
	return history->count;
}

/* Where the timeline begins, so that the first blocked one is well in it. */
static size_t
first_shown(const struct shown *shown, size_t count)
{
	size_t at = 0;

	if (count <= SHOWN)
		return 0;
	while (at < count && !shown[at].blocked)
		at++;
	size_t end = at + SHOWN_AFTER < count ? at + SHOWN_AFTER : count;
	return end > SHOWN ? end - SHOWN : 0;
}

static jv
show(const struct shown *shown)
{
	const struct pd_operation *operation = shown->operation;
	jv object = pd_json_set_string(jv_object(), "id", operation->id);

	if (jv_is_valid(operation->process))
		object = pd_json_set(object, "process", jv_copy(operation->process));
	object = pd_json_set_number(object, "call_us", (double)operation->called);
	object = pd_json_set(object, "return_us", operation->returned == PD_NEVER ?
	    jv_null() : jv_number((double)operation->returned));
	object = pd_json_set(object, "command", jv_copy(operation->command));
	object = pd_json_set(object, "events", null_if_invalid(operation->events));
	if (shown->place > 0)
		object = pd_json_set_number(object, "place", (double)shown->place);
	if (shown->blocked)
		object = pd_json_set(object, "blocked", jv_true());
	return object;
}

static jv
add_timeline(jv record, const struct pd_history *history,
    const struct pd_linearization *result)
{
	struct shown *shown = pd_allocate(history->count + 1, sizeof(*shown));
	size_t count = collect(history, result, shown);
	size_t first = first_shown(shown, count);
	size_t end = first + SHOWN < count ? first + SHOWN : count;
	jv timeline = jv_array();

	for (size_t i = first; i < end; i++)
		timeline = jv_array_append(timeline, show(&shown[i]));
	free(shown);
	record = pd_json_set(record, "timeline", timeline);
	if (end - first < count)
		record = pd_json_set_number(record, "omitted", (double)(count - (end - first)));
	return record;
}

const char *
pd_linearization_verdict(enum pd_linearizable verdict)
{
	switch (verdict) {
	case PD_LINEARIZABLE: return "linearizable";
	case PD_NOT_LINEARIZABLE: return "not_linearizable";
	default: return "unknown";
	}
}

jv
pd_linearization_record(const struct pd_specification *specification,
    const struct pd_history *history, const struct pd_linearization *result,
    bool timeline)
{
	bool refuted = result->verdict == PD_NOT_LINEARIZABLE;
	jv record = pd_json_set_string(jv_object(), "type", "linearization");

	record = pd_json_set_string(record, "spec",
	    pd_specification_name(specification));
	record = pd_json_set_string(record, "verdict", pd_linearization_verdict(result->verdict));
	if (result->reason[0] != '\0')
		record = pd_json_set_string(record, "reason", result->reason);
	record = pd_json_set_number(record, "operations", (double)history->count);
	record = pd_json_set_number(record, "unknown_outcomes",
	    (double)pd_history_unknown(history));
	record = pd_json_set_number(record, "parts", (double)result->parts);
	if (jv_is_valid(result->key))
		record = pd_json_set(record, "key", jv_copy(result->key));
	record = pd_json_set_number(record, "configurations",
	    (double)result->configurations);
	if (result->verdict == PD_LINEARIZABLE || refuted)
		record = pd_json_set(record, refuted ? "prefix" : "order",
		    pd_linearization_ids(history, result->order, result->order_count));
	if (refuted) {
		record = pd_json_set(record, "state", null_if_invalid(result->state));
		record = pd_json_set(record, "blocked",
		    pd_linearization_blocked(history, result));
	}
	return refuted || timeline ? add_timeline(record, history, result) : record;
}
