/* SPDX-License-Identifier: MIT */
/*
 * Things that were met in runs, by name: how often, in how many runs, and in
 * which run first. All three add up over parts of a stream in any order, so
 * that what was counted apart and put together is what one count of it all
 * gives. A name may have several parts, with a NUL between them.
 */
#ifndef PD_OCCURRENCE_H
#define PD_OCCURRENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intern.h"

/* More different names than that are no names but data: they are left out, and
 * counted. */
enum { PD_OCCURRENCES_LIMIT = 100000 };

struct pd_occurrence {
	int64_t times, runs;
	int64_t first;		/* the lowest run number; of no use while times is 0 */
	int64_t more;		/* what else the set counts of each: unanswered, failed */
	uint64_t serial;	/* of the run that met it last */
	bool declared;		/* it is among those that there are to be met */
};

/* A run that is counted: its number, and its place among all that were counted,
 * from 1, since several runs may have the same number. */
struct pd_moment {
	int64_t run;
	uint64_t serial;
};

struct pd_occurrences {
	struct pd_interner names;
	struct pd_occurrence *list;	/* by the names' numbers */
	size_t room;
	bool declared;		/* what there is to be met is known */
	int64_t left_out;	/* beyond the limit */
};

void pd_occurrences_free(struct pd_occurrences *);

/* The entry of a name, made if need be; it moves when the next one is made. NULL
 * when there are too many. */
struct pd_occurrence *pd_occurrences_find(struct pd_occurrences *,
    const void *name, size_t length);

/* It is there to be met. */
void pd_occurrences_declare(struct pd_occurrences *, const void *name,
    size_t length);

/* It was met so often in this run. The entry may be NULL. */
void pd_occurrence_note(struct pd_occurrence *, int64_t times, struct pd_moment);

/* Add what was counted elsewhere; times must not be 0. */
void pd_occurrence_add(struct pd_occurrence *, int64_t times, int64_t runs,
    int64_t first);

/* The numbers of all names in the order of their bytes; the caller frees it. */
int32_t *pd_occurrences_sorted(const struct pd_occurrences *);

#endif
