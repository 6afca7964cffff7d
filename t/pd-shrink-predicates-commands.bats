#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Failures of which the smallest cause is known, in runs of 50 commands: which commands it has, how many,
# where, and in which order. Arguments and references have suites of their own.
# shellcheck disable=SC2016,SC2034 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
  noise='Noise: {weight: 9, args: {n: int(0; 9)}}'
}

teardown() {
  pd_teardown
}

# --- Which, and how many ---

@test "exactly one of two alternatives, when both together do no harm" {
  minimal 2 "{A: {weight: 0.3}, B: {weight: 0.3}, Look: {weight: 0.3}, $noise}" \
    'c["type"] == "Look" and ("A" in types) != ("B" in types)' \
    '[{"type":"A"},{"type":"Look"}]' '[{"type":"B"},{"type":"Look"}]'
}

@test "any two of three" {
  minimal 2 "{A: {weight: 0.1}, B: {weight: 0.1}, C: {weight: 0.1}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and len({"A", "B", "C"} & set(types)) >= 2' \
    'length == 3 and last.type == "Look" and (map(.type) | unique | length == 3 and index("Noise") == null)'
}

@test "five kinds of eight" {
  minimal 2 '{A: {}, B: {}, C: {}, D: {}, E: {}, F: {}, G: {}, Look: {weight: 0.2, args: {n: int(0; 99)}}}' \
    'c["type"] == "Look" and len(set(types)) >= 5' \
    'length == 5 and last == {"type": "Look", "n": 0} and (map(.type) | unique | length == 5)'
}

@test "exactly three of a kind" {
  minimal_twice 2 "{A: {weight: 0.5}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and types.count("A") == 3' \
    '[{"type":"A"},{"type":"A"},{"type":"A"},{"type":"Look"}]'
}

@test "ten of a kind" {
  minimal 2 '{A: {args: {n: int(0; 99)}}, B: {weight: 3, args: {n: int(0; 99)}}}' \
    'types.count("A") == 10' \
    'length == 10 and all(. == {"type": "A", "n": 0})'
}

@test "three more of a kind than of another" {
  minimal 2 "{A: {weight: 0.5}, B: {weight: 0.5}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and types.count("B") >= types.count("A") + 3' \
    '[{"type":"B"},{"type":"B"},{"type":"B"},{"type":"Look"}]'
}

@test "a command that only reads" {
  minimal 2 '{Write: {weight: 0.1, args: {n: int(0; 99)}}, Read: {read_only: true, weight: 0.5}, Noise: {weight: 5}}' \
    'c["type"] == "Write" and any(t == "Write" and "Read" in types[i:] for i, t in enumerate(types))' \
    '[{"type":"Write","n":0},{"type":"Read"},{"type":"Write","n":0}]'
}

@test "two of a kind and another one, seen at the end of the run only" {
  trigger='{"at": "end"}' minimal_twice 2 "{A: {weight: 0.4}, B: {args: {n: int(0; 99)}}, $noise}" \
    'types.count("A") == 2 and "B" in types' \
    'sort_by(.type) == [{"type": "A"}, {"type": "A"}, {"type": "B", "n": 0}]'
}

# --- Where, and in which order ---

@test "two commands twenty apart" {
  minimal_twice 2 "{A: {weight: 0.2, args: {n: int(0; 9)}}, B: {weight: 0.2, args: {n: int(0; 9)}}, $noise}" \
    'c["type"] == "B" and "A" in types[:-20]' \
    'length == 21 and first == {"type": "A", "n": 0} and last == {"type": "B", "n": 0} and all(.n == 0)'
}

@test "two commands with exactly two others between them" {
  minimal 2 "{A: {args: {n: int(0; 9)}}, B: {weight: 0.2, args: {n: int(0; 9)}}, $noise}" \
    'c["type"] == "B" and types[-4:-3] == ["A"]' \
    'length == 4 and first.type == "A" and last.type == "B" and all(.n == 0)'
}

@test "one right after the other" {
  minimal 2 "{A: {weight: 0.5}, B: {weight: 0.5}, $noise}" \
    'types[-2:] == ["A", "B"]' \
    '[{"type":"A"},{"type":"B"}]'
}

@test "at least at the fifth place" {
  minimal 2 "{A: {weight: 0.2, args: {n: int(0; 9)}}, $noise}" \
    'c["type"] == "A" and len(run) >= 5' \
    'length == 5 and last.type == "A" and all(.n == 0)'
}

@test "three in their order, with others between" {
  minimal_twice 2 "{A: {weight: 0.4}, B: {weight: 0.4}, C: {weight: 0.4}, $noise}" \
    'c["type"] == "C" and any(t == "A" and "B" in types[i:] for i, t in enumerate(types))' \
    '[{"type":"A"},{"type":"B"},{"type":"C"}]'
}

@test "to and fro five times" {
  minimal 2 '{A: {}, B: {}, C: {weight: 9, args: {n: int(0; 9)}}}' \
    'bool(__import__("re").search("A.*B.*A.*B.*A", "".join(types)))' \
    '[{"type":"A"},{"type":"B"},{"type":"A"},{"type":"B"},{"type":"A"}]'
}

