/* SPDX-License-Identifier: MIT */
/* Bytes as text: lower-case hexadecimal, base64 (RFC 4648), and the escapes of
 * URLs and forms. */
#ifndef PD_ENCODING_H
#define PD_ENCODING_H

#include <stddef.h>

#include "buffer.h"

void pd_append_hex(struct pd_buffer *, const void *bytes, size_t length);
void pd_append_base64(struct pd_buffer *, const void *bytes, size_t length);

/* Text with %XX resolved, and + as a blank when it is a form's. What is no
 * escape stays as it is. */
enum pd_escapes { PD_ESCAPES_PATH, PD_ESCAPES_FORM };
void pd_append_unescaped(struct pd_buffer *, const char *text, size_t length,
    enum pd_escapes);

#endif
