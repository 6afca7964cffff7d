#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-flaky: verdicts, what varies and what tells the groups apart, discovering, the stream, trouble.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/replicas

setup() {
  pd_setup
  write_model
  examples=$PD_ROOT/share/pd/examples
}

teardown() {
  pd_teardown
}

# flaky [OPTION…] -- : what is on standard input, executed by $executor, to out; sets status.
flaky() {
  run --separate-stderr timeout 60 pd-flaky "$@" -- "${executor[@]}"
  printf '%s\n' "$output" >out
}

# shown [OPTION…]: text, past the capture.
shown() {
  run --separate-stderr timeout 60 "$PD_BIN/pd-flaky" "$@" -- "${executor[@]}"
  printf '%s\n' "$output" >out
}

# verdicts: of the flakiness records.
verdicts() { jq -r 'select(.type == "flakiness").verdict' "${1-out}"; }

# assert_flakiness FILTER: it is so of the one flakiness record.
assert_flakiness() { assert_json "map(select(.type == \"flakiness\")) | length == 1 and (.[0] | $1)" out; }

# --- Verdicts ---

@test "a sequence that ends alike every time is deterministic, though every run has new ids" {
  replicas a
  flaky < <(plan)
  assert_status 0
  [[ -z $stderr ]]
  assert_flakiness '.verdict == "deterministic" and .runs == 10 and .passes == 10 and .failures == 0
    and .varies == [] and .fields == [] and .lengths == {min: 4, max: 4} and (has("first_divergence") | not)'
}

@test "a sequence that fails alike every time is deterministic, too" {
  replicas b
  flaky -n 4 < <(plan)
  assert_status 0
  assert_flakiness '.verdict == "deterministic" and .failures == 4 and .kinds == {"check_failed balances_agree": 4}'
}

@test "a sequence that passes and fails is flaky, and what it hangs on ranks first" {
  replicas aab
  flaky -n 9 < <(plan)
  assert_status 1
  assert_flakiness '.verdict == "flaky" and .passes == 6 and .failures == 3 and .kinds == {"check_failed balances_agree": 3}
    and .varies == ["outcome", "events"]
    and (.fields[0] | .kind == "event" and .id == "c1" and .command == "Open" and .event == "Opened" and .path == ".node"
      and .score == 1 and .passing == [{value: "a", runs: 6}] and .failing == [{value: "b", runs: 3}])
    and (.fields[1] | .id == "c4" and .path == ".balance" and .score == 1)
    and .first_divergence.path == ".node"'
}

@test "a field that only leans to a group ranks after one that separates them, ids that no plan knows last" {
  replicas aabca noise
  flaky < <(plan)
  assert_flakiness '(.fields[0] | .path == ".balance" and .score == 1)
    and (.fields[1] | .path == ".node" and .score > 0.3 and .score < 1)
    and (.fields[2:] | length == 4 and all(.[]; .path == ".trace" and .run_scoped))'
}

@test "a field with several values in a group decides as well, and no latency is told" {
  replicas aabd
  flaky -n 8 < <(plan)
  assert_flakiness '.fields[0] | .path == ".node" and .passing == [{value: "a", runs: 4}]
    and .failing == [{value: "b", runs: 2}, {value: "d", runs: 2}]'
  assert_flakiness 'all(.fields[]; .kind != "latency")'
}

@test "runs that all pass by other events are varying, and exit 0" {
  replicas ac
  flaky -n 5 < <(plan)
  assert_status 0
  assert_flakiness '.verdict == "varying" and .passes == 5 and .varies == ["events"]
    and (.fields | length == 1) and (.fields[0] | .path == ".node" and .score == 0
      and .passing == [{value: "a", runs: 3}, {value: "c", runs: 2}] and .failing == [])'
}

@test "runs that fail in several ways are flaky" {
  replicas bd
  flaky -n 4 < <(plan)
  assert_status 1
  assert_flakiness '.verdict == "flaky" and .failures == 2 and .errors == 2
    and .kinds == {"check_failed balances_agree": 2, "unexpected_reply Add": 2} and .varies == ["failure", "length", "events"]
    and .lengths == {min: 3, max: 4}'
}

