#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-model: what it finds wrong with a model, and what it shows of one.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq are written in quotes

load lib/helper

setup() {
  pd_setup
  examples=$PD_ROOT/share/pd/examples
}

teardown() {
  pd_teardown
}

# model [SED-SCRIPT [LINE…]]: a sound model in m.jq, changed by the script, with the lines added from line 8 on.
model() {
  sed "${1-}" >m.jq <<'EOF'
module {"name": "m", "triggers": {"n": {"every": "event"}}};
include "pd";
def init: {n: 0};
def commands: {Add: {args: {by: int(1; 5)}}};
def simulate_Add($c): {type: "Added", by: $c.by, id: external};
def on_Added($e): .n += $e.by;
def check_n($e): .n >= 0;
EOF
  (($# < 2)) || printf '%s\n' "${@:2}" >>m.jq
}

# adapter LINE…: in a.jq.
adapter() { printf '%s\n' 'include "pd";' "$@" >a.jq; }

# finds STATUS TEXT [OPTION…]: validate tells this and ends with this status.
finds() {
  run "-$1" --separate-stderr pd-model validate -m m.jq "${@:3}"
  [[ -z $stderr ]] || fail "stderr: $stderr"
  grep -qF -- "$2" <<<"$output" || fail "not found: $2" "$output"
}

# says_only TEXT: the last validate's findings were this one.
says_only() { [[ ${#lines[@]} == 2 && ${lines[0]} == "$1" ]] || fail "not only: $1" "$output"; }

# --- validate ---

@test "a good model is just called valid, with --strict too" {
  model
  run -0 --separate-stderr pd-model validate --strict -m m.jq
  [[ $output == 'm.jq: valid: 0 errors, 0 warnings' && -z $stderr ]]
}

@test "a syntax error and an undefined name are told with their lines" {
  model '6s/(/((/'
  finds 1 'm.jq:6: error: syntax error'
  finds 1 'm.jq: not valid: 1 error, 0 warnings'
  model '4s/int(/itn(/'
  finds 1 'm.jq:4: error: itn/2 is not defined'
}

@test "a model needs init and commands" {
  model 3d
  finds 1 'm.jq: error: the model has no function init'
  model 4d
  finds 1 'm.jq: error: the model has no function commands'
}

@test "misspelt keys of metadata and of a command's entry are errors with a suggestion" {
  model 's/"triggers"/"trigers"/'
  finds 1 "unknown key 'trigers'"
  finds 1 "did you mean 'triggers'?"
  model 's/{args/{wieght: 2, args/'
  finds 1 "m.jq:4: error: commands/0: unknown key 'wieght' in the entry of Add (did you mean 'weight'?)"
  model 's/"every"/"evry"/'
  finds 1 'm.jq:1: error: '
}

@test "a trigger that names nothing is told, with the line of the module directive" {
  model '1s/"event"/["Adedd", "Add"]/'
  finds 0 "m.jq:1: warning: the trigger of check n names Adedd, which is neither a command nor a predicted event (did you mean 'Added'?)"
  finds 1 Adedd --strict
  model '1s/^/# one\n# module two\n/; s/"event"/"Adedd"/'
  finds 0 'm.jq:3: warning: the trigger of check n'
  model 's/"n": {/"m": {/'
  finds 1 "a trigger names the check 'm', but there is no check_m"
}

@test "a command that the adapter cannot send is an error" {
  model
  adapter 'def request_Ad: {path: "/"};' 'def events_Ad($c): {type: "Added"};'
  finds 1 'm.jq:4: error: the adapter cannot send command Add (it needs request_Add and events_Add($c), or' -a a.jq
  adapter 'def request: {path: "/"};' 'def events($c): {type: "Added"};'
  run -0 pd-model validate -m m.jq -a a.jq
  model '' 'def setup: [{type: "Login"}];' 'def simulate_Login($c): [];'
  adapter 'def request_Add: {path: "/"};' 'def events_Add($c): {type: "Added"};'
  finds 1 'the adapter cannot send command Login' -a a.jq
  adapter 'def request_Add: {'
  finds 1 'a.jq:2: error: syntax error' -a a.jq
}

@test "a predicted event that nothing folds is told at its prediction" {
  model 6d
  finds 0 'm.jq:5: warning: event Added is predicted, but there is no on_Added (def on_Added($e): .; says that it changes nothing)'
  finds 1 'm.jq: not valid: 0 errors, 1 warning' --strict
  model 6d 'def apply($e): .;'
  run -0 pd-model validate --strict -m m.jq
}

@test "functions that are named for nothing are told, with a suggestion" {
  model '' 'def simulate_Ad($c): [];' 'def on_Aded($e): .;' 'def legal_Addd($c; $e): true;' 'def label_ADD($c): "";'
  finds 0 "m.jq:8: warning: simulate_Ad: there is no command Ad (did you mean 'Add'?)"
  finds 0 'm.jq:9: warning: on_Aded: there is no command or predicted event Aded (did you mean '
  finds 0 'm.jq:10: warning: legal_Addd: there is no command Addd'
  finds 0 'm.jq:11: warning: label_ADD: there is no command ADD'
  finds 1 'm.jq: not valid: 0 errors, 4 warnings' --strict
}

@test "a misspelt prefix is told, functions of one's own are not" {
  model '' 'def simulat_Add($c): 1;' 'def chekc_sum($e): true;' 'def sum_of($x): $x;' 'def in_range($x): true;' 'def helper: 1;'
  finds 0 'm.jq:8: warning: simulat_Add is no function that is looked for (did you mean simulate_Add?)'
  finds 0 'm.jq:9: warning: chekc_sum is no function that is looked for (did you mean check_sum?)'
  finds 0 'm.jq: valid: 0 errors, 2 warnings'
}

@test "a function with another number of arguments is told" {
  local line
  for line in 'simulate_Add:1' 'on_Added($e; $f):1' 'legal_Add($c):2' 'label_Add:1' 'init($x):0' 'commands($x):0' \
    'setup($x):0' 'teardown($x):0' 'simulate:1' 'apply:1' 'terminate($c):2'; do
    model '' "def ${line%:*}: .;"
    finds 0 "must take ${line##*:})"
    says_only "$(grep '^m.jq:8: warning: .* so it is never called' <<<"$output")"
  done
  model '' 'def check_two: true;'
  finds 1 'm.jq:8: error: check_two/0 must take one argument'
}

@test "malformed generators are errors" {
  model '4s/int(1; 5)/{"$gen": "itn", min: 1}/'
  finds 1 "m.jq:4: error: commands/0: Add: unknown generator 'itn' (did you mean 'int'?)"
  model '4s/int(1; 5)/pattern("[a-")/'
  finds 1 'm.jq:4: error: commands/0: Add: pattern '
  model '4s/int(1; 5)/int(5; 1)/'
  finds 1 'm.jq:4: error: no command is possible in the state {"n":0} (Add: nothing to choose for by from '
  model '4s/int(1; 5)/int("a"; 1)/'
  finds 1 'm.jq:4: error: '
}

@test "commands that are never possible are told with the reason" {
  model '4s/: {Add/: {A: {when: false}, B: {weight: 0}, C: {args: {x: oneof([])}}, D: {when: (.n > 3)}, Add/' \
    'def simulate($c): [];'
  finds 0 'm.jq:4: warning: command A was never possible: `when` is false'
  finds 0 'm.jq:4: warning: command B was never possible: weight is 0'
  finds 0 'm.jq:4: warning: command C was never possible: nothing to choose for x from {"$gen":"oneof","values":[]}'
  finds 0 'm.jq: valid: 0 errors, 3 warnings'
}

@test "a command without prediction and a model without checks are told" {
  model '4s/Add:/Get: {}, Add:/'
  finds 0 'm.jq:4: warning: command Get has no simulate_Get: it changes nothing that is generated after it'
  model '1s/, "triggers".*/};/; 7d'
  finds 0 'm.jq: warning: the model has no check (without one, only pd-exec --conform judges)'
}

@test "an error raised while sampling is told with its line" {
  model '6s/:.*/: if .n > 20 then error("boom") else .n += $e.by end;/'
  finds 1 'm.jq:6: error: on_Added/1: boom'
  model '5s/:.*/: "nonsense";/'
  finds 1 'm.jq:5: error: simulate_Add/1 should give events: objects with a type, not "nonsense"'
  model '' 'def setup: error("s");'
  finds 1 'm.jq:8: error: setup/0: s'
  model '' 'def terminate($c; $e): error("t");'
  finds 1 'm.jq:8: error: terminate/2: t'
}

@test "checks and rules that condemn the model's own prediction are told" {
  model '7s/:.*/: .n < 20 \/\/ fail("too many");/'
  finds 0 'm.jq:7: warning: check_n fails on what the model itself predicts: too many (pd-gen --run-seed '
  says_only "${lines[0]}"
  local seed
  seed=$(grep -o 'run-seed [0-9]*' <<<"$output")
  run -0 pd-gen -m m.jq --run-seed "${seed#* }"
  model '7s/:.*/: error("boom");/'
  finds 0 'check_n fails on what the model itself predicts: check_n/1: boom'
  model '1s/{"every": "event"}/{"at": "end"}/; 7s/:.*/: false;/'
  finds 0 'check_n fails on what the model itself predicts: '
  model '' 'def legal_Add($c; $e): false;'
  finds 0 'm.jq:8: warning: legal_Add fails on what the model itself predicts: it is not legal'
}

@test "what setup and teardown send belongs to the model" {
  model '' 'def setup: [{type: "Login"}];' 'def simulate_Login($c): {type: "LoggedIn"};' 'def on_LoggedIn($e): .;' \
    'def teardown: [{type: "Logout"}];' 'def simulate_Logout($c): [];'
  run -0 pd-model validate --strict -m m.jq
}

@test "the examples are valid" {
  local example
  for example in "$examples"/*.jq; do
    [[ $example != *-http.jq && $example != *-cli.jq ]] || continue
    run -0 --separate-stderr pd-model validate -m "$example"
    [[ -z $stderr ]]
  done
  run -0 pd-model validate -m "$examples/counter.jq" -a "$examples/counter-http.jq"
  run -0 pd-model validate -m "$examples/toybank.jq" -a "$examples/toybank-http.jq"
}

# --- explain, dry-run ---

@test "explain shows the first state, commands with weights, checks with triggers and functions with lines" {
  model '4s/: {Add/: {Never: {when: false}, Add/'
  run -0 pd-model explain -m m.jq
  assert_output_has 'model m'
  assert_output_has '  {"n":0}'
  assert_output_has '  Add                  weight 1 (100 %)'
  assert_output_has 'by: {"$gen":"int","min":1,"max":5}'
  assert_output_has '  Never                not possible: `when` is false'
  assert_output_has '  n                            after each event'
  assert_output_has '  simulate_Add (m.jq:5)'
  run -0 pd-model explain -m "$examples/toybank.jq"
  assert_output_has 'money_is_conserved           at the end'
  assert_output_has 'after each Credited or Transferred'
}

@test "dry-run shows commands, predicted events and states, of the sequences that pd-gen draws" {
  model
  run -0 --separate-stderr pd-model dry-run -m m.jq -n 3 -s 5 --max-commands 4
  [[ $(grep -c '^run ' <<<"$output") == 3 && -z $stderr ]]
  pd-gen -m m.jq -n 3 -s 5 --max-commands 4 | jq -c '.prefix[]?.command' >drawn
  grep -o '^  c[0-9]* *{.*' <<<"$output" | grep -o '{.*' | diff drawn -
  assert_output_has '       -> {"type":"Added","by":'
  assert_output_has '"id":"@c1.id"}'
  # The last state of each run is the sum of what its events added.
  sed -n 's/^       state //p' <<<"$output" >states
  jq -es 'all(.n >= 1)' states
}

# --- state ---

@test "state folds bare objects and records, and starts anew at each run" {
  model
  printf '%s\n' '{"type":"Added","by":2}' '{"type":"Added","by":3}' \
    '{"type":"stream","version":1}' '{"type":"run_start","run":1}' \
    '{"type":"command","run":1,"id":"c1","command":{"type":"Add","by":7}}' \
    '{"type":"event","run":1,"id":"c1","event":{"type":"Added","by":7},"n":1}' \
    '{"type":"check","run":1,"check":"n","pass":true}' '{"type":"run_end","run":1}' '{"type":"end","status":0}' >steps
  run -0 --separate-stderr pd-model state -m m.jq steps
  assert_json 'map(.state.n) == [2, 5, 0, 7] and map(.n) == [1, 2, 1, 2] and map(.type) == ["state", "state", "state", "state"]'
  assert_json '.[2].step == {type: "Add", by: 7}'
  run -0 pd-model state -m m.jq - <steps
  assert_json 'length == 4'
}

@test "state gives the states that pd-exec had, digit for digit" {
  start_toybank
  pd-gen -m "$examples/toybank.jq" -n 3 -s 3 |
    pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --trace >runs
  pd-model state -m "$examples/toybank.jq" runs >states
  jq -cs '[range(length) as $i | select($i + 1 == length or .[$i + 1].n == 1) | .[$i].state]' states >last
  jq -cs 'map(select(.type == "run_end").state)' runs | diff - last
  model
  run -0 pd-model state -m m.jq <<<'{"type":"Added","by":0,"id":1499816949527975237,"amount":0.10}'
  assert_output_has '"id":1499816949527975237,"amount":0.10'
}

@test "state tells file and line of what it cannot read or fold" {
  model
  run -2 --separate-stderr pd-model state -m m.jq <<<'{"type":"Added","by":1}
nonsense'
  assert_stderr_has '<stdin>:2: '
  assert_json 'map(.state.n) == [1]'
  run -2 --separate-stderr pd-model state -m m.jq <<<'{"type":"Added","by":"x"}'
  assert_stderr_has '<stdin>:1: '
  assert_stderr_has 'm.jq:6: '
  run -2 --separate-stderr pd-model state -m m.jq nowhere
  assert_stderr_has 'nowhere: cannot read: No such file or directory'
}

# --- enabled ---

@test "enabled tells what is possible in the first or a given state, and why the rest is not" {
  model '4s/: {Add/: {Take: {weight: 3, when: (.n > 0)}, Add/'
  run -0 pd-model enabled -m m.jq
  assert_output_has '  Take                 not possible: `when` is false'
  assert_output_has '  Add                  weight 1 (100 %)'
  echo '{"n": 1}' >state
  run -0 pd-model enabled -m m.jq state
  assert_output_has '  Take                 weight 3 (75 %)'
  run -0 pd-model enabled -m m.jq - <state
  assert_output_has '  Take                 weight 3 (75 %)'
  run -2 --separate-stderr pd-model enabled -m m.jq - <<<'{"n": 1'
  assert_stderr_has 'invalid JSON'
  run -2 --separate-stderr pd-model enabled -m m.jq nowhere
  assert_stderr_has 'nowhere: '
}

# --- audit ---

@test "audit finds a good model deterministic" {
  run -0 pd-model audit -m "$examples/toybank.jq" -n 120 -s 5
  [[ $output == 'deterministic: 120 seeds gave the same plan twice' ]]
}

@test "audit catches a model that looks at the clock, and names the field" {
  local clock
  for clock in now '(now | floor)' '(now | todate)'; do
    model "4s/int(1; 5)/{by: {deep: [$clock]}}/; 6s/:.*/: .;/"
    run -1 pd-model audit -m m.jq -n 5
    [[ $output == 'not deterministic: seed 1 gives two different plans: ["prefix"][0]["command"]["by"]["by"]["deep"][0]: '* ]] ||
      fail "$output"
  done
}

@test "audit catches a model that looks at the environment, the time zone or the input" {
  model '4s/int(1; 5)/$ENV.PWD/; 6s/:.*/: .;/'
  run -1 pd-model audit -m m.jq -n 5
  assert_output_has '["prefix"][0]["command"]["by"]: '
  model '4s/int(1; 5)/(0 | localtime | mktime)/; 6s/:.*/: .;/'
  run -1 pd-model audit -m m.jq -n 5
  model '4s/int(1; 5)/(if $ENV.PWD then 1 else error("lost") end)/'
  run -1 pd-model audit -m m.jq -n 5
  assert_output_has 'seed 1 gives a plan only once: '
  model '4s/int(1; 5)/input/'
  run -2 --separate-stderr pd-model audit -m m.jq -n 5
  assert_stderr_has 'm.jq:4: commands/0: input has nothing to give here'
}

@test "audit looks at the seeds from the given one on" {
  model '4s/int(1; 5)/{"$gen": "oneof", values: [range(1; 300), now]}/; 6s/:.*/: .;/'
  run -1 pd-model audit -m m.jq -n 300
  [[ $output != *'seed 1 gives'* ]]
  run -1 pd-model audit -m m.jq -n 1 -s "$(grep -o 'seed [0-9]*' <<<"$output" | cut -d' ' -f2)"
}

# --- usage ---

@test "usage errors end with exit 2, a hint and no output" {
  model
  local arguments
  for arguments in '' 'validat -m m.jq' 'explain' 'explain -m m.jq extra' 'enabled -m m.jq a b' 'validate -m m.jq -n 0' \
    'dry-run -m m.jq --max-command x' 'audit -m m.jq -s -1' 'validate --mdoel m.jq' 'validate -m nowhere.jq' \
    'validate -m m.jq -a nowhere.jq' 'audit -m nowhere.jq'; do
    # shellcheck disable=SC2086 # words
    run -2 --separate-stderr pd-model $arguments
    [[ $stderr == pd-model:* && -z $output ]] || fail "$arguments: $stderr" "$output"
  done
  run -2 --separate-stderr pd-model validat -m m.jq
  assert_stderr_has "did you mean validate?"
  run -0 pd-model --help
  assert_output_has 'usage: pd-model validate -m MODEL'
  run -0 pd-model --version
}

@test "output that cannot be written is told with exit 2" {
  model
  local verb
  for verb in validate explain dry-run enabled audit; do
    run -2 --separate-stderr bash -c "pd-model $verb -m m.jq -n 2 >/dev/full"
    assert_stderr_has 'No space left on device'
  done
  run -2 --separate-stderr bash -c 'echo "{\"type\":\"Added\",\"by\":1}" | pd-model state -m m.jq >/dev/full'
  assert_stderr_has 'No space left on device'
}

@test "validate tells of a check that always passes because it says or fail" {
  cat >model.jq <<'EOF'
include "pd";
def init: {n: 0};
def commands: {Go: {}};
def simulate_Go($c): {type: "Done"};
def on_Done($e): .n += 1;
# .n < 9 or fail("in a comment") is not meant
def check_small($x): .n < 2
  or fail("it is \(.n)");
EOF
  run -0 pd-model validate -m model.jq
  assert_output_has "model.jq:8: warning: \`or fail(...)\` always passes"
  run -1 pd-model validate --strict -m model.jq
}
