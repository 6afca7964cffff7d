/* SPDX-License-Identifier: MIT */
/* Places in a value, as jq writes them: .accounts["acc 1"].lines[0]. */
#ifndef PD_PATH_H
#define PD_PATH_H

#include <jv.h>

/* The text of a path, an array of keys and indices, which is borrowed; "." for
 * the whole value. A jv string. */
jv pd_path_text(jv path);

#endif