@test "runs that could not be judged are no green" {
  replicas d
  flaky -n 3 < <(plan)
  assert_status 2
  assert_flakiness '.verdict == "unjudged" and .errors == 3'
  assert_stderr_has 'every run of them was an error'
}

@test "the states of the model are compared with -m" {
  # Events of two types that are folded to other states, though each event alone is the same every time.
  sed -i 's/^def on_Opened.*/def on_Opened($e): .accounts[$e.account] = 0 | .node = $e.node;/' bank.jq
  replicas ac
  flaky -n 3 -m bank.jq < <(plan)
  assert_flakiness '.verdict == "varying" and .varies == ["events", "state"]
    and any(.fields[]; .kind == "state" and .path == ".node")'
}

@test "a model that cannot fold what came is told, once" {
  sed -i 's/^def on_Added.*/def on_Added($e): error("no");/' bank.jq
  sed 's/^def on_Added.*/def on_Added($e): .;/; s/^def check.*/def check_fine($e): true;/; s/balances_agree/fine/' bank.jq >fine.jq
  replicas a
  executor[2]=fine.jq
  flaky -n 3 -m bank.jq < <(plan)
  assert_status 2
  [[ $(grep -c 'on_Added' <<<"$stderr") == 1 ]]
}

# --- Live systems ---

@test "a bank that gives out new ids in every run is deterministic when the model knows them" {
  start_toybank
  grep -v '^def setup_each' "$examples/toybank-http.jq" >no-reset.jq
  executor=(pd-exec -m "$examples/toybank.jq" -a no-reset.jq -u "$TOYBANK_URL")
  flaky -n 3 -m "$examples/toybank.jq" < <(pd-gen -m "$examples/toybank.jq" -n 40 -s 1)
  assert_status 0
  [[ $(verdicts | sort | uniq -c | tr -s ' ') == ' 40 deterministic' ]]
  # It would not be without: ids that no command uses are not known.
  flaky -n 3 < <(pd-gen -m "$examples/toybank.jq" -n 40 -s 1)
  [[ $(verdicts | sort -u) == $'deterministic\nvarying' ]]
}

@test "ids that are numbers are no difference, either" {
  start_toybank --numeric-ids
  grep -v '^def setup_each' "$examples/toybank-http.jq" >no-reset.jq
  executor=(pd-exec -m "$examples/toybank.jq" -a no-reset.jq -u "$TOYBANK_URL")
  flaky -n 3 -m "$examples/toybank.jq" < <(pd-gen -m "$examples/toybank.jq" -n 40 -s 1)
  [[ $(verdicts | sort -u) == deterministic ]]
}

@test "a counter that remembers what earlier runs did is flaky" {
  start_counter --bug
  grep -v '^def setup_each' "$examples/counter-http.jq" >no-reset.jq
  executor=(pd-exec -m "$examples/counter.jq" -a no-reset.jq -u "$COUNTER_URL")
  flaky -n 3 < <(jq -nc '{type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: [{id: "c1", command: {type: "Increment", by: 3}}],
    suffix: []}')
  assert_flakiness '.verdict == "flaky" and .passes == 1 and .failures == 2 and .fields[0].path == ".value"'
  assert_status 1
}

# --- The stream ---

@test "sequences, runs and failures are taken, each plan of runs and failures once" {
  replicas b
  { plan 1; plan 2 | jq -c '.prefix |= .[:3]'; } >plans
  "${executor[@]}" --report plans >runs || :
  flaky -n 2 plans
  [[ $(verdicts) == $'deterministic\ndeterministic' ]]
  flaky -n 2 runs
  [[ $(verdicts | wc -l) == 2 ]]
  # A run's verdict stands after its records, which are passed on.
  assert_json 'map(.type) | index("flakiness") as $i | .[$i - 1] == "run_end"' out
  diff <(sed '1d;$d' runs) <(grep -v '^{"type":"flakiness"' out | sed '1d;$d')
  # Of a failure its sequence, with no run beside it.
  jq -c 'select(.type == "failure")' runs >failures
  flaky -n 2 failures
  assert_flakiness '.failures == 2'
}

