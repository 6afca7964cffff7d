# SPDX-License-Identifier: MIT
# OTLP/JSON, and the records of pd-listen: one event for each span, at its start; attributes become its fields.
module {"name": "otlp-spans", "description": "OpenTelemetry spans, OTLP in JSON"};
include "log";

def hex: if type == "string" and . != "" then ascii_downcase else null end;

def recorded:
  event({type: (.name | event_name), name, time: .start_time_unix_nano, end: .end_time_unix_nano,
         trace: .trace_id, span: .span_id, parent: .parent_span_id,
         failed: (.status.code == "error"), service: .resource["service.name"]}; .attributes);

def map:
  if .type == "span" then recorded
  elif has("resourceSpans") | not then skip("no resourceSpans") else
    .resourceSpans[] | (.resource // {} | otlp_attributes) as $resource
    | (.scopeSpans[]?.spans[]?)
    | event({type: (.name | event_name), name, time: .startTimeUnixNano, end: .endTimeUnixNano,
             trace: (.traceId | hex), span: (.spanId | hex),
             parent: (.parentSpanId | hex),
             failed: (.status.code == 2 or .status.code == "STATUS_CODE_ERROR"), service: $resource["service.name"]};
        otlp_attributes)
  end;
