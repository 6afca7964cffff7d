#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-diagram: sequence diagrams, what they tell, their options, strange data, long runs.
# shellcheck disable=SC2016,SC2154 # jq in quotes; variables of bats and the helpers

load lib/helper

setup() {
  pd_setup
  diagrams=$PD_ROOT/t/data/diagrams
  examples=$PD_ROOT/share/pd/examples
}

teardown() {
  pd_teardown
}

formats=(ascii dot mermaid plantuml svg websequence)

# in_order TEXT…: each stands in the output after the one before.
in_order() {
  local text rest=$output
  for text; do
    [[ $rest == *"$text"* ]] || fail "not there, or too early: $text" "$output"
    rest=${rest#*"$text"}
  done
}

# lines_of TEXT: how many lines of the output have it.
lines_of() { grep -cF -- "$1" <<<"$output"; }

is_xml() { python3 -c 'import sys, xml.dom.minidom as dom; [dom.parse(path) for path in sys.argv[1:]]' "$@"; }

# --- What is told ---

@test "a run is told from top to bottom: parts, retries, faults, injected events, what got no answer, failures" {
  run -0 --separate-stderr pd-diagram -f ascii "$diagrams/retries-and-faults.ndjson"
  in_order 'run 1, seed 5: Pay got no answer in time (c2)' client shop '~ setup ~' 's1 Login' \
    'fault: nemesis: PartitionStarted {nodes: ["a","b"]}' '~ prefix ~' 'c1 Order {item: 3}' 'POST /orders' \
    'event: injected: OrderVisible {order: 1}' 202 'GET /orders/1' 404 'GET /orders/1' 'no reply' 'X - - -' \
    'GET /orders/1?full=1' '#  Ordered {order: 1} ' 200 '! c2 Pay {order: 1}' 'event: mock: CardCharged {amount: 12}' \
    '! timeout: no reply within 5 s' 'X - - -' 'FAILED: Pay got no answer in time' 'check: check paid_once failed' \
    '~ teardown ~' 't1 Logout' 'error: connection refused' 'X - - -' 'FAILED: the model failed' 'at the end'
  [[ $(lines_of 'OrderVisible') == 1 && $stderr == '' ]]
  # Lifelines stand one below the other: the client's, which is thicker while it waits, and the shop's.
  run -0 awk 'NR > 3 && NF && (!/^   [|#]/ || length != width && width) { print NR ": " $0 } NR > 3 && NF { width = length }' <<<"$output"
  [[ $output == '' ]]
}

@test "branches are lanes side by side in the order of time, with what no order explains" {
  run -0 pd-diagram -f ascii "$diagrams/lost-update.ndjson"
  in_order 'main    branch 0  branch 1' 'c1 CreateAccount' '~ branches, at the same time ~' \
    '|         |         #' 'FAILED: no order of the commands explains what was seen' 'seen: balance=30, not 80' '~ suffix ~' 'c4 GetAccount'
  grep -qE '^  \|         #         #  ' <<<"$output" # both wait
  run -0 pd-diagram -f mermaid "$diagrams/lost-update.ndjson"
  in_order 'participant L1 as branch 0' 'participant L2 as branch 1' 'par branches, at the same time' \
    'rect rgba(' '    L2->>S: ' 'end' '  end' 'Note over L0,S: suffix'
  run -0 pd-diagram -f plantuml "$diagrams/lost-update.ndjson"
  in_order 'par branches' 'L2 -[#B01717]> S' 'S -[#B01717]-> L2' 'note over L2, S #FDEAEA : FAILED' 'end' '== suffix =='
  run -0 pd-diagram -f websequence "$diagrams/lost-update.ndjson"
  in_order 'participant "branch 1" as L2' 'par branches' 'L2->S: (!) c3' 'note over L2,S: FAILED' 'end'
}

@test "a picture is well-formed, tells what it is, has its steps marked, and stands in a page" {
  pd-diagram -f svg "$diagrams/lost-update.ndjson" >drawn.svg
  is_xml drawn.svg
  grep -q 'role="img" aria-labelledby="sequence-0-title sequence-0-description"' drawn.svg
  grep -q '<title id="sequence-0-title">run 1, seed 9' drawn.svg
  grep -q '<desc id="sequence-0-description">Sequence diagram: main, branch 0, branch 1 and system, 4 commands' drawn.svg
  [[ $(grep -c '<g class="call' drawn.svg) == 4 && $(grep -c '<g class="reply' drawn.svg) == 4 ]]
  [[ $(grep -c '<g class="[a-z ]*marked" data-step="[0-9]*" data-id="c3">' drawn.svg) == 3 ]]
  grep -q 'prefers-color-scheme: dark' drawn.svg
  # Colours are those of the style, which names the drawing only.
  run -1 grep -E 'fill="|stroke="' drawn.svg
  run -1 grep -E '^ *\.' <(sed -n '/<style>/,/<\/style>/p' drawn.svg | grep -v '^\.sequence ')
}

@test "a run that did not come to a command is drawn, and one that passed" {
  jq -nc '{type: "run_start", run: 1, attempt: 1, nonce: "0008c7088935a3ff", sequence: {type: "sequence", run: 1, seed: 1,
      plan: ("0" * 64), prefix: [], suffix: []}},
    {type: "run_end", run: 1, attempt: 1, status: "error", commands: 0, events: 0, fired: {}, duration_us: 1,
     failure: {class: "framework", kind: "setup_failed", name: "setup_each", message: "no reply"}}' >empty
  jq -c 'if .type == "run_end" then .status = "pass" | del(.failure) else . end' "$diagrams/lost-update.ndjson" >passed
  local format
  for format in "${formats[@]}"; do
    run -0 --separate-stderr pd-diagram -f "$format" empty
    assert_output_has 'no reply'
    run -0 --separate-stderr pd-diagram -f "$format" passed
    assert_output_has 'passed'
    [[ $output != *FAILED* && $output != *marked* && $output != *B01717* ]] || [[ $format == svg && $output != *'class="note failure'* ]]
  done
}

