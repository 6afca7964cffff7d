#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec and branches: they run at the same time, and are folded in an order that explains what they were
# answered, if there is one.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  meeting=(-m "$models/meeting.jq" -A "$adapters/meeting.py")
  export HOOKS=hooks
}

teardown() {
  pd_teardown
}

# race PREFIX BRANCHES SUFFIX: a sequence of these commands (arrays in JSON), numbered c1, c2…
race() {
  jq -nc --argjson prefix "$1" --argjson branches "$2" --argjson suffix "$3" '
    def numbered($from): to_entries | map({id: "c\($from + .key + 1)", command: .value});
    ([$prefix, $branches[]] | map(length)) as $lengths
    | {type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: ($prefix | numbered(0)),
       branches: [$branches | to_entries[] | .key as $i | .value | numbered($lengths[:$i + 1] | add)],
       suffix: ($suffix | numbered($lengths | add))}'
}

# with_check TEXT: the model with this check, in model.jq.
with_check() {
  { cat "$models/meeting.jq" && echo "$1"; } >model.jq
  meeting[1]=model.jq
}

lost='[[{"type":"Add","by":1,"meet":2,"lost":true}],[{"type":"Add","by":2,"meet":2}]]'
kept='[[{"type":"Add","by":1,"meet":2}],[{"type":"Add","by":2,"meet":2}]]'
silent() { jq -c 'map(map(.silent = true))' <<<"$1"; }
read_it='[{"type":"Read"}]'

definitions+='
  def linearization: ends[-1].linearization;
  def together: of("command") | map(select(.branch)) | (map(.call_us) | max) < (map(.return_us) | min);
  def order: of("command") | map(.id);
  # Where the records of each command begin, to see that they stand together.
  def stand_together: map(.id // empty) | [range(length) as $i | select($i == 0 or .[$i] != .[$i - 1]) | .[$i]]
    | length == (unique | length);'

# --- At the same time ---

@test "HTTP requests of branches are under way at the same time, on connections of their own" {
  start_python meeting.py
  race '[]' "$(jq -nc '[range(5) | [{type: "Send", request: {path: "/5"}}]]')" '[]' >plan
  run -0 --separate-stderr timeout 10 pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  assert_that 'together and (replies | map(.body.together) == [5, 5, 5, 5, 5])'
}

@test "requests of branches to a coprocess are under way at the same time, and are answered by id" {
  race '[]' '[[{"type":"Add","by":1,"meet":3,"answer":"reversed"}],[{"type":"Add","by":2,"meet":3,"answer":"reversed"}],
    [{"type":"Add","by":3,"meet":3,"answer":"reversed"}]]' '[]' >plan
  run -0 --separate-stderr timeout 10 pd-exec "${meeting[@]}" plan
  assert_that 'together and (events | map([.by, .value]) == [[1, 1], [2, 3], [3, 6]])'
}

@test "programs of branches run at the same time" {
  local program='["sh", "-c", "echo >>log; while [ $(wc -l <log) -lt 4 ]; do sleep 0.01; done"]'
  race '[]' "$(jq -nc --argjson argv "$program" '[range(4) | [{type: "Send", request: {argv: $argv}}]]')" '[]' >plan
  run -0 --separate-stderr timeout 10 pd-exec "${direct[@]}" plan
  assert_that together
}

# --- The order ---

@test "branches are folded in the order in which they took effect, not in that of their answers" {
  race '[{"type":"Add","by":10}]' '[[{"type":"Add","by":1,"meet":2,"answer":"reversed"},{"type":"Read"}],
    [{"type":"Add","by":2,"meet":2,"answer":"reversed"}]]' "$read_it" >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" --trace plan
  assert_that '(of("command") | map(select(.branch)) | (map(select(.id == "c2"))[0].return_us) >
    (map(select(.id == "c4"))[0].return_us)) and order == ["c1", "c2", "c4", "c3", "c5"]'
  assert_that 'of("event") | map(.n) == [1, 2, 3, 4, 5] and all(.at_us >= 0)'
  assert_that 'ends[0].state == {n: 13} and stand_together'
  assert_that 'linearization | .verdict == "linearizable" and .operations == 4 and .configurations >= 4'
}

