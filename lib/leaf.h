/* SPDX-License-Identifier: MIT */
/* The parts of a value that have no parts, by their paths as jq has them: arrays
 * of keys and indices, for jv_getpath and jv_setpath. */
#ifndef PD_LEAF_H
#define PD_LEAF_H

#include <jv.h>

/* The paths of the scalars in a value (borrowed), at most so many; and those of
 * arrays, each before its elements. */
jv pd_leaf_paths(jv value, int most);

/* What stands at a path, or an invalid jv. Borrows both. */
jv pd_leaf_peek(jv value, jv path);

/* The value, which is consumed, with another one there. The path leads
 * somewhere and is borrowed; the new value is consumed. */
jv pd_leaf_replace(jv value, jv path, jv with);

#endif
