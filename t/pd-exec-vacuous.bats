#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec is never green for nothing: where nothing was tested it exits 2 and says which promise was empty.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # jq in quotes; output belongs to each test

load lib/helper
load lib/exec

setup() {
  pd_setup
  examples=$PD_ROOT/share/pd/examples
}

teardown() {
  pd_teardown
}

# is_empty PROBLEM ARGS…: exits 2 with this problem, on stderr and in the end record; --allow-vacuous accepts it.
is_empty() {
  run -2 --separate-stderr pd-exec "${@:2}"
  assert_stderr_has "$1"
  jq -es --arg problem "$1" 'last | .type == "end" and .status == 2 and (.problems | any(contains($problem)))' <<<"$output" >/dev/null ||
    fail "the end record lacks: $1" "$output"
  run -0 --separate-stderr pd-exec "${@:2}" --allow-vacuous
  [[ -z $stderr ]]
}

# all_answered STATUS: every answer has this status, and the adapter makes events of them.
all_answered() {
  start_python faulty.py --mode "status:$1"
  { plan_run 1 '{"type":"Send","request":{"path":"/a"}}' '{"type":"Send","request":{"path":"/b"}}' &&
    plan_run 2 '{"type":"Send","request":{"path":"/c"}}'; } >input
  is_empty "every one of 3 answers was $2" "${direct[@]}" -u "$SERVER_URL" input
}

@test "a dead token, all 401, tests nothing" { all_answered 401 "401: the credentials"; }
@test "missing rights, all 403, test nothing" { all_answered 403 "403: the credentials"; }
@test "a wrong base path, all 404, tests nothing" { all_answered 404 "404: is the base URL right?"; }
@test "a throttled client, all 429, tests nothing" { all_answered 429 "429: the system throttles"; }
@test "a system that cannot serve, all 5xx, tests nothing" { all_answered 503 "a 5xx"; }

@test "one answer that is no refusal is enough" {
  start_python faulty.py --mode health-later:1
  send '{"path":"/health"}' '{"path":"/x"}' >input
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" input
  assert_that 'ends[0].answers == {total: 2, refused: {"5xx": 1}}'
}

@test "an adapter that yields no events tests nothing" {
  printf 'def request: .request;\ndef events($c): empty;\n' >adapter.jq
  printf 'def init: {};\ndef check_fine($x): true;\n' >model.jq
  send '{"argv":["true"]}' >input
  is_empty "the adapter produced no event from 1 answers" -m model.jq -a adapter.jq input
}

@test "checks that never fire test nothing" {
  sed 's/"every": "Got"/"every": "Else"/' "$models/direct.jq" >model.jq
  send '{"argv":["true"]}' >input
  is_empty "none of the model's 1 checks was ever triggered" -m model.jq -a "$models/direct-adapter.jq" input
}

@test "one check that never fires is minded with --strict" {
  { sed 's/"triggers": {/&"other": {"every": "Else"}, /' "$models/direct.jq" && echo 'def check_other($e): true;'; } >model.jq
  send '{"argv":["true"]}' >input
  run -0 --separate-stderr pd-exec -m model.jq -a "$models/direct-adapter.jq" input
  assert_that 'the_end.fired == {answered: 1, other: 0}'
  is_empty "check other was never triggered" -m model.jq -a "$models/direct-adapter.jq" --strict input
}

@test "an empty input and an input without sequences test nothing" {
  : >empty
  echo '{"type":"note"}' >note
  allow_unknown=(note)
  is_empty "no sequence was executed: the input had none" "${direct[@]}" empty
  is_empty "no sequence was executed: the input had none" "${direct[@]}" note
}

@test "zero runs test nothing" {
  cat >input <<END
{"type":"stream","version":1,"producer":"pd-gen 0.1.0","model":{"name":"direct","path":"direct.jq","sha256":"$(printf '0%.0s' {1..64})"},"seed":1,"options":{},"pipeline":[["pd-gen"]]}
{"type":"end","status":0,"counts":{}}
END
  is_empty "no sequence was executed" "${direct[@]}" input
}

