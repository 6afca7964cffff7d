#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Loading a model and calling its functions: what is found, what is refused, and what the messages say.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # models are written in quotes

load lib/helper

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# model NAME: its functions are read from standard input; they begin on line 2.
model() { { printf 'include "pd";\n' && cat; } >"$1.jq"; }

# refused MESSAGE…: the model on standard input, which gets `include "pd";` as its first line.
refused() {
  model refused
  run -2 --separate-stderr timeout 60 "$PD_BIN/pd-gen" -m refused.jq -n 1 -s 1 --max-commands 3
  for message in "$@"; do assert_stderr_has "$message"; done
  [[ $(wc -l <<<"$stderr") == 1 ]] || fail "more than one line: $stderr"
}

# accepted FILTER: the same, but it is to give records of which the filter is true.
accepted() {
  model accepted
  run -0 --separate-stderr pd-gen -m accepted.jq -n 1 -s 1 --min-commands 3 --max-commands 3
  assert_json "$1"
}

@test "a file that is no model is refused by its name" {
  run -2 --separate-stderr pd-gen -m nowhere.jq
  assert_stderr_has "pd-gen: nowhere.jq: cannot open: No such file or directory"
  echo 'def init: 0;' >model.txt
  run -2 --separate-stderr pd-gen -m model.txt
  assert_stderr_has "model.txt: not a jq module (its name must end in .jq)"
  mkdir folder.jq
  run -2 --separate-stderr pd-gen -m folder.jq
  assert_stderr_has "folder.jq: "
  echo 'def init: 0;' >pd.jq
  run -2 --separate-stderr pd-gen -m pd.jq
  assert_stderr_has "pd.jq: a module cannot be named as the prelude"
}

@test "a syntax error is named by the file as it was given and its line" {
  mkdir models
  printf 'include "pd";\ndef init: {};\ndef commands: {A: ];\n' >models/wrong.jq
  run -2 --separate-stderr pd-gen -m models/wrong.jq
  assert_stderr_has "pd-gen: models/wrong.jq:3: syntax error"
  refused "refused.jq:3: syntax error" <<<$'def init: 0;\ndef commands: {A: {weight: 3};'
  refused "refused.jq:" "syntax error" <<<'def init: "never closed;'
  refused "refused.jq: library should only have function definitions" <<<'def init: 0; .a'
}

@test "an undefined function is named with the nearest that exists" {
  refused "refused.jq:2: intt/2 is not defined (did you mean 'int'?)" <<<'def init: intt(1; 2);'
  refused "refused.jq:3: helpr/0 is not defined (did you mean 'helper'?)" <<<$'def helper: 1;\ndef init: helpr;'
  refused "lenght/0 is not defined (did you mean 'length'?)" <<<'def init: [] | lenght;'
  refused "int/1 is not defined ('int' exists with another number of arguments)" <<<'def init: int(3);'
  refused "xyzzyxyzzy/0 is not defined (define it, or include the module that does)" <<<'def init: xyzzyxyzzy;'
}

@test "a missing module is named at the line that asks for it" {
  refused "refused.jq:2: cannot find the module 'nowhere' (modules are looked for" <<<'include "nowhere"; def init: 0;'
  refused "refused.jq:3: cannot find the module 'b/c'" <<<$'import "pd" as p;\nimport "b/c" as c; def init: 0;'
  refused "refused.jq:2: cannot find the data 'prices'" <<<'import "prices" as $p; def init: 0;'
  echo 'include "nowhere"; def x: 1;' >middle.jq
  refused "middle.jq:1: cannot find the module 'nowhere'" <<<'include "middle"; def init: 0;'
}

@test "an error in an included module is named there" {
  printf 'def x:\n ];\n' >part.jq
  refused "part.jq:2: syntax error" <<<'include "part"; def init: 0;'
  printf 'def on_A($c):\n error("part");\n' >part.jq
  refused "part.jq:1: run 1 " "on_A/1: part" <<<'include "part"; def init: 0; def commands: {A: {}};'
}

