# SPDX-License-Identifier: MIT
# What the suites of pd-explain have in common, beside helper.bash and shrink.bash.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154

# explain [OPTION…]: failing.ndjson to out, what the executor got to executed; sets status.
explain() {
  rm -f executed log
  run --separate-stderr timeout 60 pd-explain -m model.jq "$@" failing.ndjson -- tee_to_executor
  printf '%s\n' "$output" >out
  output=''
}

# explain_plan COMMAND…: a run of these commands that fails, as it is, explained whole.
explain_plan() {
  plan "$@" >plans
  "${executor[@]}" --report plans >failing.ndjson 2>exec.err || :
  grep -q '"type":"failure"' failing.ndjson || fail "nothing failed" "$(<exec.err)"
  write_executor "${executor[@]}"
  explain
  [[ $status == 0 && ! $stderr ]] || fail "status $status" "$stderr"
  assert_json '.[-1] | .type == "end" and .status == 0' out
  assert_consistent_explanation
}

# No variation is executed twice; the sequence itself is, first and last; the figures are those of what
# the executor got, and every command has a role.
assert_consistent_explanation() {
  jq -es 'map(.plan) | .[1:] | length == (unique | length)' executed >/dev/null ||
    fail "executed twice: $(jq -r .plan executed | sort | uniq -d)"
  jq -es --slurpfile executed executed 'map(select(.type == "explanation")) | length == 1 and (.[0]
    | (.plan == $executed[0].plan) and .executions == ($executed | length)
      and (.variations | .fails + .passes + .fails_differently) <= .executions
      and (.variations.passes == 0 or .stopped != "complete" or $executed[-1].plan == .plan)
      and (.stopped != "complete" or (has("skipped") | not))
      and all(.commands[]; .role != "unknown" or has("without") == false))' out >/dev/null ||
    fail "inconsistent" "$(jq -c 'select(.type == "explanation")' out)" "executed: $(wc -l <executed)"
}

# roles: "c1 dependency, c2 trigger".
roles() { jq -r 'select(.type == "explanation") | .commands | map("\(.id) \(.role)") | join(", ")' out; }
assert_roles() { [[ $(roles) == "$1" ]] || fail "roles: $(roles)" "not: $1"; }

# isolated: the trigger and the others, "c2 .amount 4 3", a line each.
isolated() {
  jq -r 'select(.type == "explanation") | .trigger // empty | ., .others[]
    | "\(.id) \(.argument) \(.value | tojson) \(.passes_with | tojson)"' out
}
assert_isolated() {
  diff <((($# == 0)) || printf '%s\n' "$@") <(isolated) || fail "isolated:" "$(isolated)" "not:" "$@"
}
