/* SPDX-License-Identifier: MIT */
/*
 * Growing memory. Running out of it ends the program with a message, as it
 * does in libjq: no program of the suite could go on usefully.
 */
#ifndef PD_BUFFER_H
#define PD_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/* calloc, reallocarray and strdup that do not return NULL. */
void *pd_allocate(size_t count, size_t size);
void *pd_reallocate(void *memory, size_t count, size_t size);
char *pd_duplicate(const char *text);

/* A sprintf into fresh memory. The caller frees it. */
char *pd_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes, always followed by a NUL that length does not count once something
 * was appended. Starts as PD_BUFFER_INIT. */
struct pd_buffer {
	char *data;
	size_t length;
	size_t capacity;
};

#define PD_BUFFER_INIT {NULL, 0, 0}

void pd_buffer_reserve(struct pd_buffer *, size_t more);
void pd_buffer_append(struct pd_buffer *, const void *bytes, size_t length);
void pd_buffer_text(struct pd_buffer *, const char *text);
void pd_buffer_integer(struct pd_buffer *, int64_t);
void pd_buffer_format(struct pd_buffer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove the first length bytes. */
void pd_buffer_consume(struct pd_buffer *, size_t length);

/* Empty it and keep the memory. */
void pd_buffer_clear(struct pd_buffer *);
void pd_buffer_free(struct pd_buffer *);

#endif
