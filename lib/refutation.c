/* SPDX-License-Identifier: MIT */
#include "refutation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "history.h"
#include "json.h"
#include "pairing.h"

/* Something that may have set a value, or that surely did. */
struct setting {
	int32_t value;
	int64_t called, returned;
	int64_t bound;		/* of those of the value up to this one: the last return;
				 * of sure ones from this one on: the first return */
};

static int
by_value(const void *a, const void *b)
{
	const struct setting *first = a, *second = b;

	if (first->value != second->value)
		return first->value < second->value ? -1 : 1;
	return (first->called > second->called) - (first->called < second->called);
}

static int
by_call(const void *a, const void *b)
{
	const struct setting *first = a, *second = b;

	return (first->called > second->called) - (first->called < second->called);
}

struct settings {
	struct setting *any;	/* by value and call */
	size_t any_count;
	struct setting *sure;	/* of known outcome, by call */
	size_t sure_count;
};

static void
collect_settings(struct settings *settings, struct pd_specification *specification,
    int32_t start, const struct pd_move *moves, size_t count)
{
	settings->any = pd_allocate(count + 1, sizeof(*settings->any));
	settings->sure = pd_allocate(count + 1, sizeof(*settings->sure));
	settings->any[0] = (struct setting){start, INT64_MIN, INT64_MIN, 0};
	settings->any_count = 1;
	settings->sure_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct pd_traits traits = pd_specification_traits(specification,
		    moves[i].action);
		struct setting setting = {traits.sets, moves[i].called,
			moves[i].known ? moves[i].returned : PD_NEVER, 0};
		if (traits.sets == PD_NOTHING)
			continue;
		settings->any[settings->any_count++] = setting;
		if (moves[i].known)
			settings->sure[settings->sure_count++] = setting;
	}
	qsort(settings->any, settings->any_count, sizeof(*settings->any), by_value);
	qsort(settings->sure, settings->sure_count, sizeof(*settings->sure), by_call);
	for (size_t i = 0; i < settings->any_count; i++) {
		struct setting *setting = &settings->any[i];
		bool follows = i > 0 && setting[-1].value == setting->value;
		setting->bound = follows && setting[-1].bound > setting->returned ?
		    setting[-1].bound : setting->returned;
	}
	for (size_t i = settings->sure_count; i-- > 0;) {
		struct setting *setting = &settings->sure[i];
		bool last = i + 1 == settings->sure_count;
		setting->bound = !last && setting[1].bound < setting->returned ?
		    setting[1].bound : setting->returned;
	}
}

/* How many of the settings are before a value and a call, or just a call. */
static size_t
count_before(const struct setting *settings, size_t count,
    const struct setting *limit, int (*compare)(const void *, const void *))
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&settings[middle], limit) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Who might have left the value that this operation saw, and was it gone for
 * sure when the operation was called? */
static const char *
judge_value(const struct settings *settings, const struct pd_move *move,
    int32_t value)
{
	struct setting seen = {value, move->returned, 0, 0};
	size_t before = count_before(settings->any, settings->any_count, &seen, by_value);

	if (before == 0 || settings->any[before - 1].value != value)
		return "which nobody had written";
	struct setting last = {value, settings->any[before - 1].bound, 0, 0};
	size_t later = count_before(settings->sure, settings->sure_count, &last, by_call);
	if (later < settings->sure_count && settings->sure[later].bound < move->called)
		return "which had been overwritten before it was called";
	return NULL;
}

static size_t
refute_values(struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count, char *reason, size_t size)
{
	struct settings settings;
	size_t result = count;

	collect_settings(&settings, specification, start, moves, count);
	for (size_t i = 0; i < count && result == count; i++) {
		int32_t needs = pd_specification_traits(specification, moves[i].action).needs;
		const char *why = needs == PD_NOTHING || !moves[i].known ? NULL :
		    judge_value(&settings, &moves[i], needs);
		if (why == NULL)
			continue;
		char *value = pd_json_excerpt(pd_specification_value(specification, needs), 60);
		snprintf(reason, size, "an operation saw %s, %s", value, why);
		free(value);
		result = i;
	}
	free(settings.sure);
	free(settings.any);
	return result;
}

/*
 * Sums.
 */
struct addition {
	int64_t time, amount;
};

static int
by_addition(const void *a, const void *b)
{
	const struct addition *first = a, *second = b;

	return (first->time > second->time) - (first->time < second->time);
}

/* Additions by time, the amount of each being that of all up to it. */
struct additions {
	struct addition *list;
	size_t count;
};

static void
add_addition(struct additions *additions, int64_t time, int64_t amount)
{
	additions->list[additions->count++] = (struct addition){time, amount};
}

