#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-shrink as a filter: what it passes on and adds, which failures count as the same, strategies,
# limits and figures.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# Two kinds of commands with a number each, and a bug that needs one of both.
two() {
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, C: {weight: 4, args: {n: int(0; 99)}}}'
  rule 'c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run)'
}
two_shrunk='[{"type":"A","n":21},{"type":"B","n":51}]'

# --- The stream ---

@test "runs that pass are passed on byte for byte, and no system is touched" {
  allow_unknown=(later)
  two
  rule 'False'
  pd-gen -m model.jq -n 20 -s 1 >plans
  "${executor[@]}" plans >passing.ndjson
  jq -c 'if .type == "event" then .unknown = [1.50, 1499816949527975237] else . end, (select(.type == "run_end") |
    {type: "later", of: "a newer release", n: 0.10})' passing.ndjson >changed.ndjson
  run -0 --separate-stderr pd-shrink -m model.jq changed.ndjson -- false
  [[ -z $stderr ]]
  diff <(sed '1d;$d' changed.ndjson) <(sed '1d;$d' <<<"$output")
  assert_json '.[0].pipeline | map(.[0]) == ["pd-gen", "pd-exec", "pd-shrink"]'
  assert_json '.[-1] | .type == "end" and .status == 0 and .counts.passed == 20'
}

@test "a failing run is passed on byte for byte, and its failure record stands after its run_end" {
  two
  hunt 1
  diff <(sed '1d;$d' failing.ndjson) <(sed '1d;$d' out | grep -v '^{"type":"failure"')
  assert_json 'map(.type) | index("failure") as $i | .[$i - 1] == "run_end"' out
  assert_shrunk "$two_shrunk"
}

@test "the failure record tells the shrunk run, and what was before" {
  two
  hunt 1
  assert_json '(map(select(.type == "run_start")) | last.sequence) as $original
    | map(select(.type == "failure"))[0]
    | .original == $original and .seed == $original.seed and .plan == $original.plan and .run == $original.run
      and .shrunk.plan != .plan and .shrunk.seed == .seed
      and (.commands | map(.id)) == (.shrunk.prefix | map(.id)) and (.events | length) == 2
      and .failure.kind == "check_failed" and .failure.name == "good" and .failure.id == .commands[1].id
      and .state_before.bad == false and .state.bad == true and .model.name == "rule"
      and (.environment.pipeline | map(.[0])) == ["pd-gen", "pd-exec", "pd-shrink"]' out
}

@test "ids are those of the original" {
  two
  hunt 1
  assert_json 'map(select(.type == "failure"))[0] | (.shrunk.prefix | map(.id)) - (.original.prefix | map(.id)) == []' out
}

@test "records without a header are shrunk as well" {
  two
  fail_with 1
  sed -i '1d;$d' failing.ndjson
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  assert_shrunk "$two_shrunk"
}

@test "several files are one stream" {
  two
  fail_with 1
  write_executor "${executor[@]}"
  grep -m1 '"stream"' failing.ndjson >first
  sed 1d failing.ndjson >second
  run -1 --separate-stderr pd-shrink -m model.jq first second -- tee_to_executor
  printf '%s\n' "$output" >out
  assert_shrunk "$two_shrunk"
}

@test "an empty input exits 2 and says so" {
  two
  : >failing.ndjson
  run -2 --separate-stderr pd-shrink -m model.jq failing.ndjson -- false
  assert_stderr_has 'no run'
  assert_json '.[-1] | .type == "end" and .status == 2 and (.problems | length) == 1'
}

@test "a header and an end without a run exit 2" {
  two
  run -2 --separate-stderr pd-shrink -m model.jq - -- false < <(pd-gen -m model.jq -n 3 -s 1 | sed -n '1p;$p')
  assert_stderr_has 'no run'
}

@test "an input that was cut off is shrunk as far as it came, and its end says so" {
  two
  fail_with 1
  write_executor "${executor[@]}"
  sed -i '$d' failing.ndjson
  shrink
  assert_status 1
  assert_shrunk "$two_shrunk"
  assert_json '.[-1] | .status == 1 and any(.problems[]; test("cut off"))' out
  # Within a run: what comes out is as cut as what came in, so it goes past the capture.
  head -n -3 failing.ndjson >cut.ndjson
  run -2 --separate-stderr "$PD_BIN/pd-shrink" -m model.jq cut.ndjson -- false
  assert_json '.[-1] | .status == 2 and any(.problems[]; test("cut off"))'
}

@test "a line that is no record is told with its place, and the rest is shrunk" {
  two
  fail_with 1
  write_executor "${executor[@]}"
  sed -i '2i{"type":"event","cut' failing.ndjson
  shrink
  assert_status 1
  assert_stderr_has 'failing.ndjson:2:'
  assert_shrunk "$two_shrunk"
}

