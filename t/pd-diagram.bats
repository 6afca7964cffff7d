#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-diagram: what is drawn, the timeline as text, picture and page, strange data, trouble.
# shellcheck disable=SC2016,SC2154 # jq in quotes; variables of bats and the helpers

load lib/helper

setup() {
  pd_setup
  diagrams=$PD_ROOT/t/data/diagrams
}

teardown() {
  pd_teardown
}

# no_line_beyond WIDTH: of the output.
no_line_beyond() {
  ((${#lines[@]} > 5))
  ((width = $(printf '%s\n' "${lines[@]}" | wc -L), width <= $1)) || fail "a line of $width columns" "$output"
}

# column TEXT: where it begins in the output.
column() {
  local line
  line=$(grep -m1 -F -- "$1" <<<"$output") || fail "output lacks: $1"
  line=${line%%"$1"*}
  echo "${#line}"
}

is_xml() { python3 -c 'import sys, xml.dom.minidom as dom; [dom.parse(path) for path in sys.argv[1:]]' "$@"; }

# --- The timeline as text ---

@test "a lost update is seen: prefix, branches side by side, suffix, and what could not come next" {
  run -0 --separate-stderr pd-diagram "$diagrams/lost-update.ndjson"
  assert_output_has 'run 1, seed 9: no order of the commands explains what was seen (c3)'
  assert_output_has '[#2 c2 Credit acc_1 50]'
  assert_output_has '-> balance=30, not 80'
  assert_output_has '    expected  Credited {account: "acc_1", balance: 80}'
  (($(column '[#1 c1') < $(column '[#2 c2') && $(column '[#2 c2') < $(column '[!c3') && $(column '[!c3') < $(column '[c4')))
  # The branches overlap: the second begins before the first has ended.
  (($(column '[!c3') < $(column '[#2 c2') + 20))
  [[ $(grep -cE '^(main|branch [01]) ' <<<"$output") == 3 ]]
  [[ $output =~ prefix\ +branches\ +suffix ]]
}

@test "a history has a lane for each process, places, an open end and what was blocked" {
  run -0 pd-diagram "$diagrams/cas-register.ndjson"
  assert_output_has 'NOT LINEARIZABLE: history cas, 11 operations, 1 of unknown outcome (cas-register)'
  [[ $(grep -cE '^process [0-4] ' <<<"$output") == 5 ]]
  grep -qE '^process 2 +\[o3 Write 7\.+$' <<<"$output"
  assert_output_has '-> value=2, not 4'
  # o6 answered before o7 was called, and ends left of it; o10 overlaps o9.
  (($(column '[#5 o6') + 15 < $(column '[#6 o7')))
  (($(column '[o10 Read') < $(column '[!o9 Read') + 10))
  no_line_beyond 100
}

@test "what a built-in specification expects is drawn, with or without a type" {
  printf '%s\n' \
    '{"type":"op","id":"w","process":1,"call_us":0,"return_us":9,"command":{"type":"Write","value":1},"events":[{"type":"ok"}]}' \
    '{"type":"op","id":"r","process":2,"call_us":20,"return_us":29,"command":{"type":"Read"},"events":[{"type":"ok","value":7}]}' |
    pd-linearize --spec register >history || [[ $? == 1 ]]
  run -0 --separate-stderr pd-diagram history
  assert_output_has '-> value=7, not 1'
  assert_output_has '    expected  ok {value: 1}'
  jq -c 'del(.blocked[]?.expected[].type)' history >untyped
  run -0 --separate-stderr pd-diagram untyped
  assert_output_has '-> value=7, not 1'
  assert_output_has '    expected  {value: 1}'
}

@test "text keeps to the width, cuts labels and tells them in full below" {
  local columns
  for columns in 40 60 80 200; do
    run -0 pd-diagram --width "$columns" "$diagrams/cas-register.ndjson"
    no_line_beyond "$columns"
    assert_output_has '[!o9 Read'
    run -0 pd-diagram --width "$columns" "$diagrams/many.ndjson"
    no_line_beyond "$columns"
    assert_output_has '[!c121 '
  done
  run -0 pd-diagram --width 60 "$diagrams/cas-register.ndjson"
  assert_output_has 'CompareAndSet {expected: 4, value: 5} -> Swapped'
}

@test "of many operations those around the problem are drawn, and the others counted" {
  run -0 pd-diagram "$diagrams/many.ndjson"
  [[ $output =~ left\ out:\ ([0-9]+)\ before,\ ([0-9]+)\ after ]]
  ((drawn = 201 - BASH_REMATCH[1] - BASH_REMATCH[2], drawn >= 10 && drawn <= 60))
  assert_output_has 'Explained so far: 108 others, c109'
}

@test "colours come when asked for, and no escape codes in a pipe" {
  run -0 pd-diagram "$diagrams/lost-update.ndjson"
  [[ $output != *$'\e'* ]]
  run -0 pd-diagram --color always "$diagrams/lost-update.ndjson"
  assert_output_has $'\e[1;31m[!c3 Credit acc_1 30'
}

@test "drawings are the same each time" {
  local format
  for format in timeline timeline-svg timeline-html; do
    pd-diagram -f $format "$diagrams/many.ndjson" >once
    pd-diagram -f $format "$diagrams/many.ndjson" | cmp - once
  done
}

@test "a command that timed out has no end, one that failed at once has its reason" {
  jq -c 'if .type == "command" and .id == "c2" then .outcome = "timeout" elif .type == "command" and .id == "c3"
    then .outcome = "error" | .reason = "refused" elif .type == "event" and .branch then empty else . end' \
    "$diagrams/lost-update.ndjson" >runs
  run -0 pd-diagram runs
  grep -qE '\[#2 c2 Credit acc_1 50\.\.+$' <<<"$output"
  assert_output_has '-> error: refused'
}

# --- Pictures and pages ---

@test "pictures and pages are well-formed, have every operation, and mark the one that matters" {
  local name
  for name in lost-update cas-register many strange; do
    pd-diagram -f timeline-svg -o $name.svg "$diagrams/$name.ndjson"
    pd-diagram -f timeline-html "$diagrams/$name.ndjson" >$name.html
    is_xml $name.svg $name.html
    [[ $(grep -c 'class="operation marked"' $name.svg) == 1 ]]
    [[ $(grep -c 'class="operation marked"' $name.html) == 1 ]]
    (($(wc -c <$name.html) < 200000))
  done
  [[ $(grep -c 'class="operation' cas-register.svg) == 11 ]]
  [[ $(grep -c 'class="operation' many.svg) == 200 ]]
  grep -q 'left out: 1 before' many.svg
  grep -q 'class="operation open"' cas-register.svg
  grep -q 'prefers-color-scheme: dark' lost-update.html
}

@test "strange data stay text: no markup, no escape codes, no characters that turn text around" {
  local format
  for format in timeline timeline-svg timeline-html; do
    pd-diagram -f $format "$diagrams/strange.ndjson" >drawn
    run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]|\x{202e}' drawn
  done
  run -1 grep '<script\|<b>Put\|Put<b>' drawn
  grep -q '&lt;script&gt;' drawn
  run -0 pd-diagram --width 80 "$diagrams/strange.ndjson"
  assert_output_has 'left out: 4 further away'
  no_line_beyond 80
}

# --- What is drawn ---

# some_runs: run 1 passes, 2 fails, 3 passes, 4 fails twice, by attempts.
some_runs() {
  local run
  for run in 1 2 3 4 4; do
    jq -c --argjson run "$run" --argjson attempt "$((++attempt_of[run]))" '
      .run = $run | if has("attempt") then .attempt = $attempt else . end
      | if .sequence then .sequence.run = $run else . end
      | if .type == "run_end" and ($run | IN(1, 3)) then .status = "pass" | del(.failure) else . end' \
      "$diagrams/lost-update.ndjson"
  done
}
declare -a attempt_of=()

# drawn OPTION…: the runs that are drawn, as "1 2".
drawn() { pd-diagram "$@" 2>notes | sed -n 's/^\(run [^,]*\(, attempt [0-9]*\)\{0,1\}\), seed.*/\1/p' | paste -sd';'; }

@test "those that failed are drawn, or all, or the one that is named" {
  some_runs >runs
  "$PD_ROOT/t/lib/validate-records" runs
  [[ $(drawn runs) == 'run 2;run 4;run 4, attempt 2' && ! -s notes ]]
  [[ $(drawn --all runs) == 'run 1;run 2;run 3;run 4;run 4, attempt 2' ]]
  [[ $(drawn --run 3 runs) == 'run 3' ]]
  [[ $(drawn --run 4.2 runs) == 'run 4, attempt 2' ]]
  [[ $(drawn --max-drawings 2 runs) == 'run 2;run 4' ]]
  grep -q '1 more not drawn' notes
}

@test "when nothing failed the first is drawn, and that is told" {
  some_runs | jq -c 'if .run == 1 or .run == 3 then . else empty end' >runs
  [[ $(drawn runs) == 'run 1' ]]
  grep -q 'nothing failed: the first of 2 is drawn' notes
}

@test "a picture is of the first that failed, and the others are counted" {
  some_runs >runs
  run -0 --separate-stderr pd-diagram -f timeline-svg runs
  [[ $(grep -c '<svg' <<<"$output") == 1 && $output == *'run 2, seed 9'* ]]
  assert_stderr_has '2 more not drawn'
  pd-diagram -f timeline-html runs >page.html
  [[ $(grep -c '<svg' page.html) == 3 ]]
  is_xml page.html
}

@test "a verdict after its run is drawn into it, a failure record in its place" {
  jq -c 'if .type == "run_end" then .status = "pass" | del(.failure) else . end' "$diagrams/lost-update.ndjson" >runs
  jq -nc '{type: "linearization", run: 1, spec: "toybank", verdict: "not_linearizable", operations: 4, unknown_outcomes: 0,
    parts: 1, configurations: 3, prefix: ["c1", "c3"], blocked: [{id: "c2", command: {type: "Credit"}, seen: []}]}' >>runs
  run -0 pd-diagram runs
  [[ $(grep -c '^run 1' <<<"$output") == 1 ]]
  assert_output_has '[!c2 Credit'
  assert_output_has '[#2 c3 Credit'
  jq -c '.run = 2' "$PD_ROOT/t/data/streams/shrunk.ndjson" | grep '"type":"failure"' | head -n 1 >failure
  [[ -s failure ]]
  jq -c '.run = 2 | if .sequence then .sequence.run = 2 else . end' "$diagrams/lost-update.ndjson" | cat - failure >both
  run -0 pd-diagram both
  [[ $(grep -c '^run 2' <<<"$output") == 1 && $output != *Credit\ acc_1\ 50* ]]
}

@test "real branches of a live bank are drawn as they overlapped" {
  start_toybank
  jq -nc '{type: "sequence", run: 1, seed: 9, plan: ("0" * 64),
    prefix: [{id: "c1", command: {type: "CreateAccount", currency: "USD"}}],
    branches: [["c2", "c3"][] as $id | [{$id, command: {type: "Credit", account: "@c1.account", amount: 50, currency: "USD"}}]],
    suffix: [{id: "c4", command: {type: "GetAccount", account: "@c1.account"}}]}' |
    pd-exec -m "$PD_ROOT/share/pd/examples/toybank.jq" -a "$PD_ROOT/share/pd/examples/toybank-http.jq" -u "$TOYBANK_URL" |
    pd-diagram --width 160 >drawn
  [[ $(grep -cE '^(main|branch [01]) +\[' drawn) == 3 ]]
  grep -q 'c4 GetAccount acc_1' drawn
}