/* False when the sums leave the range. */
static bool
add_up(struct additions *additions)
{
	qsort(additions->list, additions->count, sizeof(*additions->list), by_addition);
	for (size_t i = 1; i < additions->count; i++) {
		if (__builtin_add_overflow(additions->list[i - 1].amount,
		    additions->list[i].amount, &additions->list[i].amount))
			return false;
	}
	return true;
}

/* The sum of those before a time, or up to it. */
static int64_t
sum_before(const struct additions *additions, int64_t time, bool inclusive)
{
	size_t low = 0, high = additions->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int64_t at = additions->list[middle].time;
		if (at < time || (inclusive && at == time))
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : additions->list[low - 1].amount;
}

static int64_t
greatest_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a < 0 ? -a : a;
}

/* Additions that surely precede a time, and all that may, with the positive and
 * the negative ones apart. */
struct sums {
	struct additions sure[2], any[2];
	int64_t divisor;	/* of all amounts, 0 when there are none */
	int64_t first;
};

static bool
collect_sums(struct sums *sums, struct pd_specification *specification,
    const struct pd_move *moves, size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		int64_t adds = pd_specification_traits(specification, moves[i].action).adds;
		if (adds == 0)
			continue;
		sums->divisor = greatest_divisor(sums->divisor, adds);
		add_addition(&sums->any[adds > 0], moves[i].called, adds);
		if (moves[i].known)
			add_addition(&sums->sure[adds > 0], moves[i].returned, adds);
	}
	for (int sign = 0; sign < 2; sign++)
		good = add_up(&sums->sure[sign]) && add_up(&sums->any[sign]) && good;
	return good;
}

/* Can what comes before an operation add up to what it saw? */
static bool
is_possible_sum(const struct sums *sums, const struct pd_move *move,
    struct pd_traits traits)
{
	/* Its own amount was added for sure, though it had not returned. */
	int64_t sure[2], any[2], lowest, highest, part;

	for (int sign = 0; sign < 2; sign++) {
		sure[sign] = sum_before(&sums->sure[sign], move->called, false);
		any[sign] = sum_before(&sums->any[sign], move->returned, true);
		if (traits.adds != 0 && (traits.adds > 0) == (sign == 1) &&
		    __builtin_add_overflow(sure[sign], traits.adds, &sure[sign]))
			return true;
	}
	if (__builtin_add_overflow(sums->first, sure[1], &part) ||
	    __builtin_add_overflow(part, any[0], &lowest) ||
	    __builtin_add_overflow(sums->first, any[1], &part) ||
	    __builtin_add_overflow(part, sure[0], &highest))
		return true;
	if (traits.total < lowest || traits.total > highest)
		return false;
	return sums->divisor == 0 ? traits.total == sums->first :
	    (traits.total - sums->first) % sums->divisor == 0;
}

static size_t
refute_sums(struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count, char *reason, size_t size)
{
	struct sums sums = {.divisor = 0};
	jv first = pd_specification_state(specification, start);
	size_t result = count;

	sums.first = (int64_t)jv_number_value(first);
	jv_free(first);
	for (int sign = 0; sign < 2; sign++) {
		sums.sure[sign].list = pd_allocate(count + 1, sizeof(struct addition));
		sums.any[sign].list = pd_allocate(count + 1, sizeof(struct addition));
	}
	bool good = collect_sums(&sums, specification, moves, count);
	for (size_t i = 0; i < count && good && result == count; i++) {
		struct pd_traits traits = pd_specification_traits(specification,
		    moves[i].action);
		if (!moves[i].known || !traits.totals ||
		    is_possible_sum(&sums, &moves[i], traits))
			continue;
		snprintf(reason, size, "an operation saw the sum %" PRId64
		    ", which no additions give that could come before it", traits.total);
		result = i;
	}
	for (int sign = 0; sign < 2; sign++) {
		free(sums.sure[sign].list);
		free(sums.any[sign].list);
	}
	return result;
}

size_t
pd_refute(struct pd_specification *specification, int32_t start,
    const struct pd_move *moves, size_t count, char *reason, size_t size)
{
	bool values = false, totals = false, pairs = false;

	for (size_t i = 0; i < count; i++) {
		struct pd_traits traits = pd_specification_traits(specification,
		    moves[i].action);
		values = values || (moves[i].known && traits.needs != PD_NOTHING);
		totals = totals || (moves[i].known && traits.totals);
		pairs = pairs || traits.discipline != PD_NO_DISCIPLINE;
	}
	if (values)
		return refute_values(specification, start, moves, count, reason, size);
	if (totals)
		return refute_sums(specification, start, moves, count, reason, size);
	/* Of what lay there from the beginning nothing is known here. */
	if (pairs && pd_specification_is_empty(specification, start))
		return pd_pairing_refute(specification, moves, count, reason, size);
	return count;
}
