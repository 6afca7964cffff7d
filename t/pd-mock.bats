#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-mock: a third party by jq, told what happens on standard input.
# shellcheck disable=SC2154,SC2016 # variables from bats and the helper; programs for jq in quotes

load lib/helper

setup() {
  pd_setup
  asked=0
  cat >payments.jq <<'JQ'
module {"name": "payments"};
def init_state: {behavior: "approve", charges: 0};
def on_command($c): if $c.type == "ConfigurePayments" then .behavior = $c.behavior elif $c.type == "Break" then error("broken") else . end;
def on_event($e; $model): if $e.type == "Refunded" then .charges -= $model.refund else . end;
def handle($request; $model):
  if $request.method != "POST" then empty
  elif $request.path == "/charges" then
    if .behavior == "approve" then
      {status: 201, json: {id: .charges, known: ($model.customers // 0)}, state: (.charges += 1),
       events: [{type: "Charged", amount: $request.body.amount, token: "t"}]}
    elif .behavior == "slow" then {body: "late", delay_ms: 2000}
    elif .behavior == "several" then {status: 500}, {status: 501}
    elif .behavior == "wrong" then {events: [{amount: 1}]}
    elif .behavior == "lying" then {json: 1, state: {behavior: "lost"}, delay_ms: -1}
    else {fault: .behavior, body: "garbage"} end
  else null end;
JQ
}

teardown() {
  exec 7>&-
  pd_teardown
}

# mock OPTION…: pd-mock in the background, told by way of descriptor 7; sets MOCK_PID, MOCK_URL.
mock() {
  mkfifo told
  pd-mock -M payments.jq --port-file port "$@" <told >out.ndjson 2>log 3>&- &
  MOCK_PID=$!
  servers+=("$MOCK_PID")
  exec 7>told
  wait_for has_port_or_ended port "$MOCK_PID"
  MOCK_URL=http://127.0.0.1:$(<port)
}

# tell TYPE [FIELDS]: and wait until it is taken.
tell() {
  printf '{"type":"%s",%s"ask":%d}\n' "$1" "${2:+$2,}" "$((++asked))" >&7
  wait_for grep -q "^{\"type\":\"ack\",\"ask\":$asked," out.ndjson
}
behave() { tell command "\"id\":\"c1\",\"command\":{\"type\":\"ConfigurePayments\",\"behavior\":\"$1\"}"; }
charge() { curl -s --max-time 5 -o body -w '%{http_code}' -d '{"amount":5}' "$@" "$MOCK_URL/charges"; }

# end_mock STATUS: close its input.
end_mock() {
  local status=0
  exec 7>&-
  wait "$MOCK_PID" || status=$?
  [[ $status == "$1" ]] || fail "pd-mock ended with $status, not $1:" "$(<log)"
  "$PD_ROOT/t/lib/validate-records" out.ndjson
}
out_is() { jq -es "$1" out.ndjson >/dev/null || fail "not so: $1" "$(<out.ndjson)"; }

@test "it answers from its state, which commands and events change and a run begins anew" {
  mock
  tell run_start '"run":1'
  [[ $(charge) == 201 && $(charge) == 201 && $(<body) == '{"id":1,"known":0}' ]]
  behave decline
  behave approve
  tell state '"state":{"customers":7,"refund":2}'
  [[ $(charge) == 201 && $(<body) == '{"id":2,"known":7}' ]]
  tell event '"event":{"type":"Refunded"},"source":"command"'
  tell event '"event":{"type":"Other"},"source":"mock"'
  [[ $(charge) == 201 && $(<body) == '{"id":1,"known":7}' ]]
  tell run_start '"run":2'
  [[ $(charge) == 201 && $(<body) == '{"id":0,"known":0}' ]]
  tell run_end
  end_mock 0
  out_is 'map(select(.type == "request")) | length == 5 and all(.events == [{type: "Charged", amount: 5, token: "t"}] and .status == 201)'
  out_is 'map(select(.type == "ack").requests) == [0, 2, 2, 2, 3, 3, 0, 1]'
}

@test "a request stands before its answer, and before an ack that is asked for afterwards" {
  mock
  for ((i = 1; i <= 20; i++)); do
    charge >status
    tell note
    tail -n 2 out.ndjson | jq -es --argjson i "$i" '.[0].type == "request" and .[0].n == $i and .[1].requests == $i'
  done
  end_mock 0
}

@test "faults and delays are data" {
  mock
  behave reset && run -56 charge
  behave close && run -52 charge
  behave malformed && run -1 charge
  behave timeout && run -28 charge --max-time 0.3
  behave slow
  charge >status &
  wait_for out_is 'map(select(.type == "request")) | length == 5'
  behave approve # does not wait for it
  [[ ! -s status && $(charge) == 201 ]]
  wait_for grep -q 200 status
  end_mock 0
  out_is 'map(select(.type == "request") | .fault) == ["reset", "close", "malformed", "timeout", null, null]'
}

@test "unmatched requests are answered with 404, told, counted, and with --strict a no" {
  mock --strict
  [[ $(curl -s -o body -w '%{http_code}' "$MOCK_URL/charges") == 404 ]]
  [[ $(curl -s -o body -w '%{http_code}' -d x "$MOCK_URL/other") == 404 && $(<body) == '{"error":"unmatched"}' ]]
  charge
  tell note
  end_mock 1
  out_is '[.[] | .unmatched] == [true, true, null, 2]'
  grep -q '^pd-mock: 2 requests were unmatched$' log
}

@test "a function that fails is told with its place; the state stays" {
  mock
  [[ $(charge) == 201 ]]
  for behavior in several wrong lying; do behave "$behavior" && [[ $(charge) == 500 ]]; done
  tell command '"command":{"type":"Break"}'
  behave approve
  [[ $(charge) == 201 && $(<body) == '{"id":1,"known":0}' ]]
  echo 'no record' >&7
  tell note
  end_mock 2
  out_is '[.[] | select(has("error"))] | length == 4 and .[3].type == "ack" and (.[3].error | contains("broken"))'
  grep -q 'handle gives 2 answers' log
  grep -q 'payments.jq: handle: an event is an object with a type' log
  grep -q 'payments.jq: handle: delay_ms must be a whole number' log
  grep -q '<stdin>:[0-9]*: ' log
}

@test "secrets stay out of requests but not out of events" {
  mock --redact token --redact amount
  charge -H 'Authorization: Bearer hush'
  end_mock 0
  run ! grep hush out.ndjson
  out_is '.[0].body.amount == "[redacted]" and .[0].events == [{type: "Charged", amount: 5, token: "t"}]'
}

@test "a recorded stream can be what it is told, and it can stay after the end of its input" {
  printf '%s\n' '{"type":"stream","version":1,"producer":"x"}' '{"type":"run_start","run":1}' \
    '{"type":"command","command":{"type":"ConfigurePayments","behavior":"close"}}' '{"type":"end"}' >recorded
  pd-mock -M payments.jq --port-file port --stay recorded >out.ndjson 2>log 3>&- &
  MOCK_PID=$!
  servers+=("$MOCK_PID")
  wait_for test -s port
  MOCK_URL=http://127.0.0.1:$(<port)
  wait_for charged_in_vain
  kill "$MOCK_PID" && wait "$MOCK_PID"
  out_is '.[-1].fault == "close"'
}
charged_in_vain() { ! charge; }

@test "what is no mock is an error" {
  echo 'def serve($request): {};' >none.jq
  run -2 --separate-stderr pd-mock -M none.jq
  assert_stderr_has 'none.jq: there is no handle($request)'
  run -2 --separate-stderr pd-mock
  assert_stderr_has 'a mock is needed: -M MOCK.jq'
  echo 'def init_state: error("x"); def handle($r): null;' >bad.jq
  run -2 --separate-stderr pd-mock -M bad.jq </dev/null
}
