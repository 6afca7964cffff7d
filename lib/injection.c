/* SPDX-License-Identifier: MIT */
#include "injection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "injector.h"
#include "json.h"
#include "mapping.h"
#include "mocking.h"

enum {
	MOST_WAITING = 1 << 16,	/* sightings, before injectors have to wait */
};

struct source {
	struct pd_injection *injection;
	struct pd_injector *injector;
	struct pd_mapping *mapping;	/* or NULL */
	struct pd_mocking *mocking;	/* or NULL: it is no mock */
	bool strict;
	int64_t at;		/* of the line in hand */
	char trace_id[PD_TRACE_ID];	/* of its payload, or empty */
};

struct pd_injection {
	struct pd_model *model;
	struct pd_sightings *sightings;
	struct source *sources;
	size_t count;
	const struct source *troubled;	/* whose payload could not be turned into events */
	struct pd_error trouble;
	int64_t epoch;		/* when the run began */
	int64_t asked;		/* the latest number that mocks were told something by */
	jv state;		/* that they were told last, or invalid */
	jv requests;		/* of mocks, nobody has taken them */
};

/* The trace that a payload or an event says that it belongs to. */
static void
copy_trace(jv value, char trace_id[PD_TRACE_ID])
{
	const char *given = pd_json_peek_string(value, "trace_id", "");

	if (pd_trace_is_id(given, PD_TRACE_ID - 1))
		snprintf(trace_id, PD_TRACE_ID, "%s", given);
}

static void
take_event(void *context, jv event, jv key, jv place)
{
	const struct source *source = context;
	struct pd_sighting sighting = {.source = source->mocking != NULL ? "mock" :
		"injector", .event = event, .at = source->at};

	jv_free(key);
	jv_free(place);
	memcpy(sighting.trace_id, source->trace_id, sizeof(sighting.trace_id));
	copy_trace(event, sighting.trace_id);
	pd_sightings_add(source->injection->sightings, sighting);
}

static void
take_skip(void *context, jv reason)
{
	(void)context;
	jv_free(reason);
}

/* What a line says: its JSON if that is an object or array, else its text. */
static jv
payload_of(struct source *source, const char *line, size_t length)
{
	struct pd_error ignored;
	size_t blanks = strspn(line, " \t");

	if (line[blanks] == '{' || line[blanks] == '[') {
		jv value = pd_json_parse(line, length, &ignored);
		if (jv_is_valid(value)) {
			copy_trace(value, source->trace_id);
			return value;
		}
		jv_free(value);
	}
	return JV_OBJECT(jv_string("text"), jv_string_sized(line, (int)length));
}

static bool
is_skip(jv output)
{
	return jv_get_kind(output) == JV_KIND_NULL || pd_json_has_peek(output, "$skip");
}

/* One output of to_event, or the payload itself; arrays are taken apart. */
static int
take_output(struct source *source, jv output, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(output) == JV_KIND_ARRAY) {
		jv_array_foreach(output, i, element) {
			if (result == 0)
				result = take_output(source, element, error);
			else
				jv_free(element);
		}
		jv_free(output);
		return result;
	}
	if (is_skip(output)) {
		jv_free(output);
		return 0;
	}
	if (pd_json_peek_string(output, "type", NULL) != NULL) {
		take_event(source, output, jv_invalid(), jv_invalid());
		return 0;
	}
	char *text = pd_json_excerpt(output, 200);
	pd_error_set(error, "%s is no event, which is an object with a type", text);
	pd_error_hint(error, "%s", pd_model_takes_payloads(source->injection->model) ?
	    "to_event gives events, or nothing, or {\"$skip\": REASON}" :
	    "to_event in the model, or --inject-map, makes events of payloads");
	free(text);
	return -1;
}

static int
map_line(struct source *source, const char *line, size_t length,
    struct pd_error *error)
{
	struct pd_model *model = source->injection->model;
	const struct pd_mapping_taker taker = {take_event, take_skip, source};

	if (source->mapping != NULL)
		return pd_mapping_wants_text(source->mapping) ?
		    pd_mapping_line(source->mapping, line, length, &taker, error) :
		    pd_mapping_value(source->mapping, payload_of(source, line, length), &taker, error);
	jv outputs = pd_model_takes_payloads(model) ?
	    pd_model_to_event(model, payload_of(source, line, length),
	    source->at - source->injection->epoch, error) :
	    JV_ARRAY(payload_of(source, line, length));
	return jv_is_valid(outputs) ? take_output(source, outputs, error) : -1;
}

