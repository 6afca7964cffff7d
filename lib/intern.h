/* SPDX-License-Identifier: MIT */
/*
 * Interning: equal strings of bytes get the same small number, the first one 0,
 * and keep it. What two of them have in common can then be asked of integers.
 */
#ifndef PD_INTERN_H
#define PD_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct pd_interner {
	struct pd_buffer bytes;	/* all strings, one after another */
	size_t *ends;		/* by number: where each ends in them */
	int32_t *slots;		/* open addressing: number + 1, 0 for free */
	size_t slot_count, count, room;
};

#define PD_INTERNER_INIT {PD_BUFFER_INIT, NULL, NULL, 0, 0, 0}

void pd_interner_free(struct pd_interner *);

/* The number of a string. At most 2^31 - 2 strings. */
int32_t pd_intern(struct pd_interner *, const void *bytes, size_t length);

/* The same of a string that has one already, or -1: it gets none. */
int32_t pd_intern_known(const struct pd_interner *, const void *bytes,
    size_t length);

/* The string of a number, aligned for nothing; it lives until the next pd_intern. */
const char *pd_interned(const struct pd_interner *, int32_t number,
    size_t *length);

/* Bytes that it takes, and will for a moment when it grows. */
size_t pd_interner_memory(const struct pd_interner *);

#endif
