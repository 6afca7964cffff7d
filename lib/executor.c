/* SPDX-License-Identifier: MIT */
#include "executor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "call.h"
#include "conform.h"
#include "evidence.h"
#include "fold.h"
#include "journal.h"
#include "json.h"
#include "pace.h"
#include "preparation.h"
#include "random.h"
#include "reference.h"

enum {
	ABORT_GRACE = 500000,	/* for all of a run's teardown after a signal */
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
	jv injected;		/* what it made visible before its answer: an array */
	int64_t waits;		/* paced: its place in the queue, from 1; 0 if it does not */
};

struct run {
	struct pd_executor *executor;
	const struct pd_sequence *sequence;
	char nonce[17];
	struct pd_journal journal;
	enum phase phase;
	struct lane *lanes;
	size_t lane_count, lanes_busy;
	struct pd_pace pace;
	int64_t waited;		/* places in the queue given out */
	bool asked;		/* the first in it has been told, and waits for an answer */
	jv hooks;		/* requests of the present phase, still to be sent */
	struct pd_call *hook;
	struct pd_fold fold;
	bool folding;		/* the state is good; false after a model error */
	struct pd_bindings bindings;
	jv steps;		/* [{id, step}]: what was folded, for the state before */
	struct pd_evidence evidence;	/* its events count the fold order, too */
	jv failure, other_failures;
	bool stopping;		/* no further commands: failed or interrupted */
	bool aborted;
	bool terminated;	/* the model said that the run ends */
	bool reached;		/* at least one connection was made */
	bool unreachable;
	int64_t deadline;	/* of an aborted run */
	const char *checking_id;
	int checking_branch;
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
	struct pd_evidence evidence;	/* of all runs */
	int unreachable;
};

static void advance(struct run *);
static void next_command(struct lane *);

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
		.redaction = options->redaction, .timeout = options->timeout,
		.health_timeout = options->health_timeout}};
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
	pd_evidence_free(&executor->evidence);
	free(executor);
}

/*
 * Failures.
 */
static const char *
class_of(const char *kind)
{
	static const struct {
		const char *kind, *class;
	} classes[] = {
		{"check_failed", "assertion"}, {"prediction_mismatch", "assertion"},
		{"adapter_error", "execution"}, {"unexpected_reply", "execution"},
		{"command_timeout", "execution"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(classes[i].kind, kind) == 0)
			return classes[i].class;
	}
	return "framework";
}

/* Note a failure; the first one is the run's. Consumes data. */
static void
fail(struct run *run, const char *kind, const char *name, const char *message,
    jv data, const char *id, int branch)
{
	jv failure = pd_json_set_string(jv_object(), "class", class_of(kind));

	failure = pd_json_set_string(failure, "kind", kind);
	if (name != NULL)
		failure = pd_json_set_string(failure, "name", name);
	failure = pd_json_set_string(failure, "message", message);
	if (jv_is_valid(data))
		failure = pd_json_set(failure, "data",
		    pd_redact(run->executor->options.redaction, data));
	if (id != NULL)
		failure = pd_json_set_string(failure, "id", id);
	if (branch >= 0)
		failure = pd_json_set_number(failure, "branch", branch);
	if (!jv_is_valid(run->failure))
		run->failure = failure;
	else
		run->other_failures = jv_array_append(run->other_failures, failure);
}

static void
fail_error(struct run *run, const char *kind, const char *name,
    const struct pd_error *error, const char *id, int branch)
{
	char text[2560];

	fail(run, kind, name, pd_error_text(error, text, sizeof(text)),
	    jv_invalid(), id, branch);
}

/* A model that failed has lost the state: nothing more can be folded. */
static void
fail_model(struct run *run, const struct pd_error *error, const char *id,
    int branch)
{
	run->folding = false;
	run->stopping = true;
	fail_error(run, "model_error", NULL, error, id, branch);
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
	pd_journal_start(&run->journal, (int64_t)attempt, run->nonce,
	    executor->options.target, line, length);
}

