/* SPDX-License-Identifier: MIT */
/*
 * The state of one part of a log (an account, a trace), and what led there: the
 * latest events, and an older state from which the one before any of them can be
 * folded again. So nothing is copied at each event, only where the copies in all
 * cost less than the folding.
 */
#ifndef PD_TRAIL_H
#define PD_TRAIL_H

#include <jv.h>
#include <stdint.h>

#include "error.h"
#include "fold.h"

/* The event is kept as text, which for many parts takes a tenth of the memory that
 * its jv does, and so stays in the cache. */
struct pd_trail_step {
	char *event;
	int64_t number;		/* of the event in the whole log, from 1 */
	const char *file;
	long line;
};

struct pd_trail {
	struct pd_fold fold;
	int64_t events;		/* folded so far */
	jv earlier;		/* the state before the last `since` steps */
	int since, interval;
	struct pd_trail_step *steps;	/* the latest, oldest first, from `first` in a ring */
	int first, count, room;
	int context;		/* so many are kept at least */
};

/* Begin with a copy of a fold that has seen nothing. */
void pd_trail_start(struct pd_trail *, const struct pd_fold *first, int context);
void pd_trail_free(struct pd_trail *);

/* Fold an event, which is borrowed, as a step, which is taken over, and check as
 * pd_fold_step does. Returns what that returns. After -1 the state is as before, and
 * the step is forgotten. */
int pd_trail_fold(struct pd_trail *, struct pd_trail_step, jv event,
    pd_fold_checked *, void *context, struct pd_error *);

/* The state before the latest step: an invalid jv when it cannot be folded again. */
jv pd_trail_before(struct pd_trail *);

/* The latest step but so many; borrowed. And its event. */
const struct pd_trail_step *pd_trail_step(const struct pd_trail *, int back);
jv pd_trail_event(const struct pd_trail *, int back);

#endif
