#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-explain: the roles of commands and the isolated trigger, of systems whose bug is a rule.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/explain

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# A bank in three commands, which lets an account in EUR go below zero once it had three credits.
bank() {
  model '{MakeAccount: {args: {currency: oneof(["USD", "EUR"])}},
    Credit: {args: {account: oneof(.made), amount: int(1; 100)}},
    Debit: {args: {account: oneof(.made), amount: int(1; 100)}}}'
  rule 'c["type"] == "Debit" and run[0].get("currency") == "EUR" and types.count("Credit") >= 3 and c["amount"] > sum(x["amount"] for x in run if x["type"] == "Credit")'
}
bank_plan=('{"type":"MakeAccount","currency":"EUR"}'
  '{"type":"Credit","account":"@c1.made","amount":1}' '{"type":"Credit","account":"@c1.made","amount":1}'
  '{"type":"Credit","account":"@c1.made","amount":1}' '{"type":"Debit","account":"@c1.made","amount":4}')

# --- Roles ---

@test "a debit of 4 from an account in EUR with three credits of 1: 3 passes, and so does USD" {
  bank
  explain_plan "${bank_plan[@]}"
  assert_roles 'c1 dependency, c2 context, c3 context, c4 context, c5 trigger'
  assert_isolated 'c5 .amount 4 3' 'c4 .amount 1 2' 'c3 .amount 1 2' 'c2 .amount 1 2' 'c1 .currency "EUR" "USD"'
  assert_json 'map(select(.type == "explanation"))[0] | .stopped == "complete" and .trigger.change == -1 and .trigger.below == 3
    and (.trigger | has("above") | not) and (.trigger.others[0] | .change == 1 and .above == 2 and (has("below") | not))
    and .failure.name == "good" and .failure.id == "c5" and .seed == 7 and .run == 1 and (.shrunk | not)' out
}

@test "each command says what it uses, who uses it, what it changes and what happens without it" {
  bank
  explain_plan "${bank_plan[@]}"
  assert_json 'map(select(.type == "explanation"))[0].commands | .[0] as $make | .[1] as $credit | .[4] as $debit
    | ($make.used_by | map(.id)) == ["c2", "c3", "c4", "c5"] and all($make.used_by[]; .argument == ".account")
      and $make.without == {outcome: "passes", removed_as_well: ["c2", "c3", "c4", "c5"]}
      and $make.changes == [{path: ".made[0]", after: "id-1"}]
      and $make.reason == "makes the made that c2, c3, c4 and c5 use; it is context as well: its .currency matters, see below"
      and $credit.uses == [{id: "c1", field: "made"}] and $credit.without == {outcome: "passes"}
      and $credit.reason == "nothing refers to it, but without it the run passes" and ($credit | has("changes") | not)
      and $debit.reason == "check good fails at this command" and $debit.changes == [{path: ".bad", before: false, after: true}]' out
}

@test "a chain of references: each command makes what the next one uses" {
  model '{MakeA: {}, MakeB: {args: {of: oneof(.made)}}, MakeC: {args: {of: oneof(.made)}}, Use: {args: {of: oneof(.made)}}}'
  rule 'c["type"] == "Use" and "MakeC" in types'
  explain_plan '{"type":"MakeA"}' '{"type":"MakeB","of":"@c1.made"}' '{"type":"MakeC","of":"@c2.made"}' '{"type":"Use","of":"@c3.made"}'
  assert_roles 'c1 dependency, c2 dependency, c3 dependency, c4 trigger'
  assert_json 'map(select(.type == "explanation"))[0] | (.commands[0].without.removed_as_well) == ["c2", "c3", "c4"]
    and (has("trigger") | not) and .variations.passes == 4' out
  run -0 pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has 'No change of a single argument makes the failure go away.'
}

@test "what the failure does not need is unneeded, and its arguments are left alone" {
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, MakeC: {}, D: {args: {c: oneof(.made)}}}'
  rule 'c["type"] == "B" and c["n"] > 5'
  explain_plan '{"type":"A","n":9}' '{"type":"MakeC"}' '{"type":"D","c":"@c2.made"}' '{"type":"B","n":6}'
  assert_roles 'c1 unneeded, c2 unneeded, c3 unneeded, c4 trigger'
  assert_isolated 'c4 .n 6 5'
  assert_json 'map(select(.type == "explanation"))[0].commands[1] | .without == {outcome: "fails", removed_as_well: ["c3"]}
    and .reason == "the failure comes without it and without c3, which needs it"' out
  jq -es 'all(.[].prefix[]; .command | .type != "A" or .n == 9)' executed
}

