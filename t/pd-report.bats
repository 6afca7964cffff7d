#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-report: every format, on streams that were made by hand and on real ones.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper

setup() {
  pd_setup
  streams=$BATS_TEST_DIRNAME/data/streams
  examples=$PD_ROOT/share/pd/examples
}

teardown() {
  pd_teardown
}

# toybank_stream BUG [OPTION…]: a pipeline's stream with one shrunk failure, in FILE runs.ndjson.
toybank_stream() {
  [[ ${TOYBANK_URL-} ]] || start_toybank --bugs "$1"
  local executor=(pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}")
  pd-gen -m "$examples/toybank.jq" -n 300 -s 1 >plans.ndjson
  "${executor[@]}" --stop-on-failure plans.ndjson >unshrunk.ndjson || (($? == 1))
  pd-shrink -m "$examples/toybank.jq" unshrunk.ndjson -- "${executor[@]}" >runs.ndjson || (($? == 1))
}

# command_after HEADING: the line that the terminal report prints under it.
command_after() { grep -A1 -F "$1" <<<"$output" | sed -n '2s/^    //p'; }

# fails_likewise COMMAND-LINE NAME: sh runs it, and its failure has this name.
fails_likewise() {
  sh -c "$1" >again.ndjson || (($? == 1)) || return
  assert_json "map(.failure // empty | .name) == [\"$2\"]" again.ndjson
}

# on_terminal COLUMNS COMMAND-LINE: run on a terminal of that width; escapes shown as ESC.
on_terminal() {
  run script -qec "stty cols $1; $2" /dev/null </dev/null
  output=$(tr -d '\r' <<<"$output" | sed 's/\x1b/ESC/g')
}

# peak_memory FILE…: the most KiB that pd-report held while it read them.
peak_memory() {
  mkfifo held
  pd-report --format compact "$@" held >/dev/null 3>&- &
  local reader=$!
  exec 9>held
  wait_for sleeping "$reader"
  awk '/VmHWM/ { print $2 }' "/proc/$reader/status"
  exec 9>&-
  wait "$reader" || (($? == 1))
}
sleeping() { [[ -e /proc/$1/stat && $(cut -d' ' -f3 "/proc/$1/stat") == S ]] && grep -q held <(readlink "/proc/$1/fd/"*); }

# --- The terminal report ---