@test "verdicts of an earlier pass are made anew" {
  replicas ac
  flaky -n 2 < <(plan)
  replicas a
  cp out in
  flaky -n 2 in
  assert_flakiness '.verdict == "deterministic"'
}

@test "--discover writes flaky sequences only, stops each when it is known, and its output can be used again" {
  replicas aaab
  # Runs 1 to 4 take three executions each; the fifth fails in its first, which is no difference yet.
  for run in 1 2; do plan "$run"; done | pd-flaky --discover -n 8 -- "${executor[@]}" >out || status=$?
  [[ $status == 1 ]]
  assert_json 'map(.type) == ["sequence", "flakiness", "sequence", "flakiness", "end"]' out
  assert_json 'map(select(.type == "flakiness")) | map(.runs) == [4, 4]' out
  replicas a
  flaky --discover -n 3 out
  assert_status 0
  assert_json 'map(.type) == ["end"]' out
}

@test "--discover runs a sequence that does not differ as often as asked, and passes on what is no plan" {
  allow_unknown=(note)
  replicas ac
  flaky --discover -n 4 < <(plan; echo '{"type":"note","text":"kept"}')
  assert_status 0
  assert_json 'map(.type) == ["note", "end"]' out
}

@test "the header, the end and their problems go through" {
  replicas a
  flaky -n 2 < <(pd-gen -m bank.jq -n 2 -s 1)
  assert_json '.[0].pipeline | map(.[0]) == ["pd-gen", "pd-flaky"]' out
  assert_json '.[-1] | .type == "end" and .status == 0' out
  flaky -n 2 < <(pd-gen -m bank.jq -n 2 -s 1 | sed '$d')
  assert_status 2
  assert_json 'any(.[-1].problems[]; test("cut off"))' out
}

# --- Text ---

@test "text says what it hangs on first, and ends in a summary" {
  replicas aab
  flaky -n 9 --format terminal < <(plan)
  assert_status 1
  diff - out <<'END'
FLAKY: passed 6 of 9 (run 1, seed 7): check_failed balances_agree 3
  what tells failing from passing runs, best first:
    1      c1 Open: event Opened .node: passing "a" (6); failing "b" (3)
    1      c4 Add: event Added .balance: passing 14 (6); failing 12 (3)
  first difference:
    c1 Open: event Opened .node
      - "a"
      + "b"
1 sequence, each executed up to 9 times: 0 deterministic, 0 varying, 1 flaky
END
}

@test "fields that may be ids come with a word about -m" {
  replicas a noise
  flaky -n 3 --format terminal < <(plan)
  assert_status 0
  assert_output_has 'these may be ids: -m MODEL'
  replicas ac
  flaky -n 3 --format terminal < <(plan)
  [[ $output != *'may be ids'* ]]
}

@test "every format has it, and what data say cannot take the terminal over" {
  replicas aab
  for format in terminal compact markdown; do
    flaky -n 3 --format "$format" --color never < <(plan)
    assert_status 1
    assert_output_has 'flaky'
    assert_output_has '.node'
    (! grep -qP '[\x00-\x08\x0b-\x1f]' out) || fail "$format has control characters"
  done
  flaky -n 3 --format terminel < <(plan)
  assert_status 2
  assert_stderr_has "no format 'terminel'"
}

# --- Trouble ---

@test "nothing to execute exits 2 and says so" {
  replicas a
  flaky </dev/null
  assert_status 2
  assert_stderr_has 'no sequence was executed'
  flaky < <(pd-gen -m bank.jq -n 1 -s 1 | sed -n '1p;$p')
  assert_status 2
}

@test "a command that is no executor is told once, and nothing is proved" {
  executor=(cat)
  flaky < <(plan; plan 2)
  assert_status 2
  [[ $(grep -c 'passes sequences on' <<<"$stderr") == 1 ]]
  executor=(false)
  flaky < <(plan; plan 2)
  assert_status 2
  assert_stderr_has "'false' ended in the middle of a run"
}

