#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-gen: which sequences come out of a model, and that the same ones always do.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # models and filters are written in quotes

load lib/helper

setup() {
  pd_setup
  cp "$PD_ROOT"/share/pd/examples/{toybank,counter}.jq .
  toybank=$PWD/toybank.jq counter=$PWD/counter.jq
}

teardown() {
  pd_teardown
}

# model NAME: its functions are read from standard input.
model() { { printf 'include "pd";\n' && cat; } >"$1.jq"; }

# The simplest model there is.
plain_model() {
  model plain <<'END'
def init: 0;
def commands: {A: {args: {n: int(1; 1000)}}, B: {}};
END
}

sequences() { jq -c 'select(.type == "sequence")' "$@"; }
plans() { jq -r 'select(.type == "sequence").plan' "$@"; }
commands_of() { jq -c 'select(.type == "sequence").prefix[].command'; }

@test "the same seed gives the same bytes" {
  pd-gen -m "$toybank" -n 50 -s 42 >first
  pd-gen -m "$toybank" -n 50 -s 42 >second
  cmp first second
}

@test "another seed gives other plans" {
  pd-gen -m "$toybank" -n 20 -s 1 >one
  pd-gen -m "$toybank" -n 20 -s 2 >two
  ((!$(sort <(plans one) <(plans two) | uniq -d | wc -l)))
}

@test "the plans of these seeds stay what they are: people keep seeds" {
  plain_model
  run pd-gen -m plain.jq -n 3 -s 7 --max-commands 4
  assert_status 0
  assert_json 'map(select(.prefix).seed) == [7793171629419504, 3620802754320639, 7007147286978983]'
  assert_json '.[3].prefix | map(.command) == [{type: "A", n: 506}, {type: "A", n: 1000}, {type: "A", n: 312}, {type: "B"}]'
}

@test "without a seed each run has a new one, which the header tells and which reproduces it" {
  pd-gen -m "$counter" -n 2 >one
  pd-gen -m "$counter" -n 2 >two
  [[ $(plans one) != "$(plans two)" ]]
  pd-gen -m "$counter" -n 2 -s "$(jq 'select(.type == "stream").seed' one)" >again
  cmp <(sequences one) <(sequences again)
}

@test "a stream is a header, its sequences and an end" {
  run pd-gen -m "$counter" -n 3 -s 7 --min-commands 2 --max-commands 9
  assert_status 0
  assert_json 'map(.type) == ["stream", "sequence", "sequence", "sequence", "end"]'
  assert_json '.[0] | .seed == 7 and .model.name == "counter" and (.model.sha256 | length == 64)
    and .options == {runs: 3, min_commands: 2, max_commands: 9} and .pipeline[0][0] == "pd-gen"'
  assert_json '.[1:4] | map(.run) == [1, 2, 3]'
  assert_json '.[4] | .status == 0 and .counts.runs == 3'
}

@test "-n says how many sequences there are" {
  for n in 1 7 250; do
    run pd-gen -m "$counter" -n "$n" -s 1
    assert_json "map(select(.type == \"sequence\")) | length == $n"
  done
}

@test "the first sequences of a longer stream are those of a shorter one" {
  pd-gen -m "$toybank" -n 5 -s 9 >short
  pd-gen -m "$toybank" -n 20 -s 9 >long
  cmp <(sequences short) <(sequences long | head -n 5)
}

@test "lengths are within --min-commands and --max-commands, both ends included" {
  run pd-gen -m "$counter" -n 300 -s 5 --min-commands 3 --max-commands 7
  assert_json 'map(select(.prefix).prefix | length) | unique == [3, 4, 5, 6, 7]'
  run pd-gen -m "$counter" -n 300 -s 5
  assert_json 'map(select(.prefix).prefix | length) | min == 1 and max == 50'
  run pd-gen -m "$counter" -n 5 -s 5 --max-commands 1
  assert_json 'map(select(.prefix).prefix | length) | unique == [1]'
}

