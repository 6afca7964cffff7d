#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-linearize: verdicts of each type that is built in and of models, runs with branches, several histories in
# one stream, limits, counted orders, parts in turns, signals.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper

setup() {
  record_programs+=(pd-linearize)
  pd_setup
}

teardown() {
  pd_teardown
}

# ops <LINES: an op record of each line "ID PROCESS CALL RETURN COMMAND EVENTS", the last two as JSON without blanks;
# events without type get one.
ops() {
  local id process call return command events
  while read -r id process call return command events; do
    [[ $events == *'"type"'* ]] || events=${events/'[{'/'[{"type":"Done",'}
    printf '{"type":"op","id":"%s","process":"%s","call_us":%s,"return_us":%s,"command":%s,"events":%s}\n' \
      "$id" "$process" "$call" "$return" "$command" "$events"
  done
}

# judge STATUS OPTION… <INPUT: all records to out, the linearization records to verdicts.
judge() {
  run --separate-stderr timeout 60 pd-linearize "${@:2}"
  printf '%s\n' "$output" >out
  output=''
  assert_status "$1" || return
  jq -c 'select(.type == "linearization")' out >verdicts
}

# told FILTER: it is so of the array of all verdicts.
told() { assert_json "$1" verdicts; }

# explained SPEC <LINES, refuted SPEC BLOCKED [FILTER] <LINES
explained() {
  ops >history
  judge 0 --spec "$1" <history
  told '.[0] | .verdict == "linearizable" and .operations == (.order | length)'
}
refuted() {
  ops >history
  judge 1 --spec "$1" <history
  told ".[0] | .verdict == \"not_linearizable\" and [.blocked[].id] == [\"$2\"] and (${3-true})"
}

# --- Types ---

@test "a register" {
  explained register <<'END'
w1 a 0 10 {"type":"Write","value":1} []
w2 b 5 20 {"type":"WRITE","value":{"x":[2,null]}} []
r1 c 8 30 {"type":"read"} [{"type":"Seen"},{"type":"Value","value":{"x":[2.0,null]}}]
r2 c 31 40 {"type":"Read"} [{"value":1}]
END
  told '.[0].order == ["w2", "r1", "w1", "r2"]'
  refuted register r2 '.prefix == ["w1", "r1"] and .state == 1 and .blocked == [{id: "r2", process: "d",
    command: {type: "Read"}, state: 1, expected: [{type: "Done", value: 1}], seen: [{type: "Done", value: null}]}]' <<'END'
w1 a 0 10 {"type":"Write","value":1} []
r1 c 3 9 {"type":"Read"} [{"value":1}]
r2 d 11 12 {"type":"Read"} [{"value":null}]
END
}

@test "a cas-register, whose compare-and-set may be called Cas" {
  explained cas-register <<'END'
w1 a 0 10 {"type":"Write","value":1} []
s1 b 5 20 {"type":"compare_and_set","expected":1,"value":2} [{"ok":true}]
s2 c 5 20 {"type":"Cas","expected":1,"value":3} [{"ok":false}]
r1 a 30 40 {"type":"Read"} [{"value":2}]
END
  refuted cas-register s2 '.blocked[0].expected == [{type: "Done", ok: false}]' <<'END'
w1 a 0 10 {"type":"Write","value":1} []
s1 b 11 20 {"type":"Compare-And-Set","expected":1,"value":2} [{"ok":true}]
s2 c 21 30 {"type":"CAS","expected":1,"value":3} [{"ok":true}]
END
}

@test "a counter" {
  explained counter <<'END'
a1 a 0 10 {"type":"Add","amount":5} [{"value":6}]
i1 b 0 10 {"type":"Increment"} []
d1 c 0 30 {"type":"Decrement"} [{"value":5}]
r1 d 12 20 {"type":"Read"} [{"value":6}]
END
  told '.[0].order == ["i1", "a1", "r1", "d1"]'
  refuted counter r1 '.state == 2 and .blocked[0].expected == [{type: "Done", value: 2}]' <<'END'
i1 a 0 10 {"type":"Increment"} [{"value":1}]
i2 b 11 20 {"type":"Increment"} [{"value":2}]
r1 c 21 30 {"type":"Read"} [{"value":1}]
END
}

