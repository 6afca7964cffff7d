/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "generate.h"
#include "hash.h"
#include "json.h"
#include "loop.h"
#include "random.h"
#include "recorded.h"
#include "refusal.h"

enum {
	MINIMUM = 1, MAXIMUM = 50,	/* commands of a run, when nothing is recorded */
	MOST = 100000,			/* that pd-gen takes */
};

static const char *const fixes[] = {
	[PD_FIX_VERIFIED] = "verified",
	[PD_FIX_STILL_FAILING] = "still_failing",
	[PD_FIX_PARTIAL] = "partially_fixed",
	[PD_FIX_FLAKY] = "flaky",
	[PD_FIX_UNDECIDED] = "undecided",
};

enum outcome { NOT_EXECUTED = -1, PASSES, FAILS, OTHER, ERROR };

/* What came of the runs of one part. */
struct tally {
	int64_t runs;
	int64_t by[ERROR + 1];	/* outcome */
};

struct verification {
	const struct pd_verifier *by;
	jv record;		/* of the failure, borrowed */
	jv cause;
	struct tally original, shrunk, variations, similar;
	bool has_shrunk;
	jv seeds, files;	/* those that failed: numbers, places */
	jv others;		/* {"kind name": runs}: other failures */
	jv changes;		/* what is not as it was in the model: strings */
	int64_t fired;		/* how often the check of the failure's name was run */
	int64_t answers, refused;	/* with a status; 401, 403, 404, 429 and 5xx */
	int64_t executions, left_out, started;
	struct pd_refusals refusals;	/* of the recording */
	char reason[1024];	/* the first one why nothing is proved, or empty */
	enum pd_run_result outcome;
	struct pd_error *error;
};

