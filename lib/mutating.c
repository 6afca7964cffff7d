/* SPDX-License-Identifier: MIT */
#include "mutating.h"

#include <string.h>

#include "conform.h"
#include "difference.h"
#include "json.h"
#include "mutation.h"

/*
 * Folding with checks until one of them fails.
 */
struct judging {
	struct pd_mutated_run *run;
	struct pd_fold fold;
	jv killer;		/* {kind, name?}, or invalid */
	jv *all;		/* if not NULL, all that fail: {check: true} */
};

static jv
killed_by(const char *kind, const char *name)
{
	jv killer = pd_json_set_string(jv_object(), "kind", kind);

	return name != NULL ? pd_json_set_string(killer, "name", name) : killer;
}

static void
kill_mutant(struct judging *judging, const char *kind, const char *name)
{
	if (!jv_is_valid(judging->killer))
		judging->killer = killed_by(kind, name);
}

static int
on_checked(void *context, int check, enum pd_verdict verdict, jv message, jv data,
    const struct pd_error *error)
{
	struct judging *judging = context;
	const char *name = pd_model_check_name(judging->run->model, check);

	(void)message, (void)data, (void)error;
	if (verdict == PD_CHECK_PASSED)
		return 0;
	if (judging->all != NULL) {
		*judging->all = pd_json_set(*judging->all, name, jv_true());
		return 0;
	}
	kill_mutant(judging, verdict == PD_CHECK_FAILED ? "check_failed" : "model_error",
	    name);
	return 1;
}

static void
judge_step(struct judging *judging, enum pd_step kind, jv step)
{
	struct pd_error ignored;

	if (jv_is_valid(judging->killer))
		return;
	if (pd_fold_apply(&judging->fold, step, &ignored) != 0)
		kill_mutant(judging, "model_error", NULL);
	else
		pd_fold_check(&judging->fold, kind, step, on_checked, judging);
}

static void
judge_events(struct judging *judging, jv events)
{
	jv_array_foreach(events, i, event) {
		judge_step(judging, PD_STEP_EVENT, event);
		jv_free(event);
	}
}

/* As pd-exec does it: the model's own rule where it has one, before the command is
 * folded; otherwise the prediction. The kind of failure, or NULL. */
static const char *
compare(struct judging *judging, const struct pd_answered *answered, jv events)
{
	struct pd_model *model = judging->run->model;
	const char *type = pd_json_peek_string(answered->command, "type", "");
	struct pd_error ignored;

	if (!judging->run->conform || !answered->compared || judging->all != NULL ||
	    !pd_model_predicts(model, type))
		return NULL;
	jv predicted = pd_model_simulate(model, judging->fold.state, answered->command,
	    &ignored);
	int legal = jv_is_valid(predicted) ? pd_model_legal(model, judging->fold.state,
	    answered->command, events, &ignored) : -1;
	bool same = legal == PD_NO_RULE ? pd_conforms(predicted, events) : legal == 1;
	jv_free(predicted);
	return legal < 0 ? "model_error" : same ? NULL : "prediction_mismatch";
}

/* A command with the events that answer it. */
static void
judge_answered(struct judging *judging, const struct pd_answered *answered,
    jv events)
{
	if (jv_is_valid(judging->killer))
		return;
	const char *failure = compare(judging, answered, events);
	if (jv_is_valid(answered->command))
		judge_step(judging, PD_STEP_COMMAND, answered->command);
	judge_events(judging, events);
	if (failure != NULL)
		kill_mutant(judging, failure,
		    pd_json_peek_string(answered->command, "type", NULL));
}

static void
judge_end(struct judging *judging)
{
	if (jv_is_valid(judging->killer))
		return;
	if (pd_fold_check_at(&judging->fold, PD_TRIGGER_SETTLED, on_checked, judging) == 0)
		pd_fold_check_at(&judging->fold, PD_TRIGGER_END, on_checked, judging);
}

/* Fold all of it, and keep the folds before each answer. */
static void
fold_run(struct judging *judging)
{
	struct pd_mutated_run *run = judging->run;
	struct pd_error ignored;

	if (pd_fold_start(&judging->fold, run->model, &ignored) != 0)
		kill_mutant(judging, "model_error", NULL);
	for (size_t i = 0; i < run->count; i++) {
		pd_fold_copy(&run->list[i].before, &judging->fold);
		judge_answered(judging, &run->list[i], run->list[i].events);
	}
	pd_fold_copy(&run->after, &judging->fold);
	run->folded = true;
	judge_end(judging);
	pd_fold_free(&judging->fold);
}

int
pd_mutated_run_fold(struct pd_mutated_run *run, jv *failure)
{
	struct judging judging = {.run = run, .killer = jv_invalid()};

	fold_run(&judging);
	*failure = judging.killer;
	return jv_is_valid(judging.killer) ? 1 : 0;
}

jv
pd_mutated_run_failing(struct pd_mutated_run *run)
{
	jv failing = jv_object();
	struct judging judging = {.run = run, .killer = jv_invalid(), .all = &failing};

	fold_run(&judging);
	if (jv_is_valid(judging.killer)) {
		jv_free(failing);
		failing = jv_invalid();
	}
	jv_free(judging.killer);
	return failing;
}

