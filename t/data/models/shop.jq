# SPDX-License-Identifier: MIT
# t/lib/servers/shop.py: sessions, orders, and what it is told.
module {"name": "shop"};
include "pd";

def init: {notes: {}};
def commands:
  {Login: {args: {user: mint("user-{}"), password: "hunter2"}},
   Say: {args: {how: oneof(["json", "body"]), text: string}}};

def simulate_Login($c): {type: "LoggedIn", session: external};
def simulate_Order($c): {type: "Ordered", order: external, note: $c.note};
def on_Ordered($e): .notes[$e.order] = $e.note;
def simulate_Read($c): {type: "OrderRead", order: $c.order, note: .notes[$c.order]};
def simulate_Say($c): {type: "Said", text: $c.text};
def simulate_Run($c): {type: "Ran", text: $c.text};

def check_notes_are_kept($e):
  if $e.type == "OrderRead" then $e.note == .notes[$e.order] // fail("the note is \($e.note | tojson)") else true end;
def check_it_repeats($e):
  if $e.type == "Said" then $e.text | test("!\\z") | not // fail("it left something out") else true end;
