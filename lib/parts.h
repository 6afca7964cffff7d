/* SPDX-License-Identifier: MIT */
/*
 * The parts that a log is split into, found by key: each has a state and a trail of
 * its own. When there are too many, the one that was used longest ago is given up; if
 * its key comes back its part begins anew, and is known to have.
 */
#ifndef PD_PARTS_H
#define PD_PARTS_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "bloom.h"
#include "trail.h"

struct pd_log_part {
	jv key;
	uint64_t hash;
	struct pd_trail trail;
	bool *told;		/* by check: its failure was told */
	bool restarted;		/* a part of this key was given up before (rarely wrong) */
	int64_t spooled;	/* where its latest event is kept, see spool.h */
	struct pd_log_part *next;	/* in its bucket, or among those given up */
	struct pd_log_part *newer, *older;
};

struct pd_parts {
	struct pd_log_part **buckets;
	size_t bucket_count;
	int64_t count, most;	/* most 0: no limit */
	int64_t made, given_up, restarted;	/* ever */
	struct pd_bloom gone;	/* hashes of keys given up */
	struct pd_log_part *newest, *oldest;	/* by use */
	struct pd_log_part *left;	/* given up; the caller frees them when he likes */
};

/* A hash of a key, which is borrowed: equal values have equal ones. */
uint64_t pd_part_hash(jv key);

void pd_parts_start(struct pd_parts *, int64_t most);
void pd_parts_free(struct pd_parts *);

/* The part of a key (consumed), which counts as used now; it begins with a copy of
 * `first` if it is new. One more than allowed, and the oldest is moved to `left`, in
 * front. */
struct pd_log_part *pd_parts_take(struct pd_parts *, jv key, uint64_t hash,
    const struct pd_fold *first, int context);
void pd_part_free(struct pd_log_part *);

#endif
