/* SPDX-License-Identifier: MIT */
/*
 * How many different things there were, in bounded memory: the ones with the
 * lowest hashes are kept, up to a bound. Up to the bound that is all of them.
 * Beyond it they are a sample, drawn without regard to how often a thing came,
 * and their density tells how many there are: (k - 1) / the k-th lowest hash as
 * a part of 1 (Beyer, Haas, Reinwald, Sismanis and Gemulla, On Synopses for
 * Distinct-Value Estimation under Multiset Operations, SIGMOD 2007), with a
 * standard error of 1 / sqrt(k - 2). What is counted of a kept thing is exact,
 * since one that was let go never comes back; and sketches of parts put
 * together are the sketch of the whole.
 */
#ifndef PD_SKETCH_H
#define PD_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "occurrence.h"

/* At most as many as a record of two sketches can hold within the limit of a line. */
enum { PD_SKETCH_LEAST = 16, PD_SKETCH_MOST = 250000 };

struct pd_sketched {
	uint64_t hash;
	struct pd_occurrence seen;
};

struct pd_sketch {
	size_t bound;		/* k */
	struct pd_sketched *list;	/* at most 2k, in no order */
	size_t count, room;
	uint32_t *slots;	/* open addressing: index + 1, 0 for free */
	size_t slot_count;
	uint64_t limit;		/* hashes from here on are not kept */
	bool let_go;		/* there were more than the bound */
	int64_t times;		/* of all things */
};

void pd_sketch_start(struct pd_sketch *, size_t bound);
void pd_sketch_free(struct pd_sketch *);

/* The entry of a hash, made if need be; NULL when it is not kept. It lives until
 * the next call. */
struct pd_occurrence *pd_sketch_find(struct pd_sketch *, uint64_t hash);

/* It was met in this run. */
void pd_sketch_note(struct pd_sketch *, uint64_t hash, struct pd_moment);

/* Keep no more than so many; for what is put together of sketches of different
 * bounds. */
void pd_sketch_lower(struct pd_sketch *, size_t bound);

/* Sort by hash, and let go all beyond the bound. */
void pd_sketch_settle(struct pd_sketch *);

/* After that: how many different things there were, and the standard error of
 * it as a part of 1, 0 when it is exact. */
double pd_sketch_distinct(const struct pd_sketch *, double *error);

#endif
