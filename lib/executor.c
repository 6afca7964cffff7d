/* SPDX-License-Identifier: MIT */
#include "executor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "execution.h"
#include "json.h"
#include "random.h"

enum {
	ABORT_GRACE = 500000,	/* for all of a run's teardown after a signal */
	SEARCH_MEMORY = 256 << 20,	/* for the order of a run's branches */
};

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
    const struct pd_executor_options *options, struct pd_error *error)
{
	struct pd_executor *executor = pd_allocate(1, sizeof(*executor));

	*executor = (struct pd_executor){.loop = loop, .model = model,
		.adapter = adapter, .writer = writer, .options = *options,
		.attempts = jv_object(),
		.preparation = {.loop = loop, .adapter = adapter,
		.redaction = options->projection.redaction, .timeout = options->timeout,
		.health_timeout = options->health_timeout},
		.gathering = {.timeout = options->linearize_timeout,
		.max_memory = SEARCH_MEMORY, .interrupted = is_interrupted,
		.context = executor}};
	pd_entries_start(&executor->entries, model);
	pd_evidence_start(&executor->evidence);
	if (options->injector_count == 0)
		return executor;
	executor->injection = pd_injection_new(loop, model, options->injectors,
	    options->injector_count, &executor->sightings, error);
	if (executor->injection == NULL) {
		pd_executor_free(executor);
		return NULL;
	}
	executor->preparation.injection = executor->injection;
	return executor;
}

void
pd_executor_free(struct pd_executor *executor)
{
	if (executor == NULL)
		return;
	jv_free(executor->attempts);
	pd_entries_free(&executor->entries);
	pd_specification_close(executor->specification);
	pd_evidence_free(&executor->evidence);
	pd_injection_free(executor->injection);
	pd_sightings_free(&executor->sightings);
	free(executor);
}

/*
 * Records.
 */
static void
write_run_start(struct pd_run *run, const char *line, size_t length)
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

int64_t
pd_run_time_left(const struct pd_run *run)
{
	int64_t left = run->deadline - pd_loop_now();

	return left > 0 ? left : 0;
}

/*
 * Hooks.
 */
static void next_hook(struct pd_run *);

