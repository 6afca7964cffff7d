/* SPDX-License-Identifier: MIT */
/*
 * Protocol Buffers in their wire format (protobuf.dev, "Encoding"), read by
 * tables of the fields that are wanted into what their JSON mapping has: 64-bit
 * integers are text, digit for digit, names are lowerCamelCase. Fields that the
 * tables lack are skipped, as a reader of an older version does.
 */
#ifndef PD_PROTOBUF_H
#define PD_PROTOBUF_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum pd_protobuf_kind {
	PD_PROTOBUF_STRING,
	PD_PROTOBUF_BYTES,	/* as base64 */
	PD_PROTOBUF_HEX,	/* bytes that are shown as hexadecimal digits */
	PD_PROTOBUF_BOOL,
	PD_PROTOBUF_INT32,	/* and enum */
	PD_PROTOBUF_UINT32,
	PD_PROTOBUF_INT64,
	PD_PROTOBUF_FIXED32,
	PD_PROTOBUF_FIXED64,
	PD_PROTOBUF_DOUBLE,
	PD_PROTOBUF_MESSAGE,
};

struct pd_protobuf_message;

struct pd_protobuf_field {
	uint32_t number;
	const char *name;
	enum pd_protobuf_kind kind;
	bool repeated;		/* an array; packed numbers are not known */
	const struct pd_protobuf_message *message;	/* of its kind */
};

struct pd_protobuf_message {
	const char *name;	/* for errors */
	const struct pd_protobuf_field *fields;
	size_t count;
	bool choice;		/* one field at most: all are of one oneof */
};

/* Messages that lie deeper are refused, as other readers do. */
enum { PD_PROTOBUF_DEPTH = 100 };

/* An object, or an invalid jv when the bytes are not such a message: the error
 * says in which part and at which byte. */
jv pd_protobuf_read(const struct pd_protobuf_message *, const void *bytes,
    size_t length, struct pd_error *);

/* Append a field: a number (left out when it is 0, as the default of an int32
 * or int64 is), or bytes, text or a message. */
void pd_protobuf_append_number(struct pd_buffer *, uint32_t field, uint64_t number);
void pd_protobuf_append_bytes(struct pd_buffer *, uint32_t field,
    const void *bytes, size_t length);

#endif