@test "an include that comes back to itself is refused" {
  refused "refused.jq:2: an include that comes back to itself: 'refused'" <<<'include "refused"; def init: 0;'
  echo 'include "two"; def a: 1;' >one.jq
  echo 'include "one"; def b: 1;' >two.jq
  refused "two.jq:1: an include that comes back to itself: 'one'" <<<'include "one"; def init: 0;'
}

@test "an include with a search path of its own, whose functions would be lost, is refused" {
  mkdir elsewhere
  echo 'def on_A($c): . + 1;' >elsewhere/part.jq
  refused "refused.jq:2: a search path is not for an include: 'part'" "put the file beside the model" \
    <<<'include "part" {search: "./elsewhere"}; def init: 0; def commands: {A: {}};'
}

@test "metadata are checked" {
  # the module directive must come first
  local what
  while IFS='|' read -r metadata what; do
    printf 'module %s;\ninclude "pd";\ndef init: 0;\ndef commands: {A: {}};\ndef check_sum($x): true;\n' "$metadata" >meta.jq
    run -2 --separate-stderr pd-gen -m meta.jq -n 1
    assert_stderr_has "meta.jq:1: $what"
  done <<'END'
{"trigers": {}}|unknown key 'trigers' in the module's metadata (did you mean 'triggers'?)
{"colour": 1}|unknown key 'colour'
{"name": 5}|the module's name must be a string
{"timeout_ms": "3s"}|timeout_ms must be a number
{"timeout_ms": 0}|timeout_ms must be a number
{"triggers": []}|triggers must be an object
{"triggers": {"sun": {"every": 1}}}|a trigger names the check 'sun', but there is no check_sun (did you mean 'sum'?)
{"triggers": {"sum": {"every": 0}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"every": 1.5}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"every": []}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"every": [1]}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"every": {"n": 2}}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"every": true}}}|trigger of check 'sum': "every" is
{"triggers": {"sum": {"at": "start"}}}|trigger of check 'sum': "at" is
{"triggers": {"sum": {}}}|trigger of check 'sum': it must have
{"triggers": {"sum": {"at": "end", "every": 1}}}|trigger of check 'sum': it must have
{"triggers": {"sum": 3}}|trigger of check 'sum': it must have
3|Module metadata must be an object
END
  for metadata in '{"triggers": {"sum": {"every": 1}}}' '{"triggers": {"sum": {"every": "command"}}}' \
    '{"triggers": {"sum": {"every": ["A", "B"]}}}' '{"triggers": {"sum": {"every": {"n": 5, "of": "event"}}}}' \
    '{"triggers": {"sum": {"at": "end"}}}' '{"triggers": {"sum": {"at": "settled"}}}' \
    '{"name": "n", "description": "d", "timeout_ms": 500}'; do
    printf 'module %s;\ninclude "pd";\ndef init: 0;\ndef commands: {A: {}};\ndef check_sum($x): true;\n' "$metadata" >meta.jq
    run -0 pd-gen -m meta.jq -n 1
  done
}

@test "init and commands must be there" {
  refused "refused.jq: the model has no function init (it gives the first state" <<<'def commands: {A: {}};'
  refused "the model has no function commands" <<<'def init: 0;'
  : >empty.jq
  run -2 --separate-stderr pd-gen -m empty.jq
  assert_stderr_has "empty.jq: the model has no function init"
}

@test "a function that its name makes a check, but that takes no argument, is refused" {
  refused "refused.jq:3: check_sum/0 must take one argument (def check_sum(\$x)" <<<$'def init: 0;\ndef check_sum: true;'
  refused "check_sum/2 must take one argument" <<<'def init: 0; def check_sum($x; $y): true;'
  refused "on_A/0 must take one argument" <<<'def init: 0; def on_A: .;'
  refused "simulate_A/0 must take one argument" <<<'def init: 0; def simulate_A: {type: "B"};'
  accepted 'length == 3' <<<'def init: 0; def commands: {A: {}}; def _check_sum: true; def on_A: .; def on_A($c): on_A;'
}

