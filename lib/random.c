/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "hash.h"

static uint64_t
derive(uint64_t seed, const char *purpose, uint64_t index)
{
	struct pd_buffer name = PD_BUFFER_INIT;

	pd_buffer_format(&name, "%" PRIu64 "/%s/%" PRIu64, seed, purpose, index);
	uint64_t number = pd_hash_number(name.data, name.length);
	pd_buffer_free(&name);
	return number;
}

uint64_t
pd_seed_derive(uint64_t seed, const char *purpose, uint64_t index)
{
	return derive(seed, purpose, index) % PD_SEED_LIMIT;
}

uint64_t
pd_seed_from_entropy(void)
{
	uint64_t number;

	/* Seeds must differ, they need not be secret: without entropy the clock
	 * and the process's number will do. */
	if (getentropy(&number, sizeof(number)) != 0) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		number = derive((uint64_t)now.tv_sec, "entropy",
		    (uint64_t)now.tv_nsec ^ (uint64_t)getpid());
	}
	return number % PD_SEED_LIMIT;
}

void
pd_random_seed(struct pd_random *random, uint64_t seed, const char *purpose)
{
	for (unsigned i = 0; i < 4; i++)
		random->state[i] = derive(seed, purpose, i);
}

static uint64_t
rotate_left(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

uint64_t
pd_random_next(struct pd_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t
pd_random_below(struct pd_random *random, uint64_t limit)
{
	/* Numbers under 2^64 mod limit would make the low results likelier. */
	uint64_t uneven = -limit % limit;
	uint64_t number;

	do
		number = pd_random_next(random);
	while (number < uneven);
	return number % limit;
}

double
pd_random_unit(struct pd_random *random)
{
	return (double)(pd_random_next(random) >> 11) / (double)PD_SEED_LIMIT;
}
