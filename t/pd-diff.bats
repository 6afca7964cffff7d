#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-diff: where two runs part ways, ids that are no difference, groups of runs, failure files, trouble.
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

# differ [OPTION…] FILE…: the record, to out; sets status.
differ() {
  run --separate-stderr timeout 60 pd-diff --format json "$@"
  printf '%s\n' "$output" >out
  [[ ! $output ]] || "$PD_ROOT/t/lib/validate-records" out
}

# told FILTER: it is so of the record.
told() { assert_json ".[0] | $1" out; }

# run_of ITEMS EVENTS [STATUS]: a run made by hand: items {"id", "command"}, and for each an array of events.
run_of() {
  jq -nc --argjson items "$1" --argjson events "$2" --arg status "${3-pass}" '
    {type: "run_start", run: 1, attempt: 1, nonce: "0000000000000000", sequence: {type: "sequence", run: 1, seed: 1,
      plan: ("0" * 64), prefix: $items, suffix: []}},
    ($items | to_entries[] | .key as $i | .value as $item
      | {type: "command", run: 1, id: .value.id, command: .value.command, call_us: ($i * 10), return_us: ($i * 10 + 1),
         outcome: "ok", attempts: 1},
        ($events[$i] // [] | .[] | {type: "event", run: 1, id: $item.id, source: "command", event: ., at_us: ($i * 10 + 2), n: 1})),
    {type: "run_end", run: 1, attempt: 1, status: $status, commands: ($items | length), events: ($events | add | length),
     fired: {}, duration_us: 1}'
}

# --- Two runs ---

@test "a run is the same as itself, and as another execution with other ids" {
  attempts 2 a >two
  [[ $(jq -r 'select(.type == "event" and .id == "c1").event.account' two | sort -u | wc -l) == 2 ]]
  differ two
  assert_status 0
  told '.same and .differences == [] and .left.attempt == 1 and .right.attempt == 2 and (has("first") | not)'
  differ -m bank.jq two
  assert_status 0
}

@test "runs of a live bank that gives out new ids are the same, ids in text and numbers alike" {
  local options
  for options in '' --numeric-ids; do
    # shellcheck disable=SC2086
    start_toybank $options
    grep -v '^def setup_each' "$examples/toybank-http.jq" >no-reset.jq
    pd-gen -m "$examples/toybank.jq" -n 30 -s 3 >plans
    for file in left right; do
      pd-exec -m "$examples/toybank.jq" -a no-reset.jq -u "$TOYBANK_URL" plans >$file
    done
    ! cmp -s <(jq -c 'select(.type == "event").event' left) <(jq -c 'select(.type == "event").event' right)
    for ((run = 1; run <= 30; run++)); do
      differ -m "$examples/toybank.jq" --run "$run" --with "$run" left right
      assert_status 0
    done
  done
}

@test "a planted bug is where the runs part ways" {
  local plan='{type: "sequence", run: 1, seed: 1, plan: ("0" * 64), suffix: [], prefix: [{id: "c1", command: {type: "Increment", by: 5}},
    {id: "c2", command: {type: "Decrement", by: 9}}, {id: "c3", command: {type: "GetValue"}}]}'
  start_counter --bug
  bad=$COUNTER_URL
  start_counter
  for url in "$COUNTER_URL" "$bad"; do
    jq -nc "$plan" | pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$url" || :
  done >two
  differ -m "$examples/counter.jq" two
  assert_status 1
  told '.same == false and (.left.status == "pass") and .right.failure.name == "never_negative"
    and (.first | .kind == "event" and .id == "c2" and .command == "Decrement" and .index == 2 and .event == "Refused"
      and .left.type == "Refused" and .right.type == "Decremented")
    and (.differences | map(.kind)) == ["event", "check", "state", "length", "failure"]
    and (.differences[2] | .path == ".value" and .left == 5 and .right == -4)
    and (.differences[3] | .id == "c3" and .left == 3 and .right == 2)'
}

