/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
format_cut(char *text, size_t size, const char *format, va_list arguments)
{
	int length = vsnprintf(text, size, format, arguments);

	if (length >= 0 && (size_t)length >= size)
		memcpy(text + size - 4, "...", 4);
}

int
pd_error_set(struct pd_error *error, const char *format, ...)
{
	va_list arguments;

	*error = (struct pd_error)PD_ERROR_INIT;
	va_start(arguments, format);
	format_cut(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return -1;
}

int
pd_error_at(struct pd_error *error, const char *file, long line,
    const char *format, ...)
{
	va_list arguments;

	*error = (struct pd_error)PD_ERROR_INIT;
	va_start(arguments, format);
	format_cut(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	snprintf(error->file, sizeof(error->file), "%s", file);
	error->line = line;
	return -1;
}

int
pd_error_prefix(struct pd_error *error, const char *format, ...)
{
	char before[sizeof(error->message)];
	char after[sizeof(error->message)];
	va_list arguments;

	va_start(arguments, format);
	format_cut(before, sizeof(before), format, arguments);
	va_end(arguments);
	memcpy(after, error->message, sizeof(after));
	int length = snprintf(error->message, sizeof(error->message), "%s%s",
	    before, after);
	if (length >= 0 && (size_t)length >= sizeof(error->message))
		memcpy(error->message + sizeof(error->message) - 4, "...", 4);
	return -1;
}

int
pd_error_hint(struct pd_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_cut(error->hint, sizeof(error->hint), format, arguments);
	va_end(arguments);
	return -1;
}

char *
pd_error_text(const struct pd_error *error, char *text, size_t size)
{
	char place[sizeof(error->file) + 32] = "";

	if (error->file[0] != '\0' && error->line > 0)
		snprintf(place, sizeof(place), "%s:%ld: ", error->file, error->line);
	else if (error->file[0] != '\0')
		snprintf(place, sizeof(place), "%s: ", error->file);
	if (error->hint[0] != '\0')
		snprintf(text, size, "%s%s (%s)", place, error->message, error->hint);
	else
		snprintf(text, size, "%s%s", place, error->message);
	return text;
}
