/* SPDX-License-Identifier: MIT */
/*
 * OTLP's messages as they travel: opentelemetry-proto 1, packages trace.v1,
 * logs.v1, common.v1, resource.v1 and collector's requests and responses. What
 * is decoded has the shape of OTLP/JSON.
 */
#ifndef PD_OTLP_MESSAGE_H
#define PD_OTLP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "protobuf.h"

/* ExportTraceServiceRequest and ExportLogsServiceRequest. */
extern const struct pd_protobuf_message pd_otlp_traces_message;
extern const struct pd_protobuf_message pd_otlp_logs_message;

/* Append an Export…ServiceResponse in protobuf or JSON: how many were rejected,
 * named as in "rejectedSpans", and why; with neither it is an empty message. */
void pd_otlp_append_response(struct pd_buffer *, bool protobuf,
    const char *rejected_name, int64_t rejected, const char *message);

/* Append a google.rpc.Status for a request that is refused. */
void pd_otlp_append_status(struct pd_buffer *, bool protobuf, int code,
    const char *message);

#endif