@test "the fields of an event that differ are told one by one, and those of the state once" {
  replicas ab
  { plan | jq -c '.prefix |= . + [{id: "c5", command: {type: "Open"}}]'; } >long
  sed 's/^def check.*/def check_fine($e): true;/; s/balances_agree/fine/; s/^def on_Added.*/def on_Added($e): .accounts[$e.account] = $e.balance;/' bank.jq >fine.jq
  executor[2]=fine.jq
  cat long long | "${executor[@]}" >two
  differ -m fine.jq two
  assert_status 1
  told '.differences | map([.kind, .id, .path, .left, .right]) == [["event", "c1", ".node", "a", "b"], ["event", "c4", ".balance", 14, 12],
    ["state", "c4", ".accounts[\"@c1.account\"]", 14, 12], ["event", "c5", ".node", "a", "b"]]'
}

@test "a number that is an id is no difference, the same number as an amount is one" {
  items='[{"id":"c1","command":{"type":"Open"}},{"id":"c2","command":{"type":"Add","account":"@c1.account","amount":1}}]'
  run_of "$items" '[[{"type":"Opened","account":1,"level":1}],[{"type":"Added","account":1,"amount":1}]]' >left
  run_of "$items" '[[{"type":"Opened","account":2,"level":1}],[{"type":"Added","account":2,"amount":1}]]' >right
  differ left right
  assert_status 0
  run_of "$items" '[[{"type":"Opened","account":2,"level":2}],[{"type":"Added","account":2,"amount":2}]]' >right
  differ left right
  assert_status 1
  told '.differences | map([.id, .path]) == [["c1", ".level"], ["c2", ".amount"]]'
  # And another account's id in its place is a difference, too.
  items='[{"id":"c1","command":{"type":"Open"}},{"id":"c2","command":{"type":"Open"}},{"id":"c3","command":{"type":"Get","account":"@c2.account"}},{"id":"c4","command":{"type":"Get","account":"@c1.account"}}]'
  run_of "$items" '[[{"type":"Opened","account":1}],[{"type":"Opened","account":2}],[{"type":"Got","account":2}]]' >left
  run_of "$items" '[[{"type":"Opened","account":8}],[{"type":"Opened","account":9}],[{"type":"Got","account":8}]]' >right
  differ left right
  told '.differences | map([.id, .left, .right]) == [["c3", "@c2.account", "@c1.account"]]'
}

@test "ids within text and as keys are no difference" {
  items='[{"id":"c1","command":{"type":"Open"}},{"id":"c2","command":{"type":"Get","account":"@c1.account"}}]'
  run_of "$items" '[[{"type":"Opened","account":"acc_7","at":"/accounts/acc_7?x"}],[{"type":"Got","by":{"acc_7":3}}]]' >left
  run_of "$items" '[[{"type":"Opened","account":"acc_8","at":"/accounts/acc_8?x"}],[{"type":"Got","by":{"acc_8":3}}]]' >right
  differ left right
  assert_status 0
  run_of "$items" '[[{"type":"Opened","account":"acc_8","at":"/accounts/acc_9?x"}],[{"type":"Got","by":{"acc_9":3}}]]' >right
  differ left right
  assert_status 1
  told '.differences | length == 3'
}

@test "values that were minted are no difference" {
  items='[{"id":"c1","command":{"type":"Register","email":"@mint.c1.email:user-{}@example.org"}}]'
  executor=(pd-exec -m register.jq -A "python3 echo.py")
  cat >register.jq <<'END'
include "pd";
def init: {seen: 0};
def commands: {Register: {args: {email: mint("user-{}@example.org")}}};
def on_Registered($e): .seen += 1;
def check_seen($e): true;
END
  cat >echo.py <<'END'
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    event = {"type": "Registered", "email": request.get("command", {}).get("email")}
    reply = {"hooks": []} if request["op"] == "hello" else {"events": [event]}
    print(json.dumps({"id": request["id"], **reply}), flush=True)
END
  jq -nc --argjson items "$items" 'range(2) | {type: "sequence", run: 1, seed: 1, prefix: $items, suffix: []}' | "${executor[@]}" >two
  [[ $(jq -r 'select(.type == "event").event.email' two | sort -u | grep -c @example.org) == 2 ]]
  differ two
  assert_status 0
}

