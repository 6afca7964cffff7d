/* SPDX-License-Identifier: MIT */
/* The history of a recorded run whose sequence has branches. */
#ifndef PD_RUN_HISTORY_H
#define PD_RUN_HISTORY_H

#include <jv.h>

#include "error.h"
#include "history.h"
#include "model.h"
#include "recorded.h"

/* The commands of branches and suffix, and the state of the model after what
 * came before them. Without a model those of the prefix are in the history, too,
 * and the state is invalid. The run is borrowed. Returns 1, 0 when the run has no
 * branches, -1 on error; history and state must be freed in all cases. */
int pd_run_history(struct pd_history *, jv *state, struct pd_model *,
    const struct pd_recorded *run, struct pd_error *);

#endif
