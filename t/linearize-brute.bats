#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The search of pd-linearize against one that tries every order (t/lib/brute.py): the same verdicts on random
# small histories, orders and prefixes that hold, and the same numbers of orders.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper
load lib/linearize

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# as_brute_force SPEC SEED COUNT [OPTION…]: options of both judges. Of so many histories neither few nor most are refuted.
as_brute_force() {
  local initial=()
  [[ ${4-} != --initial ]] || initial=(--initial "$5")
  "$tools/histories.py" small "${@:1:3}" "${initial[@]}" >histories
  judge 1 "$1" "${@:4}" <histories >records
  run -0 "$tools/brute.py" "$1" "${@:4}" --compare records histories
  echo "# $1: ${lines[0]}" >&3
  assert_json '.[0] | .judged == '"$3"' and .different == 0 and .unknown_outcomes > .judged / 10
    and .refuted_percent > 20 and .refuted_percent < 80'
}

@test "register: verdicts of 20,000 histories" { as_brute_force register 1 20000; }
@test "cas-register: verdicts of 20,000 histories" { as_brute_force cas-register 1 20000; }
@test "counter: verdicts of 20,000 histories" { as_brute_force counter 1 20000; }
@test "set: verdicts of 20,000 histories" { as_brute_force set 1 20000; }
@test "queue: verdicts of 20,000 histories" { as_brute_force queue 1 20000; }
@test "stack: verdicts of 20,000 histories" { as_brute_force stack 1 20000; }
@test "kv: verdicts of 20,000 histories" { as_brute_force kv 1 20000; }
@test "a jq model: verdicts of 20,000 histories" { as_brute_force bank 1 20000; }

@test "register: another first state" { as_brute_force register 2 500 --initial 2; }
@test "cas-register: another first state" { as_brute_force cas-register 2 500 --initial '{"b": [2], "a": 1.0}'; }
@test "counter: another first state" { as_brute_force counter 2 500 --initial 2; }
@test "set: another first state" { as_brute_force set 2 500 --initial '[1, "a"]'; }
@test "queue: another first state" { as_brute_force queue 2 500 --initial '[2, 1]'; }
@test "stack: another first state" { as_brute_force stack 2 500 --initial '[2, 1]'; }
@test "kv: another first state" { as_brute_force kv 2 500 --initial '{"k": 1, "m": 2}'; }
@test "a jq model: another first state" { as_brute_force bank 2 500 --initial '{"a": 3}'; }

@test "the numbers of orders that explain a history, and of those that precedence allows" {
  for spec in register cas-register counter set queue stack kv bank; do
    as_brute_force "$spec" 3 1000 --count --feasibility
  done
}