@test "a minimum over the default maximum is an error, a maximum under the default minimum is not" {
  run -2 --separate-stderr pd-gen -m "$counter" --min-commands 60
  assert_stderr_has "--min-commands 60 is over --max-commands 50"
  run -0 pd-gen -m "$counter" -n 1 --max-commands 1
}

@test "the shards together are the whole stream, byte for byte" {
  pd-gen -m "$toybank" -n 23 -s 3 >whole
  local total shard
  for total in 1 2 4 23 30; do
    for ((shard = 1; shard <= total; shard++)); do
      pd-gen -m "$toybank" -n 23 -s 3 --shard "$shard/$total"
    done >parts
    sed -n 's/^{"type":"sequence","run":\([0-9]*\),/\1\t&/p' parts | sort -n | cut -f 2- >joined
    cmp joined <(grep '^{"type":"sequence"' whole)
  done
}

@test "a shard counts its own sequences only" {
  run pd-gen -m "$counter" -n 10 -s 3 --shard 2/3
  assert_json 'map(select(.type == "sequence").run) == [2, 5, 8] and .[-1].counts.runs == 3'
  printf '%s\n' 1 2 3 4 5 >seeds
  run pd-gen -m "$counter" --seeds seeds --shard 2/2
  assert_json 'map(select(.type == "sequence") | [.run, .seed]) == [[2, 2], [4, 4]] and .[-1].counts.runs == 2'
}

@test "a run's own seed alone gives its plan again" {
  pd-gen -m "$toybank" -n 6 -s 11 >stream
  local seed plan
  while read -r seed plan; do
    run pd-gen -m "$toybank" --run-seed "$seed"
    assert_status 0
    assert_json "map(select(.type == \"sequence\")) | length == 1 and .[0].plan == \"$plan\""
  done < <(jq -r 'select(.type == "sequence") | "\(.seed) \(.plan)"' stream)
}

@test "the fingerprint is the SHA-256 of the canonical plan without labels" {
  model labelled <<'END'
def init: 0;
def setup: {type: "Login"};
def teardown: {type: "Logout"};
def commands: {A: {args: {n: int(1; 1000), o: {z: 1, a: string}}}};
def label_A($c): "number \($c.n)";
END
  pd-gen -m labelled.jq -n 3 -s 1 >stream
  local plan
  while read -r line; do
    plan=$(jq -cjS '{setup, prefix, suffix, teardown} | map_values(map(del(.label)))' <<<"$line" | sha256sum)
    [[ ${plan%% *} == "$(jq -r .plan <<<"$line")" ]] || fail "$line"
  done < <(sequences stream)
  sequences stream | jq -es 'all(.[]; all(.prefix[]; .label == "number \(.command.n)"))'
}

@test "--seeds takes numbers, with blank lines and comments" {
  printf '# those that failed\n\n12\n  \n  # one more\n9007199254740991\n' >seeds
  run pd-gen -m "$counter" --seeds seeds
  assert_status 0
  assert_json 'map(select(.type == "sequence") | [.run, .seed]) == [[1, 12], [2, 9007199254740991]]'
  pd-gen -m "$counter" --run-seed 12 >one
  cmp <(plans one) <(plans <<<"$output" | head -n 1)
}

@test "--seeds takes records, a whole stream and what jq selects from one" {
  pd-gen -m "$toybank" -n 8 -s 4 >stream
  pd-gen -m "$toybank" --seeds stream >again
  cmp <(plans stream) <(plans again)
  jq -c 'select(.run == 3 or .run == 7)' stream | pd-gen -m "$toybank" --seeds - >two
  cmp <(plans stream | sed -n '3p;7p') <(plans two)
  jq 'select(.seed and .run == 2).seed' stream | pd-gen -m "$toybank" --seeds - >one
  cmp <(plans stream | sed -n 2p) <(plans one)
}

@test "the seeds that are given decide alone: two calls give the same bytes" {
  pd-gen -m "$counter" --run-seed 5 >one
  pd-gen -m "$counter" --run-seed 5 >two
  cmp one two
  echo 5 >seeds
  pd-gen -m "$counter" --seeds seeds >one
  pd-gen -m "$counter" --seeds seeds >two
  cmp one two
}

