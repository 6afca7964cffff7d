/* SPDX-License-Identifier: MIT */
/*
 * A reorder window: things that come a little out of order leave it in order. It
 * holds so many at most; one more pushes out the one whose place is first. What
 * comes later than something that has left already leaves next, and is counted.
 * A binary heap; equal places keep the order in which they came.
 */
#ifndef PD_REORDERING_H
#define PD_REORDERING_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

struct pd_order_place {
	jv value;
	bool whole;		/* it is a time or a whole number, and this is it: */
	int64_t number;
};

struct pd_reordering {
	struct pd_waiting {
		struct pd_order_place place;
		int64_t arrival;
		void *item;
	} *heap;
	int count, window;
	int64_t arrivals, late;
	struct pd_order_place last;	/* of what left latest */
};

/* At most so many wait, 0: none. */
void pd_reordering_start(struct pd_reordering *, int window);

/* What still waits is left to the caller: take it before. */
void pd_reordering_free(struct pd_reordering *);

/* Put an item in. place is consumed: times in RFC 3339 go by their moment,
 * everything else as jq sorts it, and one without (null) stands beside the one that
 * came before it. */
void pd_reordering_put(struct pd_reordering *, jv place, void *item);

/* The next one to leave, or NULL. Unless draining, only when the window is full. */
void *pd_reordering_take(struct pd_reordering *, bool draining);

#endif
