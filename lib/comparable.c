/* SPDX-License-Identifier: MIT */
#include "comparable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "fold.h"
#include "json.h"
#include "origin.h"
#include "reference.h"
#include "symbolic.h"

/* What is needed only while a run is laid out. */
struct layout {
	struct pd_comparable *run;
	struct pd_symbols symbols;
	jv planned;		/* {id: command} */
	jv places;		/* {id: its place among the steps} */
	jv predicted;		/* {id: [events]} */
	struct pd_model *model;
	struct pd_fold fold;
	bool folding;
};

static jv
add_items(jv planned, jv items)
{
	if (jv_get_kind(items) == JV_KIND_ARRAY) {
		jv_array_foreach(items, i, item) {
			const char *id = pd_json_peek_string(item, "id", NULL);
			if (id != NULL)
				planned = pd_json_set(planned, id,
				    pd_json_peek(item, "command"));
			jv_free(item);
		}
	}
	jv_free(items);
	return planned;
}

/* The commands of a sequence by their ids. Consumes it. */
static jv
planned_commands(jv sequence)
{
	static const char *const parts[] = {"setup", "prefix", "suffix", "teardown"};
	jv planned = jv_object();
	jv branches = pd_json_peek(sequence, "branches");

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		planned = add_items(planned, pd_json_peek(sequence, parts[i]));
	if (jv_get_kind(branches) == JV_KIND_ARRAY) {
		jv_array_foreach(branches, i, branch) {
			planned = add_items(planned, branch);
		}
	}
	jv_free(branches);
	jv_free(sequence);
	return planned;
}

/* From now on there are no states, and this is why. */
static void
stop_folding(struct layout *layout)
{
	pd_fold_free(&layout->fold);
	layout->folding = false;
}

/* What the model expects of the command in the state before it. A model that
 * cannot say has no prediction. */
static void
predict(struct layout *layout, const char *id, jv command)
{
	struct pd_error ignored;

	if (!layout->folding || !jv_is_valid(command) ||
	    !pd_model_predicts(layout->model,
	    pd_json_peek_string(command, "type", "")))
		return;
	jv events = pd_model_simulate(layout->model, layout->fold.state, command,
	    &ignored);
	if (jv_is_valid(events))
		layout->predicted = pd_json_set(layout->predicted, id, events);
}

/* The planned command as a model sees it. */
static jv
command_of(const struct layout *layout, const char *id)
{
	jv command = pd_json_peek(layout->planned, id);

	return jv_is_valid(command) ? pd_reference_unquote(command) : command;
}

static struct pd_comparable_step *
step_of(struct layout *layout, const char *id)
{
	struct pd_comparable *run = layout->run;
	double place = pd_json_peek_number(layout->places, id, -1);

	if (place >= 0)
		return &run->steps[(size_t)place];
	layout->places = pd_json_set_number(layout->places, id, (double)run->count);
	run->steps = pd_reallocate(run->steps, run->count + 1, sizeof(*run->steps));
	struct pd_comparable_step *step = &run->steps[run->count++];
	*step = (struct pd_comparable_step){.id = pd_duplicate(id),
		.command = jv_invalid(), .outcome = jv_invalid(),
		.events = jv_array(), .checks = jv_array(),
		.before = layout->folding ? jv_copy(layout->fold.state) : jv_invalid(),
		.state = jv_invalid(), .latency = -1};
	jv command = command_of(layout, id);
	predict(layout, id, command);
	jv_free(command);
	return step;
}

/* Consumes what is folded. */
static void
fold(struct layout *layout, struct pd_comparable_step *step, jv folded)
{
	if (layout->folding) {
		if (pd_fold_apply(&layout->fold, folded, &layout->run->error) == 0) {
			jv_free(step->state);
			step->state = jv_copy(layout->fold.state);
		} else {
			stop_folding(layout);
		}
	}
	jv_free(folded);
}

