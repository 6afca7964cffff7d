#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-verify: the verdict on a fix, from the failure's sequences, its seed's neighbours and similar
# failures; and what it takes for a verdict.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/toybank
load lib/verify

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# keep_bank_failure: the toy bank with its sixth bug, and kept.pd.json.
keep_bank_failure() {
  start_toybank --bugs 6
  executor=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  hunt_once 1
  jq -c 'select(.type == "failure")' out >kept.pd.json
}
bugs() { curl -fsS -X PUT "$TOYBANK_URL/bugs" -d "{\"bugs\":[$1]}" >/dev/null; }
verify_bank() {
  run --separate-stderr timeout 60 pd-verify "${bank[@]}" "$@" kept.pd.json -- "${executor[@]}"
  printf '%s\n' "$output" >out
  output=''
}

# --- The bank ---

@test "the bank with its bug is still failing, and the bank without it verified" {
  keep_bank_failure
  verify_bank
  assert_status 1
  assert_fix still_failing '.original == {runs: 3, passes: 0, failures: 3, others: 0, errors: 0}
    and .shrunk == .original and .variations.runs == 10 and (has("confidence") or has("reason") | not)'
  bugs ''
  verify_bank
  assert_status 0
  assert_fix verified '.original == {runs: 3, passes: 3, failures: 0, others: 0, errors: 0} and .shrunk == .original
    and .variations.passes == 10 and .variations.failed_seeds == [] and .others == {}
    and .confidence == {passes: 16, failure_rate_below: 0.1708} and .executions == 16
    and (has("reason") or has("model_changed") | not)'
}

@test "another bug is told and does not make the fix wrong" {
  keep_bank_failure
  bugs 5
  verify_bank --variations 40
  assert_status 0
  assert_fix verified '.variations | .others > 0 and .failures == 0 and .passes + .others == 40'
  assert_fix verified '.others | length > 0 and all(.[]; . > 0) and (has("check_failed refunds_within_capture") | not)'
  assert_fix verified '.confidence.passes == .original.passes + .shrunk.passes + .variations.passes'
}

@test "a bank that is away is trouble and no verdict" {
  keep_bank_failure
  kill "$SERVER_PID"
  wait_for ended "$SERVER_PID"
  executor+=(--health-timeout 500ms)
  verify_bank
  assert_status 2
  assert_fix undecided
}

@test "a bank that answers everything with 401 is not verified" {
  keep_bank_failure
  start_python faulty.py --mode status:401
  executor=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$SERVER_URL" --health-timeout 500ms)
  verify_bank
  assert_status 2
  assert_fix undecided
}

# --- Verdicts ---

@test "a bug that is mended for the recorded sequences alone is partially fixed, and the seeds are told" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  [[ $(jq -c '[.shrunk.prefix[].command.n]' kept.pd.json) == '[21,51]' ]]
  rule "$bug"' and c["n"] not in (51, 60)'
  verify
  assert_status 1
  assert_fix partially_fixed '.original.passes == 3 and .shrunk.passes == 3 and .variations.failures > 0
    and (.variations.failed_seeds | length) == .variations.failures'
  # A seed that is told fails as it is told.
  pd-gen -m model.jq --run-seed "$(jq -s 'map(select(.type == "verification"))[0].variations.failed_seeds[0]' out)" >plans
  run -1 --separate-stderr "${executor[@]}" plans
}

@test "a failure that comes every second time is flaky" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  rm log
  rule "$bug"' and sum(1 for x in open("log") if "\"B\"" in x) % 2'
  verify --tries 4 --variations 0
  assert_status 1
  assert_fix flaky '.shrunk == {runs: 4, passes: 2, failures: 2, others: 0, errors: 0} and .original == .shrunk'
}

@test "an original that fails while the shrunk passes is still failing" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  rule "$bug"' and c["n"] != 51'
  verify --variations 0
  assert_status 1
  assert_fix still_failing '.original.failures == 3 and .shrunk.passes == 3'
}

