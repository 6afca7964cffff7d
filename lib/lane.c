/* SPDX-License-Identifier: MIT */
#include "execution.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "mutation.h"
#include "random.h"

struct pd_journal_place
pd_lane_place(const struct pd_lane *lane)
{
	return (struct pd_journal_place){lane->items->list[lane->next].id,
		lane->branch};
}

static void next_command(struct pd_lane *);

/*
 * A command's answer.
 */
static void
forget_command(struct pd_lane *lane)
{
	jv_free(lane->command);
	jv_free(lane->predicted);
	jv_free(lane->injected);
	jv_free(lane->times);
	jv_free(lane->first);
	lane->first = jv_invalid();
	lane->command = lane->predicted = jv_invalid();
	lane->injected = jv_array();
	lane->times = jv_array();
}

static void
bind_events(struct pd_lane *lane, jv events)
{
	struct pd_run *run = lane->run;

	jv_array_foreach(events, i, event) {
		pd_bindings_add(&run->bindings, pd_lane_place(lane).id, event);
	}
}

void
pd_lane_fail_answer(struct pd_lane *lane, const struct pd_answer *answer)
{
	struct pd_projection *projection = &lane->run->projection;

	char text[2560];

	projection->stopping = true;
	pd_projection_fail(projection, answer->failure,
	    pd_json_peek_string(lane->command, "type", NULL),
	    pd_error_text(&answer->error, text, sizeof(text)), jv_copy(answer->data),
	    pd_lane_place(lane));
}

static void
tell_events(const struct pd_lane *lane, const char *source, jv events)
{
	jv_array_foreach(events, i, event) {
		pd_telling_event(lane->run, pd_lane_place(lane), source, event);
		jv_free(event);
	}
}

static void
fold_answer(struct pd_lane *lane, struct pd_answer *answer)
{
	struct pd_run *run = lane->run;
	struct pd_journal_place place = pd_lane_place(lane);

	pd_journal_command(&run->journal, place, lane->command, answer);
	if (answer->outcome == PD_OUTCOME_OK) {
		pd_projection_pass_time(&run->projection, answer->call_us);
		pd_projection_answer(&run->projection, lane->command, lane->predicted,
		    lane->injected, answer->events, answer->return_us, place);
		tell_events(lane, "command", answer->events);
	} else {
		pd_lane_fail_answer(lane, answer);
	}
	pd_answer_free(answer);
}

/* Keep an answer, or what is known of a command that is given up (NULL), until
 * there is an order. */
static void
gather_answer(struct pd_lane *lane, struct pd_answer *answer)
{
	if (answer != NULL && answer->outcome != PD_OUTCOME_OK)
		pd_lane_fail_answer(lane, answer);
	else if (answer != NULL)
		tell_events(lane, "command", answer->events);
	pd_gathering_take(&lane->run->gathering, pd_lane_place(lane), jv_copy(lane->command),
	    jv_copy(lane->injected), jv_copy(lane->times), answer);
}

/* Falsify the answer, if it is the one that a mutant is about. */
static void
mutate_answer(struct pd_lane *lane, struct pd_answer *answer)
{
	const jv *mutant = lane->run->mutant;

	if (mutant == NULL || answer->outcome != PD_OUTCOME_OK ||
	    strcmp(pd_json_peek_string(*mutant, "id", ""), pd_lane_place(lane).id) != 0)
		return;
	jv events = pd_mutation_apply_live(*mutant, jv_copy(answer->events));
	if (!jv_is_valid(events)) {
		answer->outcome = PD_OUTCOME_ERROR;
		answer->failure = "adapter_error";
		pd_error_set(&answer->error, "%s", PD_MUTATION_NO_ROOM);
		events = jv_array();
	}
	jv_free(answer->events);
	answer->events = events;
}

/* What the command awaits from outside, now that its answer tells of what. */
static void
await_events(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	struct pd_error error;
	jv awaited = pd_model_awaits(run->executor->model, lane->command, lane->first,
	    &error);

	if (jv_is_valid(awaited)) {
		pd_awaiting_add(&run->awaiting, pd_lane_place(lane), awaited);
		return;
	}
	run->projection.stopping = true;
	pd_projection_fail_error(&run->projection, "model_error", NULL, &error,
	    pd_lane_place(lane));
}

static void
on_answer(void *context, struct pd_answer *answer)
{
	struct pd_lane *lane = context;
	struct pd_run *run = lane->run;

	lane->call = NULL;
	run->reached = run->reached || !answer->unreachable;
	run->unreachable = run->unreachable || answer->unreachable;
	mutate_answer(lane, answer);
	bind_events(lane, answer->events);
	if (answer->outcome == PD_OUTCOME_OK) {
		lane->first = jv_array_concat(jv_copy(lane->injected),
		    jv_copy(answer->events));
		await_events(lane);
	}
	pd_projection_count(&run->projection, answer);
	if (run->gathers)
		gather_answer(lane, answer);
	else
		fold_answer(lane, answer);
	if (!pd_lane_repeat(lane))
		pd_lane_finish_command(lane);
}

