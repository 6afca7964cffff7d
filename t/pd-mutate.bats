#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-mutate: what is changed, what is noticed, what survived and which check should have seen it, another
# judge on the same mutants, live answers, trouble.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/exec
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# mutate [OPTION…] FILE: to out; sets status and stderr.
mutate() {
  run --separate-stderr pd-mutate "$@"
  printf '%s\n' "$output" >out
}

# assert_score FILTER: it is so of the one mutation record.
assert_score() { assert_json "map(select(.type == \"mutation\")) | length == 1 and (.[0] | $1)" out; }
# assert_mutants FILTER: of the array of mutant records.
assert_mutants() { assert_json "map(select(.type == \"mutant\")) | $1" out; }

# small_model: model.jq and events, of two accounts, where nothing reads the fee and the sum is checked.
small_model() {
  cat >model.jq <<'END'
include "pd";
def init: {total: 0, seen: {}};
def commands: {};
def on_Paid($e): .total += $e.amount | .seen[$e.to] = $e.label;
def check_total($e): .total == $e.total // fail("the total is \(.total)");
END
  jq -nc '[["a", 5, 5], ["b", 7, 12], ["a", 1, 13]][] as [$to, $amount, $total]
    | {type: "event", event: {type: "Paid", to: $to, amount: $amount, total: $total, fee: 3, label: "x\($amount)"}}' >events
}

# --- What is changed ---

@test "every operator and change is there, and no mutant says what the system said" {
  record_bank 6
  mutate "${bank[@]}" --all recorded
  assert_status 0
  assert_mutants 'map("\(.operator) \(.change)") | unique == (["boundary below_zero", "boundary blanks", "boundary largest",
    "boundary null", "boundary smallest", "boundary very_long", "event duplicate", "event retype", "event wrong_reference", "omission event",
    "omission field", "order early", "order late", "staleness older", "status answer", "value append", "value case",
    "value double", "value empty", "value halve", "value minus_one", "value negate", "value plus_one", "value truncate",
    "value zero"])'
  assert_mutants 'all(.[] | select(has("from") and has("to")); .from != .to) and map(.number) == [range(1; length + 1)]
    and ([.[] | select(.field) | {run, id, index, field, to, omitted: (has("to") | not)}] | length == (unique | length))'
}

@test "numbers, texts and booleans are changed as they are documented" {
  cat >model.jq <<'END'
include "pd";
def init: {};
def commands: {};
def on_Seen($e): .last = $e;
END
  jq -nc '{type: "event", event: {type: "Seen", n: 10, t: "Abc", b: true, o: {a: 1}, l: [1]}}' >events
  mutate -m model.jq --all events
  changes() { jq -c --arg field "$1" 'select(.type == "mutant" and .field == $field and .operator == "value") | [.change, .to]' out | sort | tr '\n' ' '; }
  [[ $(changes n) == '["double",20] ["halve",5] ["minus_one",9] ["negate",-10] ["plus_one",11] ["zero",0] ' ]]
  [[ $(changes t) == '["append","Abcx"] ["case","ABC"] ["empty",""] ["truncate","Ab"] ' ]]
  [[ $(changes b) == '["negate",false] ' && $(changes o) == '["empty",{}] ' && $(changes l) == '["empty",[]] ' ]]
  assert_mutants '[.[] | select(.field == "n" and .operator == "boundary").to] == [-1, 9007199254740991, -9007199254740991, null]'
  assert_mutants '[.[] | select(.field == "t" and .operator == "boundary").to | if . == null then null else length end] == [3, 4096, null]'
}

@test "a command that was never refused is refused as others are, and references are found deep in the state" {
  cat >model.jq <<'END'
include "pd";
def init: {bank: {accounts: {}}};
def on_Opened($e): .bank.accounts[$e.id] = 0;
END
  jq -nc '[["Open", {id: "a"}, {type: "Opened", id: "a"}], ["Open", {id: "b"}, {type: "Opened", id: "b"}], ["Pay", {id: "a"}, {type: "Refused", command: "Pay"}],
      ["Close", {id: "b"}, {type: "Refused", command: "Close"}]] | to_entries[] | "c\(.key)" as $id | .value as [$type, $arguments, $event]
    | {type: "command", run: 1, $id, command: ({$type} + $arguments), outcome: "ok"}, {type: "event", run: 1, $id, source: "command", $event}' >steps
  mutate -m model.jq --all steps
  assert_mutants '[.[] | select(.operator == "status") | [.id, .to[0]]] == [["c0", {type: "Refused", command: "Open"}], ["c1", {type: "Refused", command: "Open"}]]'
  assert_mutants '[.[] | select(.change == "wrong_reference") | [.from, .to]] == [["b", "a"]]'
}

