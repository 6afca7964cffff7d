#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Conditions over time: eventually_NAME, what is polled for them, and the checks that come after.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2094 # a file is written, then read
# shellcheck disable=SC2016 # programs for jq are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  write_jobs 1000
}

teardown() {
  pd_teardown
}

# write_jobs TIMEOUT_MS: a model of t/lib/servers/jobs.py in which jobs must be done within this time.
write_jobs() {
  cat >jobs.jq <<END
module {"name": "jobs",
  "eventually": {"done": {"after": "Made", "timeout_ms": $1, "interval_ms": 50}},
  "triggers": {"all_done": {"at": "settled"}, "never_back": {"every": "Seen"}}};
include "pd";
def init: {jobs: {}};
def commands: {Make: {args: {takes_ms: int(1; 400)}}, Look: {read_only: true, args: {job: oneof(.jobs | keys)}}};
def simulate_Make(\$c): {type: "Made", job: external};
def simulate_Look(\$c): {type: "Seen", job: \$c.job, state: .jobs[\$c.job]};
def on_Made(\$e): .jobs[\$e.job] = "queued";
def on_Seen(\$e): .before = .jobs[\$e.job] | .jobs[\$e.job] = \$e.state;
def poll_done(\$e): {type: "Look", job: \$e.job};
def eventually_done(\$e): .jobs[\$e.job] == "done" // fail("it is \(.jobs[\$e.job])"; {job: \$e.job});
def check_all_done(\$x): all(.jobs[]; . == "done") // fail("not all are done"; .jobs);
def check_never_back(\$e): .before != "done" or \$e.state == "done";
END
  cat >adapter.jq <<'END'
include "pd";
def request_Make: {method: "POST", path: "/jobs", json: {takes_ms}};
def events_Make($c): .body | {type: "Made", job};
def request_Look: {path: "/jobs/\(.job)"};
def events_Look($c): if .status == 200 then .body | {type: "Seen", job, state} else unexpected("no job") end;
END
  jobs=(-m jobs.jq -a adapter.jq)
}

@test "a condition is polled until it is true the first time, and the checks at settled come after that" {
  start_python jobs.py
  plan '{"type":"Make","takes_ms":300}' >plan
  run -0 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'of("event") | .[0].event.type == "Made" and (.[1:] | length >= 3 and length <= 8 and all(.source == "poll" and .id == "c1"))'
  assert_that 'of("event") | map(.event.state) | .[-1] == "done" and (.[:-1] | index("done") == null)'
  assert_that 'ends[0] | .status == "pass" and .fired.all_done == 1 and .conditions == {done: {opened: 1, met: 1}}'
  assert_that 'ends[0].duration_us | . > 300000 and . < 900000'
}

@test "a condition that does not come true in time fails the run as poll_timeout, of the command that opened it" {
  write_jobs 200
  start_python jobs.py
  plan '{"type":"Make","takes_ms":1}' '{"type":"Make","takes_ms":60000}' '{"type":"Make","takes_ms":1}' >plan
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'failures[0] | .class == "assertion" and .kind == "poll_timeout" and .name == "done" and .id == "c2" and
    .data == {after: {type: "Made", job: "job_2"}, timeout_ms: 200, last: {job: "job_2"}} and
    (.message | test("done did not come true within 0.2 s of Made: it is queued"))'
  # It comes before the checks at settled.
  assert_that 'ends[0] | .fired.all_done == 0 and .conditions.done == {opened: 3, met: 2}'
  printf '%s\n' "$output" >recorded
  run -1 --separate-stderr pd-check -m jobs.jq recorded
  assert_that 'ends[0] | has("recorded") | not'
  assert_that 'failures[0] | .kind == "poll_timeout" and .id == "c2"'
}

@test "when the time is up no further command is sent" {
  write_jobs 150
  start_python jobs.py
  local looks
  mapfile -t looks < <(for _ in $(seq 500); do echo '{"type":"Look","job":"@c1.job"}'; done)
  plan '{"type":"Make","takes_ms":60000}' "${looks[@]}" >plan
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'failures[0] | .kind == "poll_timeout" and .id == "c1"'
  jq -c '.prefix |= map(if .id != "c1" then .command = {type: "Make", takes_ms: 1} else . end)' plan >makes
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" makes
  assert_that 'failures[0] | .kind == "poll_timeout" and .id == "c1"'
}

@test "a failing check at settled is found after a condition came true, and teardown comes after it" {
  start_python jobs.py
  sed -i 's/^def check_all_done.*/def check_all_done($x): .torn == null and false;/' jobs.jq
  echo 'def on_Look($c): .torn = true;' >>jobs.jq
  plan '{"type":"Make","takes_ms":100}' | jq -c '.teardown = [{id: "t1", command: {type: "Look", job: "@c1.job"}}]' >plan
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'failures[0] | .kind == "check_failed" and .name == "all_done"'
  assert_that 'ends[0].conditions.done == {opened: 1, met: 1} and (of("command") | map(.id) == ["c1", "t1"])'
}

