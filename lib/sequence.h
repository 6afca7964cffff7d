/* SPDX-License-Identifier: MIT */
/* A plan: the commands of one run, with references still symbolic. */
#ifndef PD_SEQUENCE_H
#define PD_SEQUENCE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "hash.h"

struct pd_item {
	char *id;
	jv command;
	jv label;		/* a string, or invalid */
};

struct pd_items {
	struct pd_item *list;
	size_t count;
};

/* Setup and teardown belong to every run; the prefix comes before the parallel
 * branches, the suffix after them. A linear run has a prefix only. */
struct pd_sequence {
	int64_t run;
	uint64_t seed;
	struct pd_items setup, prefix, suffix, teardown;
	struct pd_items *branches;
	size_t branch_count;
};

#define PD_SEQUENCE_INIT {0}

/* Build from a sequence record, which is consumed. Refused: ids that occur
 * twice, commands without a type, references to a command that does not come
 * before or that runs in another branch. Returns 0 or -1; the sequence must be
 * freed in both cases. */
int pd_sequence_parse(struct pd_sequence *, jv record, struct pd_error *);

/* The sequence record, its fingerprint included. */
jv pd_sequence_record(const struct pd_sequence *);

/* SHA-256 of the canonical plan: run, seed and labels do not count. */
void pd_sequence_fingerprint(const struct pd_sequence *, char text[PD_HASH_TEXT]);

void pd_sequence_copy(struct pd_sequence *to, const struct pd_sequence *from);
void pd_sequence_free(struct pd_sequence *);

/* Add an item at the end. Consumes command and label (which may be invalid). */
void pd_items_add(struct pd_items *, const char *id, jv command, jv label);
void pd_items_free(struct pd_items *);

/* Move so many items, from the first-th on, before the at-th of another list. */
void pd_items_move(struct pd_items *from, size_t first, size_t count,
    struct pd_items *to, size_t at);

/* Commands in all parts together. */
size_t pd_sequence_length(const struct pd_sequence *);

/* Commands of prefix, branches and suffix. */
size_t pd_sequence_commands(const struct pd_sequence *);

/* Empty branches go; a single one runs beside nothing and joins the prefix, and
 * when there are no branches any more, so does the suffix. One that never had
 * any stays as it is. */
void pd_sequence_tidy(struct pd_sequence *);

#endif
