/* SPDX-License-Identifier: MIT */
/* Can a generator draw anything? */
#ifndef PD_POSSIBLE_H
#define PD_POSSIBLE_H

enum pd_possible {
	PD_MALFORMED = -1,	/* the error says why */
	PD_IMPOSSIBLE = 0,	/* well formed, but nothing can be drawn: a choice from nothing */
	PD_POSSIBLE = 1,
};

#endif
