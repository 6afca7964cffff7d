/* SPDX-License-Identifier: MIT */
#include "concurrency.h"

#include <string.h>

#include "json.h"
#include "recorded.h"

/*
 * One after another.
 */

/* Move the item of a branch with this id to the end of the prefix, and what
 * stands before it in its branch: that came earlier. */
static void
line_up_item(struct pd_sequence *candidate, const char *id)
{
	struct pd_items *prefix = &candidate->prefix;

	for (size_t b = 0; b < candidate->branch_count; b++) {
		struct pd_items *branch = &candidate->branches[b];
		size_t i = 0;
		while (i < branch->count && strcmp(branch->list[i].id, id) != 0)
			i++;
		if (i < branch->count)
			pd_items_move(branch, 0, i + 1, prefix, prefix->count);
	}
}

/* Try the best in the order of these records, which are consumed; what they do
 * not tell of comes branch after branch. */
static bool
try_order(struct pd_search *search, jv records)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, &search->best);
	jv_array_foreach(records, i, record) {
		line_up_item(&candidate, pd_json_peek_string(record, "id", ""));
		jv_free(record);
	}
	jv_free(records);
	for (size_t b = 0; b < candidate.branch_count; b++)
		pd_items_move(&candidate.branches[b], 0, candidate.branches[b].count,
		    &candidate.prefix, candidate.prefix.count);
	pd_sequence_tidy(&candidate);
	return pd_search_try(search, &candidate);
}

/* In the order in which they were folded. */
static jv
folded(jv events)
{
	jv numbers = jv_array();

	jv_array_foreach(events, i, event) {
		numbers = jv_array_append(numbers,
		    jv_number(pd_json_peek_number(event, "n", 0)));
		jv_free(event);
	}
	return jv_sort(events, numbers);
}

bool
pd_concurrency_line_up(struct pd_search *search)
{
	struct pd_recorded run;
	struct pd_error error;
	bool done = false;

	if (search->best.branch_count == 0)
		return false;
	if (pd_recorded_parse(&run, search->lines.data, search->lines.length,
	    &error) == 0)
		done = try_order(search, folded(jv_copy(run.events))) ||
		    try_order(search, jv_copy(run.commands)) ||
		    try_order(search, jv_array());
	pd_recorded_free(&run);
	return done;
}

/*
 * Fewer at the same time. Each returns whether the candidate is the best now.
 */

/* So many commands of a branch, from the first-th on, before or behind all
 * branches. */
static bool
try_move(struct pd_search *search, size_t branch, size_t first, size_t count,
    bool before)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, &search->best);
	struct pd_items *to = before ? &candidate.prefix : &candidate.suffix;
	pd_items_move(&candidate.branches[branch], first, count, to,
	    before ? to->count : 0);
	pd_sequence_tidy(&candidate);
	return pd_search_try(search, &candidate);
}

static bool
try_append(struct pd_search *search, size_t branch, size_t to)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, &search->best);
	pd_items_move(&candidate.branches[branch], 0,
	    candidate.branches[branch].count, &candidate.branches[to],
	    candidate.branches[to].count);
	pd_sequence_tidy(&candidate);
	return pd_search_try(search, &candidate);
}

static bool
move_branch(struct pd_search *search)
{
	for (size_t i = 0; i < search->best.branch_count; i++) {
		size_t count = search->best.branches[i].count;
		if (try_move(search, i, 0, count, true) ||
		    try_move(search, i, 0, count, false))
			return true;
	}
	return false;
}

/* One branch behind another: of two that would be no branch at all. */
static bool
join_branches(struct pd_search *search)
{
	size_t count = search->best.branch_count;

	for (size_t i = 0; i < count && count > 2; i++) {
		for (size_t j = 0; j < count; j++) {
			if (i != j && try_append(search, i, j))
				return true;
		}
	}
	return false;
}

static bool
move_command(struct pd_search *search)
{
	for (size_t i = 0; i < search->best.branch_count; i++) {
		size_t last = search->best.branches[i].count - 1;
		if (try_move(search, i, 0, 1, true) ||
		    try_move(search, i, last, 1, false))
			return true;
	}
	return false;
}

bool
pd_concurrency_move_out(struct pd_search *search)
{
	bool any = false;

	while (!pd_search_is_over(search) && (move_branch(search) ||
	    join_branches(search) || move_command(search)))
		any = true;
	return any;
}