@test "a bad line in --seeds is named, and what came before it is written" {
  local bad
  for bad in '{"type":"run_end"}' '-1' '1.5' '9007199254740992' 'x' '[1]' '"7"' '1 2' '{"seed":"7"}'; do
    printf '12\n%s\n13\n' "$bad" >seeds
    run -2 --separate-stderr pd-gen -m "$counter" --seeds seeds
    assert_stderr_has "pd-gen: seeds:2: "
    assert_stderr_has "a whole number from 0 to 2^53 - 1"
    assert_json 'map(select(.type == "sequence").seed) == [12]'
  done
  printf '1\n\0\n' >seeds
  run -2 --separate-stderr pd-gen -m "$counter" --seeds - <seeds
  assert_stderr_has "<stdin>:2: "
  run -2 --separate-stderr pd-gen -m "$counter" --seeds nowhere
  assert_stderr_has "nowhere: No such file"
  run -2 --separate-stderr pd-gen -m "$counter" --seeds .
  assert_stderr_has "directory"
}

@test "nothing asked for is no success" {
  run -2 --separate-stderr pd-gen -m "$counter" -n 0
  assert_stderr_has "no sequence was asked for"
  assert_json '.[-1].status == 2 and .[-1].problems == ["no sequence was asked for"]'
  run -2 --separate-stderr pd-gen -m "$counter" --seeds /dev/null
  assert_stderr_has "no sequence was asked for"
}

@test "weights are kept" {
  model weights <<'END'
def init: 0;
def commands: {A: {weight: 6}, B: {weight: 3}, C: {}, D: {weight: 0}, E: {weight: 0.5}};
END
  run pd-gen -m weights.jq -n 400 -s 1 --min-commands 50
  output=$(commands_of <<<"$output" | sort | uniq -c)
  # 20,000 draws; 5 standard deviations are at most 350
  read -r a _ b _ c _ e _ <<<"$(tr '\n' ' ' <<<"$output" | sed 's/{"type":"\(.\)"}/\1/g')"
  [[ $output != *'"D"'* ]]
  ((a > 11078 && a < 11778 && b > 5364 && b < 6064 && c > 1655 && c < 2155 && e > 752 && e < 1152)) ||
    fail "$output"
}

@test "a weight may depend on the state" {
  model shift <<'END'
def init: 0;
def commands: {A: {weight: (if . < 3 then 1 else 0 end)}, B: {weight: (if . < 3 then 0 else 1 end)}};
def on_A($c): . + 1;
END
  run pd-gen -m shift.jq -n 2 -s 1 --min-commands 6 --max-commands 6
  assert_json 'map(select(.prefix) | [.prefix[].command.type] | add) == ["AAABBB", "AAABBB"]'
}

@test "a command whose when is false, or that has nothing to choose from, is not drawn" {
  model preconditions <<'END'
def init: {open: [], closed: 0};
def commands: {
  Open: {when: ((.open | length) < 3)},
  Close: {args: {door: oneof(.open)}},
  Paint: {args: {door: {of: [oneof(.open)]}}, when: (.closed > 0)},
  Never: {args: {x: oneof([])}}, Nor: {args: {x: int(2; 1)}}};
def simulate_Open($c): {type: "Opened", door: external};
def on_Opened($e): .open += [$e.door];
def on_Close($c): .open -= [$c.door] | .closed += 1;
END
  run pd-gen -m preconditions.jq -n 100 -s 1
  assert_status 0
  assert_json 'all(.[] | select(.prefix);
    reduce .prefix[] as $i ({open: [], closed: 0, good: true};
      if $i.command.type == "Open" then .good = (.good and (.open | length) < 3) | .open += ["@\($i.id).door"]
      elif $i.command.type == "Close" then .good = (.good and (.open | index([$i.command.door]) != null))
        | .open -= [$i.command.door] | .closed += 1
      elif $i.command.type == "Paint" then
        .good = (.good and .closed > 0 and (.open | index([$i.command.door.of[0]]) != null))
      else .good = false end) | .good)'
  assert_json '[.[] | select(.prefix).prefix[].command.type] | unique == ["Close", "Open", "Paint"]'
}

