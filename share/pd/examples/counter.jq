# SPDX-License-Identifier: MIT
# The smallest model: one number that never goes below zero. It shows the parts
# that every model has: a first state, commands with generated arguments, what
# they should produce, how events change the state, and what must always hold.
#   pd-gen -m counter.jq | pd-exec -m counter.jq -a counter-http.jq -u http://localhost:8080
module {
  "name": "counter",
  "description": "a number that is incremented and decremented, but not below zero",
  "triggers": {"never_negative": {"every": "Decremented"},
               "value_agrees": {"every": "event"}}
};
include "pd";

def init: {value: 0};

def commands:
  { Increment: {weight: 3, args: {by: int(1; 1000)}},
    Decrement: {weight: 3, args: {by: int(1; 1000)}},
    GetValue: {read_only: true} };

def simulate_Increment($c): {type: "Incremented", by: $c.by, value: (.value + $c.by)};
def simulate_Decrement($c):
  if $c.by > .value then {type: "Refused", reason: "would_be_negative", value: .value}
  else {type: "Decremented", by: $c.by, value: (.value - $c.by)} end;
def simulate_GetValue($c): {type: "ValueRead", value: .value};

def on_Incremented($e): .value += $e.by;
def on_Decremented($e): .value -= $e.by;
def on_Refused($e): .;
def on_ValueRead($e): .;

def check_never_negative($e):
  .value >= 0 // fail("a decrement by \($e.by) was accepted, which takes the counter to \(.value)");

def check_value_agrees($e):
  $e.value == .value // fail("the counter says \($e.value), but must be \(.value)");
