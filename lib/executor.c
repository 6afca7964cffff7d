/* SPDX-License-Identifier: MIT */
#include "executor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "call.h"
#include "gathering.h"
#include "journal.h"
#include "json.h"
#include "mutation.h"
#include "pace.h"
#include "preparation.h"
#include "projection.h"
#include "random.h"
#include "reference.h"
#include "specification.h"

enum {
	ABORT_GRACE = 500000,	/* for all of a run's teardown after a signal */
	SEARCH_MEMORY = 256 << 20,	/* for the order of a run's branches */
};

enum phase {
	PHASE_SETUP_EACH, PHASE_SETUP, PHASE_PREFIX, PHASE_BRANCHES, PHASE_SUFFIX,
	PHASE_CHECKS, PHASE_TEARDOWN, PHASE_TEARDOWN_EACH, PHASE_DONE,
};

struct run;

/* A row of commands that are executed one after another. Phases but the
 * branches have one. */
struct lane {
	struct run *run;
	const struct pd_items *items;
	size_t next;
	int branch;		/* its number, or -1 */
	struct pd_call *call;
	jv command;		/* under way, references resolved */
	jv predicted;		/* its events, or invalid */
	jv injected, times;	/* what it made visible before its answer, and when: arrays */
	struct pd_timer *delay;	/* before it is sent */
	int64_t waits;		/* paced: its place in the queue, from 1; 0 if it does not */
};

struct run {
	struct pd_executor *executor;
	const struct pd_sequence *sequence;
	size_t first_branch;	/* to be started */
	char nonce[17];
	struct pd_journal journal;
	enum phase phase;
	struct lane *lanes;
	size_t lane_count, lanes_busy;
	struct pd_pace pace;
	bool paced;		/* it was so in the beginning */
	int64_t waited;		/* places in the queue given out */
	bool asked;		/* the first in it has been told, and waits for an answer */
	jv hooks;		/* requests of the present phase, still to be sent */
	struct pd_call *hook;
	struct pd_projection projection;
	const jv *mutant;	/* borrowed, or NULL */
	struct pd_bindings bindings;
	struct pd_gathering gathering;
	bool gathers;		/* answers are gathered, and not folded yet */
	int64_t attempt;
	bool aborted;
	bool reached;		/* at least one connection was made */
	bool unreachable;
	int64_t deadline;	/* of an aborted run */
};

struct pd_executor {
	struct pd_loop *loop;
	struct pd_model *model;
	struct pd_adapter *adapter;
	struct pd_writer *writer;
	struct pd_executor_options options;
	jv attempts;		/* {run: how often it was executed} */
	jv timeouts;		/* {command: microseconds} as far as looked up */
	struct pd_preparation preparation;
	struct pd_specification *specification;	/* once a run had branches, or NULL */
	struct pd_gathering_options gathering;
	struct pd_evidence evidence;	/* of all runs */
	int unreachable;
};

static void advance(struct run *);
static void next_command(struct lane *);

/* A search that takes long must not keep a signal waiting. */
static bool
is_interrupted(void *context)
{
	const struct pd_executor *executor = context;

	return pd_loop_signal(executor->loop) != 0;
}

struct pd_executor *
pd_executor_new(struct pd_loop *loop, struct pd_model *model,
    struct pd_adapter *adapter, struct pd_writer *writer,
    const struct pd_executor_options *options)
{
	struct pd_executor *executor = pd_allocate(1, sizeof(*executor));

	*executor = (struct pd_executor){.loop = loop, .model = model,
		.adapter = adapter, .writer = writer, .options = *options,
		.attempts = jv_object(), .timeouts = jv_object(),
		.preparation = {.loop = loop, .adapter = adapter,
		.redaction = options->projection.redaction, .timeout = options->timeout,
		.health_timeout = options->health_timeout},
		.gathering = {.timeout = options->linearize_timeout,
		.max_memory = SEARCH_MEMORY, .interrupted = is_interrupted,
		.context = executor}};
	pd_evidence_start(&executor->evidence);
	return executor;
}