@test "a system that cannot be reached, and one that refuses all, are no green" {
  start_counter
  executor=(pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "http://127.0.0.1:1" --health-timeout 500ms)
  flaky -n 2 < <(pd-gen -m "$examples/counter.jq" -n 1 -s 1)
  assert_status 2
  executor=(pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL/nowhere" --health-timeout 500ms)
  flaky -n 2 < <(pd-gen -m "$examples/counter.jq" -n 1 -s 1)
  assert_status 2
}

@test "bad lines, bad sequences and damaged failures are told with their places" {
  replicas b
  plan >plans
  "${executor[@]}" --report plans | jq -c 'select(.type == "failure") | .sha256 = "0" * 64' >damaged || :
  { plan; echo '{"type":"sequence","prefix":7}'; echo '{"type":"sequence"'; } >bad
  shown -n 2 --format json bad damaged # past the capture: the bad lines are passed on
  assert_status 2
  assert_stderr_has 'bad:2: a part of the sequence is not an array'
  assert_stderr_has 'bad:3: invalid JSON'
  assert_stderr_has 'damaged:1: the failure is damaged'
  [[ $(verdicts) == deterministic ]]
}

@test "wrong usage exits 2 and helps" {
  run -2 --separate-stderr pd-flaky plans
  assert_stderr_has 'the command that executes sequences is missing'
  run -2 --separate-stderr pd-flaky -n 1 -- pd-exec
  assert_stderr_has '--runs:'
  run -2 --separate-stderr pd-flaky --discovr -- pd-exec
  assert_stderr_has 'did you mean --discover'
}

@test "a signal ends it with 128 + n, and its executor with it" {
  replicas a
  mkfifo input
  pd-flaky --line-buffered -n 2 -- "${executor[@]}" <input >out &
  local pid=$!
  exec {writer}>input
  plan >&"$writer"
  wait_for grep -q flakiness out
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  exec {writer}>&-
  [[ $status == 130 ]] || fail "status $status"
  assert_json '.[-1] | .type == "end" and .status == 130' out
}

@test "output that cannot be written exits 2" {
  replicas a
  plan >plans
  run -2 --separate-stderr bash -c '"$0" -n 2 plans -- "${@}" >/dev/full' "$PD_BIN/pd-flaky" "${executor[@]}"
  assert_stderr_has 'No space left'
}

@test "no memory is kept of sequences that are done" {
  ! ldd "$PD_BIN/pd-flaky" | grep -q libasan || skip "the sanitizer holds what is freed"
  # An executor that is quick: each run of it fails in the same way.
  cat >quick <<'END'
#!/bin/sh
exec jq -c --unbuffered '. as $s | {type: "run_start", run, attempt: 1, nonce: "0123456789abcdef", sequence: $s},
  {type: "command", run, id: "c1", command: $s.prefix[0].command, call_us: 1, return_us: 2, outcome: "ok", attempts: 1},
  {type: "event", run, id: "c1", source: "command", event: {type: "Done", by: .run}, at_us: 3, n: 1},
  {type: "run_end", run, attempt: 1, status: "fail", failure: {class: "assertion", kind: "check_failed", name: "x", message: "m", id: "c1"},
    commands: 1, events: 1, fired: {x: 1}, duration_us: 4}'
END
  chmod +x quick
  peak_after() { # RUNS: what it held at most when it had told all of them
    mkfifo "input.$1"
    "$PD_BIN/pd-flaky" -n 2 --line-buffered -- ./quick <"input.$1" >"verdicts.$1" &
    local pid=$!
    exec {writer}>"input.$1"
    jq -nc --argjson n "$1" 'range($n) | {type: "sequence", run: ., seed: ., prefix: [{id: "c1", command: {type: "Do", by: .}}], suffix: []}' >&"$writer"
    WAIT_SECONDS=120 wait_for told_all "$1"
    PEAK=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    exec {writer}>&-
    wait "$pid" || :
  }
  told_all() { (($(grep -c '"flakiness"' "verdicts.$1") == $1)); }
  peak_after 1000
  small=$PEAK
  peak_after 10000
  printf '# pd-flaky: %s KiB for 1,000 failing sequences, %s KiB for 10,000\n' "$small" "$PEAK" >&3
  ((PEAK <= small + 512)) || fail "grew from $small KiB to $PEAK KiB"
}
