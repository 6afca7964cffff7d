/* SPDX-License-Identifier: MIT */
#include "execution.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

bool
pd_outside_is_under_way(const struct pd_run *run)
{
	bool any = false;

	for (size_t i = 0; i < run->lane_count; i++)
		any = any || run->lanes[i].call != NULL || run->lanes[i].repeats != NULL ||
		    run->lanes[i].told != 0;
	return any;
}

/* What was seen up to this time, and while no command was under way or one that has
 * been answered, can be folded. */
static int64_t
first_call(const struct pd_run *run)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < run->lane_count; i++) {
		const struct pd_lane *lane = &run->lanes[i];
		if ((lane->call != NULL || lane->repeats != NULL) && lane->called < first)
			first = lane->called;
	}
	return first;
}

static const char *
find_id(const struct pd_items *items, const char *id)
{
	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->list[i].id, id) == 0)
			return items->list[i].id;
	}
	return NULL;
}

/* The id of a command, as it stands in the sequence; NULL for none. */
static const char *
own_id(const struct pd_sequence *sequence, const char *id)
{
	const char *found = NULL;

	if (id == NULL)
		return NULL;
	if ((found = find_id(&sequence->prefix, id)) == NULL)
		found = find_id(&sequence->suffix, id);
	for (size_t i = 0; i < sequence->branch_count && found == NULL; i++)
		found = find_id(&sequence->branches[i], id);
	return found != NULL ? found : find_id(&sequence->setup, id);
}

static void
take_sighting(struct pd_run *run)
{
	struct pd_sighting sighting = pd_sightings_take(&run->executor->sightings);
	struct pd_journal_place place = {own_id(run->sequence, sighting.id),
		sighting.branch};

	if (sighting.id == NULL)
		place = pd_awaiting_owner(&run->awaiting, sighting.event);
	if (run->gathers) {
		pd_telling_event(run, place, sighting.source, sighting.event);
		pd_gathering_see(&run->gathering, place, sighting.source,
		    jv_copy(sighting.event), sighting.at);
	} else {
		pd_projection_pass_time(&run->projection, sighting.at);
		pd_projection_event(&run->projection, sighting.source, sighting.event,
		    sighting.at, place);
		pd_telling_event(run, place, sighting.source, sighting.event);
	}
	jv_free(sighting.event);
	free(sighting.id);
}

/* Fold what there is to be folded. */
static void
take_sightings(struct pd_run *run)
{
	struct pd_executor *executor = run->executor;
	size_t left;

	if (run->phase < PHASE_SETUP || run->phase > PHASE_SETTLE)
		return;
	/* Not what comes meanwhile, which might never end. */
	for (left = executor->sightings.count; left > 0 && !run->projection.stopping &&
	    pd_sightings_next(&executor->sightings) < first_call(run); left--)
		take_sighting(run);
}

/* What is open may still come true by what a command under way was answered, or by
 * what was seen meanwhile. */
void
pd_outside_pass_time(struct pd_run *run)
{
	if (!run->gathers && !pd_outside_is_under_way(run) && run->phase >= PHASE_SETUP &&
	    run->phase <= PHASE_SETTLE)
		pd_projection_pass_time(&run->projection, pd_loop_now());
}

/* Nobody's: what came before the run, or after its end. */
void
pd_outside_drop(struct pd_executor *executor)
{
	if (executor->injection != NULL)
		pd_injection_read(executor->injection);
	executor->strays += pd_sightings_clear(&executor->sightings);
}

static void
fail_outside(struct pd_run *run, const char *kind, const char *name,
    const struct pd_error *error, struct pd_journal_place place)
{
	if (run->projection.stopping)
		return;
	run->projection.stopping = true;
	pd_projection_fail_error(&run->projection, kind, name, error, place);
}