/* What a mock wrote. */
static int
take_request(struct source *source, const char *line, size_t length,
    struct pd_error *error)
{
	struct pd_injection *injection = source->injection;
	jv record = pd_mocking_take(source->mocking, line, length, error);

	if (jv_get_kind(record) != JV_KIND_OBJECT) {
		bool good = jv_is_valid(record);
		jv_free(record);
		return good ? 0 : -1;
	}
	jv events = pd_json_peek(record, "events");
	copy_trace(record, source->trace_id);
	jv_array_foreach(events, i, event) {
		take_event(source, event, jv_invalid(), jv_invalid());
	}
	jv_free(events);
	record = pd_json_set_string(record, "mock", pd_injector_name(source->injector));
	record = pd_json_set_number(record, "at_us", (double)source->at);
	if (source->strict && pd_json_peek_bool(record, "unmatched", false))
		record = pd_json_set(record, "strict", jv_true());
	injection->requests = jv_array_append(injection->requests, record);
	return 0;
}

static void
on_line(void *context, const char *line, size_t length, int64_t at)
{
	struct source *source = context;
	struct pd_injection *injection = source->injection;
	struct pd_error error = PD_ERROR_INIT;

	source->at = at;
	source->trace_id[0] = '\0';
	int result = source->mocking != NULL ? take_request(source, line, length, &error) :
	    map_line(source, line, length, &error);
	if (result != 0 && injection->troubled == NULL) {
		injection->troubled = source;
		injection->trouble = error;
		if (error.hint[0] == '\0' && source->mocking == NULL)
			pd_error_hint(&injection->trouble, "the payload was %.200s", line);
	}
	if (injection->sightings->count >= MOST_WAITING)
		pd_injector_hold(source->injector, true);
}

/* The program's name in a line for sh: the last part of its first word. */
static char *
name_of(const char *command)
{
	const char *start = command + strspn(command, " \t("), *end = start + strcspn(start, " \t;|");

	for (const char *at = start; at < end; at++) {
		if (*at == '/')
			start = at + 1;
	}
	return pd_format("%.*s", (int)(end - start), start);
}

static int
open_source(struct source *source, struct pd_loop *loop,
    const struct pd_injection_options *options, struct pd_error *error)
{
	char *name = options->name != NULL ? pd_duplicate(options->name) :
	    name_of(options->command);

	source->injector = pd_injector_new(loop, options->mock ? "mock" : "injector", name,
	    options->command, options->ready, on_line, source, error);
	if (source->injector != NULL && options->mock)
		source->mocking = pd_mocking_new(loop, source->injector, options->timeout);
	source->strict = options->strict;
	if (source->injector != NULL && options->map != NULL)
		source->mapping = pd_mapping_open(&(struct pd_mapping_options){
		    .maps = &options->map, .count = 1}, error);
	bool good = source->injector != NULL &&
	    (options->map == NULL || source->mapping != NULL);
	if (!good && error->file[0] == '\0')
		pd_error_prefix(error, "injector '%s': ", name);
	free(name);
	return good ? 0 : -1;
}

struct pd_injection *
pd_injection_new(struct pd_loop *loop, struct pd_model *model,
    const struct pd_injection_options *options, size_t count,
    struct pd_sightings *sightings, struct pd_error *error)
{
	struct pd_injection *injection = pd_allocate(1, sizeof(*injection));

	*injection = (struct pd_injection){.model = model, .sightings = sightings,
		.state = jv_invalid(), .requests = jv_array(),
		.sources = pd_allocate(count, sizeof(*injection->sources))};
	for (size_t i = 0; i < count; i++) {
		injection->sources[i].injection = injection;
		injection->count++;
		if (open_source(&injection->sources[i], loop, &options[i], error) != 0) {
			pd_injection_free(injection);
			return NULL;
		}
	}
	return injection;
}

void
pd_injection_free(struct pd_injection *injection)
{
	if (injection == NULL)
		return;
	for (size_t i = 0; i < injection->count; i++) {
		pd_mocking_free(injection->sources[i].mocking);
		if (injection->sources[i].injector != NULL)
			pd_injector_free(injection->sources[i].injector);
		pd_mapping_close(injection->sources[i].mapping);
	}
	jv_free(injection->state);
	jv_free(injection->requests);
	free(injection->sources);
	free(injection);
}

void
pd_injection_count_from(struct pd_injection *injection, int64_t epoch)
{
	injection->epoch = epoch;
}

