/* SPDX-License-Identifier: MIT */
/* When a check of a model is run, and after what a condition must come true. */
#ifndef PD_TRIGGER_H
#define PD_TRIGGER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

/* Every n-th step of those that match, or once at the end, or once after
 * everything has settled. */
struct pd_trigger {
	enum { PD_TRIGGER_EVERY, PD_TRIGGER_END, PD_TRIGGER_SETTLED } when;
	enum { PD_OF_STEPS, PD_OF_COMMANDS, PD_OF_EVENTS, PD_OF_NAMES } of;
	jv names;		/* PD_OF_NAMES: an array of strings */
	int64_t every;		/* n, at least 1 */
};

/* Every step. */
struct pd_trigger pd_trigger_any(void);
void pd_trigger_free(struct pd_trigger *);

/* Read {"every": ...} or {"at": ...}, which is consumed. NULL, or what is wrong
 * with it. */
const char *pd_trigger_parse(struct pd_trigger *, jv value);

/* Read what steps are meant: "command", "event", a name or a list of names; it is
 * consumed. Returns 0 or -1. */
int pd_trigger_parse_of(struct pd_trigger *, jv value);

/* Is a step of this type, a command or an event, one of those that are meant? */
bool pd_trigger_matches(const struct pd_trigger *, bool is_command,
    const char *type);

#endif
