#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-verify: what is no proof of a fix, the stream it is a filter of, its text, trouble, and its memory.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/memory
load lib/verify

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# write_script NAME TEXT: a program in PATH.
write_script() {
  printf '#!/bin/sh\n%s\n' "$2" >"$1"
  chmod +x "$1"
  PATH=$PWD:$PATH
}

# mended: a failure that is kept, and a system without the bug.
mended() {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  rule 'False'
}

# edit FILTER: the kept failure with something else in it.
edit() { jq -c "$1" kept.pd.json >edited && mv edited kept.pd.json; }

# --- What proves nothing ---

@test "a run that cannot be judged is undecided, and the reason is told" {
  mended
  rule '{"error": "out of order"} if c["type"] == "B" else False'
  verify
  assert_undecided 'a run of the shrunk sequence could not be judged: adapter_error B: out of order'
  # What was never judged is not tried any further.
  assert_fix undecided '.executions == 3 and .shrunk.errors == 3'
}

@test "a neighbour that cannot be judged is undecided, too" {
  mended
  rule '{"error": "no C"} if c["type"] == "C" else False'
  verify
  assert_undecided 'a run of a neighbour could not be judged: adapter_error C: no C'
  assert_fix undecided '.shrunk.passes == 3 and .original.passes == 3 and .variations.errors > 0'
}

@test "a failure that fails still is told in spite of runs that cannot be judged" {
  mended
  rule '{"error": "no C"} if c["type"] == "C" else '"$bug"
  verify
  assert_status 1
  assert_fix still_failing '.variations.errors > 0'
}

@test "a failure of class execution is verified when it does not come back" {
  two
  rule '{"error": "no B"} if c["type"] == "B" else False'
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  [[ $(jq -r .failure.kind kept.pd.json) == adapter_error ]]
  verify
  assert_status 1
  assert_fix still_failing
  rule 'False'
  verify
  assert_status 0
  assert_fix verified
}

@test "another failure in front of it hides whether it is mended" {
  mended
  printf 'def on_A($c): .a = true;\ndef check_no_a($e): .a | not;\n' >>model.jq
  verify
  assert_undecided 'another failure came first in every run of the shrunk sequence'
  assert_fix undecided '.shrunk.others == 3 and .others["check_failed no_a"] >= 6'
}

@test "a check that is gone, or was never run, verifies nothing" {
  mended
  sed -i 's/check_good/check_fine/; s/{"good"/{"fine"/' model.jq
  verify
  assert_undecided 'the model has no check good any more'
  assert_fix undecided '.model_changed == ["its sha256 is not the recorded one"]'
  sed -i 's/check_fine/check_good/; s/{"fine"/{"good"/; s/"every": "Done"/"every": "Never"/' model.jq
  verify
  assert_undecided 'the check good was never run'
  sed -i 's/"every": "Never"/"every": "Done"/' model.jq
  executor+=(--checks off)
  verify
  assert_undecided 'the check good was never run'
}

@test "a mismatch with the prediction is only seen with --conform" {
  two
  executor+=(--conform --checks off)
  kept_executor=("${executor[@]}")
  fail_with - '{"type":"A","n":30}' '{"type":"B","n":60}'
  pd-shrink -m model.jq failing.ndjson -- "${executor[@]}" | jq -c 'select(.type == "failure")' >kept.pd.json || :
  [[ $(jq -r .failure.kind kept.pd.json) == prediction_mismatch ]]
  verify
  assert_status 1
  assert_fix still_failing
  executor=("${executor[@]:0:5}")
  verify
  assert_undecided 'nothing was compared with the model'
  rule 'False'
  executor=("${kept_executor[@]}")
  verify
  assert_status 0
  assert_fix verified
}

@test "a failure that never came back passes for nothing" {
  mended
  edit 'del(.shrunk, .shrink) | .reproduced = false'
  verify
  assert_undecided 'the failure did not come back when it was recorded, either'
}

