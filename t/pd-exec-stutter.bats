#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Commands that are sent once more: what is repeated, how answers are compared, and what a violation tells.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2094 # a file is written, then read
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  # The system is a folder: each program's output is its answer.
  cat >shop.jq <<'END'
module {"name": "shop"};
include "pd";
def init: {orders: 0};
def commands:
  { Order: {idempotent: true, idempotency_key: "key", acceptable_retry_events: ["AlreadyOrdered"], args: {key: const("k"), does: oneof(["sh good", "sh bad"])}},
    Add: {args: {}},
    Look: {idempotent: true, read_only: true} };
def on_Ordered($e): .orders += 1;
def on_Added($e): .orders += 1;
def check_c($x): true;
END
  cat >adapter.jq <<'END'
include "pd";
def request_Order: {argv: ["sh", "-c", "echo \(.key) >>sent; \(.does)"]};
def request_Add: {argv: ["sh", "-c", "echo add >>sent; wc -l <sent"]};
def request_Look: {argv: ["echo", "here"]};
def events_Order($c): if .exit == 0 then .stdout | fromjson else unexpected("exit \(.exit)") end;
def events_Add($c): {type: "Added", n: .stdout};
def events_Look($c): {type: "Seen", text: .stdout};
END
  shop=(pd-exec -m shop.jq -a adapter.jq --stutter 1 --stutter-max 1 --stutter-delay 0:0)
  : >sent
}

teardown() {
  pd_teardown
}

# order SCRIPT: an Order whose answer this script writes; n is how often it was sent.
order() { jq -nc --arg does "n=\$(wc -l <sent); $1" '{type: "Order", key: "k", does: $does}'; }

@test "idempotent commands are sent again; what they are answered is recorded, and not folded" {
  plan "$(order 'echo "{\"type\":\"Ordered\",\"id\":5}"')" '{"type":"Add"}' '{"type":"Look"}' >plan
  run -0 --separate-stderr "${shop[@]}" --trace plan
  assert_that 'of("event") | map([.id, .source, .event.type, .attempt, .same]) == [
    ["c1", "command", "Ordered", null, null], ["c1", "stutter", "Ordered", 2, true], ["c2", "command", "Added", null, null],
    ["c3", "command", "Seen", null, null], ["c3", "stutter", "Seen", 2, true]] and map(.n) == [1, 2, 3, 4, 5]'
  assert_that 'ends[0] | .state.orders == 2 and .events == 5 and .commands == 3'
  [[ $(tr '\n' ' ' <sent) == 'k k add ' ]]
  # Whoever folds the records comes to the same state.
  printf '%s\n' "$output" >recorded
  run -0 --separate-stderr pd-check -m shop.jq --trace recorded
  assert_that 'ends[0].state.orders == 2'
}

