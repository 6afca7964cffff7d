# SPDX-License-Identifier: MIT
# What the suites of pd-exec have in common, beside helper.bash. data/models/direct.jq and its adapter take
# commands that are requests themselves, so that a test can send whatever it likes.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

models=$BATS_TEST_DIRNAME/data/models
adapters=$BATS_TEST_DIRNAME/data/adapters
direct=(-m "$models/direct.jq" -a "$models/direct-adapter.jq")

# For assert_that: the records of a type, the replies that events of the direct adapter carry.
definitions='def of($type): map(select(.type == $type));
  def ends: of("run_end"); def failures: ends | map(.failure);
  def events: of("event") | map(.event); def replies: events | map(.reply);
  def the_end: of("end") | last;'

# assert_that FILTER [FILE]: as assert_json, with these definitions.
assert_that() { assert_json "$definitions $1" "${@:2}"; }

# plan COMMAND…: one run of these commands, JSON objects; plan_run N COMMAND…: run N of them.
plan() { plan_run 1 "$@"; }
plan_run() {
  jq -nc '($ARGS.positional[1:] | to_entries | map({id: "c\(.key + 1)", command: .value})) as $items
    | {type: "sequence", run: $ARGS.positional[0], seed: 7, plan: ("0" * 64), prefix: $items, suffix: []}' \
    --jsonargs "$@"
}

# send REQUEST…: one run of direct commands with these requests.
send() { plan "$@" | jq -c '.prefix[].command |= {type: "Send", request: .}'; }
