#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""For tests of pd-shrink: a system whose bug is a rule.

judge.py RULE [LOG]: RULE is a file with a Python expression over the run's commands so far (run, and
their types), what they made (made, their commands by id) and the last of them (c). A command makes the
event {"type": "Done", "bad": …} with what the rule says; a rule that gives an object is the reply itself,
and None is no reply at all. A command that makes something says so: {"type": "MakeX"} answers with a
made id as well. Each command goes to LOG.
"""
import json
import sys

rule = compile(open(sys.argv[1]).read().strip(), sys.argv[1], "eval")
log = open(sys.argv[2], "a") if len(sys.argv) > 2 else None
run = []


def execute(command):
    run.append(command)
    types = [c["type"] for c in run]
    made = {f"id-{i + 1}": c for i, c in enumerate(run) if c["type"].startswith("Make")}
    verdict = eval(rule, {"run": run, "c": command, "types": types, "made": made})
    if verdict is None or isinstance(verdict, dict):
        return verdict
    event = {"type": "Done", "bad": bool(verdict)}
    if command["type"].startswith("Make"):
        event["made"] = f"id-{len(run)}"
    return {"events": [event]}


for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "hello":
        reply = {"hooks": ["setup_each"]}
    elif request["op"] == "setup_each":
        run.clear()
        reply = {}
    else:
        if log:
            print(json.dumps(request["command"]), file=log, flush=True)
        reply = execute(request["command"])
    if reply is not None:
        print(json.dumps({"id": request["id"], **reply}), flush=True)