void
pd_executor_free(struct pd_executor *executor)
{
	if (executor == NULL)
		return;
	jv_free(executor->attempts);
	jv_free(executor->timeouts);
	pd_specification_close(executor->specification);
	pd_evidence_free(&executor->evidence);
	free(executor);
}

/*
 * Records.
 */
static struct pd_journal_place
place_of(const struct lane *lane)
{
	return (struct pd_journal_place){lane->items->list[lane->next].id,
		lane->branch};
}

static void
write_run_start(struct run *run, const char *line, size_t length)
{
	struct pd_executor *executor = run->executor;
	char key[32];

	snprintf(key, sizeof(key), "%" PRId64, run->sequence->run);
	double attempt = 1 + pd_json_peek_number(executor->attempts, key, 0);
	/* Counted for runs that come again only, or memory would grow with the
	 * stream: a run that is executed again follows itself. */
	jv_free(executor->attempts);
	executor->attempts = pd_json_set_number(jv_object(), key, attempt);
	run->attempt = (int64_t)attempt;
	pd_journal_start(&run->journal, run->attempt, run->nonce,
	    executor->options.target, line, length);
}

/*
 * A command's answer.
 */
static void
forget_command(struct lane *lane)
{
	jv_free(lane->command);
	jv_free(lane->predicted);
	jv_free(lane->injected);
	jv_free(lane->times);
	lane->command = lane->predicted = jv_invalid();
	lane->injected = jv_array();
	lane->times = jv_array();
}

static void
bind_events(struct lane *lane, jv events)
{
	struct run *run = lane->run;

	jv_array_foreach(events, i, event) {
		pd_bindings_add(&run->bindings, place_of(lane).id, event);
	}
}

static void
fail_answer(struct lane *lane, const struct pd_answer *answer)
{
	struct pd_projection *projection = &lane->run->projection;

	projection->stopping = true;
	pd_projection_fail_error(projection, answer->failure,
	    pd_json_peek_string(lane->command, "type", NULL), &answer->error,
	    place_of(lane));
}

static void
fold_answer(struct lane *lane, struct pd_answer *answer)
{
	struct run *run = lane->run;
	struct pd_journal_place place = place_of(lane);

	pd_journal_command(&run->journal, place, lane->command, answer);
	if (answer->outcome == PD_OUTCOME_OK)
		pd_projection_answer(&run->projection, lane->command, lane->predicted,
		    lane->injected, answer->events, answer->return_us, place);
	else
		fail_answer(lane, answer);
	pd_answer_free(answer);
}

/* Keep an answer, or what is known of a command that is given up (NULL), until
 * there is an order. */
static void
gather_answer(struct lane *lane, struct pd_answer *answer)
{
	if (answer != NULL && answer->outcome != PD_OUTCOME_OK)
		fail_answer(lane, answer);
	pd_gathering_take(&lane->run->gathering, place_of(lane), jv_copy(lane->command),
	    jv_copy(lane->injected), jv_copy(lane->times), answer);
}

