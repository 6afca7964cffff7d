/* SPDX-License-Identifier: MIT */
#include "exploration.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "effects.h"
#include "history.h"
#include "pairing.h"
#include "pile.h"
#include "visited.h"
#include "watchers.h"

enum {
	NONE = -1,
	DEAD_STATE = -2,	/* all states that nobody is left to tell apart */
};

/* Operations of unknown outcome and the same action, by call. Which of them is
 * used does not matter, so that they are used in this order. */
struct group {
	int32_t action;
	size_t first, count;	/* among the frontier's moves, from first */
	size_t used;
};

/* A step of the present path. */
struct frame {
	int32_t choice;		/* what led here: a known operation's number, or the
				 * number of a group after them */
	int32_t state;		/* here */
	int32_t owed;		/* the group placed last, which must make a difference to what
				 * comes next; or NONE */
	int32_t owed_from;	/* the state before it */
	bool expanded;
	size_t next, end;	/* of the choices from here */
	size_t start;
};

struct pd_exploration {
	struct pd_specification *specification;
	struct pd_frontier frontier;
	struct pd_effects effects;
	struct pd_place *marks;	/* by known move: of the fingerprint */
	struct pd_place fingerprint;	/* of what is placed */
	struct group *groups;
	size_t group_count;
	uint64_t *used;		/* a bit for each operation of unknown outcome */
	struct pd_visited visited;
	struct pd_watchers watchers;
	struct pd_put *puts;	/* by move, of a queue or stack; or NULL */
	struct pd_pile pile;
	size_t *seen, *seen_at;	/* by what is alike: the expansion that met it, and where */
	struct frame *frames;
	size_t depth, frame_room;
	int32_t *choices;
	size_t choice_count, choice_room;
	size_t placed;		/* known operations */
	size_t longest;		/* the most that were */
	bool unsaved;		/* the present path is the longest, and not kept yet */
	size_t *order, *blocked;
	size_t order_count, blocked_count;
	bool waits;		/* what is blocked waits for others, which are called later */
	int64_t steps;
	enum pd_linearizable verdict;
};

/*
 * Preparation.
 */
/* Those for which something else must be placed first are not interchangeable:
 * each is a group of its own. */
static void
make_groups(struct pd_exploration *exploration)
{
	const struct pd_frontier *frontier = &exploration->frontier;
	size_t unknown = frontier->count - frontier->known;
	struct group *group = NULL;

	exploration->groups = pd_allocate(unknown + 1, sizeof(*group));
	exploration->used = pd_allocate((unknown + 63) / 64 + 1,
	    sizeof(*exploration->used));
	for (size_t i = frontier->known; i < frontier->count; i++) {
		int32_t action = frontier->moves[i].action;
		if (exploration->effects.traits[i].observes)
			continue;	/* it changes nothing, and nothing is known of it */
		if (group != NULL && group->action == action && !pd_frontier_waits(frontier, i) &&
		    !pd_frontier_waits(frontier, i - 1) && group->first + group->count == i) {
			group->count++;
			continue;
		}
		group = &exploration->groups[exploration->group_count++];
		*group = (struct group){.action = action, .first = i, .count = 1};
	}
}

/* Before the first step: one frame, in which everything is still to be chosen. */
static void
start_path(struct pd_exploration *exploration, int32_t start)
{
	size_t count = exploration->frontier.count;

	exploration->order = pd_allocate(count + 1, sizeof(*exploration->order));
	exploration->blocked = pd_allocate(count + 1, sizeof(*exploration->blocked));
	exploration->frame_room = 64;
	exploration->frames = pd_allocate(exploration->frame_room,
	    sizeof(*exploration->frames));
	exploration->frames[0] = (struct frame){.choice = NONE, .state = start,
		.owed = NONE, .owed_from = NONE};
	exploration->depth = 1;
	exploration->unsaved = true;
	exploration->verdict = PD_LINEARIZE_UNKNOWN;
}

