#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What programs hold in memory does not grow with the number of runs that fail.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper
load lib/memory

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "pd-report: a terminal's report of 10,000 failing runs" { assert_bounded 1 pd-report; }
@test "pd-report: a compact report of 10,000 failing runs" { assert_bounded 1 pd-report --format compact; }
@test "pd-report: a JSON document of 10,000 failing runs" { assert_bounded 1 pd-report --format json; }
@test "pd-report --save: 10,000 failing runs, of which the first is saved" {
  assert_bounded 1 pd-report --format compact --save saved
  (($(ls saved | wc -l) == 2)) # one of each stream
}
@test "pd-report --save-all: 10,000 failing runs, each saved" {
  # Where forcing a file to the disk costs nothing.
  saved=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || pwd)")
  assert_bounded 1 pd-report --format compact --save "$saved" --save-all
  (($(ls "$saved" | wc -l) == 11000))
  rm -r "$saved"
}

@test "pd-failures: the memory for 10,000 files is what the manual says" {
  mkdir many
  tail -n 1 "$BATS_TEST_DIRNAME/data/records/valid/failures.ndjson" >one
  jq -nc --slurpfile one one 'range(10000) | $one[]' | split -l 1 -a 5 --additional-suffix .pd.json - many/
  for measure in 'list 33000' 'check 25500' 'list --limit 5 25500'; do
    read -ra words <<<"${measure% *}"
    peak_of pd-failures "${words[@]}" many >out
    ((STATUS == 0 && PEAK < ${measure##* })) || fail "$measure: status $STATUS, $PEAK KiB"
    echo "# pd-failures ${words[*]}: $PEAK KiB for 10,000 files" >&3
  done
}

@test "pd-shrink: 10,000 failing runs, of which the first is shrunk" {
  failing_runs 1000
  assert_bounded 1 pd-shrink -m "$counter_model" -- "${counter_executor[@]}"
}
@test "pd-shrink --all: 10,000 failing runs, each shrunk" {
  failing_runs 1000
  assert_bounded 1 pd-shrink --all --strategy quick -m "$counter_model" -- "${counter_executor[@]}"
}

@test "pd-exec: 10,000 runs with branches" {
  local runs small
  branching_runs() {
    jq -nc --argjson runs "$1" 'range(1; $runs + 1) | {type: "sequence", run: ., seed: ., prefix: [],
      branches: [[range(1; 3)], [range(3; 5)]] | map(map({id: "c\(.)", command: {type: "Increment", by: 1}})),
      suffix: [{id: "c5", command: {type: "GetValue"}}]}'
  }
  start_counter
  branching_runs 1000 >plans.1000
  branching_runs 10000 >plans.10000
  for runs in 1000 10000; do
    peak_of pd-exec -m "$counter_model" -a "$counter_adapter" -u "$COUNTER_URL" plans.$runs >out
    ((STATUS == 0))
    (($(grep -c '"verdict":"linearizable"' out) == runs))
    echo "# pd-exec: $PEAK KiB for $runs runs with branches" >&3
    small=${small:-$PEAK}
  done
  ((PEAK <= small + PEAK_ALLOWANCE))
}