@test "commands that only one run has, arguments that differ, outcomes and the order are told" {
  a='{"id":"c1","command":{"type":"A","n":1}}' b='{"id":"c2","command":{"type":"B"}}' c='{"id":"c3","command":{"type":"C"}}'
  run_of "[$a,$b,$c]" '[]' >left
  run_of "[${a/1\}\}/2\}\}},$c]" '[]' >right
  differ left right
  told '.differences | map([.kind, .id, .path]) == [["command", "c1", ".n"], ["command", "c2", null], ["length", "c2", null]]'
  run_of "[$a,$c,$b]" '[]' >right
  differ left right
  told '.differences | map([.kind, .index, .left, .right]) == [["order", 2, "c2", "c3"]]'
  jq -c 'if .type == "command" and .id == "c3" then .outcome = "timeout" else . end' left >right
  differ left right
  told '.differences | map([.kind, .id, .left, .right]) == [["outcome", "c3", "ok", "timeout"]]'
}

@test "as many differences as asked for are told, and the rest is counted" {
  attempts 4 ab noise >four
  differ --max-differences 2 --run 1.1 --with 1.2 four
  told '(.differences | length) == 2 and .more_differences == 6'
}

# --- Which runs ---

@test "runs are chosen by number and attempt, and two files by their first runs" {
  attempts 4 abca >runs
  differ --run 1.1 --with 1.4 runs
  assert_status 0
  differ --run 1.1 --with 1.3 runs
  assert_status 1
  told '.right.attempt == 3 and .first.path == ".node"'
  replicas a
  { plan 1; plan 2; } | "${executor[@]}" >more
  differ runs more
  assert_status 0
  differ --with 2 runs more
  told '.right.run == 2 and .right.file == "more"'
  differ - runs <more
  told '.left.file == "<stdin>"'
}

@test "failure files are runs as well, a run that was shrunk by its shrunk sequence" {
  start_toybank --bugs 6
  executor=(pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  pd-gen -m "$examples/toybank.jq" -n 300 -s 1 2>/dev/null | "${executor[@]}" --stop-on-failure |
    pd-shrink -m "$examples/toybank.jq" --strategy quick -- "${executor[@]}" >shrunk || :
  jq -c 'select(.type == "failure")' shrunk >one.pd.json
  [[ -s one.pd.json ]]
  jq -c 'select(.type == "failure").shrunk' shrunk | "${executor[@]}" >again || :
  differ -m "$examples/toybank.jq" one.pd.json again
  assert_status 0
  told '.left.status == "fail" and .left.failure.name == .right.failure.name'
  # Against the control, the run parts ways where the bug is.
  start_toybank
  jq -c 'select(.type == "failure").shrunk' shrunk | pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" >good
  differ one.pd.json good
  assert_status 1
  told '.first.command == "Refund" and .right.status == "pass"'
  # In a stream with its run, a failure is no run of its own.
  differ shrunk
  assert_status 2
}

# --- Groups ---

@test "passing and failing runs of one plan are told apart by the best fields" {
  attempts 9 aab noise >nine
  differ nine
  assert_status 1
  told '.runs == 9 and .passes == 6 and .failures == 3 and .kinds == {"check_failed balances_agree": 3}
    and .left.status == "pass" and .right.status == "fail"
    and (.fields[0] | .path == ".node" and .score == 1 and .passing == [{value: "a", runs: 6}] and .failing == [{value: "b", runs: 3}])
    and .fields[1].path == ".balance" and all(.fields[2:][]; .run_scoped)'
}

@test "the types of a command's events, what is missing, and the state tell groups apart" {
  items='[{"id":"c1","command":{"type":"A"}},{"id":"c2","command":{"type":"B"}}]'
  for run in 1 2 3; do
    run_of "$items" '[[{"type":"Y","n":1,"extra":true},{"type":"Y","n":2}],[{"type":"Z"}]]'
    run_of "$items" '[[{"type":"Y","n":1},{"type":"Y","n":3}],[{"type":"W"}]]' fail |
      jq -c 'if .type == "run_end" then .failure = {class: "assertion", kind: "check_failed", name: "x", message: "m", id: "c2"} else . end'
  done >six
  cat >m.jq <<'END'
include "pd";
def init: {last: 0};
def commands: {};
def on_Y($e): .last = $e.n;
END
  differ -m m.jq six
  told '.fields | map([.kind, .id, .path, .n, .score]) == [["event", "c1", ".extra", 0, 1], ["event", "c1", ".n", 1, 1],
    ["state", "c1", ".last", null, 1], ["events", "c2", null, null, 1]]'
  told '.fields[0] | .passing == [{value: true, runs: 3}] and .failing == [{runs: 3}]'
}

