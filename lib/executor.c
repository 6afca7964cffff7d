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
#include "json.h"
#include "random.h"
#include "reference.h"

enum {
	HEALTH_PAUSE = 100000,		/* between two looks, microseconds */
	EXCHANGE_LIMIT = 1 << 20,	/* bytes of a command's requests and replies */
	FIELD_LIMIT = 1000,		/* of a field in them, when they are longer */
	ABORT_GRACE = 500000,		/* for all of a run's teardown after a signal */
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
};

struct run {
	struct pd_executor *executor;
	const struct pd_sequence *sequence;
	char nonce[17];
	int64_t started;
	enum phase phase;
	struct lane *lanes;
	size_t lane_count, lanes_busy;
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
	struct pd_evidence evidence;	/* of all runs */
	int unreachable;
	bool begun;
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
		.attempts = jv_object(), .timeouts = jv_object()};
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
static void
start_record(struct run *run, const char *type, const char *id, int branch)
{
	struct pd_writer *writer = run->executor->writer;

	pd_writer_start(writer, type);
	pd_writer_number(writer, "run", run->sequence->run);
	if (id != NULL)
		pd_writer_string(writer, "id", id);
	if (branch >= 0)
		pd_writer_number(writer, "branch", branch);
}

/* A value of the model's or the system's, without its secrets. */
static void
write_value(struct run *run, const char *name, jv value)
{
	jv shown = pd_redact(run->executor->options.redaction, jv_copy(value));

	pd_writer_json_peek(run->executor->writer, name, shown);
	jv_free(shown);
}

static void
write_run_start(struct run *run, const char *line, size_t length)
{
	struct pd_writer *writer = run->executor->writer;
	char key[32];

	snprintf(key, sizeof(key), "%" PRId64, run->sequence->run);
	double attempt = 1 + pd_json_peek_number(run->executor->attempts, key, 0);
	/* Counted for runs that come again only, or memory would grow with the
	 * stream: a run that is executed again follows itself. */
	jv_free(run->executor->attempts);
	run->executor->attempts = pd_json_set_number(jv_object(), key, attempt);
	pd_writer_start(writer, "run_start");
	pd_writer_number(writer, "run", run->sequence->run);
	pd_writer_number(writer, "attempt", (int64_t)attempt);
	pd_writer_string(writer, "nonce", run->nonce);
	if (run->executor->options.target != NULL)
		pd_writer_string(writer, "target", run->executor->options.target);
	pd_buffer_text(&writer->buffer, ",\"sequence\":");
	pd_buffer_append(&writer->buffer, line, length);
	pd_writer_finish(writer);
}

/* A request or reply with its long fields cut; "cut" names them. */
static jv
cut_long_fields(jv message)
{
	jv result = jv_object(), names = jv_array();

	jv_object_foreach(message, name, value) {
		jv text = jv_dump_string(jv_copy(value), 0);
		if (jv_string_length_bytes(text) > FIELD_LIMIT) {
			char *excerpt = pd_json_excerpt(value, FIELD_LIMIT);
			value = jv_string(excerpt);
			free(excerpt);
			names = jv_array_append(names, jv_copy(name));
		}
		result = jv_object_set(result, name, value);
	}
	jv_free(message);
	return pd_json_set(result, "cut", names);
}

static jv
cut_exchanges(jv exchanges)
{
	int count = jv_array_length(jv_copy(exchanges));

	for (int i = 0; i < count; i++) {
		jv exchange = jv_array_get(jv_copy(exchanges), i);
		jv request = pd_json_peek(exchange, "request");
		jv reply = pd_json_peek(exchange, "reply");
		exchange = pd_json_set(exchange, "request", cut_long_fields(request));
		if (jv_is_valid(reply))
			exchange = pd_json_set(exchange, "reply", cut_long_fields(reply));
		exchanges = jv_array_set(exchanges, i, exchange);
	}
	return exchanges;
}

/* Requests and replies, cut where their line would be longer than readers
 * take. */
static void
write_exchanges(struct run *run, jv exchanges)
{
	struct pd_writer *writer = run->executor->writer;
	jv shown = pd_redact_exchanges(run->executor->options.redaction,
	    jv_copy(exchanges));
	size_t start = writer->buffer.length;

	pd_writer_json_peek(writer, "exchange", shown);
	if (writer->buffer.length - start > EXCHANGE_LIMIT) {
		writer->buffer.length = start;
		shown = cut_exchanges(shown);
		pd_writer_json_peek(writer, "exchange", shown);
	}
	jv_free(shown);
}

