# SPDX-License-Identifier: MIT
# What the suites of pd-shrink have in common, beside helper.bash: models of a few lines, and a system
# whose bug is a rule in Python (data/adapters/judge.py).
# shellcheck shell=bash disable=SC2034,SC2120,SC2154

judge=$BATS_TEST_DIRNAME/data/adapters/judge.py

# model COMMANDS [DEFINITIONS]: write model.jq with these commands, a jq object. Every command predicts a
# good end; one of type Make… predicts an id, too, and the state has the ids.
model() {
  cat >model.jq <<END
module {"name": "rule", "triggers": {"good": {"every": "Done"}}};
include "pd";
def init: {made: [], bad: false};
def commands: $1;
def simulate(\$c): {type: "Done", bad: false} + if \$c.type | startswith("Make") then {made: external} else {} end;
def on_Done(\$e): .bad = \$e.bad | if \$e.made then .made += [\$e.made] else . end;
def check_good(\$e): .bad | not;
${2-}
END
}

# rule EXPRESSION: what is bad.
rule() {
  printf '%s\n' "$1" >rule
  executor=(pd-exec -m model.jq -A "python3 $judge rule log")
}

# fail_with SEED [COMMAND…]: failing.ndjson, a stream with a first run that fails: one of those that pd-gen
# makes of the seed, or a plan of these commands.
fail_with() {
  if (($# > 1)); then plan "${@:2}" >plans; else pd-gen -m model.jq -n 300 -s "$1" >plans; fi
  "${executor[@]}" --stop-on-failure plans >failing.ndjson 2>exec.err || :
  jq -es 'any(.[]; .type == "run_end" and .failure)' failing.ndjson >/dev/null || fail "nothing failed" "$(<exec.err)"
}

# plan COMMAND…: one run of these commands, JSON objects.
plan() {
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64),
    prefix: [$ARGS.positional | to_entries[] | {id: "c\(.key + 1)", command: .value}], suffix: []}' \
    --jsonargs "$@"
}

# shrink [OPTION…]: failing.ndjson to out, what the executor got to executed; sets status.
shrink() {
  rm -f executed log
  run --separate-stderr timeout 60 pd-shrink -m model.jq "$@" failing.ndjson -- tee_to_executor
  printf '%s\n' "$output" >out
  output=''
}

# The command after --: notes every sequence, then is the executor.
write_executor() {
  {
    printf '#!/bin/sh\ntee -a executed | exec'
    printf ' %q' "$@"
    echo
  } >tee_to_executor
  chmod +x tee_to_executor
  PATH=$PATH:$PWD
}

# What the shrunk sequence is: its commands.
shrunk() { jq -c 'select(.type == "failure" and .shrunk) | [.shrunk.prefix[].command]' out; }

# hunt SEED [COMMAND…]: all of this, and what must be so of any shrinking.
hunt() {
  fail_with "$@"
  write_executor "${executor[@]}"
  shrink
  assert_status 1
  assert_json 'map(select(.type == "failure")) | length == 1 and .[0].reproduced and .[0].shrink.stopped == "minimal"' out
  assert_consistent
}

# Nothing is executed twice, and the figures are those of what the executor got.
assert_consistent() {
  jq -es 'map(.plan) | length == (unique | length)' executed >/dev/null || fail "executed twice: $(jq -r .plan executed | sort | uniq -d)"
  jq -es --slurpfile executed executed 'map(select(.type == "failure" and .shrink)) | last
    | .shrink.executions == ($executed | length)
      and .shrink.candidates >= .shrink.refused + .shrink.remembered
      and .shrink.slips <= .shrink.executions
      and .shrink.original_commands == (.original | .prefix + .suffix | length)
      and .shrink.shrunk_commands == (.shrunk | .prefix + .suffix | length)' out >/dev/null ||
    fail "inconsistent" "$(jq -c 'select(.type == "failure").shrink' out)" "executed: $(wc -l <executed)"
}

# assert_shrunk JSON…: one of these sequences it is.
assert_shrunk() {
  local found expected
  found=$(shrunk | jq -cS .)
  for expected; do [[ $found != "$(jq -cS . <<<"$expected")" ]] || return 0; done
  fail "shrunk to $found" "not to $*"
}

