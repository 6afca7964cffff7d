#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-replay as a filter: what it reads and passes on, input and commands of no use, --bisect, signals, memory.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2094,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/memory

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# A failure of one command, and what it is executed by.
one() {
  model '{A: {args: {n: int(0; 9)}}}'
  rule 'c["n"] == 9'
  plan '{"type":"A","n":9}' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
}
results() { jq -r 'select(.type == "replay").result' <<<"$output" | tr '\n' ' '; }
seal() {
  local hash
  hash=$(jq -cS 'del(.sha256)' "$1" | tr -d '\n' | sha256sum | cut -d' ' -f1)
  jq -c --arg hash "$hash" '.sha256 = $hash' "$1"
}

# --- The stream ---

@test "records are passed on, and each failure's come after it, with one header and one end" {
  one
  allow_unknown=(later)
  sed '$d' recorded >stream
  printf '%s\n' '{"type":"later","n":1.50}' >>stream
  tail -n 1 recorded >>stream
  run -1 --separate-stderr pd-replay -m model.jq --format json stream -- "${executor[@]}"
  diff <(sed '1d;$d' stream) <(sed '1d;$d' <<<"$output" | grep -v '"type":"\(step\|replay\)"')
  "$helper_folder/validate-records" --stream --allow-unknown later <<<"$output"
  assert_json 'map(.type) | index("failure") as $i | .[$i + 1] == "step"'
  assert_json '.[0].pipeline | last[0] | endswith("pd-replay")'
}

@test "files and failure files are read one after the other, or standard input" {
  one
  seal failure >sealed.pd.json
  run -1 pd-replay -m model.jq --format json failure sealed.pd.json - -- "${executor[@]}" <failure
  [[ $(results) == "reproduced reproduced reproduced " ]]
  run -1 pd-replay -m model.jq --format json -- "${executor[@]}" <sealed.pd.json
  [[ $(results) == "reproduced " ]]
}

@test "one that comes back among some that do not is enough for status 1, and wins over trouble" {
  one
  jq -c '.original.prefix[0].command.n = 1' failure >mended
  run -0 pd-replay -m model.jq --format json mended mended -- "${executor[@]}"
  [[ $(results) == "passed passed " ]]
  jq -c 'del(.original)' failure >broken
  run -1 --separate-stderr pd-replay -m model.jq --format json mended broken failure -- "${executor[@]}"
  [[ $(results) == "passed reproduced " ]]
  assert_stderr_has "pd-replay: broken:1: the failure has no sequence"
}

@test "the executor is started once, and again when it has ended after a failure" {
  one
  executor+=(--stop-on-failure)
  cat failure failure failure >three
  run -1 pd-replay -m model.jq --format json three -- "${executor[@]}"
  [[ $(results) == "reproduced reproduced reproduced " ]]
}

# --- Input of no use ---

@test "an input without a failure is no success, and the hint says what has them" {
  one
  "${executor[@]}" plans >without || :
  for input in without plans /dev/null; do
    run -2 --separate-stderr pd-replay -m model.jq "$input" -- "${executor[@]}"
    assert_stderr_has "the input had no failure record (pd-shrink, pd-exec --report and failure files have them)"
    run -2 pd-replay -m model.jq --states "$input"
  done
}

@test "a damaged failure, one of a newer format, and what is no JSON are told with file and line" {
  one
  seal failure | sed 's/"seed":7/"seed":8/' >damaged.pd.json
  jq -c '.format = 2' failure >newer
  head -c 300 failure >cut
  for file in damaged.pd.json newer cut; do
    run -2 --separate-stderr pd-replay -m model.jq --format json "$file" -- "${executor[@]}"
    assert_stderr_has "pd-replay: $file:1: "
    [[ ! $(results) ]]
  done
}

@test "a failure whose parts are of other kinds than they should be is no crash" {
  one
  local change
  for change in '.commands = 1' '.events = {}' '.checks = "x"' '.refs = []' '.commands = [1]' '.events = [null]' '.model = 3' \
    '.events[0].event = 3' '.commands[0].exchange = {}' '.commands[0].exchange = [1]' '.failure.id = 3' '.failure.name = []' \
    '.state = null' '.commands[0].command = []'; do
    jq -c "$change" failure >odd
    run --separate-stderr pd-replay -m model.jq odd -- "${executor[@]}"
    ((status <= 2)) || fail "$change: status $status" "$stderr"
    run --separate-stderr pd-replay -m model.jq --states odd
    ((status <= 2)) || fail "$change: --states: status $status" "$stderr"
  done
  for change in '.failure = 3' '.original = 1' 'del(.failure)' '.original.prefix = 7'; do
    jq -c "$change" failure >odd
    run -2 --separate-stderr pd-replay -m model.jq odd -- "${executor[@]}"
    assert_stderr_has "pd-replay: odd:1: "
  done
}

