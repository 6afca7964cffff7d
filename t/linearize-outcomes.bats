#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pd-linearize may not leave out: operations of unknown outcome, and a compare-and-set that failed. Each
# history here has another verdict when that is done, or when the operation is taken for another one.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper
load lib/linearize

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "a write of unknown outcome explains a read, and without it nothing does" {
  at a 0 5 write 1 unknown >write
  at b 10 15 read 1 >read
  cat write read | assert_verdict linearizable register
  assert_verdict not_linearizable register <read
}

@test "a write of unknown outcome need not have happened, one that is known must" {
  at b 10 15 read null >read
  { at a 0 5 write 1 unknown && cat read; } | assert_verdict linearizable register
  { at a 0 5 write 1 && cat read; } | assert_verdict not_linearizable register
}

@test "a write of unknown outcome takes effect after it returned, one that is known does not" {
  { at b 10 15 write 2 && at b 20 25 read 2 && at b 30 35 read 1; } >others
  { at a 0 5 write 1 unknown && cat others; } | assert_verdict linearizable register
  { at a 0 5 write 1 && cat others; } | assert_verdict not_linearizable register
}

@test "so it does after later operations of its own process" {
  at a 0 5 write 1 unknown >history
  { at a 10 15 write 2 && at a 20 25 read 2 && at a 30 35 read 1; } >>history
  assert_verdict linearizable register <history
}

@test "a write of unknown outcome does not take effect before its call" {
  at b 10 15 read 1 >read
  { at a 15 null write 1 unknown && cat read; } | assert_verdict linearizable register
  { at a 16 null write 1 unknown && cat read; } | assert_verdict not_linearizable register
}

@test "a write of unknown outcome takes effect once, two of them twice" {
  { at b 10 15 read 1 && at b 20 25 write 2 && at b 30 35 read 2 && at b 40 45 read 1; } >others
  at a 0 null write 1 unknown >write
  cat write others | assert_verdict not_linearizable register
  { cat write others && at c 0 null write 1 unknown; } | assert_verdict linearizable register
}

@test "an operation that never returned, but is known to have happened, must be in the order" {
  { at b 10 15 dequeue 1 && at b 20 25 dequeue null; } >others
  { at a 0 null enqueue 1 && cat others; } | assert_verdict linearizable queue
  { at a 0 null enqueue 1 && at c 0 null dequeue 2 && cat others; } | assert_verdict not_linearizable queue
  { at a 0 null enqueue 1 && at c 0 null dequeue unknown && cat others; } | assert_verdict linearizable queue
}

@test "a dequeue of unknown outcome may have taken what is missing" {
  { at a 0 5 enqueue 1 && at a 10 15 enqueue 2 && at a 20 25 dequeue 2; } >others
  assert_verdict not_linearizable queue <others
  { at b 17 null dequeue unknown && cat others; } | assert_verdict linearizable queue
  { at b 26 null dequeue unknown && cat others; } | assert_verdict not_linearizable queue
}

@test "each increment of unknown outcome counts once at most" {
  { at a 10 15 read 1 && at a 20 25 read 2; } >up
  { at a 10 15 read 2 && at a 20 25 read 1; } >down
  at b 0 null increment unknown >one
  { at b 0 null increment unknown && at c 0 null increment unknown; } >two
  cat one up | assert_verdict not_linearizable counter
  cat two up | assert_verdict linearizable counter
  cat two down | assert_verdict not_linearizable counter
}

@test "a compare-and-set of unknown outcome happens only where it fits" {
  at b 20 25 read 2 >read
  { at a 0 5 write 1 && at c 10 null cas 1 2 unknown && cat read; } | assert_verdict linearizable cas-register
  { at a 0 5 write 3 && at c 10 null cas 1 2 unknown && cat read; } | assert_verdict not_linearizable cas-register
}

@test "a failed compare-and-set saw another value than it expected" {
  at a 0 5 write 1 >write
  assert_verdict linearizable cas-register <write
  { cat write && at b 10 15 cas 1 2 false; } | assert_verdict not_linearizable cas-register
  { cat write && at b 5 15 cas 1 2 false; } | assert_verdict linearizable cas-register
}

@test "a failed compare-and-set changed nothing" {
  { at a 0 5 write 1 && at b 10 15 cas 2 3 false; } >history
  { cat history && at a 20 25 read 1; } | assert_verdict linearizable cas-register
  { cat history && at a 20 25 read 3; } | assert_verdict not_linearizable cas-register
}

@test "a failed compare-and-set tells which of two writes at the same time was the last" {
  { at a 0 5 write 1 && at b 0 5 write 2; } >writes
  at a 20 25 read 2 >read
  cat writes read | assert_verdict linearizable cas-register
  { cat writes && at c 10 15 cas 1 3 false && cat read; } | assert_verdict linearizable cas-register
  { cat writes && at c 10 15 cas 2 3 false && cat read; } | assert_verdict not_linearizable cas-register
}

@test "a failed compare-and-set is no unknown one, nor one that succeeded" {
  { at a 0 5 write 1 && at b 10 15 cas 1 2 unknown && at a 20 25 read 2; } | assert_verdict linearizable cas-register
  { at a 0 5 write 1 && at b 10 15 cas 1 2 true && at a 20 25 read 2; } | assert_verdict linearizable cas-register
  { at a 0 5 write 1 && at b 10 15 cas 1 2 false && at a 20 25 read 2; } | assert_verdict not_linearizable cas-register
}

@test "a failed compare-and-set needs the write of unknown outcome that made it fail" {
  { at a 0 5 write 1 && at b 10 15 cas 1 2 false && at a 20 25 read 3; } >others
  assert_verdict not_linearizable cas-register <others
  { at c 0 null write 3 unknown && cat others; } | assert_verdict linearizable cas-register
}

@test "a failed compare-and-set of a model is an observation, too" {
  { at a 0 5 write 1 && at b 10 15 cas 1 2 false; } >history
  run -1 "$PD_BIN/pd-linearize" -m "$BATS_TEST_DIRNAME/data/linearize/cas-register.jq" history
  { at a 0 5 write 1 && at b 10 15 cas 2 3 false; } >history
  run -0 "$PD_BIN/pd-linearize" -m "$BATS_TEST_DIRNAME/data/linearize/cas-register.jq" history
}
