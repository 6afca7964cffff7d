#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bugs 7 and 8 of toybank: found within 300 runs at each of the seeds
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

@test "bug 7: a closed account takes credits" {
  hunt_bug 7
}

@test "bug 8: closing an account with a hold loses the money" {
  hunt_bug 8
}