/* The command is over: go on with the next one. */
void
pd_lane_finish_command(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;

	pd_pace_answered(&run->pace, pd_lane_place(lane).id);
	pd_outside_look(run);
	pd_outside_pass_time(run);
	forget_command(lane);
	lane->next++;
	next_command(lane);
}

/*
 * What is known of a command beforehand.
 */
/* What the model's entry says about a command. */
const struct pd_entry *
pd_lane_entry(struct pd_run *run, jv command)
{
	return pd_entries_find(&run->executor->entries, run->projection.folding ?
	    run->projection.fold.state : jv_invalid(),
	    pd_json_peek_string(command, "type", ""));
}

/* The command's own timeout, the model's, the adapter's, the user's. */
static int64_t
timeout_of(const struct pd_executor *executor, const struct pd_entry *entry)
{
	int64_t timeout = entry->timeout;

	if (timeout == 0)
		timeout = pd_model_timeout(executor->model);
	if (timeout == 0)
		timeout = pd_adapter_timeout(executor->adapter);
	return timeout > 0 ? timeout : executor->options.timeout;
}

/* Its key is the caller's, the rest is borrowed. */
struct pd_command_context
pd_lane_context(const struct pd_lane *lane, const struct pd_entry *entry)
{
	return (struct pd_command_context){.run = lane->run->sequence->run,
		.id = pd_lane_place(lane).id, .key = jv_is_valid(entry->idempotency_key) ?
		pd_json_peek(lane->command, jv_string_value(entry->idempotency_key)) :
		jv_invalid(),
		.trace = lane->run->executor->options.traceparent ? &lane->run->trace : NULL};
}

struct pd_call_options
pd_lane_call_options(const struct pd_run *run, const struct pd_entry *entry)
{
	const struct pd_executor *executor = run->executor;

	return (struct pd_call_options){.epoch = run->journal.started,
		.timeout = timeout_of(executor, entry),
		.semantics = entry->semantics, .settle = entry->settle,
		.redaction = executor->options.projection.redaction};
}

static void
on_inject(void *context, jv events)
{
	struct pd_lane *lane = context;
	struct pd_run *run = lane->run;
	int64_t now = pd_loop_now();

	bind_events(lane, events);
	jv_array_foreach(events, i, event) {
		lane->times = jv_array_append(lane->times, jv_number((double)now));
		if (!run->gathers)
			pd_projection_event(&run->projection, "injected", event, now,
			    pd_lane_place(lane));
		jv_free(event);
	}
	tell_events(lane, "injected", events);
	lane->injected = jv_array_concat(lane->injected, events);
}

/*
 * Sending commands.
 */
/* Go on after a command that cannot be sent. */
static void
skip_command(struct pd_lane *lane)
{
	forget_command(lane);
	lane->next++;
	next_command(lane);
}

/* A command refers to what was not made. If a condition is open, that may be why, and
 * comes first if its time is up: the run goes on to where it is waited for. */
static void
fail_reference(struct pd_lane *lane, const struct pd_item *item,
    const struct pd_error *error)
{
	struct pd_run *run = lane->run;
	struct pd_projection *projection = &run->projection;
	bool waits = !run->gathers && run->phase < PHASE_SETTLE &&
	    projection->conditions.count > 0;

	bool deferring = projection->deferring;
	projection->deferring = deferring || waits;
	pd_projection_fail_error(projection, "ref_unresolved",
	    pd_json_peek_string(item->command, "type", NULL), error, pd_lane_place(lane));
	projection->deferring = deferring;
	if (waits)
		projection->terminated = true;
	else
		projection->stopping = true;
}

/* Resolve the references. False when it cannot be sent. */
static bool
resolve_command(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	const struct pd_item *item = &lane->items->list[lane->next];
	struct pd_error error = PD_ERROR_INIT;

	lane->command = pd_bindings_resolve(&run->bindings, jv_copy(item->command),
	    &error);
	if (!jv_is_valid(lane->command)) {
		/* What was not made because the run broke off needs no teardown. */
		if (run->phase != PHASE_TEARDOWN || !run->projection.stopping)
			fail_reference(lane, item, &error);
		return false;
	}
	return true;
}

/* Predict what is to be compared. False when it cannot be sent. */
static bool
predict_command(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	bool could_fold = run->projection.folding;
	if (lane->branch < 0 && !run->gathers)
		lane->predicted = pd_projection_predict(&run->projection,
		    lane->command, pd_lane_place(lane));
	return run->projection.folding == could_fold;
}

/* What configures a mock is not sent to the system, and answered by nobody. */
static void
on_configured(void *context)
{
	struct pd_lane *lane = context;
	int64_t now = pd_loop_now();
	struct pd_answer answer = {.outcome = PD_OUTCOME_OK, .events = jv_array(),
		.exchanges = jv_array(), .data = jv_invalid(), .call_us = now,
		.return_us = now};

	lane->delay = NULL;
	jv_free(lane->predicted);
	lane->predicted = jv_invalid();
	on_answer(lane, &answer);
}

