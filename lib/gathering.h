/* SPDX-License-Identifier: MIT */
/*
 * Merging the branches of a run. Commands that ran at the same time may have
 * taken effect in any order, so what they were answered is gathered, and folded
 * into the projection only when an order is found that explains all of it from
 * the state after the prefix: one that is linearizable (linearize.h) and, if
 * there is one, in which all checks hold. The suffix is one process that comes
 * after the branches. When no order explains it, the run has failed.
 */
#ifndef PD_GATHERING_H
#define PD_GATHERING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "journal.h"
#include "projection.h"
#include "specification.h"

struct pd_gathering_options {
	int64_t timeout;	/* of one search, microseconds */
	size_t max_memory;	/* of one search, bytes */
	bool (*interrupted)(void *context);	/* asked now and then */
	void *context;
};

struct pd_gathered;

struct pd_gathering {
	struct pd_projection *projection;
	struct pd_specification *specification;
	const struct pd_gathering_options *options;
	struct pd_gathered *list;	/* in the order of the answers */
	size_t count, searched;	/* gathered, and of these in the latest search */
	size_t *order;		/* positions in the list: first those that it could explain, */
	size_t explained;	/* in their order, then the others */
	jv verdict;		/* of the latest search, for run_end; or invalid */
};

/* The branches begin. All are borrowed; the specification is that of the
 * projection's model. Failures are kept back until everything is merged. */
void pd_gathering_start(struct pd_gathering *, struct pd_projection *,
    struct pd_specification *, const struct pd_gathering_options *);
void pd_gathering_free(struct pd_gathering *);

/* A command is over, or was given up: answer is NULL then. injected are the events
 * that it made visible before, times (numbers on the loop's clock) when that was.
 * Consumes the values and what the answer holds; the place's id is borrowed. */
void pd_gathering_take(struct pd_gathering *, struct pd_journal_place, jv command,
    jv injected, jv times, struct pd_answer *answer);

/* A command that was taken was answered once more with these events (consumed), see
 * pd_projection_repeat. */
void pd_gathering_repeat(struct pd_gathering *, struct pd_journal_place, jv events,
    int64_t at, int attempt, bool same);

/* An event (consumed) was seen at this time that is no answer's, of this source, a
 * constant. It stands after all commands that were under way then, which now they
 * are no more; the place's id is borrowed. */
void pd_gathering_see(struct pd_gathering *, struct pd_journal_place,
    const char *source, jv event, int64_t at);

/* All branches have ended, and the suffix is to come: is there an order so far?
 * If not, or if the model ends the run, the projection says that no further
 * command is to be sent. */
void pd_gathering_look(struct pd_gathering *);

/* Find the order, fold and write everything. */
void pd_gathering_finish(struct pd_gathering *);

/* The run is broken off: fold and write everything in the order of the answers,
 * without judging it. */
void pd_gathering_leave(struct pd_gathering *);

#endif