@test "what is made and not needed by its users alone is context as well" {
  model '{MakeA: {}, B: {args: {a: oneof(.made)}}, C: {}}'
  rule 'c["type"] == "C" and "MakeA" in types'
  explain_plan '{"type":"MakeA"}' '{"type":"B","a":"@c1.made"}' '{"type":"C"}'
  assert_roles 'c1 dependency, c2 unneeded, c3 trigger'
  assert_json 'map(select(.type == "explanation"))[0].commands[0].reason
    == "makes the made that c2 uses; it is context as well: the failure comes without c2, but without this command the run passes"' out
}

@test "a failure at the end has the last command as trigger without which the run passes" {
  model '{A: {args: {n: int(0; 9)}}, B: {args: {n: int(0; 9)}}}'
  sed -i 's/{"every": "Done"}/{"at": "end"}/; s/\.bad = \$e\.bad/.bad = (.bad or $e.bad)/' model.jq
  rule 'c["type"] == "A" and c["n"] > 3'
  explain_plan '{"type":"A","n":1}' '{"type":"A","n":4}' '{"type":"B","n":1}'
  assert_roles 'c1 unneeded, c2 trigger, c3 unneeded'
  assert_isolated 'c2 .n 4 3'
  assert_json 'map(select(.type == "explanation"))[0] | (.failure | has("id") | not)
    and (.commands[1].reason | test("fails at the end; this is the last command without which it does not"))' out
  run -0 pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has 'WHY check good failed, at the end of the run'
}

@test "what the model does not allow without a command is said" {
  model '{Open: {}, Use: {when: (.open == true), args: {n: int(0; 9)}}}' 'def on_Open($c): .open = true;'
  rule 'c["type"] == "Use" and c["n"] > 2'
  explain_plan '{"type":"Open"}' '{"type":"Use","n":3}'
  assert_roles 'c1 context, c2 trigger'
  assert_json 'map(select(.type == "explanation"))[0].commands[0] | .without.outcome == "refused" and .without.refused.id == "c2"
    and .reason == "nothing refers to it, but the model does not allow c2 without it"' out
  jq -es 'all(.[]; .prefix == [] or .prefix[0].command.type == "Open")' executed
}

@test "without a command the run may fail in another way, which is told and does not count as passing" {
  model '{A: {}, B: {}}' 'def check_quiet($e): .loud | not; def on_B($c): .loud = true;'
  sed -i 's/"triggers": {/&"quiet": {"every": "Done"}, /' model.jq
  rule 'c["type"] == "B" and "A" in types'
  explain_plan '{"type":"A"}' '{"type":"B"}'
  assert_roles 'c1 context, c2 trigger'
  assert_json 'map(select(.type == "explanation"))[0] | .variations.fails_differently == 1 and (.commands[0].without
    | .outcome == "fails_differently" and .failure.name == "quiet" and .failure.id == "c2")' out
}

@test "setup and teardown stay and have no roles; what the setup made is used" {
  model '{B: {args: {n: int(0; 9)}}, C: {args: {of: oneof(.made)}}}' 'def setup: [{type: "MakeLogin"}]; def teardown: [{type: "Out"}];'
  rule 'c["type"] == "B" and c["n"] > 3 and "C" in types'
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), setup: [{id: "s1", command: {type: "MakeLogin"}}],
    prefix: [{id: "c1", command: {type: "C", of: "@s1.made"}}, {id: "c2", command: {type: "B", n: 4}}], suffix: [],
    teardown: [{id: "t1", command: {type: "Out"}}]}' >plans
  "${executor[@]}" --report plans >failing.ndjson || :
  write_executor "${executor[@]}"
  explain
  assert_status 0
  assert_roles 'c1 context, c2 trigger'
  assert_isolated 'c2 .n 4 3'
  assert_json 'map(select(.type == "explanation"))[0].commands[0].uses == [{id: "s1", field: "made"}]' out
  jq -es 'all(.[]; (.setup | length) == 1 and (.teardown | length) == 1)' executed
}

