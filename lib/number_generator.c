/* SPDX-License-Identifier: MIT */
/* Generators of numbers. */
#include "generator_kind.h"

#include <math.h>
#include <string.h>

#include "json.h"

#define LARGEST_INTEGER 9007199254740991.0

/* The bound or, when zero is within, zero: what numbers shrink toward. */
static double
nearest_to_zero(double minimum, double maximum)
{
	return minimum > 0 ? minimum : maximum < 0 ? maximum : 0;
}

/*
 * int {min, max}
 */
static double
integer_bound(jv generator, const char *key)
{
	double bound = pd_json_peek_number(generator, key, 0);

	return strcmp(key, "min") == 0 ? ceil(bound) : floor(bound);
}

static enum pd_possible
int_possible(jv generator, struct pd_error *error)
{
	if (!pd_generator_has_number(generator, "min") || !pd_generator_has_number(generator, "max"))
		return pd_generator_malformed(generator, error, "min and max must be numbers");
	double minimum = integer_bound(generator, "min");
	double maximum = integer_bound(generator, "max");
	if (!(fabs(minimum) <= LARGEST_INTEGER && fabs(maximum) <= LARGEST_INTEGER))
		return pd_generator_malformed(generator, error,
		    "a bound past 2^53 cannot be drawn exactly");
	return minimum <= maximum ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

/* Bugs sit at bounds and at small and round numbers more often than anywhere
 * between, and a uniform draw from a large range never gives a small one. */
static jv
int_draw(jv generator, struct pd_random *random, const char *key)
{
	/* The distance of two doubles may be none: whole numbers from here on. */
	int64_t minimum = (int64_t)integer_bound(generator, "min");
	int64_t maximum = (int64_t)integer_bound(generator, "max");
	uint64_t range = (uint64_t)(maximum - minimum) + 1;

	(void)key;
	switch (pd_random_below(random, 8)) {
	case 0:
		return jv_number((double)(pd_random_below(random, 2) ? minimum : maximum));
	case 1: case 2: case 3: {
		/* Uniform in the number of digits, on either side of the simplest. */
		int64_t simple = (int64_t)nearest_to_zero((double)minimum, (double)maximum);
		double width = pow((double)range, pd_random_unit(random));
		int64_t away = (int64_t)floor(width * (pd_random_unit(random) * 2 - 1));
		if (simple + away >= minimum && simple + away <= maximum)
			return jv_number((double)(simple + away));
		if (simple - away >= minimum && simple - away <= maximum)
			return jv_number((double)(simple - away));
	} /* FALLTHROUGH */
	default:
		return jv_number((double)(minimum + (int64_t)pd_random_below(random, range)));
	}
}

static bool
int_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	double number = jv_number_value(value);
	return number == floor(number) &&
	    number >= integer_bound(generator, "min") &&
	    number <= integer_bound(generator, "max");
}

static jv
int_simplest(jv generator, const char *key)
{
	(void)key;
	return jv_number(nearest_to_zero(integer_bound(generator, "min"),
	    integer_bound(generator, "max")));
}

const struct pd_generator_kind pd_int_generator = {
	.name = "int", .keys = (const char *const[]){"min", "max", NULL},
	.possible = int_possible, .draw = int_draw,
	.admits = int_admits, .simplest = int_simplest,
};

/*
 * float {min, max}
 */
static enum pd_possible
float_possible(jv generator, struct pd_error *error)
{
	if (!pd_generator_has_number(generator, "min") || !pd_generator_has_number(generator, "max"))
		return pd_generator_malformed(generator, error, "min and max must be numbers");
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	if (!isfinite(minimum) || !isfinite(maximum))
		return pd_generator_malformed(generator, error, "min and max must be finite");
	return minimum <= maximum ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

static jv
float_draw(jv generator, struct pd_random *random, const char *key)
{
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	double unit = pd_random_unit(random);
	/* Not by the distance of the bounds, which may be infinite. */
	double value = minimum * (1 - unit) + maximum * unit;

	(void)key;
	if (pd_random_below(random, 8) == 0)
		return jv_number(pd_random_below(random, 2) ? minimum : maximum);
	value = fmin(fmax(value, minimum), maximum);
	double scale = pow(10, (double)pd_random_below(random, 7));
	double rounded = round(value * scale) / scale;
	if (!isfinite(rounded) || rounded < minimum || rounded > maximum)
		rounded = value;
	return jv_number(rounded);
}

static bool
float_admits(jv generator, jv value)
{
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	double number = jv_number_value(value);
	return number >= pd_json_peek_number(generator, "min", 0) &&
	    number <= pd_json_peek_number(generator, "max", 0);
}

static jv
float_simplest(jv generator, const char *key)
{
	(void)key;
	return jv_number(nearest_to_zero(pd_json_peek_number(generator, "min", 0),
	    pd_json_peek_number(generator, "max", 0)));
}

const struct pd_generator_kind pd_float_generator = {
	.name = "float", .keys = (const char *const[]){"min", "max", NULL},
	.possible = float_possible, .draw = float_draw,
	.admits = float_admits, .simplest = float_simplest,
};
