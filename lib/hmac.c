/* SPDX-License-Identifier: MIT */
#include "hmac.h"

#include <sys/types.h>

#include <sha2.h>
#include <string.h>

static void
hash_padded(const uint8_t key[SHA256_BLOCK_LENGTH], uint8_t pad,
    const void *bytes, size_t length, uint8_t digest[PD_HMAC_LENGTH])
{
	uint8_t block[SHA256_BLOCK_LENGTH];
	SHA2_CTX context;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	SHA256Init(&context);
	SHA256Update(&context, block, sizeof(block));
	SHA256Update(&context, bytes, length);
	SHA256Final(digest, &context);
}

void
pd_hmac(const void *key, size_t key_length, const void *bytes, size_t length,
    uint8_t digest[PD_HMAC_LENGTH])
{
	uint8_t block[SHA256_BLOCK_LENGTH] = {0};
	uint8_t inner[PD_HMAC_LENGTH];
	SHA2_CTX context;

	if (key_length > sizeof(block)) {
		SHA256Init(&context);
		SHA256Update(&context, key, key_length);
		SHA256Final(block, &context);
	} else if (key_length > 0) {
		memcpy(block, key, key_length);
	}
	hash_padded(block, 0x36, bytes, length, inner);
	hash_padded(block, 0x5c, inner, sizeof(inner), digest);
}

bool
pd_same_secret(const char *left, size_t left_length, const char *right,
    size_t right_length)
{
	unsigned difference = left_length != right_length;
	size_t length = left_length < right_length ? left_length : right_length;

	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)left[i] ^ (unsigned char)right[i];
	return difference == 0;
}
