#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""For tests of what is flaky: a bank of which each run gets another replica.

replicas.py PATTERN [NOISE]: the letters of PATTERN, over and over, say which replica serves a run. a
is right; b loses what is added after the first 10; c is right and has another name; d answers the
third command of a run with an error. Ids are new in every run. With NOISE, each event has a field that
is never the same twice.
"""
import itertools
import json
import sys
import uuid

pattern = itertools.cycle(sys.argv[1])
noise = len(sys.argv) > 2
balances = {}
replica = None
commands = 0


def execute(command):
    global commands
    commands += 1
    if replica == "d" and commands == 3:
        return {"unexpected": "status 500"}
    if command["type"] == "Open":
        account = f"acc-{uuid.uuid4().hex[:8]}"
        balances[account] = 0
        event = {"type": "Opened", "account": account, "node": replica}
    else:
        account = command["account"]
        if replica != "b" or balances[account] < 10:
            balances[account] += command["amount"]
        event = {"type": "Added", "account": account, "amount": command["amount"], "balance": balances[account]}
    if noise:
        event["trace"] = uuid.uuid4().hex
    return {"events": [event]}


for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "hello":
        reply = {"hooks": ["setup_each"]}
    elif request["op"] == "setup_each":
        replica, commands = next(pattern), 0
        balances.clear()
        reply = {}
    else:
        reply = execute(request["command"])
    print(json.dumps({"id": request["id"], **reply}), flush=True)
