#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-listen --otlp: spans and logs from OpenTelemetry's SDK for JavaScript, and what others may send.
# shellcheck disable=SC2154,SC2016 # variables from bats and the helper; programs for jq in quotes

load lib/helper
load lib/listen

setup() {
  pd_setup
  export NODE_PATH=$PD_ROOT/build/npm/node_modules
}

teardown() {
  pd_teardown
}

# start_traced OPTION…: the instrumented service, its telemetry going to pd-listen; sets SERVER_URL.
start_traced() { start_listening traced node "$PD_ROOT/t/lib/servers/traced.js" --otlp "$LISTEN_URL" "$@"; }

# export_of PATH TYPE DATA [CURL OPTION…]: the status; the answer is in body.
export_of() { post "$1" -H "Content-Type: $2" --data-binary "$3" "${@:4}"; }
spans() { export_of /v1/traces application/json "$@"; }

same_export() {
  listen --otlp
  start_traced "$@"
  curl -sf -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' -d '{"amount":950}' "$SERVER_URL/orders"
  wait_for records_are 'length == 3'
  stop_servers
  end_listen 0
  run ! grep -v listening listen.log
  records_are 'all(.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736" and .resource["service.name"] == "orders")'
  records_are 'map(select(.type == "span" and .kind == "server"))[0] | .parent_span_id == "00f067aa0ba902b7"
    and .attributes["http.response.status_code"] == 201 and .status == {code: "unset"}'
  records_are '(map(select(.kind == "server"))[0].span_id) as $server | map(select(.name == "charge"))[0]
    | .parent_span_id == $server and .kind == "internal" and .attributes == {order: 1, amount: 950, large: true}
      and .status == {code: "error", message: "told by the bank"} and .scope == {name: "orders", version: "1.2.3"}
      and .events[0].name == "asked the bank" and .events[0].attributes == {attempt: 1}
      and (.start_time_unix_nano | test("^[0-9]{19}$")) and .duration_ns < 1000000000'
  records_are '(map(select(.kind == "server"))[0].span_id) as $server | map(select(.type == "log"))[0]
    | .span_id == $server and .event_name == "order.taken" and .severity_text == "INFO" and .severity_number == 9
      and .body == {order: 1, parts: ["a", 2, true]} and .attributes == {big: 9007199254740991, share: 0.25}'
}

@test "spans and logs of an instrumented service, in protobuf" { same_export --encoding proto; }
@test "the same in JSON, packed with gzip" { same_export --encoding json --gzip; }
@test "the same in protobuf, packed with gzip" { same_export --encoding proto --gzip; }

@test "numbers keep their digits, and values become what JSON has" {
  listen --otlp
  [[ $(spans '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","spanId":"00F067AA0BA902B7",
    "name":"x","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1796019496952000001,"endTimeUnixNano":"1796019496952000004",
    "status":{"code":"STATUS_CODE_OK"},"later":1,"attributes":[
    {"key":"int","value":{"intValue":"9223372036854775807"}},{"key":"negative","value":{"intValue":-5}},
    {"key":"double","value":{"doubleValue":"NaN"}},{"key":"none","value":{}},{"key":"bytes","value":{"bytesValue":"//4="}},
    {"key":"list","value":{"arrayValue":{"values":[{"boolValue":false},{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}]}}}]}]}]}]}') == 200 ]]
  [[ $(<body) == '{}' ]]
  end_listen 0
  grep -q '"int":9223372036854775807' records.ndjson
  records_are '.[0] | .trace_id == "4bf92f3577b34da6a3ce929d0e0e4736" and .kind == "client" and .duration_ns == 3
    and .start_time_unix_nano == "1796019496952000001" and .status.code == "ok"
    and (.attributes | del(.int)) == {negative: -5, double: "NaN", none: null, bytes: "//4=", list: [false, {k: "v"}]}'
}

