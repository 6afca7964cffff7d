# SPDX-License-Identifier: MIT
# A bank whose accounts hold at most 6. It has a command of each kind that judging a history knows: ruled by
# its prediction, ruled by legal_CMD (a withdrawal may be put off at any time), and without any rule (the
# teller sets a balance as he likes); of one account, of two, and of all.
module {"name": "bounded_bank"};
include "pd";

def init: {};

def commands:
  { Deposit: {args: {account: oneof(["a", "b"]), amount: int(1; 4)}},
    Withdraw: {args: {account: oneof(["a", "b"]), amount: int(1; 4)}},
    Transfer: {args: {from: const("a"), to: const("b"), amount: int(1; 4)}},
    Balance: {args: {account: oneof(["a", "b"])}},
    Adjust: {args: {account: oneof(["a", "b"])}},
    Audit: {read_only: true} };

def key($c): if $c.type == "Transfer" then $c.from, $c.to elif $c.type == "Audit" then null else $c.account end;

def simulate_Deposit($c):
  ((.[$c.account] // 0) + $c.amount) as $balance
  | if $balance > 6 then {type: "Refused"} else {type: "Deposited", account: $c.account, $balance} end;
def simulate_Withdraw($c):
  ((.[$c.account] // 0) - $c.amount) as $balance
  | if $balance < 0 then {type: "Refused"} else {type: "Withdrawn", account: $c.account, $balance} end;
def simulate_Transfer($c):
  if (.[$c.from] // 0) < $c.amount or (.[$c.to] // 0) + $c.amount > 6 then {type: "Refused"}
  else {type: "Transferred", from: $c.from, to: $c.to, amount: $c.amount} end;
def simulate_Balance($c): {type: "Told", account: $c.account, balance: (.[$c.account] // 0)};
def simulate_Audit($c): {type: "Audited", total: (add // 0)};

def legal_Withdraw($c; $events):
  ((.[$c.account] // 0) - $c.amount) as $balance | $events[0]
  | .type == "Busy" or if $balance < 0 then .type == "Refused" else .type == "Withdrawn" and .balance == $balance end;

def on_Deposited($e): .[$e.account] = $e.balance;
def on_Withdrawn($e): .[$e.account] = $e.balance;
def on_Adjusted($e): .[$e.account] = $e.balance;
def on_Transferred($e): .[$e.from] -= $e.amount | .[$e.to] += $e.amount;