@test "the latency's class is told only when nothing else separates the groups" {
  items='[{"id":"c1","command":{"type":"A"}}]'
  for run in 1 2 3; do
    run_of "$items" '[[{"type":"Y"}]]'
    run_of "$items" '[[{"type":"Y"}]]' fail |
      jq -c 'if .type == "run_end" then .failure = {class: "assertion", kind: "check_failed", name: "x", message: "m", id: "c1"}
        elif .type == "command" then .return_us = 50000 elif .type == "event" then .at_us = 50001 else . end'
  done >six
  differ six
  told '.fields | map([.kind, .id, .score]) == [["latency", "c1", 1]]'
  told '.fields[0] | .passing[0].value == "below 100 us" and .failing[0].value == "10 to 100 ms"'
}

@test "many runs that are the same are the same" {
  attempts 5 a >five
  differ five
  assert_status 0
  told '.same and .runs == 5 and .fields == []'
}

@test "a field with more values than are kept has the others together" {
  items='[{"id":"c1","command":{"type":"A"}}]'
  for ((n = 0; n < 20; n++)); do run_of "$items" "[[{\"type\":\"Y\",\"n\":$n}]]"; done >many
  differ many
  told '.fields[0].passing | length == 17 and (last | .other and .runs == 4)'
}

# --- Text ---

@test "text is the default, in a pipe, too" {
  attempts 2 ab >two
  run -1 --separate-stderr pd-diff -m bank.jq two
  diff - <(printf '%s\n' "$output") <<'END'
DIFFERENT:
  - run 1 of two (passed)
  + run 1, attempt 2 of two (failed: check balances_agree failed)

  c1 Open: event Opened .node
    - "a"
    + "b"
  c4 Add: event Added .balance
    - 14
    + 12
  c4 Add: checks that failed
    - []
    + ["balances_agree"]
  c4 Add: failure
    - no failure
    + check balances_agree failed
END
  attempts 3 a >three
  run -0 pd-diff three
  [[ $output == 'SAME: 3 runs, all like run 1 of three (passed)' ]]
}

@test "every format tells it, and data cannot take the terminal over" {
  items='[{"id":"c1","command":{"type":"A"}}]'
  run_of "$items" '[[{"type":"Y","n":"\u001b[2J`|"}]]' >left
  run_of "$items" '[[{"type":"Y","n":"\u202e"}]]' >right
  for format in terminal compact markdown; do
    run -1 pd-diff --format $format --color never left right
    assert_output_has 'event Y .n'
    (! grep -qP '[\x00-\x08\x0b-\x1f]|\x{202e}' <<<"$output") || fail "$format has control characters"
  done
  run -1 pd-diff --color always left right
  assert_output_has $'\e['
}

# --- Trouble ---

@test "what cannot be compared is told with a way out, and exits 2" {
  attempts 1 a >one
  differ one
  assert_status 2
  assert_stderr_has 'one run only'
  replicas a
  { plan 1; plan 2 | jq -c '.prefix |= .[:2]'; plan 3; } | "${executor[@]}" >three
  differ three
  assert_status 2
  assert_stderr_has '3 runs of several plans'
  assert_stderr_has '--run N --with N'
  differ --run 1 --with 9 three
  assert_status 2
  assert_stderr_has 'three: run 9 is not in it'
  differ --run 7.2 one three
  assert_status 2
  assert_stderr_has 'one: run 7, attempt 2 is not in it'
  : >empty
  differ empty one
  assert_status 2
  assert_stderr_has 'empty: there is no run in it'
  differ missing one
  assert_status 2
  assert_stderr_has 'missing: cannot read: No such file'
}

