#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Failures of which the smallest cause is known, in runs of 50 commands: things that were made and are
# used, chains, cycles, and accounts that move money.
# shellcheck disable=SC2016,SC2034 # jq and Python in quotes; variables of the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
  noise='Noise: {weight: 9, args: {n: int(0; 9)}}'
  thing='{thing: oneof(.made)}'
  pair='{from: oneof(.made), to: oneof(.made)}'
}

teardown() {
  pd_teardown
}

# --- Things and their use ---

@test "a use of the thing that was made second" {
  minimal_twice 2 "{MakeThing: {}, Use: {weight: 0.2, args: $thing}, $noise}" \
    'c["type"] == "Use" and c["thing"] in list(made)[1:2]' \
    '[{"type":"MakeThing"},{"type":"MakeThing"},{"type":"Use","thing":"@c2.made"}]'
}

@test "a use of the latest of three things" {
  minimal 2 "{MakeThing: {}, Use: {weight: 0.2, args: $thing}, $noise}" \
    'c["type"] == "Use" and c["thing"] in list(made)[2:][-1:]' \
    '[{"type":"MakeThing"},{"type":"MakeThing"},{"type":"MakeThing"},{"type":"Use","thing":"@c3.made"}]'
}

@test "a use of a thing of one kind" {
  minimal 2 "{MakeA: {}, MakeB: {weight: 0.1, args: {n: int(0; 99)}}, Use: {weight: 0.3, args: $thing}, $noise}" \
    'c["type"] == "Use" and made[c["thing"]]["type"] == "MakeB"' \
    '[{"type":"MakeB","n":0},{"type":"Use","thing":"@c1.made"}]'
}

@test "a use after the thing was closed, and opened before that" {
  minimal 2 "{MakeThing: {weight: 2}, Open: {args: $thing}, Close: {args: $thing}, Use: {args: $thing}, $noise}" \
    'c["type"] == "Use" and bool(__import__("re").search("O.*C.*U", "".join(x["type"][0] for x in run if x.get("thing") == c["thing"])))' \
    '[{"type":"MakeThing"},{"type":"Open","thing":"@c1.made"},{"type":"Close","thing":"@c1.made"},{"type":"Use","thing":"@c1.made"}]'
}

@test "a thing used three times" {
  minimal_twice 2 "{MakeThing: {weight: 2}, Use: {args: {thing: oneof(.made), n: int(0; 99)}}, $noise}" \
    'c["type"] == "Use" and sum(x.get("thing") == c["thing"] for x in run) >= 3' \
    '[{"type":"MakeThing"},{"type":"Use","thing":"@c1.made","n":0},{"type":"Use","thing":"@c1.made","n":0},{"type":"Use","thing":"@c1.made","n":0}]'
}

@test "two of three things" {
  minimal 2 "{MakeThing: {}, Join: {weight: 0.1, args: $pair}, $noise}" \
    'c["type"] == "Join" and len(made) >= 3 and c["from"] != c["to"]' \
    '[{"type":"MakeThing"},{"type":"MakeThing"},{"type":"MakeThing"},{"type":"Join","from":"@c1.made","to":"@c2.made"}]' \
    '[{"type":"MakeThing"},{"type":"MakeThing"},{"type":"MakeThing"},{"type":"Join","from":"@c2.made","to":"@c1.made"}]'
}

@test "the same thing twice" {
  minimal 2 "{MakeThing: {}, Join: {weight: 0.1, args: $pair}, $noise}" \
    'c["type"] == "Join" and c["from"] == c["to"]' \
    '[{"type":"MakeThing"},{"type":"Join","from":"@c1.made","to":"@c1.made"}]'
}

@test "a list of things with one of them twice" {
  minimal 2 "{MakeThing: {weight: 2}, Group: {weight: 0.2, args: {things: list(oneof(.made); 0; 6)}}, $noise}" \
    'c["type"] == "Group" and len(set(c["things"])) < len(c["things"])' \
    '[{"type":"MakeThing"},{"type":"Group","things":["@c1.made","@c1.made"]}]'
}