struct pd_exploration *
pd_exploration_new(struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count, bool ahead)
{
	struct pd_exploration *exploration = pd_allocate(1, sizeof(*exploration));
	struct pd_frontier *frontier = &exploration->frontier;
	struct pd_effects *effects = &exploration->effects;

	exploration->specification = specification;
	pd_frontier_start(frontier, moves, count);
	pd_effects_start(effects, specification, frontier);
	if (ahead && pd_specification_is_empty(specification, start)) {
		pd_pairing_require(frontier, effects->traits);
		exploration->puts = pd_pairing_puts(frontier, effects->traits);
	}
	pd_frontier_seal(frontier);
	pd_pile_start(&exploration->pile, effects->traits, exploration->puts, count);
	pd_watchers_start(&exploration->watchers, effects->traits, count);
	pd_visited_start(&exploration->visited, count - frontier->known);
	make_groups(exploration);
	exploration->marks = pd_allocate(count + 1, sizeof(*exploration->marks));
	for (size_t i = 0; i < count; i++)
		exploration->marks[i] = pd_place_mark(i);
	exploration->seen = pd_allocate(effects->kinds + 1, sizeof(size_t));
	exploration->seen_at = pd_allocate(effects->kinds + 1, sizeof(size_t));
	start_path(exploration, start);
	return exploration;
}

void
pd_exploration_free(struct pd_exploration *exploration)
{
	if (exploration == NULL)
		return;
	pd_frontier_free(&exploration->frontier);
	pd_effects_free(&exploration->effects);
	pd_visited_free(&exploration->visited);
	pd_watchers_free(&exploration->watchers);
	pd_pile_free(&exploration->pile);
	free(exploration->marks);
	free(exploration->groups);
	free(exploration->used);
	free(exploration->puts);
	free(exploration->seen);
	free(exploration->seen_at);
	free(exploration->frames);
	free(exploration->choices);
	free(exploration->order);
	free(exploration->blocked);
	free(exploration);
}

/*
 * Choices.
 */
static int32_t
step(struct pd_exploration *exploration, int32_t state, int32_t action,
    struct pd_error *error)
{
	return pd_specification_step(exploration->specification, state, action, error);
}

/* A write, whatever was there before, of a value that nobody will see. */
static bool
is_dead_write(const struct pd_exploration *exploration, size_t move)
{
	const struct pd_traits *traits = &exploration->effects.traits[move];

	return traits->sets != PD_NOTHING && traits->needs == PD_NOTHING &&
	    traits->avoids == PD_NOTHING && pd_watchers_dead(&exploration->watchers, traits->sets);
}

/*
 * What was owed before this action: did the operation of unknown outcome make a
 * difference to it? Not when the action is legal without it and leads to the
 * same state (then it need not have happened), nor when they may change places
 * (then it is looked at there). 1, 0 or PD_BROKEN.
 */
static int
makes_difference(struct pd_exploration *exploration, const struct frame *frame,
    int32_t action, int32_t next, bool may_swap, struct pd_error *error)
{
	if (frame->owed == NONE)
		return 1;
	int32_t without = step(exploration, frame->owed_from, action, error);
	if (without == PD_BROKEN)
		return PD_BROKEN;
	if (without == PD_ILLEGAL)
		return 1;
	if (without == next)
		return 0;
	if (!may_swap)
		return 1;
	int32_t swapped = step(exploration, without,
	    exploration->groups[frame->owed].action, error);
	return swapped == PD_BROKEN ? PD_BROKEN : swapped != next;
}

static void
add_choice(struct pd_exploration *exploration, int32_t choice)
{
	if (exploration->choice_count == exploration->choice_room) {
		exploration->choice_room = exploration->choice_room == 0 ? 256 :
		    2 * exploration->choice_room;
		exploration->choices = pd_reallocate(exploration->choices,
		    exploration->choice_room, sizeof(*exploration->choices));
	}
	exploration->choices[exploration->choice_count++] = choice;
}

/*
 * Add a known operation to the choices unless one with the same effect is there
 * that returned before: exchanging the two in an order that has the later one
 * first gives one that is as good. (Of those that returned at the same time
 * either may come first: what was called in that microsecond may follow one of
 * them alone.)
 */
