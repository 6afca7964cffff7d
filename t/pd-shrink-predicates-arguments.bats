#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Failures of which the smallest cause is known, in runs of 50 commands: numbers, alone and several that
# hang together. Text, lists and objects are in pd-shrink-predicates-values.bats.
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

# --- One number ---

@test "a number just below the largest there is" {
  minimal 2 "{A: {weight: 0.3, args: {n: int(0; 9007199254740991)}}, $noise}" \
    'c["type"] == "A" and c["n"] >= 9007199254740891' \
    '[{"type":"A","n":9007199254740891}]'
}

@test "a number below a negative bound, in a range below zero" {
  minimal 2 "{A: {weight: 0.3, args: {n: int(-2147483648; -5)}}, $noise}" \
    'c["type"] == "A" and c["n"] <= -1000000007' \
    '[{"type":"A","n":-1000000007}]'
}

# n % 7 == 5: one number in seven fails, and 5 is the first.
@test "a number with a remainder" {
  minimal_twice 2 "{A: {weight: 0.3, args: {n: int(0; 500)}}, $noise}" \
    'c["type"] == "A" and c["n"] % 7 == 5' \
    '[{"type":"A","n":5}]'
}

@test "an even number past a limit" {
  minimal 2 "{A: {weight: 0.3, args: {n: int(0; 500)}}, $noise}" \
    'c["type"] == "A" and c["n"] > 100 and c["n"] % 2 == 0' \
    '[{"type":"A","n":102}]'
}

# n > 100 and n % 10 == 0: 110 is the first.
@test "a multiple of ten past a limit" {
  minimal 2 "{A: {weight: 0.3, args: {n: int(0; 5000)}}, $noise}" \
    'c["type"] == "A" and c["n"] > 100 and c["n"] % 10 == 0' \
    '[{"type":"A","n":110}]'
}

# n is 64, 128, 256 … 4096: half of each fails, too, but for 64.
@test "a power of two" {
  minimal 2 "{A: {args: {n: int(1; 4096)}}, $noise}" \
    'c["type"] == "A" and c["n"] >= 64 and c["n"] & (c["n"] - 1) == 0' \
    '[{"type":"A","n":64}]'
}

# n has the bits of 1024 and 8: without any other bit it is 1032.
@test "a number with two bits" {
  minimal 2 "{A: {weight: 0.3, args: {n: int(0; 65535)}}, $noise}" \
    'c["type"] == "A" and c["n"] & 1032 == 1032' \
    '[{"type":"A","n":1032}]'
}

# 6 is simpler than 101, but nothing between them fails: whoever goes down step by step stays above.
@test "six, or past a limit" {
  minimal 2 "{A: {weight: 0.2, args: {n: int(0; 5000)}}, $noise}" \
    'c["type"] == "A" and (c["n"] == 6 or c["n"] > 100)' \
    '[{"type":"A","n":6}]' '[{"type":"A","n":101}]'
}

# 9.5 < x < 10: no whole number, and 9.6 is the first with one decimal.
@test "a float just below its bound" {
  minimal 2 "{A: {weight: 0.5, args: {x: float(0; 10)}}, $noise}" \
    'c["type"] == "A" and 9.5 < c["x"] < 10' \
    '[{"type":"A","x":9.6}]'
}

@test "a float below zero, past a threshold" {
  minimal 2 "{A: {weight: 0.2, args: {x: float(-1000; 1000)}}, $noise}" \
    'c["type"] == "A" and c["x"] < -123.45' \
    '[{"type":"A","x":-124}]'
}

# x - floor(x) > 0.5: one decimal is enough, and 0.6 is the first.
@test "a float with more than a half behind the point" {
  minimal 2 "{A: {weight: 0.2, args: {x: float(0; 100)}}, $noise}" \
    'c["type"] == "A" and c["x"] % 1 > 0.5' \
    '[{"type":"A","x":0.6}]'
}

