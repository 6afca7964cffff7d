#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The counter's adapter as a coprocess in Python: pd-exec writes one JSON request
a line, and each gets one line back that carries its id.

    pd-gen -m counter.jq | pd-exec -m counter.jq -A ./counter.py -u http://localhost:8080

Without -u the counter is where COUNTER_URL says. Only answers may go to standard
output; standard error is free for messages.
"""
import http.client
import json
import os
import sys
import urllib.parse


class Counter:
    """The counter's API over one connection that is kept open."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)

    def ask(self, method, path, body=None):
        """Gives the status and the JSON of the reply."""
        try:
            self.connection.request(method, path, body and json.dumps(body))
            reply = self.connection.getresponse()
            return reply.status, json.load(reply)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def hook(self, method, path):
        status, reply = self.ask(method, path)
        return {} if status == 200 else {"error": f"{status}: {reply}"}

    def execute(self, command):
        """Does a command of the model and says what happened as events."""
        kind, by = command["type"], command.get("by")
        if kind == "Increment":
            status, reply = self.ask("POST", "/increment", {"by": by})
        elif kind == "Decrement":
            status, reply = self.ask("POST", "/decrement", {"by": by})
        elif kind == "GetValue":
            status, reply = self.ask("GET", "/value")
        else:
            return {"error": f"unknown command {kind}"}

        value = reply.get("value")
        if status == 200:
            event = {
                "Increment": {"type": "Incremented", "by": by, "value": value},
                "Decrement": {"type": "Decremented", "by": by, "value": value},
                "GetValue": {"type": "ValueRead", "value": value},
            }[kind]
        elif status == 409 and kind == "Decrement":
            event = {"type": "Refused", "reason": reply["error"], "value": value}
        else:
            return {"unexpected": f"status {status}: {reply}"}
        return {"events": [event]}


def answer(request, counter):
    if request["op"] == "health":
        return counter.hook("GET", "/health")
    if request["op"] == "setup_each":
        return counter.hook("POST", "/reset")
    if request["op"] == "execute":
        return counter.execute(request["command"])
    return {"error": f"unknown request {request['op']}"}


def main():
    counter = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "hello":
            url = request.get("url") or os.environ.get("COUNTER_URL")
            if not url:
                sys.exit("counter.py: no -u URL, and COUNTER_URL is not set")
            counter = Counter(url)
            reply = {"hooks": ["health", "setup_each"]}
        else:
            try:
                reply = answer(request, counter)
            except (OSError, http.client.HTTPException, ValueError) as error:
                reply = {"error": str(error)}
        print(json.dumps({"id": request["id"], **reply}), flush=True)


main()