/* The first reason counts: what came later mostly follows from it. */
static void __attribute__((format(printf, 2, 3)))
doubt(struct verification *verification, const char *format, ...)
{
	va_list arguments;

	if (verification->reason[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(verification->reason, sizeof(verification->reason), format, arguments);
	va_end(arguments);
}

/*
 * What the recording says.
 */
static void
note_change(struct verification *verification, jv text)
{
	verification->changes = jv_array_append(verification->changes, text);
}

/* 1 when the hash is the recorded one, 0 when not, -1 when none is recorded. */
static int
model_is_recorded(const struct verification *verification)
{
	jv now = pd_model_identity(verification->by->model);
	jv then = pd_json_peek(verification->record, "model");
	const char *recorded = pd_json_peek_string(then, "sha256", NULL);
	int same = recorded == NULL ? -1 :
	    strcmp(recorded, pd_json_peek_string(now, "sha256", "")) == 0;

	jv_free(now);
	jv_free(then);
	return same;
}

/* A plan of the model as it was may be none of the model as it is. A model that
 * has not changed is not asked: plans may be written by hand. */
static void
note_refused_plan(struct verification *verification,
    const struct pd_sequence *sequence, const char *which)
{
	struct pd_error error;
	const char *id = NULL;

	if (pd_admits_sequence(verification->by->model, sequence, &id,
	    &error) == 1)
		return;
	note_change(verification, jv_string_fmt(
	    "it would not generate the %s sequence any more: %s%s%s", which,
	    id != NULL ? id : "", id != NULL ? ": " : "", error.message));
}

/* Does the model still have the check whose name the failure bears? */
static bool
has_check(const struct pd_model *model, const char *name)
{
	for (int i = 0; i < pd_model_checks(model); i++)
		if (strcmp(pd_model_check_name(model, i), name) == 0)
			return true;
	return false;
}

static bool
is_kind(const struct verification *verification, const char *kind)
{
	return strcmp(pd_json_peek_string(verification->cause, "kind", ""), kind) == 0;
}

static const char *
name_of(const struct verification *verification)
{
	return pd_json_peek_string(verification->cause, "name", "");
}

/* What makes passing prove nothing, whatever the runs show. */
static void
doubt_recording(struct verification *verification)
{
	if (is_kind(verification, "check_failed") &&
	    !has_check(verification->by->model, name_of(verification)))
		doubt(verification, "the model has no check %s any more",
		    name_of(verification));
	if (is_kind(verification, "prediction_mismatch") &&
	    !verification->by->options.compares)
		doubt(verification, "nothing was compared with the model's predictions: "
		    "pd-exec needs --conform for this failure");
	if (!jv_is_valid(verification->cause))
		doubt(verification, "the record does not say what failed");
	if (!pd_json_peek_bool(verification->record, "reproduced", true))
		doubt(verification, "the failure did not come back when it was recorded, "
		    "either (reproduced is false): that it passes proves nothing");
}

/*
 * Judging one run.
 */
/* Does the run have this failure, as its first or a later one? */
static bool
has_failure(const struct pd_recorded *run, jv cause)
{
	jv first = pd_recorded_failure(run), others;
	int count = pd_json_elements_peek(run->end, "other_failures", &others);
	bool has = jv_is_valid(first) && pd_same_failure(first, cause);

	for (int i = 0; i < count; i++) {
		jv other = jv_array_get(jv_copy(others), i);
		has |= pd_same_failure(other, cause);
		jv_free(other);
	}
	jv_free(others);
	jv_free(first);
	return has;
}

static void
doubt_run(struct verification *verification, jv failure, const char *part)
{
	if (!jv_is_valid(failure))
		doubt(verification, "a run of %s was broken off", part);
	else
		doubt(verification, "a run of %s could not be judged: %s %s: %s", part,
		    pd_json_peek_string(failure, "kind", ""),
		    pd_json_peek_string(failure, "name", ""),
		    pd_json_peek_string(failure, "message", ""));
}

static void
count_other(struct verification *verification, jv failure)
{
	char *key = pd_failure_key(failure);

	verification->others = pd_json_set_number(verification->others, key,
	    pd_json_peek_number(verification->others, key, 0) + 1);
	free(key);
}

/* A sequence to be executed: what it is called, and what is known of it. */
struct part {
	const char *words;
	struct tally *tally;
	bool has_recording;	/* the failure record has its run */
	jv cause;		/* its own failure, borrowed */
};

static enum outcome
judge(struct verification *verification, const struct part *part,
    const struct pd_recorded *run)
{
	jv failure = pd_recorded_failure(run);
	enum outcome outcome = PASSES;

	if (has_failure(run, verification->cause)) {
		outcome = FAILS;
	} else if (jv_is_valid(failure) && (pd_same_failure(failure, part->cause) ||
	    strcmp(pd_json_peek_string(failure, "class", ""), "assertion") == 0)) {
		outcome = OTHER;
		count_other(verification, failure);
	} else if (jv_is_valid(failure) ||
	    strcmp(pd_json_peek_string(run->end, "status", ""), "pass") != 0) {
		outcome = ERROR;
		doubt_run(verification, failure, part->words);
	} else if (!verification->by->options.allow_refused && pd_refusals_new(
	    &verification->refusals, run->end, part->has_recording)) {
		outcome = ERROR;
		doubt(verification, "a run of %s was answered with 401 or 403, which the "
		    "recording was not", part->words);
	}
	jv_free(failure);
	return outcome;
}

/*
 * Executing.
 */
static bool
may_execute(struct verification *verification)
{
	int64_t limit = verification->by->options.max_time;

	if (verification->outcome != PD_RUN_DONE || verification->by->runner == NULL)
		return false;
	if (limit == 0 || pd_loop_now() - verification->started < limit)
		return true;
	doubt(verification, "the time was up (--max-time)");
	return false;
}

/* What shows that the runs tested anything. */
static void
count_evidence(struct verification *verification, const struct pd_recorded *run)
{
	jv fired = pd_json_peek(run->end, "fired");
	jv answers = pd_json_peek(run->end, "answers");
	jv refused = pd_json_peek(answers, "refused");

	verification->fired += (int64_t)pd_json_peek_number(fired,
	    name_of(verification), 0);
	verification->answers += (int64_t)pd_json_peek_number(answers, "total", 0);
	if (jv_get_kind(refused) == JV_KIND_OBJECT) {
		jv_object_foreach(refused, status, times) {
			verification->refused += (int64_t)jv_number_value(times);
			jv_free(status);
			jv_free(times);
		}
	}
	jv_free(refused);
	jv_free(answers);
	jv_free(fired);
}

/* Execute a sequence once and count what comes of it. */
static enum outcome
execute(struct verification *verification, const struct part *part,
    const struct pd_sequence *sequence)
{
	enum outcome outcome = NOT_EXECUTED;
	struct pd_recorded run;

	if (!may_execute(verification))
		return NOT_EXECUTED;
	int64_t before = pd_runner_ends(verification->by->runner);
	verification->outcome = pd_recorded_execute(&run, verification->by->runner,
	    sequence, verification->error);
	verification->executions += pd_runner_ends(verification->by->runner) - before;
	if (verification->outcome == PD_RUN_DONE) {
		outcome = judge(verification, part, &run);
		part->tally->runs++;
		part->tally->by[outcome]++;
		count_evidence(verification, &run);
		verification->by->progress(verification->by->context,
		    verification->executions);
	}
	pd_recorded_free(&run);
	return outcome;
}

/* The recorded sequence, again and again. False when there is no use in going
 * on: it was never judged. */
static bool
execute_recorded(struct verification *verification, const struct part *part,
    jv planned)
{
	struct pd_sequence sequence;
	struct pd_error error;

	if (pd_sequence_parse(&sequence, planned, &error) != 0) {
		doubt(verification, "%s cannot be executed: %s", part->words, error.message);
		pd_sequence_free(&sequence);
		return false;
	}
	if (model_is_recorded(verification) != 1)
		note_refused_plan(verification, &sequence,
		    part->tally == &verification->shrunk ? "shrunk" : "original");
	for (int64_t i = 0; i < verification->by->options.tries; i++)
		if (execute(verification, part, &sequence) == NOT_EXECUTED)
			break;
	pd_sequence_free(&sequence);
	return part->tally->by[ERROR] < part->tally->runs;
}

/* The shrunk sequence first: it is the shortest way to see the failure. */
static bool
execute_tries(struct verification *verification)
{
	jv original = pd_json_peek(verification->record, "original");
	jv shrunk = pd_json_peek(verification->record, "shrunk");
	struct part parts[] = {
		{"the shrunk sequence", &verification->shrunk, true, verification->cause},
		{"the original", &verification->original, false, verification->cause},
	};
	jv plan = pd_json_peek(original, "plan");

	verification->has_shrunk = jv_is_valid(shrunk) &&
	    !jv_equal(pd_json_peek(shrunk, "plan"), jv_copy(plan));
	jv_free(plan);
	parts[1].has_recording = !verification->has_shrunk;
	bool useful = true;
	if (verification->has_shrunk)
		useful = execute_recorded(verification, &parts[0], jv_copy(shrunk));
	useful = useful && execute_recorded(verification, &parts[1], jv_copy(original));
	jv_free(shrunk);
	jv_free(original);
	return useful;
}

/* A number that pd-gen states among its options, or 0 where it may not be. */
static int
option_between(jv options, const char *name, int least, int most)
{
	double number = pd_json_peek_number(options, name, 0);

	return number >= least && number <= most ? (int)number : 0;
}

/* How it drew branches, if it did. */
static struct pd_branching_options
branching_options(jv options)
{
	const struct pd_branching_options none = {.probability = 0};
	struct pd_branching_options branching = {
		.probability = pd_json_peek_number(options, "branch_probability", 0),
		.prefix = option_between(options, "min_prefix", 0, MOST),
		.most = option_between(options, "max_branches", 2, MOST),
		.longest = option_between(options, "max_branch_length", 1, MOST)};

	branching.least = option_between(options, "min_branches", 2, branching.most);
	branching.shortest = option_between(options, "min_branch_length", 1,
	    branching.longest);
	return branching.least > 0 && branching.shortest > 0 ? branching : none;
}

/* With which lengths and branches pd-gen drew the run that failed. */
static struct pd_generate_options
generate_options(jv record)
{
	jv environment = pd_json_peek(record, "environment");
	jv options = pd_json_peek(environment, "options");
	struct pd_generate_options found = {
		.minimum = option_between(options, "min_commands", 1, MOST),
		.maximum = option_between(options, "max_commands", 1, MOST),
		.branching = branching_options(options)};

	jv_free(options);
	jv_free(environment);
	if (found.minimum == 0 || found.maximum < found.minimum) {
		found.minimum = MINIMUM;
		found.maximum = MAXIMUM;
	}
	return found;
}

/* Generate the run of a seed and execute it. False when there is no going on. */
static bool
execute_variation(struct verification *verification, uint64_t seed,
    const struct pd_generate_options *options)
{
	const struct part part = {"a neighbour", &verification->variations, false,
		verification->cause};
	struct pd_sequence sequence;
	struct pd_error error;
	enum outcome outcome = NOT_EXECUTED;

	if (pd_generate(verification->by->model, seed, options, &sequence, &error) != 0)
		doubt(verification, "the model could not generate the neighbour with seed %"
		    PRIu64 ": %s", seed, error.message);
	else
		outcome = execute(verification, &part, &sequence);
	if (outcome == FAILS)
		verification->seeds = jv_array_append(verification->seeds,
		    jv_number((double)seed));
	pd_sequence_free(&sequence);
	return outcome != NOT_EXECUTED;
}

/* One above, one below, two above ... */
static void
execute_variations(struct verification *verification)
{
	struct pd_generate_options options = generate_options(verification->record);
	uint64_t seed = (uint64_t)pd_json_peek_number(verification->record, "seed", 0);
	int64_t left = verification->by->options.variations;

	for (uint64_t distance = 1; left > 0; distance++) {
		if (seed + distance < PD_SEED_LIMIT) {
			if (!execute_variation(verification, seed + distance, &options))
				return;
			left--;
		}
		if (distance <= seed && left > 0) {
			if (!execute_variation(verification, seed - distance, &options))
				return;
			left--;
		}
	}
}

static bool
execute_similar(struct verification *verification, size_t number)
{
	struct pd_similar *similar = verification->by->similar;
	const char *place = pd_similar_place(similar, number);
	const struct part part = {"a similar failure", &verification->similar, false,
		pd_similar_cause_peek(similar, number)};
	struct pd_sequence sequence;
	struct pd_error error;
	enum outcome outcome = NOT_EXECUTED;

	if (pd_similar_sequence(similar, number, &sequence, &error) != 0)
		doubt(verification, "%s: %s", place, error.message);
	else
		outcome = execute(verification, &part, &sequence);
	if (outcome == FAILS)
		verification->files = jv_array_append(verification->files,
		    jv_string(place));
	pd_sequence_free(&sequence);
	return outcome != NOT_EXECUTED;
}

static void
execute_all_similar(struct verification *verification)
{
	size_t *found;
	size_t count = pd_similar_find(verification->by->similar, verification->record,
	    &found);
	size_t most = (size_t)verification->by->options.max_similar;

	verification->left_out = count > most ? (int64_t)(count - most) : 0;
	for (size_t i = 0; i < count && i < most; i++)
		if (!execute_similar(verification, found[i]))
			break;
	free(found);
}

/*
 * The verdict.
 */
static bool
always_fails(const struct tally *tally)
{
	return tally->by[FAILS] > 0 &&
	    tally->by[FAILS] == tally->runs - tally->by[ERROR];
}

/* Reasons that the runs give, after those that they gave on the way. */
static void
doubt_runs(struct verification *verification)
{
	const struct tally *told = verification->has_shrunk ? &verification->shrunk :
	    &verification->original;

	if (verification->by->runner == NULL || verification->outcome == PD_RUN_FAILED)
		doubt(verification, "sequences could not be executed");
	if (verification->outcome == PD_RUN_INTERRUPTED)
		doubt(verification, "it was interrupted");
	if (told->by[PASSES] == 0)
		doubt(verification, "another failure came first in every run of %s",
		    verification->has_shrunk ? "the shrunk sequence" : "the original");
	if (is_kind(verification, "check_failed") && verification->fired == 0)
		doubt(verification, "the check %s was never run", name_of(verification));
	if (verification->answers > 0 && verification->refused == verification->answers)
		doubt(verification, "every one of %" PRId64 " answers was 401, 403, 404, 429 "
		    "or 5xx", verification->answers);
}

static enum pd_fix
verdict(struct verification *verification)
{
	const struct tally *original = &verification->original;
	const struct tally *shrunk = &verification->shrunk;

	if (always_fails(original) || always_fails(shrunk))
		return PD_FIX_STILL_FAILING;
	if (original->by[FAILS] + shrunk->by[FAILS] > 0)
		return PD_FIX_FLAKY;
	if (verification->variations.by[FAILS] + verification->similar.by[FAILS] > 0)
		return PD_FIX_PARTIAL;
	doubt_runs(verification);
	return verification->reason[0] != '\0' ? PD_FIX_UNDECIDED : PD_FIX_VERIFIED;
}

/*
 * The record.
 */
static jv
tally_json(const struct tally *tally)
{
	static const char *const names[] = {"passes", "failures", "others", "errors"};
	jv result = pd_json_set_number(jv_object(), "runs", (double)tally->runs);

	for (int i = PASSES; i <= ERROR; i++)
		result = pd_json_set_number(result, names[i], (double)tally->by[i]);
	return result;
}

/* How sure may one be after so many passes and no failure? The upper bound of
 * the one-sided 95 % confidence interval (Clopper and Pearson, 1934) for how
 * often runs fail is 1 - 0.05^(1/n), about 3/n, the "rule of three" (Hanley
 * and Lippman-Hand, 1983). */
static jv
confidence(const struct verification *verification)
{
	double passes = (double)(verification->original.by[PASSES] +
	    verification->shrunk.by[PASSES] + verification->variations.by[PASSES] +
	    verification->similar.by[PASSES]);
	double bound = 1 - pow(0.05, 1 / passes);

	/* Four digits are the same on every machine. */
	return pd_json_set_number(pd_json_set_number(jv_object(), "passes", passes),
	    "failure_rate_below", ceil(bound * 10000) / 10000);
}

/* Fields of the failure that tell which it was, if it has them. */
static jv
set_fields(jv record, jv failure)
{
	static const char *const names[] = {"run", "seed", "failure"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		jv value = pd_json_peek(failure, names[i]);
		if (jv_is_valid(value))
			record = pd_json_set(record, names[i], value);
	}
	return record;
}

static jv
record_of(const struct verification *verification, enum pd_fix fix)
{
	jv record = set_fields(pd_json_set_string(jv_object(), "type", "verification"),
	    verification->record);

	record = pd_json_set_string(record, "status", fixes[fix]);
	if (fix == PD_FIX_UNDECIDED)
		record = pd_json_set_string(record, "reason", verification->reason);
	record = pd_json_set(record, "original", tally_json(&verification->original));
	if (verification->has_shrunk)
		record = pd_json_set(record, "shrunk", tally_json(&verification->shrunk));
	record = pd_json_set(record, "variations", pd_json_set(
	    tally_json(&verification->variations), "failed_seeds",
	    jv_copy(verification->seeds)));
	jv similar = pd_json_set(tally_json(&verification->similar), "files",
	    jv_copy(verification->files));
	if (verification->left_out > 0)
		similar = pd_json_set_number(similar, "left_out",
		    (double)verification->left_out);
	record = pd_json_set(record, "similar", similar);
	record = pd_json_set(record, "others", jv_copy(verification->others));
	if (jv_array_length(jv_copy(verification->changes)) > 0)
		record = pd_json_set(record, "model_changed", jv_copy(verification->changes));
	if (fix == PD_FIX_VERIFIED)
		record = pd_json_set(record, "confidence", confidence(verification));
	return pd_json_set_number(record, "executions",
	    (double)verification->executions);
}

static void
execute_all(struct verification *verification)
{
	verification->refusals = pd_refusals_of(verification->record);
	doubt_recording(verification);
	if (model_is_recorded(verification) == 0)
		note_change(verification, jv_string("its sha256 is not the recorded one"));
	if (execute_tries(verification)) {
		execute_variations(verification);
		execute_all_similar(verification);
	}
}

enum pd_run_result
pd_verify(const struct pd_verifier *verifier, jv failure, enum pd_fix *fix,
    jv *record, struct pd_error *error)
{
	struct verification verification = {.by = verifier, .record = failure,
		.cause = pd_json_peek(failure, "failure"), .seeds = jv_array(),
		.files = jv_array(), .others = jv_object(), .changes = jv_array(),
		.started = pd_loop_now(), .outcome = PD_RUN_DONE, .error = error};

	execute_all(&verification);
	*fix = verdict(&verification);
	*record = record_of(&verification, *fix);
	jv_free(verification.cause);
	jv_free(verification.seeds);
	jv_free(verification.files);
	jv_free(verification.others);
	jv_free(verification.changes);
	return verification.outcome;
}
