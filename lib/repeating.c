/* SPDX-License-Identifier: MIT */
#include "execution.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

static jv
attempt_data(int attempt, const struct pd_answer *answer)
{
	jv data = pd_json_set_number(jv_object(), "attempt", attempt);
	char text[2560];

	return answer->outcome == PD_OUTCOME_OK ?
	    pd_json_set(data, "events", jv_copy(answer->events)) :
	    pd_json_set_string(data, "reason",
	    pd_error_text(&answer->error, text, sizeof(text)));
}

/* The system did otherwise than at first: both are told side by side. */
static void
fail_repeat(struct pd_lane *lane, int attempt, const struct pd_answer *answer)
{
	struct pd_run *run = lane->run;
	jv first = pd_json_set_number(jv_object(), "attempt", 1);
	char *difference = answer->outcome == PD_OUTCOME_OK ? pd_stutter_describe(
	    run->executor->options.projection.redaction, lane->first, answer->events) :
	    pd_duplicate(answer->error.message);
	char *text = pd_format("sent again, it was answered otherwise: %s", difference);

	first = pd_json_set(first, "events", jv_copy(lane->first));
	run->projection.stopping = true;
	pd_projection_fail(&run->projection, "idempotency_violation",
	    pd_json_peek_string(lane->command, "type", NULL), text,
	    pd_json_set(jv_object(), "attempts", JV_ARRAY(first,
	    attempt_data(attempt, answer))), pd_lane_place(lane));
	free(text);
	free(difference);
}

/* Is the answer as good as the first one? What did not come is another failure. */
static bool
judge_repeat(struct pd_lane *lane, int attempt, const struct pd_answer *answer)
{
	struct pd_run *run = lane->run;
	const struct pd_executor *executor = run->executor;
	struct pd_error error;

	if (answer->outcome != PD_OUTCOME_OK) {
		if (strcmp(answer->failure, "unexpected_reply") == 0)
			fail_repeat(lane, attempt, answer);
		else
			pd_lane_fail_answer(lane, answer);
		return false;
	}
	int same = pd_stutter_same(&executor->options.stutter, executor->model,
	    pd_lane_entry(run, lane->command), lane->command, lane->first, answer->events,
	    &error);
	if (same == 0)
		fail_repeat(lane, attempt, answer);
	if (same < 0) {
		run->projection.stopping = true;
		pd_projection_fail_error(&run->projection, "model_error", NULL, &error,
		    pd_lane_place(lane));
	}
	return same > 0;
}

static bool
on_again(void *context, int attempt, struct pd_answer *answer)
{
	struct pd_lane *lane = context;
	struct pd_run *run = lane->run;
	bool same = judge_repeat(lane, attempt, answer);

	if (run->gathers)
		pd_gathering_repeat(&run->gathering, pd_lane_place(lane), jv_copy(answer->events),
		    answer->return_us, attempt, same);
	else
		pd_projection_repeat(&run->projection, answer->events, answer->return_us,
		    pd_lane_place(lane), attempt, same);
	pd_answer_free(answer);
	return same && !run->projection.stopping;
}

static void
on_repeated(void *context)
{
	struct pd_lane *lane = context;

	lane->repeats = NULL;
	pd_lane_finish_command(lane);
}

/* Send the answered command again, if it is one that stutters. */
bool
pd_lane_repeat(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;
	struct pd_executor *executor = run->executor;
	const struct pd_stutter *stutter = &executor->options.stutter;
	const struct pd_entry *entry = pd_lane_entry(run, lane->command);

	if (!jv_is_valid(lane->first) || run->projection.stopping || run->phase <
	    PHASE_PREFIX || run->phase > PHASE_SUFFIX || !pd_stutter_may(stutter, entry,
	    pd_json_peek_string(lane->command, "type", "")))
		return false;
	executor->may_repeat = true;
	int64_t times = pd_stutter_times(stutter, run->sequence->seed, pd_lane_place(lane).id);
	if (times == 0)
		return false;
	struct pd_repeats_options options = {.loop = executor->loop,
		.adapter = executor->adapter, .stutter = stutter,
		.seed = run->sequence->seed, .command = pd_lane_context(lane, entry),
		.call = pd_lane_call_options(run, entry), .again = on_again,
		.done = on_repeated, .context = lane};
	lane->repeats = pd_repeats_start(&options, lane->command, times);
	jv_free(options.command.key);
	return true;
}

