# SPDX-License-Identifier: MIT
# What the suites of pd-verify have in common, beside helper.bash and shrink.bash.
# shellcheck shell=bash disable=SC2034,SC2154

# Two kinds of commands with a number each, and a bug that needs one of both.
two() {
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, C: {weight: 4, args: {n: int(0; 99)}}}'
  rule "$bug"
}
bug='c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run)'

# kept [SEED [COMMAND…]]: kept.pd.json, the failure of that plan, shrunk.
kept() {
  fail_with "${1-1}" "${@:2}"
  pd-shrink -m model.jq failing.ndjson -- "${executor[@]}" >shrunk.ndjson || :
  jq -c 'select(.type == "failure")' shrunk.ndjson >kept.pd.json
  jq -e .shrunk kept.pd.json >/dev/null
}

# verify [OPTION…]: kept.pd.json to out; sets status and stderr.
verify() {
  run --separate-stderr timeout 60 pd-verify -m model.jq "$@" kept.pd.json -- "${executor[@]}"
  printf '%s\n' "$output" >out
  output=''
}

# assert_fix STATUS [FILTER]: the one verification in out has this status, and the filter holds.
assert_fix() {
  assert_json "map(select(.type == \"verification\")) | length == 1 and (.[0] | .status == \"$1\" and (${2-true}))" out
}

# assert_undecided REASON: exit status 2, told on standard error and in the records.
assert_undecided() {
  assert_status 2
  assert_stderr_has "$1"
  assert_fix undecided "(.reason | contains($(jq -n --arg text "$1" '$text'))) and (has(\"confidence\") | not)"
  assert_json 'last | .status == 2 and (.problems | length == 1)' out
}