@test "what was seen before an answer and the checks of a command stand with it" {
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: ["true"]};
def events($c): if .stdout == "" then
    follow({argv: ["sh", "-c", "echo >>log; while [ $(wc -l <log) -lt 2 ]; do sleep 0.01; done; echo over"]};
      {inject: {type: "Begun", by: $c.by}})
  else {type: "Added", by: $c.by} end;
END
  cat >model.jq <<'END'
include "pd";
def init: {n: 0};
def commands: {Add: {}};
def simulate_Add($c): {type: "Begun", by: $c.by}, {type: "Added", by: $c.by};
def on_Added($e): .n += $e.by;
def check_positive($x): .n >= 0;
END
  race '[]' '[[{"type":"Add","by":1}],[{"type":"Add","by":2}]]' '[]' >plan
  run -0 --separate-stderr timeout 10 pd-exec -m model.jq -a adapter.jq --trace plan
  assert_that stand_together
  assert_that 'of("event") | map([.n, .source]) == [[1, "injected"], [2, "command"], [3, "injected"], [4, "command"]]
    and (.[0].id == .[1].id and .[2].id == .[3].id) and .[1].at_us > .[2].at_us'
  assert_that 'of("check") | map(select(.id == "c1")) | length == 3'
}

@test "what a branch was given is known to its later commands and to the suffix" {
  race '[]' '[[{"type":"Open"},{"type":"Add","by":"@c1.box"}],[{"type":"Open"}]]' \
    '[{"type":"Read","a":"@c1.box","b":"@c3.box"}]' >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'of("command") | map({key: .id, value: .command}) | from_entries
    | ([.c4.a, .c4.b] | sort) == [41, 42] and .c2.by == .c4.a'
}

@test "a check that holds in one order only does not fail: that order is taken" {
  with_check 'def check_never_negative($x): .n >= 0;'
  local down='{"type":"Add","by":-3,"meet":2,"silent":true}' up='{"type":"Add","by":5,"meet":2,"silent":true}' branches
  for branches in "[[$down],[$up]]" "[[$up],[$down]]"; do
    race '[]' "$branches" '[]' >plan
    run -0 --separate-stderr pd-exec "${meeting[@]}" plan
    assert_that 'events | map(.by) == [5, -3]'
  done
  race '[]' "[[$down],[$up]]" '[]' >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" --no-linearize plan
  assert_that 'failures[0].kind == "check_failed" and linearization == null'
}

@test "a check for the end of the run has its say in the order, too" {
  with_check 'def on_Opened($e): .last = $e.box; def check_last($x): .last == 41;'
  sed -i 's/"meeting"}/"meeting", "triggers": {"last": {"at": "end"}}}/' model.jq
  race '[]' '[[{"type":"Open"}],[{"type":"Open"}]]' '[]' >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'events | map(.box) == [42, 41]'
}

@test "a check that fails in every order fails the run, and the suffix is not sent" {
  with_check 'def check_never_negative($x): if .n < 0 then fail("\(.n) is negative"; {n: .n}) else true end;'
  race '[{"type":"Add","by":1}]' '[[{"type":"Add","by":-3,"meet":2}],[{"type":"Add","by":-5,"meet":2}]]' "$read_it" >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'failures[0] | .kind == "check_failed" and .name == "never_negative" and .id == "c2" and .branch == 0 and
    .message == "-2 is negative" and .data == {n: -2}'
  assert_that 'order == ["c1", "c2", "c3"] and linearization.verdict == "linearizable"'
  assert_that 'ends[0] | .state_before == {n: 1} and .state == {n: -7} and (has("other_failures") | not)'
  run -1 --separate-stderr pd-exec "${meeting[@]}" --checks record plan
  assert_that 'order == ["c1", "c2", "c3", "c4"] and (ends[0].other_failures | length) > 1'
  run -0 --separate-stderr pd-exec "${meeting[@]}" --checks log plan
  assert_that '(of("check") | length) > 1 and failures == [null]'
  run -0 --separate-stderr pd-exec "${meeting[@]}" --checks off plan
  assert_that 'of("check") == []'
}