@test "a stream that was cut off is told" {
  one
  sed '$d' recorded >cut
  jq -c 'if .type == "failure" then .original.prefix[0].command.n = 1 else . end' cut >mended
  run -2 --separate-stderr pd-replay -m model.jq --format json mended -- "${executor[@]}"
  assert_json 'last.problems | any(contains("cut off"))'
}

@test "wrong usage says what is right" {
  one
  run -2 --separate-stderr pd-replay -m model.jq failure
  assert_stderr_has "the command that executes sequences is missing: -- pd-exec"
  run -2 --separate-stderr pd-replay failure -- true
  assert_stderr_has "-m"
  run -2 --separate-stderr pd-replay -m model.jq --states failure -- true
  assert_stderr_has "leave the command after -- out"
  run -2 --separate-stderr pd-replay -m model.jq --states --step failure
  assert_stderr_has "--states runs nothing"
  run -2 --separate-stderr pd-replay -m model.jq --states --original failure
  assert_stderr_has "the run that the file tells"
  run -2 --separate-stderr pd-replay -m model.jq --formt json failure -- true
  assert_stderr_has "--format"
  run -2 --separate-stderr pd-replay -m model.jq --format nothing failure -- true
  assert_stderr_has "there is no format 'nothing'"
}

# --- A command of no use ---

@test "a command that does not execute proves nothing, and is told once" {
  one
  cat failure failure >two
  local command
  for command in false cat true ./missing; do
    run -2 --separate-stderr timeout 20 pd-replay -m model.jq --format json two -- "$command"
    [[ $(grep -c "pd-replay: " <<<"$stderr") == 1 ]] || fail "$command: $stderr"
    [[ $(results) == "error " ]]
  done
}

@test "an executor that dies in the middle of a run proves nothing" {
  one
  printf '#!/bin/sh\nread line; echo "{\\"type\\":\\"run_start\\",\\"run\\":1,\\"nonce\\":\\"00\\"}"; kill -9 $$\n' >dying
  chmod +x dying
  run -2 --separate-stderr pd-replay -m model.jq --format json failure -- ./dying
  assert_stderr_has "killed by signal 9"
  [[ $(results) == "error " ]]
}

@test "an executor that writes what is no JSON within a run proves nothing" {
  one
  printf '#!/bin/sh\nread line; echo "{\\"type\\":\\"run_start\\",\\"run\\":1}"; echo nonsense; cat >/dev/null\n' >odd
  chmod +x odd
  run -2 --separate-stderr timeout 20 pd-replay -m model.jq --format json failure -- ./odd
  [[ $(results) == "error " ]]
}

# --- Under git bisect ---

@test "--bisect skips in place of 2, whatever the trouble, and tells good from bad" {
  one
  run -1 pd-replay -m model.jq --bisect failure -- "${executor[@]}"
  jq -c '.original.prefix[0].command.n = 1' failure >mended
  run -0 pd-replay -m model.jq --bisect mended -- "${executor[@]}"
  run -125 pd-replay -m model.jq --bisect /dev/null -- "${executor[@]}"
  run -125 pd-replay -m model.jq --bisect missing -- "${executor[@]}"
  run -125 pd-replay -m missing.jq --bisect failure -- "${executor[@]}"
  run -125 pd-replay -m model.jq --bisect failure -- false
  run -125 pd-replay -m model.jq --bisect failure
  run -125 pd-replay --unknown -m model.jq --bisect failure -- false
  run -125 pd-replay -m model.jq --bisect mended failure -- pd-exec -m missing.jq -A true
}

# --- Writing, signals ---

@test "an output that is full gives 2, a reader that goes away ends it quietly" {
  one
  run -2 --separate-stderr bash -c '"$@" >/dev/full' - "$PD_BIN/pd-replay" -m model.jq failure -- "${executor[@]}"
  assert_stderr_has "No space left"
  for _ in {1..300}; do cat failure; done >many
  run --separate-stderr bash -c '"$@" | head -n 1; exit ${PIPESTATUS[0]}' - "$PD_BIN/pd-replay" -m model.jq many -- "${executor[@]}"
  assert_status 141
  [[ ! $stderr ]]
}

@test "a signal ends the run in hand, which is torn down, and the stream has its end" {
  one
  rule 'None'
  local name
  for name in INT:130 TERM:143; do
    rm -f log
    "$PD_BIN/pd-replay" -m model.jq --format json failure -- "${executor[@]}" >out 2>errors 3>&- &
    wait_for test -s log
    kill "-${name%:*}" $!
    status=0
    wait $! || status=$?
    assert_status "${name#*:}"
    assert_json 'last.type == "end" and last.status == '"${name#*:}"' and (map(.type) | index("replay") == null)' out
  done
}

# --- Memory ---

@test "memory does not grow with the stream when sequences are executed again" {
  failing_runs 1000 || return
  assert_bounded 1 pd-replay -m "$counter_model" -- "${counter_executor[@]}"
}

@test "memory does not grow with the stream when states are made again" {
  assert_bounded 0 pd-replay -m "$counter_model" --states
}
