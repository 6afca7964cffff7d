#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-check: the verdicts of pd-exec once more, other models, events that stand alone, what cannot be
# judged, trouble.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/exec
load lib/memory
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# record RUNS [OPTION of pd-exec…]: the bank's runs of up to 20 commands to recorded; branches if $branches.
record() {
  pd-gen "${bank[@]}" -n "$1" -s 1 --max-commands 20 ${branches-} |
    pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}" >recorded || true
}

# check [OPTION…]: recorded to out; sets status and stderr.
check() {
  run --separate-stderr pd-check "$@" recorded
  printf '%s\n' "$output" >out
  "$PD_ROOT/t/lib/validate-records" --stream out
}

# alone EVENT…: a record for each, all that it needs.
alone() { jq -nc '$ARGS.positional[] | {type: "event", event: .}' --jsonargs "$@"; }

# judge [OPTION…]: what stands alone, on standard input or in a file.
judge() {
  run --separate-stderr pd-check "$@"
  printf '%s\n' "$output" >out
}

# assert_agreement: all records but the header are those of pd-exec, in its order, byte for byte.
assert_agreement() {
  diff <(grep -v '^{"type":"stream"' recorded) <(grep -v '^{"type":"stream"' out) >differences ||
    fail "${1-}" "$(head -n 20 differences | cut -c 1-500)"
}

# agree RUNS [OPTION…]: pd-exec and pd-check agree on so many runs of the bank. Past the capture,
# since to validate all of it takes longer than the test.
agree() {
  "$PD_BIN/pd-exec" "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}" < <(head -n $(($1 + 1)) plans) >recorded || true
  pd-check "${bank[@]}" "${@:2}" recorded >out || true
  assert_agreement "$*"
  [[ $(grep -c '^{"type":"run_end"' out) == "$1" ]]
}

# --- The verdicts of pd-exec ---

@test "the same records as pd-exec for 300 runs of each of the bank's linear bugs" {
  pd-gen "${bank[@]}" -n 300 -s 1 --max-commands 20 >plans
  for bug in 1 2 3 4 5 6 7 8 12; do
    start_toybank --bugs "$bug"
    agree 300
    agree 30 --checks record --conform --trace
    grep -h '^{"type":"run_end"' out >>ends
  done
  [[ $(jq -r '.failure.name // empty' ends | sort -u | wc -l) -ge 4 ]]
}

@test "the same records for runs with branches, explained by an order or by none" {
  branches=--branches
  start_toybank --bugs 9,5
  for options in '' '--checks record' '--conform' '--trace'; do
    # shellcheck disable=SC2086 # several words
    record 30 $options && check "${bank[@]}" $options
    assert_agreement "$options"
  done
  record 30 --no-linearize --checks record --conform
  check "${bank[@]}" --checks record --conform
  assert_agreement 'no order'
  record 60
  assert_json 'map(select(.type == "run_end").failure.kind) | (index("linearization") and index("check_failed")) != null' recorded
}

@test "the same records where a command is not answered, and for hooks and teardown" {
  cat >model.jq <<'END'
include "pd";
def init: {n: 0};
def commands: {In: {}, Out: {}};
def on_Did($e): .n += 1;
def check_few($e): .n < 3;
END
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: (if .slow then ["sleep", "5"] elif .bad then ["/nowhere/to/be/found"] else ["true"] end)};
def events($c): {type: "Did", what: $c.type};
def teardown_each: {argv: ["true"]};
END
  {
    plan '{"type": "In"}' '{"type": "In", "slow": true}' '{"type": "In"}'
    plan '{"type": "In"}' '{"type": "In", "bad": true}'
    plan '{"type": "In"}' '{"type": "In"}' '{"type": "In"}' '{"type": "In"}'
    plan '{"type": "In"}' '{"type": "In"}'
  } | jq -c '.run = input_line_number | .setup = [{id: "s1", command: {type: "In"}}]
    | .teardown = [{id: "t1", command: {type: "Out"}}, {id: "t2", command: {type: "Out", bad: true}}]' >plans
  pd-exec -m model.jq -a adapter.jq --timeout 300ms plans >recorded 2>/dev/null || true
  assert_json 'map(select(.type == "run_end") | [.status, .failure.kind]) | length == 4 and .[2] == ["fail", "check_failed"]
    and (map(.[1]) | index("command_timeout") != null)' recorded
  check -m model.jq
  assert_status 1
  assert_agreement
  sed 's/teardown_each.*/teardown_each: {argv: ["false"]};/' adapter.jq >bad.jq
  pd-exec -m model.jq -a bad.jq --timeout 300ms plans >recorded 2>/dev/null || true
  check -m model.jq
  assert_agreement 'a hook that fails'
  grep -q setup_failed out
}