@test "a number below which another failure begins" {
  definitions='def check_odd($e): $e.odd != true;'
  minimal 2 "{A: {weight: 0.1, args: {n: int(0; 5000)}}, $noise}" \
    'c["type"] == "A" and (c["n"] >= 1000 or {"events": [{"type": "Done", "bad": False, "odd": True}]})' \
    '[{"type":"A","n":1000}]'
  assert_json 'map(select(.type == "failure" and .failure.name == "good")) | all(.shrink.slips > 0)' out
}

# --- Numbers that hang together ---

@test "three amounts that sum past a limit" {
  minimal_twice 2 "{Add: {weight: 0.5, args: {amount: int(1; 40)}}, $noise}" \
    'c["type"] == "Add" and sum(x.get("amount", 0) for x in run) > 100' \
    'length == 3 and (map(.amount) | add == 101) and all(.type == "Add")'
}

@test "a debit of one more than a credit" {
  drawn=300
  minimal_twice 2 "{Credit: {args: {amount: int(1; 500)}}, Debit: {weight: 0.5, args: {amount: int(1; 501)}}, $noise}" \
    'c["type"] == "Debit" and c["amount"] > 9 and any(x["type"] == "Credit" and x["amount"] == c["amount"] - 1 for x in run)' \
    '[{"type":"Credit","amount":9},{"type":"Debit","amount":10}]'
}

# Two amounts at least, and a sum of 10, 20, 30 …: how two share 10 is all the same. Of 10 and 10 neither
# goes down alone, nor do both by one: that is a minimum, too.
@test "two amounts with a sum that is a multiple of ten" {
  minimal 2 "{Add: {weight: 0.5, args: {amount: int(1; 50)}}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and types.count("Add") >= 2 and sum(x.get("amount", 0) for x in run) % 10 == 0' \
    'length == 3 and (map(.amount // 0) | add | . == 10 or . == 20)'
}

@test "amounts with exactly the sum that was set" {
  drawn=300
  minimal_twice 2 "{Limit: {weight: 0.3, args: {limit: int(10; 60)}}, Use: {args: {amount: int(1; 8)}}, Look: {weight: 0.3}, Noise: {weight: 5}}" \
    'c["type"] == "Look" and "Limit" in types and sum(x.get("amount", 0) for x in run) == [x["limit"] for x in run if "limit" in x][-1]' \
    'length == 4 and (map(.limit // empty) == [10]) and (map(.amount // empty) | length == 2 and add == 10) and last.type == "Look"'
}

@test "four numbers, each larger than the one before" {
  drawn=300
  minimal 2 "{A: {weight: 0.5, args: {n: int(0; 1000)}}, $noise}" \
    'c["type"] == "A" and (lambda n: len(n) >= 4 and n[-4] < n[-3] < n[-2] < n[-1])([x["n"] for x in run if x["type"] == "A"])' \
    '[{"type":"A","n":0},{"type":"A","n":1},{"type":"A","n":2},{"type":"A","n":3}]'
}

@test "a time that goes back" {
  minimal 2 "{Tick: {weight: 0.2, args: {at: int(0; 100000)}}, $noise}" \
    'c["type"] == "Tick" and any(x.get("at", 0) > c["at"] >= 10 for x in run)' \
    '[{"type":"Tick","at":11},{"type":"Tick","at":10}]'
}

@test "two bookings that overlap, neither at the beginning" {
  minimal 2 "{Book: {weight: 0.5, args: {from: int(0; 1000), nights: int(1; 20)}}, $noise}" \
    'c["type"] == "Book" and c["from"] > 4 and any(x["type"] == "Book" and x["from"] > 4 and x["from"] < c["from"] + c["nights"]
      and c["from"] < x["from"] + x["nights"] for x in run[:-1])' \
    '[{"type":"Book","from":5,"nights":1},{"type":"Book","from":5,"nights":1}]'
}

@test "two commands alike in three arguments" {
  minimal_twice 2 "{Book: {weight: 4, args: {room: oneof([\"a\", \"b\", \"c\"]), day: int(1; 12), guests: int(1; 3)}}, Noise: {weight: 4}}" \
    'c["type"] == "Book" and c["day"] >= 4 and c["guests"] > 1 and c in run[:-1]' \
    '[{"type":"Book","room":"a","day":4,"guests":2},{"type":"Book","room":"a","day":4,"guests":2}]'
}

