#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Three clients at a time on a redis-server, each command by a connection of its own: all that they see is
# explained by one order. With a client that answers reads from a copy it is not.

load lib/helper

setup() {
  pd_setup
  command -v redis-server >/dev/null || skip "redis-server is not installed"
  start_redis
  export REDIS_SOCKET
  model=(-m "$PD_ROOT/share/pd/examples/redis-races.jq")
  exec=(pd-exec "${model[@]}" -a "$PD_ROOT/share/pd/examples/redis-cli.jq")
}

teardown() {
  pd_teardown
}

# generate RUNS SEED: runs with three branches, as early as can be.
generate() {
  pd-gen "${model[@]}" -n "$1" -s "$2" --branch-probability 1 --min-prefix 1 --min-branches 3 \
    --min-commands 10 --max-commands 10
}

# A client that keeps what it has read. Whoever writes a key drops its copy, so one after the other sees no
# difference; but who has read before the write and is slow keeps the old value after it.
caching_client() {
  local client
  client=$(command -v redis-cli)
  mkdir -p bin copies
  cat >bin/redis-cli <<SCRIPT
#!/bin/sh
client=$client copies=$PWD/copies
SCRIPT
  cat >>bin/redis-cli <<'SCRIPT'
copy=$copies/$6
case $5 in
  GET)
    cat "$copy" 2>/dev/null && exit
    "$client" "$@" >"$copy.$$" || exit
    cat "$copy.$$"
    sleep 0.02
    mv "$copy.$$" "$copy" ;;
  PING) exec "$client" "$@" ;;
  FLUSHALL) rm -f "$copies"/* && exec "$client" "$@" ;;
  *) "$client" "$@" && rm -f "$copy" ;;
esac
SCRIPT
  chmod +x bin/redis-cli
  PATH=$PWD/bin:$PATH
}

@test "300 runs of three branches against redis-server are explained by an order" {
  generate 300 1 >plans
  assert_json 'map(select(.type == "sequence")) | length == 300 and all(.branches | length == 3)' plans
  run -0 --separate-stderr "${exec[@]}" plans
  [[ -z $stderr ]]
  tail -n 1 <<<"$output" >end
  assert_json '.[0] | .status == 0 and .counts.runs == 300 and .counts.passed == 300' end
}

@test "a client that keeps copies is caught by branches, and only by them" {
  caching_client
  pd-gen "${model[@]}" -n 10 -s 1 --max-commands 15 | "${exec[@]}" --conform >linear
  generate 100 1 | "${exec[@]}" --stop-on-failure >failing || [[ $? == 1 ]]
  assert_json 'map(select(.type == "run_end" and .status == "fail")) | length == 1 and
    (.[0].failure | .class == "assertion" and .kind == "linearization" and
      (.data.blocked | any(.command.type == "GET")))' failing
}
