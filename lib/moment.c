/* SPDX-License-Identifier: MIT */
#include "moment.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECOND = 1000000000, DIGITS = 9 };

/* Days since 1970 of a date of the Gregorian calendar. H. Hinnant,
 * chrono-Compatible Low-Level Date Algorithms, days_from_civil. */
static int64_t
days(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	    719468;
}

/* ".000321" as nanoseconds; further digits are left out. */
static int64_t
read_fraction(const char **at)
{
	int64_t fraction = 0;
	int count = 0;

	if (**at != '.' && **at != ',')
		return 0;
	for (++*at; isdigit((unsigned char)**at); ++*at) {
		if (count++ < DIGITS)
			fraction = fraction * 10 + (**at - '0');
	}
	for (; count < DIGITS; count++)
		fraction *= 10;
	return fraction;
}

/* "Z" or "+02:00" in seconds; false when it is neither. */
static bool
read_offset(const char *at, int64_t *offset)
{
	int hours, minutes, length = 0;
	char sign;

	*offset = 0;
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
		return true;
	if (sscanf(at, "%c%2d:%2d%n", &sign, &hours, &minutes, &length) != 3 &&
	    sscanf(at, "%c%2d%2d%n", &sign, &hours, &minutes, &length) != 3)
		return false;
	*offset = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return at[length] == '\0' && (sign == '+' || sign == '-');
}

static bool
read_date(const char *text, int64_t *nanoseconds)
{
	int year, month, day, hour, minute, second, length = 0;
	int64_t offset;
	char letter;

	if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &year, &month, &day, &letter,
	    &hour, &minute, &second, &length) != 7 || length != 19 ||
	    strchr("Tt ", letter) == NULL || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1700 ||
	    year > 2200)
		return false;
	const char *at = text + length;
	int64_t fraction = read_fraction(&at);
	if (!read_offset(at, &offset))
		return false;
	int64_t seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	    second - offset;
	*nanoseconds = seconds * SECOND + fraction;
	return true;
}

/* Nanoseconds in one of the unit that a number of this size counts; 0 for one
 * that is too large. */
static int64_t
unit(double size)
{
	return size < 1e11 ? SECOND : size < 1e14 ? SECOND / 1000 :
	    size < 1e17 ? SECOND / 1000000 : size < 9e18;
}

static bool
read_number(const char *text, int64_t *nanoseconds)
{
	char *end;
	int64_t whole = strtoll(text, &end, 10);
	int64_t scale = unit(fabs((double)whole));
	const char *at = end;
	int64_t fraction = read_fraction(&at) / (SECOND / (scale > 0 ? scale : 1));

	if (end == text || *at != '\0' || scale == 0 || isspace((unsigned char)*text))
		return false;
	*nanoseconds = whole * scale + (text[0] == '-' ? -fraction : fraction);
	return true;
}

bool
pd_moment_read(const char *text, int64_t *nanoseconds)
{
	return read_date(text, nanoseconds) || read_number(text, nanoseconds);
}

bool
pd_moment_peek(jv value, int64_t *nanoseconds)
{
	if (jv_get_kind(value) == JV_KIND_STRING)
		return pd_moment_read(jv_string_value(value), nanoseconds);
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return false;
	jv text = jv_dump_string(jv_copy(value), 0);
	bool good = read_number(jv_string_value(text), nanoseconds);
	jv_free(text);
	return good;
}

void
pd_moment_text(int64_t nanoseconds, char text[PD_MOMENT_TEXT])
{
	int64_t fraction = nanoseconds % SECOND;
	struct tm parts;

	if (fraction < 0)
		fraction += SECOND;
	time_t seconds = (time_t)((nanoseconds - fraction) / SECOND);
	gmtime_r(&seconds, &parts);
	size_t length = strftime(text, PD_MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
	size_t room = PD_MOMENT_TEXT - length;
	if (fraction == 0)
		snprintf(text + length, room, "Z");
	else if (fraction % 1000000 == 0)
		snprintf(text + length, room, ".%03" PRId64 "Z", fraction / 1000000);
	else if (fraction % 1000 == 0)
		snprintf(text + length, room, ".%06" PRId64 "Z", fraction / 1000);
	else
		snprintf(text + length, room, ".%09" PRId64 "Z", fraction);
}
