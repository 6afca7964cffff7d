# SPDX-License-Identifier: MIT
# contrib/toybank over HTTP. Every reply is an account's or an operation's JSON
# or {"error": reason}; an event takes what it reports from the reply, and only
# what the reply does not repeat from the command.
module {"name": "toybank-http", "description": "contrib/toybank over HTTP"};
include "pd";

def health: {path: "/health"};
def setup_each: {method: "POST", path: "/reset"};

# The key of a command that has one, so that the bank knows a retry.
def idempotency_headers($key): {"Idempotency-Key": $key};

def post($path; $json): {method: "POST", path: $path, json: $json};

def request_CreateAccount: post("/accounts"; {currency});
def request_Credit: post("/accounts/\(.account | @uri)/credit"; {amount, currency});
def request_Debit: post("/accounts/\(.account | @uri)/debit"; {amount});
def request_Hold: post("/accounts/\(.account | @uri)/holds"; {amount});
def request_ReleaseHold: post("/holds/\(.hold | @uri)/release"; {});
def request_Authorize: post("/authorizations"; {account, amount});
def request_Capture: post("/authorizations/\(.authorization | @uri)/capture"; {amount});
def request_Release: post("/authorizations/\(.authorization | @uri)/release"; {});
def request_Refund: post("/captures/\(.capture | @uri)/refund"; {amount});
def request_Transfer: post("/transfers"; {from, to, amount});
def request_Close: post("/accounts/\(.account | @uri)/close"; {});
def request_GetAuthorization: {path: "/authorizations/\(.authorization | @uri)"};
def request_GetAccount: {path: "/accounts/\(.account | @uri)"};

# Success is an event of that type with fields of the body; a refusal that the
# API documents is an event as well; nothing else should ever be answered.
def answer($c; $type; fields):
  if .status == 200 or .status == 201 then {type: $type} + (.body | fields)
  elif .status == 404 or .status == 409 or .status == 422 then
    {type: "Refused", command: $c.type, reason: .body.error}
  else unexpected end;

def events_CreateAccount($c): answer($c; "AccountCreated"; {account, currency, balance, held});
def events_Credit($c):
  answer($c; "Credited"; {account, balance, held} + ($c | {amount, currency}));
def events_Debit($c): answer($c; "Debited"; {account, balance, held} + ($c | {amount}));
def events_Hold($c): answer($c; "Held"; {hold, account, amount, balance, held});
def events_ReleaseHold($c): answer($c; "HoldReleased"; {hold, account, amount, balance, held});
def events_Authorize($c):
  if .status == 202 then .body | {type: "AuthorizationPending", authorization, account, amount, balance, held}
  else answer($c; "Authorized"; {authorization, account, amount, balance, held}) end;
def events_GetAuthorization($c):
  answer($c; "StatusRead"; {authorization, account, status, balance, held});
def events_Capture($c):
  answer($c; "Captured";
    {capture, authorization, account, amount, captured, status, balance, held});
def events_Release($c):
  answer($c; "AuthorizationReleased"; {authorization, account, balance, held});
def events_Refund($c): answer($c; "Refunded"; {capture, account, amount, refunded, balance, held});
def events_Transfer($c):
  answer($c; "Transferred"; {transfer, from, to, amount, from_balance, to_balance});
def events_Close($c): answer($c; "Closed"; {account, paid_out, balance, held});
def events_GetAccount($c): answer($c; "AccountRead"; {account, currency, status, balance, held});
