# SPDX-License-Identifier: MIT
# The model of redis.jq with a mistake: here INCR counts by two. It shows how a
# model is built on another one, and what a failure looks like. An include brings
# functions, not metadata, so the triggers stand here again. It also goes before:
# an on_INCR called in this file would be the one of redis.jq.
module {
  "name": "redis-wrong",
  "description": "redis.jq, but INCR is expected to add 2",
  "triggers": {"replies_agree": {"every": ["Replied", "Refused"]}}
};
include "redis";

def on_INCR($c): add($c; 2);
def simulate_INCR($c): add($c; 2).due;
