#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-replay: a failure's sequence again, step by step; what it comes to, and what does not count.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# bank_failure BUG: a bank with this bug; the failure record of its shrunk sequence in failure.
bank_failure() {
  start_toybank --bugs "$1"
  hunt_once 1
  executor=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  grep '^{"type":"failure"' out >failure
}
bugs() { curl -sf -X PUT -H 'content-type: application/json' -d "{\"bugs\":[$1]}" "$TOYBANK_URL/bugs" >/dev/null; }

# Things that are made get ids that are numbers and others in every process; the third command is bad.
makers() {
  model '{MakeIt: {}, Use: {weight: 3, args: {it: oneof(.made)}}}' 'def check_few($e): (.made | length) < 9;'
  rule '{"events": [dict({"type": "Done", "bad": len(run) > 2},
    **({"made": __import__("os").getpid() * 10 + len(run)} if c["type"] == "MakeIt" else {"of": c["it"]}))]}'
  tr -d '\n' <rule >joined && mv joined rule
  plan '{"type":"MakeIt"}' '{"type":"Use","it":"@c1.made"}' '{"type":"MakeIt"}' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
}

# replay [OPTION…]: the failure, as records in out and in $output; sets status.
replay() {
  run --separate-stderr timeout 60 pd-replay -m model.jq --format json "$@" failure -- "${executor[@]}"
  printf '%s\n' "$output" >out
  "$helper_folder/validate-records" out
}
reseal() { jq -cS 'del(.sha256)' "$1" | tr -d '\n' | sha256sum | cut -d' ' -f1; }
definitions='def of($type): map(select(.type == $type)); def steps: of("step"); def result: of("replay")[0];'
assert_that() { assert_json "$definitions $1" "${@:2}"; }

# --- A failure that is there, and one that is not ---

@test "the bank's sixth bug comes back, each step told with events, state, changes and checks" {
  bank_failure 6
  run -1 --separate-stderr pd-replay "${bank[@]}" --format json failure -- "${executor[@]}"
  "$helper_folder/validate-records" <<<"$output"
  assert_that 'result | .result == "reproduced" and .failure == .expected and .at == .failure.id and .commands == 6'
  assert_that '(of("failure")[0].shrunk.prefix | map(.id)) == (steps | map(.id))'
  assert_that '(of("failure")[0].commands | map(.command)) == (steps | map(.command))'
  assert_that '(of("failure")[0].state) == (steps | last.state) and (of("failure")[0].state_before) == (steps | .[-2].state)'
  assert_that 'all(steps[]; has("recorded") | not)'
  assert_that 'steps | last | (.checks | map([.check, .pass]) == [["refunds_within_capture", false]])
    and (.changes | any(.path == ".captures.cap_1.refunded" and .before == 1 and .after == 2))
    and .planned.capture == "@c21.capture" and .command.capture == "cap_1" and .refs == {"@c21.capture": "cap_1"}'
}

@test "text shows the same, in a pipe as well, and no escape codes" {
  bank_failure 6
  run -1 --separate-stderr pd-replay "${bank[@]}" failure -- "${executor[@]}"
  [[ ! $stderr ]]
  assert_output_has 'REPLAY run 3, seed 7249801725131071: the shrunk sequence, 6 commands; recorded: check refunds_within_capture failed at c34'
  assert_output_has '    c34   Refund {amount: 1, capture: "@c21.capture" = "cap_1"}'
  assert_output_has '       -> Refunded {capture: "cap_1"'
  assert_output_has '          - .captures.cap_1.refunded: 1'
  assert_output_has '          + .captures.cap_1.refunded: 2'
  assert_output_has '          check refunds_within_capture failed: 2 refunded of a capture of 1'
  assert_output_has 'the failure came back: check refunds_within_capture failed at c34'
  [[ $output != *$'\e'* ]]
  run -1 pd-replay "${bank[@]}" --color always failure -- "${executor[@]}"
  assert_output_has $'\e['
}

@test "markdown and compact text tell it, too" {
  bank_failure 6
  run -1 pd-replay "${bank[@]}" --format markdown failure -- "${executor[@]}"
  assert_output_has '## Replay: check refunds\_within\_capture failed'
  assert_output_has '+ .captures.cap_1.refunded: 2'
  run -1 pd-replay "${bank[@]}" --format compact failure -- "${executor[@]}"
  assert_output_has 'STEP run=3 id=c34 command="Refund'
  assert_output_has 'result=reproduced commands=6 at=c34'
}

