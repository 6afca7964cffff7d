/* SPDX-License-Identifier: MIT */
/*
 * A receiver of OpenTelemetry's protocol over HTTP (OTLP 1, "OTLP/HTTP"): traces
 * and logs, in protobuf or JSON. Every span and every log becomes a record that
 * is flat where OTLP nests: pd-listen(1) says how.
 */
#ifndef PD_OTLP_H
#define PD_OTLP_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "reply.h"
#include "server.h"

enum pd_otlp_signal { PD_OTLP_NONE, PD_OTLP_TRACES, PD_OTLP_LOGS, PD_OTLP_METRICS };

/* What a request is for, by its path: /v1/traces, /v1/logs, /v1/metrics. */
enum pd_otlp_signal pd_otlp_signal(const struct pd_request *);

/* A span or log, without the fields that every record has: type and then those of
 * its own. Consumes it. */
typedef void pd_otlp_take(void *context, jv record);

/* Take an export: hand out its records and make the answer. limit is for a body
 * that is packed. Returns how many records there were, or -1 when the request
 * was refused: the error then says why. */
int64_t pd_otlp_receive(enum pd_otlp_signal, const struct pd_request *, size_t limit,
    pd_otlp_take *, void *context, struct pd_reply *, struct pd_error *);

/* The records of an export in OTLP/JSON, which is consumed. *rejected becomes the
 * number of those without the ids that they must have. Returns how many there
 * were, or -1. */
int64_t pd_otlp_flatten(enum pd_otlp_signal, jv export, pd_otlp_take *, void *context,
    int64_t *rejected, struct pd_error *);

#endif
