/* SPDX-License-Identifier: MIT */
#include "pairing.h"

#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "history.h"
#include "json.h"

enum {
	NOBODY = -1,
	SEVERAL = -2,
	MOST = 64,		/* requirements for each operation, on average: more are left
				 * to the search */
};

/* An operation that puts a value in, and the one that took it out. */
struct pair {
	size_t put, taken;	/* moves; taken is SIZE_MAX when it was not taken */
	int64_t called, returned;
	int64_t taken_called, taken_returned;	/* PD_NEVER both: it was not taken */
};

struct pairing {
	struct pair *pairs;	/* those that are certain, in the order of the moves */
	size_t count;
	enum pd_discipline discipline;
	bool any_unknown;	/* something was taken of which nobody knows what */
};

/* By value: the move that put it in, the one that took it. */
struct value {
	int32_t put, taken;
};

static struct value *
collect_values(const struct pd_traits *traits, size_t count)
{
	int32_t highest = 0;

	for (size_t i = 0; i < count; i++) {
		highest = traits[i].puts > highest ? traits[i].puts : highest;
		highest = traits[i].takes > highest ? traits[i].takes : highest;
	}
	struct value *values = pd_allocate((size_t)highest + 1, sizeof(*values));
	for (int32_t i = 0; i <= highest; i++)
		values[i] = (struct value){NOBODY, NOBODY};
	for (size_t i = 0; i < count; i++) {
		int32_t *place = traits[i].puts != PD_NOTHING ? &values[traits[i].puts].put :
		    traits[i].takes != PD_NOTHING ? &values[traits[i].takes].taken : NULL;
		if (place != NULL)
			*place = *place == NOBODY ? (int32_t)i : SEVERAL;
	}
	return values;
}

/* Of values that nobody takes it does not matter who put them in. */
static void
find_pairs(struct pairing *pairing, const struct pd_move *moves,
    const struct pd_traits *traits, size_t count)
{
	struct value *values = collect_values(traits, count);

	for (size_t i = 0; i < count; i++) {
		if (traits[i].puts == PD_NOTHING)
			continue;
		const struct value *value = &values[traits[i].puts];
		bool taken = value->taken >= 0;
		if (value->taken == SEVERAL || (taken && value->put == SEVERAL))
			continue;
		pairing->pairs[pairing->count++] = (struct pair){i,
			taken ? (size_t)value->taken : SIZE_MAX,
			moves[i].called, moves[i].returned,
			taken ? moves[value->taken].called : PD_NEVER,
			taken ? moves[value->taken].returned : PD_NEVER};
	}
	free(values);
}

/* False when there is nothing to pair. */
static bool
start_pairing(struct pairing *pairing, const struct pd_move *moves,
    const struct pd_traits *traits, size_t count)
{
	*pairing = (struct pairing){.discipline = PD_NO_DISCIPLINE};
	for (size_t i = 0; i < count; i++) {
		if (traits[i].discipline != PD_NO_DISCIPLINE)
			pairing->discipline = traits[i].discipline;
		pairing->any_unknown = pairing->any_unknown || traits[i].takes_unknown;
	}
	if (pairing->discipline == PD_NO_DISCIPLINE)
		return false;
	pairing->pairs = pd_allocate(count + 1, sizeof(*pairing->pairs));
	find_pairs(pairing, moves, traits, count);
	return true;
}

/* Can it be said of a pair that it lies there from its put to its taking? Not if
 * it was not taken, but nobody knows what was. */
static bool
stays(const struct pairing *pairing, const struct pair *pair)
{
	return pair->taken_called != PD_NEVER || !pairing->any_unknown;
}

/*
 * Must a be put in before b? In a queue if a was taken out before b, or b never:
 * what went in first comes out first. In a stack if b was taken out while a was
 * in it: then a would lie upon it.
 */
static bool
must_precede(const struct pairing *pairing, const struct pair *a,
    const struct pair *b)
{
	if (pairing->discipline == PD_FIRST_OUT)
		return stays(pairing, b) && a->taken_returned < b->taken_called;
	return stays(pairing, a) && a->returned < b->taken_called &&
	    b->taken_returned < a->taken_called;
}