@test "a bug that is mended passes, and the step that is other now says what the file has" {
  bank_failure 6
  bugs ''
  run -0 --separate-stderr pd-replay "${bank[@]}" --format json failure -- "${executor[@]}"
  assert_that 'result | .result == "passed" and (has("failure") or has("at") | not) and .commands == 6'
  assert_that '[steps[] | select(.recorded) | .id] == ["c34"]'
  assert_that 'steps | last | .events[0].event.type == "Refused" and .recorded.events[0].event.type == "Refunded" and .changes == []'
  run -0 pd-replay "${bank[@]}" failure -- "${executor[@]}"
  assert_output_has '          recorded: Refunded {capture: "cap_1"'
  assert_output_has 'the failure did not come back'
}

@test "the original sequence is run when it is asked for" {
  bank_failure 6
  run -1 pd-replay "${bank[@]}" --original --format json failure -- "${executor[@]}"
  assert_that '(steps | map(.id)) == ([range(1; 35) | "c\(.)"]) and result.result == "reproduced"'
  run -1 pd-replay "${bank[@]}" --original failure -- "${executor[@]}"
  assert_output_has 'the original sequence, 44 commands'
}

@test "ids that the system gave out anew are no difference, whether the plan uses them or not" {
  makers
  replay
  assert_status 1
  assert_that 'result.result == "reproduced" and all(steps[]; has("recorded") | not)'
  assert_that '(of("failure")[0].events[0].event.made) != steps[0].events[0].event.made'
  assert_that 'of("failure")[0].refs | has("@c3.made") | not'
}

@test "another value where no id stands is a difference" {
  makers
  sed -i 's/"of": c\["it"\]/"of": c["it"] + 1/' rule
  replay
  assert_that '[steps[] | select(.recorded) | [.id, (.recorded | keys)]] == [["c2", ["events"]]]'
}

@test "another outcome is a difference" {
  makers
  jq -c '.commands[0].outcome = "retry"' failure >changed && mv changed failure
  replay
  assert_that '[steps[] | select(.recorded) | [.id, .recorded]] == [["c1", {outcome: "retry"}]]'
}

@test "minted values are no difference" {
  model '{Take: {args: {key: mint("key-{}")}}}'
  rule '{"events": [{"type": "Done", "bad": True, "key": c["key"]}]}'
  pd-gen -m model.jq -n 1 -s 1 --max-commands 1 | "${executor[@]}" --report | grep '^{"type":"failure"' >failure
  replay
  assert_status 1
  assert_that '(steps[0] | has("recorded") | not) and steps[0].command.key != of("failure")[0].commands[0].command.key'
}

@test "setup and teardown are steps as well, and events that come before their command belong to it" {
  start_counter
  cat >adapter.jq <<'END'
include "pd";
def request: {path: "/value"};
def events($c): if .status == 200 then follow({path: "/nowhere"}; {inject: {type: "Begun"}}) else {type: "Done", bad: ($c.type == "C")} end;
END
  model '{A: {}, B: {}, C: {}}'
  executor=(pd-exec -m model.jq -a adapter.jq -u "$COUNTER_URL")
  plan '{"type":"A"}' '{"type":"C"}' | jq -c '.setup = [{id: "s1", command: {type: "A"}}] | .teardown = [{id: "t1", command: {type: "B"}}]' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  replay
  assert_that '(steps | map(.id)) == ["s1", "c1", "c2", "t1"] and (steps[0].events | map(.source)) == ["injected", "command"]'
}

@test "branches are told with their number" {
  model '{A: {args: {n: int(0; 9)}}}'
  rule 'c["n"] == 9'
  plan '{"type":"A","n":1}' '{"type":"A","n":2}' '{"type":"A","n":3}' '{"type":"A","n":9}' |
    jq -c '.prefix as $items | .prefix = $items[:1] | .branches = [$items[1:2], $items[2:3]] | .suffix = $items[3:]' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  replay
  assert_status 1
  assert_that '(steps | map([.id, .branch]) | sort) == [["c1", null], ["c2", 0], ["c3", 1], ["c4", null]] and result.at == "c4"'
}

@test "checks that passed are told when they are traced, those at the end with the result" {
  makers
  sed -i 's/"triggers": {/&"few": {"at": "end"}, /; s/< 9/< 1/' model.jq
  sed -i 's/len(run) > 2/False/' rule
  plan '{"type":"MakeIt"}' '{"type":"Use","it":"@c1.made"}' >plans
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  executor+=(--trace)
  replay
  assert_status 1
  assert_that 'all(steps[]; .checks == [{check: "good", pass: true}])'
  assert_that 'result | .result == "reproduced" and (.checks | map([.check, .pass])) == [["few", false]] and (has("at") | not)'
}

# --- As far as a command ---

@test "--to runs as far as a command and no further" {
  makers
  rm -f log
  replay --to c2
  assert_status 2
  assert_that '(steps | map(.id)) == ["c1", "c2"] and (result | .result == "stopped" and .at == "c3")'
  [[ $(wc -l <log) == 2 ]]
  assert_that 'of("end")[0].problems == ["a replay was stopped before its failure could come"]'
}

