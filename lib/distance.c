/* SPDX-License-Identifier: MIT */
#include "distance.h"

#include <math.h>

enum {
	NEAR = 7,		/* distances up to here are near */
	LONGEST_STEP = 10,
};

/* What is known of the distances: bad is the largest that is no good, good the
 * smallest that is. */
struct interval {
	const struct pd_distance *by;
	double bad, good;
};

/* Try a distance between the two. False when there is nothing more to try. */
static bool
probe(struct interval *interval, double distance)
{
	const struct pd_distance *by = interval->by;

	if (by->stopped(by->context))
		return false;
	if (distance <= interval->bad || distance >= interval->good)
		return true;
	if (by->try_number(by->context, distance))
		interval->good = distance;
	else
		interval->bad = distance;
	return true;
}

/* Limits in programs are often powers of two. Between which two is it? Then
 * right behind the lower one and right before the upper one. */
static bool
probe_powers(struct interval *interval)
{
	double low = log2(NEAR + 1), high = floor(log2(interval->good + 1));

	while (high - low > 1) {
		double middle = floor((low + high) / 2);
		if (!probe(interval, exp2(middle) - 1))
			return false;
		if (interval->bad >= exp2(middle) - 1)
			low = middle;
		else
			high = middle;
	}
	return probe(interval, exp2(high) - 1) && probe(interval, interval->bad + 1) &&
	    probe(interval, interval->good - 1);
}

/* By halves down to one that is no good, then between the two. */
static bool
bisect(struct interval *interval)
{
	while (floor(interval->good / 2) > interval->bad && interval->good > 0) {
		if (!probe(interval, floor(interval->good / 2)))
			return false;
	}
	while (interval->good - interval->bad > 1) {
		if (!probe(interval, interval->bad +
		    floor((interval->good - interval->bad) / 2)))
			return false;
	}
	return true;
}

/* Go down by so much, whatever is known of what lies there. */
static bool
step(struct interval *interval, double length)
{
	double before = interval->good;

	if (length > before)
		return false;
	interval->bad = before - length - 1;
	return probe(interval, before - length) && interval->good < before;
}

/* Goodness may come and go: a multiple of seven, an even number. Steps of up to
 * ten find those, doubled as long as they succeed (as find_integer in
 * Hypothesis does, MacIver and Donaldson 2020). */
static void
descend(struct interval *interval)
{
	for (double length = 2; length <= LONGEST_STEP; length++) {
		for (double longer = length; step(interval, longer); longer *= 2)
			length = 1;
	}
}

/* Is everything that a small step leads to known to be no good? Then it once went
 * as far as this. */
static bool
is_descended(const struct pd_distance *by, double distance)
{
	for (double length = 1; length <= LONGEST_STEP && length <= distance; length++) {
		if (!by->known_bad(by->context, distance - length))
			return false;
	}
	return true;
}

double
pd_distance_descend(const struct pd_distance *by, double distance)
{
	struct interval interval = {.by = by, .bad = -1, .good = distance};

	if (distance <= 0 || is_descended(by, distance))
		return distance;
	for (double near = 0; near <= NEAR; near = 2 * near + 1) {
		if (!probe(&interval, near))
			return interval.good;
	}
	if (by->effort == PD_EFFORT_NEAR)
		return interval.good;
	if (interval.good > 1000 && interval.bad >= NEAR && !probe_powers(&interval))
		return interval.good;
	if (bisect(&interval))
		descend(&interval);
	return interval.good;
}
