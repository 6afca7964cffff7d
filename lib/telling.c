/* SPDX-License-Identifier: MIT */
#include "execution.h"

#include "json.h"

static bool
has_mocks(const struct pd_run *run)
{
	const struct pd_injection *injection = run->executor->injection;

	return injection != NULL && pd_injection_has_mocks(injection);
}

static jv
line_of(const char *type)
{
	return pd_json_set_string(jv_object(), "type", type);
}

static void
tell_state(struct pd_run *run)
{
	if (run->projection.folding)
		pd_injection_tell_state(run->executor->injection, run->projection.fold.state);
}

void
pd_telling_start(struct pd_run *run)
{
	if (!has_mocks(run))
		return;
	/* What they were asked before is nobody's. */
	jv_free(pd_injection_requests(run->executor->injection));
	tell_state(run);
	run->told = pd_injection_tell(run->executor->injection, pd_json_set_number(
	    line_of("run_start"), "run", (double)run->sequence->run));
}

bool
pd_telling_is_over(const struct pd_run *run)
{
	return !has_mocks(run) ||
	    pd_injection_has_taken(run->executor->injection, run->told);
}

bool
pd_telling_command(struct pd_lane *lane)
{
	struct pd_run *run = lane->run;

	if (!has_mocks(run))
		return false;
	tell_state(run);
	jv line = pd_json_set(pd_json_set_string(line_of("command"), "id",
	    pd_lane_place(lane).id), "command", jv_copy(lane->command));
	run->told = lane->told = pd_injection_tell(run->executor->injection, line);
	/* There is no time left to wait for an answer. */
	if (run->aborted)
		lane->told = 0;
	return !run->aborted;
}

void
pd_telling_event(struct pd_run *run, struct pd_journal_place place,
    const char *source, jv event)
{
	jv line = line_of("event");

	if (!has_mocks(run)) {
		jv_free(line);
		return;
	}
	tell_state(run);
	if (place.id != NULL)
		line = pd_json_set_string(line, "id", place.id);
	line = pd_json_set_string(line, "source", source);
	run->told = pd_injection_tell(run->executor->injection,
	    pd_json_set(line, "event", jv_copy(event)));
}

void
pd_telling_attend(struct pd_run *run)
{
	if (!has_mocks(run))
		return;
	for (size_t i = 0; i < run->lane_count; i++) {
		struct pd_lane *lane = &run->lanes[i];
		if (lane->told != 0 &&
		    pd_injection_has_taken(run->executor->injection, lane->told))
			pd_lane_send(lane);
	}
}