static void
add_known(struct pd_exploration *exploration, size_t number, size_t *dead_at)
{
	const struct pd_move *moves = exploration->frontier.moves;
	size_t kind = (size_t)exploration->effects.alike[number];
	bool dead = is_dead_write(exploration, number);
	size_t expansion = (size_t)exploration->steps + 1;
	size_t at = SIZE_MAX;

	if (dead)
		at = *dead_at;
	else if (exploration->seen[kind] == expansion)
		at = exploration->seen_at[kind];
	if (at != SIZE_MAX) {
		size_t other = (size_t)exploration->choices[at];
		if (moves[other].returned < moves[number].returned)
			return;
		if (moves[other].returned > moves[number].returned) {
			exploration->choices[at] = (int32_t)number;
			return;
		}
	}
	exploration->seen[kind] = expansion;
	exploration->seen_at[kind] = exploration->choice_count;
	if (dead)
		*dead_at = exploration->choice_count;
	add_choice(exploration, (int32_t)number);
}

/*
 * Walk over the known operations that can come next. Those that may be taken
 * without looking at others are the only choice then: *forced. *last becomes
 * the return that ended the walk. Returns 0 or -1.
 */
static int
add_known_choices(struct pd_exploration *exploration, struct frame *frame,
    bool *forced, int32_t *last, size_t *dead_at, struct pd_error *error)
{
	const struct pd_frontier *frontier = &exploration->frontier;
	int32_t node = pd_frontier_first(frontier);

	*forced = false;
	*dead_at = SIZE_MAX;
	for (; node % 2 == 0; node = pd_frontier_after(frontier, node)) {
		size_t number = (size_t)node / 2;
		int32_t action = frontier->moves[number].action;
		if (!pd_frontier_ready(frontier, number) || pd_pile_buries(&exploration->pile, number))
			continue;
		int32_t next = step(exploration, frame->state, action, error);
		if (next == PD_BROKEN)
			return -1;
		if (next == PD_ILLEGAL)
			continue;
		int matters = makes_difference(exploration, frame, action, next, true, error);
		if (matters == PD_BROKEN)
			return -1;
		if (matters == 0)
			continue;
		if (exploration->effects.traits[number].observes || exploration->effects.free[number]) {
			exploration->choice_count = frame->start;
			add_choice(exploration, (int32_t)number);
			*forced = true;
			return 0;
		}
		add_known(exploration, number, dead_at);
	}
	*last = node;
	return 0;
}

/* Is one with the same effect among the known choices? */
static bool
has_known(const struct pd_exploration *exploration, size_t move, size_t dead_at)
{
	if (is_dead_write(exploration, move))
		return dead_at != SIZE_MAX;
	return exploration->seen[exploration->effects.alike[move]] ==
	    (size_t)exploration->steps + 1;
}

/* The first operation of a group that was not used yet and was called, or
 * SIZE_MAX. */
static size_t
next_of_group(const struct pd_exploration *exploration,
    const struct group *group, int32_t last)
{
	size_t move = group->first + group->used;

	return group->used < group->count &&
	    pd_frontier_called(&exploration->frontier, move, last) &&
	    pd_frontier_ready(&exploration->frontier, move) ? move : SIZE_MAX;
}

/* Add the operations of unknown outcome that change something now. What follows
 * must show that they matter. Returns 0 or -1. */
static int
add_unknown_choices(struct pd_exploration *exploration,
    const struct frame *frame, int32_t last, size_t dead_at,
    struct pd_error *error)
{
	bool dead = false;

	for (size_t i = 0; i < exploration->group_count; i++) {
		const struct group *group = &exploration->groups[i];
		size_t move = next_of_group(exploration, group, last);
		if (move == SIZE_MAX || has_known(exploration, move, dead_at) ||
		    pd_pile_robs(&exploration->pile, move))
			continue;
		if (is_dead_write(exploration, move)) {
			if (dead)
				continue;
			dead = true;
		}
		int32_t next = step(exploration, frame->state, group->action, error);
		if (next == PD_BROKEN)
			return -1;
		if (next == frame->state)
			continue;
		/* Of two that may change places only one order is looked at. */
		int matters = makes_difference(exploration, frame, group->action, next,
		    frame->owed > (int32_t)i, error);
		if (matters == PD_BROKEN)
			return -1;
		if (matters != 0)
			add_choice(exploration, (int32_t)(exploration->frontier.known + i));
	}
	return 0;
}

