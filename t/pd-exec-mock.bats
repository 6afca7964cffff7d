#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Mocks: a third party that pd-exec starts, tells of the run, and takes events from; a shop that depends on it.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2030,SC2031,SC2094 # each test has its own; records are made, then read
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  cat >payments.jq <<'END'
module {"name": "payments"};
def init_state: {behavior: "approve", charges: 0, seen: []};
def on_command($c): if $c.type == "ConfigurePayments" then .behavior = $c.behavior elif $c.type == "Break" then error("broken") else . end;
def on_event($e): .seen += [$e.type];
def handle($request; $model):
  if $request.path == "/state" then {json: {mock: ., model: $model}}
  elif $request.path != "/charges" then null
  elif .behavior == "decline" then {status: 402, events: {type: "Declined", order: $request.body.order}}
  elif .behavior == "approve" then
    {status: 201, json: {id: .charges}, state: (.charges += 1),
     events: {type: "Charged", order: $request.body.order, amount: $request.body.amount}}
  elif .behavior == "fail" then error("no money")
  else {fault: .behavior} end;
END
  cat >checkout.jq <<'END'
module {"name": "checkout", "triggers": {"paid_is_charged": {"at": "settled"}}};
include "pd";
def init: {behavior: "approve", orders: {}, charged: {}};
def commands:
  {ConfigurePayments: {semantics: "mock_config", weight: 3, args: {behavior: oneof(["approve", "decline", "timeout", "malformed"])}},
   Order: {weight: 3, args: {amount: int(1; 500)}}};
def awaits_Order($c; $events): $events[0].order as $order | {type: "Charged", order: $order}, {type: "Declined", order: $order};
def on_ConfigurePayments($c): .behavior = $c.behavior;
def on_Ordered($e): .orders[$e.order] = $e;
def on_Charged($e): .charged[$e.order] = $e.amount;
def check_paid_is_charged($x):
  . as $state
  | first(.orders[] | select(.state != "unknown" and (.state == "paid") != (.order | in($state.charged)))
    | fail("\(.order) is \(.state), the provider charged \($state.charged[.order] // "nothing")")) // true;
END
  cat >adapter.jq <<'END'
include "pd";
def request_Order: {method: "POST", path: "/orders", json: {amount}};
def events_Order($c): if .status == 201 then {type: "Ordered", order: .body.order, state: .body.state, amount: $c.amount} else unexpected end;
END
  PORT=$(free_port)
  mocked=(--mock "pd-mock -M payments.jq --port $PORT" --grace 0)
}

teardown() {
  pd_teardown
}

# shop OPTION…: a shop whose provider is at the mock's port.
shop() { start_python checkout.py --payments "http://127.0.0.1:$PORT" "$@"; }
sell() { pd-exec -m checkout.jq -a adapter.jq -u "$SERVER_URL" "${mocked[@]}" "$@"; }

# is_gone: nothing of ours listens at the mock's port any more.
is_gone() { ! (: <>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

@test "a mock is told of commands and events, begins anew with each run, and its events are folded after the command" {
  shop
  plan '{"type":"Order","amount":5}' '{"type":"ConfigurePayments","behavior":"decline"}' '{"type":"Order","amount":6}' >plan
  plan_run 2 '{"type":"Order","amount":7}' >>plan
  run -0 --separate-stderr sell plan
  assert_that 'of("event") | map([.run, .id, .source, .event.type]) == [
    [1, "c1", "command", "Ordered"], [1, "c1", "mock", "Charged"],
    [1, "c3", "command", "Ordered"], [1, "c3", "mock", "Declined"],
    [2, "c1", "command", "Ordered"], [2, "c1", "mock", "Charged"]]'
  # What configures it was not sent, and is recorded.
  assert_that 'of("command") | map([.id, .attempts]) | .[1] == ["c2", 0]'
  # What it was asked stands in the records of the run.
  assert_that 'of("request") | map([.run, .mock, .path, .status]) == [
    [1, "pd-mock", "/charges", 201], [1, "pd-mock", "/charges", 402], [2, "pd-mock", "/charges", 201]] and all(.at_us >= 0)'
  [[ $stderr == "pd-mock: listening on http://127.0.0.1:$PORT" ]]
  is_gone
  run -0 --separate-stderr sell --no-exchange plan
  assert_that 'of("request") == [] and (of("event") | length == 6)'
}

@test "a mock sees the model's state and all events of the run, its own included" {
  plan '{"type":"Order","amount":5}' '{"type":"Look"}' >plan
  cat >direct.jq <<'END'
include "pd";
def request_Order: {method: "POST", path: "/charges", json: {order: "o1", amount}};
def events_Order($c): {type: "Ordered", order: "o1", state: "paid"};
def request_Look: {path: "/state"};
def events_Look($c): {type: "Looked", at: .body};
END
  run -0 --separate-stderr pd-exec -m checkout.jq -a direct.jq -u "http://127.0.0.1:$PORT" "${mocked[@]}" plan
  assert_that 'events | last.at | (.mock.seen == ["Ordered", "Charged"]) and .model.charged == {o1: 5} and .model.orders.o1.state == "paid"'
}

# hunt BUG|none [OPTION of pd-gen…]: sets found, the number of runs that failed, at the same seed.
hunt() {
  shop ${1:+--bug "$1"} ${1:+--patience 0.05}
  pd-gen -m checkout.jq -n 30 -s 3 --max-commands 8 "${@:2}" >plans
  sell plans >out || [[ $? == 1 ]]
  found=$(jq -s 'map(select(.type == "run_end" and .failure.name == "paid_is_charged")) | length' out)
}

