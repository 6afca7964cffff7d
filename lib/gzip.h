/* SPDX-License-Identifier: MIT */
/* Unpacking gzip (RFC 1952), by zlib. */
#ifndef PD_GZIP_H
#define PD_GZIP_H

#include <stddef.h>

#include "buffer.h"

enum pd_gzip {
	PD_GZIP_GOOD,
	PD_GZIP_MALFORMED,	/* no gzip, damaged, or cut off */
	PD_GZIP_TOO_LARGE,	/* what it unpacks to goes over the limit */
};

/* Append what the bytes unpack to, at most limit bytes: a bomb of zeros stops
 * there. One member may follow another, as in the output of cat. */
enum pd_gzip pd_gunzip(const void *bytes, size_t length, size_t limit,
    struct pd_buffer *);

#endif
