/* SPDX-License-Identifier: MIT */
/*
 * A run that no system took part in: the commands of a plan and what the model
 * predicts of them, in the records that pd-exec would have written had the system
 * done just that. What only a system knows are the plan's tokens.
 */
#ifndef PD_SIMULATED_H
#define PD_SIMULATED_H

#include <jv.h>

#include "error.h"
#include "model.h"
#include "sequence.h"

/* Gets the run_start, command, event and run_end records in their order, and owns
 * them. */
typedef void pd_simulated_take(void *context, const char *type, jv record);

/* Returns 0, or -1 with a model error; the run has no run_end then. Runs with branches
 * are none that can be simulated: what they are answered depends on their order. */
int pd_simulate_run(struct pd_model *, const struct pd_sequence *, pd_simulated_take *,
    void *context, struct pd_error *);

#endif
