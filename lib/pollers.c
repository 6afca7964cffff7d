/* SPDX-License-Identifier: MIT */
#include "pollers.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "call.h"
#include "json.h"

struct pd_poller {
	struct pd_pollers *pollers;
	struct pd_poller *next;
	uint64_t window;	/* its serial */
	int condition;
	char *id;		/* of the command that opened it, or NULL */
	struct pd_timer *timer;
	bool due;		/* its commands are to be sent */
	int64_t planned;	/* when they were to be, the last time */
	jv commands;		/* to be sent yet, an array */
	jv command;		/* under way */
	struct pd_call *call;
};

void
pd_pollers_start(struct pd_pollers *pollers, const struct pd_pollers_options *options)
{
	*pollers = (struct pd_pollers){.options = *options};
}

static void
release(struct pd_poller *poller)
{
	if (poller->call != NULL)
		pd_call_cancel(poller->call);
	pd_loop_cancel(poller->pollers->options.loop, poller->timer);
	jv_free(poller->commands);
	jv_free(poller->command);
	free(poller->id);
	free(poller);
}

static void
fail(struct pd_poller *poller, const char *kind, const char *name,
    const struct pd_error *error)
{
	struct pd_pollers *pollers = poller->pollers;

	if (pollers->kind != NULL)
		return;
	pollers->kind = kind;
	pollers->error = *error;
	pollers->name = name != NULL ? pd_duplicate(name) : NULL;
	pollers->id = poller->id != NULL ? pd_duplicate(poller->id) : NULL;
}

static void
on_due(void *context)
{
	struct pd_poller *poller = context;

	poller->timer = NULL;
	poller->due = true;
}

/* The next time, an interval after the last one was planned. */
static void
plan_next(struct pd_poller *poller)
{
	const struct pd_pollers_options *options = &poller->pollers->options;
	int64_t now = pd_loop_now();

	poller->planned += pd_model_condition(options->model, poller->condition)->interval;
	if (poller->planned < now)
		poller->planned = now;
	poller->timer = pd_loop_after(options->loop, poller->planned - now, on_due, poller);
}

static void
add_sightings(struct pd_poller *poller, jv events)
{
	int64_t now = pd_loop_now();

	jv_array_foreach(events, i, event) {
		pd_sightings_add(poller->pollers->options.sightings,
		    (struct pd_sighting){.source = "poll", .event = event, .at = now,
		    .id = poller->id != NULL ? pd_duplicate(poller->id) : NULL});
	}
	jv_free(events);
}

static void send_next(struct pd_poller *);

static void
on_answer(void *context, struct pd_answer *answer)
{
	struct pd_poller *poller = context;

	poller->call = NULL;
	if (answer->outcome == PD_OUTCOME_OK)
		add_sightings(poller, jv_copy(answer->events));
	else if (answer->outcome != PD_OUTCOME_RETRY)
		fail(poller, answer->failure,
		    pd_json_peek_string(poller->command, "type", NULL), &answer->error);
	pd_answer_free(answer);
	if (poller->pollers->kind == NULL)
		send_next(poller);
}

static void
on_inject(void *context, jv events)
{
	add_sightings(context, events);
}

static void
send_next(struct pd_poller *poller)
{
	const struct pd_pollers_options *options = &poller->pollers->options;

	if (jv_array_length(jv_copy(poller->commands)) == 0) {
		plan_next(poller);
		return;
	}
	jv_free(poller->command);
	poller->command = jv_array_get(jv_copy(poller->commands), 0);
	poller->commands = jv_array_slice(poller->commands, 1,
	    jv_array_length(jv_copy(poller->commands)));
	struct pd_command_context context = {.run = options->run, .id = poller->id,
	    .key = jv_invalid()};
	struct pd_call_options call = {.timeout = options->timeout, .once = true,
		.epoch = options->epoch,
		.done = on_answer, .inject = on_inject, .context = poller,
		.redaction = options->redaction};
	poller->call = pd_call_command(options->loop, options->adapter, poller->command,
	    &context, &call);
}

static void
send_due(struct pd_poller *poller, const struct pd_window *window, jv state)
{
	struct pd_error error;

	poller->due = false;
	jv_free(poller->commands);
	poller->commands = pd_model_polls(poller->pollers->options.model,
	    window->condition, state, window->step, &error);
	if (jv_is_valid(poller->commands))
		send_next(poller);
	else
		fail(poller, "model_error", NULL, &error);
}

static struct pd_poller *
find(const struct pd_pollers *pollers, uint64_t window)
{
	struct pd_poller *poller = pollers->list;

	while (poller != NULL && poller->window != window)
		poller = poller->next;
	return poller;
}

static struct pd_poller *
add(struct pd_pollers *pollers, const struct pd_window *window)
{
	struct pd_poller *poller = pd_allocate(1, sizeof(*poller));

	*poller = (struct pd_poller){.pollers = pollers, .next = pollers->list,
		.window = window->serial, .condition = window->condition,
		.id = window->id != NULL ? pd_duplicate(window->id) : NULL,
		.due = true, .planned = pd_loop_now(),
		.commands = jv_array(), .command = jv_invalid()};
	pollers->list = poller;
	return poller;
}

static bool
is_open(const struct pd_conditions *conditions, uint64_t window)
{
	for (size_t i = 0; i < conditions->count; i++) {
		if (conditions->windows[i].serial == window)
			return true;
	}
	return false;
}

static void
end_closed(struct pd_pollers *pollers, const struct pd_conditions *conditions)
{
	for (struct pd_poller **link = &pollers->list; *link != NULL;) {
		struct pd_poller *poller = *link;
		if (is_open(conditions, poller->window)) {
			link = &poller->next;
		} else {
			*link = poller->next;
			release(poller);
		}
	}
}

void
pd_pollers_update(struct pd_pollers *pollers, const struct pd_conditions *conditions,
    jv state)
{
	end_closed(pollers, conditions);
	for (size_t i = 0; i < conditions->count && pollers->kind == NULL; i++) {
		const struct pd_window *window = &conditions->windows[i];
		if (pd_model_condition(conditions->model, window->condition)->poll < 0)
			continue;
		struct pd_poller *poller = find(pollers, window->serial);
		if (poller == NULL)
			poller = add(pollers, window);
		if (poller->due)
			send_due(poller, window, state);
	}
}

void
pd_pollers_stop(struct pd_pollers *pollers)
{
	while (pollers->list != NULL) {
		struct pd_poller *poller = pollers->list;
		pollers->list = poller->next;
		release(poller);
	}
	free(pollers->name);
	free(pollers->id);
	pollers->name = pollers->id = NULL;
	pollers->kind = NULL;
}