static void
add_command(struct layout *layout, jv record, const char *id)
{
	struct pd_comparable_step *step = step_of(layout, id);
	jv command = pd_json_peek(layout->planned, id);

	if (jv_is_valid(step->command)) {	/* a stream made by hand */
		jv_free(command);
		return;
	}
	if (!jv_is_valid(command)) {
		jv sent = pd_json_peek(record, "command");
		command = pd_symbols_event(&layout->symbols, id, 0, sent, jv_invalid(),
		    jv_invalid());
	}
	step->command = command;
	step->outcome = pd_json_peek(record, "outcome");
	step->latency = (int64_t)(pd_json_peek_number(record, "return_us", -1) -
	    pd_json_peek_number(record, "call_us", 0));
	layout->run->commands++;
	fold(layout, step, pd_reference_unquote(jv_copy(command)));
}

/* The prediction for the number-th event of a command: the one in its place,
 * or else the first of its type. */
static jv
prediction_of(const struct layout *layout, const char *id, int number, jv event)
{
	jv events = pd_json_peek(layout->predicted, id), result = jv_invalid();
	const char *type = pd_json_peek_string(event, "type", "");

	if (!jv_is_valid(events))
		return events;
	jv_array_foreach(events, i, predicted) {
		bool fits = strcmp(pd_json_peek_string(predicted, "type", "?"), type) == 0;
		if (fits && (!jv_is_valid(result) || i == number)) {
			jv_free(result);
			result = jv_copy(predicted);
		}
		jv_free(predicted);
	}
	jv_free(events);
	return result;
}

static void
add_event(struct layout *layout, jv record, const char *id)
{
	if (!pd_origin_is_folded(record))
		return;
	struct pd_comparable_step *step = step_of(layout, id);
	int number = jv_array_length(jv_copy(step->events));
	jv event = pd_json_peek(record, "event");
	jv predicted = prediction_of(layout, id, number, event);
	jv command = command_of(layout, id);

	event = pd_symbols_event(&layout->symbols, id, number, event, predicted,
	    command);
	jv_free(predicted);
	jv_free(command);
	step->events = jv_array_append(step->events, jv_copy(event));
	fold(layout, step, event);
}

static void
add_check(struct layout *layout, jv record, const char *id)
{
	if (pd_json_peek_bool(record, "pass", true))
		return;
	struct pd_comparable_step *step = step_of(layout, id);
	step->checks = jv_array_append(step->checks,
	    jv_string(pd_json_peek_string(record, "check", "")));
}

typedef void add_function(struct layout *, jv record, const char *id);

static void
add_record(struct layout *layout, jv record, add_function *add)
{
	if (jv_get_kind(record) == JV_KIND_OBJECT)
		add(layout, record, pd_json_peek_string(record, "id", ""));
	jv_free(record);
}

/* Was the event folded before the answer of this command came? Commands and
 * events are kept apart, but both have the time of their records. Within the
 * same microsecond a command comes before its own events and after others. */
static bool
comes_before(jv event, jv command)
{
	double at = pd_json_peek_number(event, "at_us", 0);
	double returned = pd_json_peek_number(command, "return_us", 0);

	return at < returned || (at == returned &&
	    strcmp(pd_json_peek_string(event, "id", ""),
	    pd_json_peek_string(command, "id", "")) != 0);
}

/* Commands and events, in the order of their records as far as it matters. */
static void
add_steps(struct layout *layout, const struct pd_recorded *run)
{
	int commands = jv_array_length(jv_copy(run->commands));
	int events = jv_array_length(jv_copy(run->events));
	int at = 0;

	for (int i = 0; i < commands; i++) {
		jv command = jv_array_get(jv_copy(run->commands), i);
		for (; at < events; at++) {
			jv event = jv_array_get(jv_copy(run->events), at);
			if (!comes_before(event, command)) {
				jv_free(event);
				break;
			}
			add_record(layout, event, add_event);
		}
		add_record(layout, command, add_command);
	}
	for (; at < events; at++)
		add_record(layout, jv_array_get(jv_copy(run->events), at), add_event);
	jv_array_foreach(run->checks, i, check) {
		add_record(layout, check, add_check);
	}
}

