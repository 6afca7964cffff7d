/* SPDX-License-Identifier: MIT */
/* Small things about text: units, suggestions, UTF-8, files. */
#ifndef PD_TEXT_H
#define PD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "buffer.h"
#include "error.h"

/* Durations and sizes carry their unit: 200us, 50ms, 5s, 2m, 1h, 7d; 512B, 64KiB,
 * 16MiB, 1GiB. A bare number is an error that shows the right form; 0 needs
 * no unit. Return 0 or -1. */
int pd_parse_duration(const char *text, int64_t *microseconds, struct pd_error *);
int pd_parse_size(const char *text, size_t *bytes, struct pd_error *);

/* A whole number in minimum..maximum. Returns 0 or -1. */
int pd_parse_number(const char *text, int64_t minimum, int64_t maximum,
    int64_t *number, struct pd_error *);

/* A probability, a number from 0 to 1. Returns 0 or -1. */
int pd_parse_probability(const char *text, double *probability,
    struct pd_error *);

/* The candidate most like name, or NULL when none is near (more than a third of
 * its letters differ, and more than two). For "did you mean". */
const char *pd_nearest(const char *name, const char *const *candidates,
    size_t count);

/* Offset of the first byte that is not UTF-8 (RFC 3629), or -1. */
ptrdiff_t pd_utf8_invalid(const char *bytes, size_t length);

/* Append the content of a file. Returns 0 or -1. */
int pd_read_file(const char *path, struct pd_buffer *, struct pd_error *);

/* RFC 3339 in UTC, whole seconds: 2026-01-31T12:00:00Z. Only what would be
 * written so is read. */
#define PD_TIME_TEXT 72
void pd_time_text(time_t, char text[PD_TIME_TEXT]);
bool pd_parse_time(const char *text, time_t *seconds);

bool pd_starts_with(const char *text, const char *start);

#endif
