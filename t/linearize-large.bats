#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-linearize on histories of 5,000 operations by 20 processes that are linearizable by construction, and on
# the same with one result changed.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper
load lib/linearize

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# constructed SPEC SEED [OPTION…]: write "history", and judge it into "records"; the orders, prefixes and
# refutations of these must hold.
constructed() {
  "$tools/histories.py" large "$@" >history
  "$PD_BIN/pd-linearize" --spec "$1" history >records || [[ $? == 1 ]]
  run -0 "$tools/brute.py" "$1" --constructed --compare records history
  assert_json '.[0] | .judged == 1 and .different == 0'
}
assert_refuted_percent() { assert_json ".[0].refuted_percent == $1"; }

# large SPEC UNKNOWN: without, and with so many operations of unknown outcome. A result that is impossible in any order
# is refuted; of those that another such operation got, some are where clients seldom overlap.
large() {
  local unknown seed refuted=0
  for unknown in 0 "$2"; do
    constructed "$1" 1 --unknown "$unknown"
    assert_refuted_percent 0
    assert_json ".[0].unknown_outcomes == $unknown"
    constructed "$1" 1 --unknown "$unknown" --change impossible
    assert_refuted_percent 100
    constructed "$1" 1 --unknown "$unknown" --change plausible
    for seed in 1 2; do
      constructed "$1" "$seed" --unknown "$unknown" --think 200 --change plausible
      refuted=$((refuted + $(jq -s '.[0].refuted_percent / 100' <<<"$output")))
    done
  done
  echo "# $1: $refuted of 4 refuted with a plausible result" >&3
  ((refuted > 0))
}

@test "register: 5,000 operations by 20 processes, as made, and with a result changed" { large register 250; }
@test "cas-register: 5,000 operations by 20 processes, as made, and with a result changed" { large cas-register 250; }
@test "counter: 5,000 operations by 20 processes, as made, and with a result changed" { large counter 10; }
@test "set: 5,000 operations by 20 processes, as made, and with a result changed" { large set 10; }
@test "queue: 5,000 operations by 20 processes, as made, and with a result changed" { large queue 10; }
@test "stack: 5,000 operations by 20 processes, as made, and with a result changed" { large stack 1; }
@test "kv: 5,000 operations by 20 processes, as made, and with a result changed" { large kv 250; }
