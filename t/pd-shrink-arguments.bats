#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Arguments under pd-shrink: each becomes the simplest that still fails, by its generator.
# shellcheck disable=SC2016,SC2034,SC2154 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# --- Numbers ---

@test "amounts that move together go down together" {
  model '{Credit: {args: {amount: int(1; 500)}}, Debit: {args: {amount: int(1; 501)}}}'
  rule 'c["type"] == "Debit" and any(x["type"] == "Credit" and x["amount"] == c["amount"] - 1 for x in run)'
  hunt - '{"type":"Credit","amount":7}' '{"type":"Credit","amount":500}' '{"type":"Debit","amount":501}'
  assert_shrunk '[{"type":"Credit","amount":1},{"type":"Debit","amount":2}]'
}

@test "three amounts that sum past a limit" {
  model '{Add: {args: {amount: int(1; 40)}}, Noise: {}}'
  rule 'sum(x.get("amount", 0) for x in run) > 100'
  for seed in 1 2 3; do
    hunt "$seed"
    shrunk | jq -e 'length == 3 and (map(.amount) | add) == 101 and all(.[]; .type == "Add")'
  done
}

@test "a command goes when another one can take its amount over, or needs so much less" {
  model '{In: {args: {amount: int(1; 500)}}, Out: {args: {amount: int(1; 500)}}, Check: {args: {amount: int(1; 500)}}}'
  rule 'c["type"] == "Check" and "In" in types and sum(x["amount"] * {"In": 1, "Out": -1}.get(x["type"], 0) for x in run) == c["amount"]'
  hunt - '{"type":"In","amount":30}' '{"type":"In","amount":30}' '{"type":"Out","amount":20}' '{"type":"Check","amount":40}'
  assert_shrunk '[{"type":"In","amount":1},{"type":"Check","amount":1}]'
}

@test "a limit is met exactly, from above, from below and on the other side of zero" {
  model '{A: {args: {n: int(-8000000000; 8000000000)}}}'
  rule 'c["n"] >= 2147483648'
  hunt 1
  assert_shrunk '[{"type":"A","n":2147483648}]'
  rule 'c["n"] <= -1000'
  hunt 1
  assert_shrunk '[{"type":"A","n":-1000}]'
  rule 'abs(c["n"]) >= 1000'
  hunt 1
  assert_shrunk '[{"type":"A","n":1000}]'
}

@test "numbers stay in their generator's range" {
  model '{A: {args: {n: int(10; 500), m: int(-500; -10)}}}'
  rule 'True'
  hunt 1
  assert_shrunk '[{"type":"A","n":10,"m":-10}]'
}

@test "floats lose their decimals, then go down" {
  model '{A: {args: {x: float(-100; 100)}}}'
  rule 'c["x"] > 33.33'
  hunt - '{"type":"A","x":78.123456}'
  assert_shrunk '[{"type":"A","x":34}]'
  rule '0.25 < c["x"] < 1'
  hunt - '{"type":"A","x":0.76543}'
  assert_shrunk '[{"type":"A","x":0.3}]'
  rule 'c["x"] < -0.5'
  hunt - '{"type":"A","x":-77.7}'
  assert_shrunk '[{"type":"A","x":-1}]'
  rule 'True'
  hunt 1
  assert_shrunk '[{"type":"A","x":0}]'
}

# --- Text, choices, lists and objects ---

@test "a string that must hold a character shrinks to it" {
  model '{A: {args: {s: string(0; 16)}}}'
  rule '"\"" in c["s"]'
  for seed in 1 2 3; do
    hunt "$seed"
    assert_shrunk '[{"type":"A","s":"\""}]'
  done
  rule '"漢" in c["s"]'
  hunt 1
  assert_shrunk '[{"type":"A","s":"漢"}]'
}

@test "what remains of a string becomes plain, in its alphabet" {
  model '{A: {args: {s: string(0; 12)}}, B: {args: {s: string(2; 12; "xyz!")}}}'
  rule 'c["type"] == "A" and len(c["s"]) >= 3'
  hunt - '{"type":"A","s":"漢@$%ä-"}'
  assert_shrunk '[{"type":"A","s":"aaa"}]'
  rule 'c["type"] == "B" and "!" in c["s"] and len(c["s"]) > 2'
  hunt - '{"type":"B","s":"zz!yzy"}'
  shrunk | jq -e '.[0].s | length == 3 and (explode | sort | implode) == "!xx"'
}

@test "a string that looks like a reference stays data" {
  model '{MakeThing: {}, A: {args: {s: string(0; 20)}}}'
  rule 'c["type"] == "A" and c["s"].startswith("@c1.m")'
  hunt - '{"type":"MakeThing"}' '{"type":"A","s":"@@c1.made"}'
  assert_shrunk '[{"type":"A","s":"@@c1.m"}]'
}

