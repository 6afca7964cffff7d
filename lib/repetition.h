/* SPDX-License-Identifier: MIT */
/*
 * Several runs of one plan: how many passed and failed, and how; what varies
 * among them, and what tells those that failed from the others. Three runs are
 * kept: the first, and the first that passed and that failed.
 */
#ifndef PD_REPETITION_H
#define PD_REPETITION_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "comparable.h"
#include "distinction.h"
#include "divergence.h"

struct pd_repetition {
	int64_t runs, passes, failures, errors;
	jv kinds;		/* {"kind name": runs} of what failed */
	int64_t shortest, longest;	/* commands answered in a run */
	bool differs[PD_DIFFERENCE_KINDS];	/* from the first run, in any of them */
	struct pd_comparable first, passed, failed, other;	/* of the kept runs: */
	bool has_passed, has_failed, has_other;	/* other differs from the first */
	struct pd_distinction *distinction;
};

void pd_repetition_start(struct pd_repetition *);
void pd_repetition_free(struct pd_repetition *);

/* Count a run and take it over: it must not be freed by the caller. */
void pd_repetition_add(struct pd_repetition *, struct pd_comparable *);

/* Did they end differently: some passed and some failed, or they failed in
 * several ways? */
bool pd_repetition_flaky(const struct pd_repetition *);

/* Was every run the same in all that is compared? */
bool pd_repetition_same(const struct pd_repetition *);

/* "deterministic"; "varying" when all ended in the same way, but not by the
 * same steps; "flaky"; or "unjudged" when every run was an error. */
const char *pd_repetition_verdict(const struct pd_repetition *);

/* Two runs to compare: one that passed and one that failed, else the first and
 * one that differs from it, else NULL twice. */
void pd_repetition_pair(const struct pd_repetition *,
    const struct pd_comparable **left, const struct pd_comparable **right);

/* Add to a record, which is consumed: runs, passes, failures, errors, kinds,
 * lengths, varies, fields and more_fields. */
jv pd_repetition_describe(const struct pd_repetition *, jv record);

#endif