@test "a 403 that the recording did not have proves nothing, unless it is allowed" {
  start_python faulty.py --mode status:200
  model '{Get: {args: {n: int(0; 9)}}}'
  cat >adapter.jq <<'END'
def request: {path: "/\(.n)"};
def events($c): {type: "Done", bad: (.status == 200)};
END
  executor=(pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL")
  kept
  kill "$SERVER_PID"
  start_python faulty.py --mode status:403
  executor=(pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL")
  verify
  assert_undecided 'answered with 401 or 403, which the recording was not'
  verify --allow-refused
  assert_undecided 'answers was 401, 403, 404, 429 or 5xx'
}

@test "a 401 that the recording had is one of its answers" {
  start_python faulty.py --mode status:401
  model '{Get: {args: {n: int(0; 9)}}, Put: {}}'
  cat >adapter.jq <<'END'
def request: if .type == "Put" then {argv: ["true"]} else {path: "/\(.n)"} end;
def events($c): {type: "Done", bad: ($c.type == "Get" and env.BAD == "yes")};
END
  export BAD=yes
  executor=(pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL" --allow-vacuous)
  kept - '{"type":"Put"}' '{"type":"Get","n":0}' '{"type":"Put"}'
  BAD=no
  verify --variations 0
  assert_undecided 'every one of 6 answers was 401'
  jq -c 'select(.type == "verification") | .shrunk, .original' out >tallies
  [[ $(jq -c .errors tallies | xargs) == "0 0" ]]
}

@test "a time that is up leaves it undecided" {
  mended
  verify --max-time 1us
  assert_undecided 'the time was up'
  assert_fix undecided '.executions < 16'
}

@test "a model that changed is told, and what it would not generate any more" {
  mended
  sed -i 's/B: {args: {n: int(0; 99)}}/B: {args: {n: int(0; 40)}}/' model.jq
  verify
  assert_status 0
  assert_fix verified '.model_changed | length == 3 and .[0] == "its sha256 is not the recorded one"
    and (.[1] | startswith("it would not generate the shrunk sequence any more: c2: ")) and (.[2] | contains("original"))'
}

# --- The stream ---

@test "what it reads is passed on byte for byte, and each verification follows its failure" {
  allow_unknown=(later)
  mended
  jq -c '., (select(.type == "failure") | {type: "later", n: 1.50})' shrunk.ndjson >stream.ndjson
  run -0 --separate-stderr pd-verify -m model.jq stream.ndjson -- "${executor[@]}"
  diff <(sed '1d;$d' stream.ndjson) <(sed '1d;$d' <<<"$output" | grep -v '^{"type":"verification"')
  assert_json 'map(.type) | index("failure") as $i | .[$i + 1] == "verification"'
  assert_json '.[0].pipeline | map(.[0]) == ["pd-exec", "pd-shrink", "pd-verify"]'
  assert_json '.[-1] | .type == "end" and .status == 0 and .counts.failed == 1'
}

@test "an input without a failure is trouble that says what was missing" {
  two
  rule 'False'
  pd-gen -m model.jq -n 3 -s 1 | "${executor[@]}" >passing.ndjson
  run -2 --separate-stderr pd-verify -m model.jq passing.ndjson -- "${executor[@]}"
  assert_stderr_has 'the input had no failure (pd-shrink makes'
  assert_json 'last.problems == ["the input had no failure"]'
}

@test "a damaged failure is told with its line, and the others are verified" {
  mended
  jq -c '.sha256 = ("0" * 64)' kept.pd.json >damaged
  cat damaged kept.pd.json >both && mv both kept.pd.json
  verify
  assert_status 2
  assert_stderr_has 'kept.pd.json:1: the failure is damaged'
  assert_fix verified
}

@test "a failure that says nothing is undecided, not a crash" {
  mended
  edit '{type, format, run, seed, plan, original: 3, shrunk: [], commands: 5, failure: {class: "assertion", kind: "check_failed", message: ""}}'
  run -2 --separate-stderr "$PD_BIN/pd-verify" -m model.jq kept.pd.json -- "${executor[@]}"
  assert_json 'any(.[]; .type == "verification" and .status == "undecided")'
  echo '{"type":"failure","format":1}' >kept.pd.json
  run -2 --separate-stderr "$PD_BIN/pd-verify" -m model.jq kept.pd.json -- "${executor[@]}"
  assert_stderr_has 'undecided'
}

@test "a command that cannot execute is told once, and nothing is verified" {
  mended
  cat kept.pd.json kept.pd.json >both && mv both kept.pd.json
  executor=(false)
  verify
  assert_status 2
  [[ $(grep -c "'false' ended in the middle of a run" <<<"$stderr") -eq 1 ]]
  assert_json 'map(select(.type == "verification").status) == ["undecided", "undecided"]' out
}

@test "wrong usage exits 2 with a hint" {
  mended
  run -2 --separate-stderr pd-verify -m model.jq kept.pd.json
  assert_stderr_has 'the command that executes sequences is missing'
  run -2 --separate-stderr pd-verify kept.pd.json -- true
  assert_stderr_has '-m'
  run -2 --separate-stderr pd-verify -m model.jq --tries 0 kept.pd.json -- true
  assert_stderr_has 'tries'
  run -2 --separate-stderr pd-verify -m model.jq --variation 1x kept.pd.json -- true
  assert_stderr_has 'variations'
  run -2 --separate-stderr "$PD_BIN/pd-verify" -m model.jq --format termnal kept.pd.json -- true
  assert_stderr_has "there is no format 'termnal'"
}

# --- Text ---

@test "the text tells the word, the numbers behind it, and the notes" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  seed=$(jq .seed kept.pd.json)
  run -1 "$PD_BIN/pd-verify" -m model.jq --format terminal --variations 0 kept.pd.json -- "${executor[@]}"
  [[ $output == "STILL FAILING: check good failed; run 1, seed $seed
  original: 0 of 3 runs pass, 3 fail; shrunk: 0 of 3 runs pass, 3 fail" ]]
  rule "$bug"' and c["n"] not in (51, 60)'
  run -1 "$PD_BIN/pd-verify" -m model.jq --format markdown --variations 12 kept.pd.json -- "${executor[@]}"
  assert_output_has "**PARTIALLY FIXED**: check good failed; run 1, seed $seed."
  assert_output_has '- neighbours of the seed: '
  assert_output_has ' (seeds '
  rule 'False'
  echo '# changed' >>model.jq
  run -0 "$PD_BIN/pd-verify" -m model.jq --format terminal kept.pd.json -- "${executor[@]}"
  [[ $output == "VERIFIED: check good failed; run 1, seed $seed
  original: 3 of 3 runs pass; shrunk: 3 of 3 runs pass
  neighbours of the seed: 10 of 10 runs pass
  16 runs without this failure: with 95% confidence less than 17.08% of such runs fail
  the model changed since: its sha256 is not the recorded one" ]]
  run -0 "$PD_BIN/pd-verify" -m model.jq --format compact kept.pd.json -- "${executor[@]}"
  [[ $output == "FIX status=verified run=1 seed=$seed kind=check_failed name=good original=3/3 shrunk=3/3 variations=10/10 similar=0/0" ]]
}

@test "the text says why nothing is proved, and data cannot take the terminal over" {
  mended
  edit '.failure.name = "go\u001bod" | .failure.message = "x"'
  run -2 "$PD_BIN/pd-verify" -m model.jq --format terminal --color never kept.pd.json -- "${executor[@]}"
  assert_output_has 'UNDECIDED: check go\u001bod failed'
  assert_output_has 'it proves nothing: the model has no check go\u001bod any more'
}

@test "at a terminal the word has a colour" {
  mended
  run -0 script -qec "$(printf '%q ' "$PD_BIN/pd-verify" -m model.jq -q kept.pd.json -- "${executor[@]}")" /dev/null
  assert_output_has $'\e[1;32mVERIFIED'
  run -0 "$PD_BIN/pd-verify" -m model.jq --format terminal --color always kept.pd.json -- "${executor[@]}"
  assert_output_has $'\e[1;32mVERIFIED'
}

@test "progress is shown when it is asked for" {
  mended
  verify --progress
  assert_stderr_has 'verifying failure 1: 16 executions'
  verify
  [[ -z $stderr ]]
}

# --- Signals, closed pipes, full disks, size ---

@test "SIGTERM in the middle ends it soon, and nothing is verified" {
  mended
  write_script hangs 'touch started; sleep 100'
  start_server verify sh -c 'exec setsid "$PD_BIN/pd-verify" -m model.jq kept.pd.json -- hangs >out'
  wait_for test -e started
  kill "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status 143
  assert_json 'any(.[]; .status == "undecided" and .reason == "it was interrupted") and (.[-1] | .type == "end" and .status == 143)' out
}

@test "a reader that goes away ends it quietly, and a full disk exits 2" {
  mended
  { "$PD_BIN/pd-verify" -m model.jq kept.pd.json -- "${executor[@]}" 2>err; } | head -c 1 >/dev/null
  [[ ! -s err ]]
  run -2 --separate-stderr sh -c '"$PD_BIN/pd-verify" -m model.jq kept.pd.json -- "$@" >/dev/full' sh "${executor[@]}"
  assert_stderr_has 'No space left'
}

@test "nothing of its store is left in the temporary folder" {
  mended
  mkdir temporary
  TMPDIR=$PWD/temporary verify
  assert_status 0
  [[ -z $(ls -A temporary) ]]
  TMPDIR=$PWD/nowhere run -2 --separate-stderr "$PD_BIN/pd-verify" -m model.jq kept.pd.json -- "${executor[@]}"
  assert_stderr_has 'cannot store sequences'
}

@test "memory grows by a little for each of 10,000 failing runs, and a seed's neighbours by nothing" {
  local small
  failing_runs 1000 || fail 'no runs'
  peak_of pd-verify -m "$counter_model" --tries 1 --variations 0 --max-similar 1 -- "${counter_executor[@]}" \
    <"$FAILING_RUNS" >/dev/null
  small=$PEAK
  failing_runs 10000 || fail 'no runs'
  peak_of pd-verify -m "$counter_model" --tries 1 --variations 0 --max-similar 1 -- "${counter_executor[@]}" \
    <"$FAILING_RUNS" >/dev/null
  ((STATUS == 1))
  printf '# pd-verify: %s KiB for 1,000 failing runs, %s KiB for 10,000\n' "$small" "$PEAK" >&3
  ((PEAK <= small + PEAK_ALLOWANCE + 9000 * 200 / 1024)) || fail "grew from $small KiB to $PEAK KiB"
}