@test "the model's end of a run leaves the suffix out" {
  with_check 'def terminate($c; $events): .n >= 3;'
  race '[]' "$kept" "$read_it" >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'order == ["c1", "c2"]'
}

# --- No order ---

@test "a lost update that the answers show fails the run before the suffix" {
  race '[{"type":"Add","by":10}]' "$lost" "$read_it" >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'failures[0] | .class == "assertion" and .kind == "linearization" and (has("name") | not)'
  assert_that 'failures[0].message == "no order of the branches explains what was seen: after c2, command c3 Add: Added differs from the prediction, value: expected 13, got 12"
    or failures[0].message == "no order of the branches explains what was seen: after c3, command c2 Add: Added differs from the prediction, value: expected 13, got 11"'
  assert_that 'failures[0] as $f | $f.data.blocked[0] as $b | $f.id == $b.id and $f.branch == $b.process and
    ($f.data.prefix | length) == 1 and $b.command.type == "Add" and $b.expected[0].value == 13 and $b.state == $f.data.state and
    ($b.seen | map(.type)) == ["Added"]'
  assert_that 'order == ["c1"] + failures[0].data.prefix + [failures[0].id] and stand_together'
  assert_that 'linearization | .verdict == "not_linearizable" and .operations == 2'
  assert_that 'ends[0] | .commands == 3 and .events == 3 and .state_before.n == .failure.data.state.n'
  assert_that 'the_end | has("problems") | not'
  [[ $(tail -n 1 hooks) == "end of input" || $(tail -n 1 hooks) == teardown_each ]]
  pd-report <<<"$output" >report || (($? == 1))
  grep -q 'FAIL 1: no order of the commands explains what was seen' report
}

@test "a lost update that only the suffix shows is found, and its control passes" {
  race '[]' "$(silent "$lost")" "$read_it" >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" --conform plan
  assert_that 'failures[0] | .kind == "linearization" and .id == "c3" and (has("branch") | not) and
    .data.blocked[0].expected[0].value == 3 and (.data.prefix | sort) == ["c1", "c2"]'
  assert_that 'linearization.operations == 3'
  race '[]' "$(silent "$kept")" "$read_it" >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" --conform plan
  assert_that 'linearization.verdict == "linearizable"'
}

@test "--no-linearize judges no order" {
  with_check 'def check_small($x): .n < 100;'
  race '[]' "$lost" "$read_it" >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" --no-linearize plan
  assert_that 'linearization == null and order == ["c1", "c2", "c3"]'
}

@test "a linearized run without checks has tested something, one that was not judged has not" {
  race '[]' "$kept" "$read_it" >plan
  pd-exec "${meeting[@]}" plan
  run -2 --separate-stderr pd-exec "${meeting[@]}" --no-linearize plan
  assert_stderr_has 'nothing was checked'
}

@test "a model that has no rule for the commands judges nothing and folds in the order of the answers" {
  sed '/^def simulate/d' "$models/meeting.jq" >model.jq
  race '[]' '[[{"type":"Add","by":1,"meet":2,"answer":"reversed"}],[{"type":"Add","by":2,"meet":2,"answer":"reversed"}]]' \
    "$read_it" >plan
  run -0 --separate-stderr pd-exec -m model.jq -A "$adapters/meeting.py" --allow-vacuous plan
  assert_that 'order == ["c2", "c1", "c3"] and linearization == null'
}

@test "legal_CMD decides where the model has it" {
  with_check 'def legal_Add($c; $events): true;'
  race '[]' "$lost" '[]' >plan
  pd-exec "${meeting[@]}" plan
  with_check 'def legal_Add($c; $events): .n == 0;'
  race '[]' "$kept" '[]' >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'failures[0].kind == "linearization"'
}

@test "secrets stay out of a failure to linearize" {
  race '[]' "$lost" '[]' >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" --redact value --redact n plan
  assert_that 'failures[0] | (.message | test("secret")) and .data.state == {n: "[redacted]"} and
    .data.blocked[0].seen[0].value == "[redacted]" and .data.blocked[0].state == {n: "[redacted]"}'
}

