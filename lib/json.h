/* SPDX-License-Identifier: MIT */
/*
 * JSON values are libjq's jv. Ownership follows jv.h everywhere in the library:
 * a function consumes the jv that it is given and the caller owns what it gets,
 * unless the function's name says peek or its comment says otherwise.
 */
#ifndef PD_JSON_H
#define PD_JSON_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "hash.h"

/* Parse exactly one value of strict JSON in UTF-8. An invalid jv without a
 * message on error. The place in error is left to the caller. */
jv pd_json_parse(const char *text, size_t length, struct pd_error *);

/* The same for many texts in turn, at less cost. The parser is libjq's and is made
 * at the first call: *parser starts as NULL, and jv_parser_free ends it. */
struct jv_parser;
jv pd_json_parse_next(struct jv_parser **parser, const char *text, size_t length,
    struct pd_error *);

/* Parse a file with exactly one value. */
jv pd_json_parse_file(const char *path, struct pd_error *);

/* Append compact text. Does not consume the value. */
void pd_json_append_peek(struct pd_buffer *, jv value);

/* Compact text with sorted keys: equal values have equal text, numbers keep
 * the digits they came with. A jv string. */
jv pd_json_canonical(jv value);
/* The same, but equal numbers have equal text however they were written: what
 * jq's == says. */
jv pd_json_identity(jv value);
void pd_json_hash(jv value, char text[PD_HASH_TEXT]);

/* Fields of an object, which is not consumed. The string and number forms give
 * the fallback when the field is missing or of another kind; the string
 * belongs to the object and lives as long as it does. */
jv pd_json_peek(jv object, const char *key);
const char *pd_json_peek_string(jv object, const char *key, const char *fallback);
double pd_json_peek_number(jv object, const char *key, double fallback);
bool pd_json_peek_bool(jv object, const char *key, bool fallback);
bool pd_json_has_peek(jv object, const char *key);
jv_kind pd_json_kind_peek(jv object, const char *key);

/* Set *array to the field, a new reference. Returns how many elements it has, 0
 * when it is no array. */
int pd_json_elements_peek(jv object, const char *key, jv *array);

/* libjq reads and writes at most 256 levels of arrays and objects, and writes
 * what lies deeper as text that is not JSON. What is to stand in a record,
 * itself a few levels deep, must stay within this. */
enum { PD_JSON_DEPTH = 200 };
bool pd_json_is_deep_peek(jv value);

/* A whole number below 2^53 in magnitude. False when it is anything else. */
bool pd_json_integer_peek(jv number, int64_t *integer);

/* object[key] = value. Consumes object and value. */
jv pd_json_set(jv object, const char *key, jv value);
jv pd_json_set_string(jv object, const char *key, const char *value);
jv pd_json_set_number(jv object, const char *key, double value);

/* Every string value and every key of a value, replaced by what the function
 * makes of it. It consumes the string and returns any value (a key must become
 * a string or a number), or an invalid jv to stop, which is then the result. */
typedef jv pd_json_string_map(jv string, void *context);
jv pd_json_map_strings(jv value, pd_json_string_map *, void *context);

/* The same value in memory of its own, for another thread: libjq counts
 * references without regard to threads. Borrows it; invalid stays invalid. */
jv pd_json_apart(jv value);

/* The same for a value that is given away (consumed): what nobody else refers to
 * is kept, only what is shared is copied. */
jv pd_json_own(jv value);

/* The value cut to about limit bytes of text, for messages. Consumes it. The
 * caller frees the text. */
char *pd_json_excerpt(jv value, size_t limit);

#endif
