#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bugs 1 and 2 of toybank: found within 300 runs at each of the seeds
# 1 to 10, and shrunk to the shortest sequence with the smallest amounts, worked out by hand. #1 is what
# the first command made.

load lib/helper
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "bug 1: a debit ignores holds" {
  hunt_bug 1
}

@test "bug 2: a capture may exceed its authorization" {
  hunt_bug 2
}
