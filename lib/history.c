/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

void
pd_history_add(struct pd_history *history, struct pd_operation operation)
{
	if (history->count == history->room) {
		history->room = history->room == 0 ? 16 : 2 * history->room;
		history->list = pd_reallocate(history->list, history->room,
		    sizeof(*history->list));
	}
	history->list[history->count++] = operation;
}

static void
free_operation(struct pd_operation *operation)
{
	free(operation->id);
	jv_free(operation->process);
	jv_free(operation->command);
	jv_free(operation->events);
	jv_free(operation->key);
}

void
pd_history_free(struct pd_history *history)
{
	for (size_t i = 0; i < history->count; i++)
		free_operation(&history->list[i]);
	free(history->list);
	pd_interner_free(&history->ids);
	*history = (struct pd_history)PD_HISTORY_INIT;
}

size_t
pd_history_unknown(const struct pd_history *history)
{
	size_t count = 0;

	for (size_t i = 0; i < history->count; i++)
		count += !jv_is_valid(history->list[i].events);
	return count;
}

/*
 * Reading op records.
 */
/* A time, or PD_NEVER for null where that is allowed. */
static int
take_time(jv record, const char *field, bool ends, int64_t *time,
    struct pd_error *error)
{
	jv value = pd_json_peek(record, field);
	bool never = ends && jv_get_kind(value) == JV_KIND_NULL;
	bool good = never || pd_json_integer_peek(value, time);

	jv_free(value);
	if (never)
		*time = PD_NEVER;
	if (good)
		return 0;
	pd_error_set(error, "op record: '%s' must be a whole number of "
	    "microseconds%s", field, ends ? ", or null for never" : "");
	return pd_error_hint(error, "any clock will do that is the same for all");
}

/* null and nothing are the same: the outcome is unknown. */
static int
take_events(jv record, jv *events, struct pd_error *error)
{
	*events = pd_json_peek(record, "events");
	jv_kind kind = jv_get_kind(*events);

	if (kind == JV_KIND_NULL) {
		jv_free(*events);
		*events = jv_invalid();
		return 0;
	}
	bool good = kind == JV_KIND_INVALID || kind == JV_KIND_ARRAY;
	int count = kind == JV_KIND_ARRAY ? jv_array_length(jv_copy(*events)) : 0;
	for (int i = 0; i < count && good; i++) {
		jv event = jv_array_get(jv_copy(*events), i);
		good = jv_get_kind(event) == JV_KIND_OBJECT;
		jv_free(event);
	}
	if (good)
		return 0;
	pd_error_set(error, "op record: 'events' must be an array of objects, or null");
	return pd_error_hint(error, "null or nothing says that the outcome is unknown");
}

static int
take_command(jv record, jv *command, struct pd_error *error)
{
	*command = pd_json_peek(record, "command");
	if (pd_json_kind_peek(*command, "type") == JV_KIND_STRING)
		return 0;
	pd_error_set(error, "op record: 'command' must be an object with a 'type'");
	return pd_error_hint(error, "for example {\"type\":\"Write\",\"value\":1}");
}

static int
take_process(jv record, jv *process, struct pd_error *error)
{
	*process = pd_json_peek(record, "process");
	jv_kind kind = jv_get_kind(*process);

	if (kind == JV_KIND_NULL) {
		jv_free(*process);
		*process = jv_invalid();
	}
	if (kind == JV_KIND_STRING || kind == JV_KIND_NUMBER ||
	    kind == JV_KIND_INVALID || kind == JV_KIND_NULL)
		return 0;
	pd_error_set(error, "op record: 'process' must be a string or a number");
	return pd_error_hint(error, "operations of one process follow one another; "
	    "leave it out if nobody knows");
}

static int
take_id(struct pd_history *history, jv record, char **id,
    struct pd_error *error)
{
	jv value = pd_json_peek(record, "id");
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_STRING)
		*id = pd_duplicate(jv_string_value(value));
	else if (kind == JV_KIND_INVALID || kind == JV_KIND_NULL)
		*id = pd_format("o%zu", history->count + 1);
	jv_free(value);
	if (*id == NULL) {
		pd_error_set(error, "op record: 'id' must be a string");
		return pd_error_hint(error, "without one it is numbered");
	}
	if ((size_t)pd_intern(&history->ids, *id, strlen(*id)) == history->count)
		return 0;
	pd_error_set(error, "op record: another operation of this history is %s", *id);
	return pd_error_hint(error, "ids are unique within a history; \"history\" "
	    "tells histories apart");
}

int
pd_history_add_record(struct pd_history *history, jv record,
    struct pd_error *error)
{
	struct pd_operation operation = {.process = jv_invalid(),
		.command = jv_invalid(), .events = jv_invalid(),
		.key = pd_json_peek(record, "key")};
	int result = take_process(record, &operation.process, error);

	if (result == 0)
		result = take_time(record, "call_us", false, &operation.called, error);
	if (result == 0)
		result = take_time(record, "return_us", true, &operation.returned, error);
	if (result == 0)
		result = take_command(record, &operation.command, error);
	if (result == 0)
		result = take_events(record, &operation.events, error);
	if (result == 0 && operation.returned < operation.called) {
		result = pd_error_set(error, "op record: it returned at %" PRId64
		    ", before it was called at %" PRId64, operation.returned,
		    operation.called);
		pd_error_hint(error, "call_us and return_us are read on the same clock");
	}
	if (result == 0)
		result = take_id(history, record, &operation.id, error);
	if (result == 0)
		pd_history_add(history, operation);
	else
		free_operation(&operation);
	return result;
}

void
pd_history_copy_apart(struct pd_history *to, const struct pd_history *from)
{
	*to = (struct pd_history)PD_HISTORY_INIT;
	for (size_t i = 0; i < from->count; i++) {
		const struct pd_operation *operation = &from->list[i];
		pd_history_add(to, (struct pd_operation){
			.id = pd_duplicate(operation->id),
			.process = pd_json_apart(operation->process),
			.called = operation->called, .returned = operation->returned,
			.command = pd_json_apart(operation->command),
			.events = pd_json_apart(operation->events), .key = pd_json_apart(operation->key)});
	}
}
