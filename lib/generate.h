/* SPDX-License-Identifier: MIT */
/* Drawing sequences from a model: by weight among the commands that are
 * possible in the predicted state, arguments by their generators. */
#ifndef PD_GENERATE_H
#define PD_GENERATE_H

#include <stdint.h>

#include "error.h"
#include "model.h"
#include "plan.h"
#include "sequence.h"

struct pd_generate_options {
	int minimum, maximum;	/* commands; fewer when the model comes to an end */
};

/* The plan of a seed. It depends on the model, the seed and the options alone.
 * Returns 0 or -1; the sequence must be freed in both cases. */
int pd_generate(struct pd_model *, uint64_t seed,
    const struct pd_generate_options *, struct pd_sequence *,
    struct pd_error *);

/* One command of a model in a state, for those who ask what is possible. */
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

#endif
