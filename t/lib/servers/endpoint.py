#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTP server where others do not look: on a Unix socket (--unix PATH) or behind TLS (--tls PEM).

It answers its request's path and says each connection on standard error.
"""
import argparse
import socketserver
import ssl
import sys

import answering


class Handler(answering.Handler):
    disable_nagle_algorithm = False

    def setup(self):
        print("connection", file=sys.stderr, flush=True)
        super().setup()

    def do_GET(self):
        self.answer(200, {"path": self.path})


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
    answering.tell_port(options.port_file, port)
    server.serve_forever()


main()
