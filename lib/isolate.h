/* SPDX-License-Identifier: MIT */
/*
 * The isolated trigger: the smallest change of one argument that makes a
 * failure go away, found by executing variations. Each value tried is one that
 * the argument's generator could have drawn. Numbers are looked into below and
 * above: the next one, then by steps that double, and between the last that
 * fails and the first that passes by halves.
 */
#ifndef PD_ISOLATE_H
#define PD_ISOLATE_H

#include <jv.h>

#include "sequence.h"
#include "trial.h"

/* The arguments that make the failure go away, as an explanation record has
 * them: [{id, argument, value, passes_with, change, below?, above?}]. First
 * come numbers, by their distance as a share of the value, then choices, then
 * others; of equal ones those of the trigger, and then those of later
 * commands. trigger is the command at which it fails, or NULL; the arguments
 * of commands in unneeded, {id: true}, are left alone. Borrows all. */
jv pd_isolate(struct pd_trials *, const struct pd_sequence *,
    const char *trigger, jv unneeded);

#endif
