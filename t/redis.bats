#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program that nobody here wrote, redis-server, through its command-line client.

load lib/helper

setup() {
  pd_setup
  command -v redis-server >/dev/null || skip "redis-server is not installed"
  start_redis
  export REDIS_SOCKET
  examples=$PD_ROOT/share/pd/examples
  exec=(-a "$examples/redis-cli.jq")
}

teardown() {
  pd_teardown
}

@test "200 runs against redis-server find nothing" {
  pd-gen -m "$examples/redis.jq" -n 200 -s 1 --max-commands 25 >plans
  run -0 --separate-stderr pd-exec -m "$examples/redis.jq" "${exec[@]}" plans
  [[ -z $stderr ]]
  tail -n 1 <<<"$output" >end
  assert_json '.[0] | .status == 0 and .counts.runs == 200 and .counts.passed == 200 and .fired.replies_agree > 1000' end
}

@test "a model that says INCR adds 2 is caught, and one command shows it" {
  model=(-m "$examples/redis-wrong.jq")
  for seed in 1 2 3; do
    pd-gen "${model[@]}" -n 50 -s "$seed" >plans
    pd-exec "${model[@]}" "${exec[@]}" --stop-on-failure plans >failing || [[ $? == 1 ]]
    pd-shrink "${model[@]}" failing -- pd-exec "${model[@]}" "${exec[@]}" >out || [[ $? == 1 ]]
    assert_json 'map(select(.type == "failure")) | length == 1 and (.[0] | .reproduced and .failure.name == "replies_agree" and
      (.shrunk.prefix | map(.command) == [{type: "INCR", key: "a"}]))' out
  done
  run -1 pd-report out
  assert_output_has 'INCR'
}
