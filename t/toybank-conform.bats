#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# toybank's bugs are found with no check at all, by answers that are not what the model predicts.
# shellcheck disable=SC2154 # variables from the helpers

load lib/helper
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# assert_conform_finds BUG COMMANDS: at the seeds 1 and 2, with that many commands left.
assert_conform_finds() {
  start_toybank --bugs "$1"
  for seed in 1 2; do
    hunt_once "$seed" --checks off --conform
    assert_json "map(select(.type == \"failure\")) | length == 1 and (.[0] | .failure.kind == \"prediction_mismatch\" and
      .reproduced and (.shrunk.prefix | length) == $2)" out
  done
}

@test "bugs 1 to 4 are found by prediction alone" {
  assert_conform_finds 1 4
  assert_conform_finds 2 4
  assert_conform_finds 3 4
  assert_conform_finds 4 5
}

@test "bugs 5 to 8 and 12 are found by prediction alone" {
  assert_conform_finds 5 2
  assert_conform_finds 6 6
  assert_conform_finds 7 3
  assert_conform_finds 8 4
  assert_conform_finds 12 2
}
