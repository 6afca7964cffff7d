/* SPDX-License-Identifier: MIT */
/*
 * Less at the same time: a failing run with branches becomes a run without, when
 * the race does not matter, or one in which fewer commands race.
 */
#ifndef PD_CONCURRENCY_H
#define PD_CONCURRENCY_H

#include <stdbool.h>

#include "search.h"

/* All commands one after another: in the order in which the best's failing run
 * folded them, in which it answered them, or branch after branch. True when the
 * best has no branches any more. */
bool pd_concurrency_line_up(struct pd_search *);

/* Whole branches and single commands before or behind the others, and branches
 * one behind the other, until no more. True when any moved. */
bool pd_concurrency_move_out(struct pd_search *);

#endif
