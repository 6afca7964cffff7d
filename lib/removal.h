/* SPDX-License-Identifier: MIT */
/*
 * Removing commands. Whatever refers to a command goes with it, so the graph
 * of references is a hierarchy: what is removed on an early level takes whole
 * subtrees along (hierarchical delta debugging, Misherghi and Su 2006, with
 * the chunks of Zeller and Hildebrandt 2002 on each level).
 */
#ifndef PD_REMOVAL_H
#define PD_REMOVAL_H

#include <stdbool.h>

#include "row.h"
#include "search.h"

/* First guesses, which rarely hurt and often do most of the work at once: only
 * what the failing command needs, or only what has to do with the same things;
 * nothing that the model calls read-only. */
void pd_removal_guess(struct pd_search *);

/* Whole branches, late ones first. True when any went. */
bool pd_removal_branches(struct pd_search *);

/* Chunks of each level, halved down to single commands; then single commands
 * of the whole row until none can go. True when any went. */
bool pd_removal_levels(struct pd_search *);

/* Two commands at once that cannot go one by one. True as soon as two went. */
bool pd_removal_pairs(struct pd_search *);

#endif
