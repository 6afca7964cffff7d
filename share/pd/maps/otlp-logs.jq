# SPDX-License-Identifier: MIT
# OTLP/JSON, where a line holds many records, and the records of pd-listen; attributes become the event's fields.
module {"name": "otlp-logs", "description": "OpenTelemetry logs, OTLP in JSON"};
include "log";

def hex: if type == "string" and . != "" then ascii_downcase else null end;

def recorded:
  .body as $body
  | event({type: (.event_name // .attributes["event.name"] // ($body | strings) // "Line" | event_name),
           time: (.time_unix_nano // .observed_time_unix_nano), level: (.severity_text | level_name),
           message: (($body | strings) // null), trace: .trace_id, span: .span_id,
           service: .resource["service.name"]};
      ($body | objects // {}) + .attributes);

def map:
  if .type == "log" then recorded
  elif has("resourceLogs") | not then skip("no resourceLogs") else
    .resourceLogs[] | (.resource // {} | otlp_attributes) as $resource
    | (.scopeLogs[]?.logRecords[]?)
    | (.body // {} | otlp_value) as $body
    | event({type: ((.eventName | select(. != "")) // otlp_attributes["event.name"] // ($body | strings) // "Line" | event_name),
             time: ((.timeUnixNano | select((. // "0" | tostring) != "0")) // .observedTimeUnixNano),
             level: (.severityText | level_name), message: (($body | strings) // null),
             trace: (.traceId | hex), span: (.spanId | hex),
             service: $resource["service.name"]};
        ($body | objects // {}) + otlp_attributes)
  end;
