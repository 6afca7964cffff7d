/* SPDX-License-Identifier: MIT */
/* What an executor (executor.h) is to do, and how. */
#ifndef PD_EXECUTOR_OPTIONS_H
#define PD_EXECUTOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "injection.h"
#include "projection.h"
#include "reader.h"
#include "stutter.h"

/* Called when a paced run waits and the input has no proceed record for it: the
 * run is aborted then. */
typedef void pd_executor_problem(void *context, const struct pd_error *);

struct pd_executor_options {
	struct pd_projection_options projection;
	bool no_linearize;	/* branches are folded in the order of their answers */
	int64_t linearize_timeout;	/* for the search of another order, microseconds */
	int64_t jitter;		/* longest random delay before a command of a branch */
	bool exchanges;		/* write requests and replies */
	bool traceparent;	/* send it with HTTP requests */
	int64_t timeout;	/* of a command that has none of its own, microseconds */
	int64_t health_timeout;	/* for a coprocess's greeting, and for health */
	struct pd_stutter stutter;
	int64_t grace;		/* for injectors, after the last command of a run */
	const struct pd_injection_options *injectors;
	size_t injector_count;
	const char *target;	/* for run_start records, or NULL */
	struct pd_reader *input;	/* where paced runs find their proceed records */
	pd_executor_problem *problem;
	void *context;		/* of problem */
};

#endif