@test "commands of branches are tried like others, and the text says what that is worth" {
  model '{A: {}, B: {args: {n: int(0; 9)}}, C: {}}'
  rule 'c["type"] == "B" and c["n"] > 3 and "A" in types'
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [], branches: [[{id: "c1", command: {type: "A"}}],
    [{id: "c2", command: {type: "C"}}]], suffix: [{id: "c3", command: {type: "B", n: 4}}]}' >plans
  "${executor[@]}" --report plans >failing.ndjson || :
  write_executor "${executor[@]}"
  explain
  assert_status 0
  assert_roles 'c1 context, c2 unneeded, c3 trigger'
  assert_json 'map(select(.type == "explanation"))[0].commands | map(.branch) == [0, 1, null]' out
  run -0 pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has '[branch 0]'
  assert_output_has 'Commands of branches ran at the same time'
}

# --- The isolated trigger ---

# only_b GENERATOR RULE VALUE: a command B whose argument x the generator makes.
only_b() {
  model "{B: {args: {x: $1}}}"
  rule "$2"
  explain_plan "{\"type\":\"B\",\"x\":$3}"
}

@test "a number: the nearest that passes, below and above, however far" {
  only_b 'int(0; 1000000)' '5000 <= c["x"] < 70000' 61234
  assert_isolated 'c1 .x 61234 70000'
  assert_json 'map(select(.type == "explanation"))[0].trigger | .below == 4999 and .above == 70000 and .change == 8766' out
}

@test "a number at the end of what its generator gives is looked into on one side" {
  only_b 'int(5; 90)' 'c["x"] < 80' 5
  assert_isolated 'c1 .x 5 80'
  jq -es 'all(.[].prefix[].command; .x >= 5 and .x <= 90)' executed
}

@test "a number that only fails itself passes on both sides" {
  only_b 'int(-100; 100)' 'c["x"] == -7' -7
  assert_json 'map(select(.type == "explanation"))[0].trigger | .below == -8 and .above == -6 and .passes_with == -8' out
}

@test "a number with decimals goes in steps of its last one" {
  only_b 'float(0; 10)' 'c["x"] > 2.2' 2.25
  assert_isolated 'c1 .x 2.25 2.2'
}

@test "numbers of several generators count together" {
  only_b 'frequency([[15, int(1; 300)], [1, int(1; 8000000000)]])' 'c["x"] < 2**31' 7
  assert_isolated 'c1 .x 7 2147483648'
}

@test "a number that never passes has no part in it" {
  only_b 'int(0; 100000)' 'True' 3
  assert_isolated
  assert_json 'map(select(.type == "explanation"))[0] | (has("trigger") | not) and .variations.fails > 10' out
}

@test "a choice: each other one is tried" {
  only_b 'oneof(["a", "b", "c", "d"])' 'c["x"] in "bd"' '"d"'
  assert_isolated 'c1 .x "d" "a"'
  assert_json 'map(select(.type == "explanation"))[0].trigger.change == "2 of 3 other choices"' out
}

@test "a boolean: the other one" {
  only_b 'bool' 'c["x"]' true
  assert_isolated 'c1 .x true false'
}

@test "null, where a value is optional" {
  only_b 'optional(int(3; 9))' 'c["x"] is not None' 3
  assert_isolated 'c1 .x 3 null'
}

@test "text: one character shorter, empty, plain" {
  only_b 'string(0; 20)' 'len(c["x"]) > 4' '"abcde"'
  assert_isolated 'c1 .x "abcde" "abcd"'
  only_b 'string(0; 20)' 'c["x"].startswith("x")' '"xy"'
  assert_isolated 'c1 .x "xy" ""'
  only_b 'string(2; 20)' '"@" in c["x"]' '"@@aa"'
  assert_isolated 'c1 .x "@aa" "aaa"'
  assert_json 'map(select(.type == "explanation"))[0].trigger.change == "plain characters"' out
}

@test "a pattern's text: only what the pattern gives" {
  only_b 'pattern("[a-z]{3}[0-9]?")' 'c["x"][-1] == "7"' '"abc7"'
  assert_isolated 'c1 .x "abc7" "abc"'
}