@test "a list with two equal elements keeps two, the simplest" {
  model '{A: {args: {l: list(int(0; 99); 0; 8)}}}'
  rule 'len(set(c["l"])) < len(c["l"])'
  hunt - '{"type":"A","l":[5,71,3,8,71,9]}'
  assert_shrunk '[{"type":"A","l":[0,0]}]'
  model '{A: {args: {l: list(string(1; 5); 1; 8)}}}'
  hunt - '{"type":"A","l":["x","yz","abc","yz"]}'
  assert_shrunk '[{"type":"A","l":["a","a"]}]'
}

@test "a list shrinks to its shortest, and elements by their generators" {
  model '{A: {args: {l: list(int(0; 99); 2; 8)}}}'
  rule 'max(c["l"]) > 10'
  hunt - '{"type":"A","l":[5,71,3,88,9]}'
  assert_shrunk '[{"type":"A","l":[11,0]}]' '[{"type":"A","l":[0,11]}]'
}

@test "strings that must agree shrink together" {
  model '{Put: {args: {key: string(1; 9)}}, Get: {args: {key: string(1; 9)}}}'
  rule 'c["type"] == "Get" and any(x["type"] == "Put" and x["key"] == c["key"] for x in run)'
  hunt - '{"type":"Put","key":"Zoë"}' '{"type":"Put","key":"q"}' '{"type":"Get","key":"Zoë"}'
  assert_shrunk '[{"type":"Put","key":"a"},{"type":"Get","key":"a"}]'
}

@test "choices that must agree go toward the first together" {
  model '{Make: {args: {currency: frequency([[3, "USD"], [1, "EUR"]])}}, Pay: {args: {currency: oneof(["USD", "EUR", "GBP"])}}}'
  rule 'c["type"] == "Pay" and any(x["type"] == "Make" and x["currency"] == c["currency"] for x in run)'
  hunt - '{"type":"Make","currency":"EUR"}' '{"type":"Pay","currency":"EUR"}'
  assert_shrunk '[{"type":"Make","currency":"USD"},{"type":"Pay","currency":"USD"}]'
}

@test "oneof goes toward the first that will do" {
  model '{A: {args: {x: oneof(["one", "two", "three", "four"]), b: bool}}}'
  rule 'c["x"] in ("two", "four")'
  hunt - '{"type":"A","x":"four","b":true}'
  assert_shrunk '[{"type":"A","x":"two","b":false}]'
}

@test "frequency and optional go toward the first choice, and else within the choice" {
  model '{A: {args: {f: frequency([[1, int(0; 9)], [5, int(100; 900)]]), o: optional(int(1; 50))}}}'
  rule 'c["f"] >= 200'
  hunt - '{"type":"A","f":777,"o":33}'
  assert_shrunk '[{"type":"A","f":200,"o":null}]'
  rule 'c["f"] % 2 == 1 and c["o"] is not None'
  hunt - '{"type":"A","f":777,"o":33}'
  assert_shrunk '[{"type":"A","f":1,"o":1}]'
  model '{A: {args: {f: frequency([[1, "x"], [1, "y"], [1, oneof([])], [9, string(3; 9)]])}}}'
  rule 'c["f"] != "x"'
  hunt - '{"type":"A","f":"something"}'
  assert_shrunk '[{"type":"A","f":"y"}]'
}

@test "nested objects and arrays shrink part by part" {
  model '{A: {args: {o: {to: [int(0; 9), {name: string(0; 5), n: int(0; 500)}], fixed: {deep: [1, "x"]}}}}}'
  rule 'c["o"]["to"][1]["n"] > 77'
  hunt 1
  assert_shrunk '[{"type":"A","o":{"to":[0,{"name":"","n":78}],"fixed":{"deep":[1,"x"]}}}]'
}

@test "parts of nested values that hang together go down together" {
  model '{A: {args: {o: {from: int(0; 500), to: [int(0; 500)]}}}}'
  rule 'c["o"]["to"][0] == c["o"]["from"] + 2'
  hunt - '{"type":"A","o":{"from":300,"to":[302]}}'
  assert_shrunk '[{"type":"A","o":{"from":0,"to":[2]}}]'
}

@test "what is minted stays minted, even beside what shrinks" {
  model '{A: {args: {user: {email: mint("user-{}"), age: int(0; 99)}}}}'
  rule 'c["user"]["age"] > 17 and c["user"]["email"].startswith("user-")'
  hunt 1
  shrunk | jq -e 'length == 1 and .[0].user.age == 18 and (.[0].user.email | test("^@mint\\.c[0-9]+\\.user\\.email:user-\\{\\}$"))'
}

@test "timestamps and patterns become the simplest that will do" {
  model '{A: {args: {t: timestamp("2024-01-01T00:00:00Z"; "2025-01-01T00:00:00Z"), p: pattern("[A-Z]{2}-\\d{3}")}}}'
  rule 'True'
  hunt 1
  assert_shrunk '[{"type":"A","t":"2024-01-01T00:00:00Z","p":"AA-000"}]'
}
