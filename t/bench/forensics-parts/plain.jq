# SPDX-License-Identifier: MIT
# The same by hand. A state is taken out of the table while it is changed, which is faster than |=.
include "map";

def fold($e):
  if $e.type == "AccountOpened" then {balance: $e.balance, reported: $e.balance, opened: true}
  elif $e.type == "Credited" then .balance += $e.amount | .reported = $e.balance
  else .balance -= $e.amount | .reported = $e.balance end;
def no_overdraft: .balance >= 0;
def reported_balance_agrees: .balance == .reported;

foreach (inputs | map) as $e ({};
  .[$e.account] as $state | .[$e.account] = null | .[$e.account] = ($state | fold($e));
  .[$e.account] | select((no_overdraft | not) or (reported_balance_agrees | not))
  | {line: input_line_number, event: $e, state: .})
