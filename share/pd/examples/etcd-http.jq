# SPDX-License-Identifier: MIT
# etcd's version 3 through its JSON gateway. There keys and values are in base64,
# 64-bit numbers are strings, and what is zero, false or empty is left out of
# replies. All keys get a prefix, and only those are deleted before a run.
module {
  "name": "etcd-http",
  "description": "etcd through its JSON gateway",
  "base_url": "http://localhost:2379"
};
include "pd";

def full_key: "propertydamage/\(.)" | @base64;

def post($operation; $json): {method: "POST", path: "/v3/kv/\($operation)", json: $json};

def health: {path: "/health"};
# 0 is the character after /: this range is of all that begins with the prefix.
def setup_each:
  post("deleterange"; {key: ("" | full_key), range_end: ("propertydamage0" | @base64)});

def put: {key: (.key | full_key), value: (.value | @base64)};

def request_Put: post("put"; put);
def request_Get: post("range"; {key: (.key | full_key)});
def request_Delete: post("deleterange"; {key: (.key | full_key)});

# A transaction: a comparison, and what to do when it holds. A key that is not
# there has version 0, and no value that could be compared.
def request_CompareAndSet:
  post("txn";
    {compare: [{key: (.key | full_key), result: "EQUAL"}
       + if .expected == null then {target: "VERSION", version: "0"}
         else {target: "VALUE", value: (.expected | @base64)} end],
     success: [{request_put: put}]});

def answer($c; $type; fields):
  if .status == 200 then {type: $type, key: $c.key} + (.body | fields) else unexpected end;

def events_Put($c): answer($c; "Written"; {value: $c.value});
def events_Get($c):
  answer($c; "Got";
    .kvs[0] // {version: "0"}
    | {value: (if .value then .value | @base64d else null end), version: (.version | tonumber)});
def events_Delete($c): answer($c; "Deleted"; {ok: has("deleted")});
def events_CompareAndSet($c):
  answer($c; "Compared"; {value: $c.value, ok: (.succeeded // false)});
