/* SPDX-License-Identifier: MIT */
#include "skim.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

static void
skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' ||
	    *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r'))
		cursor->at++;
}

static bool
take(struct cursor *cursor, char letter)
{
	skip_blanks(cursor);
	if (cursor->at == cursor->end || *cursor->at != letter)
		return false;
	cursor->at++;
	return true;
}

/* Is one of eight bytes a quote or a backslash? The zero-byte test of H. S. Warren,
 * Hacker's Delight, 6-1, of the bytes after each letter was taken out of them. */
static bool
may_end_string(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word, quotes, escapes;

	memcpy(&word, at, sizeof(word));
	quotes = word ^ ones * '"';
	escapes = word ^ ones * '\\';
	return (((quotes - ones) & ~quotes) | ((escapes - ones) & ~escapes)) & ones << 7;
}

/* Behind the string that begins here, its quote included. */
static bool
skip_string(struct cursor *cursor)
{
	const char *at = cursor->at + 1, *end = cursor->end;

	for (;;) {
		while (end - at >= 8 && !may_end_string(at))
			at += 8;
		while (at < end && *at != '"' && *at != '\\')
			at++;
		if (at >= end)
			return false;
		if (*at == '"')
			break;
		at += 2;
	}
	cursor->at = at + 1;
	return true;
}

/* Behind the array or object that begins here. Which bracket closes which is not
 * looked at. */
static bool
skip_nested(struct cursor *cursor)
{
	size_t depth = 0;

	while (cursor->at < cursor->end) {
		char letter = *cursor->at;
		if (letter == '"') {
			if (!skip_string(cursor))
				return false;
			continue;
		}
		cursor->at++;
		if (letter == '{' || letter == '[')
			depth++;
		else if ((letter == '}' || letter == ']') && --depth == 0)
			return true;
	}
	return false;
}

static bool
ends_word(char letter)
{
	return letter == ',' || letter == '}' || letter == ']' || letter == ' ' ||
	    letter == '\t' || letter == '\r' || letter == '\n';
}

static bool
skip_word(struct cursor *cursor)
{
	const char *from = cursor->at;

	while (cursor->at < cursor->end && !ends_word(*cursor->at))
		cursor->at++;
	return cursor->at > from;
}

static void
forget(struct pd_wanted *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		wanted[i].value = (struct pd_span){NULL, 0};
		forget(wanted[i].inner, wanted[i].inner_count);
	}
}

static bool skim_object(struct cursor *, struct pd_wanted *, size_t);

/* Behind the array of objects that begins here, looking into each. */
static bool
skim_array(struct cursor *cursor, struct pd_wanted *wanted, size_t count)
{
	cursor->at++;
	if (take(cursor, ']'))
		return true;
	do {
		skip_blanks(cursor);
		if (cursor->at == cursor->end || *cursor->at != '{' ||
		    !skim_object(cursor, wanted, count))
			return false;
	} while (take(cursor, ','));
	return take(cursor, ']');
}

/* Behind the value of a field that was looked for, and into it where that is
 * wanted. What does not fit, such as an array of numbers, is only passed over. */
static bool
look_into(struct cursor *cursor, struct pd_wanted *field)
{
	const char *from = cursor->at;

	forget(field->inner, field->inner_count);	/* of a field before it */
	if (*from == '{' ? skim_object(cursor, field->inner, field->inner_count) :
	    skim_array(cursor, field->inner, field->inner_count))
		return true;
	forget(field->inner, field->inner_count);
	cursor->at = from;
	return skip_nested(cursor);
}

/* field is NULL if the value was not looked for. */
static bool
skip_value(struct cursor *cursor, struct pd_wanted *field)
{
	const char *from = cursor->at;
	bool whole;

	if (from == cursor->end)
		return false;
	if (*from == '"')
		whole = skip_string(cursor);
	else if (*from != '{' && *from != '[')
		whole = skip_word(cursor);
	else
		whole = field != NULL && field->inner_count > 0 ?
		    look_into(cursor, field) : skip_nested(cursor);
	if (field != NULL)
		field->value = (struct pd_span){from, (size_t)(cursor->at - from)};
	return whole;
}

/* Most keys differ from a name in their first letter. */
static bool
is_text(const char *name, const char *text, size_t length)
{
	return length > 0 && name[0] == text[0] && strlen(name) == length &&
	    memcmp(name, text, length) == 0;
}

static struct pd_wanted *
find(struct pd_wanted *wanted, size_t count, const char *key, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (is_text(wanted[i].name, key, length))
			return &wanted[i];
	return NULL;
}

static bool
skim_object(struct cursor *cursor, struct pd_wanted *wanted, size_t count)
{
	cursor->at++;
	if (take(cursor, '}'))
		return true;
	do {
		skip_blanks(cursor);
		const char *key = cursor->at + 1;
		if (cursor->at == cursor->end || *cursor->at != '"' || !skip_string(cursor))
			return false;
		struct pd_wanted *field = find(wanted, count, key,
		    (size_t)(cursor->at - 1 - key));
		if (!take(cursor, ':'))
			return false;
		skip_blanks(cursor);
		if (!skip_value(cursor, field))
			return false;
	} while (take(cursor, ','));
	return take(cursor, '}');
}

int
pd_skim(const char *text, size_t length, struct pd_wanted *wanted, size_t count)
{
	struct cursor cursor = {text, text + length};

	forget(wanted, count);
	skip_blanks(&cursor);
	if (cursor.at == cursor.end || *cursor.at != '{' ||
	    !skim_object(&cursor, wanted, count))
		return -1;
	skip_blanks(&cursor);
	return cursor.at == cursor.end ? 0 : -1;
}

/* Most are whole and short. */
static bool
read_digits(struct pd_span value, double *number)
{
	int64_t digits = 0;

	if (value.length > 15)
		return false;
	for (size_t i = 0; i < value.length; i++) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return false;
		digits = 10 * digits + (value.text[i] - '0');
	}
	*number = (double)digits;
	return true;
}

double
pd_span_number(struct pd_span value, double fallback)
{
	char text[64], *end;
	double number;

	if (value.text == NULL || value.length >= sizeof(text) ||
	    strchr("-0123456789", value.text[0]) == NULL)
		return fallback;
	if (read_digits(value, &number))
		return number;
	memcpy(text, value.text, value.length);
	text[value.length] = '\0';
	number = strtod(text, &end);
	return *end == '\0' ? number : fallback;
}

bool
pd_span_is(struct pd_span value, const char *text)
{
	struct pd_span plain = pd_span_plain(value);

	return plain.text != NULL && is_text(text, plain.text, plain.length);
}

struct pd_span
pd_span_plain(struct pd_span value)
{
	if (value.text == NULL || value.text[0] != '"' ||
	    memchr(value.text, '\\', value.length) != NULL)
		return (struct pd_span){NULL, 0};
	return (struct pd_span){value.text + 1, value.length - 2};
}