@test "sequences without commands test nothing" {
  plan >input
  is_empty "no command was answered" "${direct[@]}" input
}

@test "a model without checks and without --conform tests nothing" {
  grep -v '^def check' "$models/direct.jq" | sed 's/"triggers": {[^}]*}}/"triggers": {}/' >model.jq
  send '{"argv":["true"]}' >input
  is_empty "nothing was checked: the model has no check, and --conform was not given" -m model.jq -a "$models/direct-adapter.jq" input
  run -0 --separate-stderr pd-exec -m model.jq -a "$models/direct-adapter.jq" --conform input
}

@test "--conform with a model that predicts nothing tests nothing" {
  grep -v '^def simulate' "$models/direct.jq" >model.jq
  send '{"argv":["true"]}' >input
  is_empty "--conform compared nothing" -m model.jq -a "$models/direct-adapter.jq" --conform input
}

@test "checks that are off test nothing" {
  send '{"argv":["true"]}' >input
  is_empty "nothing was checked: the checks are off" "${direct[@]}" --checks off input
}

@test "a system that never gets healthy is an error that no option accepts" {
  { echo 'def health: {path: "/health"};' && sed 1,2d "$models/direct-adapter.jq"; } >body
  { echo 'include "pd";' && grep -v '^include' body; } >adapter.jq
  start_python faulty.py --mode status:503
  send '{"path":"/"}' >input
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" --health-timeout 300ms --allow-vacuous input
  assert_stderr_has 'the system did not become healthy within 0.3 s: failed: 503 {"error":"status 503"}'
  assert_that 'the_end | .status == 2 and .counts.runs == 0 and (.problems[0] | test("healthy"))'
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "http://127.0.0.1:$(free_port)" --health-timeout 200ms input
  assert_stderr_has "is the system running at"
}

@test "a stream that was cut off is worked through and then refused" {
  pd-gen -m "$examples/counter.jq" -n 3 -s 1 --max-commands 5 | head -n 3 >input
  start_counter
  counter=(-m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL")
  run -2 --separate-stderr pd-exec "${counter[@]}" input
  assert_stderr_has "the input was cut off: it has a stream header but no end record"
  assert_that 'the_end | .counts.runs == 2 and .counts.passed == 2 and .status == 2'
}

@test "problems of the program before are kept" {
  { send '{"argv":["true"]}' && echo '{"type":"end","status":2,"counts":{"rejected":3},"problems":["upstream broke"]}'; } >input
  run -2 --separate-stderr pd-exec "${direct[@]}" input
  assert_that 'the_end | .problems == ["upstream broke"] and .counts.rejected == 3'
}

@test "a failure is told before emptiness" {
  sed 's/reply != null/reply == null/' "$models/direct.jq" >model.jq
  start_python faulty.py --mode status:404
  send '{"path":"/"}' >input
  run -1 --separate-stderr pd-exec -m model.jq -a "$models/direct-adapter.jq" -u "$SERVER_URL" input
  assert_that 'the_end | .status == 1 and (.problems[0] | test("404"))'
}

@test "fifty healthy runs of the counter raise no alarm" {
  start_counter
  pd-gen -m "$examples/counter.jq" -n 50 -s 3 >input
  run -0 --separate-stderr pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL" --conform input
  [[ -z $stderr ]]
  assert_that 'the_end.counts.passed == 50 and (the_end | has("problems") | not)'
}

@test "fifty healthy runs of the bank raise no alarm" {
  start_toybank
  pd-gen -m "$examples/toybank.jq" -n 50 -s 3 >input
  run -0 --separate-stderr pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --conform input
  [[ -z $stderr ]]
  assert_that 'the_end.counts.passed == 50 and (the_end | has("problems") | not)'
}
