#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTP server where others do not look: on a Unix socket (--unix PATH) or behind TLS (--tls PEM).

It answers its request's path and says each connection on standard error.
"""
import argparse
import http.server
import json
import os
import socketserver
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False

    def setup(self):
        print("connection", file=sys.stderr, flush=True)
        super().setup()

    def do_GET(self):
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client may refuse our certificate."""


def open_server(options):
    if options.unix:
        return UnixServer(options.unix, Handler), 0
    server = TcpServer(("127.0.0.1", 0), Handler)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return server, server.server_address[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--unix")
    parser.add_argument("--tls")
    options = parser.parse_args()
    server, port = open_server(options)
    with open(options.port_file + ".new", "w", encoding="ascii") as file:
        file.write(f"{port}\n")
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


main()
