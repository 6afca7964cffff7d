/* SPDX-License-Identifier: MIT */
/*
 * The entry of a command in what a model's commands give (pd-model(5)): what may
 * stand in it, and the static facts that it states about the command.
 */
#ifndef PD_ENTRY_H
#define PD_ENTRY_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum pd_semantics {
	PD_UNDECLARED,		/* sent again as often as its replies ask for it */
	PD_SYNC,		/* sent once */
	PD_PROBE,		/* reads until what it waits for is there */
	PD_ASYNC,		/* makes something, and waits until it is ready */
	PD_MOCK_CONFIG,		/* for mocks, not for the system */
};

enum pd_backoff {
	PD_BACKOFF_CONSTANT,	/* always the interval */
	PD_BACKOFF_LINEAR,	/* the interval once, twice, three times ... */
	PD_BACKOFF_EXPONENTIAL,	/* twice as long each time */
};

/* How a command is sent again until it has settled; microseconds. */
struct pd_settle {
	int64_t timeout;	/* no try is begun later than this after the first */
	int64_t interval;
	int64_t longest;	/* no pause between two tries is longer */
	enum pd_backoff backoff;
};

/* Of a probe or async command that does not say otherwise. */
#define PD_SETTLE_DEFAULT \
	((struct pd_settle){2000000, 100000, INT64_MAX, PD_BACKOFF_CONSTANT})

struct pd_entry {
	enum pd_semantics semantics;
	struct pd_settle settle;
	int64_t timeout;	/* microseconds, 0 when it does not say */
	bool idempotent;
	jv idempotency_key;	/* the name of the argument that holds it, or invalid */
	jv acceptable;		/* types of events that a repeated request may have, too */
};

/* Is there anything in the entry (borrowed) that must not be? Returns 0, or -1 with
 * an error that has no place yet. */
int pd_entry_check(const char *command, jv entry, struct pd_error *);

/* Read an entry (borrowed) that was checked; an invalid one states nothing. */
struct pd_entry pd_entry_read(jv entry);
void pd_entry_free(struct pd_entry *);

#endif
