#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bugs 3 and 4 of toybank: found within 300 runs at each of the seeds
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

@test "bug 3: captures may exceed their authorization in sum" {
  hunt_bug 3
}

@test "bug 4: a release after a capture gives the whole hold back" {
  hunt_bug 4
}
