/* SPDX-License-Identifier: MIT */
/*
 * A sequence as one row of items: prefix, branches and suffix, each with the
 * commands that it refers to. What is left out of a sequence is said as which
 * items of the row are kept.
 */
#ifndef PD_ROW_H
#define PD_ROW_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "sequence.h"

struct pd_row {
	struct pd_items **owner;	/* which list an item is in */
	size_t *index;			/* and where */
	jv *needs;			/* ids of the commands it refers to */
	size_t count;
};

/* The row of a sequence, which is borrowed and must outlive it unchanged. */
struct pd_row pd_row_make(struct pd_sequence *);
void pd_row_free(struct pd_row *);

struct pd_item *pd_row_item(const struct pd_row *, size_t);

/* The item with this id; the row's count when there is none. */
size_t pd_row_find(const struct pd_row *, const char *id);

/* Does the item refer to the command with this id? */
bool pd_row_needs(const struct pd_row *, size_t item, const char *id);

/* Mark the item and everything that it needs, directly or not. */
void pd_row_mark_needed(const struct pd_row *, size_t item, bool *marked);

/* How deep each item is in the graph of references: 0 for what refers to
 * nothing, otherwise one more than the deepest that it refers to. Returns the
 * greatest depth. */
size_t pd_row_depths(const struct pd_row *, size_t *depth);

/* Drop what needs something that is not kept. */
void pd_row_drop_dependents(const struct pd_row *, bool *keep);

/* A sequence without the items that are not kept, and tidy. */
struct pd_sequence pd_row_kept(const struct pd_sequence *, const bool *keep);

#endif
