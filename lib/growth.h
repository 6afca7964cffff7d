/* SPDX-License-Identifier: MIT */
/*
 * Is more running still finding new things? Told from the run in which each
 * thing was met first, and from how many were met in one run only and in two:
 * a thing seen once stands for those not seen yet. The next run meets about
 * once / runs new things (I. J. Good, The Population Frequencies of Species and
 * the Estimation of Population Parameters, Biometrika 40, 1953), and there are
 * about seen + (runs - 1) / runs * once (once - 1) / (2 (twice + 1)) in all, a
 * lower bound (Chao2, bias-corrected: A. Chao, Estimating the Population Size
 * for Capture-Recapture Data with Unequal Catchability, Biometrics 43, 1987).
 * Of testing: M. Boehme, STADS: Software Testing as Species Discovery, TOSEM
 * 27(2), 2018.
 */
#ifndef PD_GROWTH_H
#define PD_GROWTH_H

#include <jv.h>
#include <stdint.h>

#include "occurrence.h"
#include "sketch.h"

enum { PD_GROWTH_TENTHS = 10 };

/* The runs that were counted. */
struct pd_run_range {
	int64_t runs, first, last;	/* how many, and the lowest and highest number */
};

struct pd_growth {
	int64_t seen, once, twice;	/* things: all, met in one run, in two */
	int64_t last;			/* the run that met a new one last */
	int64_t tenths[PD_GROWTH_TENTHS];	/* new things by run number */
};

void pd_growth_add_set(struct pd_growth *, const struct pd_occurrences *,
    const struct pd_run_range *);

/* The same of what a settled sketch kept. */
void pd_growth_add_sketch(struct pd_growth *, const struct pd_sketch *,
    const struct pd_run_range *);

/* Set once, twice, last_new_run and new_by_tenth of an object, which is consumed;
 * each thing stands for so many. */
jv pd_growth_fields(const struct pd_growth *, double each, jv object);

/* The growth object of a coverage record. */
jv pd_growth_summary(const struct pd_growth *, const struct pd_run_range *);

#endif
