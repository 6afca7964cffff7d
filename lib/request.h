/* SPDX-License-Identifier: MIT */
/* A request that a server of the suite received, as jq programs and records
 * have it. */
#ifndef PD_REQUEST_H
#define PD_REQUEST_H

#include <jv.h>
#include <stddef.h>

#include "buffer.h"
#include "server.h"

/* {method, path, query?, target, headers, body | form | text | base64}: the path
 * without its escapes and the query's fields by name, an array where one is
 * repeated; the body as JSON, as a form's fields, as text if it is UTF-8, or in
 * base64. One that is packed with gzip is unpacked, unless it would go over the
 * limit. An empty body has none of these fields. Borrows the request. */
jv pd_request_json(const struct pd_request *, size_t limit);

/* The body, unpacked to at most the limit if the request says that it is packed.
 * Sets *body to it: to the request's own, or to what is put into unpacked, which
 * the caller frees. */
enum pd_request_body {
	PD_BODY_GOOD,
	PD_BODY_MALFORMED,
	PD_BODY_TOO_LARGE,
	PD_BODY_UNKNOWN,	/* packed in another way than gzip */
};
enum pd_request_body pd_request_unpack(const struct pd_request *, size_t limit,
    struct pd_buffer *unpacked, const struct pd_buffer **body);

/* The value of a header, or NULL. Case does not count. Belongs to the request. */
const char *pd_request_header(const struct pd_request *, const char *name);

/* Does the path, without its query, read so? */
bool pd_request_is_for(const struct pd_request *, const char *path);

#endif
