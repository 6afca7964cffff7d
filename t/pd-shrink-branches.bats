#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-shrink makes of races. The executing filter is data/adapters/race.py: a rule says which runs fail.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

race=$BATS_TEST_DIRNAME/data/adapters/race.py
letters='{A: {args: {n: int(0; 9)}}, B: {args: {n: int(0; 9)}}, C: {}, Noise: {weight: 2}}'

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# branched: linear sequences, with branches: the first six commands are the prefix, the last three the suffix,
# those between go to three branches in turn.
branched() {
  jq -c 'select(.type == "sequence") | .prefix as $all | ($all | length) as $length
    | .prefix = $all[:6] | .suffix = $all[$length - 3:]
    | .branches = [range(3) as $b | [range(6 + $b; $length - 3; 3) | $all[.]]]'
}

# race_by RULE [REPEAT]: executor, whose chance depends on $seed.
race_by() {
  printf '%s\n' "$1" >rule
  executor=(python3 "$race" rule race.log "$seed" "${@:2}")
}

# hunt_race [OPTION…]: the first run of 60 that fails, shrunk: out. Sets status.
hunt_race() {
  "$PD_BIN/pd-gen" -m model.jq -n 60 -s "$seed" --min-commands 20 --max-commands 24 | branched >plans
  "${executor[@]}" <plans | jq -nc '[foreach inputs as $r ([]; if $r.type == "run_start" then [$r] else . + [$r] end;
    select($r.type == "run_end" and $r.failure))][0][]' >failing.ndjson
  [[ -s failing.ndjson ]] || fail "nothing failed"
  shrink_race "$@"
}

# shrink_race [OPTION…]: failing.ndjson.
shrink_race() {
  rm -f race.log
  run --separate-stderr timeout 60 pd-shrink -m model.jq "$@" failing.ndjson -- "${executor[@]}"
  printf '%s\n' "$output" >out
  output=''
}

# What was found, with types in place of commands; branches and what races in no order in particular.
form() { jq -c 'select(.type == "failure").shrunk | def types: map(.command.type); [(.prefix | types), (.branches // [] | map(types) | sort), (.suffix | types)]' out; }

# assert_form FORM…: one of these, and nothing hinders it from being complete.
assert_form() {
  local found form
  assert_status 1
  jq -es 'map(select(.type == "failure")) | length == 1 and .[0].reproduced and .[0].shrink.stopped == "minimal"' out >/dev/null ||
    fail "seed $seed: $(jq -c 'select(.type == "failure") | {reproduced, shrink}' out)"
  assert_figures
  found=$(form)
  for form; do [[ $found != "$form" ]] || return 0; done
  fail "seed $seed shrunk to $found" "not to $*"
}