@test "three equal numbers in a command" {
  drawn=300
  minimal 2 "{A: {weight: 3, args: {x: int(0; 30), y: int(0; 30), z: [int(0; 30)]}}, Noise: {weight: 3}}" \
    'c["type"] == "A" and c["x"] == c["y"] == c["z"][0] >= 7' \
    '[{"type":"A","x":7,"y":7,"z":[7]}]'
}

@test "equal numbers in two commands" {
  minimal 2 "{Set: {args: {x: int(0; 150), y: int(0; 150)}}, Get: {args: {x: int(0; 150)}}, $noise}" \
    'c["type"] == "Get" and c["x"] >= 50 and any(x["type"] == "Set" and x["x"] == c["x"] for x in run)' \
    '[{"type":"Set","x":50,"y":0},{"type":"Get","x":50}]'
}

@test "a number past the sum of two others" {
  minimal 2 "{In: {weight: 0.3, args: {amount: int(1; 200)}}, Out: {weight: 0.3, args: {amount: int(1; 500)}}, $noise}" \
    'c["type"] == "Out" and types.count("In") >= 2 and c["amount"] > sum(x["amount"] for x in run if x["type"] == "In")' \
    '[{"type":"In","amount":1},{"type":"In","amount":1},{"type":"Out","amount":3}]'
}

@test "two numbers that differ by one" {
  minimal 2 "{A: {weight: 3, args: {x: int(0; 400), y: int(0; 400)}}, $noise}" \
    'c["type"] == "A" and c["x"] >= 10 and abs(c["x"] - c["y"]) == 1' \
    '[{"type":"A","x":10,"y":9}]'
}

@test "two numbers that hardly differ" {
  minimal 2 "{A: {args: {x: int(0; 1000), y: int(0; 1000)}}, $noise}" \
    'c["type"] == "A" and c["x"] >= 10 and 1 <= abs(c["x"] - c["y"]) <= 4' \
    '[{"type":"A","x":10,"y":6}]'
}

@test "two numbers that do not differ" {
  minimal 2 "{A: {weight: 2, args: {x: int(0; 400), y: int(0; 400)}}, $noise}" \
    'c["type"] == "A" and c["x"] >= 10 and c["x"] == c["y"]' \
    '[{"type":"A","x":10,"y":10}]'
}

# y == 2 * x, x >= 10: they only go down together, y by two.
@test "a number twice another" {
  minimal 2 "{A: {weight: 2, args: {x: int(1; 60), y: int(1; 120)}}, $noise}" \
    'c["type"] == "A" and c["x"] >= 10 and c["y"] == 2 * c["x"]' \
    '[{"type":"A","x":10,"y":20}]'
}

@test "two numbers with a sum" {
  minimal 2 "{A: {weight: 2, args: {x: int(0; 100), y: int(0; 100)}}, $noise}" \
    'c["type"] == "A" and c["x"] + c["y"] == 100 and c["x"] > 5 and c["y"] > 5' \
    'length == 1 and .[0].x + .[0].y == 100'
}

@test "two numbers with a product, neither lower than it must be" {
  minimal 2 "{A: {weight: 0.2, args: {width: int(1; 50), height: int(1; 50)}}, $noise}" \
    'c["type"] == "A" and c["width"] * c["height"] >= 100' \
    'length == 1 and (.[0] | .width * .height >= 100 and (.width - 1) * .height < 100 and .width * (.height - 1) < 100)'
}

# x + y > 15: with whole numbers 16 is the first; how the two share it is all the same.
@test "two floats past a sum" {
  minimal 2 "{A: {weight: 0.2, args: {x: float(0; 10), y: float(0; 10)}}, $noise}" \
    'c["type"] == "A" and c["x"] + c["y"] > 15' \
    'length == 1 and (.[0] | .x + .y == 16 and .x == (.x | floor))'
}

