#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd: finds the suite's programs, wherever it is called from.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper

setup() {
  pd_setup
  pd=$PD_BIN/pd
}

teardown() {
  pd_teardown
}

@test "pd NAME runs pd-NAME with its arguments, standard input and exit status" {
  run -0 "$pd" gen --version
  [[ $output == pd-gen\ * ]]
  run -2 --separate-stderr "$pd" gen --no-such 'a b'
  assert_stderr_has 'pd-gen: unknown option --no-such'
  run -1 "$pd" report --format compact - <"$BATS_TEST_DIRNAME/data/streams/failing.ndjson"
  [[ $output == FAIL* ]]
}

@test "programs are found beside it, not in PATH, from any folder and through symbolic links" {
  mkdir elsewhere links
  ln -s "$pd" links/absolute
  ln -s absolute links/relative
  ln -s ../links/relative elsewhere/again
  local name
  for name in "$pd" links/absolute links/relative elsewhere/again; do
    PATH=/usr/bin:/bin run -0 "$name" gen --version
    [[ $output == pd-gen\ * ]]
  done
  cd elsewhere
  PATH=$BATS_TEST_TMPDIR/links:/usr/bin:/bin run -0 absolute gen --version
}

@test "a folder with blanks and quotes in its name is no obstacle" {
  local folder="it's a \"folder\""
  mkdir -p "$folder/bin" "$folder/share"
  cp "$pd" "$PD_BIN/pd-gen" "$PD_BIN/pd-model" "$folder/bin/"
  ln -s "$PD_ROOT/share/pd" "$folder/share/pd"
  run -0 "$folder/bin/pd" gen --version
  run -0 "$folder/bin/pd" --help
  assert_output_has '  model        Look at a model without any system.'
  [[ $output != *'  exec '* ]]
}

@test "pd --help lists every program with its purpose" {
  run -0 --separate-stderr "$pd" --help
  local program
  for program in "$PD_ROOT"/bin/pd-*.c; do
    program=$(basename "$program" .c)
    grep -qE "^  ${program#pd-} +[A-Z]" <<<"$output" || fail "$program is not listed" "$output"
  done
  [[ $output != *.c* && -z $stderr ]]
  run -0 "$pd" -h
  run -2 --separate-stderr "$pd"
  assert_stderr_has 'usage: pd NAME'
  [[ -z $output ]]
  run -2 --separate-stderr bash -c "'$pd' --help >/dev/full"
}

@test "pd --version tells the suite's version" {
  run -0 "$pd" --version
  [[ $output == "pd $(sed -n 's/.*PD_VERSION "\(.*\)"/\1/p' "$PD_ROOT/lib/version.h")" ]]
}

@test "an unknown name is refused with those that there are" {
  local name
  for name in shrnk gen.c -x '' ../pd help.me; do
    run -2 --separate-stderr "$pd" "$name"
    [[ -z $output && -n $stderr ]] || fail "$name: $output"
  done
  run -2 --separate-stderr "$pd" shrnk
  assert_stderr_has "pd: there is no program 'shrnk'; there are: "
  assert_stderr_has ' gen '
  run -2 --separate-stderr "$pd" help shrnk
  assert_stderr_has "there is no program 'shrnk'"
}

@test "pd help NAME shows the page of its own tree" {
  # A man that tells what it is to show stands in for the real one.
  mkdir bin && printf '#!/bin/sh\necho "man $*"\n' >bin/man && chmod +x bin/man
  local name
  for name in pd gen exec shrink report model; do
    PATH=$PWD/bin:/usr/bin:/bin run -0 "$pd" help "$name"
    [[ $output == "man $PD_BIN/../share/man/man1/pd"*"$name.1" || $name == pd ]] || fail "$output"
    [[ -r ${output#man } ]] || fail "no page for $name: $output"
  done
  for name in stream adapter; do
    PATH=$PWD/bin:/usr/bin:/bin run -0 "$pd" help "$name"
    [[ $output == *"/man5/pd-$name.5" && -r ${output#man } ]] || fail "$output"
  done
  PATH=$PWD/bin:/usr/bin:/bin run -0 "$pd" help
  [[ $output == */man7/propertydamage.7 ]]
}

@test "pd help renders a page with mandoc where there is no man, and says so where there is neither" {
  mkdir bin
  local tool
  for tool in sh dirname readlink basename cut; do ln -s "$(command -v "$tool")" bin/; done
  run -2 --separate-stderr bash -c "PATH=$PWD/bin; exec '$pd' help gen"
  assert_stderr_has 'neither man nor mandoc'
  ln -s "$(command -v mandoc)" bin/
  run -0 bash -c "PATH=$PWD/bin; exec '$pd' help gen | /usr/bin/col -b"
  assert_output_has 'draw random command sequences'
}
