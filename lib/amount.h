/* SPDX-License-Identifier: MIT */
/*
 * Amounts that one argument takes over from another. Where a sum counts, one
 * credit does what two did, what a debit took need not have come in, and all of
 * a command's amounts may be in the first of its fields.
 */
#ifndef PD_AMOUNT_H
#define PD_AMOUNT_H

#include <stdbool.h>

#include "search.h"

/* Remove commands whose amount goes elsewhere until none can go. True when any
 * went. */
bool pd_amount_remove(struct pd_search *);

/* Move whole amounts within a command, toward the arguments that come first.
 * True when any moved. */
bool pd_amount_gather(struct pd_search *);

#endif