@test "a list of things with three different ones" {
  minimal 2 "{MakeThing: {weight: 2}, Group: {weight: 0.2, args: {things: list(oneof(.made); 0; 6)}}, $noise}" \
    'c["type"] == "Group" and len(set(c["things"])) >= 3' \
    'length == 4 and (.[:3] | all(.type == "MakeThing")) and (last.things | length == 3 and sort == ["@c1.made", "@c2.made", "@c3.made"])'
}

@test "a thing that two users lock" {
  minimal_twice 2 "{MakeUser: {}, MakeThing: {}, Lock: {args: {user: oneof(.made), thing: oneof(.made)}}, Noise: {weight: 2}}" \
    'c["type"] == "Lock" and made[c["user"]]["type"] == "MakeUser" and made[c["thing"]]["type"] == "MakeThing"
      and any(x["type"] == "Lock" and x["thing"] == c["thing"] and x["user"] != c["user"] and made[x["user"]]["type"] == "MakeUser" for x in run)' \
    'map(.type) | sort == ["Lock", "Lock", "MakeThing", "MakeUser", "MakeUser"]'
}

@test "a thing that is gone, and another one after it" {
  definitions='def on_Delete($c): .made -= [$c.thing];'
  minimal 2 "{MakeThing: {weight: 0.5}, Delete: {weight: 0.3, args: $thing}, Look: {weight: 0.2}, $noise}" \
    'c["type"] == "Look" and any(x["type"] == "Delete" and "MakeThing" in types[i:] for i, x in enumerate(run))' \
    '[{"type":"MakeThing"},{"type":"Delete","thing":"@c1.made"},{"type":"MakeThing"},{"type":"Look"}]'
}

@test "two handles that nobody closed" {
  definitions='def on_Close($c): .made -= [$c.thing];'
  minimal_twice 2 "{MakeHandle: {}, Close: {args: $thing}, Look: {weight: 0.1}, $noise}" \
    'c["type"] == "Look" and types.count("MakeHandle") - types.count("Close") == 2' \
    '[{"type":"MakeHandle"},{"type":"MakeHandle"},{"type":"Look"}]'
}

@test "a process that was killed gets a name" {
  minimal 2 "{MakeProcess: {weight: 2}, Kill: {weight: 0.5, args: $thing}, Register: {weight: 0.5, args: {name: string(1; 9), thing: oneof(.made)}}, $noise}" \
    'c["type"] == "Register" and any(x["type"] == "Kill" and x["thing"] == c["thing"] for x in run)' \
    '[{"type":"MakeProcess"},{"type":"Kill","thing":"@c1.made"},{"type":"Register","name":"a","thing":"@c1.made"}]'
}

@test "two users that lock two things in opposite order" {
  drawn=300
  minimal 2 "{MakeUser: {weight: 0.5}, MakeThing: {weight: 0.5}, Lock: {weight: 2, args: {user: oneof(.made), thing: oneof(.made)}}, Noise: {weight: 2}}" \
    'c["type"] == "Lock" and (lambda before: any((u, b, a) in before for (v, a, b) in before for u in made if u != v))(
      {(x["user"], x["thing"], y["thing"]) for i, x in enumerate(run) for y in run[i:]
        if x["type"] == y["type"] == "Lock" and x["user"] == y["user"] and x["thing"] != y["thing"]
        and made[x["user"]]["type"] == "MakeUser" and made[x["thing"]]["type"] == made[y["thing"]]["type"] == "MakeThing"})' \
    'map(.type) | sort == ["Lock", "Lock", "Lock", "Lock", "MakeThing", "MakeThing", "MakeUser", "MakeUser"]'
}

# --- Chains, trees, cycles ---

@test "a chain of references ten deep" {
  minimal_twice 2 "{MakeRoot: {weight: 0.2}, MakeChild: {weight: 2, args: {parent: oneof(.made[-3:])}}, Look: {args: $thing}, Noise: {}}" \
    'c["type"] == "MakeChild" and (lambda depth: depth(depth, c) >= 10)(
      lambda depth, x: 1 + depth(depth, made[x["parent"]]) if "parent" in x else 1)' \
    '([.[0], .[1:][] | .type] == ["MakeRoot", (range(9) | "MakeChild")]) and ([.[1:][].parent] == [range(9) | "@c\(. + 1).made"])'
}

