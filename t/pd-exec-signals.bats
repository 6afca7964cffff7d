#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec and signals: whatever it is doing, the run in hand is torn down, the stream gets its end and no
# process is left, all within a second (3 s are allowed here).
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2094 # files are read and written by turns
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  cat >adapter.jq <<'END'
include "pd";
def note($what): {argv: ["sh", "-c", "echo \"$1\" >>order", "sh", $what]};
def setup_each: note("each");
def teardown_each: note("undo each");
def teardown_once: note("undo once");
def request: .request;
def events($c): {type: "Got", reply: .};
END
  options=(-m "$models/direct.jq" -a adapter.jq)
}

teardown() {
  pd_teardown
}

# start ARGS…: pd-exec in the background, its records in out; sets pid.
start() {
  "$PD_BIN/pd-exec" "$@" >out 2>errors 3>&- &
  pid=$!
}

# end_with SIGNAL STATUS: sends it and waits; sets took, in milliseconds.
end_with() {
  local begin=${EPOCHREALTIME//[.,]/} status=0
  kill "-$1" "$pid"
  wait "$pid" || status=$?
  took=$(((${EPOCHREALTIME//[.,]/} - begin) / 1000))
  echo "# SIG$1: $took ms" >&2
  ((status == $2)) || fail "status $status, not $2" "$(<errors)" "$(<out)" || return
  ((took < 3000)) || fail "it took $took ms"
}

# was_torn_down: the run in hand says aborted, the stream has its end, the hooks ran.
was_torn_down() {
  assert_that '(ends[-1].status == "aborted") and (the_end | .status == '"$1"' and .counts.aborted == 1)' out || return
  [[ $(tail -n 2 order | tr '\n' ,) == "undo each,undo once," ]] || fail "teardown: $(<order)"
}

has_request() { grep -q "GET" "$1"; }
executed_twice() { [[ $(grep -c execute order) == 2 ]]; }

@test "SIGINT while the system hangs" {
  start_python faulty.py --mode hang
  send '{"path":"/"}' '{"path":"/"}' >plan
  start "${options[@]}" -u "$SERVER_URL" plan
  wait_for has_request faulty.log
  end_with INT 130
  was_torn_down 130
  "$helper_folder/validate-records" --stream out
}

@test "SIGTERM while the system hangs" {
  start_python faulty.py --mode hang
  send '{"path":"/"}' >plan
  start "${options[@]}" -u "$SERVER_URL" plan
  wait_for has_request faulty.log
  end_with TERM 143
  was_torn_down 143
}

@test "a signal while a program runs, which is ended with all that it started" {
  send '{"argv":["sh","-c","touch started; sleep 1000 & sleep 1000"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  end_with INT 130
  was_torn_down 130
}

@test "a signal while several branches wait" {
  jq -nc '{type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: [], suffix: [],
    branches: [range(1; 5) | [{id: "c\(.)", command: {type: "Send", request: {argv: ["sh", "-c", "touch started\(.); sleep 1000"]}}}]]}' >plan
  start "${options[@]}" plan
  wait_for test -e started1 -a -e started2 -a -e started3 -a -e started4
  end_with TERM 143
  was_torn_down 143
}

@test "a signal between runs, while more input is waited for" {
  mkfifo in
  start "${options[@]}" in
  exec {to}>in
  send '{"argv":["true"]}' >&"$to"
  wait_for grep -q run_end out
  end_with INT 130
  exec {to}>&-
  assert_that '(ends | map(.status)) == ["pass"] and the_end.status == 130' out
  [[ $(tail -n 1 order) == "undo once" ]]
}

@test "a signal while the system is not healthy yet" {
  start_python faulty.py --mode status:503
  sed -i 's|^def note|def health: {path: "/"};\n&|' adapter.jq
  send '{"argv":["true"]}' >plan
  start "${options[@]}" -u "$SERVER_URL" plan
  wait_for has_request faulty.log
  end_with INT 130
  assert_that 'the_end | .status == 130 and .counts.runs == 0' out
  [[ ! -s errors && ! -e order ]]
}

@test "a signal while a health check hangs" {
  start_python faulty.py --mode hang
  sed -i 's|^def note|def health: {path: "/"};\n&|' adapter.jq
  send '{"argv":["true"]}' >plan
  start "${options[@]}" -u "$SERVER_URL" plan
  wait_for has_request faulty.log
  end_with TERM 143
  assert_that 'the_end | .status == 143' out
}

@test "a signal during setup_once is followed by teardown_once" {
  sed -i 's|^def setup_each.*|&\ndef setup_once: {argv: ["sh", "-c", "touch started; sleep 1000"]};|' adapter.jq
  send '{"argv":["true"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  end_with INT 130
  [[ $(<order) == "undo once" ]]
}

@test "a signal during setup_each tears the run down" {
  sed -i 's|^def setup_each.*|def setup_each: {argv: ["sh", "-c", "touch started; sleep 1000"]};|' adapter.jq
  send '{"argv":["true"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  end_with INT 130
  was_torn_down 130
}

@test "a signal while teardown hangs: what is left of it may not take long" {
  sed -i 's|^def teardown_each.*|def teardown_each: {argv: ["sh", "-c", "touch started; sleep 1000"], timeout_ms: 60000}, note("undo each");|' adapter.jq
  send '{"argv":["true"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  end_with INT 130
  assert_that 'the_end.status == 130' out
  [[ $(tail -n 1 order) == "undo once" ]]
}

@test "teardown that hangs after a signal is given up, whatever time its requests ask for" {
  sed -i 's|^def teardown_each.*|def teardown_each: {argv: ["sleep", "1000"], timeout_ms: 60000};|
    s|^def teardown_once.*|def teardown_once: {argv: ["sleep", "1000"], timeout_ms: 60000};|' adapter.jq
  send '{"argv":["sh","-c","touch started; sleep 1000"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  end_with INT 130
  assert_that 'the_end.status == 130' out
}

@test "a signal while a coprocess works: it gets its hooks and is ended" {
  plan '{"type":"Send"}' '{"type":"Send","do":"hang"}' >plan
  HOOKS=$PWD/order start -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  wait_for executed_twice
  end_with INT 130
  assert_that '(ends[-1].status == "aborted") and the_end.status == 130' out
}

@test "a signal while a coprocess waits for its next command ends it by the end of its input" {
  mkfifo in
  HOOKS=$PWD/order start -m "$models/direct.jq" -A "$adapters/loopback.py" in
  exec {to}>in
  plan '{"type":"Send"}' >&"$to"
  wait_for grep -q run_end out
  end_with TERM 143
  exec {to}>&-
  [[ $(tail -n 2 order | tr '\n' ,) == "teardown_once,end of input," ]]
}

@test "a second signal ends the program at once" {
  sed -i 's|^def teardown_each.*|def teardown_each: {argv: ["sh", "-c", "touch undoing; exec sleep 5"]};|' adapter.jq
  send '{"argv":["sh","-c","touch started; sleep 1000"]}' >plan
  start "${options[@]}" plan
  wait_for test -e started
  kill -INT "$pid"
  wait_for test -e undoing
  end_with INT 130
  echo "# second SIGINT: $took ms" >&2
  run ! grep -q '"end"' out
}

@test "what was read but not run yet is left, and run records that were written are whole" {
  for i in {1..200}; do plan_run "$i" '{"type":"Send","request":{"argv":["true"]}}'; done >plan
  start "${options[@]}" --line-buffered plan
  wait_for grep -q '"run":3' out
  end_with TERM 143
  assert_that '(ends | length) as $n | $n < 200 and the_end.counts.runs == $n' out
  "$helper_folder/validate-records" --stream out
}