@test "conditions obey --checks" {
  write_jobs 100
  start_python jobs.py
  plan '{"type":"Make","takes_ms":60000}' '{"type":"Make","takes_ms":60000}' >plan
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" --checks record plan
  assert_that 'ends[0] | [.failure, .other_failures[]] | map([.kind, .name, .id]) ==
    [["poll_timeout", "done", "c1"], ["poll_timeout", "done", "c2"], ["check_failed", "all_done", null]]'
  run -0 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" --checks log plan
  assert_stderr_has "run 1, command c1: check done failed: done did not come true within 0.1 s of Made"
  run -0 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" --checks off --allow-vacuous plan
  assert_that 'ends[0] | .conditions.done.opened == 0 and .duration_us < 100000'
}

@test "a poll that the adapter does not expect fails the run; one that asks to try again is not there yet" {
  start_python jobs.py
  plan '{"type":"Make","takes_ms":200}' >plan
  sed -i 's|^def poll_done.*|def poll_done($e): {type: "Look", job: "job_99"};|' jobs.jq
  run -2 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'failures[0] | .kind == "unexpected_reply" and .name == "Look" and .id == "c1"'
  sed -i 's|^def events_Look.*|def events_Look($c): if .body.state == "done" then {type: "Seen", job: .body.job, state: "done"} else retry("not yet") end;|' adapter.jq
  sed -i 's|"job_99"|$e.job|' jobs.jq
  run -0 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'events | map(.type) == ["Made", "Seen"]'
}

@test "conditions hold for branches, too, and are judged the same from the records" {
  start_python jobs.py
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64),
    prefix: [{id: "c1", command: {type: "Make", takes_ms: 100}}], suffix: [],
    branches: [range(2; 5) | [{id: "c\(.)", command: {type: "Make", takes_ms: (. * 80)}}]]}' >plan
  run -0 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  assert_that 'ends[0].conditions.done == {opened: 4, met: 4}'
  printf '%s\n' "$output" >recorded
  run -0 --separate-stderr pd-check -m jobs.jq recorded
  assert_that 'ends[0] | .conditions.done == {opened: 4, met: 4} and (has("recorded") | not)'
  sed -i 's/80/30000/; s/"takes_ms":90000/"takes_ms":100/' plan
  write_jobs 300
  jq -c '.branches[1][0].command.takes_ms = 60000' plan >never
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" never
  assert_that 'failures[0] | .kind == "poll_timeout" and .id == "c3" and .branch == 1'
  printf '%s\n' "$output" >recorded
  run -1 --separate-stderr pd-check -m jobs.jq recorded
  assert_that 'failures[0] | .kind == "poll_timeout" and .id == "c3" and .branch == 1'
}

@test "a stream of events alone is judged by the times in it, as far as it goes" {
  write_jobs 1000
  # job_1 is done in time, job_2 late, job_3 when the stream ends before its time is up.
  jq -nc '[["Made", 1, 0], ["Seen", 1, 900000], ["Made", 2, 1000000], ["Seen", 2, 2100000], ["Made", 3, 2200000]]
    | to_entries[] | .value as [$type, $job, $at] | {type: "event", run: 1, source: "production",
      event: {type: $type, job: "job_\($job)", state: "done"}, at_us: $at, n: (.key + 1)}' >events
  run -1 --separate-stderr pd-check -m jobs.jq --checks record events
  assert_that 'ends[0] | .conditions.done == {opened: 3, met: 1} and .failure.kind == "poll_timeout" and
    .failure.data.after.job == "job_2"'
  head -n 2 events >good
  run -0 --separate-stderr pd-check -m jobs.jq good
}

@test "what fails in time only is shrunk to the command that opened it" {
  write_jobs 100
  start_python jobs.py
  plan '{"type":"Make","takes_ms":5}' '{"type":"Make","takes_ms":7}' '{"type":"Look","job":"@c1.job"}' \
    '{"type":"Make","takes_ms":399}' '{"type":"Look","job":"@c2.job"}' >plan
  run -1 --separate-stderr pd-exec "${jobs[@]}" -u "$SERVER_URL" plan
  printf '%s\n' "$output" >failed
  run -1 --separate-stderr pd-shrink -m jobs.jq failed -- pd-exec "${jobs[@]}" -u "$SERVER_URL"
  assert_that 'of("failure")[0] | .failure.kind == "poll_timeout" and (.shrunk.prefix | map(.command.type) == ["Make"]) and
    (.shrunk.prefix[0].command.takes_ms | . > 40 and . < 250)'
  run -1 pd-report <<<"$output"
  assert_output_has "condition done did not come true in time"
}

@test "mistakes in what the metadata say of a condition are told" {
  local metadata message
  while IFS='|' read -r metadata message; do
    printf 'module {"eventually": %s};\ndef init: {};\ndef eventually_done($e): true;\n' "$metadata" >bad.jq
    run -1 --separate-stderr pd-model validate -m bad.jq
    [[ $output$stderr == *"bad.jq:1: $message"* || $output$stderr == *"bad.jq:1: error: $message"* ]] || fail "$metadata: $output$stderr"
  done <<'END'
{}|nothing says after what eventually_done must come true
[]|eventually must be an object of conditions
{"done": {}}|condition 'done': "after" is "command", "event", a name or a list of names
{"done": {"after": "X", "timeout": 5}}|condition 'done': unknown key 'timeout'
{"done": {"after": "X", "timeout_ms": 0}}|condition 'done': timeout_ms must be a number of milliseconds above 0
{"done": {"after": "X"}, "gone": {"after": "X"}}|the metadata have a condition 'gone', but there is no eventually_gone
END
}