@test "a shop that takes a declined or an unanswered payment for a paid one is found out, one that does not is not" {
  local bug branches
  for branches in "" --branches; do
    hunt "" $branches
    assert_that 'the_end | .status == 0 and .counts.passed == 30' out
    assert_that '[of("request")[] | .status // .fault] | unique | length > 3' out
    for bug in declined timeout; do
      hunt "$bug" $branches
      ((found > 0)) || fail "$bug $branches"
      assert_that 'failures | map(select(. != null)) | all(.kind == "check_failed" and (.message | test("is paid, the provider charged nothing")))' out
      # Judged from the records: the same.
      pd-check -m checkout.jq out >checked || [[ $? == 1 ]]
      assert_that 'ends | all(has("recorded") | not)' checked
    done
  done
}

@test "what is found with a mock is shrunk with it" {
  shop --bug declined
  pd-gen -m checkout.jq -n 30 -s 3 --max-commands 8 | sell --stop-on-failure >out || :
  run -1 --separate-stderr pd-shrink -m checkout.jq out -- pd-exec -m checkout.jq -a adapter.jq -u "$SERVER_URL" "${mocked[@]}"
  assert_that 'map(select(.type == "failure" and .shrink)) | length == 1 and (.[0].shrunk.prefix | map(.command.type) == ["ConfigurePayments", "Order"])'
  is_gone
}

@test "a request that a mock has no answer to is recorded, and fails the run if it is to" {
  shop --lost
  plan '{"type":"Order","amount":5}' '{"type":"Order","amount":6}' >plan
  run -0 --separate-stderr sell --no-exchange plan
  assert_that 'of("request") | map([.target, .status, .unmatched]) == [["/refunds?of=o1", 404, true], ["/refunds?of=o2", 404, true]]'
  mocked=(--mock "bank=pd-mock -M payments.jq --port $PORT" --mock-strict --grace 0)
  run -1 --separate-stderr sell plan
  assert_that "failures[0] | .class == \"assertion\" and .kind == \"unmatched_request\" and .name == \"bank\" and
    (.message | test(\"mock 'bank' has no answer to POST /refunds\"))"
  assert_that 'of("command") | length == 1'
  run -2 --separate-stderr sell --inject 'sleep 9' --mock-strict plan
  assert_stderr_has "--mock-strict stands behind the --mock that it is for"
}

@test "a mock that cannot start, dies, fails or says nothing ends the run in order" {
  local command message
  plan '{"type":"Order","amount":5}' '{"type":"Order","amount":6}' >plan
  jq -c '.teardown = [{id: "t1", command: {type: "Order", amount: 1}}]' plan >torn
  shop
  # Its port is taken.
  start_server other pd-mock -M payments.jq --port "$PORT" --stay
  wait_for grep -q listening other.log
  run -2 --separate-stderr sell torn
  assert_stderr_has "mock 'pd-mock' ended (exit status 2): pd-mock -M payments.jq --port $PORT"
  assert_that 'the_end | .status == 2 and .counts.runs == 0'
  stop_servers
  shop
  # It says hello, takes the run and the first command, and then: dies, does not answer, talks nonsense.
  cat >wrong <<'END'
n=0
while read -r line; do
  case $line in *'"ask"'*) ;; *) continue ;; esac
  n=$((n + 1))
  [ $n -le 3 ] || $1
  printf '{"type":"ack","ask":%s}\n' "$n"
done
END
  while IFS='|' read -r command message; do
    mocked=(--mock "wrong=sh wrong '$command'" --grace 0 --timeout 500ms)
    run -2 --separate-stderr timeout 20 pd-exec -m checkout.jq -a adapter.jq -u "$SERVER_URL" "${mocked[@]}" torn torn
    assert_that "failures[0] | .class == \"framework\" and .kind == \"mock_failed\" and .name == \"wrong\" and (.message | test(\"$message\"))"
    assert_that 'ends | length == 1'
    assert_that 'of("command") | last.id == "t1"'
    assert_that 'the_end.problems | any(test("a mock failed"))'
  done <<'END'
exit 3|mock 'wrong' ended .exit status 3.
sleep 100|mock 'wrong' did not take what it was told within 0.5 s
echo hello|mock 'wrong' wrote what is no record of a request and no ack: hello
END
  # Its functions fail: at a request, at a command.
  mocked=(--mock "pd-mock -M payments.jq --port $PORT" --grace 0)
  plan '{"type":"ConfigurePayments","behavior":"fail"}' '{"type":"Order","amount":5}' >plan
  run -2 --separate-stderr sell plan
  assert_that "failures[0] | .kind == \"mock_failed\" and (.message | test(\"mock 'pd-mock' failed at POST /charges: .*no money\"))"
  plan '{"type":"Break"}' >plan
  run -2 --separate-stderr sell plan
  assert_that "failures[0] | .kind == \"mock_failed\" and (.message | test(\"mock 'pd-mock' failed: .*broken\"))"
  is_gone
}

@test "a signal ends a run that waits, and its mock" {
  shop --patience 60
  plan '{"type":"ConfigurePayments","behavior":"timeout"}' '{"type":"Order","amount":5}' >plan
  "$PD_BIN/pd-exec" -m checkout.jq -a adapter.jq -u "$SERVER_URL" "${mocked[@]}" --line-buffered plan >out 3>&- &
  local pid=$!
  servers+=("$pid")
  wait_for grep -q '"fault":"timeout"' out
  kill -TERM "$pid"
  wait "$pid" || [[ $? == 143 ]]
  assert_that 'ends[0].status == "aborted"' out
  wait_for is_gone
}
