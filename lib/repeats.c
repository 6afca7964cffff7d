/* SPDX-License-Identifier: MIT */
#include "repeats.h"

#include <stdlib.h>

#include "buffer.h"

struct pd_repeats {
	struct pd_repeats_options options;
	jv command;
	int64_t left;
	int attempt;		/* the latest; the first one was another's */
	jv injected;		/* made visible by the present attempt */
	struct pd_timer *pause;
	struct pd_call *call;
};

static void
release(struct pd_repeats *repeats)
{
	pd_loop_cancel(repeats->options.loop, repeats->pause);
	jv_free(repeats->command);
	jv_free(repeats->options.command.key);
	jv_free(repeats->injected);
	free(repeats);
}

void
pd_repeats_cancel(struct pd_repeats *repeats)
{
	if (repeats->call != NULL)
		pd_call_cancel(repeats->call);
	release(repeats);
}

static void
on_inject(void *context, jv events)
{
	struct pd_repeats *repeats = context;

	repeats->injected = jv_array_concat(repeats->injected, events);
}

static void pause_or_end(struct pd_repeats *);

static void
on_answer(void *context, struct pd_answer *answer)
{
	struct pd_repeats *repeats = context;

	repeats->call = NULL;
	answer->events = jv_array_concat(repeats->injected, answer->events);
	repeats->injected = jv_array();
	if (!repeats->options.again(repeats->options.context, repeats->attempt, answer))
		repeats->left = 0;
	pause_or_end(repeats);
}

static void
on_pause_over(void *context)
{
	struct pd_repeats *repeats = context;
	struct pd_command_context command = repeats->options.command;
	struct pd_call_options call = repeats->options.call;

	repeats->pause = NULL;
	repeats->left--;
	command.attempt = ++repeats->attempt;
	call.done = on_answer;
	call.inject = on_inject;
	call.context = repeats;
	repeats->call = pd_call_command(repeats->options.loop, repeats->options.adapter,
	    repeats->command, &command, &call);
}

static void
pause_or_end(struct pd_repeats *repeats)
{
	const struct pd_repeats_options *options = &repeats->options;

	if (repeats->left <= 0) {
		void (*done)(void *) = options->done;
		void *context = options->context;
		release(repeats);
		done(context);
		return;
	}
	repeats->pause = pd_loop_after(options->loop, pd_stutter_pause(options->stutter,
	    options->seed, options->command.id, repeats->attempt + 1), on_pause_over,
	    repeats);
}

struct pd_repeats *
pd_repeats_start(const struct pd_repeats_options *options, jv command, int64_t times)
{
	struct pd_repeats *repeats = pd_allocate(1, sizeof(*repeats));

	*repeats = (struct pd_repeats){.options = *options, .command = jv_copy(command),
		.left = times, .attempt = 1, .injected = jv_array()};
	repeats->options.command.key = jv_copy(options->command.key);
	pause_or_end(repeats);
	return repeats;
}