@test "a failure that was not shrunk is verified by its original" {
  two
  fail_with 1
  "${executor[@]}" --report --stop-on-failure plans | jq -c 'select(.type == "failure")' >kept.pd.json
  verify
  assert_status 1
  assert_fix still_failing 'has("shrunk") | not'
  rule 'False'
  verify
  assert_status 0
  assert_fix verified '.original.runs == 3 and (has("shrunk") | not) and .confidence.passes == 13'
}

@test "a failure among the others of a run counts" {
  model '{A: {args: {n: int(0; 99)}}}' 'def check_also($e): .bad | not;'
  rule 'c["n"] > 50'
  kept
  [[ $(jq -r .failure.name kept.pd.json) == also ]]
  executor+=(--checks record)
  jq -c '.failure.name = "good"' kept.pd.json >other && mv other kept.pd.json
  verify --variations 0
  assert_status 1
  assert_fix still_failing
}

@test "the bound is that of so many passes: 1 - 0.05^(1/n)" {
  two
  kept
  rule 'False'
  verify --tries 1 --variations 0
  assert_fix verified '.confidence == {passes: 2, failure_rate_below: 0.7764}'
  verify --tries 20 --variations 259
  assert_fix verified '.confidence == {passes: 299, failure_rate_below: 0.01}'
}

# --- Neighbours ---

@test "neighbours are the runs of the seeds next to the failure's, as pd-gen makes them with its options" {
  two
  pd-gen -m model.jq -n 300 -s 1 --min-commands 20 --max-commands 22 >plans
  "${executor[@]}" --stop-on-failure plans >failing.ndjson || :
  pd-shrink -m model.jq failing.ndjson -- "${executor[@]}" | jq -c 'select(.type == "failure")' >kept.pd.json || :
  write_executor "${executor[@]}"
  executor=(tee_to_executor)
  verify --tries 1 --variations 5
  jq -c .prefix executed | tail -n 5 >drawn
  seed=$(jq .seed kept.pd.json)
  for distance in 1 -1 2 -2 3; do
    pd-gen -m model.jq --run-seed $((seed + distance)) --min-commands 20 --max-commands 22 |
      jq -c 'select(.type == "sequence").prefix'
  done | diff - drawn
}

@test "neighbours have branches if the failing run was drawn with them" {
  two
  fail_with 1
  pd-gen -m model.jq -n 0 -s 1 --max-commands 12 --min-prefix 2 --max-branches 4 2>/dev/null >empty || :
  jq -c --slurpfile of empty 'if .type == "stream" then .options = $of[0].options else . end' failing.ndjson >branching
  pd-shrink -m model.jq branching -- "${executor[@]}" | jq -c 'select(.type == "failure")' >kept.pd.json || :
  write_executor "${executor[@]}"
  executor=(tee_to_executor)
  verify --tries 1 --variations 4
  jq -c '[.prefix, .branches]' executed | tail -n 4 >drawn
  seed=$(jq .seed kept.pd.json)
  for distance in 1 -1 2 -2; do
    pd-gen -m model.jq --run-seed $((seed + distance)) --max-commands 12 --min-prefix 2 --max-branches 4 |
      jq -c 'select(.type == "sequence") | [.prefix, .branches]'
  done >expected
  cmp expected drawn
  jq -es 'any(.[]; .[1])' drawn
}

@test "the first and the last seed have neighbours on one side" {
  two
  kept
  write_executor "${executor[@]}"
  executor=(tee_to_executor)
  for seed in 0 9007199254740991; do
    rm -f executed
    jq -c ".seed = $seed" kept.pd.json >other && mv other kept.pd.json
    verify --tries 1 --variations 3
    jq .seed executed | tail -n 3 >"seeds.$seed"
  done
  [[ $(xargs <seeds.0) == "1 2 3" ]]
  [[ $(xargs <seeds.9007199254740991) == "9007199254740990 9007199254740989 9007199254740988" ]]
}

# --- Similar failures ---

