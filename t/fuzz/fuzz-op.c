/* SPDX-License-Identifier: MIT */
/* Any history of op records gets a verdict or an error, and the verdict is that
 * of a walk over all orders, which takes none of the search's short cuts. The
 * first byte chooses a built-in type; what follows are lines of records, or where
 * the second byte is no brace five bytes for each operation. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "history.h"
#include "json.h"
#include "linearization.h"
#include "linearize.h"
#include "orders.h"
#include "specification.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	OPERATIONS = 8,		/* at most in a history of bytes */
	RECORDS = 12,		/* and in one of text */
	VERBS = 4,
	LOOKS = 4,		/* at the bounds, in a search */
	NEVER = 15,		/* how long an operation takes that does not return */
};

static const struct type {
	const char *name, *verbs[VERBS];
	unsigned answers;	/* verbs that must answer something, a bit for each */
} types[] = {
	{"register", {"Write", "Read", "Write", "read"}, 10},
	{"cas-register", {"Write", "Read", "CompareAndSet", "cas"}, 14},
	{"counter", {"Add", "Increment", "Decrement", "Read"}, 8},
	{"set", {"Add", "Remove", "Contains", "Read"}, 12},
	{"queue", {"Enqueue", "Dequeue", "Enqueue", "dequeue"}, 10},
	{"stack", {"Push", "Pop", "Push", "pop"}, 10},
	{"kv", {"Put", "Get", "Delete", "CompareAndSet"}, 10},
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

/* The record of an operation. */
static void
describe(char *text, size_t size, const struct type *type, const uint8_t byte[5])
{
	unsigned verb = byte[0] % VERBS, process = byte[0] >> 2 & 3;
	unsigned told = byte[0] >> 4 & 3, key = byte[0] >> 6 & 1;
	unsigned called = byte[1] & 15, lasts = byte[1] >> 4;
	unsigned value = byte[2] & 3, expected = byte[2] >> 2 & 3;
	unsigned result = byte[3] & 7, other = byte[3] >> 3 & 3;
	char process_text[32] = "", returned[16] = "null", events[160] = "null";

	if (process > 0)
		snprintf(process_text, sizeof(process_text), ",\"process\":%u", process);
	if (lasts != NEVER)
		snprintf(returned, sizeof(returned), "%u", called + lasts);
	if (told == 1 && (type->answers >> verb & 1) == 0)
		snprintf(events, sizeof(events), "[{\"type\":\"Done\"}]");
	else if (told > 0)
		snprintf(events, sizeof(events), "[{\"type\":\"Done\",\"value\":%u,\"ok\":%s,"
		    "\"found\":%s,\"empty\":%s,\"values\":[%u,%u]}]", result,
		    result & 1 ? "true" : "false", result & 1 ? "true" : "false",
		    result == 7 ? "true" : "false", result & 3, other);
	snprintf(text, size, "{\"type\":\"op\",\"call_us\":%u,\"return_us\":%s%s%s,"
	    "\"command\":{\"type\":\"%s\",\"value\":%u,\"expected\":%u,\"amount\":%u,"
	    "\"key\":\"k%u\"},\"events\":%s}", called, returned, process_text,
	    byte[4] & 1 ? ",\"key\":1" : "", type->verbs[verb], value, expected,
	    1u << value, key, events);
}

static void
add_text(struct pd_history *history, const char *text, size_t length)
{
	struct pd_error error = PD_ERROR_INIT;
	jv record = pd_json_parse(text, length, &error);

	if (jv_get_kind(record) == JV_KIND_OBJECT)
		assert(pd_history_add_record(history, record, &error) == 0 ||
		    error.message[0] != '\0');
	jv_free(record);
}

static void
add_lines(struct pd_history *history, const char *text, size_t size)
{
	for (int i = 0; i < RECORDS && size > 0; i++) {
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t)(end - text) : size;
		add_text(history, text, length);
		length += end != NULL;
		text += length;
		size -= length;
	}
}

static void
add_bytes(struct pd_history *history, const struct type *type,
    const uint8_t *data, size_t size)
{
	char text[512];

	for (int i = 0; i < OPERATIONS && size >= 5; i++) {
		describe(text, sizeof(text), type, data);
		add_text(history, text, strlen(text));
		data += 5;
		size -= 5;
	}
}

static bool
looked_often(void *context)
{
	int *left = context;

	return (*left)-- <= 0;
}

/* Is there any order at all? */
static bool
on_order(void *context, const size_t *order, size_t count)
{
	(void)context;
	(void)order;
	(void)count;
	return false;
}

static void
check(const struct type *type, const struct pd_history *history)
{
	struct pd_error error = PD_ERROR_INIT;
	struct pd_specification *specification =
	    pd_specification_named(type->name, &error);
	int left = LOOKS;
	struct pd_linearize_options options = {.max_memory = (size_t)1 << 26,
		.jobs = 1, .interrupted = looked_often, .context = &left};
	struct pd_linearization result;
	enum pd_linearizable verdict = pd_linearize(&specification, history,
	    jv_invalid(), &options, &result, &error);

	assert(verdict != PD_LINEARIZE_ERROR || error.message[0] != '\0');
	if (verdict != PD_LINEARIZE_ERROR)
		jv_free(pd_linearization_record(specification, history, &result, true));
	left = LOOKS;
	struct pd_bounds bounds = pd_bounds_start(0, options.max_memory, looked_often,
	    &left);
	enum pd_orders_end end = pd_orders_find(specification, history, jv_invalid(),
	    &bounds, on_order, NULL, &error);
	if (verdict == PD_LINEARIZABLE)
		assert(end != PD_ORDERS_ALL);
	if (verdict == PD_NOT_LINEARIZABLE)
		assert(end != PD_ORDERS_STOPPED);
	pd_linearization_free(&result);
	pd_specification_close(specification);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_history history = PD_HISTORY_INIT;

	if (size < 2)
		return 0;
	const struct type *type = &types[data[0] % TYPES];
	if (data[1] == '{')
		add_lines(&history, (const char *)data + 1, size - 1);
	else
		add_bytes(&history, type, data + 1, size - 1);
	check(type, &history);
	pd_history_free(&history);
	return 0;
}