static void
write_command(struct run *run, const struct lane *lane, const char *id,
    const struct pd_answer *answer)
{
	struct pd_writer *writer = run->executor->writer;
	char text[2560];

	start_record(run, "command", id, lane->branch);
	write_value(run, "command", lane->command);
	pd_writer_number(writer, "call_us", answer->call_us - run->started);
	pd_writer_number(writer, "return_us", answer->return_us - run->started);
	pd_writer_string(writer, "outcome", pd_outcome_name(answer->outcome));
	pd_writer_number(writer, "attempts", answer->attempts);
	if (answer->outcome != PD_OUTCOME_OK)
		pd_writer_string(writer, "reason",
		    pd_error_text(&answer->error, text, sizeof(text)));
	if (run->executor->options.exchanges)
		write_exchanges(run, answer->exchanges);
	pd_writer_finish(writer);
}

static void
write_event(struct run *run, const char *source, const char *id, int branch,
    jv event)
{
	struct pd_writer *writer = run->executor->writer;

	start_record(run, "event", id, branch);
	pd_writer_string(writer, "source", source);
	write_value(run, "event", event);
	pd_writer_number(writer, "at_us", pd_loop_now() - run->started);
	pd_writer_number(writer, "n", run->evidence.events);
	pd_writer_finish(writer);
}

static void
write_check(struct run *run, const char *name, bool pass, jv message, jv data)
{
	struct pd_writer *writer = run->executor->writer;

	start_record(run, "check", run->checking_id, run->checking_branch);
	pd_writer_string(writer, "check", name);
	pd_writer_bool(writer, "pass", pass);
	pd_writer_json_peek(writer, "message", message);
	if (jv_is_valid(data))
		write_value(run, "data", data);
	pd_writer_number(writer, "n", run->evidence.events);
	pd_writer_finish(writer);
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
	write_event(run, source, id, branch, event);
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
	write_command(run, lane, id, answer);
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

static void
next_command(struct lane *lane)
{
	struct run *run = lane->run;
	bool teardown = run->phase == PHASE_TEARDOWN;

	/* Teardown goes on after a failure: what it can still undo, it does. */
	if (lane->next >= lane->items->count ||
	    (!teardown && (run->stopping || run->terminated)))
		finish_lane(lane);
	else
		send_command(lane);
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
	    (double)(pd_loop_now() - run->started));
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
		if (pd_loop_turn(run->executor->loop, &error) != 0) {
			fail_error(run, "adapter_error", NULL, &error, NULL, -1);
			return;
		}
		if (must_abort(run))
			abort_run(run);
	}
}