@test "an answer that differs is a violation, with the attempts side by side" {
  plan "$(order 'echo "{\"type\":\"Ordered\",\"id\":$n,\"of\":\"x\"}"')" '{"type":"Look"}' >plan
  run -1 --separate-stderr "${shop[@]}" plan
  assert_that 'failures[0] | .class == "assertion" and .kind == "idempotency_violation" and .name == "Order" and .id == "c1" and
    .data == {attempts: [{attempt: 1, events: [{type: "Ordered", id: 1, of: "x"}]}, {attempt: 2, events: [{type: "Ordered", id: 2, of: "x"}]}]} and
    (.message | test("Ordered, id: first 1, then 2$"))'
  assert_that '(of("event") | map(.same)) == [null, false] and (of("command") | length) == 1'
  # Fields may be ignored.
  : >sent
  run -0 --separate-stderr "${shop[@]}" --stutter-ignore id,at plan
  # An answer that the adapter does not expect is one, too.
  : >sent
  plan "$(order '[ $n = 1 ] && echo "{\"type\":\"Ordered\"}"')" >plan
  run -1 --separate-stderr "${shop[@]}" plan
  assert_that 'failures[0] | .kind == "idempotency_violation" and .data.attempts[1] == {attempt: 2, reason: .data.attempts[1].reason}
    and (.data.attempts[1].reason | test("exit 1"))'
  # What does not come is not.
  : >sent
  plan "$(order '[ $n = 1 ] || sleep 9; echo "{\"type\":\"Ordered\"}"')" >plan
  run -2 --separate-stderr "${shop[@]}" --timeout 300ms plan
  assert_that 'failures[0] | .kind == "command_timeout" and .id == "c1"'
}

@test "an entry says which other events are as good, and same_CMD says it all" {
  plan "$(order '[ $n = 1 ] && echo "{\"type\":\"Ordered\"}" || echo "{\"type\":\"AlreadyOrdered\"}"')" >plan
  run -0 --separate-stderr "${shop[@]}" plan
  assert_that 'of("event") | map(.same) == [null, true]'
  plan "$(order 'echo "{\"type\":\"Ordered\",\"id\":$n,\"sum\":$((n / 3))}"')" >plan
  echo 'def same_Order($first; $again): .key == "k" and $first[0].sum == $again[0].sum;' >>shop.jq
  : >sent
  run -0 --separate-stderr "${shop[@]}" plan
  : >sent
  run -1 --separate-stderr "${shop[@]}" --stutter-max 20 --stutter-ignore sum plan
  assert_that 'failures[0] | .kind == "idempotency_violation" and .data.attempts[1].attempt == 3'
  echo 'def same_Order($first; $again): 5;' >>shop.jq
  : >sent
  run -2 --separate-stderr "${shop[@]}" plan
  assert_that 'failures[0] | .kind == "model_error" and (.message | test("same_Order/2 should give true or false"))'
}

@test "which commands stutter follows from the seed and the command: again, and when others are gone" {
  local looks
  mapfile -t looks < <(for _ in $(seq 200); do echo '{"type":"Look"}'; done)
  plan "${looks[@]}" >plan
  local shop=(pd-exec -m shop.jq -a adapter.jq --stutter 0.25 --stutter-max 3 --stutter-delay 0:2ms)
  run -0 --separate-stderr "${shop[@]}" plan
  assert_that '[of("event")[] | select(.source == "stutter")] | map(.id) | unique | length | . > 25 and . < 80'
  assert_that '[of("event")[] | select(.source == "stutter").attempt] | unique == [2, 3, 4]'
  jq -c 'select(.source == "stutter") | [.id, .attempt]' <<<"$output" >first
  jq -c '.prefix |= [.[] | select(.id[1:] | tonumber % 2 == 0)]' plan >half
  run -0 --separate-stderr "${shop[@]}" half
  jq -c 'select(.source == "stutter") | [.id, .attempt]' <<<"$output" >again
  diff <(jq -c 'select(.[0][1:] | tonumber % 2 == 0)' first) again
  jq -c '.seed = 8' plan >other
  run -0 --separate-stderr "${shop[@]}" other
  run -1 diff -q first <(jq -c 'select(.source == "stutter") | [.id, .attempt]' <<<"$output")
}

@test "pauses lie within --stutter-delay, and --stutter-commands names what is repeated" {
  plan '{"type":"Add"}' '{"type":"Look"}' '{"type":"Look"}' >plan
  run -0 --separate-stderr pd-exec -m shop.jq -a adapter.jq --stutter 1 --stutter-max 1 --stutter-delay 120ms:200ms plan
  assert_that 'of("event") | map(.at_us) | .[2] - .[1] > 120000 and .[4] - .[3] > 120000'
  run -1 --separate-stderr "${shop[@]}" --stutter-commands Add plan
  assert_that 'failures[0] | .kind == "idempotency_violation" and .name == "Add"'
  plan '{"type":"Add"}' >plan
  run -2 --separate-stderr "${shop[@]}" plan
  assert_stderr_has "--stutter repeated nothing: no command that was answered is one that the model calls idempotent"
  local bad message
  while IFS='|' read -r bad message; do
    run -2 --separate-stderr pd-exec -m shop.jq -a adapter.jq $bad plan
    assert_stderr_has "$message"
  done <<'END'
--stutter 2|--stutter:
--stutter-max 0|--stutter-max
--stutter-delay 5:9|--stutter-delay
--stutter-delay 9ms:5ms|--stutter-delay: '9ms:5ms' ends before it begins
--stutter-commands A,,B|--stutter-commands: 'A,,B' has an empty name
END
}

@test "an adapter sends the idempotency key with each attempt, in jq and as a coprocess" {
  start_python faulty.py --mode echo
  cat >keys.jq <<'END'
include "pd";
def headers: {"X-All": "yes", "Idempotency-Key": "none"};
def idempotency_headers($key): {"Idempotency-Key": "\(.type)-\($key)"};
def request_Order: {method: "POST", path: "/orders", json: {}};
def events_Order($c): {type: "Ordered", key: .body.headers["idempotency-key"], all: .body.headers["x-all"]};
def request_Look: {path: "/"};
def events_Look($c): {type: "Seen", key: .body.headers["idempotency-key"]};
END
  plan '{"type":"Order","key":"k7"}' '{"type":"Look"}' >plan
  run -0 --separate-stderr pd-exec -m shop.jq -a keys.jq -u "$SERVER_URL" --stutter 1 --stutter-max 1 plan
  assert_that 'events | map(.key) == ["Order-k7", "Order-k7", "none", "none"] and .[0].all == "yes"'
  cat >keys.sh <<'END'
while IFS= read -r line; do
  printf '%s\n' "$line" >>asked
  printf '%s\n' "$line" | jq -c '{id} + if .op == "execute" then {events: [{type: "Ordered"}]} else {hooks: []} end'
done
END
  plan '{"type":"Order","key":"k7"}' >plan
  run -0 --separate-stderr pd-exec -m shop.jq -A 'sh keys.sh' --stutter 1 --stutter-max 1 plan
  jq -es '.[1:] | map([.idempotency_key, .attempt]) == [["k7", null], ["k7", 2]]' asked
}

@test "branches stutter, too" {
  jq -nc --argjson order "$(order 'echo "{\"type\":\"Ordered\",\"id\":5}"')" '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [], suffix: [],
    branches: [range(1; 4) | [{id: "c\(.)", command: $order}]]}' >plan
  run -0 --separate-stderr "${shop[@]}" --trace plan
  assert_that 'of("event") | map([.source, .branch]) | group_by(.[1]) | all(map(.[0]) == ["command", "stutter"])'
  assert_that 'ends[0].state.orders == 3'
  jq -c '.branches[1][0].command.does = "wc -l <sent | jq \"{type: \\\"Ordered\\\", id: .}\""' plan >bad
  run -1 --separate-stderr "${shop[@]}" bad
  assert_that 'failures[0] | .kind == "idempotency_violation" and .id == "c2" and .branch == 1'
}

@test "a violation is shrunk, and told so that it comes again" {
  echo 'echo "{\"type\":\"Ordered\",\"id\":5}"' >good
  echo 'echo "{\"type\":\"Ordered\",\"id\":$(wc -l <sent)}"' >bad
  plan '{"type":"Look"}' '{"type":"Order","key":"k","does":"sh good"}' '{"type":"Add"}' \
    '{"type":"Order","key":"k","does":"sh bad"}' '{"type":"Look"}' >plan
  run -1 --separate-stderr "${shop[@]}" plan
  printf '%s\n' "$output" >failed
  run -1 --separate-stderr pd-shrink -m shop.jq failed -- "${shop[@]}"
  assert_that 'of("failure")[0] | .failure.kind == "idempotency_violation" and (.shrunk.prefix | map(.id) == ["c4"])'
  run -1 pd-report <<<"$output"
  assert_output_has "Order had another effect when it was repeated"
  assert_output_has "-> again: Ordered"
  sed -n '/^  Run this sequence again:/{n;p}' <<<"$output" >again.sh
  grep -q -- '--stutter 1 --stutter-max 1 --stutter-delay 0:0' again.sh
  run -1 sh again.sh
}
