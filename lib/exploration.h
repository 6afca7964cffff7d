/* SPDX-License-Identifier: MIT */
/*
 * The search for an order of the operations of one part of a history that a
 * specification allows: depth first, one operation after another, each of those
 * that nothing left precedes (Wing and Gong, 1993; Lowe, 2017), what was reached
 * before remembered. What keeps the exponential away in practice are steps
 * that lose no answer, each argued for where it is taken:
 *
 * - an operation that only observes, and may be answered so now, is placed now;
 * - so is one that commutes with all that could come before it;
 * - of operations with the same effect the one that returned first goes first,
 *   and writes of values that nobody is left to see have the same effect;
 * - states that nobody is left to tell apart are the same;
 * - an operation of unknown outcome is placed only right before one that it
 *   makes a difference to (partial-order reduction, as in Godefroid, 1996), and
 *   to have used up fewer of them is always better (visited.h).
 */
#ifndef PD_EXPLORATION_H
#define PD_EXPLORATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "frontier.h"
#include "linearizable.h"
#include "specification.h"

struct pd_exploration;

/* The moves stand in the order of the history; they are copied. ahead: what was
 * taken out later may say what had to be put in first (pairing.h). */
struct pd_exploration *pd_exploration_new(struct pd_specification *,
    int32_t start, const struct pd_move *, size_t count, bool ahead);
void pd_exploration_free(struct pd_exploration *);

/* Go on for so many steps. PD_LINEARIZE_UNKNOWN: not decided yet. */
enum pd_linearizable pd_exploration_advance(struct pd_exploration *,
    int64_t steps, struct pd_error *);

/* The order found, or the longest as yet; positions in the history. Lives until
 * the exploration is advanced or freed. */
const size_t *pd_exploration_order(const struct pd_exploration *, size_t *count);

/* The operations that could come next and may not, of a refuted exploration. */
const size_t *pd_exploration_blocked(const struct pd_exploration *,
    size_t *count);

/* Are these only in the way because others must come first, which cannot? */
bool pd_exploration_waits(const struct pd_exploration *);

int64_t pd_exploration_steps(const struct pd_exploration *);
size_t pd_exploration_memory(const struct pd_exploration *);

#endif
