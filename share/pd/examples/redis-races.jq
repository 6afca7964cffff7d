# SPDX-License-Identifier: MIT
# The model of redis.jq for a hunt for races: four commands only, so that
# branches meet in what they read and write. It shows how a model is narrowed:
# what has no weight is never drawn.
#   pd-gen -m redis-races.jq --branches | pd-exec -m redis-races.jq -a redis-cli.jq
module {
  "name": "redis-races",
  "description": "GET, SET, APPEND and INCR of redis-server by several clients"
};
include "redis";
import "redis" as redis;

def commands:
  redis::commands
  | with_entries(select(.key | IN("GET", "SET", "APPEND", "INCR") | not).value.weight = 0);
