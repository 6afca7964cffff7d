#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A coprocess adapter that is the system, too: a number to which commands add. Nothing depends on time.

Add {by} is answered when as many have come as its "meet" says, which proves that they were under way at
the same time. Then the first that came takes effect first; with "answer": "reversed" the last is answered
first. "lost" loses updates: each adds to what was there before, in the attempt of this number or in all. "silent"
answers without the sum. "hang": "done" takes effect and is never answered, "hang": "never" is only not
answered. Read gives the number, plus "lie". Open gives a box with the number "box" of its own.
Hooks are written to the file HOOKS, where the environment names one; setup_each begins anew.
"""
import json
import os
import sys


class Meeting:
    def __init__(self):
        self.value = self.attempt = self.boxes = 0
        self.waiting = []

    def begin(self):
        self.value, self.waiting = 0, []
        self.attempt += 1

    def add(self, command, base):
        value = base + command["by"]
        self.value = value
        event = {"type": "Added", "by": command["by"]}
        return event if command.get("silent") else {**event, "value": value}

    def meet(self, request):
        command = request["command"]
        self.waiting.append(request)
        if len(self.waiting) < command.get("meet", 1):
            return
        lost = any(one["command"].get("lost") in (True, self.attempt) for one in self.waiting)
        base = self.value
        answers = [
            (one, self.add(one["command"], base if lost else self.value)) for one in self.waiting
        ]
        self.waiting = []
        for one, event in reversed(answers) if command.get("answer") == "reversed" else answers:
            answer(one, events=[event])

    def execute(self, request):
        command = request["command"]
        if command["type"] == "Read":
            answer(request, events=[{"type": "Got", "value": self.value + command.get("lie", 0)}])
        elif command["type"] == "Open":
            self.boxes += 1
            answer(request, events=[{"type": "Opened", "box": 40 + self.boxes}])
        elif "hang" in command:
            self.value += command["by"] if command["hang"] == "done" else 0
        else:
            self.meet(request)


def answer(request, **members):
    print(json.dumps({"id": request["id"], **members}), flush=True)


def note(line):
    if "HOOKS" in os.environ:
        with open(os.environ["HOOKS"], "a", encoding="utf-8") as file:
            file.write(line + "\n")


def main():
    meeting = Meeting()
    for line in sys.stdin:
        request = json.loads(line)
        note(request["op"])
        if request["op"] == "hello":
            answer(request, hooks=["setup_each", "teardown_each"])
        elif request["op"] == "execute":
            meeting.execute(request)
        else:
            if request["op"] == "setup_each":
                meeting.begin()
            answer(request)


main()