static int
compare_choices(const void *a, const void *b)
{
	const int32_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static int32_t
action_of_choice(const struct pd_exploration *exploration, int32_t choice)
{
	size_t known = exploration->frontier.known;

	return (size_t)choice < known ? exploration->frontier.moves[choice].action :
	    exploration->groups[(size_t)choice - known].action;
}

static bool
puts_in(const struct pd_exploration *exploration, int32_t choice)
{
	return (size_t)choice < exploration->frontier.known &&
	    exploration->effects.traits[choice].puts != PD_NOTHING;
}

/* Let those that put something in change places among themselves. */
static void
sort_by_rank(const struct pd_exploration *exploration, int32_t *choices,
    size_t count)
{
	for (size_t i = 1; i < count; i++) {
		int32_t choice = choices[i];
		size_t free_place = i;
		for (size_t k = i; puts_in(exploration, choice) && k-- > 0;) {
			if (!puts_in(exploration, choices[k]) ||
			    exploration->puts[choices[k]].rank <=
			    exploration->puts[choice].rank)
				continue;
			choices[free_place] = choices[k];
			free_place = k;
		}
		choices[free_place] = choice;
	}
}

/* What is urgent lies under something: what can be taken away is tried first. */
static void
take_first(const struct pd_exploration *exploration, int32_t *choices,
    size_t count)
{
	size_t front = 0;

	for (size_t i = 0; i < count; i++) {
		int32_t choice = choices[i];
		if (puts_in(exploration, choice))
			continue;
		memmove(&choices[front + 1], &choices[front],
		    (i - front) * sizeof(*choices));
		choices[front++] = choice;
	}
}

/* What can only be right if something was taken away that nobody knows of is
 * tried last. */
static void
bury_last(const struct pd_exploration *exploration, int32_t *choices,
    size_t count)
{
	size_t end = count;

	for (size_t i = count; i-- > 0;) {
		int32_t choice = choices[i];
		if ((size_t)choice >= exploration->frontier.known ||
		    !pd_pile_may_bury(&exploration->pile, (size_t)choice))
			continue;
		memmove(&choices[i], &choices[i + 1], (end - i - 1) * sizeof(*choices));
		choices[--end] = choice;
	}
}

/*
 * The order in which choices are tried: as they returned, the unknown ones last;
 * but if what must come first cannot come now, those first that make it legal.
 * Returns 0 or -1.
 */
static int
sort_choices(struct pd_exploration *exploration, const struct frame *frame,
    int32_t last, struct pd_error *error)
{
	size_t count = exploration->choice_count - frame->start;
	int32_t *choices = count > 0 ? exploration->choices + frame->start : NULL;
	int32_t urgent = exploration->frontier.moves[last / 2].action;

	if (count == 0)
		return 0;
	qsort(choices, count, sizeof(*choices), compare_choices);
	if (exploration->puts != NULL)
		sort_by_rank(exploration, choices, count);
	bury_last(exploration, choices, count);
	if (count < 2 || choices[0] == last / 2)
		return 0;
	if (pd_pile_exists(&exploration->pile))
		take_first(exploration, choices, count);
	size_t front = 0;
	for (size_t i = 0; i < count; i++) {
		int32_t choice = choices[i];
		int32_t next = step(exploration, frame->state,
		    action_of_choice(exploration, choice), error);
		int32_t then = next < 0 ? next : step(exploration, next, urgent, error);
		if (next == PD_BROKEN || then == PD_BROKEN)
			return -1;
		if (then < 0)
			continue;
		memmove(&choices[front + 1], &choices[front],
		    (i - front) * sizeof(*choices));
		choices[front++] = choice;
	}
	return 0;
}

/* Where the search stands, in a number. */
static struct pd_place
place_of(const struct pd_exploration *exploration, const struct frame *frame)
{
	struct pd_place place = exploration->fingerprint;
	int32_t state = pd_watchers_dead(&exploration->watchers, frame->state) ? DEAD_STATE : frame->state;
	uint64_t here = pd_mix((uint64_t)(uint32_t)state << 32 | (uint32_t)frame->owed);

	place.high ^= here;
	place.low ^= pd_mix(here);
	if (frame->owed != NONE) {
		uint64_t from = pd_mix(~(uint64_t)(uint32_t)frame->owed_from);
		place.high += from;
		place.low += pd_mix(from);
	}
	return place;
}

/* Find out how the search can go on from the last frame. Returns 0 or -1. */
static int
expand(struct pd_exploration *exploration, struct pd_error *error)
{
	struct frame *frame = &exploration->frames[exploration->depth - 1];
	int32_t last;
	size_t dead_at;
	bool forced;
	int result = 0;

	frame->expanded = true;
	frame->start = frame->next = exploration->choice_count;
	if (add_known_choices(exploration, frame, &forced, &last, &dead_at, error) != 0)
		return -1;
	if (!forced) {
		if (pd_visited_enter(&exploration->visited, place_of(exploration, frame),
		    exploration->used)) {
			result = add_unknown_choices(exploration, frame, last, dead_at, error);
			if (result == 0)
				result = sort_choices(exploration, frame, last, error);
		} else {
			exploration->choice_count = frame->start;
		}
	}
	frame->end = exploration->choice_count;
	exploration->steps++;
	return result;
}

/*
 * Going on and back.
 */
static void
flip_used(struct pd_exploration *exploration, size_t move)
{
	size_t bit = move - exploration->frontier.known;

	exploration->used[bit / 64] ^= UINT64_C(1) << bit % 64;
}

static void
place(struct pd_exploration *exploration, int32_t choice)
{
	struct pd_frontier *frontier = &exploration->frontier;

	if ((size_t)choice < frontier->known) {
		pd_frontier_place(frontier, (size_t)choice);
		exploration->fingerprint = pd_place_combine(exploration->fingerprint,
		    exploration->marks[choice]);
		pd_watchers_change(&exploration->watchers,
		    &exploration->effects.traits[choice], -1);
		pd_pile_place(&exploration->pile, (size_t)choice);
		exploration->placed++;
	} else {
		struct group *group = &exploration->groups[(size_t)choice - frontier->known];
		size_t move = group->first + group->used++;
		flip_used(exploration, move);
		pd_watchers_change(&exploration->watchers,
		    &exploration->effects.traits[move], -1);
		pd_pile_place(&exploration->pile, move);
	}
}

static void
take_back(struct pd_exploration *exploration, int32_t choice)
{
	struct pd_frontier *frontier = &exploration->frontier;

	if ((size_t)choice < frontier->known) {
		pd_frontier_take_back(frontier, (size_t)choice);
		exploration->fingerprint = pd_place_combine(exploration->fingerprint,
		    exploration->marks[choice]);
		pd_watchers_change(&exploration->watchers,
		    &exploration->effects.traits[choice], 1);
		pd_pile_take_back(&exploration->pile, (size_t)choice);
		exploration->placed--;
	} else {
		struct group *group = &exploration->groups[(size_t)choice - frontier->known];
		size_t move = group->first + --group->used;
		flip_used(exploration, move);
		pd_watchers_change(&exploration->watchers,
		    &exploration->effects.traits[move], 1);
		pd_pile_take_back(&exploration->pile, move);
	}
}

static struct frame *
push(struct pd_exploration *exploration)
{
	if (exploration->depth == exploration->frame_room) {
		exploration->frame_room *= 2;
		exploration->frames = pd_reallocate(exploration->frames,
		    exploration->frame_room, sizeof(*exploration->frames));
	}
	return &exploration->frames[exploration->depth++];
}

/* Keep the present path, up to its last known operation. */
static void
save_order(struct pd_exploration *exploration)
{
	const struct pd_frontier *frontier = &exploration->frontier;
	size_t *taken = pd_allocate(exploration->group_count + 1, sizeof(*taken));
	size_t end = exploration->depth;

	while (end > 1 && (size_t)exploration->frames[end - 1].choice >= frontier->known)
		end--;
	exploration->order_count = 0;
	for (size_t i = 1; i < end; i++) {
		size_t move = (size_t)exploration->frames[i].choice;
		if (move >= frontier->known) {
			size_t group = move - frontier->known;
			move = exploration->groups[group].first + taken[group]++;
		}
		exploration->order[exploration->order_count++] =
		    frontier->moves[move].operation;
	}
	free(taken);
	exploration->unsaved = false;
}

static int
compare_sizes(const void *a, const void *b)
{
	const size_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* Collect what could come next and is ready, or what is not. */
static size_t
collect_next(const struct pd_exploration *exploration, bool ready, size_t *list)
{
	const struct pd_frontier *frontier = &exploration->frontier;
	size_t count = 0;

	for (int32_t node = pd_frontier_first(frontier); node % 2 == 0;
	    node = pd_frontier_after(frontier, node)) {
		size_t number = (size_t)node / 2;
		if ((pd_frontier_ready(frontier, number) &&
		    !pd_pile_buries(&exploration->pile, number)) == ready)
			list[count++] = (size_t)node / 2;
	}
	return count;
}

/* It goes no further from here, and never went as far: these are in the way, who
 * returned first first, since after that nothing else could come. */
static void
save_blocked(struct pd_exploration *exploration)
{
	size_t *blocked = exploration->blocked;
	size_t count = collect_next(exploration, true, blocked);

	save_order(exploration);
	exploration->waits = count == 0;
	if (exploration->waits)
		count = collect_next(exploration, false, blocked);
	qsort(blocked, count, sizeof(*blocked), compare_sizes);
	for (size_t i = 0; i < count; i++)
		blocked[i] = exploration->frontier.moves[blocked[i]].operation;
	exploration->blocked_count = count;
}

/* Go back by one frame. False when there is none left. */
static bool
go_back(struct pd_exploration *exploration)
{
	struct frame *frame = &exploration->frames[exploration->depth - 1];

	if (exploration->unsaved)
		save_blocked(exploration);
	exploration->choice_count = frame->start;
	exploration->depth--;
	if (exploration->depth == 0)
		return false;
	take_back(exploration, frame->choice);
	return true;
}

/* Take the next choice of the last frame. Returns 0 or -1. */
static int
go_on(struct pd_exploration *exploration, struct pd_error *error)
{
	struct frame *frame = &exploration->frames[exploration->depth - 1];
	int32_t choice = exploration->choices[frame->next++];
	int32_t state = frame->state;
	int32_t next = step(exploration, state, action_of_choice(exploration, choice),
	    error);
	bool known = (size_t)choice < exploration->frontier.known;

	if (next == PD_BROKEN)
		return -1;
	place(exploration, choice);
	*push(exploration) = (struct frame){.choice = choice, .state = next,
		.owed = known ? NONE :
		    choice - (int32_t)exploration->frontier.known,
		.owed_from = known ? NONE : state};
	if (exploration->placed > exploration->longest) {
		exploration->longest = exploration->placed;
		exploration->unsaved = true;
	}
	return 0;
}

enum pd_linearizable
pd_exploration_advance(struct pd_exploration *exploration, int64_t steps,
    struct pd_error *error)
{
	int64_t end = exploration->steps + steps;

	while (exploration->verdict == PD_LINEARIZE_UNKNOWN &&
	    exploration->steps < end) {
		struct frame *frame = &exploration->frames[exploration->depth - 1];
		int result = 0;
		if (exploration->placed == exploration->frontier.known) {
			save_order(exploration);
			exploration->verdict = PD_LINEARIZABLE;
		} else if (!frame->expanded) {
			result = expand(exploration, error);
		} else if (frame->next < frame->end) {
			result = go_on(exploration, error);
		} else if (!go_back(exploration)) {
			exploration->verdict = PD_NOT_LINEARIZABLE;
		}
		if (result != 0)
			exploration->verdict = PD_LINEARIZE_ERROR;
	}
	return exploration->verdict;
}

/*
 * Results.
 */
const size_t *
pd_exploration_order(const struct pd_exploration *exploration, size_t *count)
{
	*count = exploration->order_count;
	return exploration->order;
}

const size_t *
pd_exploration_blocked(const struct pd_exploration *exploration, size_t *count)
{
	*count = exploration->blocked_count;
	return exploration->blocked;
}

bool
pd_exploration_waits(const struct pd_exploration *exploration)
{
	return exploration->waits;
}

int64_t
pd_exploration_steps(const struct pd_exploration *exploration)
{
	return exploration->steps;
}

size_t
pd_exploration_memory(const struct pd_exploration *exploration)
{
	return pd_visited_memory(&exploration->visited) +
	    exploration->frame_room * sizeof(*exploration->frames) +
	    exploration->choice_room * sizeof(*exploration->choices);
}
