/* SPDX-License-Identifier: MIT */
#include "execution.h"

#include <inttypes.h>

/*
 * Pacing. One command at a time is under way, those of branches take turns;
 * when it is over and all that came of it is written, the next one waits.
 */
static struct pd_lane *
first_waiting(const struct pd_run *run)
{
	struct pd_lane *first = NULL;

	for (size_t i = 0; i < run->lane_count; i++) {
		struct pd_lane *lane = &run->lanes[i];
		if (lane->waits > 0 && (first == NULL || lane->waits < first->waits))
			first = lane;
	}
	return first;
}

/* Tell what comes next, and all that came before. */
static void
ask(struct pd_run *run, const struct pd_lane *lane)
{
	const struct pd_item *item = &lane->items->list[lane->next];
	struct pd_error ignored = PD_ERROR_INIT;
	jv command = pd_bindings_resolve(&run->bindings, jv_copy(item->command),
	    &ignored);

	pd_journal_pause(&run->journal, pd_lane_place(lane),
	    jv_is_valid(command) ? command : item->command);
	pd_writer_flush(run->executor->writer, &ignored);	/* must_abort sees it */
	jv_free(command);
	run->asked = true;
}

/* Let the first one go, and the others if nothing holds them any more. The last
 * of a phase may bring on the next. */
static void
let_go(struct pd_run *run)
{
	struct pd_lane *lane = first_waiting(run);

	run->asked = false;
	do {
		pd_lane_go_on(lane);
		lane = first_waiting(run);
	} while (lane != NULL &&
	    (!run->pace.holds || run->projection.stopping ||
	    run->projection.terminated));
}

/* While a command waits: hear what is said, or wait for it. */
static int
turn_waiting(struct pd_run *run, const struct pd_lane *lane, struct pd_error *error)
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
	pd_run_abort(run);
	return 0;
}

int
pd_pacing_turn(struct pd_run *run, struct pd_error *error)
{
	const struct pd_lane *lane = pd_outside_is_under_way(run) ? NULL : first_waiting(run);

	if (lane == NULL)
		return pd_loop_turn(run->executor->loop, error);
	if (run->projection.stopping || run->projection.terminated) {
		let_go(run);
		return 0;
	}
	return turn_waiting(run, lane, error);
}

