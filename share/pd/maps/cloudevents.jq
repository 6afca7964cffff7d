# SPDX-License-Identifier: MIT
# CloudEvents 1.0, one or an array; the fields of data become the event's.
module {"name": "cloudevents", "description": "CloudEvents 1.0 in JSON"};
include "log";

def one:
  event({type: (.type | event_name), time, id, source, subject};
    (if .data | type == "object" then .data elif has("data") then {data} else {} end)
    + (del(.specversion, .id, .source, .type, .subject, .time, .datacontenttype, .dataschema, .data)));
def map: if type == "array" then .[] else . end | if .specversion then one else skip("no CloudEvent") end;