static void
write_check(const struct run *run, const char *name, bool pass, jv message,
    jv data)
{
	pd_journal_check(&run->journal, (struct pd_journal_place){run->checking_id,
	    run->checking_branch}, name, pass, message, data, run->evidence.events);
}

/*
 * Folding and checking.
 */
static void
log_check(struct run *run, const char *name, jv message)
{
	char *text = pd_format("run %" PRId64 "%s%s: check %s failed%s%s",
	    run->sequence->run, run->checking_id != NULL ? ", command " : "",
	    run->checking_id != NULL ? run->checking_id : "", name,
	    jv_is_valid(message) ? ": " : "",
	    jv_is_valid(message) ? jv_string_value(message) : "");

	run->executor->options.log(text);
	free(text);
}

static int
on_checked(void *context, int check, enum pd_verdict verdict, jv message,
    jv data, const struct pd_error *error)
{
	struct run *run = context;
	const struct pd_executor_options *options = &run->executor->options;
	const char *name = pd_model_check_name(run->executor->model, check);

	if (verdict == PD_CHECK_ERROR) {
		fail_model(run, error, run->checking_id, run->checking_branch);
		return 1;
	}
	if (verdict == PD_CHECK_PASSED) {
		if (options->trace)
			write_check(run, name, true, jv_invalid(), jv_invalid());
		return 0;
	}
	write_check(run, name, false, message, data);
	if (options->checks == PD_CHECKS_LOG) {
		log_check(run, name, message);
		return 0;
	}
	char *text = jv_is_valid(message) ? pd_duplicate(jv_string_value(message)) :
	    pd_format("check %s does not hold", name);
	fail(run, "check_failed", name, text, jv_copy(data), run->checking_id,
	    run->checking_branch);
	free(text);
	if (options->checks == PD_CHECKS_RECORD)
		return 0;
	run->stopping = true;
	return 1;
}

/* Fold a command or event and run the checks that it triggers. Nothing is
 * judged in teardown: it takes apart what the checks look at. */
static void
take_step(struct run *run, enum pd_step kind, jv step, const char *id,
    int branch)
{
	struct pd_error error;
	jv noted = pd_json_set(jv_object(), "step", jv_copy(step));

	if (id != NULL)
		noted = pd_json_set_string(noted, "id", id);
	run->steps = jv_array_append(run->steps, noted);
	if (pd_fold_apply(&run->fold, step, &error) != 0) {
		fail_model(run, &error, id, branch);
		return;
	}
	if (run->executor->options.checks == PD_CHECKS_OFF ||
	    run->phase >= PHASE_TEARDOWN)
		return;
	run->checking_id = id;
	run->checking_branch = branch;
	pd_fold_check(&run->fold, kind, step, on_checked, run);
}

static void
take_event(struct run *run, const char *source, jv event, const char *id,
    int branch)
{
	run->evidence.events++;
	if (id != NULL)
		pd_bindings_add(&run->bindings, id, jv_copy(event));
	pd_journal_event(&run->journal, (struct pd_journal_place){id, branch}, source,
	    event, run->evidence.events);
	if (run->folding)
		take_step(run, PD_STEP_EVENT, event, id, branch);
}

/*
 * Conformance: what was seen against what the model predicted.
 */
static void
describe_difference(struct pd_buffer *text, const char *field, jv pair)
{
	if (jv_get_kind(pair) == JV_KIND_OBJECT) {
		char *expected = pd_json_excerpt(pd_json_peek(pair, "expected"), 80);
		char *seen = pd_json_excerpt(pd_json_peek(pair, "seen"), 80);
		pd_buffer_format(text, ", %s: expected %s, got %s", field, expected, seen);
		free(expected);
		free(seen);
	} else {
		pd_buffer_format(text, ", %s, which is kept secret", field);
	}
	jv_free(pair);
}

