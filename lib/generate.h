/* SPDX-License-Identifier: MIT */
/* Drawing sequences from a model: by weight among the commands that are
 * possible in the predicted state, arguments by their generators. */
#ifndef PD_GENERATE_H
#define PD_GENERATE_H

#include <stdint.h>

#include "branching.h"
#include "error.h"
#include "model.h"
#include "sequence.h"

struct pd_generate_options {
	int minimum, maximum;	/* commands; fewer when the model comes to an end */
	struct pd_branching_options branching;	/* all 0 for linear sequences */
};

/* The plan of a seed. It depends on the model, the seed and the options alone.
 * Returns 0 or -1; the sequence must be freed in both cases. */
int pd_generate(struct pd_model *, uint64_t seed,
    const struct pd_generate_options *, struct pd_sequence *,
    struct pd_error *);

#endif