@test "begun and not rolled back" {
  minimal 2 "{Begin: {weight: 0.5}, Commit: {weight: 0.3}, Rollback: {}, $noise}" \
    'c["type"] == "Commit" and any(t == "Begin" and "Rollback" not in types[i:] for i, t in enumerate(types))' \
    '[{"type":"Begin"},{"type":"Commit"}]'
}

@test "five without a rest" {
  minimal 2 '{Ask: {args: {n: int(0; 99)}}, Rest: {weight: 0.3, args: {n: int(0; 99)}}, Look: {}}' \
    'c["type"] == "Ask" and [t for t in types if t != "Look"][-5:] == ["Ask"] * 5' \
    'length == 5 and all(. == {"type": "Ask", "n": 0})'
}

@test "redone what was undone before the latest change" {
  minimal_twice 2 "{Do: {weight: 0.4}, Undo: {weight: 0.4}, Redo: {weight: 0.2}, $noise}" \
    'bool(__import__("re").search("D.*U.*D.*R", "".join(t[0] for t in types)))' \
    '[{"type":"Do"},{"type":"Undo"},{"type":"Do"},{"type":"Redo"}]'
}

# --- What the model demands ---

@test "a second session, of which the first needs only its beginning and end" {
  definitions='def on_Connect($c): .level = 1; def on_Login($c): .level = 2; def on_Open($c): .level = 3; def on_Disconnect($c): .level = 0;'
  minimal_twice 2 "{Connect: {when: ((.level // 0) == 0)}, Login: {when: (.level == 1)}, Open: {when: (.level == 2)},
    Write: {when: (.level == 3), args: {n: int(0; 99)}}, Disconnect: {weight: 0.3, when: ((.level // 0) > 0)}, $noise}" \
    'c["type"] == "Write" and types.count("Connect") == 2' \
    '[{"type":"Connect"},{"type":"Disconnect"},{"type":"Connect"},{"type":"Login"},{"type":"Open"},{"type":"Write","n":0}]'
}

@test "a stack that was four deep" {
  definitions='def on_Push($c): .depth = (.depth // 0) + 1; def on_Pop($c): .depth -= 1;'
  minimal 2 "{Push: {args: {n: int(0; 99)}}, Pop: {weight: 2, when: ((.depth // 0) > 0)}, $noise}" \
    'c["type"] == "Pop" and max(types[:i].count("Push") - types[:i].count("Pop") for i in range(len(types))) >= 4' \
    '[{"type":"Push","n":0},{"type":"Push","n":0},{"type":"Push","n":0},{"type":"Push","n":0},{"type":"Pop"}]'
}

# --- Another failure in the way ---

@test "another failure in most candidates is not taken for this one" {
  definitions='def check_odd($e): $e.odd != true;'
  minimal_twice 2 "{Login: {weight: 0.5}, Open: {weight: 0.5}, Write: {weight: 0.5}, Commit: {weight: 0.2}, $noise}" \
    'c["type"] == "Commit" and ({"Login", "Open", "Write"} <= set(types) or {"events": [{"type": "Done", "bad": False, "odd": True}]})' \
    'length == 4 and last.type == "Commit" and (map(.type) | unique | length) == 4 and all(.type != "Noise")'
  assert_json 'map(select(.type == "failure")) | all(.shrink.slips > 0)' out
}

@test "what keeps another failure away stays" {
  definitions='def check_odd($e): $e.odd != true;'
  minimal 2 "{Guard: {weight: 3}, A: {weight: 0.5}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and types.count("A") >= 3 or c["type"] == "A" and "Guard" not in types
       and {"events": [{"type": "Done", "bad": False, "odd": True}]}' \
    '[{"type":"Guard"},{"type":"A"},{"type":"A"},{"type":"A"},{"type":"Look"}]'
  assert_json 'map(select(.type == "failure")) | all(.shrink.slips > 0)' out
}

# --- Two at once: one without the other makes the failure go away ---

@test "both of two or neither" {
  minimal 2 "{A: {weight: 0.5}, D: {weight: 0.5}, E: {weight: 0.5}, Look: {weight: 0.1}, $noise}" \
    'c["type"] == "Look" and "A" in types and ("D" in types) == ("E" in types)' \
    '[{"type":"A"},{"type":"Look"}]'
}

@test "an even number, but not none" {
  minimal 2 "{Flip: {}, Look: {weight: 0.1}, $noise}" \
    'c["type"] == "Look" and types.count("Flip") in range(2, 99, 2)' \
    '[{"type":"Flip"},{"type":"Flip"},{"type":"Look"}]'
}

@test "an odd number" {
  minimal 2 "{Flip: {}, Look: {weight: 0.1}, $noise}" \
    'c["type"] == "Look" and types.count("Flip") % 2 == 1' \
    '[{"type":"Flip"},{"type":"Look"}]'
}

@test "as many of a kind as of another, two at least" {
  minimal 2 "{A: {}, B: {}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and types.count("A") == types.count("B") >= 2' \
    'length == 5 and last.type == "Look" and (map(.type) | sort == ["A", "A", "B", "B", "Look"])'
}
