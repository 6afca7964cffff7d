/* SPDX-License-Identifier: MIT */
/*
 * Which command an event from outside belongs to: the one that awaits it. Each
 * awaited event (a match: the fields that it must have) goes to the oldest command
 * that has not had it yet, and what comes once more to the one that had it last.
 * This only says whose it is: nothing is waited for or judged here.
 */
#ifndef PD_AWAITING_H
#define PD_AWAITING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "journal.h"

struct pd_awaited {
	struct pd_journal_place place;
	jv match;		/* a part of an event */
	bool came;
};

struct pd_awaiting {
	struct pd_awaited *list;	/* in the order in which the commands were answered */
	size_t count, room;
};

#define PD_AWAITING_INIT {0}

/* A command awaits these events, an array, which is consumed; the place's id is
 * borrowed. */
void pd_awaiting_add(struct pd_awaiting *, struct pd_journal_place, jv matches);

/* Whose is the event, which is borrowed? A place without id when nobody's. */
struct pd_journal_place pd_awaiting_owner(struct pd_awaiting *, jv event);
void pd_awaiting_free(struct pd_awaiting *);

#endif
