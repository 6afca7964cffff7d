/* SPDX-License-Identifier: MIT */
#include "repetition.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

void
pd_repetition_start(struct pd_repetition *repetition)
{
	*repetition = (struct pd_repetition){.kinds = jv_object(),
		.distinction = pd_distinction_new()};
}

void
pd_repetition_free(struct pd_repetition *repetition)
{
	if (repetition->runs > 0)
		pd_comparable_free(&repetition->first);
	if (repetition->has_passed)
		pd_comparable_free(&repetition->passed);
	if (repetition->has_failed)
		pd_comparable_free(&repetition->failed);
	if (repetition->has_other)
		pd_comparable_free(&repetition->other);
	jv_free(repetition->kinds);
	pd_distinction_free(repetition->distinction);
	*repetition = (struct pd_repetition){.kinds = jv_invalid()};
}

static void
count_verdict(struct pd_repetition *repetition, const struct pd_comparable *run)
{
	const char *name = pd_json_peek_string(run->failure, "name", NULL);
	int64_t length = (int64_t)run->commands;

	if (pd_comparable_passed(run))
		repetition->passes++;
	else if (strcmp(pd_json_peek_string(run->failure, "class", ""),
	    "assertion") == 0)
		repetition->failures++;
	else
		repetition->errors++;
	if (repetition->runs == 0 || length < repetition->shortest)
		repetition->shortest = length;
	if (repetition->runs == 0 || length > repetition->longest)
		repetition->longest = length;
	if (pd_comparable_passed(run))
		return;
	char *key = pd_format("%s%s%s", pd_json_peek_string(run->failure, "kind",
	    "aborted"), name != NULL ? " " : "", name != NULL ? name : "");
	repetition->kinds = pd_json_set_number(repetition->kinds, key,
	    pd_json_peek_number(repetition->kinds, key, 0) + 1);
	free(key);
}

/* Returns whether it differs from the first run. */
static bool
compare_with_first(struct pd_repetition *repetition,
    const struct pd_comparable *run)
{
	struct pd_divergence divergence;

	pd_divergence_find(&divergence, &repetition->first, run, 0);
	for (int i = 0; i < PD_DIFFERENCE_KINDS; i++)
		repetition->differs[i] |= divergence.differs[i];
	bool differs = !pd_divergence_none(&divergence);
	pd_divergence_free(&divergence);
	return differs;
}

void
pd_repetition_add(struct pd_repetition *repetition, struct pd_comparable *run)
{
	bool passed = pd_comparable_passed(run);

	count_verdict(repetition, run);
	pd_distinction_add(repetition->distinction, run, !passed);
	if (repetition->runs++ == 0)
		repetition->first = pd_comparable_copy(run);
	else if (compare_with_first(repetition, run) && !repetition->has_other) {
		repetition->has_other = true;
		repetition->other = pd_comparable_copy(run);
	}
	if (passed && !repetition->has_passed) {
		repetition->has_passed = true;
		repetition->passed = pd_comparable_copy(run);
	} else if (!passed && !repetition->has_failed) {
		repetition->has_failed = true;
		repetition->failed = pd_comparable_copy(run);
	}
	pd_comparable_free(run);
}

bool
pd_repetition_flaky(const struct pd_repetition *repetition)
{
	return (repetition->has_passed && repetition->has_failed) ||
	    jv_object_length(jv_copy(repetition->kinds)) > 1;
}

bool
pd_repetition_same(const struct pd_repetition *repetition)
{
	return !repetition->has_other;
}

const char *
pd_repetition_verdict(const struct pd_repetition *repetition)
{
	if (repetition->errors == repetition->runs)
		return "unjudged";
	if (pd_repetition_flaky(repetition))
		return "flaky";
	return pd_repetition_same(repetition) ? "deterministic" : "varying";
}

void
pd_repetition_pair(const struct pd_repetition *repetition,
    const struct pd_comparable **left, const struct pd_comparable **right)
{
	*left = *right = NULL;
	if (repetition->has_passed && repetition->has_failed) {
		*left = &repetition->passed;
		*right = &repetition->failed;
	} else if (repetition->has_other) {
		*left = &repetition->first;
		*right = &repetition->other;
	}
}

/* What varies, in words. */
static jv
variation(const struct pd_repetition *repetition)
{
	const bool *differs = repetition->differs;
	const struct {
		bool does;
		const char *word;
	} words[] = {
		{repetition->has_passed && repetition->has_failed, "outcome"},
		{jv_object_length(jv_copy(repetition->kinds)) > 1, "failure"},
		{repetition->shortest != repetition->longest, "length"},
		{differs[PD_DIFFERS_OUTCOME] || differs[PD_DIFFERS_EVENT] ||
		    differs[PD_DIFFERS_CHECK] || differs[PD_DIFFERS_COMMAND], "events"},
		{differs[PD_DIFFERS_ORDER], "order"},
		{differs[PD_DIFFERS_STATE], "state"},
	};
	jv array = jv_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].does)
			array = jv_array_append(array, jv_string(words[i].word));
	return array;
}

jv
pd_repetition_describe(const struct pd_repetition *repetition, jv record)
{
	jv lengths = pd_json_set_number(pd_json_set_number(jv_object(), "min",
	    (double)repetition->shortest), "max", (double)repetition->longest);
	int64_t more;

	record = pd_json_set_number(record, "runs", (double)repetition->runs);
	record = pd_json_set_number(record, "passes", (double)repetition->passes);
	record = pd_json_set_number(record, "failures", (double)repetition->failures);
	record = pd_json_set_number(record, "errors", (double)repetition->errors);
	record = pd_json_set(record, "kinds", jv_copy(repetition->kinds));
	record = pd_json_set(record, "lengths", lengths);
	record = pd_json_set(record, "varies", variation(repetition));
	record = pd_json_set(record, "fields",
	    pd_distinction_fields(repetition->distinction, &more));
	return more > 0 ? pd_json_set_number(record, "more_fields", (double)more) :
	    record;
}
