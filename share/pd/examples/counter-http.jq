# SPDX-License-Identifier: MIT
# The smallest adapter: each command is one HTTP request, and its reply one event.
module {"name": "counter-http", "description": "contrib/counter over HTTP"};
include "pd";

def health: {path: "/health"};
def setup_each: {method: "POST", path: "/reset"};

def request_Increment: {method: "POST", path: "/increment", json: {by}};
def request_Decrement: {method: "POST", path: "/decrement", json: {by}};
def request_GetValue: {path: "/value"};

def events_Increment($c):
  if .status == 200 then {type: "Incremented", by: $c.by, value: .body.value} else unexpected end;
def events_Decrement($c):
  if .status == 200 then {type: "Decremented", by: $c.by, value: .body.value}
  elif .status == 409 then {type: "Refused", reason: .body.error, value: .body.value}
  else unexpected end;
def events_GetValue($c):
  if .status == 200 then {type: "ValueRead", value: .body.value} else unexpected end;
