/* SPDX-License-Identifier: MIT */
#include "predicted.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "plan.h"
#include "reference.h"
#include "symbolic.h"

struct walk {
	struct pd_predictions *predictions;
	struct pd_model *model;
	const struct pd_sequence *sequence;
	jv seen;		/* {id: [events]} with tokens, as observed */
	jv outcome;		/* {id: index} so far */
	size_t *done;		/* by branch: commands that are placed */
	int orders;
	struct pd_error *error;
};

/* Note a prediction of a command, once. */
static void
note(struct walk *walk, const char *id, jv events)
{
	jv list = pd_json_peek(walk->predictions->alternatives, id);
	int index = 0;

	if (!jv_is_valid(list))
		list = jv_array();
	int count = jv_array_length(jv_copy(list));
	while (index < count && !jv_equal(jv_array_get(jv_copy(list), index),
	    jv_copy(events)))
		index++;
	if (index == count)
		list = jv_array_append(list, events);
	else
		jv_free(events);
	walk->predictions->alternatives = pd_json_set(walk->predictions->alternatives,
	    id, list);
	walk->outcome = pd_json_set_number(walk->outcome, id, index);
}

/* Does the model leave it to a rule of its own, which allows what was seen? */
static int
is_allowed(struct walk *walk, const struct pd_plan *plan, jv command, jv seen)
{
	int legal = pd_model_legal(walk->model, plan->state, command, seen, walk->error);

	return legal == PD_NO_RULE ? 0 : legal;
}

static int
advance(struct walk *walk, struct pd_plan *plan, const struct pd_item *item)
{
	jv command = pd_reference_unquote(jv_copy(item->command));
	const char *type = pd_json_peek_string(command, "type", "");
	jv seen = pd_json_peek(walk->seen, item->id);
	int result = 0;

	if (!jv_is_valid(seen))
		seen = jv_array();
	int allowed = pd_model_predicts(walk->model, type) ?
	    is_allowed(walk, plan, command, seen) : 1;
	if (allowed > 0) {
		plan->state = pd_model_fold_answer(walk->model, plan->state, command, seen,
		    walk->error);
		result = jv_is_valid(plan->state) ? 0 : -1;
		note(walk, item->id, jv_null());
	} else if (allowed == 0) {
		result = pd_plan_apply(plan, item->id, item->command, walk->error);
		if (result == 0)
			note(walk, item->id, jv_copy(plan->events));
	} else {
		result = -1;
	}
	jv_free(seen);
	jv_free(command);
	return result;
}

static int
advance_all(struct walk *walk, struct pd_plan *plan, const struct pd_items *items)
{
	int result = 0;

	for (size_t i = 0; i < items->count && result == 0; i++)
		result = advance(walk, plan, &items->list[i]);
	return result;
}

static bool
is_known(jv outcomes, jv outcome)
{
	bool known = false;

	jv_array_foreach(outcomes, i, other) {
		known = known || jv_equal(jv_copy(other), jv_copy(outcome));
		jv_free(other);
	}
	return known;
}

/* All commands of the branches are placed: what comes after them. */
static int
finish(struct walk *walk, struct pd_plan *plan)
{
	if (++walk->orders > PD_PREDICTED_ORDERS)
		return pd_error_set(walk->error, "the branches have more than %d orders",
		    PD_PREDICTED_ORDERS);
	int result = advance_all(walk, plan, &walk->sequence->suffix);
	if (result == 0)
		result = advance_all(walk, plan, &walk->sequence->teardown);
	if (result == 0 && !is_known(walk->predictions->outcomes, walk->outcome))
		walk->predictions->outcomes = jv_array_append(
		    walk->predictions->outcomes, jv_copy(walk->outcome));
	return result;
}

/* Every order of the rest of the branches. Frees the plan. */
static int
interleave(struct walk *walk, struct pd_plan plan)
{
	const struct pd_sequence *sequence = walk->sequence;
	bool any = false;
	int result = 0;

	for (size_t i = 0; i < sequence->branch_count && result == 0; i++) {
		const struct pd_items *branch = &sequence->branches[i];
		if (walk->done[i] == branch->count)
			continue;
		any = true;
		struct pd_plan next = pd_plan_copy(&plan);
		jv outcome = jv_copy(walk->outcome);
		result = advance(walk, &next, &branch->list[walk->done[i]++]);
		if (result == 0)
			result = interleave(walk, next);
		else
			pd_plan_free(&next);
		walk->done[i]--;
		jv_free(walk->outcome);
		walk->outcome = outcome;
	}
	if (!any && result == 0)
		result = finish(walk, &plan);
	pd_plan_free(&plan);
	return result;
}

int
pd_predict(struct pd_predictions *predictions, struct pd_model *model,
    const struct pd_sequence *sequence, jv events, jv references,
    struct pd_error *error)
{
	struct walk walk = {predictions, model, sequence,
		pd_symbols_events(events, references), jv_object(),
		pd_allocate(sequence->branch_count + 1, sizeof(*walk.done)), 0, error};
	struct pd_plan plan;

	*predictions = (struct pd_predictions){jv_object(), jv_array()};
	int result = pd_plan_start(&plan, model, error);
	if (result == 0)
		result = advance_all(&walk, &plan, &sequence->setup);
	if (result == 0)
		result = advance_all(&walk, &plan, &sequence->prefix);
	if (result == 0)
		result = interleave(&walk, plan);
	else
		pd_plan_free(&plan);
	jv_free(walk.seen);
	jv_free(walk.outcome);
	free(walk.done);
	return result;
}

void
pd_predictions_free(struct pd_predictions *predictions)
{
	jv_free(predictions->alternatives);
	jv_free(predictions->outcomes);
	*predictions = (struct pd_predictions){jv_invalid(), jv_invalid()};
}