@test "what was judged once gives the same again" {
  start_toybank --bugs 5
  record 50
  check "${bank[@]}"
  cp out recorded
  check "${bank[@]}"
  assert_agreement
}

# --- Another verdict ---

@test "another model's verdict replaces the recorded one, which is told, and pd-report tells the new one" {
  start_toybank --bugs 5
  record 100 --checks off --allow-vacuous --report
  check "${bank[@]}"
  assert_status 1
  assert_json 'map(select(.type == "run_end")) | length == 100 and any(.[]; .status == "fail")
    and all(.[]; (.status == "fail") == (.recorded == {status: "pass"}))' out
  pd-report --format compact out >report || true
  [[ $(grep -c '^FAIL' report) -ge 1 ]] || fail "$(<report)"
  # Without the check that failed, the failures are gone, and so are their records.
  record 100 --report
  name=$(jq -r 'select(.type == "run_end" and .failure).failure.name' recorded | sort -u)
  sed "s/^def check_$name(/def unused(/; /^    \"$name\"/d" "$examples/toybank.jq" >model.jq
  check -m model.jq
  grep -q '"type":"failure"' recorded
  [[ $(jq -r 'select(.type == "failure").failure.name' out | grep -cx "$name") == 0 ]]
  assert_json "map(select(.type == \"run_end\" and .recorded.failure.name == \"$name\" and .failure.name != \"$name\")) | length > 0" out
}

@test "a check that fails ends the judging of the run where it halts, not where it records" {
  alone '{"type": "Decremented", "by": 1, "value": -1}' '{"type": "Incremented", "by": 5, "value": 9}' >events
  judge -m "$examples/counter.jq" events
  assert_status 1
  assert_json 'map(select(.type == "run_end"))[0] | .events == 1 and .state.value == -1 and (has("other_failures") | not)' out
  judge -m "$examples/counter.jq" --checks record events
  assert_json 'map(select(.type == "run_end"))[0] | .events == 2 and .failure.name == "never_negative" and .other_failures != null' out
  judge -m "$examples/counter.jq" --checks log events
  assert_status 0
  [[ $stderr == *'check never_negative failed'* ]]
}

# --- Events that stand alone ---

@test "events that stand alone are a run, another run number begins another, the rest is passed on" {
  judge -m "$examples/counter.jq" < <(
    alone '{"type": "Incremented", "by": 1, "value": 1}'
    echo '{"type":"note","text":"as  it is"}'
    alone '{"type": "Decremented", "by": 2, "value": -1}'
    alone '{"type": "Incremented", "by": 1, "value": 1}' | jq -c '.run = 7'
  )
  assert_status 1
  [[ $(jq -r .type out | tr '\n' ' ') == 'event note event check run_end event run_end end ' ]]
  grep -Fqx '{"type":"note","text":"as  it is"}' out
  assert_json 'map(select(.type == "run_end") | [.run, .status, .events]) == [[1, "fail", 2], [7, "pass", 1]]' out
}

@test "a trigger at every nth step, of names and at the end counts over events that stand alone" {
  cat >model.jq <<'END'
module {"triggers": {"third": {"every": 3}, "odd": {"every": {"n": 2, "of": "B"}}, "last": {"at": "end"}, "done": {"at": "settled"}}};
include "pd";
def init: {n: 0};
def commands: {};
def on_A($e): .n += 1;
def on_B($e): .n += 1;
def check_third($e): true;
def check_odd($e): true;
def check_last($e): true;
def check_done($e): true;
END
  jq -nc 'range(10) | {type: "event", event: {type: (if . % 2 == 0 then "A" else "B" end)}}' >events
  judge -m model.jq --trace events
  assert_status 0
  assert_json 'map(select(.type == "run_end"))[0] | .fired == {done: 1, last: 1, odd: 2, third: 3} and .state == {n: 10}' out
  assert_json 'map(select(.type == "check") | "\(.check) \(.n)") == ["third 3", "odd 4", "third 6", "odd 8", "third 9", "done 10", "last 10"]' out
}

