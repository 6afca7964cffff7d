/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"

void
pd_evidence_start(struct pd_evidence *evidence)
{
	*evidence = (struct pd_evidence){.refused = jv_object()};
}

void
pd_evidence_free(struct pd_evidence *evidence)
{
	jv_free(evidence->refused);
	evidence->refused = jv_invalid();
}

void
pd_evidence_answer(struct pd_evidence *evidence, int status)
{
	char name[16] = "";

	if (status > 0)
		evidence->answers++;
	if (status == 401 || status == 403 || status == 404 || status == 429)
		snprintf(name, sizeof(name), "%d", status);
	else if (status >= 500)
		snprintf(name, sizeof(name), "5xx");
	if (name[0] != '\0')
		evidence->refused = pd_json_set_number(evidence->refused, name,
		    1 + pd_json_peek_number(evidence->refused, name, 0));
}

void
pd_evidence_add(struct pd_evidence *total, const struct pd_evidence *run)
{
	total->runs++;
	total->commands += run->commands;
	total->events += run->events;
	total->answers += run->answers;
	total->judged += run->judged;
	total->fired += run->fired;
	jv_object_foreach(run->refused, name, times) {
		double before = pd_json_peek_number(total->refused,
		    jv_string_value(name), 0);
		total->refused = jv_object_set(total->refused, name,
		    jv_number(before + jv_number_value(times)));
		jv_free(times);
	}
}

static void
note_refusals(const struct pd_evidence *evidence, struct pd_counts *counts)
{
	static const struct {
		const char *name, *meaning;
	} meanings[] = {
		{"401", "401: the credentials are missing or expired"},
		{"403", "403: the credentials do not allow it"},
		{"404", "404: is the base URL right?"},
		{"429", "429: the system throttles every request"},
		{"5xx", "a 5xx: the system cannot serve"},
	};
	int64_t refused = 0;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		refused += (int64_t)pd_json_peek_number(evidence->refused,
		    meanings[i].name, 0);
	if (evidence->answers == 0 || refused < evidence->answers)
		return;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		int64_t times = (int64_t)pd_json_peek_number(evidence->refused,
		    meanings[i].name, 0);
		if (times == refused) {
			pd_counts_problem(counts, "every one of %" PRId64 " answers was %s",
			    refused, meanings[i].meaning);
			return;
		}
	}
	pd_counts_problem(counts, "every one of %" PRId64
	    " answers was 401, 403, 404, 429 or 5xx", refused);
}

void
pd_evidence_note_empty(const struct pd_evidence *evidence, bool checking,
    bool conform, int checks, struct pd_counts *counts)
{
	bool compared = conform || evidence->judged > 0;

	if (evidence->runs == 0) {
		pd_counts_problem(counts, "no sequence was executed: the input had none");
		return;
	}
	if (evidence->commands == 0)
		pd_counts_problem(counts, "no command was answered");
	else if (evidence->events == 0)
		pd_counts_problem(counts, "the adapter produced no event from %" PRId64
		    " answers", evidence->commands);
	note_refusals(evidence, counts);
	if (!compared && (!checking || checks == 0))
		pd_counts_problem(counts, "nothing was checked: %s, and --conform was "
		    "not given", checking ? "the model has no check" : "the checks are off");
	else if (!compared && evidence->fired == 0 && evidence->commands > 0)
		pd_counts_problem(counts, "none of the model's %d checks was ever "
		    "triggered", checks);
	else if (conform && evidence->judged == 0 && evidence->commands > 0)
		pd_counts_problem(counts, "--conform compared nothing: the model "
		    "predicts none of the commands that were answered");
}