/* Falsify the answer, if it is the one that a mutant is about. */
static void
mutate_answer(struct lane *lane, struct pd_answer *answer)
{
	const jv *mutant = lane->run->mutant;

	if (mutant == NULL || answer->outcome != PD_OUTCOME_OK ||
	    strcmp(pd_json_peek_string(*mutant, "id", ""), place_of(lane).id) != 0)
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

static void
on_answer(void *context, struct pd_answer *answer)
{
	struct lane *lane = context;
	struct run *run = lane->run;

	lane->call = NULL;
	run->reached = run->reached || !answer->unreachable;
	run->unreachable = run->unreachable || answer->unreachable;
	mutate_answer(lane, answer);
	bind_events(lane, answer->events);
	pd_projection_count(&run->projection, answer);
	if (run->gathers)
		gather_answer(lane, answer);
	else
		fold_answer(lane, answer);
	pd_pace_answered(&run->pace, place_of(lane).id);
	forget_command(lane);
	lane->next++;
	next_command(lane);
}

static void
on_inject(void *context, jv events)
{
	struct lane *lane = context;
	struct run *run = lane->run;
	int64_t now = pd_loop_now();

	bind_events(lane, events);
	jv_array_foreach(events, i, event) {
		lane->times = jv_array_append(lane->times, jv_number((double)now));
		if (!run->gathers)
			pd_projection_event(&run->projection, "injected", event, now,
			    place_of(lane));
		jv_free(event);
	}
	lane->injected = jv_array_concat(lane->injected, events);
}

/*
 * Sending commands.
 */
static int64_t
time_left(const struct run *run)
{
	int64_t left = run->deadline - pd_loop_now();

	return left > 0 ? left : 0;
}

/* What the model's entry of a command says about its timeout, 0 for nothing.
 * A fact that does not change, so each command's entry is looked at once. */
static int64_t
entry_timeout(const struct run *run, jv command)
{
	struct pd_executor *executor = run->executor;
	const char *type = pd_json_peek_string(command, "type", "");
	struct pd_error ignored;
	double timeout = pd_json_peek_number(executor->timeouts, type, -1);

	if (timeout < 0 && run->projection.folding) {
		jv commands = pd_model_commands(executor->model,
		    run->projection.fold.state, &ignored);
		jv entry = pd_json_peek(commands, type);
		timeout = 1000 * pd_json_peek_number(entry, "timeout_ms", 0);
		executor->timeouts = pd_json_set_number(executor->timeouts, type, timeout);
		jv_free(entry);
		jv_free(commands);
	}
	return timeout > 0 ? (int64_t)timeout : 0;
}

/* The command's own timeout, the model's, the adapter's, the user's. */
static int64_t
timeout_of(const struct run *run, jv command)
{
	struct pd_executor *executor = run->executor;
	int64_t timeout = entry_timeout(run, command);

	if (timeout == 0)
		timeout = pd_model_timeout(executor->model);
	if (timeout == 0)
		timeout = pd_adapter_timeout(executor->adapter);
	return timeout > 0 ? timeout : executor->options.timeout;
}

/* Go on after a command that cannot be sent. */
static void
skip_command(struct lane *lane)
{
	forget_command(lane);
	lane->next++;
	next_command(lane);
}

/* Resolve the references, and predict what is to be compared. False when it cannot
 * be sent. */
static bool
prepare_command(struct lane *lane)
{
	struct run *run = lane->run;
	const struct pd_item *item = &lane->items->list[lane->next];
	struct pd_error error = PD_ERROR_INIT;

	lane->command = pd_bindings_resolve(&run->bindings, jv_copy(item->command),
	    &error);
	if (!jv_is_valid(lane->command)) {
		/* What was not made because the run broke off needs no teardown. */
		if (run->phase != PHASE_TEARDOWN || !run->projection.stopping)
			pd_projection_fail_error(&run->projection, "ref_unresolved",
			    pd_json_peek_string(item->command, "type", NULL), &error,
			    place_of(lane));
		run->projection.stopping = true;
		return false;
	}
	bool could_fold = run->projection.folding;
	if (lane->branch < 0 && !run->gathers)
		lane->predicted = pd_projection_predict(&run->projection,
		    lane->command, place_of(lane));
	return run->projection.folding == could_fold;
}

static void
send_command(struct lane *lane)
{
	struct run *run = lane->run;
	struct pd_executor *executor = run->executor;

	if (!prepare_command(lane)) {
		skip_command(lane);
		return;
	}
	struct pd_command_context context = {run->sequence->run,
		place_of(lane).id};
	struct pd_call_options options = {
		.timeout = timeout_of(run, lane->command), .done = on_answer,
		.inject = on_inject, .context = lane,
		.redaction = executor->options.projection.redaction};
	lane->call = pd_call_command(executor->loop, executor->adapter,
	    lane->command, &context, &options);
	if (run->aborted)
		pd_call_hurry(lane->call, time_left(run));
}

static void
finish_lane(struct lane *lane)
{
	struct run *run = lane->run;

	lane->next = lane->items->count;
	if (--run->lanes_busy == 0)
		advance(run);
}

/* Teardown goes on after a failure: what it can still undo, it does. */
static bool
is_over(const struct lane *lane)
{
	const struct run *run = lane->run;

	return lane->next >= lane->items->count ||
	    (run->phase != PHASE_TEARDOWN && (run->projection.stopping || run->projection.terminated));
}

static void
go_on(struct lane *lane)
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
	struct lane *lane = context;

	lane->delay = NULL;
	go_on(lane);
}

