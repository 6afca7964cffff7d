/* SPDX-License-Identifier: MIT */
/*
 * The event loop: descriptors, timers, ended children and signals, all turned
 * into callbacks from one poll(2). Nothing that runs on the loop may block.
 * Callbacks may add and remove anything, themselves included.
 */
#ifndef PD_LOOP_H
#define PD_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "reader.h"

struct pd_loop;
struct pd_timer;

typedef void pd_loop_ready(void *context, int descriptor, short events);
typedef void pd_loop_due(void *context);
typedef void pd_loop_ended(void *context, int wait_status);

/* Only one loop at a time may take signals. NULL on error. */
struct pd_loop *pd_loop_new(struct pd_error *);

/* Children that have not ended are waited for, so they must have been killed. */
void pd_loop_free(struct pd_loop *);

/* Microseconds on the monotonic clock. */
int64_t pd_loop_now(void);

/* Call ready when one of events (POLLIN, POLLOUT) or trouble (POLLHUP,
 * POLLERR) comes. Watching a descriptor again replaces what was wanted of it;
 * events 0 stops. It must be stopped before the descriptor is closed. */
void pd_loop_watch(struct pd_loop *, int descriptor, short events,
    pd_loop_ready *, void *context);

/* Call due once, after so many microseconds. The timer is gone when it has
 * been called or cancelled. */
struct pd_timer *pd_loop_after(struct pd_loop *, int64_t microseconds,
    pd_loop_due *, void *context);
void pd_loop_cancel(struct pd_loop *, struct pd_timer *);

/* Call ended when the child has ended; it has been waited for then. */
void pd_loop_child(struct pd_loop *, pid_t, pd_loop_ended *, void *context);

/* From now on SIGINT and SIGTERM make pd_loop_signal tell their number instead
 * of ending the program; a second one ends it at once with 128+n. */
void pd_loop_take_signals(struct pd_loop *);
int pd_loop_signal(const struct pd_loop *);

/* SIGHUP and SIGQUIT, too: for whoever has a terminal to set right. */
void pd_loop_take_hangup(struct pd_loop *);

/* Kill this process group, too, when the second signal comes; until told to
 * leave it. pd_spawn guards what it starts. */
void pd_loop_guard(pid_t);
void pd_loop_unguard(pid_t);

/* Wait for something to happen and call back. Returns 0 or -1. */
int pd_loop_turn(struct pd_loop *, struct pd_error *);

/* The same, and fill the reader if it is its input that comes: for one that
 * said PD_READ_WAIT. */
int pd_loop_turn_reading(struct pd_loop *, struct pd_reader *, struct pd_error *);

#endif