/* Has whoever looks outside failed? */
static void
note_trouble(struct pd_run *run)
{
	struct pd_executor *executor = run->executor;
	struct pd_pollers *pollers = &run->pollers;
	struct pd_error error;
	const char *name, *kind = executor->injection == NULL ? NULL :
	    pd_injection_failed(executor->injection, &name, &error);

	if (kind != NULL) {
		executor->broken = strcmp(kind, "mock_failed") == 0 ? "a mock" :
		    "an injector";
		fail_outside(run, kind, name, &error, PD_NOWHERE);
	}
	if (pollers->kind != NULL)
		fail_outside(run, pollers->kind, pollers->name, &pollers->error,
		    (struct pd_journal_place){own_id(run->sequence, pollers->id),
		    pollers->branch});
}

/* What mocks were asked stands in the run's records; what a strict one had no answer
 * to is its failure. */
static void
note_requests(struct pd_run *run)
{
	jv requests = pd_injection_requests(run->executor->injection);

	jv_array_foreach(requests, i, request) {
		const char *name = pd_json_peek_string(request, "mock", "");
		struct pd_error error;
		pd_error_set(&error, "mock '%s' has no answer to %s %s", name,
		    pd_json_peek_string(request, "method", "?"),
		    pd_json_peek_string(request, "target", "?"));
		pd_error_hint(&error, "handle of the mock gives one, or the system should "
		    "not have asked");
		if (pd_json_peek_bool(request, "strict", false))
			fail_outside(run, "unmatched_request", name, &error, PD_NOWHERE);
		pd_journal_request(&run->journal, request);
		jv_free(request);
	}
	jv_free(requests);
}

void
pd_outside_note(struct pd_run *run)
{
	if (run->executor->injection != NULL)
		note_requests(run);
	note_trouble(run);
}

/* The same, with all that injectors have written up to now. */
void
pd_outside_look(struct pd_run *run)
{
	if (run->executor->injection != NULL)
		pd_injection_read(run->executor->injection);
	pd_outside_note(run);
	take_sightings(run);
}

static void
on_wake(void *context)
{
	struct pd_run *run = context;

	run->wake = NULL;
}

/* See to it that the loop turns when the next time is up. What is overdue waits for
 * the answers of commands, not for a time. */
static void
set_wake(struct pd_run *run)
{
	struct pd_loop *loop = run->executor->loop;
	int64_t now = pd_loop_now(), at = INT64_MAX;

	if (run->phase <= PHASE_SETTLE && run->projection.conditions.count > 0)
		at = pd_conditions_deadline(&run->projection.conditions) + 1;
	if (run->phase == PHASE_SETTLE && run->settled > now && run->settled < at)
		at = run->settled;
	if (run->wake != NULL && run->wakes == at)
		return;
	pd_loop_cancel(loop, run->wake);
	run->wake = NULL;
	run->wakes = at;
	if (at != INT64_MAX && at > now)
		run->wake = pd_loop_after(loop, at - now, on_wake, run);
}

/* Is there nothing more to wait for? */
bool
pd_outside_has_settled(const struct pd_run *run)
{
	return run->projection.stopping || !run->projection.folding ||
	    (run->projection.conditions.count == 0 && pd_loop_now() >= run->settled &&
	    pd_telling_is_over(run));
}

/* After each turn of the loop, while the run has commands. */
void
pd_outside_attend(struct pd_run *run)
{
	if (run->phase == PHASE_RESET && pd_telling_is_over(run)) {
		note_trouble(run);
		pd_run_advance(run);
	}
	if (run->phase < PHASE_SETUP || run->phase > PHASE_SETTLE)
		return;
	take_sightings(run);
	pd_outside_note(run);
	pd_outside_pass_time(run);
	if (run->projection.folding && !run->projection.stopping)
		pd_pollers_update(&run->pollers, &run->projection.conditions,
		    run->projection.fold.state);
	if (run->executor->injection != NULL)
		pd_injection_resume(run->executor->injection);
	if (run->phase == PHASE_SETTLE && pd_outside_has_settled(run))
		pd_run_advance(run);
	set_wake(run);
}

