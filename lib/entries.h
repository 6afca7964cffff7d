/* SPDX-License-Identifier: MIT */
/*
 * The entries of a model's commands as facts that do not change: each is read
 * once, in the first state whose commands have it, and then remembered.
 */
#ifndef PD_ENTRIES_H
#define PD_ENTRIES_H

#include <jv.h>
#include <stddef.h>

#include "entry.h"
#include "model.h"

struct pd_entries {
	struct pd_model *model;	/* borrowed */
	struct pd_known_entry *list;
	size_t count;
	struct pd_entry none;	/* what is known of a command without entry */
};

void pd_entries_start(struct pd_entries *, struct pd_model *);
void pd_entries_free(struct pd_entries *);

/* What the model says about a command; in a state (borrowed, and only looked at
 * if the command is not known yet; invalid when there is none). It lives until
 * the next call. */
const struct pd_entry *pd_entries_find(struct pd_entries *, jv state,
    const char *command);

#endif
