/* SPDX-License-Identifier: MIT */
#include "branching.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "candidate.h"

#define NONE SIZE_MAX

enum {
	TRIES = 5,		/* to draw a command that is admitted */
};

/* Will the command do? 1, 0 or -1. Borrows it. */
typedef int take_command(void *context, const char *id, jv command,
    struct pd_error *);

/* Draw a command from the plan's state until one is taken, and add it. Returns
 * 1; 0 when none was; -1. */
static int
draw(struct pd_plan *plan, struct pd_items *items, const char *id,
    struct pd_random *random, take_command *take, void *context,
    struct pd_error *error)
{
	struct pd_candidate *candidates, *chosen;
	jv command = jv_invalid();
	int taken = 0, found = 1;
	int count = pd_candidates_read(plan, &candidates, error);

	if (count < 0)
		return -1;
	for (int i = 0; i < TRIES && taken == 0 && found == 1; i++) {
		found = pd_candidates_choose(plan, candidates, count, random, &chosen,
		    error);
		if (found == 1) {
			jv_free(command);
			command = pd_candidate_draw(chosen, id, random, plan->tokens);
			taken = take(context, id, command, error);
		}
	}
	pd_candidates_free(candidates, count);
	if (taken == 1)
		return pd_plan_add(plan, items, id, command, error) == 0 ? 1 : -1;
	jv_free(command);
	return found < 0 ? -1 : taken;
}

static int
take_after(void *context, const char *id, jv command, struct pd_error *error)
{
	return pd_interleaving_follow(context, id, command, error);
}

int
pd_branching_follow(struct pd_plan *plan, struct pd_interleaving *it,
    struct pd_items *items, const char *id, struct pd_random *random,
    struct pd_error *error)
{
	return draw(plan, items, id, random, take_after, it, error);
}

/* A branch that grows. */
struct shoot {
	struct pd_plan plan;
	struct pd_items items;
	struct pd_random random;
	size_t wanted;		/* as many commands, fewer if it ends before */
};

struct growth {
	struct shoot *shoots;
	size_t count;
	size_t latest;		/* the shoot that goes on */
	struct pd_interleaving *it;
	bool full;		/* it can only be sifted at the end */
};

static void
start_growth(struct growth *growth, const struct pd_plan *before,
    const struct pd_branching_options *options, uint64_t seed,
    struct pd_random *random, size_t number)
{
	growth->count = (size_t)options->least + (size_t)pd_random_below(random,
	    (uint64_t)(options->most - options->least) + 1);
	growth->shoots = pd_allocate(growth->count, sizeof(*growth->shoots));
	growth->it = pd_interleaving_new(before, growth->count, seed);
	for (size_t i = 0; i < growth->count; i++) {
		struct shoot *shoot = &growth->shoots[i];
		shoot->plan = pd_plan_copy(before);
		shoot->wanted = (size_t)options->shortest + (size_t)pd_random_below(
		    random, (uint64_t)(options->longest - options->shortest) + 1);
		char *purpose = pd_format("branch %zu after %zu", i, number);
		pd_random_seed(&shoot->random, seed, purpose);
		free(purpose);
	}
}

static void
end_growth(struct growth *growth)
{
	for (size_t i = 0; i < growth->count; i++) {
		pd_plan_free(&growth->shoots[i].plan);
		pd_items_free(&growth->shoots[i].items);
	}
	free(growth->shoots);
	pd_interleaving_free(growth->it);
}

/* The branch that gets the next command: one that has none yet, so that short
 * sequences have branches as well, or any that has not ended. */
static size_t
choose_shoot(const struct growth *growth, struct pd_random *random)
{
	size_t chosen = NONE, count = 0;

	for (size_t i = 0; i < growth->count; i++) {
		const struct shoot *shoot = &growth->shoots[i];
		if (shoot->items.count >= shoot->wanted)
			continue;
		if (shoot->items.count == 0)
			return i;
		if (pd_random_below(random, ++count) == 0)
			chosen = i;
	}
	return chosen;
}

static int
take_in_branch(void *context, const char *id, jv command,
    struct pd_error *error)
{
	struct growth *growth = context;

	if (!growth->full) {
		int taken = pd_interleaving_extend(growth->it, growth->latest, id,
		    command, error);
		if (taken != PD_INTERLEAVING_FULL)
			return taken;
		growth->full = true;
	}
	pd_interleaving_place(growth->it, growth->latest, id, command);
	return 1;
}

/* Draw all commands. Returns 0 or -1. */
static int
grow(struct growth *growth, struct pd_random *random, size_t room,
    size_t *number, struct pd_error *error)
{
	int result = 0;

	while (room > 0 && result >= 0 &&
	    (growth->latest = choose_shoot(growth, random)) != NONE) {
		struct shoot *shoot = &growth->shoots[growth->latest];
		char id[32];
		snprintf(id, sizeof(id), "c%zu", *number + 1);
		result = draw(&shoot->plan, &shoot->items, id, &shoot->random,
		    take_in_branch, growth, error);
		if (result == 1) {
			++*number;
			room--;
		} else {
			shoot->wanted = 0;
		}
	}
	return result < 0 ? -1 : 0;
}

/* Leave out what some order does not admit. What stays gets its label anew,
 * since its state is another one without what went. */
static int
sift(struct growth *growth, const struct pd_plan *before,
    struct pd_error *error)
{
	int result = pd_interleaving_sift(growth->it, error);

	for (size_t b = 0; b < growth->count && result == 0; b++) {
		struct pd_items all = growth->shoots[b].items, kept = {0};
		struct pd_plan plan = pd_plan_copy(before);
		for (size_t i = 0; i < all.count && result == 0; i++) {
			if (pd_interleaving_holds(growth->it, all.list[i].id))
				result = pd_plan_add(&plan, &kept, all.list[i].id,
				    jv_copy(all.list[i].command), error);
		}
		pd_plan_free(&plan);
		pd_items_free(&all);
		growth->shoots[b].items = kept;
	}
	return result;
}

/* Move what has grown into the sequence, if it is two branches or more. */
static int
harvest(struct growth *growth, struct pd_sequence *sequence)
{
	size_t count = 0;

	for (size_t i = 0; i < growth->count; i++)
		count += growth->shoots[i].items.count > 0;
	if (count < 2)
		return 0;
	sequence->branches = pd_allocate(count, sizeof(*sequence->branches));
	for (size_t i = 0; i < growth->count; i++) {
		struct pd_items *items = &growth->shoots[i].items;
		if (items->count > 0)
			sequence->branches[sequence->branch_count++] = *items;
		*items = (struct pd_items){0};
	}
	return 1;
}

int
pd_branching_draw(const struct pd_plan *before,
    const struct pd_branching_options *options, uint64_t seed,
    struct pd_random *random, size_t room, size_t *number,
    struct pd_sequence *sequence, struct pd_interleaving **after,
    struct pd_error *error)
{
	struct growth growth = {.full = false};
	size_t used = *number;

	start_growth(&growth, before, options, seed, random, *number);
	int result = grow(&growth, random, room, &used, error);
	if (result == 0 && growth.full)
		result = sift(&growth, before, error);
	if (result == 0)
		result = harvest(&growth, sequence);
	if (result == 1) {
		*number = used;
		*after = growth.it;
		growth.it = NULL;
	}
	end_growth(&growth);
	return result;
}