@test "a sample is drawn by the seed, of each answer alike" {
  record_bank 6
  mutate "${bank[@]}" --all --sample 4 -s 7 recorded
  assert_mutants 'group_by([.run, .id]) | length > 20 and all(.[]; length == 4)'
  cp out first
  mutate "${bank[@]}" --all --sample 4 -s 7 recorded
  cmp out first
  mutate "${bank[@]}" --all --sample 4 -s 8 recorded
  run -1 cmp -s out first
}

# --- What is noticed ---

@test "a lie that a check reads is killed, one that only the state reads survives, one that nothing reads does not count" {
  small_model
  mutate -m model.jq --all events
  assert_status 0
  assert_mutants 'all(.[] | select(.field == "amount"); .verdict == "killed" and .killed_by.name == "total" or .killed_by.kind == "model_error")'
  assert_mutants 'all(.[] | select(.field == "total"); .verdict == "killed")'
  assert_mutants 'any(.field == "fee") and all(.[] | select(.field == "fee"); .verdict == "equivalent")'
  assert_mutants '[.[] | select(.field == "label" and .verdict == "survived")] | length > 5 and all(.[]; .checks == [] and (.state[0] | startswith(".seen")))'
  assert_score '.score == (.killed / (.killed + .survived)) and .mutants == .killed + .survived + .equivalent
    and .fields["Paid.fee"].killed == 0 and (.fields["Paid.fee"] | has("score") | not) and .killers["check_failed total"] > 10'
  assert_score '.survivors | map(.field) | index("label") == 0 and index("fee") == null'
}

@test "a field that a check looks at, and takes anything for, survived and is no equivalent" {
  small_model
  cat >>model.jq <<'END'
def check_fee($e): $e.fee >= 0;
END
  mutate -m model.jq --all events
  assert_mutants '.[] | select(.field == "fee" and .change == "plus_one") | .verdict == "survived" and .checks == ["fee"] and (has("state") | not)'
  assert_mutants '.[] | select(.field == "fee" and .change == "negate").killed_by == {kind: "check_failed", name: "fee"}'
}

@test "a lie that shows only later, or at the end, is noticed there" {
  small_model
  sed -i '1i module {"triggers": {"total": {"every": {"n": 3, "of": "Paid"}}, "labels": {"at": "end"}}};' model.jq
  echo 'def check_labels($e): all(.seen[]; startswith("x"));' >>model.jq
  mutate -m model.jq --all events
  assert_mutants 'all(.[] | select(.field == "amount" and .operator == "value"); .killed_by.name == "total")'
  assert_mutants 'map(select(.field == "label" and .change == "empty").verdict) == ["survived", "killed", "killed"]'
}

@test "what the bank's checks notice is more than nine tenths, and predictions notice nearly all" {
  record_bank
  mutate "${bank[@]}" --target 0.9 recorded
  assert_status 0
  assert_score '.score >= 0.9 and .target == 0.9 and .mutants > 10000 and .equivalent > 1000'
  printf '# the score of toybank.jq: %s\n' "$(jq 'select(.type == "mutation") | .score * 1000 | round / 1000' out)" >&3
  mutate "${bank[@]}" --conform --sample 8 --target 0.98 recorded
  assert_status 0
}

@test "pd-check comes to the same on the runs that --emit writes" {
  record_bank 5
  pd-mutate "${bank[@]}" --emit --sample 3 recorded >emitted
  for options in '' --conform; do
    # shellcheck disable=SC2086 # one word or none
    pd-mutate "${bank[@]}" --all --sample 3 $options recorded |
      jq -c 'select(.type == "mutant") | [.number, .killed_by.kind, (.killed_by | select(.kind != "model_error").name)]' >mutated
    # shellcheck disable=SC2086 # one word or none
    pd-check "${bank[@]}" $options emitted | jq -c 'select(.type == "run_end")
      | [.run, .failure.kind, (.failure | select(.kind != "model_error").name)]' >judged
    diff mutated judged
    (($(wc -l <judged) > 250))
  done
  "$PD_ROOT/t/lib/validate-records" --stream emitted
  jq -es 'map(select(.type == "mutant")) | length > 250 and all(.[]; has("verdict") | not)' emitted >/dev/null
}

# --- Live answers ---

