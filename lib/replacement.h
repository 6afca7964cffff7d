/* SPDX-License-Identifier: MIT */
/*
 * Commands that make way for simpler ones of the same effect: a transfer from
 * an account that only exists for it becomes a credit. What the model predicts
 * tells which commands have the same effect; whether the failure stays only
 * the system can tell.
 */
#ifndef PD_REPLACEMENT_H
#define PD_REPLACEMENT_H

#include <stdbool.h>

#include "search.h"

/* Replace one command so that fewer commands are left, or as many with fewer
 * arguments. The exhaustive strategy also tries those of another effect. True
 * when one was replaced. */
bool pd_replacement_try(struct pd_search *);

#endif
