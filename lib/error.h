/* SPDX-License-Identifier: MIT */
/*
 * Errors as values. A library function that can fail takes a struct pd_error,
 * fills it and returns -1 (or NULL, or an invalid jv, as its comment says);
 * it never prints and never exits. The caller owns the struct; nothing in it
 * needs freeing. Text that does not fit is cut, never lost in silence: it ends
 * in "...".
 */
#ifndef PD_ERROR_H
#define PD_ERROR_H

#include <stddef.h>

struct pd_error {
	char message[1024];	/* what went wrong, lower case, no full stop */
	char hint[512];		/* what to do about it; empty when there is nothing to say */
	char file[512];		/* where: a file's name, empty when it has no place */
	long line;		/* and its line, from 1; 0 when unknown */
};

#define PD_ERROR_INIT {0}

/* Replace the error by a new one without place or hint. Returns -1. */
int pd_error_set(struct pd_error *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with a place; line 0 means the file as a whole. Returns -1. */
int pd_error_at(struct pd_error *, const char *file, long line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Put text before the message that is there. Returns -1. */
int pd_error_prefix(struct pd_error *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Set the hint. Returns -1, so that a failing function can end with it. */
int pd_error_hint(struct pd_error *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "file:line: message (hint)" into text, as one line. Returns text. */
char *pd_error_text(const struct pd_error *, char *text, size_t size);

#endif
