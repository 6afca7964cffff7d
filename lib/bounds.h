/* SPDX-License-Identifier: MIT */
/* How long and with how much memory a search may go on. */
#ifndef PD_BOUNDS_H
#define PD_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pd_bounds {
	int64_t deadline;	/* microseconds on the monotonic clock, 0 for none */
	int64_t timeout;
	size_t max_memory;	/* bytes, 0 for no limit */
	bool (*interrupted)(void *context);	/* or NULL */
	void *context;
};

/* From now on; timeout in microseconds, 0 for none. */
struct pd_bounds pd_bounds_start(int64_t timeout, size_t max_memory,
    bool (*interrupted)(void *context), void *context);

/* Must it stop, using so many bytes? Writes the reason then. */
bool pd_bounds_reached(const struct pd_bounds *, size_t memory, char *reason,
    size_t size);

#endif
