#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-shrink on what was shrunk before, on failures that do not come each time, and on those that are met
# on the way to another one.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# quick SEED…: out has a failure, shrunk by the quick strategy only.
quick() {
  fail_with "$@"
  write_executor "${executor[@]}"
  shrink --strategy quick
  assert_status 1
}

# again OPTION… FILE: from the file, to out.
again() {
  rm -f executed
  run --separate-stderr timeout 60 pd-shrink -m model.jq --again "$@" -- tee_to_executor
  printf '%s\n' "$output" >out
}

two_numbers='{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, C: {weight: 3, args: {n: int(0; 99)}}}'

# --- Again ---

@test "a saved failure is shrunk further, by the next stronger strategy" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run)'
  quick 1
  first=$(jq -c 'select(.type == "failure")' out)
  run ! jq -e '.shrunk.prefix | map(.command.n) == [21, 51]' <<<"$first"
  jq -c 'select(.type == "failure")' out | pd-report --save saved >report || :
  again saved/*.pd.json
  assert_status 1
  assert_shrunk '[{"type":"A","n":21},{"type":"B","n":51}]'
  assert_json '.[0] | .shrink.strategy == "thorough" and .shrink.stopped == "minimal" and .reproduced
    and .shrink.earlier.strategy == "quick" and .shrink.original_commands == .shrink.earlier.original_commands
    and (has("sha256") or has("saved_at") | not)' out
  jq -e --argjson first "$first" 'select(.type == "failure") | .original == $first.original and .seed == $first.seed and .model == $first.model
    and .environment.producer == $first.environment.producer and .environment.options == $first.environment.options' out
  # From there it goes on with the strongest, unless another one is asked for.
  cp out thorough
  again thorough
  assert_json 'map(select(.type == "failure"))[0] | .shrink.strategy == "exhaustive" and .shrink.earlier.earlier.strategy == "quick"' out
  assert_shrunk '[{"type":"A","n":21},{"type":"B","n":51}]'
  again --strategy quick thorough
  assert_json 'map(select(.type == "failure"))[0].shrink.strategy == "quick"' out
}

@test "again reads a stream, passes its runs on, and shrinks each of its failure records" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50'
  quick 1
  cp out stream
  again <stream
  assert_status 1
  diff <(jq -c 'select(.type != "failure" and .type != "stream" and .type != "end")' stream) \
    <(jq -c 'select(.type != "failure" and .type != "stream" and .type != "end")' out)
  assert_json 'map(select(.type == "failure")) | length == 1 and .[0].shrunk.prefix[0].command.n == 51' out
}

@test "a failure that does not come again stays as it was, and says so" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50'
  quick 1
  jq -c 'select(.type == "failure")' out >failure
  rule 'False'
  again failure
  assert_status 1
  diff <(jq -Sc 'select(.type == "failure") | del(.reproduced)' out) <(jq -Sc 'del(.reproduced)' failure)
  assert_json '.[0].reproduced == false' out
}

@test "again says what is wrong with its input" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50'
  write_executor "${executor[@]}"
  again < <(pd-gen -m model.jq -n 1)
  assert_status 2
  assert_stderr_has 'the input had no failure record'
  quick 1
  jq -c 'select(.type == "failure")' out | pd-report --save saved >report || :
  sed -i 's/"n":/"n":1/' saved/*.pd.json
  again saved/*.pd.json
  assert_status 2
  assert_stderr_has 'the failure is damaged'
}

# --- How often the result fails ---

@test "confirm tells how often the smallest sequence failed" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50'
  fail_with 1
  write_executor "${executor[@]}"
  shrink --confirm 5
  assert_status 1
  assert_json 'map(select(.type == "failure"))[0].shrink.confirmed == {runs: 5, failed: 5}' out
  [[ $(tail -n 5 executed | jq -r .plan | sort -u | wc -l) == 1 ]]
  pd-report out >report || :
  grep -q 'failed 5 of 5 times' report
}

@test "confirm tells of a failure that does not come each time" {
  model '{B: {args: {n: int(0; 0)}}}'
  # Every second run fails, as a file tells that outlives the run.
  rule '(open("count", "a").write("x") and __import__("os").stat("count").st_size % 2 == 0) if len(run) == 1 else False'
  plan '{"type":"B","n":0}' >plans
  for _ in 1 2; do "${executor[@]}" --stop-on-failure plans >failing.ndjson || :; done
  jq -es 'any(.[]; .failure)' failing.ndjson >/dev/null || "${executor[@]}" plans >failing.ndjson || :
  write_executor "${executor[@]}"
  shrink --confirm 4
  assert_json 'map(select(.type == "failure"))[0] | .reproduced == false or (.shrink.confirmed | .runs == 4 and .failed == 2)' out
}

# --- What is met on the way ---

@test "another failure that is met on the way is shrunk as well when that is asked for" {
  model '{A: {args: {n: int(0; 99)}}}' 'def check_small($e): .last <= 40 or .last > 60;'
  sed -i 's/"triggers": {/&"small": {"every": "Done"}, /; s/def on_Done.*/def on_A($c): .last = $c.n; def on_Done($e): .bad = $e.bad;/' model.jq
  rule 'c["n"] > 70 and c["n"] % 2 == 0'
  fail_with - '{"type":"A","n":90}'
  write_executor "${executor[@]}"
  shrink
  assert_json 'map(select(.type == "failure")) | length == 1 and .[0].failure.name == "good" and .[0].shrink.slips > 0' out
  shrink --keep-slips
  assert_status 1
  assert_json 'map(select(.type == "failure")) | map(.failure.name) == ["good", "small"]
    and (.[0] | has("slip_of") | not) and .[0].shrunk.prefix[0].command.n == 72
    and .[1].slip_of == {kind: "check_failed", name: "good"} and .[1].reproduced and .[1].shrunk.prefix[0].command.n == 41
    and .[1].shrink.stopped == "minimal"' out
  # It is shrunk once, however often it is met.
  plan '{"type":"A","n":88}' | jq -c '.run = 2' >>plans
  "${executor[@]}" plans >failing.ndjson || :
  shrink --all --keep-slips
  assert_json 'map(select(.type == "failure").failure.name) == ["good", "small", "good"]' out
}

# --- The same again ---

@test "shrinking twice gives the same result, byte for byte" {
  model "$two_numbers"
  rule 'c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] % 7 == 3 for x in run)'
  for seed in 1 2; do
    fail_with "$seed"
    write_executor "${executor[@]}"
    shrink --keep-slips
    jq -c 'select(.type == "failure") | .shrunk, (.shrink | del(.duration_us))' out >first
    cp executed first.executed
    shrink --keep-slips
    cmp first <(jq -c 'select(.type == "failure") | .shrunk, (.shrink | del(.duration_us))' out)
    cmp first.executed executed
  done
}