@test "a child of a thing that is gone" {
  minimal 2 "{MakeRoot: {}, MakeChild: {args: $thing}, Delete: {args: $thing}, Use: {args: $thing}, $noise}" \
    'c["type"] == "Use" and "thing" in made[c["thing"]] and any(x["type"] == "Delete" and x["thing"] == made[c["thing"]]["thing"] for x in run)' \
    '[{"type":"MakeRoot"},{"type":"MakeChild","thing":"@c1.made"},{"type":"Delete","thing":"@c1.made"},{"type":"Use","thing":"@c2.made"}]' \
    '[{"type":"MakeRoot"},{"type":"Delete","thing":"@c1.made"},{"type":"MakeChild","thing":"@c1.made"},{"type":"Use","thing":"@c3.made"}]'
}

@test "two branches that meet again" {
  minimal 2 "{MakeRoot: {weight: 0.5}, MakeChild: {weight: 2, args: {parent: oneof(.made)}}, Merge: {weight: 0.3, args: $pair}, $noise}" \
    'c["type"] == "Merge" and c["from"] != c["to"] and None is not made[c["from"]].get("parent") == made[c["to"]].get("parent")' \
    'length == 4 and map(.type) == ["MakeRoot", "MakeChild", "MakeChild", "Merge"] and ([last.from, last.to] | sort == ["@c2.made", "@c3.made"])
      and .[1].parent == "@c1.made" and .[2].parent == "@c1.made"'
}

@test "two chains of three that are joined" {
  minimal 2 "{MakeRoot: {}, MakeChild: {weight: 3, args: {parent: oneof(.made)}}, Merge: {args: $pair}, Noise: {weight: 3}}" \
    'c["type"] == "Merge" and (lambda line: len(line(line, c["from"])) >= 3 <= len(line(line, c["to"]))
      and not set(line(line, c["from"])) & set(line(line, c["to"])))(
      lambda line, i: [i] + (line(line, made[i]["parent"]) if "parent" in made[i] else []))' \
    'length == 7 and last.type == "Merge" and (map(select(.type == "MakeRoot")) | length == 2) and (map(select(.type == "MakeChild")) | length == 4)'
}

@test "a cycle of three links" {
  minimal 2 "{MakeNode: {weight: 0.6}, Link: {weight: 0.8, args: $pair}, Noise: {weight: 4, args: {n: int(0; 9)}}}" \
    'c["type"] == "Link" and (lambda links: any((c["to"], x) in links and (x, c["from"]) in links for x in made if len({c["from"], c["to"], x}) == 3))(
      {(x["from"], x["to"]) for x in run if x["type"] == "Link"})' \
    'length == 6 and (map(.type) | sort == ["Link", "Link", "Link", "MakeNode", "MakeNode", "MakeNode"])'
}

@test "a cycle of three links or more" {
  minimal_twice 2 "{MakeNode: {weight: 0.8}, Link: {weight: 0.8, args: $pair}, Noise: {weight: 4, args: {n: int(0; 9)}}}" \
    'c["type"] == "Link" and c["from"] != c["to"] and (lambda links, walk: walk(walk, links, [c["to"]]))(
      {(x["from"], x["to"]) for x in run if x["type"] == "Link"},
      lambda walk, links, path: any(to not in path and (to == c["from"] and len(path) >= 2 or to != c["from"] and walk(walk, links, path + [to]))
        for at, to in links if at == path[-1]))' \
    'length == 6 and (map(.type) | sort == ["Link", "Link", "Link", "MakeNode", "MakeNode", "MakeNode"])'
}

# --- Accounts ---

@test "three credits in euro, and a debit of more than they are" {
  minimal_twice 2 "{MakeAccount: {args: {currency: oneof([\"USD\", \"EUR\"])}}, Credit: {weight: 2, args: {account: oneof(.made), amount: int(1; 50)}},
    Debit: {args: {account: oneof(.made), amount: int(1; 200)}}, $noise}" \
    'c["type"] == "Debit" and made[c["account"]]["currency"] == "EUR" and (lambda own: sum(x["type"] == "Credit" for x in own) >= 3
      and 0 > sum(x["amount"] if x["type"] == "Credit" else -x["amount"] for x in own))([x for x in run if x.get("account") == c["account"]])' \
    '[{"type":"MakeAccount","currency":"EUR"},{"type":"Credit","account":"@c1.made","amount":1},{"type":"Credit","account":"@c1.made","amount":1},
      {"type":"Credit","account":"@c1.made","amount":1},{"type":"Debit","account":"@c1.made","amount":4}]'
}

