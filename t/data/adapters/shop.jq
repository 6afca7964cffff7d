# SPDX-License-Identifier: MIT
# t/lib/servers/shop.py over HTTP; Run goes to a program instead.
module {"name": "shop-http"};
include "pd";

def headers: {"X-Api-Key": "key \($ENV.SHOP_KEY)"} + (if .session then {Authorization: "Bearer \(.session)"} else {} end);

def request_Login: {method: "POST", path: "/login", json: {user, password}};
def request_Order: {method: "POST", path: "/orders", json: {note}};
def request_Read: {path: "/orders/\(.order | @uri)", query: {verbose: true}};
def request_Say:
  if .how == "json" then {method: "POST", path: "/say/json", json: {"te xt": [.text]}}
  elif .how == "key" then {method: "POST", path: "/say/key", json: {(.text): 1}}
  elif .how == "digits" then {method: "POST", path: "/say/digits", json: {text, numbers}}
  elif .how == "body" then {method: "POST", path: "/say/body", body: .text}
  elif .how == "form" then {method: "POST", path: "/say/form", form: {"te xt": .text}}
  elif .how == "query" then {path: "/say/query", query: {"te xt": .text}}
  elif .how == "header" then {path: "/say/header", headers: {"X-Text": .text}}
  else {path: "/say/path/\(.text | @uri)"} end;
def request_Run:
  if .how == "stdin" then {argv: ["cat"], stdin: .text}
  elif .how == "env" then {argv: ["sh", "-c", "printf %s \"$TEXT\""], env: {TEXT: .text}}
  else {argv: ["printf", "%s", .text]} end;

def events_Login($c): if .status == 200 then {type: "LoggedIn", session: .body.token} else unexpected end;
def events_Order($c):
  if .status == 202 then follow({path: .headers.location}; {after_ms: 10})
  elif .body.state == "pending" then retry("pending")
  elif .body.state == "done" then {type: "Ordered", order: .body.order.id, note: $c.note}
  else unexpected end;
def events_Read($c):
  if .status == 200 then {type: "OrderRead", order: $c.order, note: .body.lines[0].note} else unexpected end;
def events_Say($c): if .status == 200 then {type: "Said", text: .body.text} else unexpected end;
def events_Run($c): if .exit == 0 then {type: "Ran", text: .stdout} else unexpected end;