@test "a time: the earliest and the latest" {
  only_b 'timestamp("2026-01-01T00:00:00Z"; "2026-12-31T00:00:00Z")' 'c["x"] < "2026-06"' '"2026-01-01T00:00:00Z"'
  assert_isolated 'c1 .x "2026-01-01T00:00:00Z" "2026-12-31T00:00:00Z"'
}

@test "a list: without one element, and by its elements" {
  only_b 'list(int(0; 9); 0; 5)' '7 in c["x"]' '[1,7,2]'
  assert_isolated 'c1 .x[1] 7 6' 'c1 .x [1,7,2] [1,2]'
  assert_json 'map(select(.type == "explanation"))[0].trigger.others[0].change == "without element 1"' out
}

@test "a field of an object, named as jq names it" {
  only_b '{"a b": int(0; 9), c: oneof([1, 2])}' 'c["x"]["a b"] > 2 and c["x"]["c"] == 2' '{"a b":3,"c":2}'
  assert_isolated 'c1 .x["a b"] 3 2' 'c1 .x.c 2 1'
}

@test "a reference: another one that exists there" {
  model '{MakeA: {args: {n: int(0; 9)}}, Use: {args: {of: oneof(.made)}}}'
  rule 'c["type"] == "Use" and c["of"] == "id-2"'
  explain_plan '{"type":"MakeA","n":0}' '{"type":"MakeA","n":0}' '{"type":"Use","of":"@c2.made"}'
  assert_roles 'c1 context, c2 dependency, c3 trigger'
  assert_isolated 'c3 .of "@c2.made" "@c1.made"'
  assert_json 'map(select(.type == "explanation"))[0].trigger.change == "the other reference"' out
}

@test "the least change counts, of equal ones that of the trigger, and numbers before choices" {
  model '{A: {args: {n: int(0; 99), c: bool}}, B: {args: {n: int(0; 99)}}}'
  rule 'c["type"] == "B" and c["n"] >= 10 and any(x["type"] == "A" and x["n"] >= 40 and x["c"] for x in run)'
  explain_plan '{"type":"A","n":40,"c":true}' '{"type":"B","n":10}'
  assert_isolated 'c1 .n 40 39' 'c2 .n 10 9' 'c1 .c true false'
  rule 'c["type"] == "B" and c["n"] >= 10 and any(x["type"] == "A" and x["n"] >= 10 and x["c"] for x in run)'
  explain_plan '{"type":"A","n":10,"c":true}' '{"type":"B","n":10}'
  assert_isolated 'c2 .n 10 9' 'c1 .n 10 9' 'c1 .c true false'
}

@test "a value with which it fails in another way does not pass" {
  model '{A: {args: {n: int(0; 99)}}}' 'def check_small($e): .last <= 90;'
  sed -i 's/"triggers": {/&"small": {"every": "Done"}, /; s/def on_Done.*/def on_A($c): .last = $c.n; def on_Done($e): .bad = $e.bad;/' model.jq
  rule 'c["n"] % 10 == 7'
  explain_plan '{"type":"A","n":97}'
  assert_isolated 'c1 .n 97 90'
  assert_json 'map(select(.type == "explanation"))[0] | .variations.fails_differently > 2 and (.trigger | has("above") | not)' out
}

@test "what the model would not have generated is never executed" {
  model '{MakeThing: {}, Fill: {args: {thing: oneof(.made), n: int(5; 50)}}, Break: {when: (.made | length > 1), args: {thing: oneof(.made)}}}'
  rule 'c["type"] == "Break"'
  explain_plan '{"type":"MakeThing"}' '{"type":"MakeThing"}' '{"type":"Fill","thing":"@c1.made","n":5}' '{"type":"Break","thing":"@c2.made"}'
  assert_roles 'c1 dependency, c2 dependency, c3 unneeded, c4 trigger'
  assert_json 'map(select(.type == "explanation"))[0].commands[0].reason | test("context as well: the failure comes without c3, but without this command the model does not allow c4")' out
  jq -es 'all(.[].prefix; (map(.command.type) | index("Break")) as $break | $break == null or (.[:$break] | map(select(.command.type == "MakeThing")) | length) > 1)' executed
}