@test "a passing stream is a summary: runs, seed, checks, and those never triggered" {
  run -0 --separate-stderr pd-report "$streams/passing.ndjson"
  [[ ${lines[0]} == "2 runs: 2 passed, 0 failed; 2 commands, 2 events in 0.003 s; seed 7" ]]
  [[ ${lines[1]} == "checks run: no_overdraft 4" ]]
  [[ ${lines[2]} == "never triggered: never" ]]
  ((${#lines[@]} == 3))
  [[ -z $stderr ]]
}

@test "a shrunk failure tells what, where, the sequence, references, states and the seed" {
  run -1 --separate-stderr pd-report "$streams/shrunk.ndjson"
  assert_output_has 'FAIL 1: check no_overdraft failed'
  assert_output_has '  account acc_7 has -1'
  assert_output_has '  {"account":"acc_7","balance":-1}'
  assert_output_has '  2 commands, shrunk from 3 in 9 executions; run 2, seed 1002:'
  assert_output_has '    c1    CreateAccount {currency: "USD"}'
  assert_output_has '       -> AccountCreated {account: "acc_7", balance: 0}'
  assert_output_has '  > c3    Debit {account: "@c1.account" = "acc_7", amount: 1}  # overdraw at once'
  assert_output_has '       -> Debited {account: "acc_7", balance: -1}'
  assert_output_has 'State before c3 and at the failure:'
  assert_output_has '    - .accounts.acc_7.balance: 0'
  assert_output_has '    + .accounts.acc_7.balance: -1'
  [[ $(grep -c '^FAIL' <<<"$output") == 1 ]]
}

@test "a failure without a record is reported from the run's own records" {
  run -1 --separate-stderr pd-report "$streams/failing.ndjson"
  assert_output_has '4 commands, not shrunk; run 2, seed 1002:'
  assert_output_has '  > c3    Debit {account: "@c1.account" = "acc_7", amount: 150}'
  assert_output_has 'request   POST /accounts/acc_7/debit {"amount":150}'
  assert_output_has 'reply     200 {"balance":-50}'
  assert_output_has '1 more command not executed'
  assert_output_has '+ .last: "c3"'
  [[ $output != *'- .last'* ]]
}

@test "only what differs between the states is shown, and a large difference is cut" {
  jq -c 'if .type == "run_end" and .failure then .state_before = {same: [1, {a: 2}], list: [1, 2]} |
    .state = {same: [1, {a: 2}], list: [1, 3, 4], zeta: ([range(50) | {key: "k\(.)", value: .}] | from_entries)} |
    .state_before.zeta = {} else . end' "$streams/failing.ndjson" >runs
  run -1 pd-report runs
  assert_output_has '    - .list[1]: 2'
  assert_output_has '    + .list[1]: 3'
  assert_output_has '    + .list[2]: 4'
  [[ $output != *.same* ]]
  assert_output_has 'more differences'
}

@test "a state that did not change is shown as it is" {
  run -2 pd-report "$streams/error.ndjson"
  assert_output_has 'The state did not change:'
}

@test "a failure that was seen before and is not smaller is one line" {
  run -2 pd-report "$streams/error.ndjson"
  assert_output_has 'FAIL 1: CreateAccount got an unexpected reply'
  assert_output_has 'reply     500 "oops"'
  assert_output_has 'FAIL 2: CreateAccount got an unexpected reply, again: run 3, seed 1003'
  assert_output_has 'nothing is proved: 2 of 3 runs could not be judged'
}

@test "a failure that did not come back says so" {
  jq -c 'if .type == "failure" then .reproduced = false | del(.shrunk, .shrink) else . end' \
    "$streams/shrunk.ndjson" >runs
  run -1 pd-report runs
  assert_output_has 'not shrunk: it did not fail again'
}

@test "shrinking that was stopped early says so" {
  jq -c 'if .shrink then .shrink.stopped = "max_time" else . end' "$streams/shrunk.ndjson" >runs
  run -1 pd-report runs
  assert_output_has '(stopped: max_time)'
}

@test "a failure at the end of the run, further failures, branches, retries and injected events are told" {
  jq -c 'if .type == "failure" then del(.failure.id) | .other_failures = [{class: "assertion", kind: "check_failed",
      name: "second", message: "also\nbad"}]
    | .shrunk.branches = [[.shrunk.prefix[1]], [{id: "c9", command: {type: "Ping"}}]] | .shrunk.prefix |= .[:1]
    | .commands[1].attempts = 3 | .commands[1].outcome = "retry" | .commands[1].reason = "not yet"
    | .events += [{type: "event", run: 2, source: "injected", event: {type: "Tick", at: 5}, at_us: 9, n: 3}]
    else . end' "$streams/shrunk.ndjson" >runs
  run -1 pd-report runs
  assert_output_has 'FAIL 1: check no_overdraft failed, at the end of the run'
  assert_output_has 'also: check second failed: also bad'
  assert_output_has 'amount: 1} [branch 0]  # overdraw at once'
  assert_output_has 'sent 3 times'
  assert_output_has 'retry: not yet'
  assert_output_has '1 more command not executed'
  assert_output_has 'events that no command caused:'
  assert_output_has '-> injected: Tick {at: 5}'
}

@test "a wrong prediction is shown beside what came" {
  toybank_stream 3 --checks off --conform
  run -1 pd-report runs.ndjson
  assert_output_has 'Capture did not do what the model predicts'
  assert_output_has 'status: expected "captured", got "authorized"'
  assert_output_has 'predicted Captured {capture: anything, authorization: "auth_1"'
}

@test "every kind of failure has words of its own" {
  local kind
  for kind in check_failed prediction_mismatch unexpected_reply command_timeout adapter_error ref_unresolved \
    model_error setup_failed something_new; do
    jq -c --arg kind "$kind" '.failure |= (.kind = $kind | .name = "Thing")' "$streams/failures-alone.ndjson"
  done >kinds
  run -1 pd-report kinds
  [[ $(grep -c '^FAIL .*Thing' <<<"$output") == 9 ]]
  jq -c 'del(.failure.name, .failure.id)' kinds >nameless
  run -1 pd-report nameless
  [[ $(grep '^FAIL' <<<"$output") != *null* ]]
}

# --- The command lines that reproduce ---

@test "the printed command lines fail again with the same failure" {
  toybank_stream 1
  local name sequence whole
  name=$(jq -r 'select(.type == "failure").failure.name' runs.ndjson)
  run -1 pd-report runs.ndjson
  sequence=$(command_after 'Run this sequence again:')
  whole=$(command_after 'Generate the whole run again:')
  fails_likewise "$sequence" "$name"
  fails_likewise "$whole" "$name"
  run -1 pd-report unshrunk.ndjson # its pipeline read a file, and stopped early
  sequence=$(command_after 'Run this sequence again:')
  [[ $sequence != *stop-on-failure* && $sequence != *plans.ndjson* ]]
  fails_likewise "$sequence" "$name"
}

@test "the whole run is generated again with the lengths that it was drawn with" {
  start_toybank --bugs 1
  pd-gen -m "$examples/toybank.jq" -n 100 -s 4 --min-commands 20 --max-commands 30 |
    pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --max-failures 1 >runs || (($? == 1))
  run -1 pd-report runs
  fails_likewise "$(command_after 'Generate the whole run again:')" "$(jq -r '.failure.name // empty' runs)"
  assert_json 'map(.sequence // empty) | length == 1' again.ndjson
  jq -cs 'map(select(.status == "fail"))[0].run as $run | .[] | select(.type == "run_start" and .run == $run).sequence | {prefix, plan}' runs >first
  jq -c '.sequence // empty | {prefix, plan}' again.ndjson | cmp - first
}

@test "the whole run is generated again with the branches that it was drawn with" {
  line() {
    jq -c --argjson branches "$1" 'if .type == "stream" then .options += $branches else . end' \
      "$streams/failing.ndjson" >runs
    run -1 pd-report runs
    command_after 'Generate the whole run again:'
  }
  local usual='{"branch_probability":0.2,"min_prefix":3,"min_branches":2,"max_branches":3,"min_branch_length":1,"max_branch_length":5}'
  [[ $(line '{}') != *branch* ]]
  [[ $(line "$usual") == *' --max-commands 20 --branches | '* ]]
  [[ $(line "$(jq -c '.branch_probability = 1 | .min_prefix = 0 | .max_branch_length = 9' <<<"$usual")") == \
    *' --branches --branch-probability 1 --min-prefix 0 --max-branch-length 9 | '* ]]
}

@test "values full of quotes reproduce, and nothing in them is run" {
  mkdir "it's a folder" && cd "it's a folder"
  cat >nasty.jq <<'EOF'
module {"name": "nasty"};
include "pd";
def init: {};
def commands: {Say: {args: {text: "it's $(touch pwned) `touch pwned` \"q\" \\ \n\u0000\u001b[2J 🎉 \u202e |", "a 'key'": "''"}}};
def simulate_Say($c): {type: "Said"};
def on_Said($e): .;
def check_polite($e): if $e.type == "Said" then fail("impolite: \($e.text)") else true end;
EOF
  cat >'nasty adapter.jq' <<'EOF'
include "pd";
def request: {argv: ["cat"], stdin: tojson};
def events($c): .stdout | fromjson | .type = "Said";
EOF
  pd-gen -m nasty.jq -n 1 -s 1 --max-commands 1 | pd-exec -m nasty.jq -a 'nasty adapter.jq' >runs || (($? == 1))
  run -1 pd-report runs
  [[ $output != *$'\x1b'* && $output != *$'\u202e'* ]]
  fails_likewise "$(command_after 'Run this sequence again:')" polite
  jq -c '.command // empty' again.ndjson >again
  jq -c '.command // empty' runs | cmp - again
  fails_likewise "$(command_after 'Generate the whole run again:')" polite
  [[ -z $(find .. -name pwned) ]]
}

@test "the shrunk sequence is run as pd-shrink ran it, the whole run as pd-exec did" {
  run -1 pd-report "$streams/shrunk.ndjson"
  [[ $(command_after 'Run this sequence again:') == *' | /opt/pd/bin/pd-exec -m models/bank.jq -a bank-http.jq -u http://localhost:5000' ]]
  [[ $(command_after 'Generate the whole run again:') == 'pd-gen -m models/bank.jq --run-seed 1002 --max-commands 20 | pd-exec -m models/bank.jq -a bank-http.jq -u http://localhost:4000' ]]
}

@test "options that end a run early and operands are left out, in each form that getopt takes" {
  local form
  for form in '["--max-failures=1"]' '["--max-f", "1"]' '["--max-f=1"]' '["--stop"]' '["--report", "plans.ndjson"]' \
    '["--line-buffered", "a", "b"]' '["-"]' '["--", "plans.ndjson"]' '["--max-failures", "1", "--", "-x"]'; do
    jq -c --argjson form "$form" 'if .type == "stream" then .pipeline[1] = ["pd-exec", "-m", "a", "--redact", "b"] + $form else . end' \
      "$streams/failing.ndjson" >runs
    run -1 pd-report runs
    [[ $(command_after 'Run this sequence again:') == *"' | pd-exec -m a --redact b" ]] || fail "$form" "$output"
  done
  for form in '["--url=x"]' '["--timeo", "5s"]' '["-mM", "--trace"]' '["--proxy", "--max-failures"]'; do
    jq -c --argjson form "$form" 'if .type == "stream" then .pipeline[1] = ["pd-exec"] + $form else . end' \
      "$streams/failing.ndjson" >runs
    run -1 pd-report runs
    [[ $(command_after 'Run this sequence again:') == *"' | pd-exec $(jq -r 'join(" ")' <<<"$form")" ]] || fail "$form" "$output"
  done
}

@test "the formats know every option of pd-exec that takes a value" {
  pd-exec --help | sed -n 's/^ .*--\([a-z-]*\) [A-Z]\+ .*/--\1/p' | sort >taken
  [[ -s taken ]]
  jq -L "$PD_ROOT/share/pd/report" -L "$PD_ROOT/share/pd/jq" -nr 'include "common"; with_value[]' | sort | diff taken -
}

@test "without a generator in the stream no whole run is promised" {
  run -1 pd-report "$streams/no-header.ndjson"
  assert_output_has 'pd-exec -m MODEL.jq -a ADAPTER.jq -u http://localhost:4000'
  [[ $output != *'whole run'* ]]
}

# --- The other formats ---

@test "compact is one line a failure and one in the end" {
  run -1 pd-report --format compact "$streams/shrunk.ndjson"
  ((${#lines[@]} == 2))
  [[ ${lines[0]} == 'FAIL run=2 seed=1002 kind=check_failed name=no_overdraft commands=2 sequence=CreateAccount,Debit: account acc_7 has -1' ]]
  [[ ${lines[1]} == 'FAIL runs=2 passed=1 failed=1 errors=0 aborted=0 commands=4 events=4 seed=7' ]]
  run -0 pd-report --format compact "$streams/passing.ndjson"
  [[ $output == 'PASS runs=2 '* ]]
  run -2 pd-report --format compact "$streams/vacuous.ndjson"
  [[ $output == 'TROUBLE '*' problem="no command was executed" '* ]]
  run -1 pd-report --format compact "$streams/nasty.ndjson"
  ((${#lines[@]} == 2))
  [[ $output != *$'\x1b'* && $output != *$'\u202e'* ]]
}

@test "json is one valid document, for no failure and for many" {
  local stream
  for stream in "$streams"/*.ndjson; do
    run pd-report --format json "$stream"
    assert_json 'length == 1 and .[0] == (.[0] | {failures, summary}) and .[0].summary.status == '"$status" ||
      fail "$stream"
  done
  run -0 pd-report --format json "$streams/passing.ndjson"
  assert_json '.[0] | .failures == [] and .summary.counts.passed == 2 and .summary.problems == [] and .summary.seed == 7'
  run -2 pd-report --format json "$streams/error.ndjson"
  assert_json '.[0] | (.failures | length == 2) and .summary.failures == {"unexpected_reply CreateAccount": 2}'
}

@test "json has the failure record, its differences and its command lines" {
  run -1 pd-report --format json "$streams/shrunk.ndjson"
  jq -c 'select(.type == "failure")' "$streams/shrunk.ndjson" >record
  jq -c '.failures[0] | del(.reproduce, .differences)' <<<"$output" | cmp - record
  assert_json '.[0].failures[0] | .differences == [{path: ".accounts.acc_7.balance", before: 0, after: -1}] and
    (.reproduce.sequence | startswith("printf ")) and (.reproduce.run | startswith("pd-gen "))'
}

@test "markdown holds a table, the difference and the command lines" {
  run -1 pd-report --format markdown "$streams/shrunk.ndjson"
  assert_output_has '## check no\_overdraft failed'
  assert_output_has '| c1 | `CreateAccount {currency: "USD"}` | `AccountCreated {account: "acc_7", balance: 0}` |'
  assert_output_has '| **c3** | `Debit {account: "@c1.account" = "acc_7", amount: 1}` | `Debited {account: "acc_7", balance: -1}` |'
  assert_output_has $'```diff\n- .accounts.acc_7.balance: 0\n+ .accounts.acc_7.balance: -1\n```'
  assert_output_has '**2 runs: 1 passed, 1 failed; 4 commands, 4 events**'
  run -2 pd-report --format markdown "$streams/vacuous.ndjson"
  assert_output_has '- **nothing is proved**: no command was executed'
}

@test "in markdown no value becomes markup, ends a cell or closes a block" {
  run -1 pd-report --format markdown "$streams/nasty.ndjson"
  local row
  row=$(grep '^| \*\*c1' <<<"$output")
  # Bars that are not escaped are the table's own: four in three cells.
  [[ $(sed 's/\\|//g' <<<"$row" | tr -cd '|') == '||||' ]]
  # What a cell's code holds, with the bars given back, is the text without a change.
  [[ $row == *'| ``Say {a b\|c`d: '* ]]
  # Each fence is closed by its like; no line outside begins a heading of its own.
  awk '/^```+/ { f = $0; sub(/[^`].*/, "", f); if (!open) open = f; else if (f == open) open = ""; next }
    !open && /^##? / { headings++ } END { exit !(open == "" && headings == 1) }' <<<"$output"
  [[ $output != *$'\x1b'* && $output != *$'\u202e'* ]]
  jq -c '.failure.name? |= (if . then "a_b*c`d<e>|[f](g)&amp;@h" else . end)' "$streams/nasty.ndjson" >runs
  run -1 pd-report --format markdown runs
  [[ ${lines[0]} == '## check a\_b\*c\`d\<e\>\|\[f\](g)\&amp;\@h failed' ]]
}

@test "in markdown a failure that was seen before and is not smaller is one line" {
  run -2 pd-report --format markdown "$streams/error.ndjson"
  [[ $(grep -c '^## ' <<<"$output") == 1 ]]
  assert_output_has '**Again**: CreateAccount got an unexpected reply; run 3, seed 1003, 1 command, not shrunk.'
}

@test "every format takes every stream without a complaint" {
  local stream format
  for format in terminal compact markdown json; do
    for stream in "$streams"/*.ndjson "$BATS_TEST_DIRNAME"/data/records/valid/stream-*.ndjson; do
      run --separate-stderr pd-report --format "$format" "$stream"
      ((status <= 2)) && [[ -z $stderr ]] || fail "$format $stream: $status" "$stderr" "$output"
      [[ $output != *null* || $format == json || $stream == *records* ]] || fail "$format $stream:" "$output"
    done
  done
}

@test "numbers come out digit for digit in every format, and differ in their last digit" {
  local format
  for format in terminal json markdown; do
    run -1 pd-report --format "$format" "$streams/numbers.ndjson"
    assert_output_has 1499816949527975237
    assert_output_has 1499816949527975236
    assert_output_has 0.10
    assert_output_has 123456789012345678901234567890
  done
}

@test "a long value is cut in the report, but whole in the command line" {
  jq -c '(.. | objects | select(.type? == "Debit")).memo = "x" * 5000' "$streams/failing.ndjson" >runs
  run -1 pd-report runs
  assert_output_has 'xxx... (5002 characters)'
  [[ $(command_after 'Run this sequence again:') == *"$(printf 'x%.0s' {1..5000})"* ]]
}

# --- Which format ---

@test "--list tells the formats, and an unknown one is refused" {
  run -0 pd-report --list
  ((${#lines[@]} == 9))
  assert_output_has 'markdown     for tickets and job summaries'
  run -2 --separate-stderr pd-report --format markdwon "$streams/passing.ndjson"
  assert_stderr_has "there is no format 'markdwon'"
  run -2 --separate-stderr pd-report --format ../report/terminal "$streams/passing.ndjson"
  run -2 --separate-stderr pd-report --format common "$streams/passing.ndjson"
  assert_stderr_has 'a format needs header($o), failure($o) and summary($o)'
}

@test "a new file in share/pd/report is a new format" {
  mkdir -p tree/bin tree/share/pd/report
  cp "$PD_BIN/pd-report" tree/bin/
  ln -s "$PD_ROOT"/share/pd/report/*.jq tree/share/pd/report/
  ln -s "$PD_ROOT/share/pd/jq" tree/share/pd/jq
  cat >tree/share/pd/report/tally.jq <<'EOF'
module {"name": "tally", "description": "just the count"};
include "text";
def header($o): "begin";
def failure($o): "\($o.number): \(.failure | headline)";
def summary($o): .counts.runs;
EOF
  run -0 tree/bin/pd-report --list
  assert_output_has 'tally        just the count'
  run -1 tree/bin/pd-report --format tally "$streams/failing.ndjson"
  [[ $output == $'begin\n1: check no_overdraft failed\n2' ]]
}

# --- Branches ---

@test "a run that no order explains is shown with its branches side by side, and what could not come next" {
  local format
  for format in terminal markdown; do
    run -1 --separate-stderr pd-report --format $format "$PD_ROOT/t/data/diagrams/lost-update.ndjson"
    grep -qE '^ *branch 0 +\[#2 c2 Credit acc_1 50\]$' <<<"$output"
    grep -qE '^ *branch 1 +\[!c3 Credit acc_1 30=*\]$' <<<"$output"
    grep -qE '^ *prefix +branches +suffix' <<<"$output"
    assert_output_has 'expected  Credited {account: "acc_1", balance: 80}'
    assert_output_has 'that is   balance=30, not 80'
  done
  run -1 pd-report --format compact "$PD_ROOT/t/data/diagrams/lost-update.ndjson"
  assert_output_has 'kind=linearization'
}

@test "any failure of a run with branches is shown so, the command that failed marked" {
  jq -c 'if .type == "run_end" then .failure |= {class, kind: "check_failed", name: "sum", message: "wrong", id: "c4"} else . end' \
    "$PD_ROOT/t/data/diagrams/lost-update.ndjson" >runs
  run -1 pd-report runs
  grep -qE '^  main +\[#1 c1 CreateAccount USD-*\] +\[!#4 c4 GetAccount acc_1=*\]$' <<<"$output"
  assert_output_has '! the run failed here'
}

@test "a run without branches has no timeline" {
  run -1 pd-report "$streams/failing.ndjson"
  [[ $output != *'its place in the order'* && $output != *'[!c'* ]]
}

@test "verdicts on histories are told: why, what could not come next, and the drawing" {
  run -0 pd-report "$PD_ROOT/t/data/records/valid/linearizations.ndjson"
  assert_output_has 'NOT LINEARIZABLE: run 1, attempt 2, history cas, key "k", 11 operations, 1 of unknown outcome (cas-register)'
  assert_output_has 'a read of 2 after the register was 4'
  assert_output_has '[!o9 Read]'
  assert_output_has 'that is   value=2, not 4'
  assert_output_has 'LINEARIZABLE: history 7, 2 operations (bank)'
  assert_output_has '2 orders explain it.'
  assert_output_has 'about 10^812.5 orders agree with the times.'
  assert_output_has 'UNKNOWN: 2000 operations, 40 of unknown outcome (queue)'
  run -0 pd-report --format compact "$PD_ROOT/t/data/records/valid/linearizations.ndjson"
  [[ $(grep -c "^LINEARIZATION verdict=" <<<"$output") == $(wc -l <"$PD_ROOT/t/data/records/valid/linearizations.ndjson") ]]
  assert_output_has 'explained=7 blocked=o9 key="k": a read of 2'
  run -0 pd-report --format markdown "$PD_ROOT/t/data/records/valid/linearizations.ndjson"
  assert_output_has '**NOT LINEARIZABLE: run 1'
  assert_output_has '[!o9 Read]'
}

@test "a format that fails on one failure still reports the others" {
  local format
  { jq -c '.shrunk = "no object"' "$streams/failures-alone.ndjson"
    cat "$streams"/failures-alone.ndjson{,}; } >runs
  for format in terminal compact markdown json; do
    run -1 --separate-stderr pd-report --format "$format" runs
    assert_stderr_has 'a failure could not be reported'
  done
  assert_json '.[0] | (.failures | length == 2) and (.summary.problems | length == 1)'
}

# --- Output ---

@test "colours only on a terminal or when asked for, and NO_COLOR is minded" {
  run -1 pd-report "$streams/shrunk.ndjson"
  [[ $output != *$'\x1b'* ]]
  run -1 pd-report --color always "$streams/shrunk.ndjson"
  [[ $output == *$'\x1b[31m'* ]]
  NO_COLOR=1 run -1 pd-report --color always "$streams/shrunk.ndjson"
  [[ $output == *$'\x1b[31m'* ]]
  on_terminal 100 "pd-report -q $streams/shrunk.ndjson"
  [[ $output == *'ESC[31m'* ]]
  on_terminal 100 "NO_COLOR=1 pd-report -q $streams/shrunk.ndjson"
  [[ $output != *'ESC['[0-9]* ]]
  on_terminal 100 "NO_COLOR= pd-report -q $streams/shrunk.ndjson"
  [[ $output == *'ESC[31m'* ]]
  on_terminal 100 "pd-report -q --color never $streams/shrunk.ndjson"
  [[ $output != *'ESC['[0-9]* ]]
  on_terminal 100 "pd-report -q $streams/shrunk.ndjson | cat"
  [[ $output != *'ESC['[0-9]* ]]
}

@test "on a terminal fields are broken to its width, elsewhere they stay on one line" {
  jq -c '(.. | objects | select(.type? == "Debited")) += {a: "aaaaaaaaaaa", b: "bbbbbbbbbbbbbbbbbbb", c: "ccccccccccccccccc"}' \
    "$streams/shrunk.ndjson" >runs
  on_terminal 60 'pd-report -q --color never runs'
  assert_output_has $'       -> Debited {account: "acc_7", balance: -1,\n              a: "aaaaaaaaaaa", b: "bbbbbbbbbbbbbbbbbbb",\n'
  [[ -z $(grep -A4 Debited <<<"$output" | grep '.\{61\}') ]]
  run -1 pd-report runs
  assert_output_has 'a: "aaaaaaaaaaa", b: "bbbbbbbbbbbbbbbbbbb", c: "ccccccccccccccccc"}'
}

@test "progress only on a terminal or when asked for, and never with escapes elsewhere" {
  run -0 --separate-stderr pd-report "$streams/passing.ndjson"
  [[ -z $stderr ]]
  run -0 --separate-stderr pd-report --progress "$streams/passing.ndjson"
  [[ $stderr == '1 runs, 0 failed, 1 commands' ]]
  on_terminal 100 "pd-report $streams/passing.ndjson >/dev/null"
  [[ $output == *'ESC[K1 runs, 0 failed, 1 commands'*'ESC[K' ]]
  on_terminal 100 "pd-report -q $streams/passing.ndjson >/dev/null"
  [[ -z $output ]]
}

@test "-o writes into a file, and - is standard output" {
  run -1 pd-report -o report.txt "$streams/shrunk.ndjson"
  [[ -z $output ]]
  grep -q '^FAIL 1' report.txt
  run -1 pd-report -o - "$streams/shrunk.ndjson"
  assert_output_has 'FAIL 1'
  run -2 --separate-stderr pd-report -o no/where "$streams/shrunk.ndjson"
  assert_stderr_has 'no/where: No such file or directory'
}

@test "output that cannot be written is told with exit 2" {
  local format
  for format in terminal compact json markdown; do
    run -2 --separate-stderr bash -c "pd-report --format $format '$streams/shrunk.ndjson' >/dev/full"
    assert_stderr_has 'No space left on device'
  done
  run -2 --separate-stderr bash -c 'pd-report --list >/dev/full'
  assert_stderr_has 'No space left on device'
  run -2 --separate-stderr bash -c 'pd-report --help >/dev/full'
}

@test "a closed pipe ends it quietly" {
  run --separate-stderr bash -c "for i in {1..500}; do cat '$streams/shrunk.ndjson'; done | pd-report | head -n 1; echo \${PIPESTATUS[1]}"
  [[ ${lines[-1]} == 141 && -z $stderr ]]
}

# --- Exit statuses and trouble ---

@test "the exit status is 0, 1 or 2, and problems are told" {
  run -0 pd-report "$streams/passing.ndjson"
  run -0 pd-report "$streams/aborted.ndjson"
  assert_output_has '1 aborted'
  run -1 pd-report "$streams/failing.ndjson"
  run -1 pd-report "$streams/failures-alone.ndjson"
  assert_output_has '1 failure record and no run'
  run -2 pd-report "$streams/error.ndjson"
  run -2 pd-report "$streams/vacuous.ndjson"
  assert_output_has 'nothing is proved: no command was executed'
  assert_output_has 'nothing is proved: every one of 0 answers was 404: is the base URL right?'
  run -2 pd-report "$streams/cut-off.ndjson"
  assert_output_has 'nothing is proved: the input was cut off'
  run -2 pd-report /dev/null
  assert_output_has 'nothing is proved: the input had no run'
  jq -c '.failure |= (.class = "execution" | .kind = "command_timeout")' "$streams/failures-alone.ndjson" >runs
  run -2 pd-report runs
  assert_output_has 'could not be judged'
}

@test "a failure wins over trouble, which is told as well" {
  { cat "$streams/failing.ndjson"; echo '{"type":'; } >runs
  run -1 --separate-stderr pd-report runs
  assert_output_has 'FAIL 1'
  assert_output_has 'trouble as well: the input could not be read: runs:15: '
  assert_stderr_has 'pd-report: runs:15: '
}

@test "--allow-vacuous minds neither an empty nor a cut off input, but failures" {
  run -0 pd-report --allow-vacuous "$streams/vacuous.ndjson"
  [[ $output != *proved* ]]
  run -0 pd-report --allow-vacuous "$streams/cut-off.ndjson"
  run -0 pd-report --allow-vacuous /dev/null
  run -1 pd-report --allow-vacuous "$streams/failing.ndjson"
  run -2 pd-report --allow-vacuous "$streams/error.ndjson"
}

@test "lines that cannot be read are told with file and line, and the rest is reported" {
  { head -n 9 "$streams/failing.ndjson"; printf '%s\n' 'nonsense' '{"type":"event","run":2,"id":"c2",BROKEN}' '{"type":"event"'
    tail -n +10 "$streams/failing.ndjson"; printf '{"type":"run_end","run":9,\377}\n'; } >runs
  run -1 --separate-stderr pd-report runs
  assert_output_has 'FAIL 1: check no_overdraft failed'
  assert_output_has '-> Debited {account: "acc_7", balance: -50}'
  assert_stderr_has 'runs:10: '
  assert_stderr_has 'a record of a run that failed'
  assert_stderr_has 'runs:18: '
  run -2 --separate-stderr pd-report nowhere.ndjson
  assert_stderr_has 'pd-report: nowhere.ndjson: cannot read: No such file or directory'
  run -2 --separate-stderr pd-report .
  assert_stderr_has 'cannot read: Is a directory'
}

@test "a line over the limit is refused unless --max-line raises it" {
  jq -c '(.. | objects | select(.type? == "Debited")).memo = "x" * 70000' "$streams/failing.ndjson" >runs
  run -1 --separate-stderr pd-report --max-line 64KiB runs
  assert_stderr_has '--max-line'
  run -1 --separate-stderr pd-report runs
  [[ -z $stderr ]]
}

@test "a stream of a later version is refused" {
  sed 's/"version":1,/"version":2,/' "$streams/passing.ndjson" >runs
  run -2 --separate-stderr pd-report runs
  assert_stderr_has 'stream version 2, this program reads version 1'
}

@test "several files, one of them standard input, are one report" {
  run -1 pd-report --format compact "$streams/passing.ndjson" - "$streams/aborted.ndjson" <"$streams/failing.ndjson"
  [[ ${lines[-1]} == 'FAIL runs=6 passed=4 failed=1 errors=0 aborted=1 '* ]]
}

@test "a run without run_start is reported by its commands" {
  grep -v run_start "$streams/no-header.ndjson" >runs
  run -1 --separate-stderr pd-report runs
  assert_output_has '3 commands, not shrunk; run 1:'
  assert_output_has '  > c3    Debit {account: "acc_7", amount: 150}'
  [[ $output != *again:* && -z $stderr ]]
}

@test "records that it does not know are skipped" {
  jq -c '., {type: "metric", value: 1}, {type: "sequence", run: 1}' "$streams/passing.ndjson" >runs
  run -0 --separate-stderr pd-report runs
  [[ $output == '2 runs: 2 passed'* && -z $stderr ]]
}

@test "SIGINT lets the rest be reported and ends with 130" {
  mkfifo feed
  env --default-signal=INT pd-report --format compact feed >report 3>&- &
  local pid=$!
  exec 9>feed
  cat "$streams/failing.ndjson" >&9
  wait_for grep -q '^FAIL run=2' report
  kill -INT "$pid"
  cat "$streams/passing.ndjson" >&9
  exec 9>&-
  wait "$pid" || status=$?
  assert_status 130
  [[ $(tail -n 1 report) == INTERRUPTED\ runs=4\ * ]]
}

@test "usage errors are refused with exit 2" {
  local arguments
  for arguments in '--formt json' '--color sometimes' '--max-line 5' '--format' '--progress=yes' '-x'; do
    # shellcheck disable=SC2086 # words
    run -2 --separate-stderr pd-report $arguments "$streams/passing.ndjson"
    [[ $stderr == pd-report:* && -z $output ]] || fail "$arguments" "$stderr"
  done
  run -0 pd-report --help
  assert_output_has 'usage: pd-report [--format LIST]'
}

# --- Memory ---

# many N FILE…: header and end of the stream once, the rest N times.
many() {
  jq -cn --argjson n "$1" '[inputs] as $all | ($all | map(select(.type != "stream" and .type != "end"))) as $runs
    | $all[0], (range($n) | $runs[]), $all[-1]' "${@:2}"
}

@test "memory is bounded over 20,000 runs and over 5,000 that fail" {
  export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1 # it keeps what was freed
  many 2000 "$streams/passing.ndjson" >few
  many 10000 "$streams/passing.ndjson" >more
  many 500 "$streams/failing.ndjson" >failing-few
  many 5000 "$streams/failing.ndjson" >failing-more
  local few more failing_few failing_more
  few=$(peak_memory few) && rm held
  more=$(peak_memory more) && rm held
  failing_few=$(peak_memory failing-few) && rm held
  failing_more=$(peak_memory failing-more) && rm held
  printf '%s KiB\n' "$few" "$more" "$failing_few" "$failing_more"
  ((more < few + 2048 && failing_more < failing_few + 2048))
  run -1 pd-report --format compact failing-more
  [[ ${lines[-1]} == 'FAIL runs=10000 passed=5000 failed=5000 '* ]]
}

@test "plans that nobody executed take no memory" {
  export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1 # it keeps what was freed
  jq -c 'select(.type == "run_start").sequence' "$streams/failing.ndjson" >plan
  for _ in {1..400}; do cat plan; done >plans
  for _ in {1..50}; do cat plans; done >many
  local few more
  few=$(peak_memory plans) && rm held
  more=$(peak_memory many) && rm held
  ((more < few + 2048))
}
