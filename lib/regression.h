/* SPDX-License-Identifier: MIT */
/* A violation that was found in a log as a test of its own: a bats file. */
#ifndef PD_REGRESSION_H
#define PD_REGRESSION_H

#include <jv.h>

#include "error.h"

/* Write a file that replays these events through pd-check and sees that the same
 * check fails at the last of them. Borrows the violation record, consumes the events.
 * Returns 0 or -1. */
int pd_regression_write(const char *path, const char *model, jv violation,
    jv events, struct pd_error *);

#endif
