/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <string.h>

#include "admission.h"
#include "json.h"
#include "loop.h"
#include "recorded.h"

static struct pd_trial
trial_of(enum pd_trial_outcome outcome)
{
	return (struct pd_trial){outcome, jv_invalid(), jv_invalid()};
}

void
pd_trials_start(struct pd_trials *trials, struct pd_model *model,
    struct pd_runner *runner, jv failure, const struct pd_trial_limits *limits,
    pd_trial_progress *progress, void *progress_context, struct pd_error *error)
{
	*trials = (struct pd_trials){.model = model, .runner = runner,
		.limits = limits, .progress = progress,
		.progress_context = progress_context, .error = error,
		.failure = failure, .known = jv_object(), .skipped = jv_array(),
		.started = pd_loop_now()};
}

void
pd_trials_free(struct pd_trials *trials)
{
	jv_free(trials->failure);
	jv_free(trials->known);
	jv_free(trials->skipped);
}

void
pd_trial_free(struct pd_trial *trial)
{
	jv_free(trial->failure);
	jv_free(trial->refused);
}

void
pd_trials_skip(struct pd_trials *trials, jv text)
{
	trials->skipped = jv_array_append(trials->skipped, text);
}

/* No more variations. One execution is kept for seeing the sequence itself
 * fail once more, without which a variation that passed says little. */
static bool
is_over(struct pd_trials *trials)
{
	const struct pd_trial_limits *limits = trials->limits;

	if (trials->stopped == NULL && limits->max_time > 0 &&
	    pd_loop_now() - trials->started >= limits->max_time)
		trials->stopped = "max_time";
	if (trials->stopped == NULL && limits->max_runs > 0 &&
	    trials->executions + 1 >= limits->max_runs)
		trials->stopped = "max_runs";
	return trials->stopped != NULL;
}

/* What a run that was executed to its end showed. */
static struct pd_trial
judge(const struct pd_trials *trials, const struct pd_sequence *sequence,
    const struct pd_recorded *run)
{
	struct pd_trial trial = trial_of(PD_TRIAL_PASSES);

	trial.failure = pd_recorded_failure(run);
	if (jv_is_valid(trial.failure)) {
		trial.outcome = pd_stands_for(trial.failure, trials->failure, sequence) ?
		    PD_TRIAL_FAILS : PD_TRIAL_DIFFERS;
	} else if (strcmp(pd_json_peek_string(run->end, "status", ""), "pass") != 0) {
		trial.outcome = PD_TRIAL_UNKNOWN;	/* it was cut short */
	}
	return trial;
}

struct pd_trial
pd_trials_execute(struct pd_trials *trials, const struct pd_sequence *sequence,
    struct pd_buffer *lines)
{
	struct pd_recorded run;
	struct pd_trial trial = trial_of(PD_TRIAL_UNKNOWN);
	int64_t before = pd_runner_ends(trials->runner);
	enum pd_run_result result = pd_runner_run(trials->runner, sequence, lines,
	    trials->error);

	trials->executions += pd_runner_ends(trials->runner) - before;
	if (result == PD_RUN_DONE) {
		if (pd_recorded_parse(&run, lines->data, lines->length,
		    trials->error) == 0)
			trial = judge(trials, sequence, &run);
		else
			result = PD_RUN_FAILED;
		pd_recorded_free(&run);
	}
	if (result == PD_RUN_FAILED)
		trials->stopped = "runner_failed";
	else if (result == PD_RUN_INTERRUPTED)
		trials->stopped = "interrupted";
	if (trials->progress != NULL)
		trials->progress(trials->progress_context, trials->executions);
	return trial;
}

static struct pd_trial
recall(jv known)
{
	struct pd_trial trial = trial_of(
	    (enum pd_trial_outcome)pd_json_peek_number(known, "outcome", 0));

	trial.failure = pd_json_peek(known, "failure");
	jv_free(known);
	return trial;
}

static void
remember(struct pd_trials *trials, const char *plan, const struct pd_trial *trial)
{
	jv known = pd_json_set_number(jv_object(), "outcome", trial->outcome);

	if (jv_is_valid(trial->failure))
		known = pd_json_set(known, "failure", jv_copy(trial->failure));
	trials->known = pd_json_set(trials->known, plan, known);
	trials->counts[trial->outcome]++;
}

/* What the model says, or an outcome that is unknown when it admits it. */
static struct pd_trial
ask_model(struct pd_trials *trials, const struct pd_sequence *sequence)
{
	struct pd_error error = PD_ERROR_INIT;
	const char *id = NULL;
	struct pd_trial trial = trial_of(PD_TRIAL_UNKNOWN);

	if (pd_admits_sequence(trials->model, sequence, &id, &error) != 1) {
		trial.outcome = PD_TRIAL_REFUSED;
		trial.refused = pd_json_set_string(jv_object(), "reason", error.message);
		if (id != NULL)
			trial.refused = pd_json_set_string(trial.refused, "id", id);
	}
	return trial;
}

struct pd_trial
pd_trials_try(struct pd_trials *trials, const struct pd_sequence *sequence)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(sequence, plan);
	if (pd_json_has_peek(trials->known, plan))
		return recall(pd_json_peek(trials->known, plan));
	struct pd_trial trial = ask_model(trials, sequence);
	if (trial.outcome == PD_TRIAL_REFUSED) {
		trials->counts[PD_TRIAL_REFUSED]++;
	} else if (!is_over(trials)) {
		trial = pd_trials_execute(trials, sequence, &lines);
		if (jv_is_valid(trial.failure))
			trial.failure = jv_object_delete(trial.failure, jv_string("data"));
		if (trial.outcome != PD_TRIAL_UNKNOWN)
			remember(trials, plan, &trial);
	}
	pd_buffer_free(&lines);
	return trial;
}