static int
by_call(const void *a, const void *b)
{
	const struct pair *first = a, *second = b;

	if (first->called != second->called)
		return first->called < second->called ? -1 : 1;
	return (first->put > second->put) - (first->put < second->put);
}

/*
 * Requirements.
 */
/* Require what is between two operations that overlap; of others time says
 * which was first. Returns how many requirements there were. */
static size_t
require(const struct pairing *pairing, struct pd_frontier *frontier,
    const struct pair *a, const struct pair *b)
{
	if (frontier->moves[a->put].known && must_precede(pairing, a, b)) {
		pd_frontier_require(frontier, a->put, b->put);
		return 1;
	}
	if (frontier->moves[b->put].known && must_precede(pairing, b, a)) {
		pd_frontier_require(frontier, b->put, a->put);
		return 1;
	}
	return 0;
}

void
pd_pairing_require(struct pd_frontier *frontier, const struct pd_traits *traits)
{
	struct pairing pairing;
	size_t count = 0, required = 0;

	if (!start_pairing(&pairing, frontier->moves, traits, frontier->count))
		return;
	size_t *active = pd_allocate(pairing.count + 1, sizeof(*active));
	qsort(pairing.pairs, pairing.count, sizeof(*pairing.pairs), by_call);
	for (size_t i = 0; i < pairing.count && required < MOST * frontier->count; i++) {
		size_t kept = 0;
		for (size_t k = 0; k < count; k++) {
			const struct pair *other = &pairing.pairs[active[k]];
			if (other->returned < pairing.pairs[i].called)
				continue;
			active[kept++] = active[k];
			required += require(&pairing, frontier, other, &pairing.pairs[i]);
		}
		active[kept++] = i;
		count = kept;
	}
	free(active);
	free(pairing.pairs);
}

/* In a stack what is taken last went in first. */
struct pd_put *
pd_pairing_puts(const struct pd_frontier *frontier,
    const struct pd_traits *traits)
{
	struct pairing pairing;

	if (!start_pairing(&pairing, frontier->moves, traits, frontier->count))
		return NULL;
	struct pd_put *puts = pd_allocate(frontier->count + 1, sizeof(*puts));
	for (size_t i = 0; i < frontier->count; i++)
		puts[i] = (struct pd_put){0, INT64_MIN, PD_NEVER, true};
	for (size_t i = 0; i < pairing.count; i++) {
		const struct pair *pair = &pairing.pairs[i];
		int64_t middle = pair->taken_called / 2 + pair->taken_returned / 2;
		puts[pair->put] = (struct pd_put){
			pairing.discipline == PD_FIRST_OUT ? middle : -middle,
			pair->taken_called, pair->taken_returned, stays(&pairing, pair)};
	}
	free(pairing.pairs);
	return puts;
}

/*
 * Refutations.
 */
/* A finding: the move and why. */
struct finding {
	size_t move;
	const char *why;
};

static void
find(struct finding *finding, size_t move, const char *why)
{
	if (move < finding->move)
		*finding = (struct finding){move, why};
}

/* Taken before it was put in, or more often than it was. */
static void
find_unfounded(struct finding *finding, const struct pd_move *moves,
    const struct pd_traits *traits, size_t count)
{
	struct value *values = collect_values(traits, count);

	for (size_t i = 0; i < count; i++) {
		if (traits[i].takes == PD_NOTHING)
			continue;
		const struct value *value = &values[traits[i].takes];
		if (value->put == NOBODY)
			find(finding, i, "it was taken and nobody had put it in");
		else if (value->put >= 0 && value->taken == SEVERAL)
			find(finding, i, "it was taken twice and put in once");
		else if (value->put >= 0 && moves[value->put].called > moves[i].returned)
			find(finding, i, "it was taken before it was put in");
	}
	free(values);
}

static int
by_return(const void *a, const void *b)
{
	const struct pair *first = a, *second = b;

	if (first->returned != second->returned)
		return first->returned < second->returned ? -1 : 1;
	return (first->put > second->put) - (first->put < second->put);
}