@test "--to the command that failed says whether it still fails" {
  makers
  replay --to c3
  assert_status 1
  assert_that 'result.result == "reproduced"'
  sed -i 's/len(run) > 2/False/' rule
  jq -c '.original.prefix += [.original.prefix[0] | .id = "c4"]' failure >longer && mv longer failure
  replay --to c3
  assert_status 0
  assert_that '(steps | map(.id)) == ["c1", "c2", "c3"] and (result | .result == "passed" and .at == "c4")'
}

@test "--to a command of the setup stops before the prefix" {
  makers
  jq -c '.original.setup = [{id: "s1", command: {type: "MakeIt"}}]' failure >more && mv more failure
  replay --to s1
  assert_status 2
  assert_that '(steps | map(.id)) == ["s1"] and (result | .result == "stopped" and .at == "c1")'
}

@test "--to of several failures stops in each" {
  makers
  cat failure failure >two && mv two failure
  replay --to c1
  assert_that '(steps | map(.id)) == ["c1", "c1"] and (of("replay") | map(.result)) == ["stopped", "stopped"]'
}

@test "--to a command that is not there is told with file and line" {
  makers
  replay --to c9
  assert_status 2
  assert_stderr_has "pd-replay: failure:1: the sequence has no command c9"
  assert_that 'steps == []'
}

# --- Another failure, and runs that prove nothing ---

@test "another assertion is no success, and under --bisect it skips" {
  makers
  sed -i 's/< 9/< 1/' model.jq
  replay
  assert_status 1
  assert_that 'result | .result == "different" and .failure.name == "few" and .expected.name == "good"'
  replay --bisect
  assert_status 125
  run -1 pd-replay -m model.jq failure -- "${executor[@]}"
  assert_output_has 'another failure came: check few failed at c1; recorded was: check good failed'
}

@test "an execution failure proves nothing" {
  makers
  rule 'None if len(run) == 2 else {"events": [{"type": "Done", "bad": False, "made": 1}]}'
  executor+=(--timeout 200ms)
  replay
  assert_status 2
  assert_that 'result | .result == "error" and .failure.kind == "command_timeout" and .at == "c2"'
  replay --bisect
  assert_status 125
}

@test "an execution failure that was recorded comes back" {
  makers
  rule 'None if len(run) == 2 else {"events": [{"type": "Done", "bad": False, "made": 1}]}'
  executor+=(--timeout 200ms)
  "${executor[@]}" --report plans >recorded 2>/dev/null || [[ $? == 2 ]]
  grep '^{"type":"failure"' recorded >failure
  replay
  assert_status 1
  assert_that 'result.result == "reproduced"'
}

@test "a system that is not there proves nothing" {
  bank_failure 6
  stop_servers
  servers=()
  run -2 --separate-stderr pd-replay "${bank[@]}" --format json failure -- "${executor[@]}" --health-timeout 100ms
  assert_stderr_has "ended in the middle of a run"
  assert_that 'result.result == "error"'
  run -125 pd-replay "${bank[@]}" --bisect failure -- "${executor[@]}" --health-timeout 100ms
}

