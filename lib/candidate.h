/* SPDX-License-Identifier: MIT */
/* The commands that a model offers in a state: which of them are possible, and
 * drawing one of them with its arguments. */
#ifndef PD_CANDIDATE_H
#define PD_CANDIDATE_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "plan.h"
#include "random.h"

struct pd_candidate {
	char *name;
	double weight;
	jv generators;		/* the entry's args, an object */
	bool possible;
	char reason[256];	/* why it is not */
};

/* All commands in a plan's present state, in the order of their names. The
 * caller frees the array with pd_candidates_free. Returns their number or -1. */
int pd_candidates(struct pd_plan *, struct pd_candidate **, struct pd_error *);
void pd_candidates_free(struct pd_candidate *, int count);

/* The same, to choose from: generators have not been looked into yet, so that
 * something that is not may be called possible. */
int pd_candidates_read(struct pd_plan *, struct pd_candidate **,
    struct pd_error *);

/* Choose one of the possible by weight: 1, 0 when none is possible, -1. */
int pd_candidates_choose(struct pd_plan *, struct pd_candidate *, int count,
    struct pd_random *, struct pd_candidate **chosen, struct pd_error *);

/* The command with this id, its arguments drawn. tokens are those of the plan;
 * they are borrowed. */
jv pd_candidate_draw(const struct pd_candidate *, const char *id,
    struct pd_random *, jv tokens);

/* Draw a value for a plan: data quoted, tokens as they are. key names the value
 * within its plan. Borrows generator and tokens. */
jv pd_candidate_draw_value(jv generator, struct pd_random *, const char *key,
    jv tokens);

#endif
