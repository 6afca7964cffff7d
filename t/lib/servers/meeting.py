#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTP server that answers GET /N when N such requests wait, each on a connection of its own."""
import argparse
import http.server
import json
import os
import socketserver
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    barriers = {}
    lock = threading.Lock()

    def do_GET(self):
        count = int(self.path.strip("/"))
        with self.lock:
            barrier = self.barriers.setdefault(count, threading.Barrier(count))
        barrier.wait()
        body = json.dumps({"together": count}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    with open(options.port_file + ".part", "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(options.port_file + ".part", options.port_file)
    server.serve_forever()


main()