/* A pause that follows from the run's seed, the attempt and the command, so that
 * branches meet in another way each time. */
static void
delay(struct lane *lane)
{
	struct run *run = lane->run;
	uint64_t seed = pd_seed_derive(run->sequence->seed, "jitter",
	    (uint64_t)run->attempt);
	struct pd_random random;

	pd_random_seed(&random, seed, place_of(lane).id);
	lane->delay = pd_loop_after(run->executor->loop, (int64_t)pd_random_below(
	    &random, (uint64_t)run->executor->options.jitter + 1), on_delay_over, lane);
}

static void
next_command(struct lane *lane)
{
	struct run *run = lane->run;
	bool paced = run->pace.holds && run->phase >= PHASE_PREFIX &&
	    run->phase <= PHASE_SUFFIX;

	if (paced && !is_over(lane))
		lane->waits = ++run->waited;
	else if (lane->branch >= 0 && !is_over(lane) &&
	    run->executor->options.jitter > 0)
		delay(lane);
	else
		go_on(lane);
}

static void
free_lanes(struct run *run)
{
	for (size_t i = 0; i < run->lane_count; i++) {
		jv_free(run->lanes[i].injected);
		jv_free(run->lanes[i].times);
	}
	free(run->lanes);
}

static void
start_lanes(struct run *run, const struct pd_items *items, size_t count)
{
	bool branches = run->phase == PHASE_BRANCHES;

	if (count == 0) {
		advance(run);
		return;
	}
	free_lanes(run);
	run->lanes = pd_allocate(count, sizeof(*run->lanes));
	run->lane_count = run->lanes_busy = count;
	for (size_t i = 0; i < count; i++)
		run->lanes[i] = (struct lane){.run = run, .items = &items[i],
			.branch = branches ? (int)i : -1, .command = jv_invalid(),
			.predicted = jv_invalid(), .injected = jv_array(),
			.times = jv_array()};
	for (size_t i = 0; i < count; i++)
		next_command(&run->lanes[(run->first_branch + i) % count]);
}

/*
 * Hooks.
 */
static void next_hook(struct run *);

static void
on_hook(void *context, struct pd_answer *answer)
{
	struct run *run = context;
	const char *name = run->phase == PHASE_SETUP_EACH ? "setup_each" : "teardown_each";

	run->hook = NULL;
	run->reached = run->reached || !answer->unreachable;
	run->unreachable = run->unreachable || answer->unreachable;
	if (answer->outcome != PD_OUTCOME_OK) {
		pd_error_prefix(&answer->error, "%s: ", name);
		pd_projection_fail_error(&run->projection, "setup_failed", name,
		    &answer->error, PD_NOWHERE);
		run->projection.stopping = true;
		if (run->phase == PHASE_SETUP_EACH) {
			jv_free(run->hooks);
			run->hooks = jv_array();
		}
	}
	pd_answer_free(answer);
	next_hook(run);
}

