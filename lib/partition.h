/* SPDX-License-Identifier: MIT */
/*
 * The independent parts of a history: a history is linearizable when each part
 * is (Herlihy and Wing, 1990). Operations are of one part when they touch a key
 * that is the same, or are connected by others that do.
 */
#ifndef PD_PARTITION_H
#define PD_PARTITION_H

#include <jv.h>
#include <stddef.h>

#include "error.h"
#include "history.h"
#include "specification.h"

struct pd_part {
	size_t *operations;	/* positions in the history, in its order */
	size_t count;
	jv key;			/* if one key is all that it touches, or invalid */
};

struct pd_partition {
	struct pd_part *parts;	/* in the order of their first operations */
	size_t count;
};

/* Returns 0 or -1; it must be freed in both cases. */
int pd_partition(struct pd_partition *, struct pd_specification *,
    const struct pd_history *, struct pd_error *);
void pd_partition_free(struct pd_partition *);

#endif