@test "references stand for what a later command takes from an earlier one's event" {
  model references <<'END'
def init: {};
def commands: {Make: {when: (. == {})}, Use: {when: (. != {}), args: .}};
def simulate_Make($c):
  {type: "First", id: external}, {type: "Second", id: external, deep: {list: [1, {name: external}]}};
def on_First($e): .value = const($e.id) | .keyed = const({($e.id): 1});
def on_Second($e): .second = const($e.id) | .nested = const([$e.deep.list[1].name]);
END
  run pd-gen -m references.jq -n 1 -s 1 --min-commands 2 --max-commands 2
  assert_status 0
  assert_json '.[1].prefix[1].command == {type: "Use", value: "@c1.id", keyed: {"@c1.id": 1},
    second: "@c1.1.id", nested: ["@c1.1.deep.list.1.name"]}'
}

@test "data that looks like a reference is written with a doubled @" {
  model data <<'END'
def init: {handles: ["@ada", "@c1.id", "@mint.c1.x:{}", "@@", "@", "a@b"]};
def setup: {type: "Login", user: "@root"};
def commands: {A: {args: {all: const(.handles), key: {"@ada": {"@c9.x": "@y"}}}}};
END
  run pd-gen -m data.jq -n 1 -s 1 --max-commands 1
  assert_json '.[1].setup[0].command.user == "@@root"'
  assert_json '.[1].prefix[0].command == {type: "A", key: {"@@ada": {"@@c9.x": "@@y"}},
    all: ["@@ada", "@@c1.id", "@@mint.c1.x:{}", "@@@", "@@", "a@b"]}'
}

@test "the model sees data as it is and references as tokens" {
  model seen <<'END'
def init: [];
def commands: {A: {args: {at: const("@ada"), id: optional(oneof(map(.id)))}}};
def simulate_A($c): {type: "Aed", id: external};
def on_A($c): if $c.at != "@ada" then error("quoted: \($c)") else . end;
def on_Aed($e): . + [{id: $e.id}];
def label_A($c): $c.at;
END
  run pd-gen -m seen.jq -n 20 -s 1
  assert_status 0
  assert_json 'all(.[] | select(.prefix).prefix[]; .label == "@ada" and .command.at == "@@ada")'
  assert_json '[.[] | select(.prefix).prefix[].command.id | select(.)] | length > 100 and all(test("^@c[0-9]+[.]id$"))'
}

@test "minted values are tokens wherever they stand, each with its own key" {
  model mints <<'END'
def init: [];
def setup: [{type: "Login", user: mint("root-{}"), more: [mint("uuid")]}];
def teardown: {type: "Logout", users: .};
def commands: {A: {args: {email: mint("e-{}@x"), o: {in: [mint("in-{}")]}, l: list(mint("l-{}"); 2; 2),
                          f: frequency([[1, mint("f-{}")]]), "c:d": mint("x:{}"),
                          again: (if . == [] then null else const(.[0]) end)}}};
def on_A($c): . + [$c.email];
END
  run pd-gen -m mints.jq -n 1 -s 1 --min-commands 2 --max-commands 2
  assert_status 0
  assert_json '.[1].setup[0].command == {type: "Login", user: "@mint.s1.user:root-{}", more: ["@mint.s1.more.0:uuid"]}'
  assert_json '.[1].prefix[1].command == {type: "A", email: "@mint.c2.email:e-{}@x", o: {in: ["@mint.c2.o.in.0:in-{}"]},
    l: ["@mint.c2.l.0:l-{}", "@mint.c2.l.1:l-{}"], f: "@mint.c2.f:f-{}", "c:d": "@mint.c2.c;d:x:{}",
    again: "@mint.c1.email:e-{}@x"}'
  assert_json '.[1].teardown[0].command.users == ["@mint.c1.email:e-{}@x", "@mint.c2.email:e-{}@x"]'
}

