#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""For tests of pd-shrink: an executing filter whose system has a race that is a rule.

race.py RULE LOG SEED [REPEAT]: takes the place of pd-exec. RULE is a file with a Python expression over a run:
  order    the commands, {"id", "type", ...}, in the order in which they took effect: branches are merged by
           chance, drawn from SEED, the plan and how often it was executed
  types    their types, in that order
  at(X)    where the commands of type X are: a set of "prefix", "suffix" and numbers of branches
  apart(X, Y, ...)  commands of these types are each in a branch of its own
  ordered(X, Y, ...)  they took effect in this order, others between them or not
  linear   there are no branches;  chance  a number from 0 to 1;  attempt  of this plan, whichever
           branch is in front, from 1
True is a failure of kind linearization at any command of the branches, seen at the end; "branches" is one that
is seen before the suffix is sent; an object is the failure itself, and None is no answer: the filter is killed.
Each run's plan and what came of it go to LOG. With REPEAT each branching run is executed so often, until it fails.
"""
import json
import os
import random
import signal
import sys

rule = compile(open(sys.argv[1]).read().strip(), sys.argv[1], "eval")
log = open(sys.argv[2], "a")
seed, repeat = sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1
attempts = {}


def merged(chance, branches):
    left = [list(b) for b in branches]
    while any(left):
        branch = chance.choice([i for i, b in enumerate(left) if b])
        yield branch, left[branch].pop(0)


def ordered_types(types, wanted):
    rest = iter(types)
    return all(t in rest for t in wanted)


def apart_types(places, wanted):
    def choose(left, taken):
        return not left or any(choose(left[1:], taken | {b}) for b in places(left[0]) if isinstance(b, int) and b not in taken)
    return choose(wanted, set())


def judge(sequence, order, chance, attempt):
    def at(kind):
        return {place for place, item in order if item["command"]["type"] == kind}
    types = [item["command"]["type"] for _, item in order]
    return eval(rule, {
        "order": [{"id": item["id"], **item["command"]} for _, item in order], "types": types, "at": at,
        "apart": lambda *kinds: apart_types(at, kinds), "ordered": lambda *kinds: ordered_types(types, kinds),
        "linear": not sequence.get("branches"), "chance": chance.random(), "attempt": attempt})


def emit(record):
    print(json.dumps(record, separators=(",", ":")))


def failure_of(verdict, order, chance):
    if not verdict or isinstance(verdict, dict):
        return verdict or None
    raced = [item["id"] for place, item in order if isinstance(place, int)]
    return {"class": "assertion", "kind": "linearization", "message": "no order explains the answers",
            "id": chance.choice(raced or [item["id"] for _, item in order])}


def attempt(sequence, last):
    plan, run = sequence["plan"], sequence["run"]
    key = json.dumps([sequence["prefix"], sorted(map(json.dumps, sequence.get("branches", []))), sequence["suffix"]])
    number = attempts[key] = attempts.get(key, 0) + 1
    chance = random.Random(f"{seed} {plan} {number}")
    branches = list(merged(chance, sequence.get("branches", [])))
    order = [("prefix", i) for i in sequence["prefix"]] + branches + [("suffix", i) for i in sequence["suffix"]]
    verdict = judge(sequence, order, chance, number)
    if verdict is None:
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if verdict == "branches":
        order = [o for o in order if o[0] != "suffix"]
    failure = failure_of(verdict, order, chance)
    emit({"type": "run_start", "run": run, "attempt": number, "nonce": f"{number:016x}", "sequence": sequence})
    for n, (place, item) in enumerate(order):
        where = {"run": run, "id": item["id"], **({"branch": place} if isinstance(place, int) else {})}
        emit({"type": "command", **where, "command": item["command"], "call_us": n, "return_us": n, "outcome": "ok", "attempts": 1})
        emit({"type": "event", **where, "source": "command", "event": {"type": "Done", "bad": False}, "at_us": n, "n": n + 1})
    again = not failure and not last
    emit({"type": "run_end", "run": run, "attempt": number, "status": "fail" if failure else "pass",
          **({"failure": failure} if failure else {}), **({"again": True} if again else {}),
          "commands": len(order), "events": len(order), "fired": {}, "duration_us": 1})
    print(json.dumps({"plan": plan, "branches": len(sequence.get("branches", [])), "suffix": len(sequence["suffix"]), "failed": bool(failure)}), file=log, flush=True)
    return again


for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == "sequence":
        times = repeat if record.get("branches") else 1
        for i in range(times):
            if not attempt(record, i == times - 1):
                break
        sys.stdout.flush()
