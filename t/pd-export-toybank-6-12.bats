#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-export makes of toybank's bugs 6 to 12, hunted and shrunk here: every format finds the bug in a
# bank that has it, and not in one without; but for one that only polls show, which scripts refuse.

load lib/helper
load lib/toybank
load lib/export

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "bug 6: refunds may exceed their capture in sum" {
  exports_tell 6
}

@test "bug 7: a closed account takes credits" {
  exports_tell 7
}

@test "bug 8: closing an account with a hold loses the money" {
  exports_tell 8
}

@test "bug 12: amounts past 2^31 wrap" {
  exports_tell 12
}

@test "bug 9: a debit lets others in between reading and writing the balance" {
  formats+=(jest elixir exunit livebook)
  drawn=(-n 200 --branches) stopping=(--max-failures 3)
  export PD_ATTEMPTS=400
  start_toybank --bugs 9
  url=$TOYBANK_URL
  hunt_once 1 --jitter 1ms
  jq -c 'select(.type == "failure" and .shrink)' out | head -n 1 >failure.pd.json
  for format in "${formats[@]}"; do assert_reproduces "$format" failure.pd.json "$url"; done
  start_toybank
  export PD_ATTEMPTS=3
  for format in "${formats[@]}"; do assert_not_reproduced "$format" failure.pd.json "$TOYBANK_URL"; done
}

@test "bug 10: a repeated transfer is booked twice" {
  exports_tell 10 --stutter 1 --stutter-delay 0:1ms
  # Without the model and the adapter, too, what was answered first is right.
  jq -c 'del(.model, .adapter)' failure.pd.json >bare.pd.json
  assert_not_reproduced curl bare.pd.json "$TOYBANK_URL"
  start_toybank --bugs 10
  assert_reproduces curl bare.pd.json "$TOYBANK_URL"
}

@test "bug 11: what polls showed, scripts refuse and pages tell" {
  start_toybank --bugs 11
  printf '%s\n' '{"type":"CreateAccount","currency":"USD"}' '{"type":"Credit","account":"@c1.account","amount":5000,"currency":"USD"}' \
    '{"type":"Authorize","account":"@c1.account","amount":1001}' |
    jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [], prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}' >plan
  run -1 --separate-stderr pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" plan
  printf '%s\n' "$output" >out
  run -2 --separate-stderr pd-export out
  assert_stderr_has 'curl cannot ask until time is up'
  run -0 pd-export -f markdown out
  assert_output_has 'authorized did not come true'
  run -0 pd-export -f har out
}
