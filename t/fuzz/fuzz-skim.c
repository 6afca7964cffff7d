/* SPDX-License-Identifier: MIT */
/* What is looked up in the text of an object is what parsing it gives. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "skim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The span's text is the value, whatever its spelling. Consumes the value. */
static void
check_value(struct pd_span span, jv value)
{
	struct pd_error error;

	assert((span.text != NULL) == jv_is_valid(value));
	if (span.text != NULL) {
		jv again = pd_json_parse(span.text, span.length, &error);
		assert(jv_is_valid(again) && jv_equal(again, jv_copy(value)));
		if (jv_get_kind(value) == JV_KIND_NUMBER && span.length < 16 &&
		    memchr(span.text, 'e', span.length) == NULL)
			assert(pd_span_number(span, -1) == jv_number_value(value));
	}
	jv_free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_wanted inner = {.name = "type"}, fields[] = {{.name = "id"},
		{.name = "command", .inner = &inner, .inner_count = 1}};
	struct pd_error error;
	int result = pd_skim((const char *)data, size, fields, 2);
	jv value = pd_json_parse((const char *)data, size, &error);

	/* A key with an escape is not looked at, and could be any. */
	if (jv_get_kind(value) == JV_KIND_OBJECT) {
		assert(result == 0);
		if (memchr(data, '\\', size) == NULL) {
			jv command = pd_json_peek(value, "command");
			if (jv_get_kind(command) == JV_KIND_OBJECT)
				check_value(inner.value, pd_json_peek(command, "type"));
			check_value(fields[0].value, pd_json_peek(value, "id"));
			check_value(fields[1].value, command);
		}
	}
	jv_free(value);
	return 0;
}
