#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# liveness.jq and statistics.jq in models of a service that is slow or gets stuck, live and from its records.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper
load lib/exec
load lib/listen

setup() {
  pd_setup
  # A service that takes jobs, finishes them when it is asked about, and answers in the time that it is told to.
  cat >service.jq <<'END'
def init: {jobs: 0, asked: {}};
def number: .path | split("/") | last | tonumber;
def on_request($request):
  if $request.method == "POST" then .jobs += 1 else .asked["\($request | number)"] += 1 end;
def respond($request):
  ($ENV.SLOW // "0" | tonumber) as $slow
  | if $request.method == "POST" then {status: 201, json: {job: .jobs}, delay_ms: (if .jobs % 4 == 0 then $slow else 0 end)}
    else ($request | number) as $job
      | {json: {job: $job, done: (($ENV.STUCK == null or $job % 3 != 0) and .asked["\($job)"] >= 2)}} end;
END
  cat >adapter.jq <<'END'
include "pd";
def request_Start: {method: "POST", path: "/jobs", json: {}};
def events_Start($c): {type: "Started", job: .body.job, ok: (.status == 201), latency_us, at_us};
def request_Look: {path: "/jobs/\(.job)"};
def request_Wait: {argv: ["sleep", "1.2"]};
def events_Wait($c): {type: "Waited", at_us};
def events_Look($c): {type: (if .body.done then "Done" else "Seen" end), job: $c.job, at_us};
END
  cat >model.jq <<'END'
module {"name": "jobs", "triggers": {"fast": {"every": "Started"}, "progress": {"every": 3}, "all_done": {"at": "settled"}}};
include "pd";
include "liveness";
include "statistics";
def init: {jobs: [], liveness: pending_operations, answers: samples(20)};
def commands: {Start: {weight: 2}, Look: {weight: 3, args: {job: oneof(.jobs)}}};
def simulate_Start($c): {type: "Started", job: external};
def simulate_Look($c): {type: "Seen", job: $c.job};
def legal_Look($c; $events): true;
def legal_Start($c; $events): true;
def apply($x):
  .liveness |= operation($x; {Started: ["Done"]}; .job; .at_us)
  | if $x.type == "Started" then .jobs += [$x.job] | .answers |= sample($x.latency_us; $x.ok; $x.at_us) else . end;
def check_fast($e): .answers | metrics | holds([["p95", "<", 60000], ["error_rate", "==", 0]]; 4);
def check_progress($x): .liveness | progress(1000000);
def check_all_done($x): if $ENV.STRICT then .liveness | nothing_pending else true end;
END
}

teardown() {
  pd_teardown
}

# One run that starts six jobs, looks at each three times, and at some again after more than a second.
jobs() {
  jq -nc '[range(6) | {type: "Start"}] + [range(3) as $n | range(1; 7) | {type: "Look", job: "@c\(.).job"}]
    + [{type: "Wait"}] + [range(1; 4) | {type: "Look", job: "@c\(.).job"}]
    | to_entries | map({id: "c\(.key + 1)", command: .value})
    | {type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: ., suffix: []}'
}
ask() { pd-exec -m model.jq -a adapter.jq -u "$LISTEN_URL" "$@"; }

# judged_the_same: by pd-check, from the records that pd-exec wrote.
judged_the_same() {
  printf '%s\n' "$output" >recorded
  pd-check -m model.jq recorded >checked || [[ $? == 1 ]]
  assert_that 'ends | all(has("recorded") | not)' checked
  diff <(jq -c 'select(.type == "run_end") | [.status, .failure.name, .failure.message]' recorded) \
    <(jq -c 'select(.type == "run_end") | [.status, .failure.name, .failure.message]' checked)
}

@test "a service that is slow too often is caught by its percentile, live and from the records" {
  SLOW=150 listen -r service.jq
  jobs >plan
  run -1 --separate-stderr ask plan
  assert_that 'failures[0] | .name == "fast" and (.message | test("^p95 is 1[0-9]{5}.* over the last 4, promised is < 60000$")) and .data.metrics.count == 4'
  judged_the_same
  end_listen 0
}

@test "a job that never completes is caught by its age, or at the end, live and from the records" {
  STUCK=yes listen -r service.jq
  jobs >plan
  run -1 --separate-stderr ask plan
  assert_that 'failures[0] | .name == "progress" and (.message | test("^Started of 3 has been pending for 1[0-9]{3} ms, allowed are 1000; so have 1 others$")) and
    (.data.stuck | map(.key) == ["3", "6"])'
  judged_the_same
  end_listen 0
  # Without the wait nobody has waited too long, but the end tells.
  STUCK=yes listen -r service.jq
  jq -c '.prefix |= .[:24]' plan >early
  export STRICT=yes
  run -1 --separate-stderr ask early
  assert_that 'failures[0] | .name == "all_done" and .message == "Started of 3 was never completed, nor were 1 others" and (.data.pending | map(.key) == ["3", "6"])'
  judged_the_same
  end_listen 0
}

@test "a service that is fast and completes what it begins passes" {
  listen -r service.jq
  jobs >plan
  STRICT=yes run -0 --separate-stderr ask plan
  assert_that 'ends[0] | .status == "pass" and .fired.fast == 6 and .fired.progress > 2'
  assert_that 'events | all(.at_us > 0)'
  STRICT=yes judged_the_same
  # In branches as well.
  pd-gen -m model.jq -n 10 -s 1 --branches --max-commands 12 >plans
  run -0 --separate-stderr ask plans
  judged_the_same
  end_listen 0
}

@test "replies of HTTP, programs and coprocesses tell their time, and payloads when they came" {
  listen -r service.jq
  cat >times.jq <<'END'
include "pd";
def request_Start: {argv: ["sleep", "0.05"]};
def events_Start($c): {type: "Started", latency_us, at_us};
END
  plan '{"type":"Start"}' '{"type":"Start"}' >plan
  cat >timed.jq <<'END'
module {"name": "timed"};
def init: {};
def commands: {Start: {}};
def apply($x): .;
def check_any($x): true;
def to_event($payload; $at_us): {type: "Told", $at_us, text: $payload.text};
END
  run -0 --separate-stderr pd-exec -m timed.jq -a times.jq --inject 'sleep 0.1; echo hello; sleep 9' plan
  assert_that '[events[] | select(.type == "Started")] | .[0].latency_us >= 50000 and .[1].at_us - .[0].at_us >= 50000'
  assert_that 'of("event")[] | select(.source == "injector") | .at_us == .event.at_us and .event.text == "hello"'
  cat >coprocess <<'END'
while read -r line; do
  jq -c '{id, events: [{type: "Started", at_us}]}' <<<"$line"
done
END
  run -0 --separate-stderr pd-exec -m timed.jq -A 'bash coprocess' plan
  assert_that 'of("command") | map(.exchange[0]) | all(.request.at_us == .at_us and .reply.latency_us > 0 and .reply.at_us > .at_us)'
  assert_that 'events | map(.at_us) | .[0] >= 0 and .[1] > .[0]'
}

@test "both modules by themselves" {
  local include=$PD_ROOT/share/pd/jq
  jq -ne -L "$include" 'include "liveness";
    reduce ({type: "A", k: 1, at: 100}, {type: "B", k: 2, at: 200}, {type: "X"}, {type: "A2", k: 1, at: 900}, {type: "A2", k: 1, at: 950}) as $x
      (pending_operations; operation($x; {A: ["A2"], B: ["B2", "B3"]}; .k; .at))
    | .completed == 1 and pending_count == 1 and (longest_pending | .key == "2" and .waited_us == 750) and progress(750)
      and (progress(749) | .["$fail"] | test("B of 2 has been pending")) and (progress_by_steps(3)) and (progress_by_steps(2) != true)
      and (pending_longer_than(1) | length == 1) and (pending_for_steps(3) == []) and (nothing_pending | .data.pending | length == 1)'
  jq -ne -L "$include" 'include "statistics";
    (reduce range(1; 101) as $n (samples(100); sample($n; $n % 10 != 0; $n * 1000)) | metrics) as $m
    | $m.p50 == 50 and $m.p95 == 95 and $m.p99 == 99 and $m.max == 100 and $m.min == 1 and $m.mean == 50.5 and $m.error_rate == 0.1
      and $m.success_rate == 0.9 and $m.throughput == 1000
      and ($m | holds([["p95", "<=", 95]]; 1)) and ($m | holds([["p95", "<", 1]]; 101)) and ($m | holds([["p95", "<", 95]]; 1) | has("$fail"))
      and ($m | holds([["p96", "<", 95]]; 1) | .["$fail"] | test("no metric p96"))
      and (samples(2) | sample(1; true; null) | sample(2; true; null) | sample(3; false; null) | metrics | .count == 2 and .total == 3 and .p50 == 2 and .throughput == null)'
}
