/* SPDX-License-Identifier: MIT */
#include "conditions.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

void
pd_conditions_start(struct pd_conditions *conditions, struct pd_model *model)
{
	size_t count = (size_t)pd_model_conditions(model);

	*conditions = (struct pd_conditions){.model = model,
		.opened = pd_allocate(count, sizeof(*conditions->opened)),
		.met = pd_allocate(count, sizeof(*conditions->met))};
}

void
pd_window_free(struct pd_window *window)
{
	jv_free(window->step);
	jv_free(window->message);
	jv_free(window->data);
	free(window->id);
}

void
pd_conditions_free(struct pd_conditions *conditions)
{
	for (size_t i = 0; i < conditions->count; i++)
		pd_window_free(&conditions->windows[i]);
	free(conditions->windows);
	free(conditions->opened);
	free(conditions->met);
	*conditions = (struct pd_conditions){0};
}

/* 1 when it holds, 0 when not yet, -1 when the model failed. */
static int
look_at(struct pd_conditions *conditions, struct pd_window *window, jv state,
    struct pd_error *error)
{
	jv_free(window->message);
	jv_free(window->data);
	enum pd_verdict verdict = pd_model_holds(conditions->model, window->condition,
	    state, window->step, &window->message, &window->data, error);
	return (int)verdict;
}

/* Close what holds now; the others stay in their order. */
static int
look_at_all(struct pd_conditions *conditions, jv state, struct pd_error *error)
{
	size_t kept = 0;
	int result = 0;

	for (size_t i = 0; i < conditions->count; i++) {
		struct pd_window *window = &conditions->windows[i];
		int holds = result == 0 ? look_at(conditions, window, state, error) : 0;
		if (holds < 0)
			result = -1;
		if (holds > 0) {
			conditions->met[window->condition]++;
			pd_window_free(window);
		} else {
			conditions->windows[kept++] = *window;
		}
	}
	conditions->count = kept;
	return result;
}

static void
open_window(struct pd_conditions *conditions, int condition, jv step, int64_t at,
    struct pd_journal_place place)
{
	if (conditions->count == conditions->room) {
		conditions->room = 2 * conditions->room + 8;
		conditions->windows = pd_reallocate(conditions->windows, conditions->room,
		    sizeof(*conditions->windows));
	}
	conditions->opened[condition]++;
	conditions->windows[conditions->count++] = (struct pd_window){
		.serial = ++conditions->serial, .condition = condition,
		.step = jv_copy(step), .branch = place.branch,
		.id = place.id != NULL ? pd_duplicate(place.id) : NULL,
		.deadline = at + pd_model_condition(conditions->model, condition)->timeout,
		.message = jv_invalid(), .data = jv_invalid()};
}

int
pd_conditions_step(struct pd_conditions *conditions, bool is_command, jv step,
    jv state, int64_t at, struct pd_journal_place place, struct pd_error *error)
{
	const char *type = pd_json_peek_string(step, "type", "");

	for (int i = 0; i < pd_model_conditions(conditions->model); i++) {
		if (pd_trigger_matches(&pd_model_condition(conditions->model, i)->after,
		    is_command, type))
			open_window(conditions, i, step, at, place);
	}
	return conditions->count > 0 ? look_at_all(conditions, state, error) : 0;
}

bool
pd_conditions_overdue(struct pd_conditions *conditions, int64_t at,
    struct pd_window *window)
{
	size_t first = 0;

	while (first < conditions->count && conditions->windows[first].deadline >= at)
		first++;
	if (first == conditions->count)
		return false;
	*window = conditions->windows[first];
	memmove(&conditions->windows[first], &conditions->windows[first + 1],
	    (--conditions->count - first) * sizeof(*window));
	return true;
}

int64_t
pd_conditions_deadline(const struct pd_conditions *conditions)
{
	int64_t earliest = INT64_MAX;

	for (size_t i = 0; i < conditions->count; i++) {
		if (conditions->windows[i].deadline < earliest)
			earliest = conditions->windows[i].deadline;
	}
	return earliest;
}

jv
pd_conditions_counts(const struct pd_conditions *conditions)
{
	jv counts = jv_object();

	for (int i = 0; i < pd_model_conditions(conditions->model); i++) {
		jv count = pd_json_set_number(jv_object(), "opened",
		    (double)conditions->opened[i]);
		counts = pd_json_set(counts, pd_model_condition(conditions->model, i)->name,
		    pd_json_set_number(count, "met", (double)conditions->met[i]));
	}
	return counts;
}

int64_t
pd_conditions_opened(const struct pd_conditions *conditions)
{
	int64_t opened = 0;

	for (int i = 0; i < pd_model_conditions(conditions->model); i++)
		opened += conditions->opened[i];
	return opened;
}
