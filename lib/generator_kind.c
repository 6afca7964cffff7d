/* SPDX-License-Identifier: MIT */
#include "generator_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

enum pd_possible
pd_generator_malformed(jv generator, struct pd_error *error, const char *why)
{
	char *text = pd_json_excerpt(jv_copy(generator), 200);

	pd_error_set(error, "generator %s: %s", text, why);
	free(text);
	return PD_MALFORMED;
}

bool
pd_generator_has_number(jv generator, const char *key)
{
	return pd_json_kind_peek(generator, key) == JV_KIND_NUMBER;
}

enum pd_possible
pd_generator_length_possible(jv generator, double limit, struct pd_error *error)
{
	if (!pd_generator_has_number(generator, "min") || !pd_generator_has_number(generator, "max"))
		return pd_generator_malformed(generator, error, "min and max must be numbers");
	double minimum = pd_json_peek_number(generator, "min", 0);
	double maximum = pd_json_peek_number(generator, "max", 0);
	if (minimum != floor(minimum) || maximum != floor(maximum))
		return pd_generator_malformed(generator, error, "min and max must be whole numbers");
	if (maximum > limit) {
		char why[64];
		snprintf(why, sizeof(why), "max is over %.0f", limit);
		return pd_generator_malformed(generator, error, why);
	}
	return minimum <= maximum && maximum >= 0 ? PD_POSSIBLE : PD_IMPOSSIBLE;
}

void
pd_generator_length_bounds(jv generator, int *minimum, int *maximum)
{
	*minimum = (int)fmax(0, pd_json_peek_number(generator, "min", 0));
	*maximum = (int)pd_json_peek_number(generator, "max", 0);
}

int
pd_generator_draw_length(struct pd_random *random, int minimum, int maximum)
{
	int span = maximum - minimum;

	if (span > 4 && pd_random_below(random, 2) == 0)
		span = 4;
	return minimum + (int)pd_random_below(random, (uint64_t)span + 1);
}
