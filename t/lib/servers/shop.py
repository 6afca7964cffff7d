#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A shop that wants a key (--key) and a session, works orders off after a while, and repeats what it is told.

It gives out a token in a body, a place in a header, and an id with a slash in it, inside of an object. What it is told
under /say goes to the file --log as it was understood, a line of JSON each. --bug: notes come back reversed, and what
is said with a full stop without it.
"""
import argparse
import decimal
import http.server
import itertools
import json
import socketserver
import urllib.parse

import answering

OPTIONS = None
NUMBERS = itertools.count(1)
SESSIONS, JOBS, ORDERS = set(), {}, {}


def digits(number):
    return str(decimal.Context(prec=400).create_decimal(number).normalize(decimal.Context(prec=400)))


class Handler(answering.Handler):
    def content(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()

    def may(self):
        if self.headers.get("X-Api-Key") != f"key {OPTIONS.key}":
            self.answer(401, {"error": "no key"})
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in SESSIONS:
            self.answer(403, {"error": "no session"})
        else:
            return True
        return False

    def log_in(self, told):
        if self.headers.get("X-Api-Key") != f"key {OPTIONS.key}" or told["password"] != "hunter2":
            self.answer(401, {"error": "no key"})
            return
        token = f"tok-{next(NUMBERS)}"
        SESSIONS.add(token)
        self.answer(200, {"user": told["user"], "token": token})

    def order(self, told):
        if self.may():
            number = next(NUMBERS)
            JOBS[f"/jobs/{number}"] = [2, f"ord/{number}"]
            ORDERS[f"ord/{number}"] = told["note"]
            self.answer(202, {"state": "accepted"}, Location=f"/jobs/{number}")

    def job(self):
        job = JOBS[self.path]
        job[0] -= 1
        self.answer(200, {"state": "pending"} if job[0] > 0 else {"state": "done", "order": {"id": job[1]}})

    def read(self, path):
        if self.may():
            note = ORDERS.get(urllib.parse.unquote(path.removeprefix("/orders/")))
            if note is None:
                self.answer(404, {"error": "no such order"})
            else:
                self.answer(200, {"lines": [{"note": note[::-1] if OPTIONS.bug else note}]})

    def said(self, how, text, **more):
        with open(OPTIONS.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"how": how, "text": text, **more}) + "\n")
        self.answer(200, {"text": text.removesuffix(".") if OPTIONS.bug else text})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/say/query":
            self.said("query", dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))["te xt"])
        elif url.path.startswith("/say/path/"):
            self.said("path", urllib.parse.unquote(url.path.removeprefix("/say/path/")))
        elif url.path == "/say/header":
            self.said("header", self.headers["X-Text"].encode("latin-1").decode())
        elif url.path.startswith("/jobs/"):
            self.job()
        else:
            self.read(url.path)

    def do_POST(self):
        content = self.content()
        if self.path == "/say/form":
            self.said("form", dict(urllib.parse.parse_qsl(content, keep_blank_values=True))["te xt"])
        elif self.path == "/say/body":
            self.said("body", content)
        elif self.path == "/say/json":
            self.said("json", json.loads(content)["te xt"][0])
        elif self.path == "/say/key":
            self.said("key", list(json.loads(content))[0])
        elif self.path == "/say/digits":
            told = json.loads(content, parse_int=digits, parse_float=digits)
            self.said("digits", told["text"], numbers=told["numbers"])
        elif self.path == "/login":
            self.log_in(json.loads(content))
        else:
            self.order(json.loads(content))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--key", default="")
    parser.add_argument("--log")
    parser.add_argument("--bug", action="store_true")
    OPTIONS = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    answering.tell_port(OPTIONS.port_file, server.server_address[1])
    server.serve_forever()


main()
