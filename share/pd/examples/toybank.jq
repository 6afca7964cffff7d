# SPDX-License-Identifier: MIT
# A bank: accounts, holds, authorizations with captures and refunds, transfers.
# It shows references to what the bank made (the state is keyed by its ids, text
# or numbers), commands that must be refused, a ledger of the model's own that
# the bank's answers are compared with, and checks with triggers and data.
#   pd-gen -m toybank.jq | pd-exec -m toybank.jq -a toybank-http.jq -u http://localhost:4000
module {
  "name": "toybank",
  "description": "accounts, holds, authorizations with captures and refunds, transfers",
  "eventually": {
    "authorized": {"after": "AuthorizationPending", "timeout_ms": 800, "interval_ms": 100}
  },
  "triggers": {
    "authorizations_are_final": {"every": ["Authorized", "StatusRead"]},
    "captures_within_authorization": {"every": "Captured"},
    "closed_accounts_stay_closed": {"every": "event"},
    "currencies_do_not_mix": {"every": ["Credited", "Transferred", "AccountRead"]},
    "money_is_conserved": {"at": "end"},
    "no_overdraft": {"every": "event"},
    "nothing_is_forgotten": {"every": "Refused"},
    "refunds_within_capture": {"every": "Refunded"},
    "refusals_have_reasons": {"every": "Refused"},
    "released_only_once": {"every": ["HoldReleased", "AuthorizationReleased"]},
    "reported_balances_agree": {"every": "event"}
  }
};
include "pd";

def init:
  {accounts: {}, holds: {}, authorizations: {}, captures: {}, paid_in: 0, paid_out: 0};

# What a command or event speaks of. Each can be read and assigned to.
def account($x): .accounts[$x.account | tostring];
def hold($x): .holds[$x.hold | tostring];
def authorization($x): .authorizations[$x.authorization | tostring];
def capture($x): .captures[$x.capture | tostring];

# --- What can happen next ---

# Mostly the same one, so that credits and transfers fit.
def currency: frequency([[3, "USD"], [1, "EUR"]]);

# Mostly so small that sums meet limits; some beyond what 32 bits hold.
def amount($most): frequency([[15, int(1; $most)], [1, int(1; 8000000000)]]);

# Weights: what needs much before it can happen happens seldom enough by itself.
def commands:
  ([.accounts[] | select(.closed | not)] | length) as $open
  | oneof(.accounts | keys) as $account
  | oneof(.holds | keys) as $hold
  | oneof(.authorizations | keys) as $authorization
  | oneof(.captures | keys) as $capture
  | { CreateAccount: {weight: (if $open < 2 then 5 else 0.3 end), args: {currency: currency}},
      Credit: {weight: 6, args: {$account, amount: amount(300), currency: currency}},
      Debit: {weight: 4, args: {$account, amount: amount(300)}},
      Hold: {weight: 3, args: {$account, amount: amount(300)}},
      ReleaseHold: {args: {$hold}},
      Authorize: {weight: 5, args: {$account, amount: amount(300)}},
      Capture: {weight: 9, args: {$authorization, amount: amount(150)}},
      Release: {args: {$authorization}},
      Refund: {weight: 14, args: {$capture, amount: amount(50)}},
      Transfer: {weight: 2, idempotent: true, idempotency_key: "key",
                 args: {from: $account, to: $account, amount: amount(300),
                        key: mint("transfer-{}")}},
      Close: {weight: 0.5, args: {$account}},
      GetAccount: {read_only: true, args: {$account}} };

# --- What the bank should answer ---
# Of several reasons to refuse it gives the first in the order of each function.

def refused($c; $reason): {type: "Refused", command: $c.type, reason: $reason};

def available: .balance - .held;

# What the bank reports of an account after a change.
def report($balance; $held): {account, balance: (.balance + $balance), held: (.held + $held)};

def simulate_CreateAccount($c):
  {type: "AccountCreated", account: external, currency: $c.currency, balance: 0, held: 0};

def simulate_Credit($c):
  account($c)
  | if .closed then refused($c; "account_closed")
    elif .currency != $c.currency then refused($c; "currency_mismatch")
    else {type: "Credited", amount: $c.amount, currency: $c.currency} + report($c.amount; 0)
    end;

def simulate_Debit($c):
  account($c)
  | if .closed then refused($c; "account_closed")
    elif $c.amount > available then refused($c; "insufficient_funds")
    else {type: "Debited", amount: $c.amount} + report(-$c.amount; 0)
    end;

def simulate_Hold($c):
  account($c)
  | if .closed then refused($c; "account_closed")
    elif $c.amount > available then refused($c; "insufficient_funds")
    else {type: "Held", hold: external, amount: $c.amount} + report(0; $c.amount)
    end;