@test "a set" {
  explained set <<'END'
a1 a 0 10 {"type":"Add","value":"x"} [{"ok":true}]
a2 b 0 10 {"type":"Add","value":"x"} [{"ok":false}]
c1 c 0 20 {"type":"Contains","value":"x"} [{"found":false}]
a3 c 21 30 {"type":"Add","value":"y"} []
r1 d 31 40 {"type":"Read"} [{"values":["y","x"]}]
x1 d 41 50 {"type":"Remove","value":"x"} [{"ok":true}]
END
  told '.[0].parts == 1'
  refuted set x2 '.key == "x" and .parts == 2' <<'END'
a1 a 0 10 {"type":"Add","value":"x"} [{"ok":true}]
a2 a 11 12 {"type":"Add","value":"y"} [{"ok":true}]
x1 a 20 30 {"type":"Remove","value":"x"} [{"ok":true}]
x2 b 31 50 {"type":"Remove","value":"x"} [{"ok":true}]
END
}

@test "a queue, which hands out the oldest" {
  explained queue <<'END'
e1 a 0 10 {"type":"Enqueue","value":1} []
e2 b 0 10 {"type":"Enqueue","value":2} []
d0 d 0 10 {"type":"Dequeue"} [{"empty":true}]
d1 c 11 20 {"type":"Dequeue"} [{"value":2}]
d2 c 21 30 {"type":"Dequeue"} [{"value":1}]
d3 c 31 40 {"type":"Dequeue"} [{"value":null}]
END
  told '.[0].order == ["d0", "e2", "e1", "d1", "d2", "d3"]'
  refuted queue d1 '.state == [1, 2] and .blocked[0].expected == [{type: "Done", value: 1}]' <<'END'
e1 a 0 10 {"type":"Enqueue","value":1} []
e2 a 11 20 {"type":"Enqueue","value":2} []
d1 c 21 30 {"type":"Dequeue"} [{"value":2}]
d2 c 31 40 {"type":"Dequeue"} [{"value":1}]
END
}

@test "a stack, which hands out the newest" {
  explained stack <<'END'
p1 a 0 10 {"type":"Push","value":1} []
p2 a 11 20 {"type":"Push","value":2} []
d1 c 21 30 {"type":"Pop"} [{"value":2}]
d2 c 31 40 {"type":"Pop"} [{"value":1}]
d3 c 41 50 {"type":"Pop"} [{"empty":true}]
END
  refuted stack d1 '.state == [1, 2] and .blocked[0].expected == [{type: "Done", value: 2}]' <<'END'
p1 a 0 10 {"type":"Push","value":1} []
p2 a 11 20 {"type":"Push","value":2} []
d1 c 21 30 {"type":"Pop"} [{"value":1}]
d2 c 31 40 {"type":"Pop"} [{"value":2}]
END
}

@test "kv, each key of which is a part of its own" {
  explained kv <<'END'
p1 a 0 10 {"type":"Put","key":"x","value":1} []
p2 b 0 10 {"type":"Put","key":"y","value":2} []
s1 c 0 20 {"type":"CompareAndSet","key":"x","expected":1,"value":3} [{"ok":true}]
d1 d 0 20 {"type":"Delete","key":"y"} [{"ok":false}]
g1 a 21 30 {"type":"Get","key":"y"} [{"value":2}]
d2 a 31 40 {"type":"Delete","key":"x"} []
g2 a 41 50 {"type":"Get","key":"x"} [{"value":null}]
END
  told '.[0].parts == 2'
  refuted kv g1 '.parts == 2 and .key == "y" and .prefix == ["p2"] and .state == 2' <<'END'
p1 a 0 10 {"type":"Put","key":"x","value":1} []
p2 b 0 10 {"type":"Put","key":"y","value":2} []
g1 a 21 30 {"type":"Get","key":"y"} [{"value":1}]
END
}

