#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Five clients at a time on a member of etcd, forty commands each. One order explains all that they see; with
# a proxy in between that answers some reads from an old snapshot it does not, and the reason says which.
# shellcheck disable=SC2016 # jq's variables are written in quotes

load lib/helper

setup() {
  pd_setup
  command -v etcd >/dev/null || skip "etcd is not installed"
  start_etcd
  model=(-m "$PD_ROOT/share/pd/examples/etcd.jq")
  exec=(pd-exec "${model[@]}" -a "$PD_ROOT/share/pd/examples/etcd-http.jq")
}

teardown() {
  pd_teardown
}

# generate RUNS SEED: runs of five branches of forty commands.
generate() {
  pd-gen "${model[@]}" -n "$1" -s "$2" --branch-probability 1 --min-prefix 5 --min-branches 5 --max-branches 5 \
    --min-branch-length 40 --max-branch-length 40 --min-commands 205 --max-commands 205
}

@test "what five clients of etcd see is explained by an order" {
  generate 10 1 >plans
  assert_json 'map(select(.type == "sequence").branches | map(length)) == [range(10) | [40, 40, 40, 40, 40]]' plans
  run -0 --separate-stderr "${exec[@]}" -u "$ETCD_URL" plans
  [[ -z $stderr ]]
  printf '%s\n' "$output" >out
  tail -n 1 out >end
  assert_json '.[0] | .status == 0 and .counts.passed == 10 and .counts.commands == 2050' end
  # A judge that knows nothing of this model agrees.
  run -0 pd-linearize --spec kv out
  assert_json 'map(select(.type == "linearization")) | length == 10 and all(.verdict == "linearizable")'
}

@test "a proxy that answers reads from an old snapshot is caught, and a read that is wrong is shown" {
  start_python stale-etcd --etcd-port "$ETCD_PORT" --every 20 --behind 30
  generate 5 1 >plans
  run -1 --separate-stderr "${exec[@]}" -u "$SERVER_URL" plans
  printf '%s\n' "$output" >out
  # What the proxy made up, as the adapter reads it, before the records.
  jq -sc 'map(.answered[0] // {version: "0"} | {value: (if .value then .value | @base64d else null end),
    version: (.version | tonumber)})' stale-etcd.log | cat - out >judged
  # A lie may also be what an order was built on, so that a true read after it is blocked: not every run shows one.
  assert_json '.[0] as $lies | .[1:] | map(select(.type == "run_end")) | length == 5 and all(.status == "fail" and
    (.failure | .class == "assertion" and .kind == "linearization" and (.data.blocked | any(.seen != .expected)))) and
    any(.[].failure.data.blocked[]; .command.type == "Get" and .seen != .expected and
      (.seen[0] | {value, version} | IN($lies[])))' judged
}
