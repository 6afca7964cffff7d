# SPDX-License-Identifier: MIT
module {"name": "ledger"};
include "pd";

def init: {};
def on_AccountOpened($e): {balance: $e.balance, reported: $e.balance, opened: true};
def on_Credited($e): .balance += $e.amount | .reported = $e.balance;
def on_Debited($e): .balance -= $e.amount | .reported = $e.balance;
def check_no_overdraft($e): .balance >= 0;
def check_reported_balance_agrees($e): .balance == .reported;
