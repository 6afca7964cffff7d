/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include <stdlib.h>

#include "json.h"

static const char *const statuses[PD_REFUSALS] = {"401", "403"};

static void
note_reply(struct pd_refusals *refusals, jv turn)
{
	jv reply = pd_json_peek(turn, "reply");
	double status = pd_json_peek_number(reply, "status", 0);

	for (int i = 0; i < PD_REFUSALS; i++)
		refusals->recorded[i] |= status == atoi(statuses[i]);
	refusals->has_answers |= status != 0;
	jv_free(reply);
	jv_free(turn);
}

struct pd_refusals
pd_refusals_of(jv failure)
{
	struct pd_refusals refusals = {.has_answers = false};
	jv commands, exchange;
	int count = pd_json_elements_peek(failure, "commands", &commands);

	for (int i = 0; i < count; i++) {
		jv command = jv_array_get(jv_copy(commands), i);
		int turns = pd_json_elements_peek(command, "exchange", &exchange);
		for (int j = 0; j < turns; j++)
			note_reply(&refusals, jv_array_get(jv_copy(exchange), j));
		jv_free(exchange);
		jv_free(command);
	}
	jv_free(commands);
	return refusals;
}

bool
pd_refusals_new(const struct pd_refusals *refusals, jv run_end,
    bool has_recording)
{
	jv answers = pd_json_peek(run_end, "answers");
	jv counts = pd_json_peek(answers, "refused");
	double total = pd_json_peek_number(answers, "total", 0), refused = 0;

	for (int i = 0; i < PD_REFUSALS; i++)
		if (!refusals->recorded[i])
			refused += pd_json_peek_number(counts, statuses[i], 0);
	jv_free(counts);
	jv_free(answers);
	return refused > 0 &&
	    ((has_recording && refusals->has_answers) || refused == total);
}