@test "commands must be an object of entries with known keys of the right kind" {
  entry() { refused "refused.jq:3: run 1 (seed " "$2" <<<$'def init: 0;\ndef commands: '"$1;"; }
  entry '[]' 'commands/0 should give an object of commands, not []'
  entry '{A: 3}' 'commands/0: the entry of A is not an object'
  entry '{A: {wieght: 3}}' "commands/0: unknown key 'wieght' in the entry of A (did you mean 'weight'?)"
  entry '{A: {weight: "3"}}' 'commands/0: weight of A must be a number from 0, not "3"'
  entry '{A: {weight: -1}}' 'commands/0: weight of A must be a number from 0, not -1'
  entry '{A: {weight: nan}}' 'commands/0: weight of A must be a number from 0'
  entry '{A: {weight: infinite}}' 'commands/0: weight of A must be a number from 0'
  entry '{A: {when: null}}' 'commands/0: when of A must be true or false, not null'
  entry '{A: {when: 1}}' 'commands/0: when of A must be true or false, not 1'
  entry '{A: {args: ["x"]}}' 'commands/0: args of A must be an object of generators, not ["x"]'
  entry '{A: {read_only: "yes"}}' 'commands/0: read_only of A must be true or false'
  entry '{A: {timeout_ms: "3s"}}' 'commands/0: timeout_ms of A must be a number'
  entry '{A: {args: {type: "B"}}}' 'commands/0: an argument of A cannot be named type'
}

@test "malformed generators are named with their command" {
  generator() { refused "refused.jq:3: run 1 (seed " "commands/0: A: " "$2" <<<$'def init: 0;\ndef commands: {A: {args: {x: '"$1}}};"; }
  generator '{"$gen": "itn", min: 1, max: 2}' "unknown generator 'itn' (did you mean 'int'?)"
  generator '{"$gen": 5}' "unknown generator ''"
  generator '{"$gen": "int", min: 1}' 'generator {"$gen":"int","min":1}: min and max must be numbers'
  generator '{"$gen": "int", min: 1, max: 2, step: 3}' 'unknown key "step"'
  generator '[{y: int(1; "2")}]' 'min and max must be numbers'
  generator 'oneof({})' 'values must be an array'
  generator 'list(int(nan; 2))' 'a bound past 2^53'
  generator 'optional(pattern("("))' "pattern '(': a ( without its )"
}

@test "a function that raises an error is named with file and line" {
  refused "refused.jq:4: run 1 (seed " "simulate_A/1: boo" \
    <<<$'def init: 0;\ndef commands: {A: {}};\ndef simulate_A($c): error("boo");'
  refused 'simulate_A/1: {"code":7}' <<<'def init: 0; def commands: {A: {}}; def simulate_A($c): error({code: 7});'
  refused "init/0: Cannot iterate over null (null)" "use .[]?" <<<'def init: [null[]];'
  refused "on_A/1: Cannot index number with" <<<'def init: 5; def commands: {A: {}}; def on_A($c): .x;'
  refused "label_A/1: no" <<<'def init: 5; def commands: {A: {}}; def label_A($c): error("no");'
  refused "terminate/2: no" <<<'def init: 5; def commands: {A: {}}; def terminate($c; $e): error("no");'
  refused "setup/0: no" <<<'def init: 5; def setup: error("no"); def commands: {A: {}};'
}

@test "the line of a function is found past strings, comments and functions of the same name" {
  refused "refused.jq:12: run 1" "on_B/1: here" <<'END'
def init: "def on_B($c): \("(" + ("def on_B($c): )" | "\(.)")) \\";
# def on_B($c): .;
def commands: {B: {}};
def _text: "
def on_B($c): 1;
";
def on_B: .;
def on_B($c):
  .;

def on_B($c): error("here");
END
}

@test "a function that gives no value, or several where one is due, is an error" {
  refused "on_A/1 gave no value (it must give exactly one value)" <<<'def init: 0; def commands: {A: {}}; def on_A($c): empty;'
  refused "on_A/1 gave more than one value" <<<'def init: 0; def commands: {A: {}}; def on_A($c): 1, 2;'
  refused "init/0 gave no value" <<<'def init: empty;'
  refused "on_A/1 gave more than one value" <<<'def init: 0; def commands: {A: {}}; def on_A($c): repeat(1);'
  refused "simulate_A/1 gave more than 10000 values (it seems to go on for ever)" \
    <<<'def init: 0; def commands: {A: {}}; def simulate_A($c): repeat({type: "B"});'
}

