/* SPDX-License-Identifier: MIT */
#include "growth.h"

#include <math.h>

#include "json.h"

enum {
	FEW_RUNS = 10,		/* with fewer, once and twice say little */
	GROWING = 100,		/* new things expected in so many runs: at least one */
};

static void
add(struct pd_growth *growth, const struct pd_occurrence *entry,
    const struct pd_run_range *range)
{
	double width = (double)(range->last - range->first) + 1;
	double part = (double)(entry->first - range->first) / width;

	growth->seen++;
	growth->once += entry->runs == 1;
	growth->twice += entry->runs == 2;
	if (growth->seen == 1 || entry->first > growth->last)
		growth->last = entry->first;
	growth->tenths[(int)(part * PD_GROWTH_TENTHS)]++;
}

void
pd_growth_add_set(struct pd_growth *growth, const struct pd_occurrences *set,
    const struct pd_run_range *range)
{
	for (size_t i = 0; i < set->names.count; i++) {
		if (set->list[i].times > 0)
			add(growth, &set->list[i], range);
	}
}

void
pd_growth_add_sketch(struct pd_growth *growth, const struct pd_sketch *sketch,
    const struct pd_run_range *range)
{
	for (size_t i = 0; i < sketch->count; i++)
		add(growth, &sketch->list[i].seen, range);
}

static double
scaled(int64_t count, double each)
{
	return floor((double)count * each + 0.5);
}

jv
pd_growth_fields(const struct pd_growth *growth, double each, jv object)
{
	jv tenths = jv_array();

	for (int i = 0; i < PD_GROWTH_TENTHS; i++)
		tenths = jv_array_append(tenths, jv_number(scaled(growth->tenths[i], each)));
	object = pd_json_set_number(object, "once", scaled(growth->once, each));
	object = pd_json_set_number(object, "twice", scaled(growth->twice, each));
	if (growth->seen > 0)
		object = pd_json_set_number(object, "last_new_run", (double)growth->last);
	return pd_json_set(object, "new_by_tenth", tenths);
}

static const char *
verdict(const struct pd_growth *growth, int64_t runs)
{
	if (runs < FEW_RUNS)
		return "too_few_runs";
	if (growth->once == 0)
		return "saturated";
	return growth->once * GROWING >= runs ? "growing" : "slowing";
}

jv
pd_growth_summary(const struct pd_growth *growth,
    const struct pd_run_range *range)
{
	double once = (double)growth->once, twice = (double)growth->twice;
	double runs = (double)range->runs;
	jv summary = pd_json_set_string(jv_object(), "verdict",
	    verdict(growth, range->runs));

	summary = pd_json_set_number(summary, "seen", (double)growth->seen);
	summary = pd_growth_fields(growth, 1, summary);
	if (range->runs == 0)
		return summary;
	summary = pd_json_set_number(summary, "expected_new",
	    floor(once / runs * 1e6 + 0.5) / 1e6);
	return pd_json_set_number(summary, "estimated", (double)growth->seen +
	    floor((runs - 1) / runs * once * (once - 1) / (2 * (twice + 1)) + 0.5));
}