@test "setup comes before all commands and teardown after them; both may draw" {
  model fixed <<'END'
def init: {};
def setup: {type: "Login", as: name}, [{type: "MakeTenant", size: int(1; 9), by: "@s1.token"}];
def teardown: if .tenant then {type: "DropTenant", tenant: .tenant} else empty end;
def simulate_Login($c): {type: "LoggedIn", token: external};
def simulate_MakeTenant($c): {type: "TenantMade", tenant: external};
def on_LoggedIn($e): .token = $e.token;
def on_TenantMade($e): .tenant = $e.tenant;
def commands: {A: {args: {token: const(.token)}}};
END
  run pd-gen -m fixed.jq -n 30 -s 1
  assert_status 0
  assert_json 'map(select(.prefix)) | all(.[];
    (.setup | map(.id) == ["s1", "s2"] and .[1].command.by == "@s1.token")
    and all(.prefix[]; .command.token == "@s1.token")
    and .teardown == [{id: "t1", command: {type: "DropTenant", tenant: "@s2.tenant"}}])'
  assert_json '[.[] | select(.setup).setup[1].command.size] | unique | length > 4'
  model drawless <<<'def init: 0; def setup: {type: "A", x: oneof([])}; def commands: {B: {}};'
  run -2 --separate-stderr pd-gen -m drawless.jq
  assert_stderr_has "command s1 can draw nothing"
}

@test "terminate ends a sequence before its length is reached" {
  model ends <<'END'
def init: 0;
def commands: {Go: {}, Stop: {args: {n: int(1; 3)}}};
def simulate_Stop($c): {type: "Stopped", n: $c.n};
def terminate($c; $events): $c.type == "Stop" and $events[0].n == 3;
END
  run pd-gen -m ends.jq -n 200 -s 1 --min-commands 50
  assert_json 'all(.[] | select(.prefix).prefix; all(.[:-1][]; .command.n != 3) and (.[-1].command.n == 3 or length == 50))'
  assert_json 'any(.[] | select(.prefix).prefix; length == 1)'
  assert_json 'any(.[] | select(.prefix).prefix; length > 5)'
}

@test "a sequence ends when nothing more is possible" {
  model dry <<<'def init: 0; def commands: {A: {when: (. < 4)}}; def on_A($c): . + 1;'
  run -0 pd-gen -m dry.jq -n 5 -s 1 --min-commands 9
  assert_json 'map(select(.prefix).prefix | length) | unique == [4]'
}

@test "no command possible at the start is an error that gives the state and each command's reason" {
  model stuck <<'END'
def init: {accounts: {}};
def commands: {Credit: {args: {account: oneof(.accounts | keys)}}, Close: {when: false}, Idle: {weight: 0}};
END
  run -2 --separate-stderr pd-gen -m stuck.jq -n 1 -s 1
  assert_stderr_has 'no command is possible in the state {"accounts":{}}'
  assert_stderr_has 'Close: `when` is false'
  assert_stderr_has 'Credit: nothing to choose for account from {"$gen":"oneof","values":[]}'
  assert_stderr_has 'Idle: weight is 0'
  model none <<<'def init: 0; def commands: {};'
  run -2 --separate-stderr pd-gen -m none.jq
  assert_stderr_has '`commands` is empty'
}

@test "an error in generation names the run and its seed" {
  model late <<<'def init: 0; def commands: {A: {}}; def on_A($c): if . > 20 then error("over") else . + 1 end;'
  run -2 --separate-stderr pd-gen -m late.jq -n 50 -s 1
  local seed
  seed=$(sed -n 's/.*(seed \([0-9]*\)).*/\1/p' <<<"$stderr")
  assert_stderr_has "late.jq:2: run "
  assert_stderr_has "on_A/1: over"
  run -2 --separate-stderr pd-gen -m late.jq --run-seed "$seed"
  assert_stderr_has "on_A/1: over"
}

@test "what is nested too deep for a record is refused" {
  model deep <<<'def init: 0; def commands: {A: {args: {x: const(reduce range(250) as $i (1; [.]))}}};'
  run -2 --separate-stderr pd-gen -m deep.jq
  assert_stderr_has "nested more than 200 deep"
  model shallow <<<'def init: 0; def commands: {A: {args: {x: const(reduce range(150) as $i (1; [.]))}}};'
  run -0 pd-gen -m shallow.jq -n 1
  [[ $output != *skipped* ]]
}