@test "a prefix that failed leaves nothing to search" {
  with_check 'def check_small($x): .n < 5;'
  race '[{"type":"Add","by":9}]' "$lost" '[]' >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'order == ["c1"] and linearization == null'
  run -1 --separate-stderr pd-exec "${meeting[@]}" --checks record plan
  assert_that 'order == ["c1", "c2", "c3"] and linearization == null and failures[0].name == "small"'
}

@test "a model that fails while an order is searched is told" {
  with_check 'def legal_Add($c; $events): error("no rule");'
  race '[]' "$kept" '[]' >plan
  run -2 --separate-stderr pd-exec "${meeting[@]}" plan
  assert_that 'failures[0] | .kind == "model_error" and (.message | test("no rule"))'
  assert_that 'order == ["c1", "c2"]'
}

@test "a search that is not over in time is undecided, and says what to do" {
  race '[]' "$(jq -nc '[range(30) | [{type: "Add", by: pow(2; .), silent: true, meet: 30}]]')" '[{"type":"Read","lie":1}]' >plan
  run -2 --separate-stderr pd-exec "${meeting[@]}" --linearize-timeout 50ms plan
  assert_that 'failures[0] | .class == "framework" and .kind == "linearization_undecided" and
    (.message | test("--linearize-timeout"))'
  assert_that 'linearization.verdict == "unknown" and (order | length) == 31'
}

# --- Unknown outcomes ---

@test "a command without answer is presumed to have taken effect when the others say so" {
  race '[]' '[[{"type":"Add","by":5,"hang":"done"}],[{"type":"Read"}]]' '[]' >plan
  run -2 --separate-stderr pd-exec "${meeting[@]}" --timeout 300ms --trace plan
  assert_that 'failures[0] | .kind == "command_timeout" and .id == "c1" and .branch == 0'
  assert_that 'linearization.verdict == "linearizable" and order == ["c1", "c2"]'
  assert_that 'of("event") | map([.n, .id, .source]) == [[1, "c1", "presumed"], [2, "c2", "command"]]'
  assert_that 'ends[0].state == {n: 5}'
}

@test "a command without answer need not have happened" {
  race '[]' '[[{"type":"Add","by":5,"hang":"never"}],[{"type":"Read"}]]' '[]' >plan
  run -2 --separate-stderr pd-exec "${meeting[@]}" --timeout 300ms --trace plan
  assert_that 'failures[0].kind == "command_timeout" and linearization.verdict == "linearizable"'
  assert_that '(of("event") | map(.id) == ["c2"]) and (order | sort) == ["c1", "c2"] and ends[0].state == {n: 0}'
}

@test "answers that not even a command without answer explains come first among the failures" {
  race '[]' '[[{"type":"Add","by":5,"hang":"done"}],[{"type":"Read","lie":2}]]' '[]' >plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" --timeout 300ms plan
  assert_that 'failures[0] | .kind == "linearization" and .id == "c2"'
  assert_that 'ends[0].other_failures | map(.kind) == ["command_timeout"]'
}

# --- Again and again ---

@test "--repeat runs a sequence with branches until it fails, and no other" {
  race '[]' "${lost/true/3}" "$read_it" >plan
  plan '{"type":"Read"}' | jq -c '.run = 2' >>plan
  run -1 --separate-stderr pd-exec "${meeting[@]}" --repeat 5 --report plan
  assert_that 'ends | map([.run, .attempt, .status, .again]) ==
    [[1, 1, "pass", true], [1, 2, "pass", true], [1, 3, "fail", null], [2, 1, "pass", null]]'
  assert_that 'of("run_start") | map(.attempt) == [1, 2, 3, 1]'
  assert_that 'the_end.counts | .runs == 4 and .passed == 3 and .failed == 1'
  assert_that 'of("failure") | length == 1'
  pd-report <<<"$output" >report || (($? == 1))
  grep -q '4 runs: 3 passed, 1 failed' report
}

