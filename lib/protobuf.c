/* SPDX-License-Identifier: MIT */
#include "protobuf.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "encoding.h"
#include "json.h"

enum wire { VARINT = 0, EIGHT_BYTES = 1, DELIMITED = 2, FOUR_BYTES = 5 };

static const uint8_t wires[] = {
	[PD_PROTOBUF_STRING] = DELIMITED, [PD_PROTOBUF_BYTES] = DELIMITED,
	[PD_PROTOBUF_HEX] = DELIMITED, [PD_PROTOBUF_BOOL] = VARINT,
	[PD_PROTOBUF_INT32] = VARINT, [PD_PROTOBUF_UINT32] = VARINT,
	[PD_PROTOBUF_INT64] = VARINT, [PD_PROTOBUF_FIXED32] = FOUR_BYTES,
	[PD_PROTOBUF_FIXED64] = EIGHT_BYTES, [PD_PROTOBUF_DOUBLE] = EIGHT_BYTES,
	[PD_PROTOBUF_MESSAGE] = DELIMITED,
};

struct reading {
	const uint8_t *start, *at, *end;	/* end: of the present message */
	int depth;
	struct pd_error *error;
};

/* What stands behind a tag: a number, or bytes. */
struct content {
	uint64_t number;
	const uint8_t *bytes;
	size_t length;
};

static int
malformed(const struct reading *reading, const char *what)
{
	return pd_error_set(reading->error, "malformed protobuf at byte %td: %s",
	    reading->at - reading->start, what);
}

static int
read_varint(struct reading *reading, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (reading->at == reading->end)
			return malformed(reading, "a number is cut off");
		uint8_t byte = *reading->at++;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return 0;
	}
	return malformed(reading, "a number is longer than 64 bits");
}

/* Little-endian, whatever this machine is. */
static int
read_fixed(struct reading *reading, unsigned size, uint64_t *number)
{
	*number = 0;
	if ((size_t)(reading->end - reading->at) < size)
		return malformed(reading, "a number is cut off");
	for (unsigned i = 0; i < size; i++)
		*number |= (uint64_t)*reading->at++ << 8 * i;
	return 0;
}

static int
read_delimited(struct reading *reading, struct content *content)
{
	if (read_varint(reading, &content->number) != 0)
		return -1;
	if (content->number > (uint64_t)(reading->end - reading->at))
		return malformed(reading, "a field is longer than what is left");
	content->bytes = reading->at;
	content->length = (size_t)content->number;
	reading->at += content->length;
	return 0;
}

static int
read_content(struct reading *reading, unsigned wire, struct content *content)
{
	*content = (struct content){0};
	switch (wire) {
	case VARINT: return read_varint(reading, &content->number);
	case EIGHT_BYTES: return read_fixed(reading, 8, &content->number);
	case DELIMITED: return read_delimited(reading, content);
	case FOUR_BYTES: return read_fixed(reading, 4, &content->number);
	default: return malformed(reading, "there is no such kind of field");
	}
}

static const struct pd_protobuf_field *
find_field(const struct pd_protobuf_message *message, uint64_t number)
{
	for (size_t i = 0; i < message->count; i++) {
		if (message->fields[i].number == number)
			return &message->fields[i];
	}
	return NULL;
}

static jv
encoded(void (*append)(struct pd_buffer *, const void *, size_t),
    const struct content *content)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	append(&text, content->bytes, content->length);
	jv result = jv_string_sized(text.data != NULL ? text.data : "", (int)text.length);
	pd_buffer_free(&text);
	return result;
}

