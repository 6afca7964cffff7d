#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A proxy of etcd's JSON gateway that sometimes answers from an old snapshot.

Every --every-th read of a key is answered as etcd stood --behind revisions ago; all else is passed
on as it is. What is said differently than etcd would have said it now is told on standard error, as
JSON: what was answered, and what should have been.

It listens on a port that the kernel chooses, writes it to --port-file, and ends at SIGTERM.
"""
import argparse
import http.client
import http.server
import itertools
import json
import os
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes

    def setup(self):
        super().setup()
        self.etcd = http.client.HTTPConnection("127.0.0.1", self.server.options.etcd_port)

    def finish(self):
        self.etcd.close()
        super().finish()

    def do_GET(self):
        self.answer(*self.ask(b""))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, text = self.ask(body)
        if self.path == "/v3/kv/range" and self.server.is_turn():
            status, text = self.snapshot(json.loads(body), json.loads(text))
        self.answer(status, text)

    def ask(self, body):
        self.etcd.request(self.command, self.path, body, {"Content-Type": "application/json"})
        reply = self.etcd.getresponse()
        return reply.status, reply.read()

    def snapshot(self, question, now):
        """The reply as it was some revisions before the reply of now."""
        revision = max(1, int(now["header"]["revision"]) - self.server.options.behind)
        status, text = self.ask(json.dumps({**question, "revision": str(revision)}).encode())
        old = json.loads(text).get("kvs")
        if old != now.get("kvs"):
            print(json.dumps({"answered": old, "now": now.get("kvs")}), file=sys.stderr, flush=True)
        return status, text

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    # Not HTTPServer, which asks the name service who we are.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options = options
        self.reads = itertools.count(1)

    def is_turn(self):
        return next(self.reads) % self.options.every == 0

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client may go away
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port-file", metavar="FILE", required=True)
    parser.add_argument("--etcd-port", metavar="PORT", required=True, type=int)
    parser.add_argument("--every", metavar="N", required=True, type=int)
    parser.add_argument("--behind", metavar="N", required=True, type=int)
    options = parser.parse_args()
    with Server(options) as server:
        # Under its name the file is complete.
        with open(options.port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{server.server_address[1]}\n")
        os.rename(options.port_file + ".new", options.port_file)
        server.serve_forever()


if __name__ == "__main__":
    main()
