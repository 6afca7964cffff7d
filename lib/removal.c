/* SPDX-License-Identifier: MIT */
#include "removal.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "model.h"

/* Try the best without the items that are not wanted, and without what depends
 * on them. The command that fails stays. When that is the best now, the row is of
 * no use any more. */
static bool
try_without(struct pd_search *search, const struct pd_row *row,
    const bool *wanted)
{
	bool *keep = pd_allocate(row->count, sizeof(*keep));
	size_t failed = pd_search_failed_item(search, row);
	bool removed = false;

	memcpy(keep, wanted, row->count * sizeof(*keep));
	pd_row_drop_dependents(row, keep);
	if (failed == row->count || keep[failed]) {
		struct pd_sequence candidate = pd_row_kept(&search->best, keep);
		removed = pd_search_try(search, &candidate);
	}
	free(keep);
	return removed;
}

static void
try_related(struct pd_search *search)
{
	struct pd_row row = pd_row_make(&search->best);
	size_t failed = search->failed_id != NULL ?
	    pd_row_find(&row, search->failed_id) : row.count;
	bool *needed = pd_allocate(row.count, sizeof(*needed));
	bool *related = pd_allocate(row.count, sizeof(*related));

	if (failed < row.count) {
		pd_row_mark_needed(&row, failed, needed);
		for (size_t i = 0; i < row.count; i++) {
			bool *marked = pd_allocate(row.count, sizeof(*marked));
			pd_row_mark_needed(&row, i, marked);
			for (size_t j = 0; j < row.count; j++)
				related[i] = related[i] || (marked[j] && needed[j]);
			free(marked);
		}
		if (!try_without(search, &row, needed))
			try_without(search, &row, related);
	}
	free(needed);
	free(related);
	pd_row_free(&row);
}

/* All commands that the model calls read-only. */
static void
try_without_reads(struct pd_search *search)
{
	struct pd_error error;
	struct pd_row row = pd_row_make(&search->best);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = pd_search_failed_item(search, &row);
	bool any = false;
	jv state = pd_model_init(search->model, &error);
	jv commands = jv_is_valid(state) ?
	    pd_model_commands(search->model, state, &error) : jv_invalid();

	for (size_t i = 0; i < row.count; i++) {
		const struct pd_item *item = pd_row_item(&row, i);
		jv entry = pd_json_peek(commands,
		    pd_json_peek_string(item->command, "type", ""));
		keep[i] = i == failed || !pd_json_peek_bool(entry, "read_only", false);
		any = any || !keep[i];
		jv_free(entry);
	}
	if (any)
		try_without(search, &row, keep);
	jv_free(state);
	jv_free(commands);
	free(keep);
	pd_row_free(&row);
}

void
pd_removal_guess(struct pd_search *search)
{
	try_related(search);
	try_without_reads(search);
}

/* Leave out a chunk of the items on a level: so many of them from the first-th
 * last one backward. The row is made anew after each success. */
static bool
try_without_chunk(struct pd_search *search, size_t level, size_t first,
    size_t size)
{
	struct pd_row row = pd_row_make(&search->best);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t *depth = pd_allocate(row.count, sizeof(*depth));
	size_t seen = 0;

	pd_row_depths(&row, depth);
	for (size_t i = row.count; i-- > 0;) {
		bool on_level = depth[i] == level;
		keep[i] = !on_level || seen < first || seen >= first + size;
		seen += on_level;
	}
	bool succeeded = try_without(search, &row, keep);
	free(depth);
	free(keep);
	pd_row_free(&row);
	return succeeded;
}

/* How many items are on a level, and how deep the whole row is. */
static size_t
count_level(struct pd_search *search, size_t level, size_t *deepest)
{
	struct pd_row row = pd_row_make(&search->best);
	size_t *depth = pd_allocate(row.count, sizeof(*depth));
	size_t count = 0;

	*deepest = pd_row_depths(&row, depth);
	for (size_t i = 0; i < row.count; i++)
		count += depth[i] == level;
	free(depth);
	pd_row_free(&row);
	return count;
}

/* Chunks of half a level, then of a quarter, down to single commands, late ones
 * first. */
static bool
remove_on_level(struct pd_search *search, size_t level)
{
	size_t deepest, count = count_level(search, level, &deepest);
	bool any = false;

	for (size_t size = (count + 1) / 2; size >= 1; size /= 2) {
		for (size_t first = 0; first < count && !pd_search_is_over(search);) {
			if (try_without_chunk(search, level, first, size)) {
				any = true;
				count = count_level(search, level, &deepest);
			} else {
				first += size;
			}
		}
	}
	return any;
}

/* Leave out one item of the row. */
static bool
try_without_one(struct pd_search *search, size_t item)
{
	struct pd_row row = pd_row_make(&search->best);
	bool *keep = pd_allocate(row.count, sizeof(*keep));

	for (size_t i = 0; i < row.count; i++)
		keep[i] = i != item;
	bool succeeded = try_without(search, &row, keep);
	free(keep);
	pd_row_free(&row);
	return succeeded;
}

/* Single commands, late ones first, until none can go. */
static bool
remove_single(struct pd_search *search)
{
	bool any = false, again = true;

	while (again && !pd_search_is_over(search)) {
		again = false;
		for (size_t i = pd_sequence_commands(&search->best);
		    i-- > 0 && !pd_search_is_over(search);) {
			if (i < pd_sequence_commands(&search->best) && try_without_one(search, i))
				any = again = true;
		}
		if (search->options->strategy == PD_SHRINK_QUICK)
			break;
	}
	return any;
}

/* Without one of the branches. */
static bool
try_without_branch(struct pd_search *search, size_t branch)
{
	struct pd_row row = pd_row_make(&search->best);
	bool *keep = pd_allocate(row.count, sizeof(*keep));

	for (size_t i = 0; i < row.count; i++)
		keep[i] = row.owner[i] != &search->best.branches[branch];
	bool succeeded = try_without(search, &row, keep);
	free(keep);
	pd_row_free(&row);
	return succeeded;
}

bool
pd_removal_branches(struct pd_search *search)
{
	bool any = false;

	for (size_t i = search->best.branch_count; i-- > 0;)
		any |= i < search->best.branch_count && try_without_branch(search, i);
	return any;
}

bool
pd_removal_levels(struct pd_search *search)
{
	size_t deepest;
	bool any = false;

	count_level(search, 0, &deepest);
	for (size_t level = 0; level <= deepest && !pd_search_is_over(search); level++) {
		any |= remove_on_level(search, level);
		count_level(search, 0, &deepest);
	}
	return remove_single(search) || any;
}

bool
pd_removal_pairs(struct pd_search *search)
{
	for (size_t i = pd_sequence_commands(&search->best); i-- > 1;) {
		for (size_t j = i; j-- > 0 && !pd_search_is_over(search);) {
			struct pd_row row = pd_row_make(&search->best);
			bool *keep = pd_allocate(row.count, sizeof(*keep));
			for (size_t k = 0; k < row.count; k++)
				keep[k] = k != i && k != j;
			bool succeeded = try_without(search, &row, keep);
			free(keep);
			pd_row_free(&row);
			if (succeeded)
				return true;
		}
	}
	return false;
}