/*
 * A mutant.
 */

/* Will everything from here on go as it did in the run itself? */
static bool
is_as_before(const struct pd_fold *fold, const struct pd_fold *original)
{
	for (int i = 0; i < pd_model_checks(fold->model); i++) {
		int64_t every = pd_model_trigger(fold->model, i)->every;
		if (every > 1 && fold->matched[i] % every != original->matched[i] % every)
			return false;
	}
	return jv_equal(jv_copy(fold->state), jv_copy(original->state));
}

/* Judge the mutated answer where it stands. Returns the first answer that comes
 * as it did. */
static size_t
judge_mutated(struct judging *judging, size_t answer, jv mutant)
{
	struct pd_mutated_run *run = judging->run;
	struct pd_answered *list = run->list;
	jv events = pd_mutation_apply(mutant, jv_copy(list[answer].events));
	jv nothing = jv_array();
	size_t next = answer + 1;

	switch (pd_mutation_place(mutant)) {
	case PD_MUTATION_HERE:
		judge_answered(judging, &list[answer], events);
		break;
	case PD_MUTATION_EARLY:
		judge_events(judging, events);
		judge_answered(judging, &list[answer - 1], list[answer - 1].events);
		judge_answered(judging, &list[answer], nothing);
		break;
	case PD_MUTATION_LATE:
		judge_answered(judging, &list[answer], nothing);
		judge_answered(judging, &list[answer + 1], list[answer + 1].events);
		judge_events(judging, events);
		next = answer + 2;
		break;
	}
	jv_free(nothing);
	jv_free(events);
	return next;
}

static void
start_mutant(struct judging *judging, struct pd_mutated_run *run, size_t answer,
    jv mutant)
{
	bool early = pd_mutation_place(mutant) == PD_MUTATION_EARLY;

	*judging = (struct judging){.run = run, .killer = jv_invalid()};
	pd_fold_copy(&judging->fold, &run->list[early ? answer - 1 : answer].before);
}

/* Judge the rest of the run, as far as the mutant makes a difference. */
static void
judge_rest(struct judging *judging, size_t next)
{
	struct pd_mutated_run *run = judging->run;

	for (; next < run->count && !jv_is_valid(judging->killer); next++) {
		if (is_as_before(&judging->fold, pd_mutated_run_fold_at(run, next)))
			return;
		judge_answered(judging, &run->list[next], run->list[next].events);
	}
	if (!is_as_before(&judging->fold, &run->after))
		judge_end(judging);
}

/*
 * Does any check look at what was changed, though it accepts the change? It gets
 * other values still; the state is the same.
 */
static jv
probe(jv event, const char *field, int number)
{
	switch (number) {
	case 0: return jv_object_delete(event, jv_string(field));
	case 1: return pd_json_set(event, field, jv_null());
	case 2: return pd_json_set_number(event, field, -1);
	case 3: return pd_json_set_number(event, field, 1e9);
	case 4: return pd_json_set_string(event, field, "");
	case 5: return pd_json_set_string(event, field, "another");
	case 6: return pd_json_set(event, field, jv_true());
	default:
		jv_free(event);
		return jv_invalid();
	}
}

/* Does a check of those that the event triggers fail for some value? */
static bool
is_looked_at(struct pd_mutated_run *run, const struct pd_fold *fold, jv event_peek,
    const char *field)
{
	jv failing = jv_object();

	for (int i = 0; jv_object_length(jv_copy(failing)) == 0; i++) {
		struct judging judging = {.run = run, .killer = jv_invalid(),
			.all = &failing};
		jv changed = probe(jv_copy(event_peek), field, i);
		if (!jv_is_valid(changed))
			break;
		pd_fold_copy(&judging.fold, fold);
		pd_fold_check(&judging.fold, PD_STEP_EVENT, changed, on_checked, &judging);
		pd_fold_free(&judging.fold);
		jv_free(changed);
	}
	bool looked = jv_object_length(jv_copy(failing)) > 0;
	jv_free(failing);
	return looked;
}

/* Of a mutant that changed no state: has anything seen the difference? A check that
 * was not called, or once more, with the same step in the same state, has not. */
static bool
is_seen(struct pd_mutated_run *run, size_t answer, jv mutant)
{
	const char *field = pd_json_peek_string(mutant, "field", NULL);
	int index = (int)pd_json_peek_number(mutant, "index", 0);
	struct judging judging = {.run = run, .killer = jv_invalid()};

	if (field == NULL)
		return false;
	jv event = jv_array_get(jv_copy(run->list[answer].events), index);
	pd_fold_copy(&judging.fold, pd_mutated_run_fold_at(run, answer + 1));
	bool seen = is_looked_at(run, &judging.fold, event, field);
	pd_fold_free(&judging.fold);
	jv_free(event);
	return seen;
}

/* Is the answer as good as it was? An id that the system gives out may be any other,
 * as long as nothing comes of it. */
