#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bug 9 of toybank, which only commands at the same time can show: found within 200 runs with branches at each
# of the seeds 1 to 5, and shrunk to a prefix that makes and funds the account, and two branches of a command.
# Another suite has the seeds 6 to 10, for the time that it takes.
# shellcheck disable=SC2034 # variables for lib/toybank

load lib/helper
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "bug 9: a debit lets others in between reading and writing the balance" {
  seeds=(1 2 3 4 5)
  hunt_race 9
}
