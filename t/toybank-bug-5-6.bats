#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bugs 5 and 6 of toybank: found within 300 runs at each of the seeds
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

@test "bug 5: a credit in another currency is booked as it is" {
  hunt_bug 5
}

@test "bug 6: refunds may exceed their capture in sum" {
  hunt_bug 6
}
