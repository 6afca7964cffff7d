/* SPDX-License-Identifier: MIT */
/* Whatever a generator that is possible draws, and its simplest value, it also
 * admits. */
#include <assert.h>
#include <stdint.h>

#include "generator.h"
#include "json.h"
#include "random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* About the most values that it can draw: lists of long lists of long texts
 * are well formed, but would keep us busy. */
static double
weigh(jv value)
{
	bool list = pd_generator_is(value, "list");
	double length = list || pd_generator_is(value, "string") ?
	    1 + pd_json_peek_number(value, "max", 0) : 1;
	double sum = length;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		jv_array_foreach(value, i, part) {
			sum += weigh(part);
			jv_free(part);
		}
	} else if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv_object_foreach(value, key, part) {
			sum += weigh(part) * (list ? length : 1);
			jv_free(key);
			jv_free(part);
		}
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_error error;
	struct pd_random random;
	jv generator = pd_json_parse((const char *)data, size, &error);

	pd_random_seed(&random, size, "fuzz");
	if (jv_is_valid(generator) && weigh(generator) < 1e5 &&
	    pd_generator_possible(generator, &error) == PD_POSSIBLE) {
		for (int i = 0; i < 4; i++) {
			jv value = i > 0 ? pd_generator_draw(generator, &random, "k") :
			    pd_generator_simplest(generator, "k");
			assert(jv_is_valid(value));
			assert(pd_generator_admits(generator, value));
			jv_free(value);
		}
	}
	jv_free(generator);
	return 0;
}
