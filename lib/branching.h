/* SPDX-License-Identifier: MIT */
/*
 * Drawing parallel branches and what comes after them. A command of a branch is
 * drawn from the state after the commands before the branches and those of its
 * own branch, so that it refers to nothing else; interleaving.h says whether it
 * may stand there. One that may not is drawn again a few times, then the branch
 * ends.
 */
#ifndef PD_BRANCHING_H
#define PD_BRANCHING_H

#include <stdint.h>

#include "error.h"
#include "interleaving.h"
#include "plan.h"
#include "random.h"
#include "sequence.h"

struct pd_branching_options {
	double probability;	/* that branches begin at a place; 0 for none */
	int prefix;		/* commands before them, at least */
	int least, most;	/* branches, from 2 */
	int shortest, longest;	/* commands of a branch, from 1 */
};

/* The branches of a sequence that is planned so far. random says how many they
 * are and how they grow, the seed what their commands are. At most room
 * commands are drawn, numbered on from *number, the latest. Returns 1, with
 * the states after them, which the caller frees; 0 with nothing changed when
 * there are not two branches that have a command; -1 on error. */
int pd_branching_draw(const struct pd_plan *before,
    const struct pd_branching_options *, uint64_t seed, struct pd_random *,
    size_t room, size_t *number, struct pd_sequence *,
    struct pd_interleaving **after, struct pd_error *);

/* Add a command after the branches to a list: drawn in the plan's state, which
 * is one of those that they may end in, and admitted in them all. Returns 1; 0
 * when none was found; -1 on error. */
int pd_branching_follow(struct pd_plan *, struct pd_interleaving *,
    struct pd_items *, const char *id, struct pd_random *, struct pd_error *);

#endif
