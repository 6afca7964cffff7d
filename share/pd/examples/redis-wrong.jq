# SPDX-License-Identifier: MIT
# The model of redis.jq with a mistake: here INCR counts by two. It shows how a
# model is built on another one, and what a failure looks like. In this file the
# included functions go first: an on_INCR called here would be redis.jq's.
module {
  "name": "redis-wrong",
  "description": "redis.jq, but INCR is expected to add 2"
};
include "redis";

def on_INCR($c): add($c; 2);
def simulate_INCR($c): add($c; 2).due;