# refused MODE: the replay of a failure with status 500 against a server that answers MODE.
refused() {
  cat >adapter.jq <<'END'
include "pd";
def request: {path: "/"};
def events($c): {type: "Done", bad: (.status == 500)};
END
  model '{A: {}}'
  start_python faulty.py --mode status:500
  plan '{"type":"A"}' '{"type":"A"}' >plans
  pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  start_python faulty.py --mode "status:$1"
  executor=(pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL")
  replay "${@:2}"
}

@test "answers without refusal pass: the control" {
  refused 200
  assert_status 0
  assert_that 'result.result == "passed"'
}

@test "a 401 or 403 that the recording had not is never a success" {
  local code
  for code in 401 403; do
    refused "$code"
    assert_status 2
    assert_that 'result | .result == "error" and (.reason | contains("A was answered '"$code"'"))'
    replay --bisect
    assert_status 125
  done
}

@test "a 401 is no success without exchanges in the records, either" {
  refused 401
  executor+=(--no-exchange --allow-vacuous)
  replay
  assert_status 2
  assert_that 'result | .result == "error" and (.reason | contains("401 or 403"))'
}

@test "nothing but 404 proves nothing" {
  refused 404
  assert_status 2
  assert_that 'result | .result == "error" and (.reason | contains("every one of 2 answers was a refusal"))'
}

@test "a 401 that the recording had as well is what it was" {
  refused 401
  jq -c '.commands[0].exchange[0].reply.status = 401' failure >with && mv with failure
  replay
  assert_status 0
}

@test "a model without the check that failed proves nothing" {
  makers
  sed -i 's/check_good/check_other/; s/"good": {"every": "Done"}//' model.jq
  sed -i 's/len(run) > 2/False/' rule
  replay
  assert_status 2
  assert_that 'result | .result == "error" and .reason == "the model that judged has no check good"'
}

@test "an executor that does not judge by what failed proves nothing" {
  makers
  executor+=(--checks off --conform)
  sed -i 's/len(run) > 2/False/' rule
  replay
  assert_status 2
  assert_that 'result.reason | contains("fails nothing by its checks")'
  jq -c '.failure = {class: "assertion", kind: "prediction_mismatch", name: "Use", message: "m", id: "c3"}' failure >other && mv other failure
  executor=("${executor[@]:0:${#executor[@]}-3}")
  replay
  assert_status 2
  assert_that 'result.reason | contains("--conform")'
}

# --- States from the file alone ---

@test "--states makes the recorded states again, with no system" {
  bank_failure 6
  stop_servers
  servers=()
  run -0 --separate-stderr pd-replay "${bank[@]}" --states --format json failure
  "$helper_folder/validate-records" <<<"$output"
  assert_that '(steps | length) == 6 and (result | .result == "states_agree" and .commands == 6)'
  assert_that 'of("failure")[0] as $failure | (steps | last.state) == $failure.state and (steps | .[-2].state) == $failure.state_before'
  assert_that 'steps | last.checks[0].pass == false'
  run -0 pd-replay "${bank[@]}" --states --to c11 failure
  assert_output_has 'the states are those that were recorded'
  [[ $(grep -cE '^    c[0-9]+ ' <<<"$output") == 2 ]]
}

@test "--states folds what a command injected before the command" {
  makers
  jq -c '.events |= (.[0].source = "injected") | .state_before = {made: [.events[0].event.made], bad: false}' failure >changed
  run --separate-stderr pd-replay -m model.jq --states --format json changed
  assert_that '(steps | map(.id)) == ["c1", "c2", "c3"] and (steps[0].events | map(.source)) == ["injected"]'
  assert_that 'result.result == "states_agree"'
}

@test "--states tells projections that are not pure by folding twice" {
  makers
  sed -i 's/def on_Done($e): /&.at = now | /' model.jq
  "${executor[@]}" --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  run -1 pd-replay -m model.jq --states --format json failure
  "$helper_folder/validate-records" <<<"$output"
  assert_that 'result | .result == "states_differ" and (.reason | contains("not pure")) and .model_changed == false
    and .differences[0].of == "fold" and .differences[0].id == "c1" and .differences[0].changes[0].path == ".at"'
  run -1 pd-replay -m model.jq --states failure
  assert_output_has 'the projections are not pure'
}

@test "--states says that the model has changed, by its sha256" {
  makers
  sed -i 's/.bad = $e.bad/& | .more = 1/' model.jq
  run -1 pd-replay -m model.jq --states --format json failure
  assert_that 'result | .model_changed and (.reason | contains("the model has changed")) and (.differences | map(.of)) == ["state_before", "state"]
    and .differences[1].changes == [{path: ".more", after: 1}]'
}

@test "--states sees a state that was edited in a file sealed again" {
  makers
  jq -c '.state.bad = false' failure >edited
  jq -c --arg hash "$(reseal edited)" '.sha256 = $hash' edited >edited.pd.json
  run -1 --separate-stderr pd-replay -m model.jq --states --format json edited.pd.json
  [[ ! $stderr ]]
  assert_that 'result | .model_changed == false and (.reason | contains("or the file was edited"))
    and .differences == [{of: "state", changes: [{path: ".bad", before: false, after: true}]}]'
}

@test "--states of a failure that holds no state proves nothing" {
  makers
  jq -c 'del(.state, .state_before)' failure >bare
  run -2 pd-replay -m model.jq --states --format json bare
  assert_that 'result | .result == "error" and (.reason | contains("holds no state"))'
}

@test "--states of records without their secrets proves nothing, and does not blame the model" {
  makers
  "${executor[@]}" --redact made --report plans >recorded || [[ $? == 1 ]]
  grep '^{"type":"failure"' recorded >failure
  run -2 pd-replay -m model.jq --states --format json failure
  assert_that 'result | .result == "error" and (.reason | contains("as secrets"))'
}

@test "--states with a model that fails is told with its place" {
  makers
  sed -i 's/def on_Done($e): /&.made.x | /' model.jq
  run -2 --separate-stderr pd-replay -m model.jq --states --format json failure
  assert_stderr_has "model.jq"
  assert_that 'result.result == "error" and all(steps[]; has("state") | not)'
}
