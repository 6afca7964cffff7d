/* SPDX-License-Identifier: MIT */
/*
 * Seeded random numbers. Every stream of numbers is named: it is seeded from
 * SHA-256 of a seed and a purpose, so that what one part of a program draws
 * never shifts what another draws, and run i's numbers depend on the seed and
 * i alone. Seeds are below 2^53, which JSON readers everywhere hold exactly.
 */
#ifndef PD_RANDOM_H
#define PD_RANDOM_H

#include <stdint.h>

#define PD_SEED_LIMIT (UINT64_C(1) << 53)

/* xoshiro256** (Blackman and Vigna, 2018). */
struct pd_random {
	uint64_t state[4];
};

/* A seed from another, for the index-th thing of some purpose ("run"). */
uint64_t pd_seed_derive(uint64_t seed, const char *purpose, uint64_t index);

/* A seed that is new each time, from the operating system's entropy. */
uint64_t pd_seed_from_entropy(void);

void pd_random_seed(struct pd_random *, uint64_t seed, const char *purpose);
uint64_t pd_random_next(struct pd_random *);

/* Uniform in 0 .. limit-1, without bias; limit > 0. */
uint64_t pd_random_below(struct pd_random *, uint64_t limit);

/* Uniform in [0, 1). */
double pd_random_unit(struct pd_random *);

#endif
