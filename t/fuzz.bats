#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The fuzz targets of t/fuzz on the inputs that were collected for them.
# shellcheck disable=SC2154 # variables from bats and the helper

build=${PD_TEST_BUILD:-} # pd_setup unsets it

load lib/helper

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# replay TARGET: every input of its corpus.
replay() {
  local target=${build:-$PD_ROOT/build}/t/fuzz/fuzz-$1 corpus=("$PD_ROOT/t/fuzz/corpus/$1"/*)
  [[ -x $target ]] || fail "$target is not built: make check builds it"
  run -0 timeout 60 "$target" "${corpus[@]}"
  assert_output_has "${#corpus[@]} replayed"
  ((${#corpus[@]} > 3))
}

@test "a record that is read and written comes out the same" { replay record; }
@test "the reader accounts for every line" { replay reader; }
@test "what is looked up in the text of an object is what parsing it gives" { replay skim; }
@test "a pattern matches what it draws" { replay pattern; }
@test "a generator admits what it draws" { replay generator; }
@test "a failure that was saved is whole when it is read" { replay failure; }
@test "an export of OTLP gives records or an error" { replay otlp; }
@test "a history gets the verdict of a walk over all its orders" { replay op; }
