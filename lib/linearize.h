/* SPDX-License-Identifier: MIT */
/*
 * Linearizability (Herlihy and Wing, 1990): is there an order of the operations
 * of a history, one after another and none before one that precedes it, in
 * which the specification allows every answer? Operations of unknown outcome
 * may be in it or not.
 *
 * A history is divided into independent parts; each is searched as Wing and
 * Gong (1993) and Lowe (2017) do, with what was reached before remembered; the
 * parts are advanced in turns, and the first refutation ends the check.
 */
#ifndef PD_LINEARIZE_H
#define PD_LINEARIZE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "history.h"
#include "linearizable.h"
#include "specification.h"

struct pd_linearize_options {
	int64_t timeout;	/* microseconds, 0 for none */
	size_t max_memory;	/* bytes, 0 for no limit */
	int jobs;		/* threads for independent parts, at least 1 */
	bool (*interrupted)(void *context);	/* asked now and then, or NULL */
	void *context;
};

struct pd_linearization {
	enum pd_linearizable verdict;
	char reason[256];	/* why it is unknown or not linearizable */
	size_t parts;
	size_t *order;		/* positions in the history: an order that explains all, or
				 * the longest that was found and goes no further */
	size_t order_count;
	size_t *blocked;	/* of the refuted part: what could come next and may not */
	size_t blocked_count;
	jv key;			/* of the refuted part, or invalid */
	jv state;		/* of that part after the order, or invalid */
	jv expected;		/* by position in blocked: the events, or null */
	int64_t configurations;	/* looked at */
};

/* Search. initial as in pd_specification_start. specifications are as many as
 * options->jobs, each independent of the others. The linearization must be
 * freed in all cases. */
enum pd_linearizable pd_linearize(struct pd_specification **specifications,
    const struct pd_history *, jv initial, const struct pd_linearize_options *,
    struct pd_linearization *, struct pd_error *);
void pd_linearization_free(struct pd_linearization *);

#endif