@test "a record that the input already had a failure for is made anew" {
  two
  hunt 1
  cp out failing.ndjson
  shrink
  assert_status 1
  assert_json 'map(select(.type == "failure")) | length == 1 and .[0].reproduced' out
  assert_shrunk "$two_shrunk"
}

# --- Which failures are the same ---

@test "of failures of a kind and name the first is shrunk, and others are told as they are" {
  two
  pd-gen -m model.jq -n 30 -s 1 >plans
  "${executor[@]}" plans >failing.ndjson || :
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  assert_json '(map(select(.type == "run_end" and .failure)) | length) as $failed
    | map(select(.type == "failure"))
    | length == $failed and $failed > 3 and (.[0] | has("shrunk") and has("shrink"))
      and all(.[1:][]; (has("shrunk") or has("shrink") or has("reproduced") | not) and .commands != [] and .original)' out
  shrink --all
  assert_status 1
  assert_json 'map(select(.type == "failure")) | length > 3 and all(.[]; .reproduced and .shrink.stopped == "minimal" and
    (.shrunk.prefix | map(.command.n)) == [21, 51])' out
}

@test "a failure that does not come again stands for no other" {
  model '{A: {args: {n: int(0; 99)}}}'
  rule 'True'
  plan '{"type":"A","n":3}' >plans
  plan '{"type":"A","n":70}' | jq -c '.run = 2' >>plans
  plan '{"type":"A","n":80}' | jq -c '.run = 3' >>plans
  "${executor[@]}" plans >failing.ndjson || :
  rule 'c["n"] > 50'
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  assert_json 'map(select(.type == "failure") | [.run, .reproduced, .shrunk.prefix[0].command.n]) ==
    [[1, false, null], [2, true, 51], [3, null, null]]' out
}

@test "failures of another name are shrunk as well, and another failure on the way is a slip" {
  model '{A: {args: {n: int(0; 99)}}}' 'def check_small($e): .last <= 90;'
  sed -i 's/"triggers": {/&"small": {"every": "Done"}, /; s/def on_Done.*/def on_A($c): .last = $c.n; def on_Done($e): .bad = $e.bad;/' model.jq
  rule 'c["n"] % 10 == 7'
  fail_with - '{"type":"A","n":87}'
  plan '{"type":"A","n":95}' | jq -c '.run = 2' >>plans
  "${executor[@]}" plans >failing.ndjson || :
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  [[ $(shrunk) == '[{"type":"A","n":7}]'$'\n''[{"type":"A","n":91}]' ]]
  assert_json 'map(select(.type == "failure")) | map(.failure.name) == ["good", "small"] and .[0].shrink.slips == 0
    and .[1].shrink.slips >= 1' out
}

@test "a prediction that was not met shrinks" {
  model '{A: {args: {n: int(0; 99)}}, B: {}}'
  rule 'c.get("n", 0) > 30 and "B" in types'
  executor+=(--checks off --conform)
  hunt 1
  assert_json 'map(select(.type == "failure"))[0].failure | .class == "assertion" and .kind == "prediction_mismatch"' out
  assert_shrunk '[{"type":"B"},{"type":"A","n":31}]'
}

@test "a reply that the adapter did not expect shrinks" {
  model '{A: {args: {n: int(0; 99)}}, B: {}}'
  rule '{"unexpected": "status 500"} if c.get("n", 0) > 30 and "B" in types else False'
  fail_with 1
  write_executor "${executor[@]}"
  shrink
  assert_json 'map(select(.type == "failure"))[0].failure | .class == "execution" and .kind == "unexpected_reply"' out
  assert_shrunk '[{"type":"B"},{"type":"A","n":31}]'
}

@test "a command that the system hangs on shrinks" {
  model '{A: {args: {n: int(0; 3)}}, B: {}}'
  rule 'None if c.get("n", 0) > 1 and "B" in types else False'
  executor+=(--timeout 300ms)
  fail_with - '{"type":"A","n":0}' '{"type":"B"}' '{"type":"B"}' '{"type":"A","n":3}'
  write_executor "${executor[@]}"
  shrink
  assert_json 'map(select(.type == "failure"))[0].failure | .class == "execution" and .kind == "command_timeout"' out
  assert_shrunk '[{"type":"B"},{"type":"A","n":2}]'
}

@test "a failure that does not come again is marked so and keeps its first evidence" {
  two
  fail_with 1
  rule 'False'
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  assert_json '(map(select(.type == "event" and .run == 1)) | length) as $events
    | map(select(.type == "failure"))[0]
    | .reproduced == false and (has("shrunk") or has("shrink") | not) and .failure.name == "good"
      and (.events | length) > 0 and .state.bad' out
}

# --- Candidates ---