@test "inputs that are cut off, damaged or no records are told, and are not green" {
  attempts 2 a >two
  { pd-gen -m bank.jq -n 1 -s 1 | head -n 1; cat two; } >cut
  differ cut
  assert_status 2
  assert_stderr_has 'cut off'
  told '.same'
  { cat two; echo '{"type":"event"'; } >bad
  differ bad
  assert_status 2
  assert_stderr_has "bad:$(wc -l <bad): invalid JSON"
  replicas b
  plan | "${executor[@]}" --report | jq -c 'select(.type == "failure") | .sha256 = "0" * 64' >damaged
  differ damaged two
  assert_status 2
  assert_stderr_has 'damaged:1: the failure is damaged'
}

@test "a model that cannot fold a run is told" {
  attempts 2 a >two
  sed -i 's/^def on_Added.*/def on_Added($e): error("no");/' bank.jq
  differ -m bank.jq two
  assert_status 2
  assert_stderr_has 'on_Added'
}

@test "wrong usage exits 2 and helps" {
  run -2 --separate-stderr pd-diff
  assert_stderr_has 'one file with runs is needed, or two'
  run -2 --separate-stderr pd-diff --with 2 x
  assert_stderr_has '--with N needs --run N'
  run -2 --separate-stderr pd-diff --run x y
  assert_stderr_has '--run:'
  run -2 --separate-stderr pd-diff --format x y
  assert_stderr_has "there is no format 'x'"
  run -2 --separate-stderr pd-diff --max-diffs 3 y
}

@test "output that cannot be written exits 2" {
  attempts 2 ab >two
  run -2 --separate-stderr bash -c 'pd-diff two >/dev/full'
  assert_stderr_has 'No space left'
}

@test "memory does not grow with the number of runs" {
  ! ldd "$PD_BIN/pd-diff" | grep -q libasan || skip "the sanitizer holds what is freed"
  peak_of_runs() { # RUNS: what it held at most when it had read all of them
    mkfifo "input.$1"
    pd-diff --format json - <"input.$1" >"record.$1" &
    local pid=$!
    exec {writer}>"input.$1"
    jq -nc --argjson n "$1" 'range($n) | . as $run | {type: "run_start", run: 1, attempt: (. + 1), nonce: "0123456789abcdef",
        sequence: {type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: [{id: "c1", command: {type: "Do"}}], suffix: []}},
      {type: "command", run: 1, id: "c1", command: {type: "Do"}, call_us: 1, return_us: 2, outcome: "ok", attempts: 1},
      {type: "event", run: 1, id: "c1", source: "command", event: {type: "Done", by: ., text: ("\(.)" * 500)}, at_us: 3, n: 1},
      {type: "run_end", run: 1, attempt: (. + 1), commands: 1, events: 1, fired: {x: 1}, duration_us: 4}
        + if . == 3 then {status: "pass"} else {status: "fail", failure:
          {class: "assertion", kind: "check_failed", name: "x", message: "m", id: "c1"}} end' >runs.$1
    cat "runs.$1" >&"$writer"
    WAIT_SECONDS=60 wait_for has_read "$pid" "$(wc -c <"runs.$1")"
    PEAK=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    exec {writer}>&-
    wait "$pid" || :
    jq -e --argjson n "$1" '.runs == $n and .passes == 1' "record.$1" >/dev/null
  }
  has_read() { (($(awk '/^rchar/ { print $2 }' "/proc/$1/io") >= $2)); }
  peak_of_runs 1000
  small=$PEAK
  peak_of_runs 10000
  printf '# pd-diff: %s KiB for 1,000 failing runs, %s KiB for 10,000\n' "$small" "$PEAK" >&3
  ((PEAK <= small + 512)) || fail "grew from $small KiB to $PEAK KiB"
}
