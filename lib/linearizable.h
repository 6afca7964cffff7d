/* SPDX-License-Identifier: MIT */
/* The verdict on a history. */
#ifndef PD_LINEARIZABLE_H
#define PD_LINEARIZABLE_H

enum pd_linearizable {
	PD_LINEARIZE_ERROR = -1,	/* the specification failed, see the error */
	PD_NOT_LINEARIZABLE = 0,
	PD_LINEARIZABLE = 1,
	PD_LINEARIZE_UNKNOWN = 2,	/* a limit was reached, or a signal came */
};

#endif
