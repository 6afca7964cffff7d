/* SPDX-License-Identifier: MIT */
/*
 * A request as an export has it: whatever is a default is said, what came from the
 * system is a variable, and what was secret comes from the environment.
 *
 * HTTP: {"transport":"http", method, path | url, query: [[name, value]], headers:
 * [[name, value]], json: value | form: [[name, value]] | body: text, redirects?,
 * timeout_ms?}. A program: {"transport":"program", argv: [text], stdin?: text, env:
 * [[name, text or null]], cwd?: text, timeout_ms?}. What only a coprocess can send:
 * {"transport":"coprocess", command: value}. Names, values and text are
 * parts, json is a value with holes (hole.h).
 */
#ifndef PD_REQUEST_PLAN_H
#define PD_REQUEST_PLAN_H

#include <jv.h>

#include "hole.h"

/* A request that an adapter made of markers, with what it says besides them taken
 * from the recorded one; where the two do not agree, the recorded one counts. What was
 * redacted there becomes a hole for a variable of the environment, which is added to
 * holes, unless the adapter itself took it from the environment. Consumes marked;
 * borrows recorded. */
jv pd_request_overlay(jv marked, jv recorded, struct pd_holes *);

/* The plan of a request whose values have markers. recorded is the one that was sent,
 * base_url where its path began, or NULL. Consumes the request; borrows recorded. */
jv pd_request_plan(const struct pd_holes *, jv request, jv recorded,
    const char *base_url);

#endif
