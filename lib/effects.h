/* SPDX-License-Identifier: MIT */
/* What can be told of operations before any of them is placed: which have the
 * same effect, and which commute with all that could come before them. */
#ifndef PD_EFFECTS_H
#define PD_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frontier.h"
#include "specification.h"

struct pd_effects {
	struct pd_traits *traits;	/* by move of the frontier */
	int32_t *alike;		/* by move: equal for equal actions, from 0 */
	size_t kinds;		/* how many different ones there are */
	bool *free;		/* by known move: it may be placed as soon as it can be */
};

void pd_effects_start(struct pd_effects *, const struct pd_specification *,
    const struct pd_frontier *);
void pd_effects_free(struct pd_effects *);

#endif
