/* SPDX-License-Identifier: MIT */
/* Where the event of an event record (borrowed) was seen, as its source says. */
#ifndef PD_ORIGIN_H
#define PD_ORIGIN_H

#include <jv.h>
#include <stdbool.h>

/* Is it one of what its command was answered, or made visible before that? Others
 * that have a command's id were caused by it. A record without source is. */
bool pd_origin_is_answer(jv record);

/* Is it folded into the state? What a repeated command was answered is not. */
bool pd_origin_is_folded(jv record);

#endif