/* Did the run end while mocks were told of the command? */
static bool
is_too_late(const struct pd_run *run)
{
	return run->phase != PHASE_TEARDOWN && run->projection.stopping;
}

void
pd_lane_send(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	struct pd_executor *executor = run->executor;

	lane->told = 0;
	if (is_too_late(run) || !predict_command(lane)) {
		skip_command(lane);
		return;
	}
	const struct pd_entry *entry = pd_lane_entry(run, lane->command);
	if (entry->semantics == PD_MOCK_CONFIG) {
		lane->delay = pd_loop_after(executor->loop, 0, on_configured, lane);
		return;
	}
	struct pd_command_context context = pd_lane_context(lane, entry);
	struct pd_call_options options = pd_lane_call_options(run, entry);
	options.done = on_answer;
	options.inject = on_inject;
	options.context = lane;
	lane->called = pd_loop_now();
	lane->call = pd_call_command(executor->loop, executor->adapter,
	    lane->command, &context, &options);
	jv_free(context.key);
	if (run->aborted)
		pd_call_hurry(lane->call, pd_run_time_left(run));
}

static void
send_command(struct pd_lane *lane)
{
	if (!resolve_command(lane))
		skip_command(lane);
	else if (!pd_telling_command(lane))
		pd_lane_send(lane);
}

static void
finish_lane(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;

	lane->next = lane->items->count;
	if (--run->lanes_busy == 0)
		pd_run_advance(run);
}

/* Teardown goes on after a failure: what it can still undo, it does. */
static bool
is_over(const struct pd_lane *lane)
{
	const struct pd_run *run = lane->run;

	return lane->next >= lane->items->count ||
	    (run->phase != PHASE_TEARDOWN && (run->projection.stopping || run->projection.terminated));
}

void
pd_lane_go_on(struct pd_lane *lane)
{
	lane->waits = 0;
	if (is_over(lane))
		finish_lane(lane);
	else
		send_command(lane);
}

static void
on_delay_over(void *context)
{
	struct pd_lane *lane = context;

	lane->delay = NULL;
	pd_lane_go_on(lane);
}

/* A pause that follows from the run's seed, the attempt and the command, so that
 * branches meet in another way each time. */
static void
delay(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	uint64_t seed = pd_seed_derive(run->sequence->seed, "jitter",
	    (uint64_t)run->attempt);
	struct pd_random random;

	pd_random_seed(&random, seed, pd_lane_place(lane).id);
	lane->delay = pd_loop_after(run->executor->loop, (int64_t)pd_random_below(
	    &random, (uint64_t)run->executor->options.jitter + 1), on_delay_over, lane);
}

static void
next_command(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	bool paced = run->pace.holds && run->phase >= PHASE_PREFIX &&
	    run->phase <= PHASE_SUFFIX;

	if (paced && !is_over(lane))
		lane->waits = ++run->waited;
	else if (lane->branch >= 0 && !is_over(lane) &&
	    run->executor->options.jitter > 0)
		delay(lane);
	else
		pd_lane_go_on(lane);
}

void
pd_lanes_free(struct pd_run *run)
{
	for (size_t i = 0; i < run->lane_count; i++) {
		jv_free(run->lanes[i].injected);
		jv_free(run->lanes[i].times);
	}
	free(run->lanes);
}

void
pd_lanes_start(struct pd_run *run, const struct pd_items *items, size_t count)
{
	bool branches = run->phase == PHASE_BRANCHES;

	if (count == 0) {
		pd_run_advance(run);
		return;
	}
	pd_lanes_free(run);
	run->lanes = pd_allocate(count, sizeof(*run->lanes));
	run->lane_count = run->lanes_busy = count;
	for (size_t i = 0; i < count; i++)
		run->lanes[i] = (struct pd_lane){.run = run, .items = &items[i],
			.branch = branches ? (int)i : -1, .command = jv_invalid(),
			.predicted = jv_invalid(), .first = jv_invalid(),
			.injected = jv_array(),
			.times = jv_array()};
	for (size_t i = 0; i < count; i++)
		next_command(&run->lanes[(run->first_branch + i) % count]);
}

void
pd_lane_leave(struct pd_lane *lane)
{
	if (lane->call != NULL) {
		pd_call_cancel(lane->call);
		if (lane->run->gathers)
			gather_answer(lane, NULL);
	}
	lane->call = NULL;
	if (lane->repeats != NULL)
		pd_repeats_cancel(lane->repeats);
	lane->repeats = NULL;
	pd_loop_cancel(lane->run->executor->loop, lane->delay);
	lane->delay = NULL;
	lane->waits = lane->told = 0;
	forget_command(lane);
}

