/* SPDX-License-Identifier: MIT */
#include "watchers.h"

#include <stdlib.h>

#include "buffer.h"

void
pd_watchers_change(struct pd_watchers *watchers, const struct pd_traits *traits,
    int32_t change)
{
	if (watchers->left == NULL)
		return;
	if (traits->needs != PD_NOTHING)
		watchers->left[traits->needs] += change;
	if (traits->avoids != PD_NOTHING)
		watchers->left[traits->avoids] += change;
}

void
pd_watchers_start(struct pd_watchers *watchers, const struct pd_traits *traits,
    size_t count)
{
	int32_t highest = PD_NOTHING;

	*watchers = (struct pd_watchers){NULL, 0};
	for (size_t i = 0; i < count; i++) {
		highest = traits[i].needs > highest ? traits[i].needs : highest;
		highest = traits[i].avoids > highest ? traits[i].avoids : highest;
		highest = traits[i].sets > highest ? traits[i].sets : highest;
	}
	if (highest == PD_NOTHING)
		return;
	watchers->count = (size_t)highest + 1;
	watchers->left = pd_allocate(watchers->count, sizeof(*watchers->left));
	for (size_t i = 0; i < count; i++)
		pd_watchers_change(watchers, &traits[i], 1);
}

void
pd_watchers_free(struct pd_watchers *watchers)
{
	free(watchers->left);
}

bool
pd_watchers_dead(const struct pd_watchers *watchers, int32_t value)
{
	return watchers->left != NULL && (value < 0 ||
	    (size_t)value >= watchers->count || watchers->left[value] == 0);
}
