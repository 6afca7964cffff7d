#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-export makes of toybank's bugs 1 to 5, hunted and shrunk here: every format finds the bug in a bank that has it, and
# not in one without.

load lib/helper
load lib/toybank
load lib/export

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "bug 1: a debit ignores holds" {
  formats+=(jest elixir exunit livebook postman k6)
  exports_tell 1
}

@test "bug 2: a capture may exceed its authorization" {
  exports_tell 2
}

@test "bug 3: captures may exceed their authorization in sum" {
  exports_tell 3
}

@test "bug 4: a release after a capture gives the whole hold back" {
  exports_tell 4
}

@test "bug 5: a credit in another currency is booked as it is" {
  exports_tell 5
}

@test "bug 4 where ids are integers beyond what a double holds" {
  start_toybank --bugs 4 --numeric-ids
  url=$TOYBANK_URL
  hunt_once 1
  jq -c 'select(.type == "failure" and .shrink)' out >failure.pd.json
  for format in curl python javascript elixir; do assert_reproduces "$format" failure.pd.json "$url"; done
  # It is told, but neither sent nor expected.
  run ! grep -E '^ *(send|expect|reply =).*1499816949527975237' script.curl script.python script.javascript script.elixir
}