@test "another first state" {
  echo 'r1 a 0 1 {"type":"Read"} [{"value":[7]}]' | ops >history
  judge 1 --spec register <history
  judge 0 --spec register --initial '[7.0]' <history
  echo 'd1 a 0 1 {"type":"Dequeue"} [{"value":7}]' | ops >history
  judge 1 --spec queue --initial '[8,7]' <history
  judge 0 --spec stack --initial '[8,7]' < <(sed s/Dequeue/Pop/ history)
  run --separate-stderr timeout 60 pd-linearize --spec queue --initial '[' <history
  assert_status 2
  assert_stderr_has --initial
}

# --- Time ---

@test "operations that meet in the same microsecond are concurrent, those of one process are not" {
  explained register <<'END'
w1 a 0 10 {"type":"Write","value":1} []
r1 b 10 20 {"type":"Read"} [{"value":null}]
END
  refuted register r1 <<'END'
w1 a 0 10 {"type":"Write","value":1} []
r1 a 10 20 {"type":"Read"} [{"value":null}]
END
}

@test "the timeline shows what overlaps: of a refuted history always, of others with --timeline" {
  refuted register r1 '[.timeline[] | [.id, .place, .blocked, .return_us]]
    == [["w1", 1, null, 10], ["w2", null, null, null], ["r1", null, true, 20]]' <<'END'
w1 a 0 10 {"type":"Write","value":1} []
w2 b 5 null {"type":"Write","value":2} null
r1 a 10 20 {"type":"Read"} [{"value":3}]
END
  grep -v r1 history >right
  judge 0 --spec register <right
  told '.[0] | has("timeline") | not'
  judge 0 --spec register --timeline <right
  told '.[0] | [.timeline[].id] == ["w1", "w2"] and .unknown_outcomes == 1 and .order == ["w1"]'
}

@test "the timeline of a long history is cut around the problem" {
  {
    jq -nc 'range(1000) | {type: "op", id: "w\(.)", process: "a", call_us: (10 * .), return_us: (10 * . + 5),
      command: {type: "Write", value: .}, events: []}'
    echo 'r b 5000 5001 {"type":"Read"} [{"value":1}]' | ops
  } >history
  judge 1 --spec register <history
  told '.[0] | (.timeline | length == 200 and any(.blocked)) and .omitted == 801'
}

# --- Models ---

