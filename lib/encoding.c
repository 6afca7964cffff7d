/* SPDX-License-Identifier: MIT */
#include "encoding.h"

#include <stdint.h>
#include <string.h>

void
pd_append_hex(struct pd_buffer *buffer, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < length; i++) {
		const char pair[2] = {digits[byte[i] >> 4], digits[byte[i] & 15]};
		pd_buffer_append(buffer, pair, 2);
	}
}

void
pd_append_base64(struct pd_buffer *buffer, const void *bytes, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < length; i += 3) {
		size_t there = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)byte[i] << 16;
		if (there > 1)
			group |= (uint32_t)byte[i + 1] << 8;
		if (there > 2)
			group |= byte[i + 2];
		const char four[4] = {
			digits[group >> 18],
			digits[group >> 12 & 63],
			there > 1 ? digits[group >> 6 & 63] : '=',
			there > 2 ? digits[group & 63] : '=',
		};
		pd_buffer_append(buffer, four, 4);
	}
}

static int
hex_digit(char letter)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *place = letter != '\0' ? strchr(digits, letter) : NULL;

	return place == NULL ? -1 : (int)((place - digits) & 15);
}

void
pd_append_unescaped(struct pd_buffer *buffer, const char *text, size_t length,
    enum pd_escapes escapes)
{
	for (size_t i = 0; i < length; i++) {
		char letter = text[i];
		int high = letter == '%' && i + 2 < length ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low >= 0) {
			letter = (char)(high << 4 | low);
			i += 2;
		} else if (letter == '+' && escapes == PD_ESCAPES_FORM) {
			letter = ' ';
		}
		pd_buffer_append(buffer, &letter, 1);
	}
}
