/* SPDX-License-Identifier: MIT */
/*
 * A condition over time: eventually_NAME of a model must come true within a
 * timeout after each step that opens it. Here is what the model's metadata say of
 * one.
 */
#ifndef PD_CONDITION_H
#define PD_CONDITION_H

#include <jv.h>
#include <stdint.h>

#include "error.h"
#include "trigger.h"

struct pd_condition {
	char *name;
	int function;		/* eventually_NAME/1 */
	int poll;		/* poll_NAME/1, or PD_NO_FUNCTION */
	struct pd_trigger after;
	int64_t timeout, interval;	/* microseconds */
};

/* Read {"after", "timeout_ms", "interval_ms"} of the condition whose name and
 * functions are set; it is consumed. Returns 0, or -1 with an error that has no
 * place yet. */
int pd_condition_parse(struct pd_condition *, jv value, struct pd_error *);
void pd_condition_free(struct pd_condition *);

#endif
