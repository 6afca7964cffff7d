/* SPDX-License-Identifier: MIT */
/*
 * Webhooks: a thread that POSTs JSON to one URL, in the order in which it was told,
 * each a moment after it happened.
 */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include <jv.h>

struct webhook;

/* The URL is borrowed. Exits with err(3) when it cannot be. */
struct webhook *webhook_new(const char *url);

/* POST this body, which is consumed; whether it arrives is never told. */
void webhook_send(struct webhook *, jv body);

/* Forget what was not sent yet, and wait until nothing is under way. */
void webhook_forget(struct webhook *);

/* What was not sent yet is forgotten. */
void webhook_free(struct webhook *);

#endif
