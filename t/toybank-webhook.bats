#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# toybank's authorizations called back: webhooks that come twice, never or with another amount, by way of pd-listen.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2034 # variables for lib/toybank

load lib/helper
load lib/toybank
load lib/exec

setup() {
  pd_setup
  cat >hooked.jq <<'END'
module {"name": "hooked", "eventually": {"called_back": {"after": "AuthorizationPending", "timeout_ms": 700}},
  "triggers": {"told_as_asked": {"every": "Settled"}, "told_once": {"every": "Settled"}, "all_is_told": {"at": "settled"}}};
include "pd";
def init: {accounts: {}, asked: {}, told: {}};
def account($x): .accounts[$x.account];
def commands:
  oneof(.accounts | keys) as $account
  | {CreateAccount: {weight: (if .accounts == {} then 5 else 0.3 end), args: {currency: "USD"}},
     Credit: {weight: 2, args: {$account, amount: int(1; 900), currency: "USD"}},
     Authorize: {weight: 3, args: {$account, amount: int(1; 300)}}};
def simulate_CreateAccount($c): {type: "AccountCreated", account: external, balance: 0, held: 0};
def simulate_Credit($c): account($c) | {type: "Credited", account: $c.account, balance: (.balance + $c.amount), held: .held};
def simulate_Authorize($c):
  account($c)
  | if $c.amount > .balance - .held then {type: "Refused", command: "Authorize", reason: "insufficient_funds"}
    else {type: "AuthorizationPending", authorization: external, account: $c.account, amount: $c.amount, balance, held: (.held + $c.amount)} end;
def report($e): account($e) = ($e | {balance, held});
def on_AccountCreated($e): report($e);
def on_Credited($e): report($e);
def on_AuthorizationPending($e): report($e) | .asked[$e.authorization] = $e.amount;
def on_Settled($e): .told[$e.authorization] += [$e.amount];

# What pd-listen writes is the record of a request, whose body is the webhook.
def to_event($payload): $payload | select(.type == "request" and .method == "POST") | {type: "Settled"} + .body;
def awaits_Authorize($c; $events): $events[] | select(.type == "AuthorizationPending") | {type: "Settled", authorization};
def eventually_called_back($e): .told | has($e.authorization) // "nothing was told of \($e.authorization)";
def check_told_as_asked($e):
  # It may come before the answer has been folded.
  .asked[$e.authorization] as $asked | $asked == null or $e.amount == $asked // fail("\($e.authorization) is of \($asked), told was \($e.amount)");
def check_told_once($e): .told[$e.authorization] | length == 1 // fail("\($e.authorization) was told \(length) times");
def check_all_is_told($x): (.told | keys) == (.asked | keys);
END
  PORT=$(free_port)
  hooked=(--inject "hooks=pd-listen --port $PORT" --grace 60ms --conform)
}

teardown() {
  pd_teardown
}

bank() { start_toybank --webhook "http://127.0.0.1:$PORT/hook" "$@"; }

# The receiver and the bank need to know each other's place, so it is on a fixed port. It is ready when it listens.
run_bank() { pd-exec -m hooked.jq -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${hooked[@]}" "$@"; }

# found CHECK MESSAGE [OPTION of pd-gen…]: by that, and by nothing else, and by pd-check from the records as well.
found() {
  pd-gen -m hooked.jq -n 15 -s 1 --max-commands 8 "${@:3}" >plans
  run_bank --max-failures 2 plans >out || [[ $? == 1 ]]
  assert_that "failures | map(select(. != null)) | length > 0 and all(.name == \"$1\" and (.message | test(\"$2\")))" out
  pd-check -m hooked.jq out >checked || [[ $? == 1 ]]
  assert_that 'ends | all(has("recorded") | not)' checked
}

@test "a webhook that comes twice, never or with another amount is found, linear and in branches" {
  local bug branches
  declare -A shows=([twice]='told_once|was told 2 times' [never]='called_back|nothing was told of'
    [amount]='told_as_asked|is of [0-9]+, told was [0-9]+')
  for bug in twice never amount; do
    bank --webhook-bug "$bug"
    for branches in "" --branches; do
      # shellcheck disable=SC2086 # none is no option
      found "${shows[$bug]%|*}" "${shows[$bug]#*|}" $branches
    done
  done
}

@test "it is shrunk to the least amount that shows it" {
  bank --webhook-bug twice
  pd-gen -m hooked.jq -n 15 -s 1 --max-commands 8 | run_bank --stop-on-failure >out || [[ $? == 1 ]]
  run -1 --separate-stderr pd-shrink -m hooked.jq out -- pd-exec -m hooked.jq -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${hooked[@]}"
  printf '%s\n' "$output" >shrunk
  [[ $(in_words shrunk) == "CreateAccount USD, Credit #1 101 USD, Authorize #1 101" ]] || fail "$(in_words shrunk)"
}

@test "without a bug every authorization is told once, of the command that asked for it" {
  local branches
  bank
  for branches in "" --branches; do
    # shellcheck disable=SC2086 # none is no option
    pd-gen -m hooked.jq -n 15 -s 1 --max-commands 8 $branches >plans
    run_bank plans >out
    assert_that 'the_end | .status == 0 and .counts.passed == 15' out
    assert_that '[of("event") | group_by(.run)[] | map(select(.event.type == "Settled")) as $told | map(select(.event.type == "AuthorizationPending"))
      | map([.id, .event.authorization, .event.amount]) | sort == ($told | map([.id, .event.authorization, .event.amount]) | sort)] | all' out
    assert_that '[of("event")[] | select(.event.type == "Settled")] | length > 10 and all(.source == "injector")' out
  done
}