@test "what the model refuses never reaches the system" {
  model '{MakeThing: {}, Fill: {args: {thing: oneof(.made), n: int(5; 50)}}, Break: {when: (.made | length > 1), args: {thing: oneof(.made)}}}'
  rule 'c["type"] == "Break"'
  hunt 2
  [[ $(shrunk | jq -c 'map(.type)') == '["MakeThing","MakeThing","Break"]' ]]
  assert_json 'map(select(.type == "failure"))[0].shrink.refused > 0' out
  # Every command that came had its things made before, two at least for a Break, and arguments in range.
  jq -es 'all(.[].prefix | to_entries; . as $all | all(.[]; . as {$key, value: {command: $c}}
    | ($all[:$key] | map(select(.value.command.type == "MakeThing") | "@\(.value.id).made")) as $made
    | if $c.type == "Break" then ($made | length) > 1 and any($made[]; . == $c.thing)
      elif $c.type == "Fill" then $c.n >= 5 and any($made[]; . == $c.thing) else true end))' executed
  jq -es '[.[].prefix[]] | length' executed >sent
  [[ $(wc -l <log) -le $(<sent) ]]
}

@test "the same input gives the same shrunk sequence, byte for byte, and the same figures" {
  two
  hunt 3
  jq -c 'select(.type == "failure") | .shrunk, (.shrink | del(.duration_us))' out >first
  mv executed executed.first
  shrink
  jq -c 'select(.type == "failure") | .shrunk, (.shrink | del(.duration_us))' out | diff first -
  diff executed.first executed
}

@test "a run that fails earlier than it did is cut off there and confirmed" {
  model '{A: {args: {n: int(0; 99)}}}'
  rule 'len(run) >= 1 + c["n"]'
  fail_with - '{"type":"A","n":9}' '{"type":"A","n":9}' '{"type":"A","n":9}' '{"type":"A","n":3}'
  write_executor "${executor[@]}"
  shrink
  assert_shrunk '[{"type":"A","n":0}]'
  assert_json 'map(select(.type == "failure"))[0] | (.commands | length) == 1 and .shrink.shrunk_commands == 1' out
  assert_consistent
}

# --- Strategies and limits ---

@test "a quick strategy takes fewer executions, an exhaustive one finds pairs" {
  model '{Lock: {}, Unlock: {}, A: {args: {n: int(0; 99)}}}'
  rule 'c["type"] == "A" and c["n"] > 9 and types.count("Lock") == types.count("Unlock")'
  fail_with - '{"type":"Lock"}' '{"type":"A","n":1}' '{"type":"Unlock"}' '{"type":"A","n":77}'
  write_executor "${executor[@]}"
  for strategy in quick thorough exhaustive; do
    shrink --strategy "$strategy"
    assert_status 1
    assert_json "map(select(.type == \"failure\"))[0].shrink.strategy == \"$strategy\"" out
    assert_consistent
    shrunk >"$strategy"
    wc -l <executed >"$strategy.executions"
  done
  [[ $(<quick.executions) -lt $(<thorough.executions) ]]
  [[ $(<exhaustive) == '[{"type":"A","n":10}]' ]]
}

@test "pairs that can only go together go with the exhaustive strategy" {
  model '{Lock: {}, Unlock: {}, MakeIt: {}, A: {args: {it: oneof(.made)}}}'
  rule 'c["type"] == "A" and "Lock" in types and types.count("Lock") == types.count("Unlock")'
  sequence=('{"type":"Lock"}' '{"type":"Unlock"}' '{"type":"Lock"}' '{"type":"MakeIt"}' '{"type":"Unlock"}' '{"type":"A","it":"@c4.made"}')
  fail_with - "${sequence[@]}"
  write_executor "${executor[@]}"
  shrink --strategy exhaustive
  assert_shrunk '[{"type":"Lock"},{"type":"MakeIt"},{"type":"Unlock"},{"type":"A","it":"@c4.made"}]' \
    '[{"type":"Lock"},{"type":"Unlock"},{"type":"MakeIt"},{"type":"A","it":"@c4.made"}]'
}

@test "max-runs is kept to, and the best so far is told" {
  two
  hunt 1
  whole=$(wc -l <executed)
  for limit in 1 2 5; do
    shrink --max-runs "$limit"
    assert_status 1
    [[ $(wc -l <executed) == "$limit" ]]
    assert_json "map(select(.type == \"failure\"))[0] | .reproduced and .shrink.stopped == \"max_runs\" and .shrink.executions == $limit
      and .shrink.shrunk_commands <= .shrink.original_commands" out
    assert_consistent
  done
  shrink --max-runs 0
  [[ $(wc -l <executed) == "$whole" ]]
  assert_shrunk "$two_shrunk"
}

@test "max-time is kept to, and the best so far is told" {
  two
  rule '__import__("time").sleep(0.02) or (c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run))'
  fail_with 1
  write_executor "${executor[@]}"
  shrink --max-time 300ms
  assert_status 1
  assert_json 'map(select(.type == "failure"))[0] | .reproduced and .shrink.stopped == "max_time" and .shrink.duration_us >= 300000
    and .shrink.duration_us < 5000000' out
  assert_consistent
}
