# SPDX-License-Identifier: MIT
# For tests of pd-exec: a command is a request itself, and its event is the reply.
module {"name": "direct", "triggers": {"answered": {"every": "Got"}}};
include "pd";

def init: {};
def commands: {Send: {args: {request: {argv: ["true"]}}}};
def simulate_Send($c): {type: "Got", reply: external};
def on_Got($e): .last = $e.reply;
def check_answered($e): $e.reply != null;
