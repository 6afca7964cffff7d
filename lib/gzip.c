/* SPDX-License-Identifier: MIT */
#include "gzip.h"

#include <stdbool.h>
#include <zlib.h>

enum {
	GZIP_ONLY = 16,		/* zlib's way to say so, added to the window's bits */
	PIECE = 16384,
};

/* Unpack one member. More input may follow its end. */
static enum pd_gzip
unpack_member(z_stream *stream, size_t limit, struct pd_buffer *buffer)
{
	int result = Z_OK;

	while (result != Z_STREAM_END) {
		unsigned char piece[PIECE];
		stream->next_out = piece;
		stream->avail_out = sizeof(piece);
		result = inflate(stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END)
			return PD_GZIP_MALFORMED;
		size_t made = sizeof(piece) - stream->avail_out;
		if (made > limit - buffer->length)
			return PD_GZIP_TOO_LARGE;
		pd_buffer_append(buffer, piece, made);
	}
	return PD_GZIP_GOOD;
}

enum pd_gzip
pd_gunzip(const void *bytes, size_t length, size_t limit,
    struct pd_buffer *buffer)
{
	z_stream stream = {.next_in = (z_const Bytef *)bytes,
		.avail_in = (unsigned)length};
	enum pd_gzip result;

	if (inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
		return PD_GZIP_MALFORMED;
	limit += buffer->length;
	do
		result = unpack_member(&stream, limit, buffer);
	while (result == PD_GZIP_GOOD && stream.avail_in > 0 &&
	    inflateReset(&stream) == Z_OK);
	inflateEnd(&stream);
	return result;
}
