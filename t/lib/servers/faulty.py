#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTP server that is wrong on purpose, in one way.

    hang            reads the request and never answers
    close-half      promises 100 bytes, sends 10, closes
    close-at-once   closes without a byte
    html            a page of HTML for everything
    status:N        status N and a JSON error for everything
    echo            not wrong: the request itself as JSON; its body digit for digit where it is JSON
    slow:MS         answers {} after MS milliseconds
    health-later:N  503 for the first N requests to /health, {} for everything else
    garbage         answers with what is not HTTP
    redirect        302 to /elsewhere, which answers {}
    drip            an endless body, one byte every 50 ms

It listens on a port that the kernel chooses, writes it to --port-file, says each request
on standard error when it comes, and ends at SIGTERM.
"""
import argparse
import http.server
import itertools
import json
import socketserver
import sys
import time
import urllib.parse

import answering

PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes

    def __getattr__(self, name):
        if name.startswith("do_"):  # any method, PROPFIND too
            return self.handle_request
        raise AttributeError(name)

    def handle_request(self):
        self.log_message('"%s"', self.requestline)
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.parts = urllib.parse.urlsplit(self.path)
        mode, _, argument = self.server.mode.partition(":")
        MODES[mode](self, argument)

    def log_request(self, *_):
        """The log has the request already, from when it came."""

    def answer(self, status, text, content_type="application/json", headers=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for header in headers:
            self.send_header(*header)
        if status in (204, 304):  # they have none
            body = b""
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_and_close(self, data):
        self.wfile.write(data)
        self.close_connection = True

    def hang(self, _):
        while True:
            time.sleep(3600)

    def close_half(self, _):
        self.send_and_close(PARTIAL + b'Content-Length: 100\r\n\r\n{"balance"')

    def close_at_once(self, _):
        self.send_and_close(b"")

    def html(self, _):
        page = "<!DOCTYPE html>\n<title>Welcome</title>\n<p>It works.</p>\n"
        self.answer(200, page, "text/html; charset=utf-8")

    def status(self, status):
        self.answer(int(status), json.dumps({"error": f"status {status}"}))

    def echo(self, _):
        text = self.body.decode("utf-8", "replace")
        members = {
            "method": json.dumps(self.command),
            "path": json.dumps(self.parts.path),
            "query": json.dumps(self.query()),
            "headers": json.dumps({name.lower(): value for name, value in self.headers.items()}),
            "body": text if is_json(self.body) else "null",
            "text": json.dumps(text),
        }
        pairs = (f"{json.dumps(name)}:{value}" for name, value in members.items())
        self.answer(200, "{" + ",".join(pairs) + "}")

    def query(self):
        """Values by name: a string, or a list where the name stands several times."""
        query = urllib.parse.parse_qs(self.parts.query, keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in query.items()}

    def slow(self, milliseconds):
        time.sleep(int(milliseconds) / 1000)
        self.answer(200, "{}")

    def health_later(self, count):
        if self.parts.path == "/health" and next(self.server.health_requests) < int(count):
            self.answer(503, '{"error":"not yet"}')
        else:
            self.answer(200, "{}")

    def garbage(self, _):
        self.send_and_close(b"\x00\xff\x01 this is no HTTP\n\n")

    def redirect(self, _):
        if self.parts.path == "/elsewhere":
            self.answer(200, "{}")
        else:
            self.answer(302, "{}", headers=[("Location", "/elsewhere")])

    def drip(self, _):
        self.wfile.write(PARTIAL + b"Connection: close\r\n\r\n")
        while True:
            self.wfile.write(b".")
            time.sleep(0.05)


MODES = {
    name: getattr(Handler, name.replace("-", "_"))
    for name in (
        "hang", "close-half", "close-at-once", "html", "status", "echo", "slow", "health-later",
        "garbage", "redirect", "drip",
    )
}
WITH_NUMBER = {"status", "slow", "health-later"}


def is_json(body):
    try:
        # Numbers of any size; int("NaN") fails.
        json.loads(body.decode("utf-8"), parse_int=str, parse_float=str, parse_constant=int)
    except ValueError:
        return False
    return True


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    # Not HTTPServer, which asks the name service who we are.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, mode):
        super().__init__(("127.0.0.1", 0), Handler)
        self.mode = mode
        self.health_requests = itertools.count()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client may go away
            super().handle_error(request, client_address)


def mode_of(text):
    name, colon, number = text.partition(":")
    if name not in MODES or (name in WITH_NUMBER) != bool(colon) or colon and not number.isdigit():
        raise argparse.ArgumentTypeError(f"not a mode: {text}")
    return text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port-file", metavar="FILE", required=True)
    parser.add_argument("--mode", required=True, type=mode_of)
    options = parser.parse_args()
    with Server(options.mode) as server:
        answering.tell_port(options.port_file, server.server_address[1])
        server.serve_forever()


if __name__ == "__main__":
    main()
