#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-export makes of toybank's bugs 6 to 9 and 12, hunted and shrunk here: every format finds the bug in a bank that has it, and
# not in one without.

load lib/helper
load lib/toybank
load lib/export

formats=(curl python stdlib bats pytest)

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# exports_tell BUG [OPTION of pd-exec…]
exports_tell() {
  local format bug=$1 url
  start_toybank --bugs "$bug"
  url=$TOYBANK_URL
  hunt_once 1 "${@:2}"
  jq -c 'select(.type == "failure" and .shrink)' out >failure.pd.json
  for format in "${formats[@]}"; do assert_reproduces "$format" failure.pd.json "$url"; done
  start_toybank
  for format in "${formats[@]}"; do assert_not_reproduced "$format" failure.pd.json "$TOYBANK_URL"; done
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
