/* SPDX-License-Identifier: MIT */
/* A record that is read, taken for a sequence and written comes out the same
 * when that is done to it again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_round_trip(jv value)
{
	struct pd_error error;
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_json_append_peek(&text, value);
	jv again = pd_json_parse(text.data, text.length, &error);
	assert(jv_is_valid(again));
	jv first = pd_json_canonical(jv_copy(value));
	jv second = pd_json_canonical(again);
	assert(strcmp(jv_string_value(first), jv_string_value(second)) == 0);
	jv_free(first);
	jv_free(second);
	pd_buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_error error;
	struct pd_sequence sequence, again;
	jv value = pd_json_parse((const char *)data, size, &error);

	if (!jv_is_valid(value))
		return 0;
	check_round_trip(value);
	if (pd_sequence_parse(&sequence, value, &error) == 0) {
		jv record = pd_sequence_record(&sequence);
		check_round_trip(record);
		assert(pd_sequence_parse(&again, jv_copy(record), &error) == 0);
		jv second = pd_sequence_record(&again);
		assert(jv_equal(record, second));
		pd_sequence_free(&again);
	}
	pd_sequence_free(&sequence);
	return 0;
}