@test "of many changes of the state the first hundred are told, and how many more there are" {
  model '{Big: {}, B: {}}' 'def on_Big($c): .made += [range(150) | tostring];'
  rule 'c["type"] == "B" and "Big" in types'
  explain_plan '{"type":"Big"}' '{"type":"B"}'
  assert_json 'map(select(.type == "explanation"))[0].commands[0] | .role == "context" and (.changes | length) == 100
    and .more_changes == 50 and .changes[99] == {path: ".made[99]", after: "99"}' out
  run -0 pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has '            adds .made[5]: "5"'
  assert_output_has '            and 144 more changes'
}

# --- Text ---

@test "many commands that the failure does not need take a line together, and many ids are cut" {
  model '{MakeA: {}, C: {args: {a: oneof(.made)}}, B: {}}'
  rule 'c["type"] == "B" and "MakeA" in types'
  local commands=('{"type":"MakeA"}')
  for _ in 1 2 3 4 5 6 7 8 9 10 11; do commands+=('{"type":"C","a":"@c1.made"}'); done
  explain_plan "${commands[@]}" '{"type":"B"}'
  run -0 pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has 'dependency: makes the made that c2, c3, c4, c5, c6, c7, c8, c9 and 3 more use; it is context as well'
  assert_output_has '    unneeded: the failure comes without each of c2 C, c3 C, c4 C, c5 C, c6 C, c7 C, c8 C, c9 C, c10 C, c11 C, c12 C'
  [[ $(grep -c '^    c' <<<"$output") == 1 ]]
}

@test "the text for a terminal, whole" {
  bank
  explain_plan "${bank_plan[@]}"
  run -0 --separate-stderr pd-explain --format terminal -m model.jq failing.ndjson -- tee_to_executor
  diff - <(printf '%s\n' "$output") <<'END'

WHY check good failed
  check good does not hold

  5 commands; run 1, seed 7:
    c1    MakeAccount {currency: "EUR"}
          dependency: makes the made that c2, c3, c4 and c5 use; it is context as well: its .currency matters, see below
    c2    Credit {account: "@c1.made", amount: 1}
          context: nothing refers to it, but without it the run passes
    c3    Credit {account: "@c1.made", amount: 1}
          context: nothing refers to it, but without it the run passes
    c4    Credit {account: "@c1.made", amount: 1}
          context: nothing refers to it, but without it the run passes
  > c5    Debit {account: "@c1.made", amount: 4}
          trigger: check good fails at this command
            changes .bad: false -> true

  The failure goes away when one argument changes:
    c5 Debit .amount: 4 fails, 3 passes
  or when
    c4 Credit .amount: 1 fails, 2 passes
    c3 Credit .amount: 1 fails, 2 passes
    c2 Credit .amount: 1 fails, 2 passes
    c1 MakeAccount .currency: "EUR" fails, "USD" passes

  20 executions: of 18 variations 10 passed and 8 failed in the same way.
  The sequence was not shrunk: pd-shrink makes it smaller, and what is told here clearer.
END
}

@test "colors only when asked for, and the formats compact and markdown" {
  bank
  explain_plan "${bank_plan[@]}"
  run -0 pd-explain --format terminal --color always -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has $'\e[32mc5 Debit .amount: 4 fails, 3 passes\e[0m'
  run -0 pd-explain --format compact -m model.jq failing.ndjson -- tee_to_executor
  [[ $output == 'WHY run=1 seed=7 kind=check_failed name=good roles=c1:dependency,c2:context,c3:context,c4:context,c5:trigger executions=20 stopped=complete: c5 Debit .amount: 4 fails, 3 passes' ]] || fail "$output"
  run -0 pd-explain --format markdown -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has '| **c5** | `Debit {account: "@c1.made", amount: 4}` | trigger | check good fails at this command | `- .bad: false`<br>`+ .bad: true` |'
  assert_output_has '- `c5 Debit .amount: 4 fails, 3 passes`'
  run -2 pd-explain --format terminals -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has "there is no format 'terminals'"
}

@test "data that would take the terminal over is shown as JSON writes it" {
  model '{B: {args: {x: string(0; 9)}}}'
  rule 'c["x"].startswith("\x1b")'
  explain_plan '{"type":"B","x":"\u001b[2J"}'
  for format in terminal markdown compact; do
    run -0 pd-explain --format "$format" -m model.jq failing.ndjson -- tee_to_executor
    [[ $output != *$'\e'* ]]
    assert_output_has '\u001b'
  done
}
