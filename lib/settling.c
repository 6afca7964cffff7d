/* SPDX-License-Identifier: MIT */
#include "settling.h"

struct pd_settling
pd_settling_start(const struct pd_settle *rule, int64_t now)
{
	return (struct pd_settling){.rule = *rule, .planned = now,
		.deadline = rule->timeout < INT64_MAX - now ? now + rule->timeout :
		INT64_MAX};
}

void
pd_settling_follow(struct pd_settling *settling, int64_t at)
{
	settling->planned = at;
	settling->pauses = 0;
}

static int64_t
next_pause(struct pd_settling *settling)
{
	const struct pd_settle *rule = &settling->rule;
	int64_t pause = rule->interval;

	settling->pauses++;
	if (rule->backoff == PD_BACKOFF_LINEAR) {
		pause = settling->pauses < rule->longest / pause ?
		    pause * settling->pauses : rule->longest;
	} else if (rule->backoff == PD_BACKOFF_EXPONENTIAL) {
		for (int64_t i = 1; i < settling->pauses && pause < rule->longest; i++)
			pause = pause <= rule->longest / 2 ? pause * 2 : rule->longest;
	}
	return pause < rule->longest ? pause : rule->longest;
}

int64_t
pd_settling_again(struct pd_settling *settling, int64_t now)
{
	if (now >= settling->deadline)
		return -1;
	int64_t pause = next_pause(settling);
	int64_t at = pause < settling->deadline - settling->planned ?
	    settling->planned + pause : settling->deadline;
	settling->planned = at > now ? at : now;
	return settling->planned;
}
