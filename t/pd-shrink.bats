#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-shrink makes of failures: the smallest sequence. Arguments are in pd-shrink-arguments.bats,
# streams and limits in pd-shrink-stream.bats, trouble in pd-shrink-trouble.bats.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# --- Commands ---

@test "two commands far apart remain, in their order" {
  model '{A: {args: {n: int(0; 9)}}, B: {args: {n: int(0; 9)}}, C: {weight: 5, args: {n: int(0; 9)}}}'
  rule 'c["type"] == "B" and "A" in types[:-1]'
  for seed in 1 2 3; do
    hunt "$seed"
    assert_shrunk '[{"type":"A","n":0},{"type":"B","n":0}]'
  done
}

@test "a failure that one command is enough for shrinks to it" {
  model '{A: {args: {n: int(-9; 9)}}, B: {}}'
  rule 'c["type"] == "A"'
  hunt 1
  assert_shrunk '[{"type":"A","n":0}]'
}

@test "exactly one of two alternatives remains" {
  model '{A: {}, B: {}, Noise: {weight: 3}, Look: {}}'
  rule 'c["type"] == "Look" and ("A" in types or "B" in types)'
  for seed in 1 2 3; do
    hunt "$seed"
    assert_shrunk '[{"type":"A"},{"type":"Look"}]' '[{"type":"B"},{"type":"Look"}]'
  done
}

@test "a chain of references ten deep remains whole, and nothing beside it" {
  model '{MakeRoot: {weight: 0.2}, MakeChild: {weight: 3, args: {parent: oneof(.made)}}, Look: {args: {node: oneof(.made)}}}'
  cat >rule <<'END'
(lambda parents: c["type"] == "MakeChild" and (lambda f: f(f, f"id-{len(run)}"))(lambda f, i: 1 + f(f, parents[i]) if i in parents else 1) >= 10)({f"id-{i + 1}": x["parent"] for i, x in enumerate(run) if x["type"] == "MakeChild"})
END
  rule "$(<rule)"
  commands=('{"type":"MakeRoot"}' '{"type":"MakeRoot"}')
  for i in 2 3 4 5 6 7 8 9 10 11 12; do
    commands+=("{\"type\":\"MakeChild\",\"parent\":\"@c${#commands[@]}.made\"}" '{"type":"Look","node":"@c1.made"}')
    [[ $i == 2 ]] || commands[${#commands[@]}-2]="{\"type\":\"MakeChild\",\"parent\":\"@c$((${#commands[@]} - 3)).made\"}"
  done
  hunt - "${commands[@]}"
  [[ $(shrunk | jq -c 'map(.type)') == '["MakeRoot",'*(\"MakeChild\",)'"MakeChild"]' ]]
  [[ $(shrunk | jq length) == 10 ]]
}

@test "what the failing command needs is found at once, even when much else was made" {
  model '{MakeThing: {weight: 3}, Use: {args: {thing: oneof(.made)}}, Break: {weight: 0.3, args: {thing: oneof(.made)}}}'
  rule 'c["type"] == "Break" and len([x for x in run if x.get("thing") == c["thing"]]) >= 3'
  hunt 1
  assert_json 'map(select(.type == "failure"))[0].shrunk.prefix | map(.command.type) |
    length == 4 and .[0] == "MakeThing" and .[3] == "Break"' out
}

@test "references go toward an earlier command, and c10 is not earlier than c2" {
  model '{MakeThing: {}, Noise: {}, Break: {args: {thing: oneof(.made | sort)}}}'
  rule 'c["type"] == "Break" and types.count("MakeThing") >= 3 and types.count("Noise") >= 8'
  noise=()
  for _ in 1 2 3 4 5 6 7 8; do noise+=('{"type":"Noise"}'); done
  hunt - '{"type":"MakeThing"}' '{"type":"MakeThing"}' "${noise[@]}" '{"type":"MakeThing"}' \
    '{"type":"Break","thing":"@c2.made"}'
  [[ $(shrunk | jq -c 'last') == '{"type":"Break","thing":"@c1.made"}' ]]
  hunt - "${noise[@]}" '{"type":"MakeThing"}' '{"type":"MakeThing"}' '{"type":"MakeThing"}' \
    '{"type":"Break","thing":"@c9.made"}'
  [[ $(shrunk | jq -c 'last') == '{"type":"Break","thing":"@c9.made"}' ]]
}

@test "references that must agree move together, so that what they spoke of can go" {
  model '{MakeThing: {}, Open: {args: {thing: oneof(.made)}}, Break: {args: {thing: oneof(.made)}}}'
  rule 'c["type"] == "Break" and any(x["type"] == "Open" and x["thing"] == c["thing"] for x in run)'
  hunt - '{"type":"MakeThing"}' '{"type":"MakeThing"}' '{"type":"MakeThing"}' '{"type":"Open","thing":"@c3.made"}' \
    '{"type":"Open","thing":"@c2.made"}' '{"type":"Break","thing":"@c2.made"}'
  [[ $(shrunk | jq -c 'map(.type)') == '["MakeThing","Open","Break"]' ]]
}

@test "commands that only read go first" {
  model '{Read: {read_only: true, weight: 9}, A: {}, B: {}}'
  rule 'types.count("A") >= 2 and "B" in types and c["type"] == "A"'
  hunt 2
  [[ $(shrunk | jq -c 'map(.type) | sort') == '["A","A","B"]' ]]
  # After the first guess, that the failing command alone is enough, the reads are left out at once.
  jq -es '[.[].prefix | map(.command.type) | {reads: map(select(. == "Read")) | length, length: length}]
    | .[0].reads > 0 and (first(.[1:][] | select(.length > 1)) | .reads == 0)' executed
}

@test "setup and teardown stay, whatever goes" {
  model '{A: {args: {by: oneof(.made)}}, B: {}}' 'def setup: [{type: "MakeUser"}, {type: "Login"}]; def teardown: [{type: "Logout"}];'
  rule 'c["type"] == "A" and "Login" in types'
  hunt 1
  assert_json 'map(select(.type == "failure"))[0].shrunk | (.setup | map(.command.type) == ["MakeUser", "Login"]) and
    (.teardown | map(.command.type) == ["Logout"]) and .prefix == [{id: .prefix[0].id, command: {type: "A", by: "@s1.made"}}]' out
  jq -es 'all(.[]; (.setup | length) == 2 and (.teardown | length) == 1)' executed
}

@test "a failure in the setup needs no command at all" {
  model '{A: {}}' 'def setup: [{type: "Login"}];'
  rule 'c["type"] == "Login"'
  hunt 1
  assert_shrunk '[]'
}

@test "a failure at the end of a run shrinks" {
  model '{A: {args: {n: int(1; 50)}}, B: {}}'
  sed -i 's/{"every": "Done"}/{"at": "end"}/; s/\.bad = \$e\.bad/.bad = (.bad or $e.bad)/' model.jq
  rule 'c.get("n", 0) > 5 and "B" in types'
  for seed in 1 2; do
    hunt "$seed"
    assert_shrunk '[{"type":"B"},{"type":"A","n":6}]'
  done
}
