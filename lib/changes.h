/* SPDX-License-Identifier: MIT */
/* What changed from one value to another, place by place. */
#ifndef PD_CHANGES_H
#define PD_CHANGES_H

#include <jv.h>

/* [{path, before?, after?}] for each place at which they differ, in the order
 * of their keys; what only one of them has lacks the other's field. Paths are
 * written as jq reads them: .accounts["acc 1"].balance, and "." for all of it.
 * Borrows both. */
jv pd_changes(jv before, jv after);

#endif
