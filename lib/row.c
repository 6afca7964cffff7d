/* SPDX-License-Identifier: MIT */
#include "row.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "reference.h"

static void
add_to_row(struct pd_row *row, struct pd_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		row->owner[row->count] = items;
		row->index[row->count] = i;
		row->needs[row->count++] = pd_reference_ids(
		    jv_copy(items->list[i].command));
	}
}

struct pd_row
pd_row_make(struct pd_sequence *sequence)
{
	size_t count = pd_sequence_length(sequence);
	struct pd_row row = {
		.owner = pd_allocate(count, sizeof(*row.owner)),
		.index = pd_allocate(count, sizeof(*row.index)),
		.needs = pd_allocate(count, sizeof(*row.needs)),
	};

	add_to_row(&row, &sequence->prefix);
	for (size_t i = 0; i < sequence->branch_count; i++)
		add_to_row(&row, &sequence->branches[i]);
	add_to_row(&row, &sequence->suffix);
	return row;
}

void
pd_row_free(struct pd_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		jv_free(row->needs[i]);
	free(row->owner);
	free(row->index);
	free(row->needs);
}

struct pd_item *
pd_row_item(const struct pd_row *row, size_t i)
{
	return &row->owner[i]->list[row->index[i]];
}

size_t
pd_row_find(const struct pd_row *row, const char *id)
{
	for (size_t i = 0; i < row->count; i++) {
		if (strcmp(pd_row_item(row, i)->id, id) == 0)
			return i;
	}
	return row->count;
}

bool
pd_row_needs(const struct pd_row *row, size_t item, const char *id)
{
	bool found = false;

	jv_array_foreach(row->needs[item], i, needed) {
		found = found || strcmp(jv_string_value(needed), id) == 0;
		jv_free(needed);
	}
	return found;
}

void
pd_row_mark_needed(const struct pd_row *row, size_t item, bool *marked)
{
	marked[item] = true;
	for (size_t i = item; i-- > 0;) {
		for (size_t j = i + 1; j <= item && !marked[i]; j++)
			marked[i] = marked[j] && pd_row_needs(row, j, pd_row_item(row, i)->id);
	}
}

size_t
pd_row_depths(const struct pd_row *row, size_t *depth)
{
	size_t deepest = 0;

	for (size_t i = 0; i < row->count; i++) {
		depth[i] = 0;
		for (size_t j = 0; j < i; j++) {
			if (depth[j] >= depth[i] &&
			    pd_row_needs(row, i, pd_row_item(row, j)->id))
				depth[i] = depth[j] + 1;
		}
		deepest = depth[i] > deepest ? depth[i] : deepest;
	}
	return deepest;
}

/* Needed items come before those that need them, so one pass is enough. */
void
pd_row_drop_dependents(const struct pd_row *row, bool *keep)
{
	for (size_t i = 0; i < row->count; i++) {
		if (keep[i])
			continue;
		for (size_t j = i + 1; j < row->count; j++) {
			if (keep[j] && pd_row_needs(row, j, pd_row_item(row, i)->id))
				keep[j] = false;
		}
	}
}

static void
keep_items(struct pd_items *to, const struct pd_items *from, const bool *keep,
    size_t *at)
{
	for (size_t i = 0; i < from->count; i++, (*at)++) {
		if (keep[*at])
			pd_items_add(to, from->list[i].id, jv_copy(from->list[i].command),
			    jv_copy(from->list[i].label));
	}
}

struct pd_sequence
pd_row_kept(const struct pd_sequence *from, const bool *keep)
{
	struct pd_sequence all, kept;
	size_t at = 0;

	pd_sequence_copy(&all, from);
	kept = (struct pd_sequence){.run = all.run, .seed = all.seed,
		.setup = all.setup, .teardown = all.teardown,
		.branches = pd_allocate(all.branch_count, sizeof(*kept.branches)),
		.branch_count = all.branch_count};
	all.setup = all.teardown = (struct pd_items){0};
	keep_items(&kept.prefix, &all.prefix, keep, &at);
	for (size_t i = 0; i < all.branch_count; i++)
		keep_items(&kept.branches[i], &all.branches[i], keep, &at);
	keep_items(&kept.suffix, &all.suffix, keep, &at);
	pd_sequence_free(&all);
	pd_sequence_tidy(&kept);
	return kept;
}