# --- Numbers and how many commands there are ---

@test "all of what came in goes out, fifty at least" {
  definitions='def on_Credit($c): .balance = (.balance // 0) + $c.amount; def on_Debit($c): .balance -= $c.amount;'
  minimal_twice 2 "{Credit: {weight: 0.6, args: {amount: int(1; 200)}},
    Debit: {weight: 0.5, when: ((.balance // 0) > 0), args: {amount: int(1; .balance // 1)}}, $noise}" \
    'c["type"] == "Debit" and c["amount"] >= 50 and sum(x["amount"] * {"Credit": 1, "Debit": -1}.get(x["type"], 0) for x in run if "amount" in x) == 0' \
    '[{"type":"Credit","amount":50},{"type":"Debit","amount":50}]'
}

# As many in the buffer as its size: 1 is the smallest. The model puts no more in than there is room for.
@test "a buffer that is full" {
  definitions='def on_New($c): .size = $c.size | .used = 0; def on_Put($c): .used += 1; def on_Get($c): .used -= 1;'
  minimal_twice 2 "{New: {weight: 0.3, args: {size: int(1; 9)}}, Put: {weight: 2, when: ((.used // 0) < (.size // 0)), args: {n: int(0; 99)}},
    Get: {when: ((.used // 0) > 0)}, Look: {weight: 0.1}, Noise: {}}" \
    'c["type"] == "Look" and "New" in types and (lambda since: [x["type"] for x in since].count("Put") - [x["type"] for x in since].count("Get")
      == since[0]["size"])(run[max(i for i, t in enumerate(types) if t == "New"):])' \
    '[{"type":"New","size":1},{"type":"Put","n":0},{"type":"Look"}]'
}

# The same: the size and how many are put in only go down together, a put goes with a get.
@test "a buffer of which the model does not know that it is full" {
  minimal 2 '{New: {weight: 0.3, args: {size: int(1; 9)}}, Put: {args: {n: int(0; 99)}}, Get: {}, Look: {weight: 0.2}, Noise: {weight: 3}}' \
    'c["type"] == "Look" and "New" in types and (lambda since: [x["type"] for x in since].count("Put") - [x["type"] for x in since].count("Get")
      == since[0]["size"])(run[max(i for i, t in enumerate(types) if t == "New"):])' \
    '[{"type":"New","size":1},{"type":"Put","n":0},{"type":"Look"}]'
}

@test "a cache of two that forgets the oldest, not the one unused for longest" {
  minimal 2 '{Put: {args: {key: int(0; 5)}}, Get: {args: {key: int(0; 5)}}, Noise: {weight: 6}}' \
    'c["type"] == "Get" and (lambda fifo, lru: c["key"] in lru and c["key"] not in fifo)(
      __import__("functools").reduce(lambda f, x: f if x["type"] != "Put" or x["key"] in f else (f + [x["key"]])[-2:], run, []),
      __import__("functools").reduce(lambda l, x: l if x["type"] == "Noise" or x["type"] == "Get" and x["key"] not in l
        else ([k for k in l if k != x["key"]] + [x["key"]])[-2:], run, []))' \
    'length == 5 and all(.type != "Noise") and (map(.key) | .[0] == .[2] and .[0] == .[4] and unique == [0, 1, 2])'
}

@test "two that lock two things in opposite order" {
  minimal 2 '{Lock: {args: {user: int(0; 6), thing: int(0; 6)}}, Noise: {weight: 7}}' \
    'c["type"] == "Lock" and (lambda before: any((u, b, a) in before for (v, a, b) in before for u in range(7) if u != v))(
      {(x["user"], x["thing"], y["thing"]) for i, x in enumerate(run) for y in run[i:]
        if x["type"] == y["type"] == "Lock" and x["user"] == y["user"] and x["thing"] != y["thing"]})' \
    'length == 4 and all(.type == "Lock") and (map(.user) | unique == [0, 1]) and (map(.thing) | unique == [0, 1])'
}