def simulate_ReleaseHold($c):
  hold($c) as $hold
  | if $hold.releases > 0 then refused($c; "already_released")
    else account($hold)
      | {type: "HoldReleased", hold: $c.hold, amount: $hold.amount} + report(0; -$hold.amount)
    end;

def simulate_Authorize($c):
  account($c)
  | if .closed then refused($c; "account_closed")
    elif $c.amount > available then refused($c; "insufficient_funds")
    else {type: "Authorized", authorization: external, amount: $c.amount}
      + report(0; $c.amount)
    end;

# Is there something of an authorization left to capture or release?
def is_open: .releases == 0 and .captured < .amount;

def simulate_Capture($c):
  authorization($c) as $authorization
  | ($authorization.captured + $c.amount) as $captured
  | account($authorization)
  | if .closed then refused($c; "account_closed")
    elif $authorization | is_open | not then refused($c; "not_authorized")
    elif $captured > $authorization.amount then refused($c; "exceeds_authorization")
    else {type: "Captured", capture: external, authorization: $c.authorization,
          amount: $c.amount, captured: $captured,
          status: (if $captured < $authorization.amount then "authorized" else "captured" end)}
      + report(-$c.amount; -$c.amount)
    end;

def simulate_Release($c):
  authorization($c) as $authorization
  | if $authorization | is_open | not then refused($c; "not_authorized")
    else account($authorization)
      | {type: "AuthorizationReleased", authorization: $c.authorization}
      + report(0; $authorization.captured - $authorization.amount)
    end;

def simulate_Refund($c):
  capture($c) as $capture
  | ($capture.refunded + $c.amount) as $refunded
  | account($capture)
  | if .closed then refused($c; "account_closed")
    elif $refunded > $capture.amount then refused($c; "exceeds_capture")
    else {type: "Refunded", capture: $c.capture, amount: $c.amount, refunded: $refunded}
      + report($c.amount; 0)
    end;

def simulate_Transfer($c):
  .accounts[$c.from | tostring] as $from
  | .accounts[$c.to | tostring] as $to
  | if ($c.from | tostring) == ($c.to | tostring) then refused($c; "same_account")
    elif $from.closed or $to.closed then refused($c; "account_closed")
    elif $from.currency != $to.currency then refused($c; "currency_mismatch")
    elif $c.amount > ($from | available) then refused($c; "insufficient_funds")
    else {type: "Transferred", transfer: external, from: $c.from, to: $c.to, amount: $c.amount,
          from_balance: ($from.balance - $c.amount), to_balance: ($to.balance + $c.amount)}
    end;

def simulate_Close($c):
  account($c)
  | if .closed then refused($c; "account_closed")
    elif .held > 0 then refused($c; "has_holds")
    else {type: "Closed", paid_out: .balance} + report(-.balance; 0)
    end;

def simulate_GetAccount($c):
  account($c)
  | {type: "AccountRead", currency, status: (if .closed then "closed" else "open" end)}
  + report(0; 0);

# --- The ledger ---
# It books what the bank said it did, and keeps apart what the bank reported.

def book($account; $balance; $held; $reported):
  .accounts[$account | tostring]
  |= (.balance += $balance | .held += $held | .reported += $reported);
def book($e; $balance; $held):
  book($e.account; $balance; $held; $e | {balance, held});

def on_AccountCreated($e):
  account($e) = {account: $e.account, currency: $e.currency, closed: false, balance: 0, held: 0,
                 reported: ($e | {balance, held})};

def on_Credited($e): .paid_in += $e.amount | book($e; $e.amount; 0);

def on_Debited($e): .paid_out += $e.amount | book($e; -$e.amount; 0);

def on_Held($e):
  hold($e) = {account: $e.account, amount: $e.amount, releases: 0} | book($e; 0; $e.amount);

def on_HoldReleased($e): hold($e).releases += 1 | book($e; 0; -hold($e).amount);

def on_Authorized($e):
  authorization($e) = {account: $e.account, amount: $e.amount, captured: 0, releases: 0}
  | book($e; 0; $e.amount);

# What is pending holds its amount already. Until it is authorized nobody knows what
# of the account is available.
def on_AuthorizationPending($e):
  on_Authorized($e) | authorization($e).status = "pending" | account($e).unsettled += 1;

def on_StatusRead($e):
  authorization($e) |= (.before = .status | .status = $e.status)
  | if $e.status == "authorized" then account($e).unsettled -= 1 else . end
  | book($e; 0; 0);

def on_AuthorizationReleased($e):
  authorization($e) |= (.releases += 1)
  | book($e; 0; authorization($e) | .captured - .amount);