static void
mismatch(struct run *run, const struct lane *lane, const char *id, jv events)
{
	jv first = jv_array_get(jv_copy(lane->predicted), 0);
	jv seen = jv_array_get(jv_copy(events), 0);
	jv data = pd_json_set(jv_object(), "expected", jv_copy(lane->predicted));
	struct pd_buffer text = PD_BUFFER_INIT;

	data = pd_json_set(data, "seen", jv_copy(events));
	const char *expected_type = pd_json_peek_string(first, "type", "no event");
	const char *seen_type = pd_json_peek_string(seen, "type", "no event");
	if (strcmp(expected_type, seen_type) != 0) {
		pd_buffer_format(&text, "expected %s, got %s", expected_type, seen_type);
	} else if (jv_is_valid(first)) {
		jv fields = pd_redact(run->executor->options.redaction,
		    pd_conform_differences(first, seen));
		pd_buffer_format(&text, "%s differs from the prediction", seen_type);
		jv_object_foreach(fields, key, pair) {
			describe_difference(&text, jv_string_value(key), pair);
			jv_free(key);
		}
		data = pd_json_set(data, "fields", fields);
	} else {
		pd_buffer_text(&text, "other events than predicted");
	}
	fail(run, "prediction_mismatch",
	    pd_json_peek_string(lane->command, "type", NULL), text.data, data, id,
	    lane->branch);
	run->stopping = true;
	pd_buffer_free(&text);
	jv_free(first);
	jv_free(seen);
}

/* The model's own rule where it has one, the prediction otherwise. */
static void
judge_conformance(struct run *run, const struct lane *lane, const char *id,
    int legal, jv events, const struct pd_error *error)
{
	if (legal < 0)
		fail_model(run, error, id, lane->branch);
	else if (legal == 0 || (legal == PD_NO_RULE && !pd_conforms(lane->predicted, events)))
		mismatch(run, lane, id, events);
}

/*
 * A command's answer.
 */
static void
count_answer(struct run *run, const struct pd_answer *answer)
{
	int count = jv_array_length(jv_copy(answer->exchanges));
	jv exchange = jv_array_get(jv_copy(answer->exchanges), count - 1);
	jv reply = pd_json_peek(exchange, "reply");
	pd_evidence_answer(&run->evidence,
	    (int)pd_json_peek_number(reply, "status", 0));
	jv_free(reply);
	jv_free(exchange);
}

static void
take_events(struct run *run, struct lane *lane, const char *id, jv events)
{
	struct pd_error error = PD_ERROR_INIT;
	bool judge = run->executor->options.conform && jv_is_valid(lane->predicted) &&
	    run->phase < PHASE_TEARDOWN;
	/* What was made visible before the answer was predicted, too. */
	jv all = jv_array_concat(jv_copy(lane->injected), jv_copy(events));
	int legal = judge && run->folding ? pd_model_legal(run->executor->model,
	    run->fold.state, lane->command, all, &error) : PD_NO_RULE;

	if (run->folding)
		take_step(run, PD_STEP_COMMAND, lane->command, id, lane->branch);
	int count = jv_array_length(jv_copy(events));
	for (int i = 0; i < count; i++) {
		jv event = jv_array_get(jv_copy(events), i);
		take_event(run, "command", event, id, lane->branch);
		jv_free(event);
	}
	if (judge && !run->stopping) {
		run->evidence.judged++;
		judge_conformance(run, lane, id, legal, all, &error);
	}
	jv_free(all);
	if (run->stopping || !run->folding || run->phase >= PHASE_TEARDOWN)
		return;
	int ends = pd_model_terminates(run->executor->model, run->fold.state,
	    lane->command, events, &error);
	if (ends < 0)
		fail_model(run, &error, id, lane->branch);
	else if (ends > 0)
		run->terminated = true;
}

static void
forget_command(struct lane *lane)
{
	jv_free(lane->command);
	jv_free(lane->predicted);
	jv_free(lane->injected);
	lane->command = lane->predicted = jv_invalid();
	lane->injected = jv_array();
}