@test "numbers that are only carried keep their digits" {
  model numbers <<'END'
def init: {id: 1499816949527975237, seen: []};
def commands: {A: {args: {id: const(.id), price: oneof([0.10]), list: [1499816949527975237, 12.3400], old: const(.seen)}}};
def simulate_A($c): {type: "Aed", id: $c.id, price: $c.price};
def on_Aed($e): .seen = [$e.id, $e.price];
END
  run -0 pd-gen -m numbers.jq -n 1 -s 1 --min-commands 2 --max-commands 2
  assert_output_has '"id":1499816949527975237,'
  assert_output_has '"price":0.10'
  assert_output_has '"list":[1499816949527975237,12.3400]'
  assert_output_has '"old":[1499816949527975237,0.10]'
}

@test "-h prints usage and the options, -V the version" {
  run -0 --separate-stderr pd-gen -h
  assert_output_has "usage: pd-gen -m MODEL"
  for option in --model --runs --seed --min-commands --max-commands --branches --branch-probability --shard --run-seed --seeds --line-buffered; do
    assert_output_has "$option"
  done
  [[ -z $stderr ]]
  run -0 pd-gen --version
  [[ $output =~ ^pd-gen\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "the usage is the manual page's synopsis" {
  local page=$PD_ROOT/share/man/man1/pd-gen.1
  [[ -e $page ]] || skip "no manual page yet"
  words() { tr -s '[:space:]' '\n' | tr -d '[]|' | sed '/^$/d' | sort; }
  run -0 pd-gen -h
  diff <(sed '/^$/,$d; s/^usage: //' <<<"$output" | words) \
    <(mandoc -T utf8 "$page" | col -bx | sed -n '/^SYNOPSIS/,/^[A-Z]/p' | sed '/^[A-Z]/d' | words)
}

@test "what cannot be meant is refused, with a suggestion where there is one" {
  refused() { run -2 --separate-stderr pd-gen "${@:2}" && assert_stderr_has "$1" && [[ -z $output ]]; }
  refused "unknown option --sede (did you mean --seed?)" -m "$counter" --sede 4
  refused "unknown option -Z" -Z
  refused "a model is needed" -n 3
  refused "is one word too many" -m "$counter" extra
  refused "'x' is not a whole number" -m "$counter" -n x
  refused "-1 is not in" -m "$counter" -n -1
  refused "9007199254740992 is not in" -m "$counter" -s 9007199254740992
  refused "'x' is not I/N" -m "$counter" --shard x
  refused "3 is not in 1..2" -m "$counter" --shard 3/2
  refused "0 is not in 1.." -m "$counter" --min-commands 0
  refused "exclude each other" -m "$counter" --run-seed 1 --seeds x
}

@test "output that cannot be written is an error" {
  run -2 --separate-stderr bash -c '"$PD_BIN/pd-gen" -m "$1" -n 200 -s 1 >/dev/full' - "$counter"
  assert_stderr_has "No space left on device"
}

@test "a reader that goes away ends it quietly" {
  "$PD_BIN/pd-gen" -m "$counter" -n 100000000 -s 1 2>err | head -n 1 >out
  [[ $(jq -r .type out) == stream && ! -s err ]]
}

@test "memory does not grow with the number of sequences" {
  export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1 # it keeps what was freed
  peak() {
    local file=peak.$1
    "$PD_BIN/pd-gen" -m "$counter" -n 100000000 -s 1 --max-commands 3 | {
      head -n "$1" >/dev/null
      # it waits for room in the pipe
      for process in /proc/[0-9]*; do
        grep -qsx 'Name:	pd-gen' "$process/status" &&
          grep -qszxF "PD_TEST_ID=$PD_TEST_ID" "$process/environ" &&
          sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "$process/status"
      done >"$file"
    }
    cat "$file"
  }
  local early late
  early=$(peak 1000) late=$(peak 50000)
  ((early > 0 && late < early + 4096)) || fail "$early kB after 1,000 sequences, $late kB after 50,000"
}
