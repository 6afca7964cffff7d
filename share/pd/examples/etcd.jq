# SPDX-License-Identifier: MIT
# etcd: keys that several clients write, read, delete, and change only if nobody
# else has. It shows a model for races: whatever may come back is predicted
# exactly, what can happen next is the same in every state, so that any command
# may stand in any branch, and key($c) tells which commands have nothing to do
# with each other. It has no check: one order of the commands must explain all
# answers, and that is all that a store of keys promises.
#   pd-gen -m etcd.jq --branches | pd-exec -m etcd.jq -a etcd-http.jq -u http://localhost:2379
# Its names are those of pd-linearize --spec kv, which judges the same runs.
module {"name": "etcd", "description": "put, get, delete and compare-and-set in etcd"};
include "pd";

# A key has a value, and the number of writes since it was last made.
def init: {};

def commands:
  {key: oneof(["a", "b", "c"])} as $key
  # Few, so that a comparison holds now and then.
  | oneof(["one", "two", "three", "vier, fünf"]) as $value
  | { Put: {weight: 3, args: ($key + {$value})},
      Get: {weight: 4, read_only: true, args: $key},
      Delete: {args: $key},
      # Null is expected of a key that is not there.
      CompareAndSet: {weight: 4, args: ($key + {expected: optional($value), $value})} };

def key($c): $c.key;

# --- What etcd must answer ---

def simulate_Put($c): {type: "Written", key: $c.key, value: $c.value};
def simulate_Get($c):
  {type: "Got", key: $c.key} + (.[$c.key] // {value: null, version: 0});
def simulate_Delete($c): {type: "Deleted", key: $c.key, ok: has($c.key)};
def simulate_CompareAndSet($c):
  {type: "Compared", key: $c.key, value: $c.value, ok: (.[$c.key].value == $c.expected)};

# --- What that changes ---

def write($e): .[$e.key] |= {value: $e.value, version: (.version + 1)};

def on_Written($e): write($e);
def on_Got($e): .;
def on_Deleted($e): del(.[$e.key]);
def on_Compared($e): if $e.ok then write($e) else . end;
