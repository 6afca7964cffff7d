/* SPDX-License-Identifier: MIT */
#include "admission.h"

#include <stdbool.h>

#include "interleaving.h"
#include "plan.h"

static int
admit_items(struct pd_plan *plan, const struct pd_items *items, bool judge,
    const char **failed_id, struct pd_error *error)
{
	for (size_t i = 0; i < items->count; i++) {
		const struct pd_item *item = &items->list[i];
		int admitted = judge ? pd_plan_admits(plan, item->command, error) : 1;
		if (admitted != 1) {
			*failed_id = item->id;
			return admitted;
		}
		if (pd_plan_apply(plan, item->id, item->command, error) != 0)
			return -1;
	}
	return 1;
}

/* The branches in every order, and the suffix after each of them. */
static int
admit_branches(const struct pd_plan *before, const struct pd_sequence *sequence,
    const char **failed_id, struct pd_error *error)
{
	struct pd_interleaving *it = pd_interleaving_new(before,
	    sequence->branch_count, sequence->seed);

	for (size_t i = 0; i < sequence->branch_count; i++)
		pd_interleaving_place_items(it, i, &sequence->branches[i]);
	size_t branch, place;
	int admitted = pd_interleaving_admits(it, &branch, &place, error);
	if (admitted == 0)
		*failed_id = sequence->branches[branch].list[place].id;
	for (size_t i = 0; i < sequence->suffix.count && admitted == 1; i++) {
		const struct pd_item *item = &sequence->suffix.list[i];
		admitted = pd_interleaving_follow(it, item->id, item->command, error);
		if (admitted == 0)
			*failed_id = item->id;
	}
	pd_interleaving_free(it);
	return admitted;
}

int
pd_admits_sequence(struct pd_model *model,
    const struct pd_sequence *sequence, const char **failed_id,
    struct pd_error *error)
{
	struct pd_plan plan;
	int admitted = -1;

	if (pd_plan_start(&plan, model, error) == 0)
		admitted = admit_items(&plan, &sequence->setup, false, failed_id, error);
	if (admitted == 1)
		admitted = admit_items(&plan, &sequence->prefix, true, failed_id, error);
	if (admitted == 1 && sequence->branch_count > 0)
		admitted = admit_branches(&plan, sequence, failed_id, error);
	else if (admitted == 1)
		admitted = admit_items(&plan, &sequence->suffix, true, failed_id, error);
	pd_plan_free(&plan);
	return admitted;
}
