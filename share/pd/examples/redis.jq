# SPDX-License-Identifier: MIT
# Redis: strings, counters and lists. It shows a model that is a small machine of
# its own: each command changes the state and says what Redis must reply, and one
# check compares all replies. Nothing in them is known to the system alone, so
# the machine runs on the commands, and the events only tell what was replied.
#   REDIS_PORT=6379; export REDIS_PORT
#   pd-gen -m redis.jq | pd-exec -m redis.jq -a redis-cli.jq
module {
  "name": "redis",
  "description": "strings, counters and lists of redis-server",
  "triggers": {"replies_agree": {"every": ["Replied", "Refused"]}}
};
include "pd";

# A key has a string or an array of strings; due is the reply to the last command.
def init: {keys: {}, due: null};

# --- What can happen next ---

def integer: pattern("0|-?[1-9]\\d{0,5}");

# Text, whole numbers, and what some take for whole numbers.
def value:
  frequency([[3, string(0; 12)], [3, integer],
             [1, oneof(["007", "1e3", "3.5", "+1", " 1", "-0", "0x10"])]]);

def commands:
  {key: oneof(["a", "b", "c"])} as $key
  | { SET: {weight: 2, args: ($key + {value: value})},
      GET: {weight: 2, read_only: true, args: $key},
      APPEND: {args: ($key + {value: string(0; 12)})},
      STRLEN: {read_only: true, args: $key},
      DEL: {weight: 3, args: $key},
      INCR: {weight: 2, args: $key},
      INCRBY: {args: ($key + {by: int(-1000; 1000)})},
      DECRBY: {args: ($key + {by: int(-1000; 1000)})},
      LPUSH: {weight: 3, args: ($key + {value: value})},
      RPUSH: {weight: 3, args: ($key + {value: value})},
      LPOP: {weight: 2, args: $key},
      LLEN: {read_only: true, args: $key},
      LRANGE: {weight: 2, read_only: true,
               args: ($key + {start: int(-5; 5), stop: int(-5; 5)})} };

# Commands on different keys have nothing to do with each other.
def key($c): $c.key;

# --- What a command does ---

def reply($c; $value): .due = {type: "Replied", command: $c.type, reply: $value};
def refuse($c; $reason): .due = {type: "Refused", command: $c.type, reason: $reason};

# An action on a key that has a string, or an array, or nothing.
def on($c; $kind; action):
  if .keys[$c.key] | type | IN($kind, "null") then action
  else refuse($c; "WRONGTYPE Operation against a key holding the wrong kind of value") end;

def on_SET($c): .keys[$c.key] = $c.value | reply($c; "OK");
def on_GET($c): on($c; "string"; reply($c; .keys[$c.key]));
def on_APPEND($c):
  on($c; "string"; .keys[$c.key] += $c.value | reply($c; .keys[$c.key] | utf8bytelength));
def on_STRLEN($c): on($c; "string"; reply($c; .keys[$c.key] // "" | utf8bytelength));
def on_DEL($c): reply($c; if .keys[$c.key] then 1 else 0 end) | del(.keys[$c.key]);

def add($c; $by):
  on($c; "string";
    if .keys[$c.key] // "0" | test("^(0|-?[1-9][0-9]{0,14})$") then
      .keys[$c.key] |= (. // "0" | tonumber + $by | tostring)
      | reply($c; .keys[$c.key] | tonumber)
    else refuse($c; "ERR value is not an integer or out of range") end);

def on_INCR($c): add($c; 1);
def on_INCRBY($c): add($c; $c.by);
def on_DECRBY($c): add($c; -$c.by);

def push($c; list): on($c; "array"; .keys[$c.key] |= list | reply($c; .keys[$c.key] | length));

def on_LPUSH($c): push($c; [$c.value] + .);
def on_RPUSH($c): push($c; . + [$c.value]);
def on_LPOP($c):
  on($c; "array"; reply($c; .keys[$c.key][0])
    | if .keys[$c.key] | length > 1 then del(.keys[$c.key][0]) else del(.keys[$c.key]) end);
def on_LLEN($c): on($c; "array"; reply($c; .keys[$c.key] | length));
def on_LRANGE($c):
  on($c; "array"; reply($c;
    .keys[$c.key] // [] | .[$c.start:if $c.stop == -1 then length else $c.stop + 1 end]));

# Events change nothing, the command has.
def on_Replied($e): .;
def on_Refused($e): .;

# --- What it should produce: the reply that the machine comes to ---

def simulate_SET($c): on_SET($c).due;
def simulate_GET($c): on_GET($c).due;
def simulate_APPEND($c): on_APPEND($c).due;
def simulate_STRLEN($c): on_STRLEN($c).due;
def simulate_DEL($c): on_DEL($c).due;
def simulate_INCR($c): on_INCR($c).due;
def simulate_INCRBY($c): on_INCRBY($c).due;
def simulate_DECRBY($c): on_DECRBY($c).due;
def simulate_LPUSH($c): on_LPUSH($c).due;
def simulate_RPUSH($c): on_RPUSH($c).due;
def simulate_LPOP($c): on_LPOP($c).due;
def simulate_LLEN($c): on_LLEN($c).due;
def simulate_LRANGE($c): on_LRANGE($c).due;

# --- What must hold ---

def check_replies_agree($e):
  def text: del(.type, .command) | tojson;
  $e == .due // fail("\($e.command) must be answered by \(.due | text), not \($e | text)");
