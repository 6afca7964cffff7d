/* SPDX-License-Identifier: MIT */
#include "pile.h"

#include <stdlib.h>

#include "buffer.h"
#include "history.h"

void
pd_pile_start(struct pd_pile *pile, const struct pd_traits *traits,
    const struct pd_put *puts, size_t count)
{
	bool stack = false;

	*pile = (struct pd_pile){.traits = traits, .puts = puts};
	for (size_t i = 0; i < count; i++)
		stack = stack || traits[i].discipline == PD_LAST_OUT;
	if (!stack || puts == NULL)
		return;
	pile->moves = pd_allocate(count + 1, sizeof(*pile->moves));
	pile->taken_by = pd_allocate(count + 2, sizeof(*pile->taken_by));
	pile->taken_by[0] = PD_NEVER;
	pile->lifted = pd_allocate(count + 1, sizeof(*pile->lifted));
}

void
pd_pile_free(struct pd_pile *pile)
{
	free(pile->moves);
	free(pile->taken_by);
	free(pile->lifted);
}

bool
pd_pile_exists(const struct pd_pile *pile)
{
	return pile->moves != NULL;
}

static void
lay(struct pd_pile *pile, size_t move)
{
	int64_t under = pile->taken_by[pile->height];
	int64_t own = pile->puts[move].taken_by;

	pile->moves[pile->height++] = move;
	pile->taken_by[pile->height] = own < under ? own : under;
}

/* Does this move take something away now? */
static bool
takes_away(const struct pd_pile *pile, size_t move)
{
	const struct pd_traits *traits = &pile->traits[move];

	return traits->takes != PD_NOTHING || (traits->takes_unknown && pile->height > 0);
}

void
pd_pile_place(struct pd_pile *pile, size_t move)
{
	if (pile->moves == NULL)
		return;
	if (pile->traits[move].puts != PD_NOTHING)
		lay(pile, move);
	else
		pile->lifted[move] = takes_away(pile, move) ?
		    pile->moves[--pile->height] + 1 : 0;
}

void
pd_pile_take_back(struct pd_pile *pile, size_t move)
{
	if (pile->moves == NULL)
		return;
	if (pile->traits[move].puts != PD_NOTHING)
		pile->height--;
	else if (pile->lifted[move] > 0)
		lay(pile, pile->lifted[move] - 1);
}

bool
pd_pile_robs(const struct pd_pile *pile, size_t move)
{
	return pile->moves != NULL && pile->height > 0 &&
	    pile->traits[move].takes_unknown &&
	    pile->puts[pile->moves[pile->height - 1]].taken_by != PD_NEVER;
}

bool
pd_pile_may_bury(const struct pd_pile *pile, size_t move)
{
	return pile->moves != NULL && pile->traits[move].puts != PD_NOTHING &&
	    pile->taken_by[pile->height] < pile->puts[move].taken_before;
}

bool
pd_pile_buries(const struct pd_pile *pile, size_t move)
{
	return pd_pile_may_bury(pile, move) && pile->puts[move].certain;
}
