/* SPDX-License-Identifier: MIT */
/*
 * Where two runs part ways. Commands are paired by their ids and compared as
 * they were planned, then their outcomes, events, the checks that failed, and
 * the states of the model; at last how far the runs came, how they failed, and,
 * when all else is the same, the order of the steps.
 */
#ifndef PD_DIVERGENCE_H
#define PD_DIVERGENCE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "comparable.h"

enum pd_difference_kind {
	PD_DIFFERS_COMMAND, PD_DIFFERS_OUTCOME, PD_DIFFERS_EVENT,
	PD_DIFFERS_CHECK, PD_DIFFERS_STATE, PD_DIFFERS_LENGTH,
	PD_DIFFERS_FAILURE, PD_DIFFERS_ORDER, PD_DIFFERENCE_KINDS,
};

struct pd_divergence {
	bool differs[PD_DIFFERENCE_KINDS];	/* what kinds there are */
	jv differences;		/* the first of them, at most limit */
	int64_t limit;
	int64_t more;		/* those beyond */
};

/* Compare; no more than limit differences are kept, the rest is counted. Must
 * be freed. */
void pd_divergence_find(struct pd_divergence *, const struct pd_comparable *left,
    const struct pd_comparable *right, int64_t limit);
void pd_divergence_free(struct pd_divergence *);

/* Are the runs the same? */
bool pd_divergence_none(const struct pd_divergence *);

/* The first difference, or an invalid jv. limit must not have been 0. */
jv pd_divergence_first(const struct pd_divergence *);

/* A divergence record's same, first, differences and more_differences, added
 * to the record, which is consumed. */
jv pd_divergence_describe(const struct pd_divergence *, jv record);

#endif
