#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec --traceparent: spans that OpenTelemetry's SDK for JavaScript sends to pd-listen become events of the
# command whose request caused them.
# shellcheck disable=SC2154,SC2016 # variables from bats and the helpers; programs for jq in quotes

load lib/helper
load lib/exec
load lib/listen

setup() {
  pd_setup
  export NODE_PATH=$PD_ROOT/build/npm/node_modules
  cat >orders.jq <<'JQ'
module {"name": "orders"};
include "pd";
def init: {charged: {}};
def commands: {Order: {args: {amount: int(1; 999)}}};
def simulate_Order($c): {type: "Ordered", amount: $c.amount, order: external};
def on_Ordered($e): .ordered["\($e.order)"] = $e.amount;
def on_Charged($e): .charged["\($e.order)"] += $e.amount;
def to_event($p):
  if $p.type == "span" and $p.name == "charge" then {type: "Charged", order: $p.attributes.order, amount: $p.attributes.amount}
  else empty end;
def check_charged_once($x): .ordered as $ordered | .charged | to_entries | all(.value == ($ordered[.key] // .value));
JQ
  cat >http.jq <<'JQ'
include "pd";
def request_Order: {method: "POST", path: "/orders", json: {amount, wait}};
def events_Order($c): if .status == 201 then {type: "Ordered", amount: $c.amount, order: .body.order} else unexpected end;
JQ
  port=$(free_port)
  receiver=(--traceparent --inject "pd-listen --otlp --announce --port $port" --inject-ready '"type":"listening"')
}

teardown() {
  pd_teardown
}

# orders GRACE OPTION…: run the sequences in the file plan on the instrumented service.
orders() {
  start_listening traced node "$PD_ROOT/t/lib/servers/traced.js" --otlp "http://127.0.0.1:$port" "${@:2}"
  run --separate-stderr pd-exec -m orders.jq -a http.jq -u "$SERVER_URL" "${receiver[@]}" --grace "$1" plan
}

# Every Charged is telemetry of the command of its amount.
charges_belong='(of("command") | map({key: "\(.run) \(.id)", value: .command.amount}) | from_entries) as $amounts
  | of("event") | map(select(.event.type == "Charged")) | length == ($amounts | length)
    and all(.source == "telemetry" and .event.amount == $amounts["\(.run) \(.id)"])'

@test "spans become events of the command that caused them" {
  plan '{"type":"Order","amount":5}' '{"type":"Order","amount":7}' '{"type":"Order","amount":900}' >plan
  plan_run 2 '{"type":"Order","amount":11}' >>plan
  orders 1s
  assert_status 0
  assert_that "$charges_belong"
  # The header is in the record, and its trace names the command.
  assert_that 'of("command")[2].exchange[0].request.headers.traceparent | test("^00-6300000003000001[0-9a-f]{16}-[0-9a-f]{16}-01$")'
  assert_that '[of("command")[].exchange[].request.headers.traceparent] | length == (unique | length)'
}

@test "also in branches, and the order that explains the run holds" {
  plan '{"type":"Order","amount":1}' '{"type":"Order","amount":2}' '{"type":"Order","amount":3}' '{"type":"Order","amount":4}' |
    jq -c '.branches = [.prefix[:2], .prefix[2:]] | .prefix = []' >plan
  orders 1s
  assert_status 0
  assert_that "$charges_belong"
  assert_that 'of("event") | map(select(.source == "telemetry").branch) | sort == [0, 0, 1, 1]'
}

@test "an order that is charged twice is found by its spans, shrunk, and never reported without the bug" {
  local exec seed
  sed 's/^module.*/module {"name": "hunt", "eventually": {"charged": {"after": "Ordered"}}};/' orders.jq >hunt.jq
  echo 'def eventually_charged($x): .charged["\($x.order)"] != null;' >>hunt.jq
  for seed in 1 2; do pd-gen -m hunt.jq -n 4 -s "$seed" --max-commands 4 >"plans.$seed"; done
  start_listening traced node "$PD_ROOT/t/lib/servers/traced.js" --otlp "http://127.0.0.1:$port" --twice
  exec=(pd-exec -m hunt.jq -a http.jq -u "$SERVER_URL" "${receiver[@]}" --grace 50ms)
  for seed in 1 2; do
    # One at a time can have the port.
    run -1 --separate-stderr "${exec[@]}" --stop-on-failure "plans.$seed"
    printf '%s\n' "$output" >failed
    run -1 --separate-stderr pd-shrink -m hunt.jq failed -- "${exec[@]}"
    assert_that 'of("failure") | length == 1 and .[0].failure.name == "charged_once" and .[0].reproduced != false
      and (.[0].shrunk | .prefix + .suffix | map(.command)) == [{type: "Order", amount: 101}]'
  done
  stop_servers
  start_listening traced node "$PD_ROOT/t/lib/servers/traced.js" --otlp "http://127.0.0.1:$port"
  run -0 --separate-stderr pd-exec -m hunt.jq -a http.jq -u "$SERVER_URL" "${receiver[@]}" --grace 50ms plans.1 plans.2
}

@test "a span outside of the trace is no telemetry of the command" {
  plan '{"type":"Order","amount":5}' '{"type":"Order","amount":7}' >plan
  orders 1s --lost
  assert_status 0
  assert_that 'of("event") | map(select(.event.type == "Charged") | [.source, .id, .event.amount]) | sort
    == [["injector", null, 7], ["telemetry", "c1", 5]]'
}

@test "spans that come when their run is over do not get into the next one" {
  plan '{"type":"Order","amount":5}' >plan
  plan_run 2 '{"type":"Order","amount":7,"wait":1500}' >>plan
  orders 0 --delay 700
  assert_status 0
  assert_that 'of("event") | map(select(.event.amount == 5)) | map(.run) == [1]'
  assert_stderr_has ' events came from outside after their runs, and belong to none'
}

@test "each request of a command is a trace of its own, and an adapter's header is left alone" {
  cat >again.jq <<'JQ'
include "pd";
def request_Order: {path: "/", headers: (if .own then {traceparent: "mine"} else {a: 1} end)};
def events_Order($c):
  if .status == 503 then retry("not yet")
  elif $c.next and .body.n < 4 then follow({path: "/next"}; {after_ms: 1})
  else {type: "Ordered", amount: $c.amount, order: .body.n} end;
JQ
  cat >twice.jq <<'JQ'
def init: 0;
def on_request($r): . + 1;
def respond($r): if . == 1 then {status: 503} else {json: {n: .}} end;
JQ
  listen -r twice.jq
  plan '{"type":"Order","amount":1,"next":true}' '{"type":"Order","amount":2,"own":true}' >plan
  run --separate-stderr pd-exec -m orders.jq -a again.jq -u "$LISTEN_URL" --traceparent plan
  assert_status 0
  end_listen 0
  # c1 was sent, sent again, and followed twice.
  records_are '[.[].trace_id | strings[:16]] == ["6300000001000001", "6300000001000002", "6300000001000003", "6300000001000004"]
    and .[4].headers.traceparent == "mine" and .[0].headers.a == "1"'
}