@test "--repeat ends with the last attempt" {
  race '[]' "$kept" '[]' >plan
  run -0 --separate-stderr pd-exec "${meeting[@]}" --repeat 4 plan
  assert_that 'ends | map([.attempt, .again]) == [[1, true], [2, true], [3, true], [4, null]]'
  jq -c '.paced = true' plan >paced
  echo '{"type":"proceed","all":true}' >>paced
  run -2 --separate-stderr timeout 10 pd-exec "${meeting[@]}" --repeat 4 --timeout 300ms paced
  assert_that 'ends | length == 1'
}

@test "pd-flaky runs a sequence again once, not for each attempt" {
  race '[]' "$kept" '[]' >plan
  pd-exec "${meeting[@]}" --repeat 3 plan >runs
  run -0 --separate-stderr pd-flaky -n 2 runs -- "$PD_BIN/pd-exec" "${meeting[@]}"
  assert_that 'of("flakiness") | length == 1'
}

@test "--jitter waits as seed, attempt and command say" {
  race '[]' "$(jq -nc '[range(4) | [{type: "Add", by: 1, silent: true}]]')" '[]' >plan
  # calls FILE: for each attempt the commands in the order in which they were called.
  calls() {
    jq -sc 'map(select(.type == "command") | [.id, .call_us]) | .[:4], .[4:] | sort_by(.[1]) | map(.[0])' "$1"
  }
  pd-exec "${meeting[@]}" --jitter 400ms --repeat 2 plan >one
  pd-exec "${meeting[@]}" --jitter 400000 --repeat 2 plan >two
  jq -c '.seed = 8' plan | pd-exec "${meeting[@]}" --jitter 400ms --repeat 2 >other
  calls one >calls
  diff calls <(calls two)
  [[ $(head -n 1 calls) != $(tail -n 1 calls) && $(calls other) != $(<calls) ]]
  assert_that 'of("command") | map(.call_us) | max > 200000 and max < 4000000' one
  run -2 --separate-stderr pd-exec "${meeting[@]}" --jitter 5parsecs plan
  assert_stderr_has '--jitter'
}

# --- Signals ---

has_asked() { [[ $(grep -c execute hooks) == "$1" ]]; }

@test "a signal in the middle of branches: what was answered is written, and the run is torn down" {
  race '[{"type":"Add","by":1}]' '[[{"type":"Add","by":1,"hang":"done"}],[{"type":"Add","by":2},{"type":"Add","by":4,"hang":"done"}]]' \
    "$read_it" >plan
  "$PD_BIN/pd-exec" "${meeting[@]}" plan >out 2>errors 3>&- &
  pid=$!
  wait_for has_asked 4
  kill -TERM "$pid"
  wait "$pid" || (($? == 143))
  assert_that 'ends[0] | .status == "aborted" and (has("failure") | not) and .commands == 2 and .events == 2' out
  assert_that 'order == ["c1", "c3"] and linearization == null' out
  grep -q teardown_each hooks
  "$PD_ROOT/t/lib/validate-records" --stream out
}

@test "a signal while branches wait for their delay" {
  race '[{"type":"Add","by":1}]' "$kept" '[]' >plan
  "$PD_BIN/pd-exec" "${meeting[@]}" --jitter 1h plan >out 2>errors 3>&- &
  pid=$!
  wait_for has_asked 1
  kill -INT "$pid"
  wait "$pid" || (($? == 130))
  assert_that 'order == ["c1"] and ends[0].status == "aborted"' out
  grep -q teardown_each hooks
}

@test "a signal while an order is searched" {
  race '[]' "$(jq -nc '[range(40) | [{type: "Add", by: pow(2; .), silent: true, meet: 40}]]')" '[{"type":"Read","lie":1}]' >plan
  "$PD_BIN/pd-exec" "${meeting[@]}" --linearize-timeout 0s plan >out 2>errors 3>&- &
  pid=$!
  wait_for has_asked 41
  kill -TERM "$pid"
  wait "$pid" || (($? == 143))
  assert_that 'ends[0] | .status == "aborted" and (has("failure") | not) and .commands >= 40' out
  grep -q teardown_each hooks
}
