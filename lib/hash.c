/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <sys/types.h>

#include <sha2.h>

void
pd_hash(const void *bytes, size_t length, char text[PD_HASH_TEXT])
{
	SHA256Data(bytes, length, text);
}

uint64_t
pd_hash_number(const void *bytes, size_t length)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t number = 0;
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, bytes, length);
	SHA256Final(digest, &context);
	for (int i = 0; i < 8; i++)
		number = number << 8 | digest[i];
	return number;
}