jv
pd_executor_run(struct pd_executor *executor,
    const struct pd_sequence *sequence, const char *line, size_t length)
{
	struct pd_error error = PD_ERROR_INIT;
	struct run run = {
		.executor = executor, .sequence = sequence,
		.started = pd_loop_now(), .hooks = jv_array(), .steps = jv_array(),
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

/*
 * Before and after all runs.
 */
struct waiting {
	bool done;
	bool succeeded;
	struct pd_error error;
};

static void
on_waited(void *context, struct pd_answer *answer)
{
	struct waiting *waiting = context;

	waiting->done = true;
	waiting->succeeded = answer->outcome == PD_OUTCOME_OK;
	waiting->error = answer->error;
	pd_answer_free(answer);
}

/* Send one hook request and wait. 1 when it succeeded, 0 when not, -1 when the
 * loop failed or a signal came. */
static int
send_and_wait(struct pd_executor *executor, jv request, int64_t timeout,
    struct pd_error *error)
{
	struct waiting waiting = {0};
	struct pd_call_options options = {.timeout = timeout, .done = on_waited,
		.context = &waiting, .redaction = executor->options.redaction};
	int signal_before = pd_loop_signal(executor->loop);
	struct pd_call *call = pd_call_hook(executor->loop, executor->adapter,
	    request, &options);
	pd_call_hurry(call, timeout);

	while (!waiting.done) {
		if (pd_loop_turn(executor->loop, error) != 0 ||
		    pd_loop_signal(executor->loop) != signal_before) {
			pd_call_cancel(call);
			return -1;
		}
	}
	*error = waiting.error;
	return waiting.succeeded;
}

static void
on_pause(void *context)
{
	*(bool *)context = true;
}

static int
pause_a_little(struct pd_executor *executor, struct pd_error *error)
{
	bool over = false;
	struct pd_timer *timer = pd_loop_after(executor->loop, HEALTH_PAUSE,
	    on_pause, &over);

	while (!over) {
		if (pd_loop_turn(executor->loop, error) != 0)
			return -1;
		if (pd_loop_signal(executor->loop) != 0 && !over) {
			pd_loop_cancel(executor->loop, timer);
			return -1;
		}
	}
	return 0;
}

static int
wait_until_healthy(struct pd_executor *executor, struct pd_error *error)
{
	int64_t deadline = pd_loop_now() + executor->options.health_timeout;
	jv requests = pd_adapter_hook(executor->adapter, "health", error);
	int result = -1;

	if (!jv_is_valid(requests))
		return -1;
	int count = jv_array_length(jv_copy(requests));
	for (;;) {
		int healthy = 1;
		for (int i = 0; i < count && healthy == 1; i++) {
			int64_t left = deadline - pd_loop_now();
			healthy = send_and_wait(executor, jv_array_get(jv_copy(requests), i),
			    left > HEALTH_PAUSE ? left : HEALTH_PAUSE, error);
		}
		if (healthy == 1)
			result = 0;
		if (healthy != 0 || pause_a_little(executor, error) != 0 ||
		    pd_loop_now() >= deadline)
			break;
	}
	jv_free(requests);
	if (result != 0 && pd_loop_signal(executor->loop) == 0) {
		char text[1024];
		struct pd_error last = *error;
		pd_error_set(error, "the system did not become healthy within %g s: %s",
		    (double)executor->options.health_timeout / 1e6,
		    pd_error_text(&last, text, sizeof(text)));
		pd_error_hint(error, "--health-timeout gives it longer");
	}
	return result;
}

static int
run_hooks_once(struct pd_executor *executor, const char *name,
    struct pd_error *error)
{
	jv requests = pd_adapter_hook(executor->adapter, name, error);
	int result = 0;

	if (!jv_is_valid(requests))
		return pd_error_prefix(error, "%s: ", name);
	int count = jv_array_length(jv_copy(requests));
	for (int i = 0; i < count && result == 0; i++) {
		if (send_and_wait(executor, jv_array_get(jv_copy(requests), i),
		    pd_loop_signal(executor->loop) != 0 ? ABORT_GRACE / 2 :
		    executor->options.timeout, error) != 1)
			result = pd_error_prefix(error, "%s: ", name);
	}
	jv_free(requests);
	return result;
}

static int
start_adapter(struct pd_executor *executor, struct pd_error *error)
{
	int64_t deadline = pd_loop_now() + executor->options.health_timeout;
	int ready;

	if (pd_adapter_start(executor->adapter, error) != 0)
		return -1;
	while ((ready = pd_adapter_ready(executor->adapter, error)) == 0) {
		if (pd_loop_now() > deadline) {
			pd_error_set(error, "the adapter did not answer its greeting");
			return pd_error_hint(error, "it must answer every line with one "
			    "that has the same id; --health-timeout gives it longer");
		}
		/* A timer, so that the turn ends even if nothing comes. */
		if (pause_a_little(executor, error) != 0)
			return -1;
	}
	return ready == 1 ? 0 : -1;
}

int
pd_executor_begin(struct pd_executor *executor, struct pd_error *error)
{
	*error = (struct pd_error)PD_ERROR_INIT;
	if (start_adapter(executor, error) != 0 ||
	    wait_until_healthy(executor, error) != 0)
		return -1;
	executor->begun = true;
	return run_hooks_once(executor, "setup_once", error);
}

int
pd_executor_finish(struct pd_executor *executor, struct pd_error *error)
{
	return executor->begun ? run_hooks_once(executor, "teardown_once", error) : 0;
}

void
pd_executor_note_empty(const struct pd_executor *executor,
    struct pd_counts *counts)
{
	pd_evidence_note_empty(&executor->evidence,
	    executor->options.checks != PD_CHECKS_OFF,
	    executor->options.conform, pd_model_checks(executor->model), counts);
}
