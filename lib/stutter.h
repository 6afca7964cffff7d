/* SPDX-License-Identifier: MIT */
/*
 * Stutter: commands that are sent once more, as a client does that has lost the
 * answer, to see whether that has no further effect. Which ones are, how often and
 * after which pauses follows from the seed of the sequence and the id of the
 * command alone, so that a sequence which is shrunk stutters as the whole one did.
 */
#ifndef PD_STUTTER_H
#define PD_STUTTER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "entry.h"
#include "error.h"
#include "model.h"
#include "redact.h"

struct pd_stutter {
	double probability;	/* of each command that may be repeated; 0 is off */
	int64_t most;		/* times that one is repeated, from 1 */
	int64_t shortest, longest;	/* pause before each, microseconds */
	jv commands;		/* {NAME: true}: those that may be; invalid: those that the
				 * model calls idempotent */
	jv ignored;		/* {FIELD: true}: of events, when they are compared; or invalid */
};

/* May the command be repeated? */
bool pd_stutter_may(const struct pd_stutter *, const struct pd_entry *,
    const char *command);

/* How often this one is, 0 for not; and the pause before attempt 2, 3 ... */
int64_t pd_stutter_times(const struct pd_stutter *, uint64_t seed, const char *id);
int64_t pd_stutter_pause(const struct pd_stutter *, uint64_t seed, const char *id,
    int64_t attempt);

/* Are the events of a repeated command as good as those of the first answer? The
 * model's same_CMD says so, or its entry's acceptable_retry_events; else they must
 * be equal, but for ignored fields. 1, 0, or -1 when the model failed. Borrows all. */
int pd_stutter_same(const struct pd_stutter *, struct pd_model *,
    const struct pd_entry *, jv command, jv first, jv again, struct pd_error *);

/* Where they differ, for a message, without secrets. The caller frees it. */
char *pd_stutter_describe(const struct pd_redaction *, jv first, jv again);

#endif