static void
next_hook(struct run *run)
{
	struct pd_executor *executor = run->executor;

	if (jv_array_length(jv_copy(run->hooks)) == 0) {
		advance(run);
		return;
	}
	jv request = jv_array_get(jv_copy(run->hooks), 0);
	run->hooks = jv_array_slice(run->hooks, 1, jv_array_length(jv_copy(run->hooks)));
	struct pd_call_options options = {.done = on_hook, .context = run,
		.timeout = executor->options.timeout,
		.redaction = executor->options.projection.redaction};
	run->hook = pd_call_hook(executor->loop, executor->adapter, request, &options);
	if (run->aborted)
		pd_call_hurry(run->hook, time_left(run));
}

static void
start_hooks(struct run *run, const char *name)
{
	struct pd_error error;

	jv_free(run->hooks);
	run->hooks = pd_adapter_hook(run->executor->adapter, name, &error);
	if (!jv_is_valid(run->hooks)) {
		pd_projection_fail_error(&run->projection, "setup_failed", name,
		    &error, PD_NOWHERE);
		run->projection.stopping = true;
		run->hooks = jv_array();
	}
	next_hook(run);
}

/* Answers of commands that run at the same time are folded in an order that
 * explains them. A run that is paced has one: its own. */
static void
begin_gathering(struct run *run)
{
	struct pd_executor *executor = run->executor;

	run->gathers = run->sequence->branch_count > 0 && !run->paced &&
	    !executor->options.no_linearize;
	if (!run->gathers)
		return;
	if (executor->specification == NULL)
		executor->specification = pd_specification_of_model(executor->model);
	pd_gathering_start(&run->gathering, &run->projection, executor->specification,
	    &executor->gathering);
}

/* Go on to the next phase. */
static void
advance(struct run *run)
{
	const struct pd_sequence *sequence = run->sequence;

	run->phase++;
	switch (run->phase) {
	case PHASE_SETUP_EACH:
		start_hooks(run, "setup_each");
		break;
	case PHASE_SETUP:
		start_lanes(run, &sequence->setup, sequence->setup.count > 0);
		break;
	case PHASE_PREFIX:
		start_lanes(run, &sequence->prefix, sequence->prefix.count > 0);
		break;
	case PHASE_BRANCHES:
		begin_gathering(run);
		start_lanes(run, sequence->branches, sequence->branch_count);
		break;
	case PHASE_SUFFIX:
		if (run->gathers)
			pd_gathering_look(&run->gathering);
		start_lanes(run, &sequence->suffix, sequence->suffix.count > 0);
		break;
	case PHASE_CHECKS:
		if (run->gathers)
			pd_gathering_finish(&run->gathering);
		run->gathers = false;
		pd_projection_check_end(&run->projection);
		advance(run);
		break;
	case PHASE_TEARDOWN:
		/* It takes apart what the checks look at. */
		run->projection.judging = false;
		start_lanes(run, &sequence->teardown, sequence->teardown.count > 0);
		break;
	case PHASE_TEARDOWN_EACH:
		start_hooks(run, "teardown_each");
		break;
	case PHASE_DONE:
		break;
	}
}

/* Teardown is under way already: it may not take much longer. */
static void
hurry(struct run *run)
{
	if (run->hook != NULL)
		pd_call_hurry(run->hook, time_left(run));
	for (size_t i = 0; i < run->lane_count; i++) {
		if (run->lanes[i].call != NULL)
			pd_call_hurry(run->lanes[i].call, time_left(run));
	}
}

static void
leave_command(struct lane *lane)
{
	if (lane->call != NULL) {
		pd_call_cancel(lane->call);
		if (lane->run->gathers)
			gather_answer(lane, NULL);
	}
	lane->call = NULL;
	pd_loop_cancel(lane->run->executor->loop, lane->delay);
	lane->delay = NULL;
	lane->waits = 0;
	forget_command(lane);
}

/*
 * A signal, or nobody who reads: leave what is under way and tear down.
 */