def on_Captured($e):
  authorization($e).captured += $e.amount
  | capture($e) = {account: $e.account, amount: $e.amount, refunded: 0}
  | .paid_out += $e.amount
  | book($e; -$e.amount; -$e.amount);

def on_Refunded($e):
  capture($e).refunded += $e.amount | .paid_in += $e.amount | book($e; $e.amount; 0);

def on_Transferred($e):
  book($e.from; -$e.amount; 0; {balance: $e.from_balance})
  | book($e.to; $e.amount; 0; {balance: $e.to_balance});

def on_Closed($e):
  account($e).closed = true | .paid_out += $e.paid_out | book($e; -$e.paid_out; 0);

def on_AccountRead($e): book($e; 0; 0);

def on_Refused($e): .;

# --- What the bank promises ---
# Checks run in the order of their names, and the first that fails names the failure.

# The accounts that an event is about, which are all that it can have changed.
def touched($e):
  .accounts[$e | .account, .from, .to | values | tostring] | select((.unsettled // 0) == 0);

# The bank may take its time to authorize. That it has done so only it can tell.
def poll_authorized($e): {type: "GetAuthorization", authorization: $e.authorization};

def eventually_authorized($e):
  authorization($e)
  | .status == "authorized" or .releases > 0 // "authorization \($e.authorization) is \(.status)";

def check_authorizations_are_final($e):
  authorization($e)
  | (.before // "pending") == "pending" or .status == .before
    // fail("authorization \($e.authorization) was \(.before) and is \(.status)"; .);

def check_captures_within_authorization($e):
  authorization($e) as $a
  | if $a.captured > $a.amount then
      fail("\($a.captured) captured of an authorization of \($a.amount)"; $a)
    elif $a.releases > 0 then fail("captured after the release"; $a)
    elif $e.captured != $a.captured or ($e.status == "captured") != ($a.captured == $a.amount) then
      fail("\($a.captured) of \($a.amount) captured, but the bank says \($e
        | "\(.captured), \(.status)")"; $a)
    else true end;

def check_closed_accounts_stay_closed($e):
  first(touched($e) | select(.closed)
    | if .balance != 0 or .held != 0 then
        fail("account \(.account) is closed, but has \(.balance), with \(.held) held"; .)
      elif $e.status == "open" then fail("account \(.account) was closed and is open again"; .)
      else empty end) // true;

def check_currencies_do_not_mix($e):
  [touched($e).currency, ($e.currency | values)] | unique
  | length == 1 // fail("one \($e.type) mixes \(join(" and "))"; $e);

def check_money_is_conserved($e):
  ([.accounts[].reported.balance] | add // 0) as $there
  | .paid_in == .paid_out + $there
    // fail("\(.paid_in) came in and \(.paid_out) went out, but \($there) is there");

def check_no_overdraft($e):
  first(touched($e) | select(available < 0)
    | fail("account \(.account) has \(.balance), with \(.held) held"; .)) // true;

def check_nothing_is_forgotten($e):
  $e.reason | startswith("no_such_") | not // fail("\($e.command) was refused: \($e.reason)");

def check_refunds_within_capture($e):
  capture($e)
  | if .refunded > .amount then fail("\(.refunded) refunded of a capture of \(.amount)"; .)
    elif $e.refunded != .refunded then
      fail("\(.refunded) refunded, but the bank says \($e.refunded)"; .)
    else true end;

# What each command can be refused for. That the bank knows what it made is for
# nothing_is_forgotten to say.
def reasons:
  ["account_closed", "insufficient_funds"] as $spending
  | {Credit: ["account_closed", "currency_mismatch"], Debit: $spending, Hold: $spending,
     Authorize: $spending, ReleaseHold: ["already_released"], Release: ["not_authorized"],
     Capture: ["account_closed", "not_authorized", "exceeds_authorization"],
     Refund: ["account_closed", "exceeds_capture"],
     Transfer: ($spending + ["same_account", "currency_mismatch"]),
     Close: ["account_closed", "has_holds"]};

def check_refusals_have_reasons($e):
  any(reasons[$e.command][]?, ($e.reason | select(startswith("no_such_"))); . == $e.reason)
    // fail("\($e.command) was refused for \($e.reason | tojson)"; $e);

def check_released_only_once($e):
  hold($e) // authorization($e)
  | .releases == 1 and .captured != .amount // fail("there was nothing left to release"; .);

def check_reported_balances_agree($e):
  first(touched($e) | select(.reported != {balance, held})
    | fail("account \(.account) must have \(.balance) with \(.held) held, but the bank reports \(
        .reported | "\(.balance) with \(.held)")"; .)) // true;
