# SPDX-License-Identifier: MIT
# One account of the bank whose logs are in t/data/logs: what it must have, and what the log says it has.
module {"name": "ledger"};
include "pd";

def init: {balance: 0, reported: 0};
def book($e; $amount): .balance += $amount | .reported = $e.balance;
def on_AccountOpened($e): book($e; 0);
def on_Credited($e): book($e; $e.amount);
def on_Debited($e): book($e; -$e.amount);

def check_no_overdraft($e): .balance >= 0;
def check_reported_balance_agrees($e):
  .balance == .reported // fail("the account has \(.balance), but the log says \(.reported)");
