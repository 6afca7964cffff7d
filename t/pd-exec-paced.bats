#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Paced runs of pd-exec: it waits before each command for a proceed record. The direct adapter's commands
# write their names to the file order, so that a test sees what really was executed.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq and sh in quotes; variables of the helpers

load lib/helper
load lib/exec

setup() {
  pd_setup
  cat >adapter.jq <<'END'
include "pd";
def note($what): {argv: ["sh", "-c", "echo \"$1\" >>order", "sh", $what]};
def setup_each: note("each");
def teardown_each: note("undo each");
def request: note(.name);
def events($c): {type: "Got", reply: {name: $c.name}};
END
  options=(-m "$models/direct.jq" -a adapter.jq)
}

teardown() {
  [[ ! ${to-} ]] || exec {to}>&-
  pd_teardown
}

# plan_of JQ [ITEMS…]: a paced sequence with a prefix of the commands named, changed by the filter.
plan_of() {
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), paced: true,
    prefix: [$ARGS.positional[] | {id: ., command: {type: "Send", name: .}}], suffix: []} | '"$1" --args "${@:2}"
}
proceed() { printf '%s\n' '{"type":"proceed"}'; }

# start ARGS…: pd-exec in the background, reading what is written to descriptor $to; sets pid.
start() {
  mkfifo in
  pd-exec "$@" <in >out 2>errors 3>&- &
  pid=$!
  exec {to}>in
}
waits_before() { [[ $(jq -r 'select(.type == "pause").id' out | tail -n 1) == "$1" ]]; }
order_is() { [[ $(tr '\n' ' ' <order) == "$* " ]]; }
finish() {
  status=0
  exec {to}>&-
  to=''
  wait "$pid" || status=$?
}

@test "no command is executed before it is asked for, and all before it is written" {
  start "${options[@]}"
  plan_of '.setup = [{id: "s1", command: {type: "Send", name: "s1"}}]
    | .teardown = [{id: "t1", command: {type: "Send", name: "t1"}}]' c1 c2 >&"$to"
  wait_for waits_before c1
  order_is each s1
  assert_that '(of("command") | map(.id)) == ["s1"] and (events | length) == 1' out
  proceed >&"$to"
  wait_for waits_before c2
  order_is each s1 c1
  assert_that '(of("command") | map(.id)) == ["s1", "c1"] and (.[-2].type == "event")' out
  proceed >&"$to"
  wait_for grep -q run_end out
  order_is each s1 c1 c2 t1 "undo each"
  finish
  assert_status 0
  assert_that '(of("pause") | map(.id)) == ["c1", "c2"] and the_end.status == 0' out
  assert_that 'of("run_start")[0].sequence | has("paced") | not' out
}

@test "a pause shows the command with its references resolved" {
  plan_of '.prefix[1].command.name = "@c1.reply.name"' c1 c2 >plan
  for _ in 1 2; do proceed; done >>plan
  run -0 pd-exec "${options[@]}" plan
  assert_that 'of("pause") | map([.id, .command.name]) == [["c1", "c1"], ["c2", "c1"]]'
}

@test "a pause keeps secrets" {
  plan_of . c1 >plan
  proceed >>plan
  run -0 pd-exec "${options[@]}" --redact name plan
  assert_that 'of("pause")[0].command.name == "[redacted]"'
}

@test "all lets every command go, to those up to the one named, and then the run waits again" {
  plan_of . c1 c2 c3 c4 c5 >plan
  printf '%s\n' '{"type":"proceed","to":"c3"}' '{"type":"proceed","all":true}' >>plan
  run -0 pd-exec "${options[@]}" plan
  assert_that '(of("pause") | map(.id)) == ["c1", "c4"] and (ends | map(.status)) == ["pass"]'
  order_is each c1 c2 c3 c4 c5 "undo each"
}

@test "a run waits no more when it was sent to a command that never comes" {
  plan_of . c1 c2 >plan
  printf '%s\n' '{"type":"proceed","to":"c9"}' >>plan
  run -0 pd-exec "${options[@]}" plan
  assert_that 'of("pause") | length == 1'
}

