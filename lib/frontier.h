/* SPDX-License-Identifier: MIT */
/*
 * Which operations can come next: those that no other one precedes which is not
 * placed yet. Operations with a known outcome have numbers in the order in which
 * they returned; their calls and returns stand in a list by time, from which an
 * operation is taken when it is placed, so that those that can come next are the
 * calls before the first return (Wing and Gong, 1993).
 */
#ifndef PD_FRONTIER_H
#define PD_FRONTIER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An operation as a search sees it. */
struct pd_move {
	int32_t action;
	bool known;		/* its outcome; if not, it may be left out */
	int64_t called, returned;	/* returned: PD_NEVER if it did not, or is unknown */
	size_t operation;	/* its position in the history */
	jv process;		/* borrowed, or invalid */
	bool inferred;		/* it did not return then, but it happened before */
};

struct pd_frontier {
	struct pd_move *moves;	/* the known ones by number, then the others by action and call */
	size_t known, count;
	int32_t *next, *previous;	/* by node: the call of i is 2i, its return 2i+1 */
	bool *placed;
	/* What must be placed before another for other reasons than the list: first as
	 * pairs, and once it is sealed by number, from before[start[i]] up to
	 * before[start[i + 1]]. */
	struct pd_requirement *requirements;
	size_t requirement_count, requirement_room;
	size_t *start;
	int32_t *before;
};

struct pd_requirement {
	int32_t before, after;
};

/* The moves stand in the order of the history; they are copied. Operations of
 * one process are required to follow one another where both came in the very
 * same microsecond. */
void pd_frontier_start(struct pd_frontier *, const struct pd_move *, size_t count);
void pd_frontier_free(struct pd_frontier *);

/* Require an operation, whose outcome is known, to be placed before another one;
 * and after the last of these, make it ready for use. */
void pd_frontier_require(struct pd_frontier *, size_t before, size_t after);
void pd_frontier_seal(struct pd_frontier *);

/* The walk over what can come next: the first node and the one after it. Nodes
 * that are even are calls; the first odd one ends the walk, and its operation
 * is the one that must be placed before anything that was called after it. */
int32_t pd_frontier_first(const struct pd_frontier *);
int32_t pd_frontier_after(const struct pd_frontier *, int32_t node);

/* Is everything placed that is required before it, and is anything at all? */
bool pd_frontier_ready(const struct pd_frontier *, size_t number);
bool pd_frontier_waits(const struct pd_frontier *, size_t number);

/* Was an operation of unknown outcome called before the walk's last node? */
bool pd_frontier_called(const struct pd_frontier *, size_t number, int32_t last);

/* Place an operation with a known outcome, and take the last one back. */
void pd_frontier_place(struct pd_frontier *, size_t number);
void pd_frontier_take_back(struct pd_frontier *, size_t number);

#endif
