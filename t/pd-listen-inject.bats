#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-listen as an injector of pd-exec: webhooks that come during a run, many of them, and a receiver in trouble.
# shellcheck disable=SC2154,SC2016 # variables from bats and the helpers; programs for sh in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  port=$(free_port)
  cat >hooks.jq <<'JQ'
module {"name": "hooks"};
include "pd";
def init: {n: 0};
def to_event($p): if $p.type == "request" then {type: "Hook", n: $p.n, id: $p.body.id} else empty end;
def on_Hook($e): if $e.n == .n + 1 then .n += 1 else error("\($e.n) came after \(.n)") end;
def check_counted($x): .n >= 0;
JQ
  exec=(pd-exec -m hooks.jq -a "$models/direct-adapter.jq")
  ready=(--inject-ready '"type":"listening"')
}

teardown() {
  pd_teardown
}

receiver() { printf 'pd-listen --announce --port %s' "$port"; }

@test "a thousand webhooks in one second: none is lost, each is folded once, in the order of arrival" {
  local kind
  # Four senders, each a quarter, at its pace.
  cat >send.py <<'PY'
import http.client, json, sys, threading, time
port, start = int(sys.argv[1]), time.monotonic()
def send(part):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for i in range(part, 1000, 4):
        time.sleep(max(0, start + i / 1000 - time.monotonic()))
        connection.request("POST", "/hook", json.dumps({"id": i}), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 204
senders = [threading.Thread(target=send, args=(part,)) for part in range(4)]
for sender in senders: sender.start()
for sender in senders: sender.join()
PY
  send "{\"argv\":[\"python3\",\"send.py\",\"$port\"]}" '{"argv":["true"]}' >linear
  jq -c '.branches = [[.prefix[0]], [.prefix[1]]] | .prefix = []' linear >branching
  for kind in linear branching; do
    run -0 --separate-stderr "${exec[@]}" --inject "$(receiver)" "${ready[@]}" --trace "$kind"
    assert_that 'of("event") | map(select(.source == "injector").event) | map(.n) == [range(1; 1001)] and (map(.id) | sort == [range(1000)])'
    assert_that 'ends[0].state.n == 1000'
  done
}

@test "a webhook is there when the command that caused it was answered, whatever the grace" {
  send "{\"argv\":[\"curl\",\"-sf\",\"-d\",\"{\\\"id\\\":1}\",\"http://127.0.0.1:$port/\"]}" '{"argv":["true"]}' >plan
  for _ in 1 2 3 4 5; do
    run -0 --separate-stderr "${exec[@]}" --inject "$(receiver)" "${ready[@]}" --grace 0 plan
    assert_that 'of("event") | map(.source) == ["command", "injector", "command"]'
  done
}

@test "a receiver that is killed fails the run, which ends in order" {
  send "{\"argv\":[\"sh\",\"-c\",\"kill -KILL \$(cat pid); sleep 0.2\"]}" '{"argv":["true"]}' >plan
  run -2 --separate-stderr "${exec[@]}" --inject "echo \$\$ >pid; exec $(receiver)" "${ready[@]}" plan
  assert_that 'failures[0] | .kind == "injector_failed" and (.message | contains("killed by signal 9"))'
  wait_for no_receiver
}
no_receiver() { ! curl -s "http://127.0.0.1:$port/"; }

@test "a port that is taken is told before anything is sent" {
  start_server other pd-listen --port "$port"
  wait_for grep -q listening other.log
  send '{"argv":["touch","sent"]}' >plan
  run -2 --separate-stderr "${exec[@]}" --inject "$(receiver)" "${ready[@]}" plan
  assert_stderr_has "pd-listen: cannot listen on port $port of 127.0.0.1: Address already in use"
  [[ ! -e sent ]]
}
