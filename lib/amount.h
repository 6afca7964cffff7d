/* SPDX-License-Identifier: MIT */
/*
 * Removing a command whose amount another one takes over: where a sum counts,
 * one credit does what two did; what a debit took need not have come in.
 */
#ifndef PD_AMOUNT_H
#define PD_AMOUNT_H

#include <stdbool.h>

#include "search.h"

/* Remove commands so until none can go. True when any went. */
bool pd_amount_remove(struct pd_search *);

#endif
