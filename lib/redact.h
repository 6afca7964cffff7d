/* SPDX-License-Identifier: MIT */
/*
 * Keeping secrets out of records. Authorization, Proxy-Authorization, Cookie
 * and Set-Cookie always, where they stand in an object named headers, at any
 * depth; further names as the user gives them, which are matched against every
 * key at any depth. Case does not count. What is under such a name becomes
 * "[redacted]".
 */
#ifndef PD_REDACT_H
#define PD_REDACT_H

#include <jv.h>
#include <stddef.h>

#define PD_REDACTED "[redacted]"

struct pd_redaction {
	const char **names;
	size_t count;
};

void pd_redaction_start(struct pd_redaction *);
void pd_redaction_add(struct pd_redaction *, const char *name);
void pd_redaction_free(struct pd_redaction *);

/* A copy without the secrets. Consumes the value. */
jv pd_redact(const struct pd_redaction *, jv value);

/* The same for a reply: a body that is JSON is looked into, and its text, which
 * says the same, is left out. */
jv pd_redact_reply(const struct pd_redaction *, jv reply);

/* A path or URL without the values that are secret in its query. Consumes it. */
jv pd_redact_url(const struct pd_redaction *, jv url);

/* The same for a list of exchanges with their requests and replies; paths and
 * URLs lose passwords and what is secret in their queries. */
jv pd_redact_exchanges(const struct pd_redaction *, jv exchanges);

#endif