# bank: a model with keys; a transfer connects two.
write_bank() {
  cat >bank.jq <<'END'
module {"name": "bank"};
include "pd";
def init: {};
def commands: {Deposit: {args: {to: "a", amount: int(1; 9)}}, Move: {args: {from: "a", to: "b", amount: 1}}, Audit: {},
  Balance: {read_only: true, args: {of: "a"}}, Guess: {args: {of: "a"}}};
def key($c):
  if $c.type == "Move" then $c.from, $c.to elif $c.type == "Audit" then null
  elif $c.type == "Deposit" then $c.to else $c.of end;
def simulate_Deposit($c): {type: "Deposited", to: $c.to, amount: $c.amount};
def simulate_Move($c): {type: "Moved", from: $c.from, to: $c.to, amount: $c.amount};
def simulate_Balance($c): {type: "Told", balance: (.[$c.of] // 0)};
def legal_Guess($c; $events): ($events[0].balance - (.[$c.of] // 0)) | fabs <= 1;
def simulate_Audit($c): {type: "Audited", sum: (add // 0)};
def on_Deposited($e): .[$e.to] += $e.amount;
def on_Moved($e): .[$e.from] -= $e.amount | .[$e.to] += $e.amount;
END
}

@test "a model judges by legal, else by simulate, and folds" {
  write_bank
  ops >history <<'END'
d1 a 0 10 {"type":"Deposit","to":"a","amount":5} [{"type":"Deposited","to":"a","amount":5,"receipt":77}]
d2 b 0 10 {"type":"Deposit","to":"a","amount":3} [{"type":"Deposited","to":"a","amount":3,"receipt":78}]
b1 c 0 20 {"type":"Balance","of":"a"} [{"type":"Told","balance":3}]
g1 c 21 30 {"type":"Guess","of":"a"} [{"type":"Guessed","balance":9}]
END
  judge 0 -m bank.jq <history
  told '.[0] | .spec == "bank" and .order == ["d2", "b1", "d1", "g1"]'
  judge 1 -m bank.jq < <(sed s/:9/:10/ history)
  told '.[0] | .key == "a" and .state == {a: 8} and [.blocked[] | [.id, has("expected")]] == [["g1", false]]'
  judge 1 -m bank.jq < <(sed 's/:3}]/:4}]/' history)
  told '.[0] | any(.blocked[]; .id == "b1" and .expected == [{type: "Told", balance: (.state.a // 0)}])'
}

@test "what a model predicts is folded where the outcome is unknown" {
  write_bank
  ops >history <<'END'
d1 a 0 10 {"type":"Deposit","to":"a","amount":5} null
b1 c 20 30 {"type":"Balance","of":"a"} [{"type":"Told","balance":0}]
b2 c 31 40 {"type":"Balance","of":"a"} [{"type":"Told","balance":5}]
END
  judge 0 -m bank.jq <history
  told '.[0] | .unknown_outcomes == 1 and .order == ["b1", "d1", "b2"]'
  judge 1 -m bank.jq < <(sed 's/:5}]/:4}]/' history)
}

@test "key: parts are what no command connects; null touches all" {
  write_bank
  ops >history <<'END'
d1 a 0 10 {"type":"Deposit","to":"a","amount":5} [{"type":"Deposited","to":"a","amount":5}]
d2 b 0 10 {"type":"Deposit","to":"b","amount":3} [{"type":"Deposited","to":"b","amount":3}]
d3 c 0 10 {"type":"Deposit","to":"c","amount":1} [{"type":"Deposited","to":"c","amount":1}]
END
  judge 0 -m bank.jq <history
  told '.[0].parts == 3'
  echo 'm a 20 30 {"type":"Move","from":"a","to":"b","amount":2} [{"type":"Moved","from":"a","to":"b","amount":2}]' | ops >>history
  judge 0 -m bank.jq <history
  told '.[0].parts == 2'
  echo 'b c 31 40 {"type":"Balance","of":"b"} [{"type":"Told","balance":3}]' | ops | cat history - >wrong
  judge 1 -m bank.jq <wrong
  told '.[0] | .parts == 2 and (has("key") | not) and .state == {a: 3, b: 5} and .blocked[0].id == "b"'
  echo 's a 50 60 {"type":"Audit"} [{"type":"Audited","sum":9}]' | ops >>history
  judge 0 -m bank.jq <history
  told '.[0].parts == 1'
  judge 1 -m bank.jq < <(sed 's/:9}/:8}/' history)
}

@test "a model that lets every answer pass judges nothing" {
  printf 'module {"name": "free"};\ndef init: {};\ndef commands: {Go: {}};\ndef on_Gone($e): .;\n' >free.jq
  echo 'g a 0 1 {"type":"Go"} [{"type":"Gone"}]' | ops >history
  judge 2 -m free.jq <history
  assert_stderr_has "neither simulate nor legal"
  judge 0 -m free.jq --allow-vacuous <history
}

# --- Runs ---

# run_of RUN: a run with branches as pd-exec writes it. Two clients add to an account of 5, and each is told the sum;
# $suffix is what a balance after them is told.
run_of() {
  jq -nc --argjson run "$1" --argjson suffix "${suffix-12}" '
    def item($id; $command): {id: $id, command: $command};
    def done($n; $id; $branch; $call; $return; $command; $event):
      {type: "command", run: $run, id: $id} + $branch + {command: $command, call_us: $call, return_us: $return,
        outcome: "ok", attempts: 1},
      {type: "event", run: $run, id: $id} + $branch + {source: "command", event: $event, at_us: $return, n: $n};
    {type: "Add", amount: 5} as $first | {type: "Add", amount: 3} as $left | {type: "Add", amount: 4} as $right
    | {type: "Read"} as $read
    | {type: "run_start", run: $run, attempt: 1, nonce: "0000000000000000",
        sequence: {type: "sequence", run: $run, seed: 1, plan: ("0" * 64), prefix: [item("c1"; $first)],
          branches: [[item("c2"; $left)], [item("c3"; $right)]], suffix: [item("c4"; $read)]}},
      done(1; "c1"; {}; 0; 5; $first; {type: "Added", amount: 5, value: 5}),
      done(2; "c3"; {branch: 1}; 11; 19; $right; {type: "Added", amount: 4, value: 9}),
      done(3; "c2"; {branch: 0}; 10; 20; $left; {type: "Added", amount: 3, value: 12}),
      done(4; "c4"; {}; 30; 35; $read; {type: "Told", value: $suffix}),
      {type: "run_end", run: $run, attempt: 1, status: "pass", commands: 4, events: 4, fired: {}, duration_us: 40}'
}

write_sum() {
  cat >sum.jq <<'END'
module {"name": "sum"};
def init: 0;
def commands: {Add: {args: {amount: 1}}, Read: {read_only: true}};
def simulate_Add($c): {type: "Added", amount: $c.amount, value: (. + $c.amount)};
def simulate_Read($c): {type: "Told", value: .};
def on_Added($e): . + $e.amount;
END
}

@test "a run with branches: from the state after its prefix, the suffix after the branches" {
  write_sum
  run_of 7 >runs
  judge 0 -m sum.jq <runs
  told 'length == 1 and (.[0] | .run == 7 and .attempt == 1 and .spec == "sum" and .verdict == "linearizable"
    and .operations == 3 and .order == ["c3", "c2", "c4"] and (has("history") | not))'
  suffix=9 run_of 7 >runs
  judge 1 -m sum.jq <runs
  told '.[0] | .prefix == ["c3", "c2"] and .state == 12 and (.blocked | length == 1) and .blocked[0].id == "c4"'
}

@test "a run is judged by a type that is built in, its prefix with it" {
  run_of 7 >runs
  judge 0 --spec counter <runs
  told '.[0] | .operations == 4 and .order == ["c1", "c3", "c2", "c4"]'
}

@test "a command of a branch that was not answered has an unknown outcome" {
  write_sum
  run_of 1 | jq -c 'select(.type != "event" or .id != "c2")
    | if .type == "command" and .id == "c2" then .outcome = "timeout" elif .type == "event" and .n == 4 then .n = 3
      elif .type == "run_end" then .events = 3 else . end' >runs
  judge 0 -m sum.jq <runs
  told '.[0] | .unknown_outcomes == 1 and .order == ["c3", "c2", "c4"]'
  suffix=9 run_of 1 | jq -c 'select(.type != "event" or .id != "c2")
    | if .type == "command" and .id == "c2" then .outcome = "timeout" elif .type == "event" and .n == 4 then .n = 3
      elif .type == "run_end" then .events = 3 else . end' >runs
  judge 0 -m sum.jq <runs
  told '.[0].order == ["c3", "c4"]'
}

@test "runs without branches are passed on, and alone are nothing to judge" {
  write_sum
  run_of 1 | jq -c 'if .type == "run_start" then .sequence |= (.prefix += .branches[0] + .branches[1] | del(.branches)) else . end
    | del(.branch)' >linear
  judge 2 -m sum.jq <linear
  assert_stderr_has "no run had branches"
  diff linear <(grep -v '"type":"end"' out)
  [[ ! -s verdicts ]]
  judge 0 -m sum.jq --allow-vacuous <linear
  { cat linear && run_of 2; } >runs
  judge 0 -m sum.jq <runs
  told '[.[].run] == [2]'
}

@test "each verdict stands after the run that it is of" {
  write_sum
  { run_of 1 && suffix=9 run_of 2 && run_of 3; } >runs
  judge 1 -m sum.jq <runs
  diff <(jq -c 'select(.type == "run_end" or .type == "linearization") | [.type, .run, .verdict]' out) - <<'END'
["run_end",1,null]
["linearization",1,"linearizable"]
["run_end",2,null]
["linearization",2,"not_linearizable"]
["run_end",3,null]
["linearization",3,"linearizable"]
END
}

# --- Streams ---

@test "op records pass through unchanged, digit for digit, and other records too" {
  {
    printf '{ "type":"op", "call_us":0,"return_us":1, "command":{"type":"Write","value":10000000000000000000001}, "events":[], "note":"\\u00e9"}\n'
    printf '{"type":"remark",  "text":1.50}\n'
  } >input
  allow_unknown=(remark)
  judge 0 --spec register <input
  diff input <(head -n 2 out)
}

@test "several histories in one stream, by their names" {
  {
    echo 'w a 0 1 {"type":"Write","value":1} []' | ops | jq -c '.history = "first"'
    echo 'r a 2 3 {"type":"Read"} [{"value":1}]' | ops | jq -c '.history = "first"'
    echo 'r a 2 3 {"type":"Read"} [{"value":1}]' | ops | jq -c '.history = 2'
    echo 'r a 2 3 {"type":"Read"} [{"value":null}]' | ops
  } >input
  judge 1 --spec register <input
  told '[.[] | [.history, .verdict, .operations]] == [["first", "linearizable", 2], [2, "not_linearizable", 1], [null, "linearizable", 1]]'
  diff <(jq -r .type out) <(printf '%s\n' op op op linearization op linearization linearization end)
}

@test "files are one stream, and operations without id are numbered" {
  echo '{"type":"op","call_us":0,"return_us":1,"command":{"type":"Write","value":1},"events":[]}' >one
  echo '{"type":"op","call_us":2,"return_us":3,"command":{"type":"Read"},"events":[{"type":"Done","value":1}]}' >two
  judge 0 --spec register one two
  told '.[0].order == ["o1", "o2"]'
  judge 0 --spec register one - <two
  told '.[0].order == ["o1", "o2"]'
}

@test "the same input gives the same bytes" {
  hard 5 >history
  echo 'r r 900 901 {"type":"Pop"} [{"value":99}]' | ops >>history
  judge 1 --spec stack --timeline <history
  mv out first
  judge 1 --spec stack --timeline <history
  cmp first out
}

@test "nothing to judge is no success" {
  judge 2 --spec register </dev/null
  assert_stderr_has "nothing was judged"
  run --separate-stderr bash -c '"$PD_BIN/pd-linearize" --spec register <&-'
  assert_status 2
  assert_stderr_has "cannot read"
  run pd-linearize </dev/null
  assert_status 2
  run pd-linearize --spec register -m x.jq </dev/null
  assert_status 2
  run --separate-stderr pd-linearize --spec regster </dev/null
  assert_status 2
  assert_stderr_has "'register'"
}

# --- Orders ---

@test "orders are counted, found, and what time allows beside them" {
  ops >history <<'END'
w1 a 0 10 {"type":"Write","value":1} []
w2 b 0 10 {"type":"Write","value":2} []
w3 c 0 10 {"type":"Write","value":3} []
r1 d 11 12 {"type":"Read"} [{"value":1}]
END
  judge 0 --spec register --count --feasibility --all 5 <history
  told '.[0] | .count == "2" and .feasible == {orders: "6"} and .more_orders == false
    and (.orders | sort) == [["w2", "w3", "w1", "r1"], ["w3", "w2", "w1", "r1"]]'
  judge 0 --spec register --all 1 <history
  told '.[0] | (.orders | length == 1) and .more_orders and (has("count") or has("feasible") | not)'
  judge 1 --spec register --count --feasibility --all 1 < <(sed 's/:1}]/:4}]/' history)
  told '.[0] | .count == "0" and .feasible == {orders: "6"} and .orders == []'
}

@test "an operation of unknown outcome makes orders that have it and such that do not" {
  ops >history <<'END'
w1 a 0 10 {"type":"Write","value":1} []
w2 b 0 null {"type":"Write","value":2} null
END
  judge 0 --spec register --count --all 9 <history
  told '.[0] | .count == "3" and (.orders | sort) == [["w1"], ["w1", "w2"], ["w2", "w1"]]'
}

@test "large numbers of orders are counted exactly, or estimated where they are too many" {
  # Two clients with 50 calls each: 100 choose 50.
  jq -nc '("a", "b") as $process | range(50) | {type: "op", id: "\($process)\(.)", $process, call_us: 0, return_us: 0,
    command: {type: "Increment"}, events: []}' >history
  judge 0 --spec counter --count --feasibility <history
  told '.[0] | .count == "100891344545564193334812497256" and .feasible.orders == .count'
  # 12!, and 30!, which has the logarithm 32.42.
  jq -nc 'range(30) | {type: "op", id: "w\(.)", process: ., call_us: 0, return_us: 9, command: {type: "Write", value: .}, events: []}' >history
  judge 0 --spec register --count < <(head -n 12 history)
  told '.[0].count == "479001600"'
  judge 0 --spec register --feasibility --timeout 0.3s <history
  told '.[0].feasible | .log10 > 32.4 and .log10 < 32.45'
  judge 2 --spec register --count --max-memory 4MiB <history
  told '.[0] | .verdict == "linearizable" and (has("count") | not)'
  assert_stderr_has "too many to be counted"
}

@test "orders of a history that is longer than a stack is deep" {
  jq -nc 'range(60000) | {type: "op", id: "w\(.)", process: "a", call_us: ., return_us: (. + 1), command: {type: "Write", value: .}, events: []}' >history
  judge 0 --spec register --count --feasibility --all 2 <history
  told '.[0] | .count == "1" and .feasible.orders == "1" and (.orders | length) == 1 and (.orders[0] | length) == 60000'
}

# --- Limits ---

# hard N [KEY]: a history of a stack that no search gets through in a minute if N is 14.
hard() {
  jq -nc --argjson n "$1" --argjson key "${2-null}" '
    def op($id; $process; $call; $return; $command; $events):
      {type: "op", id: "\($key)\($id)", process: "\($key)\($process)", call_us: $call, return_us: $return, command: $command,
       events: $events} + if $key then {key: $key} else {} end;
    range($n)
    | op("u\(.)"; "u\(.)"; 0; 100; {type: "Push", value: .}; []),
      op("p\(.)"; "p\(.)"; 50; 100; {type: "Pop"}; [{type: "Done", value: .}]),
      op("q\(.)"; "q"; 200 + .; 200 + .; {type: "Pop"}; [{type: "Done", value: (. * 7 % $n)}]),
      op("w\(.)"; "w\(.)"; 0; null; {type: "Push", value: .}; null)'
}

@test "what takes too long is undecided after --timeout" {
  hard 14 >history
  judge 2 --spec stack --timeout 200ms <history
  told '.[0] | .verdict == "unknown" and (.reason | contains("0.2 s")) and (has("order") or has("prefix") | not) and .configurations > 0'
  assert_stderr_has "--timeout"
}

@test "what takes too much memory is undecided" {
  hard 14 >history
  judge 2 --spec stack --max-memory 4MiB <history
  told '.[0] | .verdict == "unknown" and (.reason | contains("4096 KiB"))'
}

@test "a history that is refuted wins over one that is undecided" {
  { hard 14 | jq -c '.history = 1' && echo 'r a 0 1 {"type":"Pop"} [{"value":1}]' | ops | jq -c '.history = 2'; } >history
  judge 1 --spec stack --timeout 200ms <history
  told '[.[].verdict] == ["unknown", "not_linearizable"]'
}

# keys N: stacks of so many keys, of which every hundredth is hopeless; all else is right.
keys() {
  jq -nc --argjson n "$1" 'range($n) as $key | select($key % 100 != 50)
    | {type: "op", id: "\($key)u", call_us: 0, return_us: 9, command: {type: "Push", value: $key}, events: [], $key},
      {type: "op", id: "\($key)p", call_us: 5, return_us: 19, command: {type: "Pop"}, events: [{type: "Done", value: $key}], $key}'
  local key
  for ((key = 50; key < $1; key += 100)); do hard 14 "$key"; done
}

# A search of its own finds this one out: no value was taken that nobody put in.
wrong_key() {
  ops <<'END' | jq -c '.key = 321'
321a a 20 25 {"type":"Push","value":"x"} []
321b a 26 30 {"type":"Push","value":"y"} []
321c b 31 35 {"type":"Pop"} [{"value":"x"}]
321d b 36 40 {"type":"Pop"} [{"value":"y"}]
END
}

@test "a wrong key among 500, some of which are hopeless, is found at once" {
  keys 500 >history
  judge 2 --spec stack --timeout 300ms <history
  wrong_key >>history
  judge 1 --spec stack --timeout 30s <history
  told '.[0] | .parts == 500 and .key == 321 and (.blocked[0].id == "321c")'
}

@test "--jobs gives the same verdicts" {
  keys 500 >history
  judge 2 --spec stack --timeout 300ms --jobs 2 <history
  wrong_key >>history
  judge 1 --spec stack --jobs 2 --timeout 30s <history
  told '.[0] | .verdict == "not_linearizable" and .key == 321'
  jq -c 'select(.key % 100 != 50 and .key != 321)' history >right
  judge 0 --spec stack --jobs 2 <right
  told '.[0] | .verdict == "linearizable" and .parts == 494 and (.order | length) == 988'
  write_bank
  jq -nc 'range(40) as $i | "k\($i % 8)" as $to | {type: "op", id: "d\($i)", process: $i, call_us: $i, return_us: ($i + 3),
    command: {type: "Deposit", $to, amount: 1}, events: [{type: "Deposited", $to, amount: 1}]},
    {type: "op", id: "b\($i)", process: $i, call_us: 100, return_us: 101, command: {type: "Balance", of: $to}, events: [{type: "Told", balance: 5}]}' >history
  judge 0 -m bank.jq --jobs 3 <history
  told '.[0] | .verdict == "linearizable" and .parts == 8'
  judge 1 -m bank.jq --jobs 3 < <(sed '$s/:5}/:4}/' history)
  told '.[0] | .verdict == "not_linearizable" and .key == "k7"'
}

# --- Signals ---

searches() { [[ $(cut -d ' ' -f 14 "/proc/$1/stat") -gt 20 ]]; }

@test "an interrupt ends a hard search with an end record" {
  hard 14 >history
  "$PD_BIN/pd-linearize" --spec stack --timeout 0 --max-memory 0 <history >out &
  local pid=$!
  wait_for searches "$pid"
  kill -INT "$pid"
  wait "$pid" || status=$?
  [[ $status == 130 ]]
  jq -c 'select(.type == "linearization")' out >verdicts
  told 'length == 1 and (.[0] | .verdict == "unknown" and .reason == "interrupted")'
  [[ $(tail -n 1 out | jq -c '[.type, .status]') == '["end",130]' ]]
}
