#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A system that takes its time, by HTTP.

POST /jobs {"takes_ms": N}   201 and a job, {"job": "job_1", "state": "queued"}
GET /jobs/JOB                the same job: "queued", then "running" for the latter half, then "done"
GET /made                    how many jobs were made
"""
import argparse
import http.server
import json
import threading
import time

import answering

lock = threading.Lock()
jobs = []  # (when it was made, how long it takes)


def job(number):
    made, takes = jobs[number - 1]
    passed = time.monotonic() - made
    state = "done" if passed >= takes else "running" if passed >= takes / 2 else "queued"
    return {"job": f"job_{number}", "state": state}


class Handler(answering.Handler):
    disable_nagle_algorithm = True

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            jobs.append((time.monotonic(), request["takes_ms"] / 1000))
            self.answer(201, job(len(jobs)))

    def do_GET(self):
        if self.path == "/made":
            self.answer(200, {"made": len(jobs)})
            return
        number = int(self.path.removeprefix("/jobs/job_"))
        if number > len(jobs):
            self.answer(404, {"error": "no such job"})
        else:
            self.answer(200, job(number))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", required=True)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answering.tell_port(options.port_file, server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