@test "a history has only timelines, and that is said" {
  local format
  for format in "${formats[@]}"; do
    run -2 --separate-stderr pd-diagram -f "$format" "$diagrams/cas-register.ndjson"
    assert_stderr_has "the format '$format' draws no histories of operations, only runs (the timelines draw both: -f timeline)"
    [[ $output == '' ]]
  done
}

# --- Options ---

@test "the states of a live bank's failure are shown step by step, with times, by the model that recorded it" {
  start_toybank --bugs 1
  jq -nc '{type: "sequence", run: 1, seed: 9, plan: ("0" * 64), suffix: [], prefix: [
    {id: "c1", command: {type: "CreateAccount", currency: "USD"}},
    {id: "c2", command: {type: "Credit", account: "@c1.account", amount: 5, currency: "USD"}},
    {id: "c3", command: {type: "Hold", account: "@c1.account", amount: 5}},
    {id: "c4", command: {type: "Debit", account: "@c1.account", amount: 5}}]}' >plan
  pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --report plan >runs || [[ $? == 1 ]]
  run -0 --separate-stderr pd-diagram -f ascii --show-state --show-timestamps runs
  [[ $stderr == '' ]]
  in_order 'check no_overdraft failed (c4)' toybank 'c1 CreateAccount' '.accounts.acc_1: {' ', new' 'c2 Credit' \
    '.accounts.acc_1.balance: 0 -> 5' 'c3 Hold' '.accounts.acc_1.held: 0 -> 5' '! c4 Debit' \
    'FAILED: check no_overdraft failed' '.accounts.acc_1.balance: 5 -> 0'
  (($(grep -cE '^[0-9]+\.[0-9]{3} m?s  ' <<<"$output") == 8))
  # The failure record alone, which names its model, shows the same; run and record tell other times.
  jq -c 'select(.type == "failure")' runs >failure
  pd-diagram -f ascii --show-state failure | diff - <(pd-diagram -f ascii --show-state runs)

  # Another model is not taken for it, unless it is asked for; what the failure holds is shown all the same.
  jq -c '.model.sha256 = "0" * 64 | del(.sha256)' failure >changed
  run -0 --separate-stderr pd-diagram -f ascii --show-state changed
  assert_stderr_has 'it has changed since the run was recorded. -m names the model.'
  [[ $(lines_of 'state:') == 1 ]]
  assert_output_has '.accounts.acc_1.balance: 5 -> 0'
  run -0 --separate-stderr pd-diagram -f ascii --show-state -m "$examples/toybank.jq" changed
  [[ $(lines_of 'state:') == 4 && $stderr == '' ]]
  jq -c '.state.paid_in = 99' failure >edited
  run -0 --separate-stderr pd-diagram -f ascii --show-state edited
  assert_stderr_has 'another state of these events than was recorded'
  run -2 --separate-stderr pd-diagram -f ascii --show-state -m "$PD_ROOT/share/pd/examples/none.jq" failure
  run -2 --separate-stderr pd-diagram -f ascii -m "$examples/toybank.jq" failure
  assert_stderr_has 'which is missing'
}

