/* SPDX-License-Identifier: MIT */
#include "inference.h"

#include <stdlib.h>

#include "buffer.h"
#include "history.h"

/* Who has to do with a value. */
struct value {
	size_t writers;		/* operations that may make it the state, or put it in */
	size_t takers;		/* that took it out */
	int64_t seen;		/* when the first that surely saw it returned, or PD_NEVER */
};

static int32_t
highest_value(const struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count)
{
	int32_t highest = start;

	for (size_t i = 0; i < count; i++) {
		struct pd_traits traits = pd_specification_traits(specification,
		    moves[i].action);
		const int32_t values[] = {traits.needs, traits.sets, traits.puts, traits.takes};
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++)
			highest = values[k] > highest ? values[k] : highest;
	}
	return highest;
}

static void
see(struct value *value, const struct pd_move *move)
{
	if (move->known && move->returned < value->seen)
		value->seen = move->returned;
}

static struct value *
count_values(const struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count)
{
	size_t room = (size_t)highest_value(specification, start, moves, count) + 1;
	struct value *values = pd_allocate(room, sizeof(*values));

	for (size_t i = 0; i < room; i++)
		values[i].seen = PD_NEVER;
	values[start].writers++;	/* where states are values; elsewhere it does no harm */
	for (size_t i = 0; i < count; i++) {
		struct pd_traits traits = pd_specification_traits(specification,
		    moves[i].action);
		if (traits.sets != PD_NOTHING)
			values[traits.sets].writers++;
		if (traits.puts != PD_NOTHING)
			values[traits.puts].writers++;
		if (traits.takes != PD_NOTHING) {
			values[traits.takes].takers++;
			see(&values[traits.takes], &moves[i]);
		}
		if (traits.needs != PD_NOTHING)
			see(&values[traits.needs], &moves[i]);
	}
	return values;
}

/* The value that an operation writes or puts in whatever there was before. */
static int32_t
written_by(struct pd_traits traits)
{
	if (traits.puts != PD_NOTHING)
		return traits.puts;
	return traits.needs == PD_NOTHING && traits.avoids == PD_NOTHING ?
	    traits.sets : PD_NOTHING;
}

/* It happened, and before this time. */
static void
know(struct pd_specification *specification, struct pd_move *move, int64_t seen)
{
	move->action = pd_specification_happened(specification, move->action);
	move->known = move->inferred = true;
	move->returned = seen;
}

size_t
pd_infer(struct pd_specification *specification, int32_t start,
    struct pd_move *moves, size_t count)
{
	struct value *values = count_values(specification, start, moves, count);
	/* What lies there from the beginning may be the value that was taken. */
	bool empty = pd_specification_is_empty(specification, start);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct pd_move *move = &moves[i];
		struct pd_traits traits = pd_specification_traits(specification,
		    move->action);
		int32_t written = written_by(traits);
		const struct value *value = written != PD_NOTHING ? &values[written] : NULL;
		bool untaken = traits.puts != PD_NOTHING && value->takers == 0;
		if (!move->known && untaken)
			continue;
		if (untaken)
			move->action = pd_specification_unseen(specification, move->action);
		if (!move->known && value != NULL && value->writers == 1 &&
		    (empty || traits.puts == PD_NOTHING) &&
		    value->seen >= move->called && value->seen != PD_NEVER)
			know(specification, move, value->seen);
		moves[kept++] = *move;
	}
	free(values);
	return kept;
}