# The figures are those of what the executor did: no plan more often than there are tries, but the last one.
assert_figures() {
  jq -es --slurpfile log race.log --argjson tries "${tries:-20}" 'map(select(.type == "failure"))[0]
    | (.shrunk.plan) as $last | (.shrink.confirmed.runs // 0) as $confirmed
    | .shrink.executions == ($log | length)
      and ($log | group_by(.plan) | all(.[]; length <= (if .[0].branches == 0 then 1 else $tries end)
        + if .[0].plan == $last then $confirmed + $tries else 0 end))
      and (.shrunk.branches == null or ($confirmed == 20 and .shrink.confirmed.failed ==
        ([$log[-20:][] | select(.failed)] | length) and all($log[-20:][]; .plan == $last)))
      and .shrink.original_commands == (.original | .prefix + (.branches | add) + .suffix | length)
      and .shrink.shrunk_commands == (.shrunk | .prefix + (.branches // [] | add // []) + .suffix | length)' out >/dev/null ||
    fail "inconsistent" "$(jq -c 'select(.type == "failure").shrink' out)" "executed: $(wc -l <race.log)"
}

# every_seed RULE FORM…: shrinks to that for several seeds.
every_seed() {
  model "${commands-$letters}"
  for seed in 1 2; do
    race_by "$1"
    hunt_race "${options[@]}"
    assert_form "${@:2}"
  done
}

# --- What must race ---

@test "two commands that race remain, each in a branch of its own" {
  every_seed 'apart("A", "B")' '[[],[["A"],["B"]],[]]'
}

@test "three commands that race remain in three branches" {
  every_seed 'apart("A", "B", "C")' '[[],[["A"],["B"],["C"]],[]]'
}

@test "what the race needs before and after it stays there" {
  every_seed 'apart("A", "B") and "prefix" in at("C") and "suffix" in at("Noise")' '[["C"],[["A"],["B"]],["Noise"]]'
}

@test "a whole branch of two commands against one" {
  every_seed 'any(ordered("A", "C") and p in at("C") and at("B") - {p, "prefix", "suffix"} for p in at("A") if isinstance(p, int))' \
    '[[],[["A","C"],["B"]],[]]'
}

# --- What need not race ---

@test "a run whose race does not matter becomes linear at once" {
  every_seed 'ordered("A", "C", "B")' '[["A","C","B"],[],[]]'
  jq -es '.[1].branches == 0 and all(.[1:][]; .branches == 0)' race.log || fail "$(head -5 race.log)"
}

@test "what only has to come before or after the race leaves the branches" {
  every_seed 'apart("A", "B") and "C" in types' '[["C"],[["A"],["B"]],[]]' '[[],[["A"],["B"]],["C"]]'
  every_seed 'apart("A", "B") and "C" in types[max(i for i, t in enumerate(types) if t in ("A", "B")):]' '[[],[["A"],["B"]],["C"]]'
}

@test "of three commands in branches, those of two branches race" {
  every_seed 'apart("A", "B") and any(isinstance(p, int) for p in at("C")) and ordered("A", "C")' '[[],[["A","C"],["B"]],[]]' \
    '[[],[["A"],["B","C"]],[]]' '[[],[["A"],["C","B"]],[]]'
}

@test "an answer that no order explains is another failure when there is one order only" {
  every_seed '"A" in types and "B" in types and ({"class": "assertion", "kind": "check_failed", "name": "sum", "message": "no"} if linear else True)' \
    '[["A","B"],[],[]]' '[["B","A"],[],[]]'
  assert_json 'map(select(.type == "failure"))[0] | .failure.kind == "check_failed" and .shrunk.branches == null' out
}

@test "what is linear now must go on failing as it did then" {
  every_seed '"A" in types and ({"class": "assertion", "kind": "check_failed", "name": "sum" if "B" in types else "other", "message": "no"} if linear else True)' \
    '[["A","B"],[],[]]' '[["B","A"],[],[]]' '[["A"],[],[]]'
  assert_json '[.[] | select(.type == "failure") | .failure.name as $name | .shrunk.prefix | map(.command.type) |
    if $name == "sum" then length == 2 else . == ["A"] end] == [true]' out
}

@test "another failure of a sequence without branches is none of a race" {
  every_seed 'apart("A", "B") if not linear else {"class": "execution", "kind": "adapter_error", "message": "no"}' '[[],[["A"],["B"]],[]]'
}

# --- Where it fails ---

@test "the suffix that was executed counts, even if the command that fails is in a branch" {
  every_seed 'apart("A", "B") and "suffix" in at("A")' '[[],[["A"],["B"]],["A"]]'
  jq -es '.[0].suffix == 3' race.log
}

@test "a suffix that was not sent is gone at once" {
  every_seed '"branches" if apart("A", "B") else False' '[[],[["A"],["B"]],[]]'
  jq -es '.[0].suffix == 0' race.log
}

# --- Arguments and references ---

@test "arguments of commands that race are reduced" {
  every_seed 'apart("A", "B") and any(c.get("n", 0) > 4 for c in order if c["type"] == "A")' '[[],[["A"],["B"]],[]]'
  assert_json 'map(select(.type == "failure"))[0].shrunk.branches | map(.[0].command) | sort_by(.type) | map(.n) == [5, 0]' out
}

@test "no candidate refers to a command of another branch" {
  commands='{MakeThing: {}, Use: {args: {thing: oneof(.made)}}, Break: {args: {thing: oneof(.made)}}}'
  model "$commands"
  plan_of() { jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [{id: "c1", command: {type: "MakeThing"}}],
    branches: [[{id: "c2", command: {type: "MakeThing"}}, {id: "c3", command: {type: "Use", thing: "@c2.made"}}],
      [{id: "c4", command: {type: "MakeThing"}}, {id: "c5", command: {type: "Break", thing: "@c4.made"}}, {id: "c6", command: {type: "Use", thing: "@c4.made"}}]],
    suffix: [{id: "c7", command: {type: "Use", thing: "@c3.made"}}]} | .suffix[0].command.thing = "@c4.made"'; }
  for seed in 1 2; do
    race_by 'apart("Use", "Break")'
    plan_of | "${executor[@]}" >failing.ndjson
    write_executor "${executor[@]}"
    rm -f executed race.log
    run --separate-stderr timeout 60 pd-shrink -m model.jq --strategy exhaustive failing.ndjson -- tee_to_executor
    printf '%s\n' "$output" >out
    assert_form '[["MakeThing"],[["Break"],["Use"]],[]]'
    jq -es 'all(.[]; (.prefix | map(.id)) as $before | all(.branches // [] | .[]; ($before + map(.id)) as $known
      | all(.[] | .command.thing // empty | .[1:3]; . as $id | any($known[]; . == $id))))' executed >/dev/null || fail "a reference to another branch"
  done
}

# --- Chance ---

@test "a race that is lost three times of ten shrinks as well" {
  options=(--tries 40)
  tries=40
  every_seed 'apart("A", "B") and chance < 0.3' '[[],[["A"],["B"]],[]]'
}

@test "a race that needs one order among others shrinks as well" {
  options=(--tries 60)
  tries=60
  every_seed 'apart("A", "C", "B") and ordered("A", "C", "B")' '[[],[["A"],["B"],["C"]],[]]'
}

@test "an original that does not fail again at once is executed up to its tries" {
  model "$letters"
  seed=1
  race_by 'apart("A", "B") and (attempt == 1 if len(types) > 18 else True)'
  hunt_race --tries 3
  assert_json 'map(select(.type == "failure"))[0].reproduced' out
  race_by 'apart("A", "B") and (attempt == 3 or len(types) <= 18)'
  shrink_race --tries 3
  assert_json 'map(select(.type == "failure"))[0] | .reproduced and .shrink.shrunk_commands == 2' out
  shrink_race --tries 2
  assert_json 'map(select(.type == "failure"))[0] | .reproduced == false and (.shrink | not)' out
  [[ $(wc -l <race.log) == 2 ]]
}

@test "each try has another branch in front" {
  model "$letters"
  seed=1
  race_by 'apart("A", "B") and (1 in at("A") or "C" in types)'
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [], suffix: [],
    branches: [[{id: "c1", command: {type: "C"}}, {id: "c2", command: {type: "A", n: 0}}], [{id: "c3", command: {type: "B", n: 0}}]]}' |
    "${executor[@]}" >failing.ndjson
  shrink_race
  assert_form '[[],[["A"],["B"]],[]]'
}

@test "twice the same" {
  model "$letters"
  for seed in 1 2; do
    race_by 'apart("A", "B") and chance < 0.4'
    hunt_race
    assert_status 1
    without_duration out >first
    mv race.log first.log
    shrink_race
    cmp first <(without_duration out)
    cmp first.log race.log
  done
}

@test "the report tells how often it failed" {
  model "$letters"
  seed=2
  race_by 'apart("A", "B") and (chance < 0.5 or len(types) > 2)'
  hunt_race
  assert_form '[[],[["A"],["B"]],[]]'
  failed=$(jq 'select(.type == "failure").shrink.confirmed.failed' out)
  ((failed > 2 && failed < 18))
  for format in terminal markdown; do
    pd-report --format "$format" out >report || :
    grep -q "failed $failed of 20 times" report || fail "$(<report)"
  done
  shrink_race --confirm 3
  assert_json 'map(select(.type == "failure"))[0].shrink.confirmed.runs == 3' out
  shrink_race --confirm 0
  assert_json 'map(select(.type == "failure"))[0].shrink | has("confirmed") | not' out
}

@test "the executions of a candidate count toward the limit" {
  model "$letters"
  seed=3
  race_by 'apart("A", "B") and chance < 0.4'
  hunt_race --max-runs 25 --confirm 0
  assert_json 'map(select(.type == "failure"))[0].shrink | .stopped == "max_runs" and .executions == 25' out
  [[ $(wc -l <race.log) == 25 ]]
}

# --- An executing filter that repeats ---

@test "of a run that is repeated the last attempt counts, and each is an execution" {
  model "$letters"
  for seed in 1 2; do
    race_by 'apart("A", "B") and chance < 0.3' 8
    hunt_race --tries 5 --confirm 6
    assert_status 1
    [[ $(form) == '[[],[["A"],["B"]],[]]' ]]
    assert_json 'map(select(.type == "failure"))[0] | .shrink.confirmed.runs == 6 and
      (.commands | length) == 2 and (.events | length) == 2 and .failure.kind == "linearization"' out
    jq -es --slurpfile log race.log 'map(select(.type == "failure"))[0].shrink.executions == ($log | length)' out
  done
}

@test "a replay of a repeated run tells the steps of its last attempt" {
  model "$letters"
  seed=1
  race_by 'apart("A", "B")'
  hunt_race
  jq -c 'select(.type == "failure")' out >failure.pd.json
  race_by 'attempt == 3' 5
  rm race.log
  run --separate-stderr pd-replay -m model.jq --format json failure.pd.json -- "${executor[@]}"
  jq -es 'map(select(.type == "step")) | length == 2' <<<"$output"
  jq -es 'map(select(.type == "replay"))[0].result == "reproduced"' <<<"$output"
  [[ $(wc -l <race.log) == 3 ]]
}

# --- Trouble ---

@test "an executing filter that is killed in a race leaves the best so far" {
  model "$letters"
  seed=1
  race_by 'apart("A", "B")'
  hunt_race
  race_by 'None if len(types) < 6 else apart("A", "B")'
  shrink_race
  assert_status 2
  assert_json 'map(select(.type == "failure"))[0] | .reproduced and .shrink.stopped == "runner_failed" and .shrink.shrunk_commands >= 6
    and (.shrunk | .prefix + (.branches | add) + .suffix | length) == .shrink.shrunk_commands' out
}

@test "an empty branch is none, and one branch is no race" {
  model "$letters"
  seed=1
  race_by '"A" in types'
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [{id: "c1", command: {type: "C"}}],
    branches: [[{id: "c2", command: {type: "A", n: 0}}], []], suffix: [{id: "c3", command: {type: "C"}}]}' | "${executor[@]}" >failing.ndjson
  shrink_race
  [[ $(form) == '[["A"],[],[]]' ]]
  jq -es 'all(.[]; .branches == 0)' race.log
}
