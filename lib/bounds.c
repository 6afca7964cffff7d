/* SPDX-License-Identifier: MIT */
#include "bounds.h"

#include <stdio.h>
#include <time.h>

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

struct pd_bounds
pd_bounds_start(int64_t timeout, size_t max_memory,
    bool (*interrupted)(void *context), void *context)
{
	return (struct pd_bounds){.deadline = timeout > 0 ? now() + timeout : 0,
		.timeout = timeout, .max_memory = max_memory, .interrupted = interrupted,
		.context = context};
}

bool
pd_bounds_reached(const struct pd_bounds *bounds, size_t memory, char *reason,
    size_t size)
{
	if (bounds->max_memory > 0 && memory > bounds->max_memory)
		snprintf(reason, size, "undecided with %zu KiB of memory",
		    bounds->max_memory / 1024);
	else if (bounds->deadline > 0 && now() >= bounds->deadline)
		snprintf(reason, size, "undecided after %g s",
		    (double)bounds->timeout / 1e6);
	else if (bounds->interrupted != NULL && bounds->interrupted(bounds->context))
		snprintf(reason, size, "interrupted");
	else
		return false;
	return true;
}
