/* SPDX-License-Identifier: MIT */
/*
 * Paced runs: before each command somebody who reads along is waited for, who
 * says by a proceed record when to go on. This is what he said so far; who
 * waits, and on which loop, is the executor's business.
 */
#ifndef PD_PACE_H
#define PD_PACE_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "reader.h"

struct pd_pace {
	bool holds;		/* the next command has to wait */
	jv until;		/* the command after which that is so again, or invalid */
};

struct pd_pace pd_pace_start(bool paced);
void pd_pace_free(struct pd_pace *);

enum pd_pace_word {
	PD_PACE_ERROR = -1,	/* something else than a proceed record came */
	PD_PACE_END = 0,	/* nothing will come any more */
	PD_PACE_PROCEED = 1,	/* one command may go, or all if it does not hold now */
	PD_PACE_WAIT = 2,	/* nothing has come yet */
};

/* Take the next word from the reader, without waiting for it. */
enum pd_pace_word pd_pace_take(struct pd_pace *, struct pd_reader *,
    struct pd_error *);

/* A command has been answered. */
void pd_pace_answered(struct pd_pace *, const char *id);

#endif
