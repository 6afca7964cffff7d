/* SPDX-License-Identifier: MIT */
/*
 * When a request is sent again until the system has settled. Tries are planned
 * from the moment of the first one, so that what the system takes to answer does
 * not add up: with an interval of 20 ms that doubles they are at 0, 20, 60, 140 and
 * 300 ms. One that would come before its predecessor was answered comes right
 * after. The last try is made when the time is up, whatever the pause.
 */
#ifndef PD_SETTLING_H
#define PD_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"

struct pd_settling {
	struct pd_settle rule;
	int64_t deadline;	/* on the loop's clock; INT64_MAX for none */
	int64_t planned;	/* when the latest try was to be sent */
	int64_t pauses;		/* since the request is the same */
};

/* Begin now. */
struct pd_settling pd_settling_start(const struct pd_settle *, int64_t now);

/* Another request is to be sent at this time: its pauses begin anew. */
void pd_settling_follow(struct pd_settling *, int64_t at);

/* When to send the request again, at least now; -1 when the time is up. */
int64_t pd_settling_again(struct pd_settling *, int64_t now);

#endif
