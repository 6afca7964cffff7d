# SPDX-License-Identifier: MIT
def map:
  if .msg == "account opened" then {type: "AccountOpened", account, balance}
  elif .msg == "credited" then {type: "Credited", account, amount, balance}
  elif .msg == "debited" then {type: "Debited", account, amount, balance}
  else empty end;