static void
abort_run(struct run *run)
{
	bool hooks = run->phase == PHASE_SETUP_EACH;

	run->aborted = run->projection.stopping = true;
	run->deadline = pd_loop_now() + ABORT_GRACE;
	if (run->phase >= PHASE_CHECKS) {
		hurry(run);
		return;
	}
	if (hooks && run->hook != NULL) {
		pd_call_cancel(run->hook);
		run->hook = NULL;
	}
	for (size_t i = 0; i < run->lane_count; i++)
		leave_command(&run->lanes[i]);
	run->lanes_busy = 0;
	if (run->gathers)
		pd_gathering_leave(&run->gathering);
	run->gathers = false;
	run->phase = PHASE_CHECKS;	/* what comes next is teardown */
	advance(run);
}

static bool
must_abort(const struct run *run)
{
	return !run->aborted && (pd_loop_signal(run->executor->loop) != 0 ||
	    run->executor->writer->failure != 0);
}

/*
 * Pacing. One command at a time is under way, those of branches take turns;
 * when it is over and all that came of it is written, the next one waits.
 */
static bool
is_under_way(const struct run *run)
{
	bool any = false;

	for (size_t i = 0; i < run->lane_count; i++)
		any = any || run->lanes[i].call != NULL;
	return any;
}

static struct lane *
first_waiting(const struct run *run)
{
	struct lane *first = NULL;

	for (size_t i = 0; i < run->lane_count; i++) {
		struct lane *lane = &run->lanes[i];
		if (lane->waits > 0 && (first == NULL || lane->waits < first->waits))
			first = lane;
	}
	return first;
}

/* Tell what comes next, and all that came before. */
static void
ask(struct run *run, const struct lane *lane)
{
	const struct pd_item *item = &lane->items->list[lane->next];
	struct pd_error ignored = PD_ERROR_INIT;
	jv command = pd_bindings_resolve(&run->bindings, jv_copy(item->command),
	    &ignored);

	pd_journal_pause(&run->journal, place_of(lane),
	    jv_is_valid(command) ? command : item->command);
	pd_writer_flush(run->executor->writer, &ignored);	/* must_abort sees it */
	jv_free(command);
	run->asked = true;
}

/* Let the first one go, and the others if nothing holds them any more. The last
 * of a phase may bring on the next. */
static void
let_go(struct run *run)
{
	struct lane *lane = first_waiting(run);

	run->asked = false;
	do {
		go_on(lane);
		lane = first_waiting(run);
	} while (lane != NULL &&
	    (!run->pace.holds || run->projection.stopping ||
	    run->projection.terminated));
}

/* While a command waits: hear what is said, or wait for it. */
static int
turn_waiting(struct run *run, const struct lane *lane, struct pd_error *error)
{
	const struct pd_executor_options *options = &run->executor->options;

	if (!run->asked)
		ask(run, lane);
	switch (pd_pace_take(&run->pace, options->input, error)) {
	case PD_PACE_PROCEED:
		let_go(run);
		return 0;
	case PD_PACE_WAIT:
		return pd_loop_turn_reading(run->executor->loop, options->input, error);
	case PD_PACE_END:
		pd_error_set(error, "the input ended while run %" PRId64
		    " waited for a proceed record", run->sequence->run);
		break;
	case PD_PACE_ERROR:
		break;
	}
	options->problem(options->context, error);
	abort_run(run);
	return 0;
}

static int
turn(struct run *run, struct pd_error *error)
{
	const struct lane *lane = is_under_way(run) ? NULL : first_waiting(run);

	if (lane == NULL)
		return pd_loop_turn(run->executor->loop, error);
	if (run->projection.stopping || run->projection.terminated) {
		let_go(run);
		return 0;
	}
	return turn_waiting(run, lane, error);
}

/*
 * The end of a run.
 */
