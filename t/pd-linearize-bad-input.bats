#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-linearize where op records are bad: an error that names file and line and says what to do, and status 2.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # jq in quotes

load lib/helper
load lib/linearize

setup() {
  pd_setup
  at a 0 5 write 1 >good
}

teardown() {
  pd_teardown
}

# refuses SPEC MESSAGE: the third line of "history" is bad. Without it the others are judged.
refuses() {
  run -2 --separate-stderr timeout 20 "$PD_BIN/pd-linearize" --spec "$1" history
  assert_stderr_has "pd-linearize: history:3: "
  assert_stderr_has "$2"
  [[ $stderr == *"("*")"* ]] || fail "no hint" "$stderr"
  assert_json 'last | .type == "end" and .status == 2 and (.problems | length) >= 1'
}

# (No test on one line has a brace behind a blank: bats takes it for the test's.)
# bad FIELDS: two good operations, and one with these fields; "-" leaves one out.
bad() {
  { cat good good && jq -c ". + $1 | with_entries(select(.value != \"-\"))" good; } >history
}

# --- What every op record must have. ---

@test "an operation without command" { bad '{command: "-"}' && refuses register "'command' must be an object"; }
@test "a command that is no object" { bad '{command: "Write"}' && refuses register "'command' must be an object"; }
@test "a command without type" { bad '{command:{value: 1}}' && refuses register "'command' must be an object"; }
@test "an operation without a time of its call" { bad '{call_us: "-"}' && refuses register "'call_us' must be"; }
@test "a time that is text" { bad '{call_us: "0"}' && refuses register "'call_us' must be"; }
@test "a time that is a fraction" { bad '{call_us: 0.5}' && refuses register "'call_us' must be"; }
@test "a time that is too large" { bad '{call_us: 1e30}' && refuses register "'call_us' must be"; }
@test "an operation that does not say whether it returned" { bad '{return_us: "-"}' && refuses register "'return_us'"; }
@test "a return that is text" { bad '{return_us: "5"}' && refuses register "'return_us' must be"; }
@test "a return before the call" { bad '{call_us: 9}' && refuses register "returned at 5, before it was called at 9"; }
@test "events that are one object" { bad '{events:{value: 1}}' && refuses register "'events' must be an array"; }
@test "events that are no objects" { bad '{events: ["ok"]}' && refuses register "'events' must be an array"; }
@test "a process that is an object" { bad '{process:{}}' && refuses register "'process' must be"; }
@test "an id that is a number" { bad '{id: 3}' && refuses register "'id' must be"; }
@test "a history that is neither number nor text" { bad '{history:{}}' && refuses register "'history' must be"; }
@test "a line that is no JSON" {
  { cat good good && echo '{"type":"op",'; } >history
  refuses register "invalid JSON"
}

@test "an id that another operation of the history has" {
  { jq -c '.id = "o7"' good && cat good && jq -c '.id = "o7"' good; } >history
  refuses register "o7"
}

@test "the same id in another history is another operation" {
  { jq -c '.id = "o7" | .history = 1' good && jq -c '.id = "o7" | .history = 2' good; } >history
  assert_verdicts '["linearizable", "linearizable"]'
}

# --- What the specification must be able to judge. ---

@test "a command that the type does not have" { bad '{command:{type: "Wrote"}}' && refuses register "no command 'Wrote'"; }
@test "a write without value" { bad '{command:{type: "Write"}}' && refuses register "without 'value'"; }
@test "a read that was answered nothing" { bad '{command:{type: "Read"}}' && refuses register "'value'"; }

# judged_alone SPEC MESSAGE FIELDS: for commands that a register does not have.
judged_alone() {
  bad "$3"
  sed -i '1,2d' history
  { echo && echo && cat history; } >three && mv three history
  refuses "$1" "$2"
}

@test "an amount that is text" { judged_alone counter "amount" '{command:{type: "Add", amount: "x"}}'; }
@test "a get without key" { judged_alone kv "'key'" '{command:{type: "Get"}, events: [{value: 1}]}'; }
@test "a compare-and-set without what it expects" {
  judged_alone cas-register "'expected'" '{command: {type: "Cas", value: 1}, events: [{ok: true}]}'
}
@test "a compare-and-set answered with text" {
  judged_alone cas-register "'ok'" '{command: {type: "Cas", expected: 2, value: 1}, events: [{ok: "yes"}]}'
}
@test "what a set holds, told as a number" {
  judged_alone set "no array" '{command: {type: "Read"}, events: [{values: 3}]}'
}

@test "--skip-bad is not needed for histories after a bad line" {
  { jq -c '.history = 1' good && echo '{"type":"op","history":2}' && jq -c '.history = 3' good; } >history
  run -2 --separate-stderr "$PD_BIN/pd-linearize" --spec register history
  assert_json 'map(select(.type == "linearization") | [.history, .verdict]) == [[1, "linearizable"], [2, "unknown"], [3, "linearizable"]]'
}

# --- What is large, but good. ---

# assert_verdicts JSON: those of "history".
assert_verdicts() {
  run -0 --separate-stderr "$PD_BIN/pd-linearize" --spec register history
  assert_json "map(select(.type == \"linearization\").verdict) == $1"
}

@test "values of 1 MB" {
  large=$(head -c 1000000 /dev/zero | tr '\0' x)
  { at a 0 5 write "\"$large\"" && at a 10 15 read "\"$large\""; } >history
  assert_verdicts '["linearizable"]'
}

@test "a line of more than 16 MiB" {
  { cat good good && head -c 17000000 /dev/zero | tr '\0' x && echo; } >history
  refuses register "--max-line"
}

@test "nothing to be judged" {
  : >history
  run -2 --separate-stderr "$PD_BIN/pd-linearize" --spec register history
  assert_stderr_has "nothing was judged"
}

@test "a specification that there is not" {
  run -2 --separate-stderr "$PD_BIN/pd-linearize" --spec regster good
  assert_stderr_has "did you mean 'register'"
}
