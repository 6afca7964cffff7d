/* SPDX-License-Identifier: MIT */
/*
 * A Bloom filter: has this hash been added? "No" is certain, "yes" is wrong now and
 * then, the more often the more was added. Its memory stays what it was at the start.
 * (Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970; the
 * probes from two hashes as in Kirsch and Mitzenmacher, 2006.)
 */
#ifndef PD_BLOOM_H
#define PD_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

struct pd_bloom {
	uint64_t *words;	/* NULL before the first hash is added */
	uint64_t bits;		/* a power of two */
};

/* For about so many hashes: one in a million "yes" is wrong then. Between 128 KiB
 * and 32 MiB, taken when something is added. */
void pd_bloom_start(struct pd_bloom *, int64_t hashes);
void pd_bloom_free(struct pd_bloom *);

void pd_bloom_add(struct pd_bloom *, uint64_t hash);
bool pd_bloom_has(const struct pd_bloom *, uint64_t hash);

#endif
