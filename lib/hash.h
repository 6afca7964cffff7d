/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4, by libmd) as lower-case hexadecimal text. */
#ifndef PD_HASH_H
#define PD_HASH_H

#include <stddef.h>
#include <stdint.h>

#define PD_HASH_TEXT 65		/* 64 digits and a NUL */

void pd_hash(const void *bytes, size_t length, char text[PD_HASH_TEXT]);

/* The first 8 bytes of the hash as a number: for numbers derived from names. */
uint64_t pd_hash_number(const void *bytes, size_t length);

#endif