@test "predictions judge what stands alone, events made visible early included" {
  judge -m "$examples/counter.jq" --checks off --conform < <(
    echo '{"type":"event","id":"c1","source":"injected","event":{"type":"Incremented","by":2,"value":2}}'
    echo '{"type":"command","id":"c1","command":{"type":"Increment","by":2}}'
    echo '{"type":"command","id":"c2","command":{"type":"Increment","by":2}}'
    echo '{"type":"event","id":"c2","source":"command","event":{"type":"Incremented","by":2,"value":5}}'
  )
  assert_status 1
  assert_json 'map(select(.type == "run_end"))[0].failure | .kind == "prediction_mismatch" and .id == "c2"
    and .data.fields == {value: {expected: 4, seen: 5}}' out
}

# --- What cannot be judged, and trouble ---

@test "secrets are told" {
  judge -m "$examples/counter.jq" < <(alone '{"type": "Incremented", "by": 1, "value": 1, "token": "[redacted]"}')
  assert_status 0
  [[ $stderr == *'Incremented.token is redacted'* ]]
  assert_json 'map(select(.type == "run_end"))[0].redacted == ["Incremented.token"]' out
}

@test "a run that was cut off is aborted, and fails if a check had failed" {
  start_toybank --bugs 5
  record 20
  head -n -5 recorded | grep -v '"type":"end"' >cut
  judge "${bank[@]}" cut
  assert_json 'map(select(.type == "run_end")) | .[-1].status == "aborted" and .[-1].recorded == null' out
  assert_json '.[-1].problems | any(.[]; test("cut off"))' out
}

@test "nothing to judge, no check triggered and checks that are off are no success" {
  judge -m "$examples/counter.jq" </dev/null
  assert_status 2
  [[ $stderr == *'nothing was judged'* ]]
  alone '{"type": "Unheard", "value": 1}' >events
  judge -m "$examples/counter.jq" --checks off events
  assert_status 2
  [[ $stderr == *'nothing was checked'* ]]
  judge -m "$examples/counter.jq" --checks off --allow-vacuous events
  assert_status 0
  judge -m "$examples/toybank.jq" --strict < <(alone '{"type": "Incremented", "by": 1, "value": 1}')
  assert_status 2
  [[ $stderr == *'captures_within_authorization was never triggered'* ]]
}

@test "a line that is no event is told with file and line, and the others are judged" {
  { alone '{"type": "Incremented", "by": 1, "value": 1}'; echo '{"type":"event","event":5}'; echo '{"type":"event","event":'
    alone '{"type": "Decremented", "by": 2, "value": -1}'; } >events
  judge -m "$examples/counter.jq" events
  assert_status 1
  [[ $stderr == *'events:2: the event record has no event'*'events:3: invalid JSON'* ]]
  assert_json '.[-1].counts | .rejected == 2 and .failed == 1 and .events == 2' out
}

@test "numbers come out as they went in" {
  cat >model.jq <<'END'
include "pd";
def init: {};
def commands: {};
def on_Seen($e): .last = $e.amount;
def check_never($e): fail("no"; $e);
END
  judge -m model.jq < <(alone '{"type": "Seen", "amount": 9007199254740993000001}')
  [[ $(grep -c 9007199254740993000001 out) == 3 ]] || fail "$(<out)"
}

@test "of events that stand alone no more than the latest is kept" {
  jq -nc 'range(40000) | {type: "event", event: {type: "Incremented", by: 1, value: (. + 1)}}' >events
  head -n 9000 events >few
  peak_of pd-check -m "$examples/counter.jq" few >out
  less=$PEAK
  peak_of pd-check -m "$examples/counter.jq" events >out
  ((PEAK < less + 3000)) || fail "$less KiB, then $PEAK KiB"
}
