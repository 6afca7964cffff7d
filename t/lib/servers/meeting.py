#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTP server that answers GET /N when N such requests wait, each on a connection of its own."""
import argparse
import socketserver
import threading

import answering


class Handler(answering.Handler):
    barriers = {}
    lock = threading.Lock()

    def do_GET(self):
        count = int(self.path.strip("/"))
        with self.lock:
            barrier = self.barriers.setdefault(count, threading.Barrier(count))
        barrier.wait()
        self.answer(200, {"together": count})


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    answering.tell_port(options.port_file, server.server_address[1])
    server.serve_forever()


main()
