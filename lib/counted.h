/* SPDX-License-Identifier: MIT */
/*
 * Removing something that a number counts: a command, an element of a list or
 * the end of a text goes, and one number goes down by one. A buffer's size and
 * what is put into it, a list and its length only become smaller together.
 */
#ifndef PD_COUNTED_H
#define PD_COUNTED_H

#include <stdbool.h>

#include "search.h"

/* Remove such things until none can go. True when any went. */
bool pd_counted_remove(struct pd_search *);

#endif
