/* SPDX-License-Identifier: MIT */
/*
 * The states that a plan may be in while its branches run, over every order of
 * their commands. A command belongs into a branch only if it could have been
 * drawn in each state in which it may come, and if it lets every command of the
 * other branches be drawn in each state that it makes possible.
 *
 * The states form a lattice: a node for each number of commands that each
 * branch has done, with the distinct states of all ways to get there, so that
 * many orders cost little as long as they lead to the same states. A
 * lattice of more than PD_INTERLEAVING_MOST states in all its nodes
 * together is not looked through. Then PD_INTERLEAVING_ORDERS orders are tried
 * that are drawn with a seed, and for each branch one in which it runs before
 * all others and one in which it runs after them.
 */
#ifndef PD_INTERLEAVING_H
#define PD_INTERLEAVING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "plan.h"
#include "sequence.h"

enum {
	PD_INTERLEAVING_MOST = 1024,
	PD_INTERLEAVING_ORDERS = 64,
};

struct pd_interleaving;

/* Branches without commands that begin in the state of a plan, which is
 * borrowed. The seed is for the orders that are tried in place of all. */
struct pd_interleaving *pd_interleaving_new(const struct pd_plan *before,
    size_t branches, uint64_t seed);
void pd_interleaving_free(struct pd_interleaving *);

/* Add a command at the end of a branch if it is admitted in every order.
 * Borrows it. Returns 1; 0 with the reason when it is not, and then nothing has
 * changed; -1 with a model error; PD_INTERLEAVING_FULL when there are too many
 * states to tell, which holds for all commands after it as well: they can be
 * placed and sifted. */
enum { PD_INTERLEAVING_FULL = 2 };
int pd_interleaving_extend(struct pd_interleaving *, size_t branch,
    const char *id, jv command, struct pd_error *);

/* Add a command at the end of a branch, whatever it does. Borrows it. */
void pd_interleaving_place(struct pd_interleaving *, size_t branch,
    const char *id, jv command);
void pd_interleaving_place_items(struct pd_interleaving *, size_t branch,
    const struct pd_items *);

/* Are all commands that were placed admitted in every order, or in those that
 * are tried? 1; 0 with the reason and where the first that is not was placed; -1
 * with a model error. */
int pd_interleaving_admits(struct pd_interleaving *, size_t *branch,
    size_t *place, struct pd_error *);

/* Leave out commands until that is so, and branches that become empty, to
 * which nothing can be added then. Returns 0 or -1 with a model error. */
int pd_interleaving_sift(struct pd_interleaving *, struct pd_error *);
bool pd_interleaving_holds(const struct pd_interleaving *, const char *id);

/* Go on by a command after the branches, all of which must be admitted, if it
 * is admitted in every state that they may end in. Borrows it. Returns 1; 0
 * with the reason, and then nothing has changed; -1 with a model error. */
int pd_interleaving_follow(struct pd_interleaving *, const char *id, jv command,
    struct pd_error *);

#endif