@test "results of the wrong kind are errors" {
  refused "simulate_A/1 should give events: objects with a type, not 3" \
    <<<'def init: 0; def commands: {A: {}}; def simulate_A($c): 3;'
  refused 'simulate_A/1 should give events: objects with a type, not {"typ":"B"}' \
    <<<'def init: 0; def commands: {A: {}}; def simulate_A($c): [{type: "C"}, {typ: "B"}];'
  refused "setup/0 should give commands: objects with a type" <<<'def init: 0; def setup: ["A"]; def commands: {A: {}};'
  refused "terminate/2 should give true or false, not 0" \
    <<<'def init: 0; def commands: {A: {}}; def terminate($c; $e): 0;'
  refused "label_A/1 should give a string, not 7" <<<'def init: 0; def commands: {A: {}}; def label_A($c): 7;'
}

@test "halt and input are not for models" {
  refused "on_A/1: halt is not for a model or adapter" <<<'def init: 0; def commands: {A: {}}; def on_A($c): halt;'
  refused "on_A/1: halt is not for a model or adapter" <<<'def init: 0; def commands: {A: {}}; def on_A($c): "x" | halt_error;'
  refused "on_A/1: input has nothing to give here" <<<'def init: 0; def commands: {A: {}}; def on_A($c): input;'
}

@test "debug and stderr go to standard error and change nothing" {
  accepted 'length == 3 and all(.[] | select(.prefix).prefix[]; .label == "0")' \
    <<<'def init: 0; def commands: {A: {}}; def label_A($c): "\(debug | stderr)"; def on_A($c): debug("at \(.)");'
  assert_stderr_has '["DEBUG:",0]'
  assert_stderr_has '["DEBUG:","at 0"]'
}

@test "a simulation may give one event, several, a list or none" {
  accepted '.[1].prefix[0].label == "0" and .[1].prefix[1].label == "111" and .[1].prefix[2].label == "222"' <<'END'
def init: {n: 0, sum: 0};
def commands: {A: {}};
def label_A($c): "\(.sum)";
def simulate_A($c): {type: "E", v: 1}, [{type: "E", v: 10}, {type: "F", v: 100}], empty, [];
def on_E($e): .sum += $e.v;
def on_F($e): .sum += $e.v;
END
}

@test "an included module's functions are the model's own" {
  echo 'def on_A($c): . + 1; def label_A($c): "part \(.)"; def check_part($x): true;' >part.jq
  accepted '.[1].prefix | map(.label) == ["part 0", "part 1", "part 2"]' <<<'include "part"; def init: 0; def commands: {A: {}};'
  mkdir -p nested/deep
  echo 'include "part"; def on_B($c): . + 10;' >nested/deep/deep.jq
  accepted '.[1].prefix | map(.label) == ["part 0", "part 1", "part 2"]' \
    <<<'include "nested/deep"; def init: 0; def commands: {A: {}};'
}

@test "the model's own function comes before an included one, and a later include before an earlier" {
  echo 'def label_A($c): "part"; def what: "part";' >part.jq
  echo 'def label_A($c): "other"; def what: "other";' >other.jq
  accepted 'all(.[1].prefix[]; .label == "own")' \
    <<<'include "part"; def init: 0; def commands: {A: {}}; def label_A($c): "own";'
  accepted 'all(.[1].prefix[]; .label == "other" and .command.x == "other")' \
    <<<'include "part"; include "other"; def init: 0; def commands: {A: {args: {x: what}}};'
  accepted 'all(.[1].prefix[]; .label == "part" and .command.x == "part")' \
    <<<'include "other"; include "part"; def init: 0; def commands: {A: {args: {x: what}}};'
}

@test "an imported module's functions are not the model's, but can be called" {
  echo 'def label_A($c): "imported"; def help: 5; def check_never: true;' >part.jq
  accepted 'all(.[1].prefix[]; has("label") | not) and .[1].prefix[0].command.x == 5' \
    <<<'import "part" as part; def init: 0; def commands: {A: {args: {x: part::help}}};'
  mkdir elsewhere && echo 'def help: 6;' >elsewhere/far.jq
  accepted '.[1].prefix[0].command.x == 6' \
    <<<'import "far" as far {search: "./elsewhere"}; def init: 0; def commands: {A: {args: {x: far::help}}};'
}