@test "a transfer of more than was there, to another account" {
  minimal 2 "{MakeAccount: {weight: 2}, Credit: {args: {account: oneof(.made), amount: int(1; 100)}},
    Transfer: {weight: 0.4, args: {from: oneof(.made), to: oneof(.made), amount: int(1; 100)}}, $noise}" \
    'c["type"] == "Transfer" and c["from"] != c["to"] and (lambda had: 0 < had < c["amount"])(
      sum(x["amount"] for x in run if x.get("account") == c["from"]))' \
    'length == 4 and (map(.type) | sort == ["Credit", "MakeAccount", "MakeAccount", "Transfer"])
      and last.amount == 2 and (map(select(.type == "Credit").amount) == [1])'
}

@test "a transfer between accounts of the second currency" {
  minimal 2 "{MakeAccount: {weight: 2, args: {currency: oneof([\"USD\", \"EUR\", \"GBP\"])}},
    Transfer: {weight: 0.3, args: {from: oneof(.made), to: oneof(.made), amount: int(1; 100)}}, $noise}" \
    'c["type"] == "Transfer" and c["from"] != c["to"] and "USD" != made[c["from"]]["currency"] == made[c["to"]]["currency"]' \
    'length == 3 and (.[:2] | all(.currency == "EUR")) and last.amount == 1 and ([last.from, last.to] | sort == ["@c1.made", "@c2.made"])'
}

@test "a balance of exactly nothing after two debits" {
  minimal 2 "{MakeAccount: {}, Credit: {weight: 2, args: {account: oneof(.made), amount: int(1; 20)}},
    Debit: {weight: 2, args: {account: oneof(.made), amount: int(1; 20)}}, Noise: {weight: 6}}" \
    'c["type"] == "Debit" and (lambda own: [x["type"] for x in own].count("Debit") >= 2
      and 0 == sum(x["amount"] if x["type"] == "Credit" else -x["amount"] for x in own))([x for x in run if x.get("account") == c["account"]])' \
    'length == 4 and first.type == "MakeAccount" and (.[1:] | map(.type) | sort == ["Credit", "Debit", "Debit"])
      and (.[1:] | map({(.type): .amount}) | add == {"Credit": 2, "Debit": 1})'
}

@test "an account of which all goes out, fifty at least, beside one that has money" {
  definitions='def on_Credit($c): .balances[$c.account] += $c.amount; def on_Debit($c): .balances[$c.account] -= $c.amount;'
  minimal_twice 2 "{MakeAccount: {}, Credit: {args: {account: oneof(.made), amount: int(1; 100)}},
    Debit: {args: {account: oneof((.balances // {}) | with_entries(select(.value > 0)) | keys),
    amount: int(1; (.balances // {} | [.[], 1] | max))}}, Noise: {weight: 5}}" \
    'c["type"] == "Debit" and c["amount"] >= 50 and (lambda balance: balance(c["account"]) == 0 and any(balance(i) > 0 for i in made))(
      lambda i: sum(x["amount"] * {"Credit": 1, "Debit": -1}[x["type"]] for x in run if x.get("account") == i))' \
    'length == 5 and (map(.type) | sort == ["Credit", "Credit", "Debit", "MakeAccount", "MakeAccount"]) and last.amount == 50
      and (map(select(.type == "Credit").amount) | sort == [1, 50])'
}

# 71 to 75 in one account, some in another: one credit for each is enough.
@test "an account with little more than seventy, beside one that has money" {
  minimal 2 "{MakeAccount: {}, Credit: {weight: 2, args: {account: oneof(.made), amount: int(1; 100)}}, Look: {args: {account: oneof(.made)}}, Noise: {weight: 2}}" \
    'c["type"] == "Look" and (lambda balance: 71 <= balance(c["account"]) <= 75 and any(balance(i) > 0 for i in made if i != c["account"]))(
      lambda i: sum(x["amount"] for x in run if x["type"] == "Credit" and x["account"] == i))' \
    'length == 5 and (map(.type) | sort == ["Credit", "Credit", "Look", "MakeAccount", "MakeAccount"])
      and (map(.amount // empty) | sort == [1, 71])'
}