# another NUMBER…: saved/NUMBER.pd.json, failures of plans that end with B and this number.
another() {
  mkdir -p saved
  cp kept.pd.json first
  for number; do
    fail_with - '{"type":"A","n":40}' "{\"type\":\"B\",\"n\":$number}"
    "${executor[@]}" --report plans | jq -c 'select(.type == "failure")' >"saved/$number.pd.json"
  done
  mv first kept.pd.json
}

@test "a saved failure of the same kind and name that still fails makes a fix partial, and its file is told" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  another 90 91 92
  rule "$bug"' and c["n"] not in (51, 60, 91)'
  verify --variations 0 --similar saved
  assert_status 1
  assert_fix partially_fixed '.similar == {runs: 3, passes: 1, failures: 2, others: 0, errors: 0,
    files: ["saved/90.pd.json", "saved/92.pd.json"]}'
  rule 'False'
  verify --variations 0 --similar saved
  assert_status 0
  assert_fix verified '.similar.passes == 3 and .confidence.passes == 9'
}

@test "failures in other files and later in the same one are similar, but not the failure itself" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  another 90 91
  cp kept.pd.json saved/itself.pd.json
  cat saved/*.pd.json >>kept.pd.json
  rule "$bug"' and c["n"] not in (51, 60)'
  run -1 --separate-stderr pd-verify -m model.jq --variations 0 kept.pd.json --similar saved -- "${executor[@]}"
  assert_json 'map(select(.type == "verification")) | length == 4 and (map(.status) ==
    ["partially_fixed", "still_failing", "still_failing", "partially_fixed"]) and
    .[0].similar.files == ["kept.pd.json:2", "kept.pd.json:3"] and .[1].similar.runs == 2'
}

@test "of standard input those that came before are similar" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  another 90
  rule 'False'
  run -0 --separate-stderr pd-verify -m model.jq --variations 0 - -- "${executor[@]}" < <(cat kept.pd.json saved/90.pd.json)
  assert_json 'map(select(.type == "verification").similar.runs) == [0, 1]'
}

@test "failures of another kind are similar if four of five types of commands are the same" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  mkdir saved
  for types in AB ABC ABCD B; do
    # The types of the kept one are A to D and E.
    jq -c --arg types "$types" '.failure.name = "else" | .shrunk.prefix = [($types / "")[] | {type: ., n: 1}
      | {id: "c\(.type | explode[0] - 64)", command: .}]' kept.pd.json >"saved/$types.pd.json"
  done
  jq -c '.original.prefix = [range(5) | {id: "c\(. + 1)", command: {type: ([. + 65] | implode), n: 1}}] | del(.shrunk)' \
    kept.pd.json >five && mv five kept.pd.json
  write_executor "${executor[@]}"
  executor=(tee_to_executor)
  verify --tries 1 --variations 0 --similar saved
  assert_json 'map(select(.type == "verification"))[0].similar.runs == 1' out
  [[ $(tail -n 1 executed | jq -r '[.prefix[].command.type] | add') == ABCD ]]
}

@test "more similar failures than wanted are counted as left out" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  another 90 91 92
  rule 'False'
  verify --variations 0 --similar saved --max-similar 2
  assert_status 0
  assert_fix verified '.similar.runs == 2 and .similar.left_out == 1'
}

@test "damaged similar failures are told and left out" {
  two
  kept - '{"type":"A","n":30}' '{"type":"B","n":60}'
  another 90
  head -c 300 saved/90.pd.json >saved/cut.pd.json
  echo '{"type":"note"}' >saved/else.pd.json
  touch saved/else.txt
  rule 'False'
  verify --variations 0 --similar saved
  assert_status 2
  assert_stderr_has 'saved/cut.pd.json'
  assert_stderr_has 'saved/else.pd.json: the failure cannot be read: it is no failure record'
  assert_fix verified '.similar.runs == 1'
  run -2 --separate-stderr pd-verify -m model.jq --similar nowhere kept.pd.json -- "${executor[@]}"
  assert_stderr_has 'nowhere: No such file or directory'
}