@test "values are cut to the length that is asked for, a title is put above, in each format" {
  local format
  for format in "${formats[@]}"; do
    run -0 pd-diagram -f "$format" --title 'Ticket 7' --max-value-length 3 "$diagrams/lost-update.ndjson"
    assert_output_has 'Ticket 7'
    assert_output_has 'no order of the commands explains what was seen'
    assert_output_has '... '
    [[ $output != *acc_1, ]]
  done
}

@test "of a thousand commands those around the failure are drawn, and what was left out is told" {
  jq -nc '([range(1; 1001) | {id: "c\(.)", command: {type: "Add", n: .}}]) as $items
    | {type: "run_start", run: 1, attempt: 1, nonce: "0008c7088935a3ff", sequence: {type: "sequence", run: 1, seed: 1,
        plan: ("0" * 64), prefix: $items, suffix: []}},
      ($items | to_entries[] | .key as $i | .value
       | {type: "command", run: 1, id, command, call_us: (10 * $i), return_us: (10 * $i + 5), outcome: "ok", attempts: 1},
         {type: "event", run: 1, id, source: "command", event: {type: "Added"}, at_us: (10 * $i + 5), n: ($i + 1)}),
      {type: "event", run: 1, source: "mock", event: {type: "Late"}, at_us: 99999, n: 1001},
      {type: "run_end", run: 1, attempt: 1, status: "fail", commands: 1000, events: 1001, fired: {}, duration_us: 1,
       failure: {class: "assertion", kind: "check_failed", name: "sum", message: "no", id: "c800"}}' >long
  run -0 timeout 20 pd-diagram -f ascii long
  [[ $(lines_of ' Add {n: ') == 50 ]]
  in_order '774 commands left out' 'c775 Add' '! c800 Add' 'FAILED: check sum failed' 'c824 Add' '176 commands and 1 event left out'
  run -0 timeout 20 pd-diagram -f ascii --max-commands 3 long
  [[ $(lines_of ' Add {n: ') == 3 ]]
  local format
  for format in mermaid svg; do
    run -0 timeout 20 pd-diagram -f "$format" long
    ((${#output} < 50000)) # what Mermaid reads
    assert_output_has 'c800'
    assert_output_has '774 commands left out'
  done
  # A failure of no command came at the end.
  jq -c 'if .type == "run_end" then del(.failure.id) else . end' long | pd-diagram -f ascii --max-commands 3 >end
  grep -q '997 commands left out' end
  grep -q 'c1000 Add' end
  run -0 timeout 60 pd-diagram -f svg --max-commands 600 long
  [[ $(lines_of '<g class="call') == 600 && $output == *'400 commands left out'* ]]
}

# --- Strange data ---

@test "any string is data in each format: no markup, no statements, no escape codes, not too long" {
  local format
  jq -c 'if .type == "command" and .id == "c1" then .command.value = "x" * 100000 else . end' "$diagrams/hostile.ndjson" >strange
  for format in "${formats[@]}"; do
    pd-diagram -f "$format" --title $'a\n;b"<i>\e[31m' strange >"drawn.$format"
    (($(wc -c <"drawn.$format") < 40000))
    grep -q '(100002' "drawn.$format"
    run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]|\x{202e}|\x{2066}' "drawn.$format"
  done
  # As many statements as without strange data; what could be markup or end one is escaped.
  [[ $(grep -c -- '->>\|-->>\|-[-]x' drawn.mermaid) == 38 ]]
  run -1 grep -E '[<>;&$\\`~^|]|%' <(sed -E 's/(->>|-->>)S?L?0?: //; s/<br\/>//g; s/#[0-9]+;//g' drawn.mermaid)
  run -1 grep -E "[&%\$~#!@']" <(sed -E 's/<U\+[0-9a-f]{4}>|\[#B01717\]//g' drawn.plantuml | grep -E '^ *(L0 -|S --)')
  run -1 grep -F '\N' <(sed -E 's/\\\\//g' drawn.dot)
  run -1 grep -F '\N' drawn.websequence
  is_xml drawn.svg
  # In the picture and in text each value is what it was, but for the one that is cut and the breaks.
  "$PD_ROOT/t/lib/picture-text" drawn.svg >seen
  tr -d ' \n|#' <drawn.ascii >told
  jq -r -L "$PD_ROOT/share/pd/jq" 'include "text"; select(.type == "command" and .id != "c1").command | domain_object(60) | gsub(" "; "")' \
    strange >values
  [[ $(wc -l <values) == 18 ]]
  while IFS= read -r value; do
    grep -qF -- "$value" seen || fail "not in the picture: $value"
    grep -qF -- "${value//[|#]/}" told || fail "not in the text: $value"
  done <values
}