# --- Formats and trouble ---

@test "--list tells the formats, a new file is one more, an unknown one is refused" {
  run -0 pd-diagram --list
  ((${#lines[@]} == 9))
  mkdir -p tree/bin tree/share/pd
  cp "$PD_BIN/pd-diagram" tree/bin/
  cp -r "$PD_ROOT"/share/pd/{jq,diagram} tree/share/pd/
  cat >tree/share/pd/diagram/ids.jq <<'END'
module {"name": "ids", "description": "just the ids"};
def run($o): .commands[].id;
END
  run -0 tree/bin/pd-diagram --list
  assert_output_has 'ids          just the ids'
  run -0 tree/bin/pd-diagram -f ids "$diagrams/lost-update.ndjson"
  [[ $output == $'c1\nc2\nc3\nc4' ]]
  run -2 --separate-stderr tree/bin/pd-diagram -f ids "$diagrams/cas-register.ndjson"
  assert_stderr_has "the format 'ids' draws no histories of operations, only runs"
  run -2 --separate-stderr pd-diagram -f timelime "$diagrams/lost-update.ndjson"
  assert_stderr_has "there is no format 'timelime' (pd-diagram --list tells which there are)"
}

@test "what cannot be drawn is trouble: nothing there, no such run, bad lines, cut off, a damaged failure" {
  run -2 --separate-stderr pd-diagram </dev/null
  assert_stderr_has 'there is nothing to draw'
  run -2 --separate-stderr pd-diagram --run 7 "$diagrams/lost-update.ndjson"
  assert_stderr_has 'there is no such run'
  { head -n 3 "$diagrams/lost-update.ndjson"; echo '{"type":'; } >bad
  run -2 --separate-stderr pd-diagram bad
  assert_stderr_has 'bad:4:'
  # What was read of a run that has no end is drawn.
  assert_output_has 'run 1, seed 9: cut off'
  grep -h '"type":"failure"' "$PD_ROOT/t/data/streams/shrunk.ndjson" | head -n 1 | jq -c '.sha256 = "0" * 64' >damaged
  run -2 --separate-stderr pd-diagram damaged
  assert_stderr_has 'damaged:1:'
  run -2 --separate-stderr pd-diagram --width 10 "$diagrams/lost-update.ndjson"
  run -2 --separate-stderr pd-diagram -o /dev/full "$diagrams/lost-update.ndjson"
  assert_stderr_has 'No space left'
}