@test "live answers are falsified, later commands use what they say, and the verdicts are those of folding" {
  start_counter
  counter=(-m "$examples/counter.jq")
  exec=(pd-exec "${counter[@]}" -a "$examples/counter-http.jq" -u "$COUNTER_URL")
  pd-gen "${counter[@]}" -n 3 -s 1 --max-commands 8 | "${exec[@]}" >recorded
  mutate "${counter[@]}" --all --rerun recorded -- "${exec[@]}"
  assert_status 0
  assert_mutants 'length > 100 and all(.[]; .operator | IN("value", "boundary", "omission", "event"))'
  cp out live
  mutate "${counter[@]}" --all recorded
  jq -c 'select(.type == "mutant" and (.operator | IN("value", "boundary", "omission"))) | [.run, .id, .field, .change, .verdict]' out >folded
  jq -c 'select(.type == "mutant" and (.operator | IN("value", "boundary", "omission"))) | [.run, .id, .field, .change, .verdict]' live >lived
  diff folded lived
  assert_json 'map(select(.type == "mutation"))[0].unapplied == 0' live
}

@test "pd-exec falsifies the one answer that a sequence's mutant is about, and says when it cannot" {
  start_counter
  exec=(pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL" --checks record)
  plan '{"type": "Increment", "by": 5}' '{"type": "Increment", "by": 5}' |
    jq -c '.mutant = {id: "c2", operator: "value", change: "double", index: 0, event: "Incremented", field: "value"}' >plans
  run --separate-stderr "${exec[@]}" plans
  printf '%s\n' "$output" >out
  assert_that 'events | map(.value) == [5, 20]'
  jq -c '.mutant.field = "nothing"' plans >other
  run --separate-stderr "${exec[@]}" other
  assert_status 2
  printf '%s\n' "$output" >out
  assert_that 'failures[0] | .kind == "adapter_error" and (.message | test("mutant"))'
}

# --- The stream ---

@test "the stream is passed on, survivors stand after their run, and every format tells the score" {
  record_bank 3
  mutate "${bank[@]}" --sample 5 recorded
  diff <(grep -v '"type":"stream"\|"type":"end"' recorded) <(grep -v '"type":"stream"\|"type":"end"\|"type":"mutant"\|"type":"mutation"' out)
  assert_mutants 'length > 0 and all(.[]; .verdict == "survived")'
  "$PD_ROOT/t/lib/validate-records" --stream out
  pd-report out >report
  grep -q '^mutation score [0-9.]*%: ' report && grep -q '^  What survived:' report
  run -1 grep -q 'not shown' report
  for format in terminal compact markdown; do
    pd-mutate "${bank[@]}" --sample 5 --format "$format" recorded >text
    grep -qi 'mutation' text || fail "$format: $(<text)"
  done
}

@test "a score below the target is the answer no" {
  small_model
  mutate -m model.jq --target 0.99 events
  assert_status 1
  run -1 --separate-stderr pd-mutate -m model.jq --target 0.99 --format terminal events
  assert_output_has 'MUTATION SCORE'
  mutate -m model.jq --target 0.5 events
  assert_status 0
}

@test "what the data say cannot take the terminal over" {
  small_model
  jq -c '.event.label = "\u001b[31m\u0007"' events >evil
  pd-mutate -m model.jq --format terminal evil >text
  run -1 grep -q $'[\x1b\x07]' text
  grep -q label text
}

# --- Trouble ---

@test "runs that failed are left out, those that do not pass by this model are a problem, and none at all too" {
  mutate -m "$examples/counter.jq" </dev/null
  assert_status 2
  [[ $stderr == *'nothing was mutated'* ]]
  small_model
  jq -c '.event.total += 1' events >wrong
  mutate -m model.jq wrong
  assert_status 2
  [[ $stderr == *'1 of 1 runs do not pass by this model'* ]]
  record_bank 2
  sed 's/"status":"pass"/"status":"fail"/' recorded >failed
  mutate "${bank[@]}" failed
  assert_status 2
  [[ $stderr == *'no run passed'* ]]
}

@test "options that do not go together are refused" {
  run -2 --separate-stderr pd-mutate "${bank[@]}" --emit --rerun -- pd-exec
  [[ $stderr == *'--emit and --rerun'* ]]
  run -2 --separate-stderr pd-mutate "${bank[@]}" -- pd-exec
  [[ $stderr == *'--rerun'* ]]
  run -2 --separate-stderr pd-mutate "${bank[@]}" --target 2
}