@test "what cannot be taken is answered as the protocol says, and told" {
  local protobuf=application/x-protobuf ids='"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"'
  listen --otlp --max-body 2000B
  # A part of the spans.
  [[ $(spans "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{$ids},{\"spanId\":\"00\"}]}]}]}") == 200 ]]
  jq -e '.partialSuccess == {rejectedSpans: "1", errorMessage: "a span needs a trace id and a span id"}' body
  # Metrics.
  [[ $(export_of /v1/metrics application/json '{"resourceMetrics":[]}') == 200 ]]
  jq -e '.partialSuccess.errorMessage == "traces and logs are recorded, metrics are not"' body
  [[ $(export_of /v1/metrics "$protobuf" $'\n\x02\x08\x01') == 200 ]]
  [[ $(od -An -c body) == *'t r a c e s'*'n o t' ]] || [[ $(<body) == *"traces and logs are recorded, metrics are not" ]]
  # The empty message.
  [[ $(export_of /v1/logs "$protobuf" '') == 200 && ! -s body ]]
  # Neither protobuf nor JSON nor a POST, nor well formed.
  [[ $(export_of /v1/traces text/plain 'x') == 415 ]]
  [[ $(post /v1/traces) == 405 ]]
  [[ $(spans '{"resourceSpans":{}}') == 400 ]]
  jq -e '.message == "resourceSpans is no array" and .code == 3' body
  [[ $(spans '{"resourceSpans":[') == 400 ]]
  [[ $(export_of /v1/traces "$protobuf" $'\n\x7fabc') == 400 ]]
  [[ $(<body) == *'ExportTraceServiceRequest: malformed protobuf at byte 2: a field is longer than what is left' ]]
  [[ $(export_of /v1/traces "$protobuf" 'x' -H 'Content-Encoding: gzip') == 400 ]]
  [[ $(export_of /v1/traces "$protobuf" 'x' -H 'Content-Encoding: br') == 415 ]]
  head -c 100000 /dev/zero | gzip >bomb
  [[ $(export_of /v1/traces "$protobuf" @bomb -H 'Content-Encoding: gzip') == 413 ]]
  # Other paths are webhooks.
  [[ $(post /v1/other -d '{"a":1}') == 204 ]]
  end_listen 2
  records_are '[.[].type] == ["span", "request"]'
  [[ $(grep -c 'an export was refused: ' listen.log) == 8 ]]
}

@test "messages that lie in each other without end are refused" {
  listen --otlp
  # AnyValue in ArrayValue in AnyValue …, 300 deep, as the body of a log.
  python3 - >deep <<'PY'
import sys
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])
def field(number, data):
    return bytes([number << 3 | 2]) + varint(len(data)) + data
value = field(1, b"x")
for _ in range(300):
    value = field(5, field(1, value))
sys.stdout.buffer.write(field(1, field(2, field(2, field(5, value)))))
PY
  [[ $(export_of /v1/logs application/x-protobuf @deep) == 400 ]]
  [[ $(<body) == *'messages lie too deep in each other' ]]
  end_listen 2
}

@test "what it recorded is a log for pd-forensics" {
  listen --otlp
  start_traced
  for amount in 5 950 7; do curl -sf -d "{\"amount\":$amount}" "$SERVER_URL/orders"; done
  wait_for records_are 'length == 9'
  stop_servers
  end_listen 0
  cat >orders.jq <<'JQ'
include "pd";
def init: {charged: 0};
def on_Charge($e): .charged += $e.amount | .failed = $e.failed;
def on_OrderTaken($e): .taken += 1;
def check_charges_do_not_fail($e): .failed != true;
JQ
  run -1 --separate-stderr pd-forensics -m orders.jq --map otlp-spans records.ndjson
  assert_json 'map(select(.type == "violation"))[0] | .event.type == "Charge" and .event.amount == 950 and .event.service == "orders"'
  run -0 --separate-stderr pd-forensics -m orders.jq --map otlp-logs records.ndjson
  assert_json 'map(select(.type == "forensics"))[0].events == 3'
}
