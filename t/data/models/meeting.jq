# SPDX-License-Identifier: MIT
# For tests of branches: a number to which commands add; see ../adapters/meeting.py.
module {"name": "meeting"};
include "pd";

def init: {n: 0};
def commands: {Add: {}, Read: {}, Open: {}};
def simulate_Add($c): {type: "Added", by: $c.by} + if $c.silent then {} else {value: (.n + $c.by)} end;
def simulate_Read($c): {type: "Got", value: .n};
def simulate_Open($c): {type: "Opened", box: external};
def on_Added($e): .n += $e.by;