static jv
make_run_end(struct run *run, const struct pd_execution *execution)
{
	char key[32];
	jv end = pd_json_set_string(jv_object(), "type", "run_end");

	snprintf(key, sizeof(key), "%" PRId64, run->sequence->run);
	end = pd_json_set_number(end, "run", (double)run->sequence->run);
	end = pd_json_set_number(end, "attempt",
	    pd_json_peek_number(run->executor->attempts, key, 1));
	end = pd_projection_run_end(&run->projection, end, run->aborted);
	if (jv_is_valid(run->gathering.verdict))
		end = pd_json_set(end, "linearization", jv_copy(run->gathering.verdict));
	if (execution->repeats && !run->aborted &&
	    !jv_is_valid(run->projection.failure))
		end = pd_json_set(end, "again", jv_true());
	return end;
}

/* What the run proved, for the question whether anything was tested. */
static void
add_evidence(struct pd_executor *executor, struct run *run)
{
	struct pd_projection *projection = &run->projection;

	for (int i = 0; i < pd_model_checks(executor->model); i++)
		projection->evidence.fired += projection->fold.fired[i];
	pd_evidence_add(&executor->evidence, &projection->evidence);
	executor->unreachable = run->unreachable && !run->reached ?
	    executor->unreachable + 1 : 0;
}

static void
free_run(struct run *run)
{
	free_lanes(run);
	pd_gathering_free(&run->gathering);
	jv_free(run->hooks);
	pd_projection_free(&run->projection);
	pd_bindings_free(&run->bindings);
	pd_pace_free(&run->pace);
}

/* Turn the loop until the run is over. */
static void
turn_until_done(struct run *run)
{
	struct pd_error error;

	while (run->phase != PHASE_DONE) {
		if (turn(run, &error) != 0) {
			pd_projection_fail_error(&run->projection, "adapter_error", NULL,
			    &error, PD_NOWHERE);
			return;
		}
		if (must_abort(run))
			abort_run(run);
	}
}

jv
pd_executor_run(struct pd_executor *executor, const struct pd_execution *execution)
{
	const struct pd_sequence *sequence = execution->sequence;
	const struct pd_executor_options *options = &executor->options;
	struct run run = {
		.executor = executor, .sequence = sequence,
		.journal = {executor->writer, options->projection.redaction,
		options->exchanges, sequence->run, pd_loop_now(), NULL},
		.first_branch = execution->first_branch,
		.hooks = jv_array(), .pace = pd_pace_start(execution->paced),
		.paced = execution->paced, .mutant = execution->mutant, .gathering = {.verdict = jv_invalid()},
	};

	snprintf(run.nonce, sizeof(run.nonce), "%016" PRIx64, pd_seed_from_entropy());
	pd_bindings_start(&run.bindings, sequence->seed, run.nonce);
	write_run_start(&run, execution->line, execution->length);
	pd_projection_start(&run.projection, executor->model, &options->projection,
	    &run.journal);
	if (run.projection.folding) {
		run.phase = PHASE_SETUP_EACH;
		start_hooks(&run, "setup_each");
		turn_until_done(&run);
	}
	jv end = make_run_end(&run, execution);
	pd_writer_record(executor->writer, jv_copy(end));
	add_evidence(executor, &run);
	free_run(&run);
	return end;
}

int
pd_executor_unreachable(const struct pd_executor *executor)
{
	return executor->unreachable;
}

int
pd_executor_begin(struct pd_executor *executor, struct pd_error *error)
{
	return pd_preparation_begin(&executor->preparation, error);
}

int
pd_executor_finish(struct pd_executor *executor, struct pd_error *error)
{
	return pd_preparation_finish(&executor->preparation, error);
}

void
pd_executor_note_empty(const struct pd_executor *executor,
    struct pd_counts *counts)
{
	const struct pd_projection_options *options = &executor->options.projection;

	pd_evidence_note_empty(&executor->evidence,
	    options->checks != PD_CHECKS_OFF, options->conform,
	    pd_model_checks(executor->model), counts);
}
