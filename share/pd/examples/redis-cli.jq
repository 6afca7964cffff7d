# SPDX-License-Identifier: MIT
# redis-server through its command-line client: an adapter that runs a program
# for each command. REDIS_SOCKET or REDIS_PORT in the environment says where the
# server is.
module {"name": "redis-cli", "description": "redis-server through redis-cli"};
include "pd";

# Replies as JSON; errors on standard error and as exit status 1.
def redis($arguments):
  {argv: (["redis-cli", "--json", "-e"]
    + if $ENV.REDIS_SOCKET then ["-s", $ENV.REDIS_SOCKET] else ["-p", $ENV.REDIS_PORT // "6379"] end
    + $arguments)};

def health: redis(["PING"]);
def setup_each: redis(["FLUSHALL"]);

# A command of the model has the name and the arguments of Redis's own.
def request: redis([.type, .key, (.value, .by, .start, .stop | values | tostring)]);

def events($c):
  if .exit == 0 then {type: "Replied", command: $c.type, reply: (.stdout | fromjson)}
  elif .stderr | startswith("ERR ") or startswith("WRONGTYPE ") then
    {type: "Refused", command: $c.type, reason: (.stderr | rtrimstr("\n"))}
  else unexpected end;