static void
on_hook(void *context, struct pd_answer *answer)
{
	struct pd_run *run = context;
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
next_hook(struct pd_run *run)
{
	struct pd_executor *executor = run->executor;

	if (jv_array_length(jv_copy(run->hooks)) == 0) {
		pd_run_advance(run);
		return;
	}
	jv request = jv_array_get(jv_copy(run->hooks), 0);
	run->hooks = jv_array_slice(run->hooks, 1, jv_array_length(jv_copy(run->hooks)));
	struct pd_call_options options = {.done = on_hook, .context = run,
		.timeout = executor->options.timeout,
		.redaction = executor->options.projection.redaction};
	run->hook = pd_call_hook(executor->loop, executor->adapter, request, &options);
	if (run->aborted)
		pd_call_hurry(run->hook, pd_run_time_left(run));
}

static void
start_hooks(struct pd_run *run, const char *name)
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
begin_gathering(struct pd_run *run)
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

/* The commands are done: merge the branches, and wait for what comes from outside
 * within the grace, and until no condition is open. attend looks after that. */
static void
begin_to_settle(struct pd_run *run)
{
	const struct pd_executor *executor = run->executor;
	bool waits = executor->injection != NULL && run->projection.evidence.commands > 0;

	pd_outside_look(run);
	if (run->gathers)
		pd_gathering_finish(&run->gathering);
	run->gathers = false;
	pd_outside_note(run);
	run->settled = pd_loop_now() + (waits ? executor->options.grace : 0);
	if (pd_outside_has_settled(run))
		pd_run_advance(run);
}

/* Go on to the next phase. */
void
pd_run_advance(struct pd_run *run)
{
	const struct pd_sequence *sequence = run->sequence;

	run->phase++;
	switch (run->phase) {
	case PHASE_RESET:
		break;
	case PHASE_SETUP_EACH:
		start_hooks(run, "setup_each");
		break;
	case PHASE_SETUP:
		pd_outside_drop(run->executor);
		pd_outside_note(run);
		pd_lanes_start(run, &sequence->setup, sequence->setup.count > 0);
		break;
	case PHASE_PREFIX:
		pd_lanes_start(run, &sequence->prefix, sequence->prefix.count > 0);
		break;
	case PHASE_BRANCHES:
		begin_gathering(run);
		pd_lanes_start(run, sequence->branches, sequence->branch_count);
		break;
	case PHASE_SUFFIX:
		if (run->gathers)
			pd_gathering_look(&run->gathering);
		pd_lanes_start(run, &sequence->suffix, sequence->suffix.count > 0);
		break;
	case PHASE_SETTLE:
		begin_to_settle(run);
		break;
	case PHASE_CHECKS:
		pd_pollers_stop(&run->pollers);
		pd_projection_settle(&run->projection);
		pd_projection_check_end(&run->projection);
		pd_run_advance(run);
		break;
	case PHASE_TEARDOWN:
		/* It takes apart what the checks look at. */
		run->projection.judging = false;
		pd_lanes_start(run, &sequence->teardown, sequence->teardown.count > 0);
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
hurry(struct pd_run *run)
{
	if (run->hook != NULL)
		pd_call_hurry(run->hook, pd_run_time_left(run));
	for (size_t i = 0; i < run->lane_count; i++) {
		if (run->lanes[i].call != NULL)
			pd_call_hurry(run->lanes[i].call, pd_run_time_left(run));
	}
}

/*
 * A signal, or nobody who reads: leave what is under way and tear down.
 */
void
pd_run_abort(struct pd_run *run)
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
		pd_lane_leave(&run->lanes[i]);
	run->lanes_busy = 0;
	if (run->gathers)
		pd_gathering_leave(&run->gathering);
	run->gathers = false;
	pd_pollers_stop(&run->pollers);
	run->phase = PHASE_CHECKS;	/* what comes next is teardown */
	pd_run_advance(run);
}

static bool
must_abort(const struct pd_run *run)
{
	return !run->aborted && (pd_loop_signal(run->executor->loop) != 0 ||
	    run->executor->writer->failure != 0);
}

/*
 * The end of a run.
 */
static jv
make_run_end(struct pd_run *run, const struct pd_execution *execution)
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
add_evidence(struct pd_executor *executor, struct pd_run *run)
{
	struct pd_projection *projection = &run->projection;

	projection->evidence.fired += pd_projection_fired(projection);
	pd_evidence_add(&executor->evidence, &projection->evidence);
	executor->unreachable = run->unreachable && !run->reached ?
	    executor->unreachable + 1 : 0;
}

static void
free_run(struct pd_run *run)
{
	pd_lanes_free(run);
	pd_pollers_stop(&run->pollers);
	pd_loop_cancel(run->executor->loop, run->wake);
	pd_awaiting_free(&run->awaiting);
	pd_gathering_free(&run->gathering);
	jv_free(run->hooks);
	pd_projection_free(&run->projection);
	pd_bindings_free(&run->bindings);
	pd_pace_free(&run->pace);
}

/* Turn the loop until the run is over. */
static void
turn_until_done(struct pd_run *run)
{
	struct pd_error error;

	while (run->phase != PHASE_DONE) {
		if (pd_pacing_turn(run, &error) != 0) {
			pd_projection_fail_error(&run->projection, "adapter_error", NULL,
			    &error, PD_NOWHERE);
			return;
		}
		pd_outside_attend(run);
		pd_telling_attend(run);
		if (must_abort(run))
			pd_run_abort(run);
	}
}

jv
pd_executor_run(struct pd_executor *executor, const struct pd_execution *execution)
{
	const struct pd_sequence *sequence = execution->sequence;
	const struct pd_executor_options *options = &executor->options;
	struct pd_run run = {
		.executor = executor, .sequence = sequence,
		.journal = {executor->writer, options->projection.redaction,
		options->exchanges, sequence->run, pd_loop_now(), NULL},
		.first_branch = execution->first_branch,
		.hooks = jv_array(), .pace = pd_pace_start(execution->paced),
		.paced = execution->paced, .mutant = execution->mutant, .gathering = {.verdict = jv_invalid()},
	};

	snprintf(run.nonce, sizeof(run.nonce), "%016" PRIx64, pd_seed_from_entropy());
	pd_pollers_start(&run.pollers, &(struct pd_pollers_options){
	    .loop = executor->loop, .model = executor->model,
	    .adapter = executor->adapter, .sightings = &executor->sightings,
	    .redaction = options->projection.redaction, .timeout = options->timeout,
	    .run = sequence->run, .epoch = run.journal.started});
	if (executor->injection != NULL)
		pd_injection_count_from(executor->injection, run.journal.started);
	run.trace = (struct pd_trace){sequence->seed, run.nonce};
	pd_bindings_start(&run.bindings, sequence->seed, run.nonce);
	write_run_start(&run, execution->line, execution->length);
	pd_projection_start(&run.projection, executor->model, &options->projection,
	    &run.journal);
	if (run.projection.folding) {
		pd_telling_start(&run);
		if (pd_telling_is_over(&run))
			pd_run_advance(&run);
		turn_until_done(&run);
	}
	/* What a run that broke off did not wait for is not worth a word. */
	if (run.projection.stopping)
		pd_sightings_clear(&executor->sightings);
	jv end = make_run_end(&run, execution);
	pd_writer_record(executor->writer, jv_copy(end));
	add_evidence(executor, &run);
	pd_outside_end(&run);
	free_run(&run);
	return end;
}

const char *
pd_executor_broken(const struct pd_executor *executor)
{
	return executor->broken;
}

size_t
pd_executor_strays(const struct pd_executor *executor)
{
	return executor->strays;
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
	pd_outside_drop(executor);
	return pd_preparation_finish(&executor->preparation, error);
}

void
pd_executor_note_empty(const struct pd_executor *executor,
    struct pd_counts *counts)
{
	const struct pd_projection_options *options = &executor->options.projection;

	if (executor->options.stutter.probability > 0 && !executor->may_repeat &&
	    executor->evidence.commands > 0)
		pd_counts_problem(counts, "--stutter repeated nothing: no command that was "
		    "answered is one that %s", jv_is_valid(executor->options.stutter.commands) ?
		    "--stutter-commands names" : "the model calls idempotent");
	pd_evidence_note_empty(&executor->evidence,
	    options->checks != PD_CHECKS_OFF, options->conform,
	    pd_projection_promises(executor->model), counts);
}
