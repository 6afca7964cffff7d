#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# contrib/demo: the first thing that a newcomer sees.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper

setup() {
  pd_setup
  mkdir tmp
  export TMPDIR=$PWD/tmp # what it leaves behind would be here
}

teardown() {
  pd_teardown
}

# Nothing of the demo is left: no file, no server. (That no process is left at all, pd_teardown checks.)
nothing_left() { [[ -z $(ls -A tmp) ]]; }

@test "it finds the planted bug, shrinks it and reports it, and leaves nothing behind" {
  run -0 --separate-stderr "$PD_ROOT/contrib/demo"
  assert_output_has 'FAIL 1: check refunds_within_capture failed'
  assert_output_has '6 commands, shrunk from '
  assert_output_has '  > c'
  assert_output_has 'Run this sequence again:'
  assert_output_has '1 failed'
  [[ -z $stderr ]] || fail "$stderr"
  nothing_left
}

@test "its last lines start the bank again, so that the report's lines can be tried" {
  run -0 "$PD_ROOT/contrib/demo"
  local start=${lines[-1]%&} try
  [[ $start == "  $PD_ROOT/contrib/toybank/toybank --port "* ]]
  # shellcheck disable=SC2086 # words
  start_server bank $start --port-file port
  wait_for test -s port
  cd "$PD_ROOT/share/pd/examples"
  try=$(grep -A1 'Run this sequence again:' <<<"$output" | sed -n 2p)
  run -1 sh -c "$try"
  assert_json 'any(.failure.name == "refunds_within_capture")'
}

@test "it does so for other bugs, from any folder" {
  cd /
  run -0 "$PD_ROOT/contrib/demo" 12
  assert_output_has 'planted bug 12'
  assert_output_has 'FAIL 1: '
  cd "$BATS_TEST_TMPDIR"
  run -0 "$PD_ROOT/contrib/demo" 1 3
  assert_output_has 'planted bug 1,3'
  nothing_left
}

@test "a bug that is not found is told, with exit 2" {
  run -2 --separate-stderr "$PD_ROOT/contrib/demo" 9
  assert_stderr_has 'demo: the planted bug was not found (pd-report exited with 0)'
  nothing_left
}

@test "a bug that there is not is refused" {
  run -2 --separate-stderr "$PD_ROOT/contrib/demo" 99
  assert_stderr_has 99
  nothing_left
}

@test "SIGINT and SIGTERM end it within a second, without leaving the server" {
  local signal begun
  local -A expected=([INT]=130 [TERM]=143)
  for signal in INT TERM; do
    # In a group of its own, as at a terminal: the signal goes to all of it.
    setsid env --default-signal=INT "$PD_ROOT/contrib/demo" 9 >out 2>err 3>&- &
    wait_for grep -q 'An example bank runs' out
    begun=${EPOCHREALTIME//[.,]/}
    kill "-$signal" -- "-$!"
    wait $! || status=$?
    assert_status "${expected[$signal]}"
    ((${EPOCHREALTIME//[.,]/} - begun < 1500000))
    nothing_left
    : >out
  done
}
