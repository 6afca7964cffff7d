/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one place of the library that ends the program: see the header. */
static void *
or_exit(void *memory)
{
	if (memory == NULL)
		err(2, "out of memory");
	return memory;
}

void *
pd_allocate(size_t count, size_t size)
{
	return or_exit(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
pd_reallocate(void *memory, size_t count, size_t size)
{
	return or_exit(reallocarray(memory, count > 0 ? count : 1, size));
}

char *
pd_duplicate(const char *text)
{
	return or_exit(strdup(text));
}

char *
pd_format(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	size_t size = length < 0 ? 1 : (size_t)length + 1;
	char *text = pd_allocate(size, 1);
	va_start(arguments, format);
	vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return text;
}

void
pd_buffer_reserve(struct pd_buffer *buffer, size_t more)
{
	size_t needed = buffer->length + more + 1;

	if (needed <= buffer->capacity)
		return;
	size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
	while (capacity < needed)
		capacity *= 2;
	buffer->data = pd_reallocate(buffer->data, capacity, 1);
	buffer->capacity = capacity;
}

void
pd_buffer_append(struct pd_buffer *buffer, const void *bytes, size_t length)
{
	pd_buffer_reserve(buffer, length);
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
pd_buffer_text(struct pd_buffer *buffer, const char *text)
{
	pd_buffer_append(buffer, text, strlen(text));
}

void
pd_buffer_integer(struct pd_buffer *buffer, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		digits[--at] = '-';
	pd_buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void
pd_buffer_format(struct pd_buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length <= 0)
		return;
	pd_buffer_reserve(buffer, (size_t)length);
	va_start(arguments, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format,
	    arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

void
pd_buffer_consume(struct pd_buffer *buffer, size_t length)
{
	memmove(buffer->data, buffer->data + length, buffer->length - length);
	buffer->length -= length;
	buffer->data[buffer->length] = '\0';
}

void
pd_buffer_clear(struct pd_buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

void
pd_buffer_free(struct pd_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct pd_buffer)PD_BUFFER_INIT;
}
