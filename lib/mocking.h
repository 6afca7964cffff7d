/* SPDX-License-Identifier: MIT */
/*
 * A mock as pd-exec sees it: the program at the other end of the protocol of
 * pd-mock(1). It is told what happens in a run, a line each with a number to ask by,
 * and says when it has taken it; in between it tells of the requests that it got.
 */
#ifndef PD_MOCKING_H
#define PD_MOCKING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "injector.h"
#include "loop.h"

struct pd_mocking;

/* The program is borrowed; timeout, in microseconds, is what it has to take a line. */
struct pd_mocking *pd_mocking_new(struct pd_loop *, struct pd_injector *,
    int64_t timeout);
void pd_mocking_free(struct pd_mocking *);

/* Tell it a line, which must have this number to ask by; they grow. */
void pd_mocking_tell(struct pd_mocking *, const char *line, size_t length, int64_t ask);

/* The same without a number. */
void pd_mocking_mention(struct pd_mocking *, const char *line, size_t length);

/* Has it taken what was told by this number? */
bool pd_mocking_has_taken(const struct pd_mocking *, int64_t ask);

/* Is what it was told not taken in time? Then the error says so. */
bool pd_mocking_is_silent(const struct pd_mocking *, struct pd_error *);

/* A line that it wrote: the record of a request, with an array of events, or null if
 * it only says what it has taken. An invalid jv on error, as for a function of the
 * mock's that failed. */
jv pd_mocking_take(struct pd_mocking *, const char *line, size_t length,
    struct pd_error *);

#endif
