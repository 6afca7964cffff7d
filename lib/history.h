/* SPDX-License-Identifier: MIT */
/*
 * A history: operations that clients of a system called, which may overlap, and
 * what they were answered. Times are microseconds on any one clock. Of two
 * operations one precedes the other when it returned before the other was
 * called, or when both are of one process, it stands before, and returned no
 * later than the other was called; else they are concurrent.
 */
#ifndef PD_HISTORY_H
#define PD_HISTORY_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "intern.h"

#define PD_NEVER INT64_MAX	/* when an operation returned that did not */

struct pd_operation {
	char *id;
	jv process;		/* a string or number, or invalid: of none */
	int64_t called, returned;
	jv command, events;	/* events invalid: the outcome is unknown. It may have
				 * happened at any time after the call, or never. */
	jv key;			/* the part it belongs to, or invalid: ask the specification */
};

struct pd_history {
	struct pd_operation *list;
	size_t count, room;
	struct pd_interner ids;	/* of records */
};

#define PD_HISTORY_INIT {0}

/* Add an operation, which is consumed, id included. */
void pd_history_add(struct pd_history *, struct pd_operation);
void pd_history_free(struct pd_history *);

/* Add the operation of an op record (borrowed), see pd-stream(5). One without an
 * id is numbered. Returns 0 or -1. */
int pd_history_add_record(struct pd_history *, jv record, struct pd_error *);

/* Those whose outcome nobody knows. */
size_t pd_history_unknown(const struct pd_history *);

/* A copy that shares no value with the original, for another thread. */
void pd_history_copy_apart(struct pd_history *to, const struct pd_history *from);

#endif
