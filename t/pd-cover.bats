#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-cover: what is counted, merging, thresholds, growth, views, bounded memory, trouble.
# shellcheck disable=SC2016,SC2154 # jq in quotes; variables of bats and the helpers

load lib/helper
load lib/memory

setup() {
  pd_setup
  examples=$PD_ROOT/share/pd/examples
  bank=$examples/toybank.jq
}

teardown() {
  pd_teardown
}

# coverage_of OPTION…: what pd-cover writes, to out, and the record, to coverage.
coverage_of() {
  pd-cover "$@" >out 2>err
  "$PD_ROOT/t/lib/validate-records" <(grep '^{"type":"coverage"' out | tee coverage)
}
covered() { jq -e "$1" "${2-coverage}" >/dev/null || fail "not so: $1" "$(cut -c1-2000 "${2-coverage}")"; }

# on_bank N [OPTION of pd-gen…]: runs against the bank.
on_bank() {
  pd-gen -m "$bank" -n "$1" -s 7 "${@:2}" |
    pd-exec -m "$bank" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --no-exchange
}

# runs: records of runs that are given as lines of "RUN COMMAND…" on standard input, a command being JSON; each
# command X is answered by an event Xed with the same fields.
runs() {
  jq -Rc 'split(" ") as [$run, $commands] | ($run | tonumber) as $run
    | {type: "run_start", run: $run, attempt: 1, nonce: ("0" * 16),
       sequence: {type: "sequence", run: $run, seed: 1, plan: ("0" * 64), prefix: [], suffix: []}},
      ([.[($run | tostring | length) + 1:] | splits(" ") | fromjson] | to_entries[] | ("c\(.key + 1)") as $id
       | {type: "command", run: $run, $id, command: .value, call_us: .key, return_us: .key, outcome: "ok", attempts: 1},
         {type: "event", run: $run, $id, source: "command", event: (.value | .type += "ed"), at_us: .key, n: (.key + 1)}),
      {type: "run_end", run: $run, attempt: 1, status: "pass", commands: 1, events: 1, fired: {}, duration_us: 1}'
}

# lamp: a model with classes of states and all kinds of arguments.
lamp() {
  cat >lamp.jq <<'END'
module {"name": "lamp", "state_classes": ["dark", "light", "broken"]};
include "pd";
def init: {on: false};
def commands: {Switch: {args: {to: bool}}, Never: {when: false},
  Dim: {args: {level: int(-2; 5), note: string(0; 3), steps: list(bool; 0; 2), at: {x: int(1; 2)}, lamp: oneof([])}}};
def on_Switched($e): .on = $e.to;
def on_Burnt($e): .broken = true;
def classify: if .broken then "broken" elif .on then "light" else "dark" end;
def check_on($x): true;
END
}

# --- What is counted ---

