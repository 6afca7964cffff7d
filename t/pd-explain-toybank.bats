#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-explain against toybank with planted bugs, after the whole pipeline: what each of them comes down to.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/toybank
load lib/explain

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# explain_bug BUG [OPTION…]: found at seed 1, shrunk, explained; out has the explanation. Ids of commands
# become their places: c1, c2, c3.
explain_bug() {
  start_toybank --bugs "$1"
  hunt_once 1 "${@:2}"
  cp out shrunk.ndjson
  bank_exec=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}")
  run -0 --separate-stderr timeout 60 pd-explain "${bank[@]}" shrunk.ndjson -- "${bank_exec[@]}"
  [[ ! $stderr ]] || fail "$stderr"
  jq -c 'select(.type == "explanation")' <<<"$output" >found
  assert_json 'length == 1 and .[0].stopped == "complete" and .[0].shrunk' found
  jq -c '. as $e | (reduce (.commands | to_entries[]) as $c ({}; .["\($c.value.id)"] = "c\($c.key + 1)")) as $n
    | walk(if type == "object" and has("id") then .id = ($n[.id] // .id) else . end)' found >out
}
commands() { jq -r '.commands | map(.command.type) | join(", ")' out; }

@test "bug 2, an authorization's first capture: the amount captured, and it is 2 that fails and 1 that passes" {
  explain_bug 2
  [[ $(commands) == 'CreateAccount, Credit, Authorize, Capture' ]]
  assert_roles 'c1 dependency, c2 context, c3 dependency, c4 trigger'
  assert_isolated 'c4 .amount 2 1'
  assert_json '.[0] | .trigger.change == -1 and any(.commands[3].changes[]; .path | test("captured$"))
    and any(.commands[1].changes[]; .path | test("balance$"))'  out
  run -0 pd-explain --format terminal "${bank[@]}" shrunk.ndjson -- "${bank_exec[@]}"
  grep -qE '^    c[0-9]+ Capture \.amount: 2 fails, 1 passes$' <<<"$output" || fail "$output"
}

@test "bug 5, a credit in another currency: either currency makes it go away" {
  explain_bug 5
  assert_roles 'c1 dependency, c2 trigger'
  assert_json '.[0] | .trigger.argument == ".currency" and .trigger.id == "c2" and .trigger.value != .trigger.passes_with
    and (.trigger.others | length) == 1 and .trigger.others[0].id == "c1" and .trigger.others[0].argument == ".currency"
    and (.commands[0].reason | test("^makes the account that c.* uses; it is context as well: its .currency matters"))' out
}

@test "bug 6, refunds beyond their capture: the refund before is context" {
  explain_bug 6
  [[ $(commands) == 'CreateAccount, Credit, Authorize, Capture, Refund, Refund' ]]
  assert_roles 'c1 dependency, c2 context, c3 dependency, c4 dependency, c5 context, c6 trigger'
  assert_isolated 'c6 .amount 1 2' 'c5 .amount 1 2'
  assert_json '.[0].commands[4] | .reason == "nothing refers to it, but without it the run passes"
    and any(.changes[]; (.path | test("refunded$")) and .before == 0 and .after == 1)' out
}

@test "bug 12, a credit that wraps: 2147483648 fails, 2147483647 passes" {
  explain_bug 12
  assert_roles 'c1 dependency, c2 trigger'
  assert_json '.[0].trigger | .argument == ".amount" and .value == 2147483648 and .passes_with == 2147483647' out
}

@test "a bank without bugs: there is nothing to explain, and that is no success" {
  start_toybank
  exec=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  pd-gen "${bank[@]}" -n 20 -s 1 | "${exec[@]}" | pd-shrink "${bank[@]}" -- "${exec[@]}" >passing
  run -2 --separate-stderr pd-explain "${bank[@]}" passing -- "${exec[@]}"
  assert_stderr_has 'the input had no failure record'
}

@test "a bug that was mended since: the failure does not come back, and no cause is made up" {
  explain_bug 2
  curl -sS -X PUT -H 'content-type: application/json' -d '{"bugs":[]}' "$TOYBANK_URL/bugs" >answer
  run -2 --separate-stderr pd-explain "${bank[@]}" shrunk.ndjson -- "${bank_exec[@]}"
  assert_stderr_has 'did not come back: executed again, the sequence passed'
  [[ $output != *'"type":"explanation"'* ]]
}