/* Of the first count pairs, which are sorted by return, how many returned before
 * a time. */
static size_t
returned_before(const struct pair *pairs, size_t count, int64_t time)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pairs[middle].returned < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Found empty while something surely lay in it; and in a queue, taken while
 * something that surely went in before it lay there still. */
static void
find_overtaking(struct finding *finding, const struct pairing *pairing,
    const struct pd_move *moves, const struct pd_traits *traits, size_t count)
{
	size_t sure = 0;
	struct pair *pairs = pd_allocate(pairing->count + 1, sizeof(*pairs));
	int64_t *latest = pd_allocate(pairing->count + 1, sizeof(*latest));

	for (size_t i = 0; i < pairing->count; i++) {
		if (stays(pairing, &pairing->pairs[i]))
			pairs[sure++] = pairing->pairs[i];
	}
	qsort(pairs, sure, sizeof(*pairs), by_return);
	for (size_t i = 0; i < sure; i++)
		latest[i] = i > 0 && latest[i - 1] > pairs[i].taken_called ?
		    latest[i - 1] : pairs[i].taken_called;
	for (size_t i = 0; i < count; i++) {
		if (!traits[i].observes || !moves[i].known)
			continue;
		size_t before = returned_before(pairs, sure, moves[i].called);
		if (before > 0 && latest[before - 1] > moves[i].returned)
			find(finding, i, "it was found empty, and something lay in it");
	}
	for (size_t i = 0; i < pairing->count &&
	    pairing->discipline == PD_FIRST_OUT; i++) {
		const struct pair *pair = &pairing->pairs[i];
		size_t before = returned_before(pairs, sure, pair->called);
		if (before > 0 && pair->taken != SIZE_MAX &&
		    latest[before - 1] > pair->taken_returned)
			find(finding, pair->taken, "what had been put in before it lay there still");
	}
	free(latest);
	free(pairs);
}

/* In a stack: taken while something surely lay upon it. */
static void
find_buried(struct finding *finding, const struct pairing *pairing)
{
	enum { MOST_PAIRS = 10000 };	/* more would take long */
	struct pair *pairs = pd_allocate(pairing->count + 1, sizeof(*pairs));
	size_t count = pairing->count < MOST_PAIRS ? pairing->count : MOST_PAIRS;

	for (size_t i = 0; i < count; i++)
		pairs[i] = pairing->pairs[i];
	qsort(pairs, count, sizeof(*pairs), by_return);
	for (size_t i = 0; i < count; i++) {
		const struct pair *under = &pairs[i];
		if (under->taken == SIZE_MAX)
			continue;
		size_t end = returned_before(pairs, count, under->taken_called);
		for (size_t k = i + 1; k < end; k++) {
			if (pairs[k].called > under->returned && stays(pairing, &pairs[k]) &&
			    pairs[k].taken_called > under->taken_returned)
				find(finding, under->taken, "something lay upon it");
		}
	}
	free(pairs);
}

size_t
pd_pairing_refute(struct pd_specification *specification,
    const struct pd_move *moves, size_t count, char *reason, size_t size)
{
	struct pd_traits *traits = pd_allocate(count + 1, sizeof(*traits));
	struct finding finding = {count, ""};
	struct pairing pairing;

	for (size_t i = 0; i < count; i++)
		traits[i] = pd_specification_traits(specification, moves[i].action);
	if (start_pairing(&pairing, moves, traits, count)) {
		find_unfounded(&finding, moves, traits, count);
		find_overtaking(&finding, &pairing, moves, traits, count);
		if (pairing.discipline == PD_LAST_OUT)
			find_buried(&finding, &pairing);
		free(pairing.pairs);
	}
	if (finding.move < count) {
		struct pd_traits found = traits[finding.move];
		char *value = found.takes != PD_NOTHING ? pd_json_excerpt(
		    pd_specification_value(specification, found.takes), 60) :
		    pd_duplicate("");
		snprintf(reason, size, "%s%s%s", value, *value != '\0' ? ": " : "",
		    finding.why);
		free(value);
	}
	free(traits);
	return finding.move;
}
