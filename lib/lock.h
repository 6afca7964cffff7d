/* SPDX-License-Identifier: MIT */
/*
 * Taking turns: two processes that run sequences against one system would
 * disturb each other's runs, as pd-exec and the pd-exec behind pd-shrink in one
 * pipeline would. A lock file in the temporary folder, named for the user and
 * the system, lets one run at a time. The last one who leaves removes it.
 */
#ifndef PD_LOCK_H
#define PD_LOCK_H

#include <stdbool.h>

#include "error.h"

struct pd_lock {
	char *path;
	int descriptor;
};

#define PD_LOCK_INIT {NULL, -1}

/* key names the system: its URL, or the adapter that knows it. Returns 0 or
 * -1. */
int pd_lock_open(struct pd_lock *, const char *key, struct pd_error *);
void pd_lock_close(struct pd_lock *);

/* Take the lock if nobody has it; it ends with the process, too. */
bool pd_lock_try(struct pd_lock *);
void pd_lock_release(struct pd_lock *);

#endif
