/* SPDX-License-Identifier: MIT */
/* Could a model have generated a sequence? Shrinking and what varies sequences
 * otherwise keep to those that it could. */
#ifndef PD_ADMISSION_H
#define PD_ADMISSION_H

#include "error.h"
#include "model.h"
#include "sequence.h"

/* 1 when the state before each command of prefix, branches and suffix admits
 * it; in branches and suffix every state that some order of the branches leads
 * to, as far as interleaving.h can tell. 0 with the reason, and failed_id set to
 * the id of the first command that is not admitted; it belongs to the sequence.
 * -1 with a model error, failed_id set if it is known where. */
int pd_admits_sequence(struct pd_model *, const struct pd_sequence *,
    const char **failed_id, struct pd_error *);

#endif