int
pd_injection_start(struct pd_injection *injection, struct pd_error *error)
{
	for (size_t i = 0; i < injection->count; i++) {
		if (pd_injector_start(injection->sources[i].injector, error) != 0)
			return -1;
	}
	/* Who answers this listens. */
	pd_injection_tell(injection, pd_json_set_string(jv_object(), "type", "hello"));
	return 0;
}

int
pd_injection_ready(const struct pd_injection *injection, struct pd_error *error)
{
	const char *name;
	int ready = 1;

	if (pd_injection_failed(injection, &name, error) != NULL)
		return -1;
	for (size_t i = 0; i < injection->count; i++) {
		const struct source *source = &injection->sources[i];
		name = pd_injector_name(source->injector);
		if (source->mocking != NULL ?
		    pd_mocking_has_taken(source->mocking, injection->asked) :
		    pd_injector_is_ready(source->injector))
			continue;
		pd_error_set(error, source->mocking != NULL ?
		    "mock '%s' did not say that it listens" :
		    "injector '%s' wrote no line that its --inject-ready matches", name);
		ready = 0;
	}
	return ready;
}

void
pd_injection_resume(struct pd_injection *injection)
{
	for (size_t i = 0; i < injection->count &&
	    injection->sightings->count < MOST_WAITING; i++)
		pd_injector_hold(injection->sources[i].injector, false);
}

void
pd_injection_read(struct pd_injection *injection)
{
	pd_injection_resume(injection);
	for (size_t i = 0; i < injection->count; i++)
		pd_injector_read(injection->sources[i].injector);
}

const char *
pd_injection_failed(const struct pd_injection *injection, const char **name,
    struct pd_error *error)
{
	if (injection->troubled != NULL) {
		*name = pd_injector_name(injection->troubled->injector);
		*error = injection->trouble;
		return injection->troubled->mocking != NULL ? "mock_failed" : "model_error";
	}
	for (size_t i = 0; i < injection->count; i++) {
		const struct source *source = &injection->sources[i];
		*name = pd_injector_name(source->injector);
		if (pd_injector_failed(source->injector, error))
			return source->mocking != NULL ? "mock_failed" : "injector_failed";
		if (source->mocking != NULL && pd_mocking_is_silent(source->mocking, error))
			return "mock_failed";
	}
	return NULL;
}

/*
 * Mocks.
 */
bool
pd_injection_has_mocks(const struct pd_injection *injection)
{
	bool any = false;

	for (size_t i = 0; i < injection->count; i++)
		any = any || injection->sources[i].mocking != NULL;
	return any;
}

int64_t
pd_injection_tell(struct pd_injection *injection, jv line)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	int64_t ask = ++injection->asked;

	line = pd_json_set_number(line, "ask", (double)ask);
	pd_json_append_peek(&text, line);
	pd_buffer_text(&text, "\n");
	for (size_t i = 0; i < injection->count; i++) {
		if (injection->sources[i].mocking != NULL)
			pd_mocking_tell(injection->sources[i].mocking, text.data,
			    text.length, ask);
	}
	pd_buffer_free(&text);
	jv_free(line);
	return ask;
}

void
pd_injection_tell_state(struct pd_injection *injection, jv state)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	if (jv_is_valid(injection->state) &&
	    jv_identical(jv_copy(injection->state), jv_copy(state)))
		return;
	jv_free(injection->state);
	injection->state = jv_copy(state);
	jv line = pd_json_set(pd_json_set_string(jv_object(), "type", "state"), "state",
	    jv_copy(state));
	pd_json_append_peek(&text, line);
	pd_buffer_text(&text, "\n");
	for (size_t i = 0; i < injection->count; i++) {
		if (injection->sources[i].mocking != NULL)
			pd_mocking_mention(injection->sources[i].mocking, text.data,
			    text.length);
	}
	pd_buffer_free(&text);
	jv_free(line);
}

bool
pd_injection_has_taken(const struct pd_injection *injection, int64_t ask)
{
	struct pd_error ignored;
	const char *name;
	bool taken = true;

	for (size_t i = 0; i < injection->count; i++)
		taken = taken && (injection->sources[i].mocking == NULL ||
		    pd_mocking_has_taken(injection->sources[i].mocking, ask));
	return taken || pd_injection_failed(injection, &name, &ignored) != NULL;
}

jv
pd_injection_requests(struct pd_injection *injection)
{
	jv requests = injection->requests;

	injection->requests = jv_array();
	return requests;
}
