/* SPDX-License-Identifier: MIT */
/*
 * Failures that are like another: those of its kind and name, and those whose
 * commands are mostly of the same types (the Jaccard index of the two sets is
 * 0.8 or more; Jaccard, 1912). Of each failure only what tells it apart stays
 * in memory, about 100 bytes beside its place's name; its sequence goes to a
 * file in the temporary folder that nobody else can see.
 */
#ifndef PD_SIMILAR_H
#define PD_SIMILAR_H

#include <jv.h>
#include <stddef.h>

#include "error.h"
#include "sequence.h"

struct pd_similar;

/* NULL on error. */
struct pd_similar *pd_similar_new(struct pd_error *);
void pd_similar_free(struct pd_similar *);

/* Remember a failure record, which is borrowed. place says where it came from.
 * One of a kind, name and sequence that is known is not kept twice. Returns 0
 * or -1: its sequence cannot be read, or not be stored. */
int pd_similar_add(struct pd_similar *, jv record, const char *place,
    struct pd_error *);

/* Those that are like a failure record, which is borrowed, in the order in
 * which they were added. Sequences that are its own are left out. Returns their
 * number, and an array of their numbers, which the caller frees. */
size_t pd_similar_find(struct pd_similar *, jv record, size_t **found);

/* What is known of one: where it came from, and {kind, name}, both belonging to
 * the index. */
const char *pd_similar_place(const struct pd_similar *, size_t number);
jv pd_similar_cause_peek(const struct pd_similar *, size_t number);

/* Its sequence. Returns 0 or -1; free the sequence in both cases. */
int pd_similar_sequence(struct pd_similar *, size_t number,
    struct pd_sequence *, struct pd_error *);

#endif