static struct pd_comparable
described(const struct pd_recorded *run, jv sequence)
{
	struct pd_comparable result = {
		.run = pd_json_peek(run->start, "run"),
		.attempt = pd_json_peek(run->start, "attempt"),
		.status = pd_json_peek(run->end, "status"),
		.plan = pd_json_peek(sequence, "plan"),
		.failure = pd_recorded_failure(run),
	};

	return result;
}

void
pd_comparable_make(struct pd_comparable *comparable,
    const struct pd_recorded *run, struct pd_model *model)
{
	jv sequence = pd_json_peek(run->start, "sequence");
	struct layout layout = {.run = comparable, .places = jv_object(),
		.predicted = jv_object(), .model = model};

	*comparable = described(run, sequence);
	layout.planned = planned_commands(sequence);
	pd_symbols_start(&layout.symbols, pd_recorded_references(run));
	if (model != NULL) {
		layout.folding = true;
		if (pd_fold_start(&layout.fold, model, &comparable->error) != 0)
			stop_folding(&layout);
	}
	add_steps(&layout, run);
	if (layout.folding)
		pd_fold_free(&layout.fold);
	pd_symbols_free(&layout.symbols);
	jv_free(layout.planned);
	jv_free(layout.places);
	jv_free(layout.predicted);
}

void
pd_comparable_free(struct pd_comparable *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct pd_comparable_step *step = &run->steps[i];
		free(step->id);
		jv_free(step->command);
		jv_free(step->outcome);
		jv_free(step->events);
		jv_free(step->checks);
		jv_free(step->before);
		jv_free(step->state);
	}
	free(run->steps);
	jv_free(run->run);
	jv_free(run->attempt);
	jv_free(run->status);
	jv_free(run->plan);
	jv_free(run->failure);
	*run = (struct pd_comparable){.run = jv_invalid(), .attempt = jv_invalid(),
		.status = jv_invalid(), .plan = jv_invalid(), .failure = jv_invalid()};
}

struct pd_comparable
pd_comparable_copy(const struct pd_comparable *run)
{
	struct pd_comparable copy = *run;

	copy.steps = pd_allocate(run->count, sizeof(*copy.steps));
	for (size_t i = 0; i < run->count; i++) {
		const struct pd_comparable_step *step = &run->steps[i];
		copy.steps[i] = (struct pd_comparable_step){
			.id = pd_duplicate(step->id), .command = jv_copy(step->command),
			.outcome = jv_copy(step->outcome), .events = jv_copy(step->events),
			.checks = jv_copy(step->checks), .before = jv_copy(step->before),
			.state = jv_copy(step->state), .latency = step->latency};
	}
	copy.run = jv_copy(run->run);
	copy.attempt = jv_copy(run->attempt);
	copy.status = jv_copy(run->status);
	copy.plan = jv_copy(run->plan);
	copy.failure = jv_copy(run->failure);
	return copy;
}

const struct pd_comparable_step *
pd_comparable_step(const struct pd_comparable *run, const char *id)
{
	for (size_t i = 0; i < run->count; i++)
		if (strcmp(run->steps[i].id, id) == 0)
			return &run->steps[i];
	return NULL;
}

static jv
set_if_valid(jv object, const char *key, jv value)
{
	return jv_is_valid(value) ? pd_json_set(object, key, jv_copy(value)) : object;
}

jv
pd_comparable_identity(const struct pd_comparable *run)
{
	jv identity = set_if_valid(jv_object(), "run", run->run);

	identity = set_if_valid(identity, "attempt", run->attempt);
	identity = set_if_valid(identity, "status", run->status);
	return set_if_valid(identity, "failure", run->failure);
}

int
pd_comparable_passed(const struct pd_comparable *run)
{
	return jv_get_kind(run->status) == JV_KIND_STRING &&
	    strcmp(jv_string_value(run->status), "pass") == 0;
}
