#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# toybank without a bug: nothing may be reported.

load lib/helper
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# assert_healthy RUNS [OPTION of pd-exec…]: so many runs pass the whole pipeline. Past the capture: that many
# records take longer to validate than to make.
assert_healthy() {
  local exec=("$PD_BIN/pd-exec" "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}")
  "$PD_BIN/pd-gen" "${bank[@]}" "${drawn[@]}" -n "$1" -s 1 | "${exec[@]}" 2>err.exec | "$PD_BIN/pd-shrink" "${bank[@]}" -- "${exec[@]}" 2>err.shrink >out
  [[ ! -s err.exec && ! -s err.shrink ]] || fail "$(cat err.*)"
  run -0 --separate-stderr pd-report out
  grep '"type":"end"' out | tail -n 1 >end
  assert_json ".[0] | .status == 0 and .counts.runs == $1 and .counts.passed == $1 and (has(\"problems\") | not)" end
  [[ $(grep -c '"type":"failure"' out) == 0 ]]
}

@test "runs pass and nothing is reported" {
  set -o pipefail
  start_toybank
  assert_healthy 200
}

@test "1000 runs pass when predictions must be met, too" {
  set -o pipefail
  start_toybank
  assert_healthy 1000 --conform
}

@test "ids that are large integers raise no alarm either" {
  set -o pipefail
  start_toybank --numeric-ids
  assert_healthy 200 --conform
}

@test "500 runs with branches pass, with delays as well" {
  set -o pipefail
  drawn=(--branch-probability 0.5 --min-commands 20)
  start_toybank
  assert_healthy 500
  assert_json 'map(select(.type == "run_start" and (.sequence.branches | length > 1))) | length == 500' out
  assert_healthy 100 --jitter 1ms
}
