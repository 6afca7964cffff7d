/* SPDX-License-Identifier: MIT */
#include "trail.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

/* To keep a state costs a copy of it at the next change: the larger it is the
 * more events lie between two that are kept, and their memory is in proportion. */
enum { LEAST_INTERVAL = 8, ENTRIES_PER_EVENT = 4 };

void
pd_trail_start(struct pd_trail *trail, const struct pd_fold *first, int context)
{
	*trail = (struct pd_trail){.earlier = jv_invalid(), .context = context};
	pd_fold_copy(&trail->fold, first);
}

void
pd_trail_free(struct pd_trail *trail)
{
	for (int i = 0; i < trail->count; i++)
		free(trail->steps[(trail->first + i) % trail->room].event);
	free(trail->steps);
	jv_free(trail->earlier);
	pd_fold_free(&trail->fold);
}

/* How many entries a state has, down to some depth. Borrows it. */
static int
entries(jv value, int depth)
{
	int count = 1;

	if (jv_get_kind(value) == JV_KIND_OBJECT && depth > 0) {
		for (int at = jv_object_iter(value); jv_object_iter_valid(value, at);
		    at = jv_object_iter_next(value, at)) {
			jv element = jv_object_iter_value(value, at);
			count += entries(element, depth - 1);
			jv_free(element);
		}
	} else if (jv_get_kind(value) == JV_KIND_ARRAY) {
		count += jv_array_length(jv_copy(value));
	}
	return count;
}

static void
keep_state(struct pd_trail *trail)
{
	jv_free(trail->earlier);
	trail->earlier = jv_copy(trail->fold.state);
	trail->since = 0;
	int wanted = entries(trail->earlier, 3) / ENTRIES_PER_EVENT;
	trail->interval = wanted > LEAST_INTERVAL ? wanted : LEAST_INTERVAL;
}

static void
make_room(struct pd_trail *trail)
{
	int room = trail->room == 0 ? trail->context + LEAST_INTERVAL : 2 * trail->room;
	struct pd_trail_step *steps = pd_allocate((size_t)room, sizeof(*steps));

	for (int i = 0; i < trail->count; i++)
		steps[i] = trail->steps[(trail->first + i) % trail->room];
	free(trail->steps);
	trail->steps = steps;
	trail->room = room;
	trail->first = 0;
}

static void
add(struct pd_trail *trail, struct pd_trail_step step)
{
	int needed = trail->since > trail->context ? trail->since : trail->context + 1;

	while (trail->count > 0 && trail->count >= needed) {
		free(trail->steps[trail->first].event);
		trail->first = (trail->first + 1) % trail->room;
		trail->count--;
	}
	if (trail->count == trail->room)
		make_room(trail);
	trail->steps[(trail->first + trail->count++) % trail->room] = step;
}

/* The state after all but the last `back` steps. */
static jv
fold_again(struct pd_trail *trail, int back)
{
	struct pd_error error;
	jv state = jv_copy(trail->earlier);

	for (int i = trail->since - 1; i >= back && jv_is_valid(state); i--) {
		jv event = pd_trail_event(trail, i);
		state = pd_model_fold(trail->fold.model, state, event, &error);
		jv_free(event);
	}
	return state;
}

int
pd_trail_fold(struct pd_trail *trail, struct pd_trail_step step, jv event,
    pd_fold_checked *checked, void *context, struct pd_error *error)
{
	if (!jv_is_valid(trail->earlier) || trail->since >= trail->interval)
		keep_state(trail);
	trail->since++;
	add(trail, step);
	trail->events++;
	int result = pd_fold_step(&trail->fold, PD_STEP_EVENT, event, checked,
	    context, error);
	if (jv_is_valid(trail->fold.state))
		return result;
	trail->fold.state = fold_again(trail, 1);
	free(step.event);
	trail->count--;
	trail->since--;
	trail->events--;
	return -1;
}

jv
pd_trail_before(struct pd_trail *trail)
{
	return fold_again(trail, 1);
}

const struct pd_trail_step *
pd_trail_step(const struct pd_trail *trail, int back)
{
	return &trail->steps[(trail->first + trail->count - 1 - back) % trail->room];
}

jv
pd_trail_event(const struct pd_trail *trail, int back)
{
	const char *text = pd_trail_step(trail, back)->event;
	struct pd_error ignored;

	return pd_json_parse(text, strlen(text), &ignored);
}
