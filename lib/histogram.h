/* SPDX-License-Identifier: MIT */
/*
 * How values of many sizes are distributed, in fixed memory: the powers of two,
 * each cut into 32 parts of the same width, so that a value is known to 1/32 of
 * itself and below 64 exactly (the log-linear buckets of G. Tene's
 * HdrHistogram). Values are whole numbers, durations in microseconds for
 * example; negative ones count as 0. All zero is empty.
 */
#ifndef PD_HISTOGRAM_H
#define PD_HISTOGRAM_H

#include <jv.h>
#include <stdint.h>

enum {
	PD_HISTOGRAM_PARTS = 32,	/* of each power of two */
	PD_HISTOGRAM_BUCKETS = (64 - 5) * PD_HISTOGRAM_PARTS,
};

struct pd_histogram {
	int64_t counts[PD_HISTOGRAM_BUCKETS];
	int64_t count, minimum, maximum;
	double sum;
};

void pd_histogram_note(struct pd_histogram *, int64_t value);

/* The least value that at least this part of all (0 to 1) do not exceed, as the
 * upper end of its bucket; the exact maximum for 1. 0 when there is none. */
int64_t pd_histogram_quantile(const struct pd_histogram *, double part);

/* {count, min, mean, p50, p90, p95, p99, max, buckets: [[from, count]]}: of the
 * buckets those that are not empty, taken together to powers of two cut in four. */
jv pd_histogram_record(const struct pd_histogram *);

#endif
