/* SPDX-License-Identifier: MIT */
/*
 * A failure as a plan of requests that anybody can send: what every export format
 * is made of. The document is described by share/pd/schema/export_plan.json.
 *
 * The recorded run says what was sent and answered. The adapter's pure functions,
 * asked again with markers, say where the system's ids went and came from, and which
 * replies mean what the model predicted.
 */
#ifndef PD_EXPORT_PLAN_H
#define PD_EXPORT_PLAN_H

#include <jv.h>

#include "adapter.h"
#include "error.h"
#include "hole.h"
#include "model.h"

enum { PD_EXPORT_VERSION = 1 };

/* The plan of a failure record, which is borrowed. adapter and model may be NULL:
 * then what they would have told is found by comparing values, or is missing, and
 * the plan's warnings say so. environment are the adapter's holes. An invalid jv on
 * error: a record without requests. */
jv pd_export_plan(jv failure, struct pd_adapter *,
    const struct pd_holes *environment, struct pd_model *, struct pd_error *);

#endif
