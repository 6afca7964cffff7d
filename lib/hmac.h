/* SPDX-License-Identifier: MIT */
/* HMAC (RFC 2104) with SHA-256, over libmd as hash.h. */
#ifndef PD_HMAC_H
#define PD_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PD_HMAC_LENGTH = 32 };

/* A key of any length. */
void pd_hmac(const void *key, size_t key_length, const void *bytes,
    size_t length, uint8_t digest[PD_HMAC_LENGTH]);

/* Are two texts the same? The time it takes depends on their lengths alone, so
 * that nobody can guess a signature letter by letter. */
bool pd_same_secret(const char *, size_t, const char *, size_t);

#endif
