/* SPDX-License-Identifier: MIT */
/*
 * The roles of a failing sequence's commands, found by running it without each
 * of them. trigger: the failure comes at it. dependency: a later command
 * refers to something that it makes. context: nothing refers to it, but
 * without it the failure does not come. unneeded: it comes all the same.
 * unknown: a limit was reached before it was tried.
 */
#ifndef PD_ROLE_H
#define PD_ROLE_H

#include <jv.h>

#include "sequence.h"
#include "trial.h"

/* The commands in their order, as an explanation record has them:
 * [{id, branch?, command, role, reason, uses?, used_by?, without?}]. Setup and
 * teardown are left out. failure is that of the sequence's own run. Borrows
 * both. */
jv pd_roles(struct pd_trials *, const struct pd_sequence *, jv failure);

#endif
