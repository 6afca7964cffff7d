/* SPDX-License-Identifier: MIT */
/*
 * Moments as logs write them: RFC 3339 text with any fraction and offset, or a
 * number (or text of digits) of seconds, milliseconds, microseconds or nanoseconds
 * since 1970, which are told apart by size: below 10^11, 10^14 and 10^17.
 */
#ifndef PD_MOMENT_H
#define PD_MOMENT_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#define PD_MOMENT_TEXT 40

/* Nanoseconds since 1970. False when it is no moment. */
bool pd_moment_read(const char *text, int64_t *nanoseconds);
bool pd_moment_peek(jv value, int64_t *nanoseconds);

/* 2026-10-09T08:53:20.000321Z: as many digits as it needs, by threes. */
void pd_moment_text(int64_t nanoseconds, char text[PD_MOMENT_TEXT]);

#endif