static bool
is_renamed(struct pd_mutated_run *run, size_t answer, jv mutant)
{
	const struct pd_answered *answered = &run->list[answer];
	const char *operator = pd_json_peek_string(mutant, "operator", "");
	const char *change = pd_json_peek_string(mutant, "change", "");
	const char *field = pd_json_peek_string(mutant, "field", NULL);
	jv to = pd_json_peek(mutant, "to");
	struct pd_error ignored;
	bool fresh = field != NULL && strcmp(change, "wrong_reference") != 0 &&
	    strcmp(operator, "staleness") != 0 && (jv_get_kind(to) == JV_KIND_NUMBER ||
	    (jv_get_kind(to) == JV_KIND_STRING && strcmp(change, "empty") != 0 &&
	    strcmp(change, "blanks") != 0));

	jv_free(to);
	if (!fresh || !pd_model_predicts(run->model,
	    pd_json_peek_string(answered->command, "type", "")))
		return false;
	jv predicted = pd_model_simulate(run->model, answered->before.state,
	    answered->command, &ignored);
	if (!jv_is_valid(predicted)) {
		jv_free(predicted);
		return false;
	}
	jv event = jv_array_get(predicted, (int)pd_json_peek_number(mutant, "index", 0));
	jv value = pd_json_peek(event, field);
	bool external = pd_json_peek_bool(value, "$external", false);
	jv_free(value);
	jv_free(event);
	return external;
}

static jv
changed_paths(const struct pd_fold *fold, const struct pd_fold *original)
{
	jv changes = pd_changes(original->state, fold->state), paths = jv_array();

	jv_array_foreach(changes, i, change) {
		paths = jv_array_append(paths, pd_json_peek(change, "path"));
		jv_free(change);
	}
	jv_free(changes);
	return paths;
}

struct pd_mutant_result
pd_mutant_judge(struct pd_mutated_run *run, size_t answer, jv mutant)
{
	struct pd_mutant_result result = {.killer = jv_invalid(),
		.changes = jv_invalid()};
	struct judging judging;

	start_mutant(&judging, run, answer, mutant);
	size_t next = judge_mutated(&judging, answer, mutant);
	bool same = !jv_is_valid(judging.killer) &&
	    is_as_before(&judging.fold, pd_mutated_run_fold_at(run, next));
	if (!same && !jv_is_valid(judging.killer)) {
		result.changes = changed_paths(&judging.fold, pd_mutated_run_fold_at(run, next));
		judge_rest(&judging, next);
	}
	result.killer = judging.killer;
	if (jv_is_valid(result.killer))
		result.verdict = PD_MUTANT_KILLED;
	else if (same ? !is_seen(run, answer, mutant) : is_renamed(run, answer, mutant))
		result.verdict = PD_MUTANT_EQUIVALENT;
	else
		result.verdict = PD_MUTANT_SURVIVED;
	pd_fold_free(&judging.fold);
	return result;
}

/* Where all checks go on, only the model's own failure ends the judging. */
static void
end_judging(struct judging *judging, bool *unfolded)
{
	if (unfolded != NULL && jv_is_valid(judging->killer))
		*unfolded = true;
	jv_free(judging->killer);
	pd_fold_free(&judging->fold);
}

jv
pd_mutant_killers(struct pd_mutated_run *run, size_t answer, jv mutant, bool *unfolded)
{
	struct judging judging;
	jv failing = jv_object();

	start_mutant(&judging, run, answer, mutant);
	judging.all = &failing;
	judge_rest(&judging, judge_mutated(&judging, answer, mutant));
	end_judging(&judging, unfolded);
	return failing;
}

void
pd_mutant_result_free(struct pd_mutant_result *result)
{
	jv_free(result->killer);
	jv_free(result->changes);
}

/*
 * Readers.
 */

/* All checks that fail when the answer's events are these. */
static void
collect(struct pd_mutated_run *run, size_t answer, jv events, jv *readers, bool *unfolded)
{
	struct judging judging = {.run = run, .killer = jv_invalid(), .all = readers};

	pd_fold_copy(&judging.fold, &run->list[answer].before);
	judge_answered(&judging, &run->list[answer], events);
	for (size_t i = answer + 1; i < run->count; i++)
		judge_answered(&judging, &run->list[i], run->list[i].events);
	judge_end(&judging);
	end_judging(&judging, unfolded);
	jv_free(events);
}

jv
pd_mutant_readers(struct pd_mutated_run *run, size_t answer, int index,
    const char *field, bool *unfolded)
{
	jv events = run->list[answer].events, readers = jv_object();

	if (field == NULL) {
		jv less = jv_array_concat(jv_array_slice(jv_copy(events), 0, index),
		    jv_array_slice(jv_copy(events), index + 1,
		    jv_array_length(jv_copy(events))));
		collect(run, answer, less, &readers, unfolded);
		return readers;
	}
	for (int i = 0;; i++) {
		jv changed = probe(jv_array_get(jv_copy(events), index), field, i);
		if (!jv_is_valid(changed))
			return readers;
		collect(run, answer, jv_array_set(jv_copy(events), index, changed), &readers,
		    unfolded);
	}
}
