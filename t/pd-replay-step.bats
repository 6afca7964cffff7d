#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-replay --step at a terminal: nothing is executed before it is asked for, and the terminal is as it was
# whatever happens. lib/at-terminal presses the keys.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2094,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
  model '{A: {args: {n: int(0; 9)}}}'
  rule 'c["n"] == 9'
  plan '{"type":"A","n":1}' '{"type":"A","n":2}' '{"type":"A","n":9}' '{"type":"A","n":3}' |
    jq -c '.teardown = [{id: "t1", command: {type: "A", n: 0}}]' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  rm -f log
}

teardown() {
  pd_teardown
}

# step KEYS… [-- OPTION…]: TEXT and KEYS as at-terminal takes them; what is written goes to out.
step() {
  local script=()
  while (($#)) && [[ $1 != -- ]]; do
    script+=("$1" "$2")
    shift 2
  done
  status=0
  timeout 60 "$helper_folder/at-terminal" screen "${script[@]}" -- "$PD_BIN/pd-replay" -m model.jq --step \
    "${@:2}" failure -- "${executor[@]}" >out 2>errors 3>&- || status=$?
}
executed() { [[ $(jq -c .n log | tr '\n' ' ') == "$* " ]]; }

@test "each key goes one command further, and the failure is shown" {
  step 'help: ' n 'help: ' ' ' 'help: ' $'\r'
  assert_status 1
  [[ ! -s errors ]]
  executed 1 2 9 0
  grep -q 'next: c1 A {n: 1}' screen
  grep -q 'next: c3 A {n: 9}' screen
  run ! grep -q 'next: c4' screen
  grep -q '^    c3    A {n: 9}' out
  grep -q 'the failure came back: check good failed at c3' out
}

@test "no command is executed before its key, and all before it is shown" {
  step 'help: ' n 'next: c2' q
  assert_status 2
  executed 1 0
  grep -q '^    c1    A {n: 1}' out
  run ! grep -q '^    c2' out
  grep -q 'stopped before c2' out
}

@test "f runs on to the failure" {
  step 'help: ' n 'help: ' f
  assert_status 1
  executed 1 2 9 0
  [[ $(grep -c 'next: ' screen) == 2 ]]
}

@test "s shows the whole state, any other key help" {
  step 'help: ' n 'next: c2' s '.bad: false' '?' 'run to the failure without asking' x 'the whole state' q
  assert_status 2
  grep -q '.made: \[\]' screen
  executed 1 0
}

@test "control-D quits, and so does a terminal that hangs up" {
  step 'help: ' $'\4'
  assert_status 2
  executed 0
  step 'help: ' HANGUP
  assert_status 129
}

@test "--to runs as far as a command and begins to ask there" {
  step 'next: c3' n -- --to c2
  assert_status 1
  executed 1 2 9 0
  run ! grep -q 'next: c2' screen
}

@test "q leaves the failures after it alone" {
  cat failure failure >two && mv two failure
  step 'help: ' q
  assert_status 2
  [[ $(grep -c '^REPLAY' out) == 1 ]]
}

@test "several failures are stepped through one after the other" {
  cat failure failure >two && mv two failure
  step 'help: ' f 'next: c1' n 'help: ' f
  assert_status 1
  [[ $(grep -c 'the failure came back' out) == 2 ]]
}

@test "branches are asked about one at a time" {
  jq -c '.original |= (.prefix as $items | .prefix = [] | .branches = [$items[:1], $items[1:2]] | .suffix = $items[2:])' failure >branched && mv branched failure
  step 'next: c1 A {n: 1} [branch 0]' n 'next: c2 A {n: 2} [branch 1]' n 'next: c3' n
  assert_status 1
  executed 1 2 9 0
}

@test "the records can be had while the questions are asked" {
  step 'help: ' n 'help: ' f -- --format json
  assert_status 1
  assert_json 'map(select(.type == "step").id) == ["c1", "c2", "c3", "t1"]' out
  "$helper_folder/validate-records" out
}

@test "the stream may be standard input" {
  status=0
  timeout 60 "$helper_folder/at-terminal" screen 'help: ' n 'help: ' f -- "$PD_BIN/pd-replay" -m model.jq --step \
    -- "${executor[@]}" <recorded >out 2>errors 3>&- || status=$?
  assert_status 1
  grep -q 'the failure came back' out
}

@test "the terminal is restored after every signal, the run is torn down, and nothing is left behind" {
  local number name
  for name in INT:130 TERM:143 HUP:129 QUIT:131; do
    rm -f log
    step 'help: ' n 'next: c2' "SIG:${name%:*}"
    assert_status "${name#*:}"
    executed 1 0
  done
}

@test "a signal while a command is under way ends it" {
  rule 'None if c["n"] == 2 else False'
  step 'help: ' n 'next: c2' n '' SIG:TERM
  assert_status 143
}

@test "without a terminal it says what to do" {
  run -2 --separate-stderr setsid "$PD_BIN/pd-replay" -m model.jq --step failure -- "${executor[@]}"
  assert_stderr_has "there is no terminal to ask at"
  assert_stderr_has "without --step it asks nothing"
  [[ ! -e log ]]
}

@test "a command that does not wait is told, and runs no further" {
  printf '#!/bin/sh\njq -c --unbuffered "del(.paced)" | exec %s\n' "$(printf ' %q' "${executor[@]}")" >careless
  chmod +x careless
  executor=(./careless)
  step
  assert_status 2
  grep -q 'does not wait between commands' errors
  run -2 --separate-stderr pd-replay -m model.jq --to c1 failure -- ./careless
  assert_stderr_has 'does not wait between commands'
}

@test "text from the system cannot take the terminal over" {
  jq -c '.original.prefix[0].command.note = "\u001b[2Jhello\u009b"' failure >nasty && mv nasty failure
  step 'help: ' q
  assert_status 2
  grep -q 'u001b\[2Jhello' screen
  run ! grep -q $'\e\[2J' screen
}
