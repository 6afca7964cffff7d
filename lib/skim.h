/* SPDX-License-Identifier: MIT */
/*
 * Looking up a few fields in the text of a JSON object, in one pass and without
 * making values of the others: a record's exchange, say, is passed over at a
 * fraction of what it costs to parse it. Brackets must match; that all else is
 * JSON is not checked: whoever must know parses it.
 */
#ifndef PD_SKIM_H
#define PD_SKIM_H

#include <stdbool.h>
#include <stddef.h>

/* The text of a value, within that of the whole. NULL: there is none. */
struct pd_span {
	const char *text;
	size_t length;
};

/* A field that is looked for, and fields that are looked for in its value: an
 * object, or an array of objects of which the last that has them counts. */
struct pd_wanted {
	const char *name;
	struct pd_wanted *inner;
	size_t inner_count;
	struct pd_span value;
};

/* Find the values of fields of an object; of a field that comes twice, the last. A
 * key that is written with escapes is none of them. Returns 0; or -1 when this is
 * no object or it does not end where the text does. */
int pd_skim(const char *text, size_t length, struct pd_wanted *wanted,
    size_t count);

/* What a value is, with a fallback for none and for other kinds. */
double pd_span_number(struct pd_span, double fallback);

/* Is it this string? The text has nothing that JSON escapes. */
bool pd_span_is(struct pd_span, const char *text);

/* The text of a string between its quotes, or none: of another kind, or with an
 * escape in it. */
struct pd_span pd_span_plain(struct pd_span);

#endif