static void
on_answer(void *context, struct pd_answer *answer)
{
	struct lane *lane = context;
	struct run *run = lane->run;
	const char *id = lane->items->list[lane->next].id;

	lane->call = NULL;
	pd_journal_command(&run->journal, place_of(lane), lane->command, answer);
	count_answer(run, answer);
	run->reached = run->reached || !answer->unreachable;
	if (answer->outcome == PD_OUTCOME_OK) {
		run->evidence.commands++;
		take_events(run, lane, id, answer->events);
	} else {
		run->unreachable = run->unreachable || answer->unreachable;
		run->stopping = true;
		fail_error(run, answer->failure,
		    pd_json_peek_string(lane->command, "type", NULL),
		    &answer->error, id, lane->branch);
	}
	forget_command(lane);
	lane->next++;
	pd_pace_answered(&run->pace, id);
	pd_answer_free(answer);
	next_command(lane);
}

static void
on_inject(void *context, jv events)
{
	struct lane *lane = context;
	struct run *run = lane->run;
	const char *id = lane->items->list[lane->next].id;

	jv_array_foreach(events, i, event) {
		take_event(run, "injected", event, id, lane->branch);
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

	if (timeout < 0 && run->folding) {
		jv commands = pd_model_commands(executor->model, run->fold.state, &ignored);
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

static void
send_command(struct lane *lane)
{
	struct run *run = lane->run;
	struct pd_executor *executor = run->executor;
	const struct pd_item *item = &lane->items->list[lane->next];
	struct pd_error error = PD_ERROR_INIT;

	lane->command = pd_bindings_resolve(&run->bindings, jv_copy(item->command),
	    &error);
	if (!jv_is_valid(lane->command)) {
		/* What was not made because the run broke off needs no teardown. */
		if (run->phase != PHASE_TEARDOWN || !run->stopping)
			fail_error(run, "ref_unresolved", pd_json_peek_string(
			    item->command, "type", NULL), &error, item->id, lane->branch);
		run->stopping = true;
		skip_command(lane);
		return;
	}
	if (executor->options.conform && run->folding && lane->branch < 0 &&
	    pd_model_predicts(executor->model,
	    pd_json_peek_string(lane->command, "type", ""))) {
		lane->predicted = pd_model_simulate(executor->model, run->fold.state,
		    lane->command, &error);
		if (!jv_is_valid(lane->predicted)) {
			fail_model(run, &error, item->id, lane->branch);
			skip_command(lane);
			return;
		}
	}
	struct pd_command_context context = {run->sequence->run, item->id};
	struct pd_call_options options = {
		.timeout = timeout_of(run, lane->command), .done = on_answer,
		.inject = on_inject, .context = lane,
		.redaction = executor->options.redaction};
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
	    (run->phase != PHASE_TEARDOWN && (run->stopping || run->terminated));
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
next_command(struct lane *lane)
{
	struct run *run = lane->run;
	bool paced = run->pace.holds && run->phase >= PHASE_PREFIX &&
	    run->phase <= PHASE_SUFFIX;

	if (paced && !is_over(lane))
		lane->waits = ++run->waited;
	else
		go_on(lane);
}

static void
start_lanes(struct run *run, const struct pd_items *items, size_t count)
{
	bool branches = run->phase == PHASE_BRANCHES;

	if (count == 0) {
		advance(run);
		return;
	}
	for (size_t i = 0; i < run->lane_count; i++)
		jv_free(run->lanes[i].injected);
	free(run->lanes);
	run->lanes = pd_allocate(count, sizeof(*run->lanes));
	run->lane_count = run->lanes_busy = count;
	for (size_t i = 0; i < count; i++)
		run->lanes[i] = (struct lane){.run = run, .items = &items[i],
			.branch = branches ? (int)i : -1, .command = jv_invalid(),
			.predicted = jv_invalid(), .injected = jv_array()};
	for (size_t i = 0; i < count; i++)
		next_command(&run->lanes[i]);
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
		fail_error(run, "setup_failed", name, &answer->error, NULL, -1);
		run->stopping = true;
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
		.redaction = executor->options.redaction};
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
		fail_error(run, "setup_failed", name, &error, NULL, -1);
		run->stopping = true;
		run->hooks = jv_array();
	}
	next_hook(run);
}

static void
check_end(struct run *run)
{
	bool check = run->folding && !run->stopping &&
	    run->executor->options.checks != PD_CHECKS_OFF;

	run->checking_id = NULL;
	run->checking_branch = -1;
	if (check && pd_fold_check_at(&run->fold, PD_TRIGGER_SETTLED, on_checked,
	    run) == 0)
		pd_fold_check_at(&run->fold, PD_TRIGGER_END, on_checked, run);
	advance(run);
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
		start_lanes(run, sequence->branches, sequence->branch_count);
		break;
	case PHASE_SUFFIX:
		start_lanes(run, &sequence->suffix, sequence->suffix.count > 0);
		break;
	case PHASE_CHECKS:
		check_end(run);
		break;
	case PHASE_TEARDOWN:
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

/*
 * A signal, or nobody who reads: leave what is under way and tear down.
 */
static void
abort_run(struct run *run)
{
	bool hooks = run->phase == PHASE_SETUP_EACH;

	run->aborted = run->stopping = true;
	run->deadline = pd_loop_now() + ABORT_GRACE;
	if (run->phase >= PHASE_CHECKS) {
		hurry(run);
		return;
	}
	if (hooks && run->hook != NULL) {
		pd_call_cancel(run->hook);
		run->hook = NULL;
	}
	for (size_t i = 0; i < run->lane_count; i++) {
		struct lane *lane = &run->lanes[i];
		if (lane->call != NULL)
			pd_call_cancel(lane->call);
		lane->call = NULL;
		lane->waits = 0;
		forget_command(lane);
	}
	run->lanes_busy = 0;
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
	    (!run->pace.holds || run->stopping || run->terminated));
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
	if (run->stopping || run->terminated) {
		let_go(run);
		return 0;
	}
	return turn_waiting(run, lane, error);
}

/*
 * The end of a run.
 */
/* The state before the command that failed: everything before its first step,
 * folded again. An invalid jv when there is no such step. */
static jv
state_before(struct run *run)
{
	struct pd_fold fold;
	struct pd_error ignored;
	const char *failed = pd_json_peek_string(run->failure, "id", NULL);
	jv state = jv_invalid();

	if (failed == NULL)
		return state;
	if (pd_fold_start(&fold, run->executor->model, &ignored) == 0) {
		bool good = true;
		int count = jv_array_length(jv_copy(run->steps));
		for (int i = 0; i < count && good; i++) {
			jv noted = jv_array_get(jv_copy(run->steps), i);
			jv step = pd_json_peek(noted, "step");
			bool before = strcmp(pd_json_peek_string(noted, "id", ""), failed) != 0;
			if (before)
				good = pd_fold_apply(&fold, step, &ignored) == 0;
			jv_free(step);
			jv_free(noted);
			if (!before)
				break;
		}
		if (good)
			state = jv_copy(fold.state);
	}
	pd_fold_free(&fold);
	return state;
}

static const char *
status_of(const struct run *run)
{
	if (jv_is_valid(run->failure)) {
		const char *class = pd_json_peek_string(run->failure, "class", "");
		if (strcmp(class, "assertion") == 0)
			return "fail";
		return run->aborted ? "aborted" : "error";
	}
	return run->aborted ? "aborted" : "pass";
}

static jv
make_run_end(struct run *run)
{
	const struct pd_redaction *redaction = run->executor->options.redaction;
	bool failed = jv_is_valid(run->failure);
	char key[32];
	jv end = pd_json_set_string(jv_object(), "type", "run_end");

	snprintf(key, sizeof(key), "%" PRId64, run->sequence->run);
	end = pd_json_set_number(end, "run", (double)run->sequence->run);
	end = pd_json_set_number(end, "attempt",
	    pd_json_peek_number(run->executor->attempts, key, 1));
	end = pd_json_set_string(end, "status", status_of(run));
	if (failed)
		end = pd_json_set(end, "failure", jv_copy(run->failure));
	if (jv_array_length(jv_copy(run->other_failures)) > 0)
		end = pd_json_set(end, "other_failures", jv_copy(run->other_failures));
	end = pd_json_set_number(end, "commands", (double)run->evidence.commands);
	end = pd_json_set_number(end, "events", (double)run->evidence.events);
	end = pd_json_set(end, "fired", pd_fold_fired(&run->fold));
	if (run->evidence.answers > 0)
		end = pd_json_set(end, "answers", pd_json_set(pd_json_set_number(
		    jv_object(), "total", (double)run->evidence.answers), "refused",
		    jv_copy(run->evidence.refused)));
	end = pd_json_set_number(end, "duration_us",
	    (double)(pd_loop_now() - run->journal.started));
	jv before = failed ? state_before(run) : jv_invalid();
	if (jv_is_valid(before))
		end = pd_json_set(end, "state_before", pd_redact(redaction, before));
	if ((failed || run->executor->options.trace) && run->folding)
		end = pd_json_set(end, "state",
		    pd_redact(redaction, jv_copy(run->fold.state)));
	return end;
}

/* What the run proved, for the question whether anything was tested. */
static void
add_evidence(struct pd_executor *executor, struct run *run)
{
	for (int i = 0; i < pd_model_checks(executor->model); i++)
		run->evidence.fired += run->fold.fired[i];
	pd_evidence_add(&executor->evidence, &run->evidence);
	executor->unreachable = run->unreachable && !run->reached ?
	    executor->unreachable + 1 : 0;
}

static void
free_run(struct run *run)
{
	for (size_t i = 0; i < run->lane_count; i++)
		jv_free(run->lanes[i].injected);
	free(run->lanes);
	jv_free(run->hooks);
	pd_fold_free(&run->fold);
	pd_bindings_free(&run->bindings);
	pd_pace_free(&run->pace);
	jv_free(run->steps);
	pd_evidence_free(&run->evidence);
	jv_free(run->failure);
	jv_free(run->other_failures);
}

/* Turn the loop until the run is over. */
static void
turn_until_done(struct run *run)
{
	struct pd_error error;

	while (run->phase != PHASE_DONE) {
		if (turn(run, &error) != 0) {
			fail_error(run, "adapter_error", NULL, &error, NULL, -1);
			return;
		}
		if (must_abort(run))
			abort_run(run);
	}
}

jv
pd_executor_run(struct pd_executor *executor,
    const struct pd_sequence *sequence, bool paced, const char *line,
    size_t length)
{
	struct pd_error error = PD_ERROR_INIT;
	struct run run = {
		.executor = executor, .sequence = sequence,
		.journal = {executor->writer, executor->options.redaction,
		executor->options.exchanges, sequence->run, pd_loop_now()}, .hooks = jv_array(), .steps = jv_array(),
		.pace = pd_pace_start(paced),
		.failure = jv_invalid(),
		.other_failures = jv_array(), .checking_branch = -1,
	};

	pd_evidence_start(&run.evidence);
	snprintf(run.nonce, sizeof(run.nonce), "%016" PRIx64, pd_seed_from_entropy());
	pd_bindings_start(&run.bindings, sequence->seed, run.nonce);
	write_run_start(&run, line, length);
	run.folding = pd_fold_start(&run.fold, executor->model, &error) == 0;
	if (run.folding) {
		run.phase = PHASE_SETUP_EACH;
		start_hooks(&run, "setup_each");
		turn_until_done(&run);
	} else {
		fail_model(&run, &error, NULL, -1);
	}
	jv end = make_run_end(&run);
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
	pd_evidence_note_empty(&executor->evidence,
	    executor->options.checks != PD_CHECKS_OFF,
	    executor->options.conform, pd_model_checks(executor->model), counts);
}