@test "data that a model imports belong to it: its hash changes with them" {
  echo '[3, 4]' >prices.json
  accepted '.[1].prefix[0].command.x == 4' \
    <<<'import "prices" as $p; def init: 0; def commands: {A: {args: {x: const($p::p[0][1])}}};'
  local before
  before=$(jq -r 'select(.model).model.sha256' <<<"$output")
  echo '[3, 5]' >prices.json
  run pd-gen -m accepted.jq -n 1
  [[ $(jq -r 'select(.model).model.sha256' <<<"$output") != "$before" ]]
}

@test "functions that start with _ are the model's private ones" {
  accepted 'length == 3' \
    <<<'def _on_A($c): error("no"); def _check_x: false; def init: 0; def commands: {A: {}};'
}

@test "the model's catch-alls serve what has no function of its own" {
  accepted '.[1].prefix[2].label | fromjson == ["B", "E", "B", "E"]' <<'END'
def init: [];
def commands: {B: {}};
def simulate($c): {type: "E"};
def apply($x): . + [$x.type];
def label_B($c): tojson;
END
}

@test "the hash of a model changes with it and with what it includes, not with its place" {
  hash() { pd-gen -m "$1" -n 1 | jq -r 'select(.model).model.sha256'; }
  echo 'def x: 1;' >part.jq
  model one <<<'include "part"; def init: 0; def commands: {A: {}};'
  local first
  first=$(hash one.jq)
  mkdir there && cp one.jq part.jq there
  [[ $(hash there/one.jq) == "$first" ]]
  (cd there && [[ $(hash one.jq) == "$first" ]])
  echo 'def x: 2;' >part.jq
  [[ $(hash one.jq) != "$first" ]]
}

@test "three hundred functions are each found" {
  {
    echo 'def init: 0;'
    echo 'def commands: {' && for ((i = 0; i < 300; i++)); do echo "C$i: {},"; done && echo '} ;'
    for ((i = 0; i < 300; i++)); do echo "def simulate_C$i(\$c): {type: \"E\", n: $i}; def label_C$i(\$c): \"$i\";"; done
    echo 'def on_E($e): $e.n;'
    echo 'def terminate($c; $events): . != $events[0].n or $c.type != "C\($events[0].n)";'
  } >functions
  sed -i 's/C299: {},/C299: {}/' functions
  model many <functions
  run -0 pd-gen -m many.jq -n 60 -s 1 --min-commands 50
  assert_json 'all(.[] | select(.prefix); (.prefix | length) == 50 and all(.prefix[]; "C\(.label)" == .command.type))'
  assert_json '[.[] | select(.prefix).prefix[].label] | unique | length == 300'
}

@test "a state of two thousand keys is updated correctly" {
  model large <<'END'
def init: reduce range(2000) as $i ({}; .["k\($i)"] = 0);
def commands: {A: {args: {k: int(0; 1999)}}};
def on_A($c): .["k\($c.k)"] += 1;
def label_A($c): "\(add) \(length)";
END
  run -0 pd-gen -m large.jq -n 3 -s 1 --min-commands 50
  assert_json 'all(.[] | select(.prefix).prefix; map(.label) == [range(50) | "\(.) 2000"])'
}

@test "the triggers of included checks come with them, and the model's own go first" {
  cat >part.jq <<'EOF'
module {"triggers": {"a": {"at": "end"}, "b": {"at": "end"}}};
def check_a($x): true;
def check_b($x): true;
EOF
  cat >model.jq <<'EOF'
module {"triggers": {"b": {"every": "Done"}}};
include "pd";
include "part";
def init: {};
def commands: {Go: {}};
def simulate_Go($c): {type: "Done"};
def on_Done($e): .;
EOF
  run -0 pd-model explain -m model.jq
  assert_output_has "a                            at the end"
  assert_output_has "b                            after each Done"
}
