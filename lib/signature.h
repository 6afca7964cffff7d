/* SPDX-License-Identifier: MIT */
/*
 * Signatures of webhooks: HMAC-SHA256 of the body, and of a time in some formats,
 * with a secret that both sides know. Each format is as its inventor documents
 * it: docs.github.com, "Validating webhook deliveries"; docs.stripe.com, "Resolve
 * webhook signature verification errors"; api.slack.com, "Verifying requests".
 */
#ifndef PD_SIGNATURE_H
#define PD_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "server.h"

/* The formats' names, in the order of their numbers, and NULL. */
extern const char *const pd_signature_formats[];

struct pd_signature {
	int format;		/* its number */
	const char *header;	/* where the signature is; NULL: the format's own place */
	struct pd_buffer secret;
	int64_t tolerance;	/* how far its time may be from now, seconds; 0: any */
};

/* The secret of a file, without the line feed at its end, or of an environment
 * variable. Returns 0 or -1: an empty one is refused. */
int pd_signature_secret_file(struct pd_signature *, const char *path,
    struct pd_error *);
int pd_signature_secret_environment(struct pd_signature *, const char *name,
    struct pd_error *);
void pd_signature_free(struct pd_signature *);

/* Is the request signed with the secret? NULL if it is, otherwise what is wrong.
 * now is in seconds since 1970. */
const char *pd_signature_problem(const struct pd_signature *,
    const struct pd_request *, int64_t now);

#endif
