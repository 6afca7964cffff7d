/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000},
	{"h", INT64_C(3600000000)}, {"d", INT64_C(86400000000)}, {NULL, 0},
};

static const struct unit size_units[] = {
	{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
};

static int
parse_with_unit(const char *text, const struct unit *units,
    const char *example, int64_t *result, struct pd_error *error)
{
	char *end;

	errno = 0;
	double number = strtod(text, &end);
	/* strtod also takes blanks, signs, 0x10 and inf. */
	bool plain = isdigit((unsigned char)text[0]) &&
	    text + strspn(text, "0123456789.") >= end;
	if (!plain || errno != 0) {
		pd_error_set(error, "'%s' is not a number with a unit", text);
		return pd_error_hint(error, "for example %s", example);
	}
	if (number == 0 && *end == '\0') {
		*result = 0;
		return 0;
	}
	for (const struct unit *unit = units; unit->name != NULL; unit++) {
		if (strcmp(end, unit->name) != 0)
			continue;
		if (number * (double)unit->factor > 9e15)
			return pd_error_set(error, "'%s' is too large", text);
		*result = (int64_t)(number * (double)unit->factor + 0.5);
		return 0;
	}
	if (*end == '\0')
		pd_error_set(error, "'%s' has no unit", text);
	else
		pd_error_set(error, "'%s' has the unknown unit '%s'", text, end);
	return pd_error_hint(error, "for example %s", example);
}

int
pd_parse_duration(const char *text, int64_t *microseconds,
    struct pd_error *error)
{
	return parse_with_unit(text, duration_units,
	    "200ms, 5s or 1m", microseconds, error);
}

int
pd_parse_size(const char *text, size_t *bytes, struct pd_error *error)
{
	int64_t number;

	if (parse_with_unit(text, size_units, "64KiB or 16MiB", &number, error) != 0)
		return -1;
	*bytes = (size_t)number;
	return 0;
}

int
pd_parse_number(const char *text, int64_t minimum, int64_t maximum,
    int64_t *number, struct pd_error *error)
{
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return pd_error_set(error, "'%s' is not a whole number", text);
	if (errno != 0 || value < minimum || value > maximum)
		return pd_error_set(error, "%s is not in %" PRId64 "..%" PRId64,
		    text, minimum, maximum);
	*number = value;
	return 0;
}

int
pd_parse_probability(const char *text, double *probability,
    struct pd_error *error)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value <= 1))
		return pd_error_set(error, "'%s' is not a number from 0 to 1", text);
	*probability = value;
	return 0;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment (Damerau 1964, Levenshtein 1966): the number of
 * letters inserted, deleted, replaced or swapped with their neighbour. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows = strlen(a) + 1, columns = strlen(b) + 1;
	size_t *cost = pd_allocate(rows * columns, sizeof(*cost));

	for (size_t i = 0; i < rows; i++)
		cost[i * columns] = i;
	for (size_t j = 0; j < columns; j++)
		cost[j] = j;
	for (size_t i = 1; i < rows; i++) {
		for (size_t j = 1; j < columns; j++) {
			size_t *here = &cost[i * columns + j];
			bool differ = tolower((unsigned char)a[i - 1]) !=
			    tolower((unsigned char)b[j - 1]);
			*here = smaller(here[-1] + 1, here[-(ptrdiff_t)columns] + 1);
			*here = smaller(*here, here[-(ptrdiff_t)columns - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				*here = smaller(*here,
				    here[-2 * (ptrdiff_t)columns - 2] + 1);
		}
	}
	size_t result = cost[rows * columns - 1];
	free(cost);
	return result;
}

const char *
pd_nearest(const char *name, const char *const *candidates, size_t count)
{
	const char *nearest = NULL;
	size_t limit = strlen(name) / 3 > 2 ? strlen(name) / 3 : 2;
	size_t best = limit + 1;

	for (size_t i = 0; i < count; i++) {
		size_t far = distance(name, candidates[i]);
		if (far < best && far < strlen(candidates[i])) {
			best = far;
			nearest = candidates[i];
		}
	}
	return nearest;
}

/* Length of the UTF-8 sequence at bytes, 0 when it is none. */
static size_t
utf8_length(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0];
	size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 :
	    first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((first == 0xe0 && bytes[1] < 0xa0) ||	/* longer than needed */
	    (first == 0xed && bytes[1] > 0x9f) ||	/* a surrogate */
	    (first == 0xf0 && bytes[1] < 0x90) ||	/* longer than needed */
	    (first == 0xf4 && bytes[1] > 0x8f))		/* past U+10FFFF */
		return 0;
	return length;
}

ptrdiff_t
pd_utf8_invalid(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < length;) {
		uint64_t eight;
		if (length - i >= sizeof(eight)) {
			memcpy(&eight, bytes + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		size_t step = utf8_length(bytes + i, length - i);
		if (step == 0)
			return (ptrdiff_t)i;
		i += step;
	}
	return -1;
}

int
pd_read_file(const char *path, struct pd_buffer *buffer, struct pd_error *error)
{
	char chunk[1 << 14];
	size_t got;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return pd_error_at(error, path, 0, "cannot open: %s", strerror(errno));
	pd_buffer_text(buffer, "");
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		pd_buffer_append(buffer, chunk, got);
	bool failed = ferror(file) != 0;
	fclose(file);
	if (failed)
		return pd_error_at(error, path, 0, "cannot read: %s", strerror(errno));
	return 0;
}

bool
pd_starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

void
pd_time_text(time_t seconds, char text[PD_TIME_TEXT])
{
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, PD_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}

/* strptime takes blanks, missing digits and the 31st of June: only what comes
 * out as it went in is a time. */
bool
pd_parse_time(const char *text, time_t *seconds)
{
	struct tm tm = {0};
	char exact[PD_TIME_TEXT];

	if (text == NULL || strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
		return false;
	*seconds = timegm(&tm);
	pd_time_text(*seconds, exact);
	return strcmp(exact, text) == 0;
}
