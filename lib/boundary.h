/* SPDX-License-Identifier: MIT */
/*
 * Partitions of arguments: what of a generator's range is worth telling apart.
 * A number is on a bound, zero, or between two of them; a text or list likewise
 * by its length, where 0 and 1 are told apart as well; a value that is chosen
 * from a few is each of them (boundary-value analysis: Myers, The Art of
 * Software Testing, 1979). Of an argument whose generator says nothing about
 * that, a choice from what the state has for example, only kinds of values are
 * told apart: negative, zero, positive; empty, one, many.
 */
#ifndef PD_BOUNDARY_H
#define PD_BOUNDARY_H

#include <jv.h>
#include <stddef.h>

#include "buffer.h"

struct pd_boundary;	/* of one argument */

struct pd_boundaries {
	struct pd_boundary *list;
	size_t count, room;
};

#define PD_BOUNDARIES_INIT {NULL, 0, 0}

/* Called for every partition that there is of an argument. */
typedef void pd_boundary_visit(void *context, const char *command,
    const char *argument, const char *partition);

/* Read the generators of a command's arguments, which are borrowed, and tell
 * their partitions. */
void pd_boundaries_read(struct pd_boundaries *, const char *command, jv arguments,
    pd_boundary_visit *, void *context);
void pd_boundaries_free(struct pd_boundaries *);

/* Tell the partitions of a command's values: of each argument one, those in an
 * object each by its own path. Borrows the command. */
void pd_boundaries_take(const struct pd_boundaries *, jv command,
    pd_boundary_visit *, void *context);

#endif
