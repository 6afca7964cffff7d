/* SPDX-License-Identifier: MIT */
/* Places in a value, as jq writes them: .accounts["acc 1"].lines[0]. */
#ifndef PD_PATH_H
#define PD_PATH_H

#include <jv.h>

#include "buffer.h"

/* Append one step to a path's text, which is empty for the whole value: a key or
 * an index, which is borrowed. */
void pd_path_enter(struct pd_buffer *, jv step);

/* The text of a path, an array of keys and indices, which is borrowed; "." for
 * the whole value. A jv string. */
jv pd_path_text(jv path);

#endif