@test "commands, pairs, events and checks are those that a plain count of the records gives" {
  start_toybank
  on_bank 20 >runs.ndjson
  coverage_of -m "$bank" runs.ndjson
  jq -s '[.[] | select(.type == "command" or .type == "event")] as $steps
    | {command: ($steps | map(.command.type | values)), event: ($steps | map(.event.type | values)),
       transition: ([group_by(.run)[] | map(.command.type? // empty) | [., .[1:]] | transpose[] | select(.[1] != null) | join(" ")])}
    | map_values(group_by(.) | map({key: .[0], value: length}) | from_entries)' runs.ndjson | jq -S . >plain
  jq '{command: .command.items, event: .event.items, transition: .transition.items}
    | map_values(map(select(.times > 0) | {key: (.name // "\(.from) \(.to)"), value: .times}) | from_entries)' coverage | jq -S . >counted
  diff plain counted
  jq -S 'select(.type == "end").fired' runs.ndjson | diff - <(jq -S '[.check.items[] | {key: .name, value: .times}] | from_entries' coverage)
  covered '.command.total == 12 and .transition.total == 144 and .event.total == 15 and .check.total == 11 and .runs.total == 20'
}

@test "other records are passed on unchanged and in order, and the same input gives the same record" {
  start_toybank
  on_bank 5 >runs.ndjson
  coverage_of -m "$bank" runs.ndjson
  cp coverage first
  cp out passed
  diff <(grep -vE '^.{9}(stream|end)' runs.ndjson) <(grep -vE '^.{9}(stream|end|coverage)' out)
  coverage_of -m "$bank" passed
  cmp first <(tail -n 1 coverage)
}

@test "states are told apart, by their content and not by the ids that the system gave out" {
  start_counter
  pd-gen -m "$counter_model" -n 20 -s 3 | pd-exec -m "$counter_model" -a "$counter_adapter" -u "$COUNTER_URL" >runs.ndjson
  coverage_of -m "$counter_model" runs.ndjson
  jq -s '[foreach .[] as $record (0; if $record.type == "run_start" then 0 elif $record.event.type == "Incremented" then . + $record.event.by
    elif $record.event.type == "Decremented" then . - $record.event.by else . end)] | unique | length' runs.ndjson >plain
  covered ".state.exact and .state.seen == $(<plain)"
  # The bank counts its accounts on and on: the same plans lead to the same states all the same.
  start_toybank
  on_bank 6 >once
  on_bank 6 >again
  coverage_of -m "$bank" once
  jq .state.seen coverage >seen
  jq -c 'walk(if type == "string" then gsub("(?<kind>acc|hold|auth|cap|tr)_(?<n>[0-9]+)"; "\(.kind)_other\(.n)") else . end)' again >renamed
  run ! cmp -s again renamed
  coverage_of -m "$bank" once renamed
  covered ".state.seen == $(<seen) and .runs.total == 12 and .state.once == 0"
}

@test "arguments are on their bounds, zero or between; empty, one, many; of no range only kinds are told" {
  lamp
  runs >runs.ndjson <<'END'
1 {"type":"Dim","level":-2,"note":"","steps":[],"at":{"x":1},"lamp":"a"}
2 {"type":"Dim","level":-1,"note":"x","steps":[true],"at":{"x":2},"lamp":7}
3 {"type":"Dim","level":0,"note":"xx","steps":[true,true],"at":{"x":3},"lamp":0} {"type":"Dim","level":3,"note":"äöü","lamp":-7}
4 {"type":"Dim","level":9,"note":"xxxx","lamp":[1,2]} {"type":"Switch","to":true}
END
  coverage_of -m lamp.jq runs.ndjson
  jq -r '.partition.items[] | select(.times > 0) | "\(.argument) \(.partition)\(if .undeclared then " (beyond)" else "" end)"' coverage >told
  diff - <(sort told) <<'END'
at.x 1
at.x 2
at.x above its range (beyond)
lamp many elements (beyond)
lamp negative (beyond)
lamp one letter (beyond)
lamp positive (beyond)
lamp zero (beyond)
level -1
level -2
level 0
level 1..4
level above its range (beyond)
note 0 letters
note 1 letter
note 2 letters
note 3 letters
note too many letters (beyond)
steps 0 elements
steps 1 element
steps 2 elements
to true
END
  covered '.partition.covered == 14 and .partition.total == 16
    and ([.partition.items[] | select(.times == 0) | "\(.argument) \(.partition)"] == ["level 5", "to false"])'
}

@test "state classes and what came after what; the model says which there are" {
  lamp
  runs >runs.ndjson <<'END'
1 {"type":"Switch","to":true} {"type":"Switch","to":true} {"type":"Switch","to":false}
2 {"type":"Switch","to":true}
END
  coverage_of -m lamp.jq runs.ndjson
  covered '[.state_class.items[] | [.name, .times]] == [["broken", 0], ["dark", 3], ["light", 3]] and .state_class.percent == 66.6
    and ([.state_class_transition.items[] | [.from, .to, .times]] == [["dark", "light", 2], ["light", "dark", 1], ["light", "light", 1]])'
  run -0 pd-cover -m lamp.jq --format terminal --view state-classes runs.ndjson
  assert_output_has 'State classes that no run came to: broken'
  coverage_of -m lamp.jq --no-states runs.ndjson
  covered '(has("state") or has("state_class_transition") | not) and .state_class.seen == 0'
}

@test "a check that failed is told with the runs in which it did" {
  failing_runs 1000 || return
  coverage_of -m "$counter_model" "$FAILING_RUNS"
  covered '.runs.failed == 1000 and ([.check.items[] | select(.name == "never_negative") | .failed] == [1000])'
}

@test "orders of branches and commands at the same time are told by the order of folding" {
  jq -nc '[["0A","1B"], ["1B","0A"], ["0A","1B"]] | to_entries[] | (.key + 1) as $run
    | (.value | to_entries[] | {type: "command", run: $run, id: "c\(.key + 1)", branch: (.value[:1] | tonumber), command: {type: .value[1:]},
        call_us: 1, return_us: 9, outcome: "ok", attempts: 1}),
      {type: "command", run: $run, id: "c3", branch: 0, command: {type: "A"}, call_us: 10, return_us: 11, outcome: "timeout", attempts: 1}' >runs.ndjson
  coverage_of runs.ndjson
  covered '.interleaving.seen == 2 and .interleaving.once == 1 and ([.branches.items[] | [.name, .runs]] == [["2", 3]])
    and ([.concurrent.items[] | [.from, .to, .times]] == [["A", "B", 2], ["B", "A", 1]])
    and .runs.unfinished == 3 and ([.command.items[] | [.name, .times, .unanswered]] == [["A", 6, 3], ["B", 3, null]])'
}

# --- What is missing ---

@test "a command that never ran is named, and so are events, checks and pairs" {
  start_toybank
  on_bank 3 --max-commands 2 >runs.ndjson
  run -0 pd-cover -m "$bank" --format terminal runs.ndjson
  [[ $output =~ Commands\ that\ never\ ran:\ [^$'\n']*Transfer ]]
  [[ $output =~ Events\ that\ never\ came:\ [^$'\n']*Captured ]]
  [[ $output =~ Checks\ that\ were\ never\ triggered:\ [^$'\n']*refunds_within_capture ]]
  assert_output_has 'Pairs that never came'
  assert_output_has 'Authorize.amount: 8000000000'
}

@test "thresholds are met or missed, or cannot be told" {
  lamp
  echo '1 {"type":"Switch","to":true} {"type":"Dim","level":1}' | runs >runs.ndjson
  run -0 --separate-stderr pd-cover -m lamp.jq --fail-under command=66,state=2 --fail-under state_class=60% runs.ndjson
  [[ -z $stderr ]]
  run -1 --separate-stderr pd-cover -m lamp.jq --fail-under command=67 --format compact runs.ndjson
  assert_stderr_has 'command: 66.6 is under 67'
  assert_output_has 'THRESHOLD dimension=command wanted=67 got=66.6 met=false'
  run -1 --separate-stderr pd-cover -m lamp.jq --fail-under state=3 runs.ndjson
  run -2 --separate-stderr pd-cover --fail-under command=1 runs.ndjson
  assert_stderr_has 'nobody says how many there are'
  # A miss wins over what cannot be told.
  run -1 --separate-stderr pd-cover --fail-under command=1,interleaving=1 runs.ndjson
}

@test "a wrong threshold is refused with what may be meant" {
  local wrong
  for wrong in comand=5 command command= command=101 command=-1 state=x ''; do
    run -2 --separate-stderr pd-cover --fail-under "$wrong" /dev/null
    assert_stderr_has '--fail-under: '
  done
  run -2 --separate-stderr pd-cover --fail-under transitions=5 /dev/null
  assert_stderr_has "did you mean 'transition'?"
}

@test "growth tells when new things came, and whether more are to be expected" {
  for run in {1..20}; do echo "$run {\"type\":\"A\"}"; done | runs >stale
  coverage_of stale
  covered '.growth.verdict == "saturated" and .growth.last_new_run == 1 and .growth.expected_new == 0 and .growth.new_by_tenth[1:] == [0,0,0,0,0,0,0,0,0]'
  for run in {1..20}; do echo "$run {\"type\":\"A$run\"}"; done | runs >fresh
  coverage_of fresh
  covered '.growth.verdict == "growing" and .growth.last_new_run == 20 and .command.new_by_tenth == [2,2,2,2,2,2,2,2,2,2]
    and .growth.expected_new == 2 and .growth.estimated > 100'
  head -n 8 fresh >few
  coverage_of few
  covered '.growth.verdict == "too_few_runs"'
}

# --- Merging ---

@test "merged shards are the coverage of the whole stream, byte for byte" {
  start_toybank
  on_bank 30 | pd-cover -m "$bank" --max-states 64 --save whole >/dev/null
  local shard
  for shard in 1 2 3; do
    on_bank 30 --shard "$shard/3" | pd-cover -m "$bank" --max-states 64 --save "part.$shard" >/dev/null
  done
  covered '.state.exact | not' whole
  pd-cover --merge --save merged part.3 part.1 part.2 >/dev/null
  cmp whole merged
  # In two steps, from whole streams of records with others between.
  { pd-cover --merge part.2 part.3; } >some
  pd-cover --merge --save merged some part.1 >/dev/null
  cmp whole merged
}

@test "runs with branches, cut anywhere between runs, add up as well" {
  start_toybank
  on_bank 24 --branches >runs.ndjson
  coverage_of -m "$bank" runs.ndjson
  covered '.interleaving.seen > 5 and .concurrent.seen > 5'
  jq -c 'select(.run and .run <= 7)' runs.ndjson | pd-cover -m "$bank" --save one >/dev/null
  jq -c 'select(.run and .run > 7)' runs.ndjson | pd-cover -m "$bank" --save two >/dev/null
  pd-cover --merge --save merged two one >/dev/null
  cmp coverage merged
}

@test "coverages of different models do not add up, and damaged ones are refused by line" {
  lamp
  echo '1 {"type":"Switch","to":true}' | runs >runs.ndjson
  pd-cover -m lamp.jq --save one runs.ndjson >/dev/null
  pd-cover --save other runs.ndjson >/dev/null
  run -2 --separate-stderr pd-cover --merge one other
  assert_stderr_has 'other:1: the coverage was counted with another model'
  jq -c '.command.items[0].times = "many"' one >damaged
  run -2 --separate-stderr pd-cover --merge one damaged
  assert_stderr_has 'damaged:1: the coverage record is damaged'
  run -2 --separate-stderr pd-cover --merge runs.ndjson
  assert_stderr_has 'the input had no coverage record'
  run -2 pd-cover --merge -m lamp.jq one
}

# --- Views and formats ---

@test "views show the matrices, and markdown and compact the same figures" {
  lamp
  { echo '1 {"type":"Switch","to":true} {"type":"Dim","level":1} {"type":"Dim","level":1}'; } | runs >runs.ndjson
  run -0 pd-cover -m lamp.jq --format terminal --view matrix runs.ndjson
  grep -qE '^ +1  Dim +1 +\. +\.$' <<<"$output"
  grep -qE '^ +3  Switch +1 +\. +\.$' <<<"$output"
  run -0 pd-cover -m lamp.jq --format terminal --view full runs.ndjson
  assert_output_has 'Dim.level'
  run -0 pd-cover -m lamp.jq --format markdown --view matrix runs.ndjson
  assert_output_has '| `Switch` | 1 | - | - |'
  run -0 pd-cover -m lamp.jq --format compact runs.ndjson
  assert_output_has 'COVERAGE runs=1 commands=3 events=3 command=2/3 transition=2/9'
  pd-cover -m lamp.jq runs.ndjson >records
  run -0 pd-report --format compact records
  assert_output_has 'COVERAGE runs=1'
}

@test "the page is well-formed, a heat map, alone and in a report, and strange names stay text" {
  { echo '1 {"type":"<script>\u202e\u001b[31m","x":1} {"type":"B&\"","x":"<b>"}'; } | runs >runs.ndjson
  pd-cover --format html runs.ndjson >page.html
  pd-cover runs.ndjson >records
  pd-report --format html records >report.html
  python3 -c 'import sys, xml.dom.minidom as dom; [dom.parse(path) for path in sys.argv[1:]]' page.html report.html
  [[ $(grep -c '<table class="heat">' page.html) == 1 && $(grep -c '<table class="heat">' report.html) == 1 ]]
  grep -q 'class="h7"' page.html
  pd-cover --format terminal --view full runs.ndjson >text
  run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]|\x{202e}|<script>\\\\u' page.html report.html
  run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]|\x{202e}' text
}

# --- Memory ---

# counting N: N runs of five steps whose states are all different.
counting() {
  jq -nc --argjson runs "$1" 'range(1; $runs + 1) as $run
    | {type: "run_start", run: $run}, (range(5) as $step | {type: "event", run: $run, event: {type: "Incremented", by: ($run * 5 + $step), value: 0}}),
      {type: "run_end", run: $run, status: "pass"}'
}

@test "memory does not grow with the number of different states, and the estimate is near" {
  counting 500 >few
  counting 8000 >many
  local small
  peak_of pd-cover -m "$counter_model" --max-states 256 few >/dev/null
  small=$PEAK
  peak_of pd-cover -m "$counter_model" --max-states 256 --save coverage many >/dev/null
  printf '# %s KiB for 2,500 states, %s KiB for 40,000\n' "$small" "$PEAK" >&3
  ((STATUS == 0 && PEAK <= small + PEAK_ALLOWANCE)) || fail "grew from $small KiB to $PEAK KiB"
  # Four standard errors, of a fixed input.
  covered '(.state.exact | not) and .state.bound == 256 and (.state.sample | length) == 256
    and (.state.seen - 40000 | fabs) < 40000 * 4 * .state.error'
}

@test "a classify that puts nothing together is told" {
  { cat "$counter_model"; echo 'def classify: .value;'; } >classes.jq
  counting 21000 | (pd-cover -m classes.jq --format compact >out 2>err && fail "it went well" || (($? == 2)))
  grep -q 'names were left out: there are more than 100000' err
}

# --- Trouble ---

@test "nothing that ran is no coverage" {
  run -2 --separate-stderr pd-cover </dev/null
  assert_stderr_has 'the input had no run'
  jq -nc '{type: "command", run: 1, id: "c1", command: {type: "A"}, call_us: 1, return_us: 2, outcome: "timeout", attempts: 1}' >unanswered
  run -2 --separate-stderr pd-cover unanswered
  assert_stderr_has 'no command was answered'
  run -0 --separate-stderr pd-cover --allow-vacuous unanswered
  # Of a log there may be events alone.
  jq -nc '{type: "event", run: 1, source: "production", event: {type: "A"}, at_us: 1, n: 1}' >log
  run -0 --separate-stderr pd-cover log
}

@test "lines that cannot be read and runs that cannot be folded are told, and the rest is counted" {
  lamp
  { echo '1 {"type":"Switch","to":true}'; echo '2 {"type":"Switch","to":true}'; echo '3 {"type":"Switch","to":true}'; } | runs >runs.ndjson
  sed 's/def on_Switched(\$e): .on = \$e.to/def on_Switched($e): if $e.to then error("stuck") else . end/' lamp.jq >stuck.jq
  run -2 --separate-stderr pd-cover -m stuck.jq runs.ndjson
  [[ $(grep -c stuck <<<"$stderr") == 1 ]]
  assert_stderr_has 'run 1 cannot be folded: '
  assert_json '.[-1].problems[0] | startswith("3 of 3 runs could not be folded")'
  sed '2s/.*/{"type":"command",/' runs.ndjson >bad
  run -2 --separate-stderr pd-cover -m lamp.jq bad
  assert_stderr_has 'bad:2: '
  assert_json '[.[] | select(.type == "coverage")][0].command.items | map(.times) | add == 2'
  run -2 --separate-stderr pd-cover -m no.jq runs.ndjson
  run -2 --separate-stderr bash -c 'pd-cover runs.ndjson >/dev/full'
  run -2 --separate-stderr pd-cover --save /dev/full runs.ndjson
  run -2 --separate-stderr pd-cover --save no/such/folder runs.ndjson
}