static jv
double_value(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof(number));
	if (isfinite(number))
		return jv_number(number);
	return jv_string(isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

static jv
scalar(enum pd_protobuf_kind kind, const struct content *content)
{
	switch (kind) {
	case PD_PROTOBUF_STRING:
		return jv_string_sized((const char *)content->bytes, (int)content->length);
	case PD_PROTOBUF_BYTES: return encoded(pd_append_base64, content);
	case PD_PROTOBUF_HEX: return encoded(pd_append_hex, content);
	case PD_PROTOBUF_BOOL: return jv_bool(content->number != 0);
	case PD_PROTOBUF_INT32: return jv_number((int32_t)content->number);
	case PD_PROTOBUF_UINT32:
	case PD_PROTOBUF_FIXED32: return jv_number((uint32_t)content->number);
	case PD_PROTOBUF_INT64: return jv_string_fmt("%" PRId64, (int64_t)content->number);
	case PD_PROTOBUF_FIXED64: return jv_string_fmt("%" PRIu64, content->number);
	case PD_PROTOBUF_DOUBLE: return double_value(content->number);
	case PD_PROTOBUF_MESSAGE: break;
	}
	return jv_null();
}

static jv
read_message(struct reading *, const struct pd_protobuf_message *, jv into);

/* A message inside another, which adds to what came of it before. */
static jv
read_inner(const struct reading *outer, const struct pd_protobuf_field *field,
    const struct content *content, jv before)
{
	struct reading inner = *outer;

	inner.at = content->bytes;
	inner.end = content->bytes + content->length;
	inner.depth++;
	if (field->repeated || !jv_is_valid(before)) {
		jv_free(before);
		before = jv_object();
	}
	return read_message(&inner, field->message, before);
}

static jv
add_value(jv into, const struct pd_protobuf_field *field, jv value)
{
	if (!field->repeated)
		return pd_json_set(into, field->name, value);
	jv array = pd_json_peek(into, field->name);
	/* Nobody else may hold the array, or it would be copied each time. */
	into = pd_json_set(into, field->name, jv_null());
	if (!jv_is_valid(array)) {
		jv_free(array);
		array = jv_array();
	}
	return pd_json_set(into, field->name, jv_array_append(array, value));
}

static jv
set_field(const struct reading *reading, const struct pd_protobuf_message *message,
    const struct pd_protobuf_field *field, const struct content *content, jv into)
{
	jv value = field->kind != PD_PROTOBUF_MESSAGE ? scalar(field->kind, content) :
	    read_inner(reading, field, content, pd_json_peek(into, field->name));

	if (message->choice) {
		jv_free(into);
		into = jv_object();
	}
	if (jv_is_valid(value))
		return add_value(into, field, value);
	jv_free(into);
	return value;
}

static jv
read_message(struct reading *reading, const struct pd_protobuf_message *message,
    jv into)
{
	uint64_t tag;
	struct content content;

	if (reading->depth > PD_PROTOBUF_DEPTH) {
		malformed(reading, "messages lie too deep in each other");
		jv_free(into);
		return jv_invalid();
	}
	while (jv_is_valid(into) && reading->at < reading->end) {
		if (read_varint(reading, &tag) != 0 ||
		    (tag >> 3 == 0 && malformed(reading, "a field has the number 0") != 0) ||
		    read_content(reading, tag & 7, &content) != 0) {
			pd_error_prefix(reading->error, "%s: ", message->name);
			jv_free(into);
			return jv_invalid();
		}
		const struct pd_protobuf_field *field = find_field(message, tag >> 3);
		if (field != NULL && wires[field->kind] == (tag & 7))
			into = set_field(reading, message, field, &content, into);
	}
	return into;
}

jv
pd_protobuf_read(const struct pd_protobuf_message *message, const void *bytes,
    size_t length, struct pd_error *error)
{
	struct reading reading = {.start = bytes, .at = bytes, .error = error};

	reading.end = length > 0 ? reading.at + length : reading.at;
	return read_message(&reading, message, jv_object());
}

static void
append_varint(struct pd_buffer *buffer, uint64_t number)
{
	while (number >= 0x80) {
		pd_buffer_append(buffer, &(uint8_t){(uint8_t)(number | 0x80)}, 1);
		number >>= 7;
	}
	pd_buffer_append(buffer, &(uint8_t){(uint8_t)number}, 1);
}

void
pd_protobuf_append_number(struct pd_buffer *buffer, uint32_t field,
    uint64_t number)
{
	if (number == 0)
		return;
	append_varint(buffer, (uint64_t)field << 3 | VARINT);
	append_varint(buffer, number);
}

void
pd_protobuf_append_bytes(struct pd_buffer *buffer, uint32_t field,
    const void *bytes, size_t length)
{
	append_varint(buffer, (uint64_t)field << 3 | DELIMITED);
	append_varint(buffer, length);
	pd_buffer_append(buffer, bytes, length);
}
