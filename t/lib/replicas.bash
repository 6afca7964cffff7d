# SPDX-License-Identifier: MIT
# What the suites of pd-diff and pd-flaky have in common, beside helper.bash: a small bank whose runs are
# served by replicas (data/adapters/replicas.py), some of which are wrong.
# shellcheck shell=bash disable=SC2034,SC2154

# write_model: bank.jq.
write_model() {
  cat >bank.jq <<'END'
module {"name": "bank", "triggers": {"balances_agree": {"every": "Added"}}};
include "pd";
def init: {accounts: {}};
def commands:
  {Open: {weight: (if .accounts == {} then 5 else 0.5 end)},
   Add: {weight: 3, args: {account: oneof(.accounts | keys), amount: int(1; 9)}}};
def simulate_Open($c): {type: "Opened", account: external};
def simulate_Add($c): {type: "Added", account: $c.account, amount: $c.amount, balance: (.accounts[$c.account] + $c.amount)};
def on_Opened($e): .accounts[$e.account] = 0;
def on_Added($e): .accounts[$e.account] += $e.amount;
def check_balances_agree($e): .accounts[$e.account] == $e.balance // fail("the balance is not \($e.balance)");
END
}

# replicas PATTERN [NOISE]: sets executor to the command that executes sequences.
replicas() {
  executor=(pd-exec -m bank.jq -A "python3 $BATS_TEST_DIRNAME/data/adapters/replicas.py $*")
}

# plan [RUN]: one sequence of four commands, of which the last is beyond what replica b keeps.
plan() {
  jq -nc --argjson run "${1-1}" '[{type: "Open"}, {type: "Add", account: "@c1.account", amount: 7},
      {type: "Add", account: "@c1.account", amount: 5}, {type: "Add", account: "@c1.account", amount: 2}] as $commands
    | {type: "sequence", run: $run, seed: 7, plan: ("\($run)" * 64),
        prefix: ($commands | to_entries | map({id: "c\(.key + 1)", command: .value})), suffix: []}'
}

# attempts N PATTERN [NOISE]: N runs of this plan, one after the other.
attempts() {
  replicas "${@:2}"
  for ((i = 0; i < $1; i++)); do plan; done | "${executor[@]}" || :
}
