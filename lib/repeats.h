/* SPDX-License-Identifier: MIT */
/*
 * A command that was answered, on its way to the system once more, and again, each
 * time after a pause. Whoever repeats it judges the answers; nothing is folded.
 */
#ifndef PD_REPEATS_H
#define PD_REPEATS_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "call.h"
#include "loop.h"
#include "stutter.h"

struct pd_repeats;

struct pd_repeats_options {
	struct pd_loop *loop;
	struct pd_adapter *adapter;
	const struct pd_stutter *stutter;
	uint64_t seed;		/* of the sequence */
	struct pd_command_context command;	/* its attempt is set here; borrowed */
	struct pd_call_options call;	/* done, inject and context are set here */

	/* The answer (the callee's) to an attempt, 2, 3 ...; its events have all that was
	 * made visible, too. False: no further one. */
	bool (*again)(void *context, int attempt, struct pd_answer *);
	void (*done)(void *context);	/* the repeats are gone then */
	void *context;
};

/* Send a command (borrowed) so many times more. */
struct pd_repeats *pd_repeats_start(const struct pd_repeats_options *, jv command,
    int64_t times);

/* Give up: done is not called. */
void pd_repeats_cancel(struct pd_repeats *);

#endif
