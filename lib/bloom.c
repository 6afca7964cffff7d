/* SPDX-License-Identifier: MIT */
#include "bloom.h"

#include <stdlib.h>

#include "buffer.h"

enum { PROBES = 6, BITS_PER_HASH = 32 };

static const uint64_t least_bits = UINT64_C(1) << 20, most_bits = UINT64_C(1) << 28;

void
pd_bloom_start(struct pd_bloom *bloom, int64_t hashes)
{
	*bloom = (struct pd_bloom){.bits = least_bits};
	while (bloom->bits < most_bits && bloom->bits / BITS_PER_HASH < (uint64_t)hashes)
		bloom->bits *= 2;
}

void
pd_bloom_free(struct pd_bloom *bloom)
{
	free(bloom->words);
}

/* Which bit a probe looks at. */
static uint64_t
position(const struct pd_bloom *bloom, uint64_t hash, int probe)
{
	uint64_t step = (hash >> 32 ^ hash * UINT64_C(0x9e3779b97f4a7c15)) | 1;

	return (hash + (uint64_t)probe * step) & (bloom->bits - 1);
}

void
pd_bloom_add(struct pd_bloom *bloom, uint64_t hash)
{
	if (bloom->words == NULL)
		bloom->words = pd_allocate(bloom->bits / 64, sizeof(*bloom->words));
	for (int i = 0; i < PROBES; i++) {
		uint64_t bit = position(bloom, hash, i);
		bloom->words[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

bool
pd_bloom_has(const struct pd_bloom *bloom, uint64_t hash)
{
	if (bloom->words == NULL)
		return false;
	for (int i = 0; i < PROBES; i++) {
		uint64_t bit = position(bloom, hash, i);
		if ((bloom->words[bit / 64] >> bit % 64 & 1) == 0)
			return false;
	}
	return true;
}
