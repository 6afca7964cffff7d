#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bugs 10 and 11 of toybank: a repeated transfer, and authorizations that come late, flap or never come.
# shellcheck disable=SC2034 # variables for lib/toybank
# shellcheck disable=SC2154 # variables from the helpers

load lib/helper
load lib/toybank
load lib/exec

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "bug 10: a repeated transfer is booked twice" {
  hunt_bug 10 --stutter 1 --stutter-delay 0:1ms
}

@test "bug 11: an authorization comes late, flaps or never comes" {
  # As drawn by the model, one authorization in a thousand is large enough.
  sed 's/\[1, int(1; 8000000000)\]/[15, int(900; 3000)]/' "$examples/toybank.jq" >often.jq
  grep -q '900; 3000' often.jq
  bank=(-m "$PWD/often.jq")
  hunt_waiting 11
}

@test "bug 11: each of its ways is told apart" {
  local amount kind
  start_toybank --bugs 11
  while read -r amount kind; do
    plan '{"type":"CreateAccount","currency":"USD"}' '{"type":"Credit","account":"@c1.account","amount":5000,"currency":"USD"}' \
      '{"type":"Authorize","account":"@c1.account","amount":'"$amount"'}' >plan
    run -1 --separate-stderr pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" plan
    assert_that "failures[0] | [.kind, .name, .message] | join(\" \") | test(\"^$kind\$\")"
  done <<'END'
1001 poll_timeout authorized .* is pending
1002 poll_timeout authorized .* is pending
1003 check_failed authorizations_are_final .* was declined and is authorized
END
}

@test "without the bugs nothing is reported by the same means" {
  set -o pipefail
  start_toybank
  pd-gen "${bank[@]}" -n 300 -s 1 |
    pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --stutter 1 --stutter-delay 0:1ms >out
  assert_that 'the_end | .status == 0 and .counts.passed == 300' out
  assert_that '[.[] | select(.source == "stutter") | .same] | length > 100 and all' out
}
