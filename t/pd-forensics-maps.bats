#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The ready-made maps of pd-forensics, held against logs that the real software wrote (t/data/logs/make).
# shellcheck disable=SC2154 # variables from bats and the helper

load lib/helper

setup() {
  pd_setup
  model=$PD_ROOT/t/data/models/ledger.jq
  logs=$PD_ROOT/t/data/logs
  # Counts events, and fails at the end with what it saw, so that it can be looked at.
  cat >seen.jq <<'JQ'
module {"name": "seen", "triggers": {"seen": {"at": "end"}}};
include "pd";
def init: [];
def apply($e): . + [$e];
def check_seen($e): false;
JQ
}

teardown() {
  pd_teardown
}

# events MAP FILE: what the map makes of a log, one event a line.
events() {
  pd-forensics -m "$PWD/seen.jq" --skip-bad --map "$1" "${@:2}" >seen || (($? == 1))
  jq -c 'select(.type == "violation").state[]' seen
}
bank() { "$logs/generate.py" bank; }

# same_bank MAP FILE: the events are those of the bank, in order and digit for digit.
same_bank() {
  diff <(bank | jq -c '[.account, .amount, .balance]') \
    <(events "$1" "$logs/$2" | jq -c 'select(.account) | [.account, .amount, .balance]')
  diff <(bank | jq -r '{"account opened": "AccountOpened", "credited": "Credited", "debited": "Debited"}[.type]') \
    <(events "$1" "$logs/$2" | jq -r 'select(.account).type')
  events "$1" "$logs/$2" | jq -es 'map(.time) | all(. != null) and length >= 220'
  run pd-forensics -m "$model" --map "$1" --split .account "$logs/$2"
  assert_status 1
  assert_json "map(select(.type == \"violation\"))[0] | .number == 201 and .line == ${3-201} and (.time | endswith(\"Z\"))"
}

@test "there are at least 200 lines of each format" {
  for log in "$logs"/*.ndjson "$logs"/*.out; do (($(wc -l <"$log") >= 200)); done
}

@test "every ready-made map is listed and documented" {
  run pd-forensics --list-maps
  assert_status 0
  [[ ${#lines[@]} == $(ls "$PD_ROOT"/share/pd/maps | wc -l) ]]
  for map in "$PD_ROOT"/share/pd/maps/*.jq; do
    map=${map##*/}
    grep -q "^\.It Cm ${map%.jq}$" "$PD_ROOT/share/man/man1/pd-forensics.1"
    assert_output_has "${map%.jq} "
  done
}

@test "pino" { same_bank pino pino.ndjson; }
@test "bunyan" { same_bank bunyan bunyan.ndjson; }
@test "ECS" { same_bank ecs ecs.ndjson; }
@test "CloudEvents" { same_bank cloudevents cloudevents.ndjson; }
@test "OTLP logs, several of them on a line" { same_bank otlp-logs otlp-logs.ndjson 181; }
@test "OTLP spans" { same_bank otlp-spans otlp-spans.ndjson; }

@test "journald, with JSON, text and bytes as messages" {
  same_bank journald journald.ndjson
  events journald "$logs/journald.ndjson" | jq -es '.[-2:] | map([.type, .message, .level]) ==
    [["Tool", "plain text", "warn"], ["Tool", "with bytes \u0001\u0002", "warn"]]'
}

@test "zap, as etcd writes it, with a line of other text in between" {
  events zap "$logs/zap.ndjson" >events
  (($(wc -l <events) == $(grep -c '^{' "$logs/zap.ndjson")))
  jq -es 'all(.[]; (.level | IN("debug", "info", "warn", "error", "fatal")) and (.time | startswith("2026-"))
    and (.message | type == "string")) and any(.[]; .type == "StartingAnEtcdServer" and .["cluster-id"] == "")' events ||
    jq -es 'any(.[]; .type == "StartingAnEtcdServer")' events
}

@test "nginx, with numbers as numbers" {
  events nginx "$logs/nginx.ndjson" >events
  jq -es 'length == 221 and all(.[]; .type == "Request" and (.status | type) == "number" and (.request_time | type) == "number")
    and (map(select(.method == "POST")) | length > 100 and all(.[]; .status == 201 and (.path | startswith("/accounts"))))
    and all(.[1:][]; .http_user_agent == "bank \"7\" \\ x")' events
}

@test "Kubernetes' audit log: the complete stage of each request" {
  events kubernetes-audit "$logs/kubernetes-audit.ndjson" >events
  jq -es 'length == 110 and (map(.type) | unique) == ["CreatePods", "DeletePods", "GetPods", "UpdatePods"]
    and all(.[]; (.type == "CreatePods") == (.code == 201)) and (map(.id) | unique | length) == 110' events
  jq -es '.[] | select(.type == "forensics").skipped == {"stage RequestReceived": 110}' seen
}

@test "text by the named groups of a regular expression, as redis writes it" {
  events text --pattern '^(?<pid>[0-9]+):(?<role>[A-Z]) (?<when>[0-9]+ [A-Z][a-z]+ [0-9: .]+) (?<mark>[.*#-]) (?<message>.*)$' \
    "$logs/redis.out" >events
  (($(wc -l <events) == $(grep -cE '^[0-9]+:[A-Z] ' "$logs/redis.out")))
  jq -es 'any(.[]; .message == "Ready to accept connections" and .role == "M" and .type == "Line")' events
}

@test "maps follow one another" {
  printf 'include "log";\ndef map: if .type == "Debited" then skip("debits") else .type |= "My" + . end;\n' >mine.jq
  pd-forensics -m seen.jq --map pino --map ./mine.jq "$logs/pino.ndjson" >seen || (($? == 1))
  jq -es '(.[] | select(.type == "violation").state | map(.type) | unique) == ["MyAccountOpened", "MyCredited"]' seen
}

@test "events of a recorded run are judged without a map" {
  jq -nc '{type: "stream", version: 1}, {type: "event", run: 1, source: "command", event: {type: "Credited", amount: 2, balance: 3}, at_us: 0, n: 1}' >run
  run pd-forensics -m "$model" run
  assert_status 1
}
