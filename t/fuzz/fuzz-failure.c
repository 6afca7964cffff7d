/* SPDX-License-Identifier: MIT */
/* Whatever bytes a file holds, it is listed with its condition, and a failure
 * that can be read is whole after it was sealed, written and read again: with
 * each value in it, and with each number as it is when it was computed. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "failure_file.h"
#include "failure_list.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
list_file(const uint8_t *data, size_t size)
{
	struct pd_failure_list list = PD_FAILURE_LIST_INIT;
	const struct pd_failure_selection all = PD_FAILURE_SELECTION_INIT;
	struct pd_error error;
	char path[64];
	FILE *file = tmpfile();

	assert(file != NULL && fwrite(data, 1, size, file) == size && fflush(file) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	assert(pd_failure_list_add(&list, path, false, &error) == 0);
	assert(list.count == 1);
	assert(pd_json_has_peek(list.entries[0].record, "reason") ==
	    !pd_failure_is_readable(&list.entries[0]));
	pd_failure_list_select(&list, &all);
	pd_failure_list_free(&list);
	fclose(file);
}

/* Consumes the record. */
static void
check_seal(jv record)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_error error;
	enum pd_failure_condition condition;
	jv sealed = pd_failure_seal(record, &error);

	if (!jv_is_valid(sealed))
		return;		/* nested too deeply */
	pd_json_append_peek(&text, sealed);
	jv loaded = pd_failure_parse(text.data, text.length, &condition, &error);
	assert(jv_is_valid(loaded) && condition == PD_FAILURE_OK);
	pd_buffer_clear(&text);
	jv canonical = pd_json_canonical(loaded);
	loaded = pd_failure_parse(jv_string_value(canonical),
	    (size_t)jv_string_length_bytes(jv_copy(canonical)), &condition, &error);
	assert(jv_is_valid(loaded) && condition == PD_FAILURE_OK);
	jv_free(loaded);
	jv_free(canonical);
	jv_free(sealed);
	pd_buffer_free(&text);
}

/* The numbers of a value as arithmetic would give them. Consumes it. */
static jv
computed(jv value)
{
	jv result = jv_array();

	if (jv_get_kind(value) == JV_KIND_NUMBER)
		result = jv_array_append(result, jv_number(jv_number_value(value) * 3));
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		jv_array_foreach(value, i, part)
			result = jv_array_append(result, computed(part));
	}
	jv_free(value);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_error error;
	enum pd_failure_condition condition;
	const char *text = (const char *)data;

	list_file(data, size);
	jv failure = pd_failure_parse(text, size, &condition, &error);
	assert(jv_is_valid(failure) == (condition <= PD_FAILURE_LAID_OUT));
	assert(jv_is_valid(failure) || error.message[0] != '\0');
	if (jv_is_valid(failure))
		check_seal(jv_copy(failure));
	jv_free(failure);
	jv value = pd_json_parse(text, size, &error);
	if (jv_is_valid(value)) {
		jv record = pd_json_set_string(jv_object(), "type", "failure");
		record = pd_json_set_number(record, "format", 1);
		record = pd_json_set(record, "state", jv_copy(value));
		check_seal(pd_json_set(record, "refs", computed(jv_copy(value))));
	}
	jv_free(value);
	return 0;
}
