#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A coprocess adapter that does what the command's "do" says, and answers the command itself.

Hooks are written to the file HOOKS, where the environment names one.
"""
import json
import os
import sys
import time


def answer(request, **members):
    print(json.dumps({"id": request["id"], **members}), flush=True)


def execute(request):
    command = request["command"]
    what = command.get("do", "echo")
    if what == "die":
        sys.exit(3)
    elif what == "garbage":
        print("no JSON", flush=True)
    elif what == "flood":
        while True:
            sys.stdout.write("x" * 65536)
    elif what == "hang":
        time.sleep(1000)
    elif what in ("unexpected", "error", "retry", "events"):
        answer(request, **{what: command["value"]})
    else:
        answer(request, events=[{"type": "Got", "reply": request}])


def note(line):
    if "HOOKS" in os.environ:
        with open(os.environ["HOOKS"], "a", encoding="utf-8") as file:
            file.write(line + "\n")


def main():
    for line in sys.stdin:
        request = json.loads(line)
        note(request["op"])
        if request["op"] == "hello":
            answer(request, hooks=["health", "setup_once", "setup_each", "teardown_each", "teardown_once"])
        elif request["op"] == "execute":
            execute(request)
        else:
            answer(request)
    note("end of input")


main()
