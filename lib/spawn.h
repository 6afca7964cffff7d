/* SPDX-License-Identifier: MIT */
/* Starting programs, each in a process group of its own so that it can be
 * ended with all that it started. */
#ifndef PD_SPAWN_H
#define PD_SPAWN_H

#include <jv.h>
#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct pd_child {
	pid_t pid;
	int input;		/* write end of its standard input */
	int output;		/* read end of its standard output */
	int errors;		/* read end of its standard error, -1 when it is ours */
};

/* Can the value be a word of argv or of the environment: a number, or a string
 * without NUL? Borrows it. */
bool pd_spawn_takes(jv value);

/* Start argv[0], found by PATH, without a shell. environment is an object of
 * names and values, strings and numbers, to add to ours (null removes one), or
 * an invalid jv; it is not consumed. directory may be NULL. The descriptors are close-on-exec; the
 * caller closes them and waits for the child. Returns 0 or -1. */
int pd_spawn(char *const *argv, jv environment, const char *directory,
    bool take_errors, struct pd_child *, struct pd_error *);

/* Send a signal to the child and all that it started. */
void pd_spawn_signal(pid_t, int number);

/* End a child for good: close its descriptors, give it the grace in
 * microseconds to end by itself, then SIGTERM, then SIGKILL, and wait for it.
 * Returns its wait status. */
int pd_spawn_finish(struct pd_child *, int64_t grace);

/* Words of a wait status: "exit status 3", "killed by signal 9 (Killed)". */
const char *pd_spawn_status_text(int wait_status, char *text, size_t size);

#endif
