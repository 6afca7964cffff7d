#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# t/run: it adds up what the suites ran, and is never green for nothing.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper

setup() {
  pd_setup
  mkdir t
  cp "$BATS_TEST_DIRNAME/run" t/run
}

teardown() {
  pd_teardown
}

# suite NAME LINE…: a suite of these lines.
suite() { printf '%s\n' "${@:2}" >"t/$1.bats"; }

@test "the last line adds up all suites" {
  suite one '@test "a" { true; }' '@test "b" { true; }'
  suite two '@test "c" { true; }' '@test "d" { skip "why"; }'
  run -0 t/run
  [[ ${lines[-1]} == '3 passed, 0 failed, 1 skipped' ]]
  run -0 t/run t/one.bats
  [[ ${lines[-1]} == '2 passed, 0 failed, 0 skipped' ]]
}

@test "a test that fails is shown, and the run fails" {
  suite one '@test "a" { echo said something; false; }' '@test "b" { true; }'
  run -1 t/run
  assert_output_has 'not ok 1 a'
  assert_output_has 'said something'
  [[ ${lines[-1]} == '1 passed, 1 failed, 0 skipped' ]]
}

@test "a run that ran nothing fails" {
  run -1 t/run
  assert_output_has 'no test was run'
  suite one '# no test'
  run -1 t/run
  suite one '@test "a" { skip; }'
  run -1 t/run
  assert_output_has 'no test was run'
}

@test "a suite that cannot be read, that dies or that is not there counts as failed" {
  suite good '@test "a" { true; }'
  suite broken '@test "a" {'
  run -1 t/run
  [[ ${lines[-1]} == '1 passed, '[1-9]*' failed, 0 skipped' ]]
  suite broken 'setup() { kill -KILL "$BATS_ROOT_PID"; }' '@test "a" { true; }' '@test "b" { true; }'
  run -1 t/run
  [[ ${lines[-1]} == *' passed, '[1-9]*' failed, 0 skipped' ]]
  rm t/broken.bats
  run -1 t/run t/good.bats t/nowhere.bats
  [[ ${lines[-1]} == '1 passed, 1 failed, 0 skipped' ]]
}

@test "the result of an earlier run is not taken for one of this run" {
  suite one '@test "a" { true; }'
  run -0 t/run
  suite one 'exit 1'
  run -1 t/run
}