# assert_ends_by SIGNAL STATUS: the server ends soon, with this status, and the end record in out has it, too.
assert_ends_by() {
  local started=${EPOCHREALTIME//[.,]/}
  kill "-$1" "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  [[ $(((${EPOCHREALTIME//[.,]/} - started) / 1000)) -lt 2500 ]]
  assert_status "$2"
  assert_json ".[-1] | .type == \"end\" and .status == $2" out
}

# --- Predicates: runs that pd-gen drew, and minima that are known ---

# minimal RUNS MODEL RULE EXPECTED…: so many runs of 50 commands, each of a seed of its own, shrink to one of
# what is expected: a sequence, its ids counted from c1, or a condition of jq on it. The test may set
# definitions of the model, the trigger of its check, and options of pd-shrink before.
minimal() {
  model "$2" "${definitions-}"
  [[ ! ${trigger-} ]] || sed -i "1s/{\"every\": \"Done\"}/$trigger/" model.jq
  rule "($3)"
  fail_late "$1" || return
  shrink_all out || return
  tell_results
  expect_minimal "$1" "${@:4}"
}

# minimal_twice RUNS…: and once more it is all the same, but for how long it takes.
minimal_twice() {
  minimal "$@" || return
  shrink_all again || return
  cmp <(without_duration out) <(without_duration again)
}
without_duration() { jq -c 'select(.type == "failure") | .shrunk, (.shrink | del(.duration_us))' "$1"; }

# fail_late RUNS: failing.ndjson has those of 100 runs, or of as many as are drawn, that executed most
# commands until they failed.
fail_late() {
  local code=0
  "$PD_BIN/pd-gen" -m model.jq -n "${drawn-100}" --min-commands 50 -s 1 >plans || return
  "$PD_BIN/${executor[0]}" "${executor[@]:1}" plans >runs 2>exec.err || code=$?
  jq -nc --argjson runs "$1" '[inputs | select(.type == "run_end" and .failure.name == "good")]
    | sort_by(-.commands)[:$runs] | map({"\(.run)": .commands}) | add // {}' runs >chosen
  jq -e --argjson runs "$1" 'length == $runs' chosen >/dev/null ||
    fail "too few runs failed: $(<chosen)" "pd-exec ended with $code" "$(<exec.err)" || return
  jq -c --slurpfile chosen chosen 'select(.run and $chosen[0]["\(.run)"])' runs >failing.ndjson
}

# shrink_all OUT: each run of failing.ndjson.
shrink_all() {
  local code=0
  timeout 120 pd-shrink -m model.jq --all --max-runs 2000 --max-time 0 "${options[@]}" failing.ndjson -- \
    "$PD_BIN/${executor[0]}" "${executor[@]:1}" >"$1" 2>shrink.err || code=$?
  ((code == 1)) || fail "pd-shrink ended with $code" "$(<shrink.err)"
}

# One line for each failure in out, and what they took.
tell_results() {
  jq -c 'select(.type == "failure") | {run, stopped: .shrink.stopped, executions: .shrink.executions, shrunk: (.shrunk.prefix // []
    | with_entries({key: .value.id, value: "c\(.key + 1)"}) as $ids | map(.command | walk(
      if type == "string" and test("^@c[0-9]+[.]") then capture("^@(?<id>c[0-9]+)(?<rest>.*)") | "@\($ids[.id])\(.rest)" else . end)))}' out >results
  jq -nr --slurpfile chosen chosen '[inputs.executions] | sort
    | "# executions: median \(.[length / 2 | floor]), most \(last); commands that fail: \([$chosen[0][]] | sort | map(tostring) | join(", "))"
    ' results >&3
}

# expect_minimal RUNS EXPECTED…: of the results.
expect_minimal() {
  local condition=false expected
  for expected in "${@:2}"; do
    [[ $expected != '[{"'* ]] || expected=". == $expected"
    condition+=" or (.shrunk | $expected)"
  done
  jq -c "select((.stopped == \"minimal\" and .executions <= 2000 and ($condition)) | not)" results >wrong
  [[ ! -s wrong && $(wc -l <results) == "$1" ]] || fail "not minimal:" "$(<wrong)"
}
