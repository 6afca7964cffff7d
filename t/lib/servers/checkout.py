#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A shop that takes money by way of a payment provider, at --payments URL.

POST /orders {"amount": N}   201 and {"order": "o1", "state": "paid", "declined" or "unknown"}, as the provider
                             answered: 201, 402, or nothing that can be understood within --patience seconds
--bug declined, timeout: what is declined, or not answered in time, counts as paid. --lost: it asks for /refunds, too.
"""
import argparse
import http.client
import http.server
import itertools
import json
import urllib.parse

import answering

OPTIONS = None
NUMBERS = itertools.count(1)


def ask(path, told):
    """The provider's status; "late" if there is none in time, None if it cannot be understood."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(OPTIONS.payments).netloc, timeout=OPTIONS.patience)
    try:
        connection.request("POST", path, json.dumps(told), {"Content-Type": "application/json"})
        return connection.getresponse().status
    except TimeoutError:
        return "late"
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def charge(order, amount):
    status = ask("/charges", {"order": order, "amount": amount})
    if OPTIONS.lost:
        ask("/refunds?of=" + order, {})
    if status == 201 or (status == 402 and OPTIONS.bug == "declined") or (status == "late" and OPTIONS.bug == "timeout"):
        return "paid"
    return "declined" if status == 402 else "unknown"


class Handler(answering.Handler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        order = f"o{next(NUMBERS)}"
        self.answer(201, {"order": order, "state": charge(order, told["amount"])})


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--payments", required=True)
    parser.add_argument("--patience", type=float, default=0.1)
    parser.add_argument("--bug", choices=["declined", "timeout"])
    parser.add_argument("--lost", action="store_true")
    OPTIONS = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answering.tell_port(OPTIONS.port_file, server.server_address[1])
    server.serve_forever()


main()