@test "branches take turns while they are paced, and run at the same time when they are not" {
  local branches='.prefix as $items | .prefix = [] | .branches = [$items[:2], $items[2:4]] | .suffix = $items[4:]'
  plan_of "$branches" c1 c2 c3 c4 c5 >plan
  for _ in 1 2 3 4 5; do proceed; done >>plan
  run -0 pd-exec "${options[@]}" plan
  assert_that 'of("pause") | map([.id, .branch]) == [["c1", 0], ["c3", 1], ["c2", 0], ["c4", 1], ["c5", null]]'
  assert_that 'map(select(.type == "pause" or .type == "command") | .id) | . == ["c1", "c1", "c3", "c3", "c2", "c2", "c4", "c4", "c5", "c5"]'

  # Each of these waits for the other's file.
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: ["sh", "-c", "touch $1; until test -e c1 -a -e c3; do sleep 0.01; done", "sh", .name]};
def events($c): {type: "Got", reply: 1};
END
  plan_of "$branches" c1 c2 c3 c4 >plan
  printf '%s\n' '{"type":"proceed","all":true}' >>plan
  run -0 timeout 20 pd-exec "${options[@]}" plan
  assert_that '(of("pause") | length) == 1 and (ends | map(.status)) == ["pass"]'
}

@test "a failure ends a paced run without asking again" {
  printf '%s\n' 'include "pd";' 'def request: {argv: ["true"]};' 'def events($c): if $c.name == "c2" then unexpected else {type: "Got", reply: 1} end;' >adapter.jq
  plan_of . c1 c2 c3 >plan
  for _ in 1 2 3; do proceed; done >>plan
  run -2 --separate-stderr pd-exec "${options[@]}" plan
  assert_that '(of("pause") | map(.id)) == ["c1", "c2"] and failures[0].kind == "unexpected_reply" and the_end.status == 2'
  assert_that 'of("proceed") == []'
}

@test "a failure in one branch ends the others that wait" {
  printf '%s\n' 'include "pd";' 'def request: {argv: ["true"]};' 'def events($c): if $c.name == "c1" then unexpected else {type: "Got", reply: 1} end;' >adapter.jq
  plan_of '.prefix as $items | .prefix = [] | .branches = [$items[:1], $items[1:]]' c1 c2 c3 >plan
  proceed >>plan
  run -2 --separate-stderr timeout 10 pd-exec "${options[@]}" plan
  assert_that '(of("pause") | map(.id)) == ["c1"] and (of("command") | length) == 1 and failures[0].id == "c1"'
}

@test "a run that waits when the input ends is torn down and aborted, and that is a problem" {
  plan_of '.teardown = [{id: "t1", command: {type: "Send", name: "t1"}}]' c1 c2 >plan
  proceed >>plan
  run -2 --separate-stderr pd-exec "${options[@]}" plan
  assert_stderr_has "the input ended while run 1 waited for a proceed record"
  assert_that '(ends | map(.status)) == ["aborted"] and (the_end.problems | length) == 1'
  order_is each c1 t1 "undo each"
}

@test "another record while a run waits is told with its line and ends the work" {
  plan_of . c1 c2 >plan
  plan_of '.run = 2' c1 >>plan
  run -2 --separate-stderr pd-exec "${options[@]}" plan
  assert_stderr_has "plan:2: a sequence record, where a paced run waits for a proceed record"
  assert_that '(ends | map(.status)) == ["aborted"] and (the_end.problems | any(contains("plan:2")))'
  order_is each "undo each"
}

@test "a proceed record that says neither is refused" {
  local word
  for word in '{"type":"proceed","to":3}' '{"type":"proceed","all":"yes"}' '{"type":"proceed",}'; do
    plan_of . c1 >plan
    printf '%s\n' "$word" >>plan
    run -2 --separate-stderr pd-exec "${options[@]}" plan
    assert_stderr_has "plan:2: "
    assert_that '(ends | map(.status)) == ["aborted"]'
  done
}

@test "a proceed record that no run waits for is dropped" {
  plan_of 'del(.paced)' c1 >plan
  proceed >>plan
  run -0 pd-exec "${options[@]}" plan
  assert_that '(map(.type) | index("proceed") == null and index("pause") == null) and the_end.counts.runs == 1'
}

@test "a signal while a run waits tears it down" {
  start "${options[@]}"
  plan_of . c1 c2 >&"$to"
  wait_for waits_before c1
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  assert_status 143
  assert_that '(ends | map(.status)) == ["aborted"] and the_end.status == 143' out
  order_is each "undo each"
}

@test "what shrinking is given to run again does not wait, though the run that failed did" {
  start_counter --bug
  cat "$PD_ROOT/share/pd/examples/counter.jq" >counter.jq
  pd-gen -m counter.jq -n 1 -s 1 | jq -c 'select(.type == "sequence") | .paced = true' >plan
  printf '%s\n' '{"type":"proceed","all":true}' >>plan
  local exec=(pd-exec -m counter.jq -a "$PD_ROOT/share/pd/examples/counter-http.jq" -u "$COUNTER_URL")
  "${exec[@]}" plan >failing || [[ $? == 1 ]]
  run -1 timeout 20 pd-shrink -m counter.jq failing -- "${exec[@]}"
  assert_that 'of("failure")[0] | .reproduced and .shrink.stopped == "minimal"'
}
