/* SPDX-License-Identifier: MIT */
/*
 * An injector: a program that tells, on its standard output, what comes in from
 * outside, a line each. It runs as long as pd-exec does; that it ends by itself is
 * an error. A mock is one that is told something, too, on its standard input.
 */
#ifndef PD_INJECTOR_H
#define PD_INJECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"

struct pd_injector;

/* A line without its end, and when it was read. */
typedef void pd_injector_line(void *context, const char *line, size_t length,
    int64_t at);

/* command is a line for sh; kind ("injector", a constant) and name are for messages.
 * ready, if it is not NULL, is a regular expression as of jq: the injector is ready
 * when a line matches it, and up to then its lines are not told. NULL on error. */
struct pd_injector *pd_injector_new(struct pd_loop *, const char *kind,
    const char *name, const char *command, const char *ready, pd_injector_line *, void *context,
    struct pd_error *);

/* Ends it, with all that it started. */
void pd_injector_free(struct pd_injector *);

int pd_injector_start(struct pd_injector *, struct pd_error *);
const char *pd_injector_name(const struct pd_injector *);
bool pd_injector_is_ready(const struct pd_injector *);

/* Has it ended, or did it write what no line is? Then the error says so. */
bool pd_injector_failed(const struct pd_injector *, struct pd_error *);

/* Read all that it has written up to now. */
void pd_injector_read(struct pd_injector *);

/* Write this to its standard input when it reads; nothing once it has ended. */
void pd_injector_tell(struct pd_injector *, const char *text, size_t length);

/* Read nothing more, so that it waits, or go on. */
void pd_injector_hold(struct pd_injector *, bool hold);

#endif
