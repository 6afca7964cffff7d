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

/* Where a command is, its id as it stands in the sequence; without id for none. */
static struct pd_journal_place
own_place(const struct pd_sequence *sequence, const char *id)
{
	struct pd_journal_place place = PD_NOWHERE;

	if (id == NULL)
		return place;
	if ((place.id = find_id(&sequence->prefix, id)) == NULL &&
	    (place.id = find_id(&sequence->suffix, id)) == NULL)
		place.id = find_id(&sequence->setup, id);
	for (size_t i = 0; i < sequence->branch_count && place.id == NULL; i++) {
		place.id = find_id(&sequence->branches[i], id);
		place.branch = place.id != NULL ? (int)i : -1;
	}
	return place;
}

/* Does the trace belong to an execution that is over? */
static bool
is_past(const struct pd_past *past, const char *trace_id)
{
	char command[PD_TRACE_COMMAND];

	for (size_t i = 0; i < past->count && i < PD_PAST; i++) {
		const struct pd_trace trace = {past->list[i].seed, past->list[i].nonce};
		if (pd_trace_command(&trace, trace_id, command))
			return true;
	}
	return false;
}

void
pd_outside_end(const struct pd_run *run)
{
	struct pd_past *past = &run->executor->past;
	size_t next = past->count++ % PD_PAST;

	past->list[next].seed = run->trace.seed;
	memcpy(past->list[next].nonce, run->nonce, sizeof(run->nonce));
}

/* Whose is it? Its trace tells, or else the command that awaits it. False when it
 * belongs to an earlier execution. */
static bool
find_owner(struct pd_run *run, struct pd_sighting *sighting,
    struct pd_journal_place *place)
{
	const char *trace_id = sighting->trace_id;
	char command[PD_TRACE_COMMAND];

	if (sighting->id != NULL) {
		*place = own_place(run->sequence, sighting->id);
	} else if (trace_id[0] != '\0' && pd_trace_command(&run->trace, trace_id, command)) {
		*place = own_place(run->sequence, command);
		if (strcmp(sighting->source, "mock") != 0)
			sighting->source = "telemetry";
	} else if (trace_id[0] != '\0' && is_past(&run->executor->past, trace_id)) {
		return false;
	} else {
		*place = pd_awaiting_owner(&run->awaiting, sighting->event);
	}
	return true;
}

static void
take_sighting(struct pd_run *run)
{
	struct pd_sighting sighting = pd_sightings_take(&run->executor->sightings);
	struct pd_journal_place place;

	if (!find_owner(run, &sighting, &place)) {
		run->executor->strays++;
	} else if (run->gathers) {
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
		    own_place(run->sequence, pollers->id));
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

