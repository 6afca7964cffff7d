#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Events from outside: what injectors write becomes events of the run, in order, of the command that awaits them.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2094 # a file is written, then read
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
  : >hooks
  cat >pay.jq <<'END'
module {"name": "pay", "triggers": {"known": {"every": "Approved"}}};
include "pd";
def init: {auths: {}};
def commands: {Authorize: {args: {auth: int(1; 9)}}, Capture: {args: {auth: oneof(.auths | keys)}}};
def simulate_Authorize($c): {type: "Authorized", auth: $c.auth};
def simulate_Capture($c):
  if .auths["\($c.auth)"] == "approved" then {type: "Captured", auth: $c.auth} else {type: "Refused"} end;
def awaits_Authorize($c): {type: "Approved", auth: $c.auth};
def on_Authorized($e): .auths["\($e.auth)"] = "pending";
def on_Approved($e): .auths["\($e.auth)"] |= if . == null then "unknown" else "approved" end;
def check_known($e): .auths["\($e.auth)"] != "unknown";
END
  # The system approves within the request, or $later seconds after it. It captures what was authorized.
  cat >adapter.jq <<'END'
module {"name": "pay-files"};
include "pd";
def approve: "sh approve \(.auth)";
def request_Authorize:
  {argv: ["sh", "-c", (if .later then "echo \(.later) \(approve) >work" else approve end)]};
def events_Authorize($c): {type: "Authorized", auth: $c.auth};
def request_Capture: {argv: ["true"]};
def events_Capture($c): {type: "Captured", auth: $c.auth};
def request_Pause: {argv: ["sleep", "0.4"]};
def events_Pause($c): empty;
END
  # What a request's program leaves running is ended with it: this works on.
  mkfifo work
  cat >worker <<'END'
exec 9<>work
while read -r delay command <&9; do (sleep "$delay" && $command) & done
END
  echo 'echo "{\"type\":\"Approved\",\"auth\":$1}" >>hooks' >approve
  pay=(-m pay.jq -a adapter.jq)
  # tail reads what is there first; a line of ours says that it is up.
  ready=(--inject "tail -n +1 -F hooks" --inject-ready '^up$')
  echo up >hooks
}

teardown() {
  pd_teardown
}

@test "events from outside are folded after the command under way, and belong to the one that awaits them" {
  # tail may take a moment to tell.
  plan '{"type":"Authorize","auth":1}' '{"type":"Pause"}' '{"type":"Authorize","auth":2}' '{"type":"Pause"}' \
    '{"type":"Capture","auth":1}' >plan
  run -0 --separate-stderr pd-exec "${pay[@]}" "${ready[@]}" --conform --grace 50ms plan
  assert_that 'of("event") | map([.id, .source, .event.type, .event.auth]) == [
    ["c1", "command", "Authorized", 1], ["c1", "injector", "Approved", 1],
    ["c3", "command", "Authorized", 2], ["c3", "injector", "Approved", 2], ["c5", "command", "Captured", 1]] and
    map(.n) == [1, 2, 3, 4, 5]'
  [[ -z $stderr ]]
}

@test "what comes after the last command is recorded within the grace, and what comes after the run is told" {
  start_server worker bash worker
  plan '{"type":"Authorize","auth":1,"later":0.1}' >plan
  run -0 --separate-stderr pd-exec "${pay[@]}" "${ready[@]}" --grace 2s --allow-vacuous plan
  assert_that 'of("event") | map([.id, .source]) == [["c1", "command"], ["c1", "injector"]]'
  assert_that 'ends[0] | .duration_us > 2000000 and .events == 2'
  echo up >hooks
  plan_run 2 '{"type":"Authorize","auth":2,"later":2}' >>plan
  run -0 --separate-stderr pd-exec "${pay[@]}" "${ready[@]}" --grace 1s --allow-vacuous plan
  assert_that 'of("event") | map([.run, .source]) == [[1, "command"], [1, "injector"], [2, "command"]]'
}

@test "of a thousand events in one second none is lost, and each is folded once, in the order of arrival" {
  local kind commands
  start_server worker bash worker
  cat >count.jq <<'END'
module {"name": "count"};
include "pd";
def init: {n: 0};
def on_Hook($e): if $e.n == .n + 1 then .n += 1 else error("\($e.n) came after \(.n)") end;
def check_c($x): true;
END
  cat >hook.py <<'END'
import json, time
start = time.monotonic()
with open("hooks", "a") as hooks:
    for n in range(1000):
        time.sleep(max(0, start + n / 1000 - time.monotonic()))
        hooks.write(json.dumps({"type": "Hook", "n": n + 1}) + "\n")
        hooks.flush()
END
  plan '{"type":"Send","request":{"argv":["sh","-c","echo 0 python3 hook.py >work; until [ $(wc -l <hooks) -gt 1 ]; do sleep 0.02; done"]}}' >start
  mapfile -t commands < <(for _ in $(seq 60); do echo '{"type":"Send","request":{"argv":["sleep","0.02"]}}'; done)
  plan "${commands[@]}" >waits
  jq -cs '(.[1].prefix | to_entries | map(.value + {id: "c\(.key + 2)"})) as $more | .[0] | .prefix += $more' start waits >linear
  jq -c '.branches = [.prefix[1:31], .prefix[31:61]] | .prefix |= .[:1]' linear >branching
  for kind in linear branching; do
    echo up >hooks
    run -0 --separate-stderr pd-exec -m count.jq -a "$models/direct-adapter.jq" "${ready[@]}" --grace 2s --trace "$kind"
    assert_that 'of("event") | map(select(.source == "injector").event.n) == [range(1; 1001)]'
    assert_that 'ends[0].state.n == 1000 and (of("event") | map(.n) == [range(1; length + 1)])'
    # They came while commands were sent.
    assert_that '([of("command")[].return_us] | max) as $last | [of("event")[] | select(.source == "injector").at_us]
      | map(select(. < $last)) | length > 300'
    [[ -z $stderr ]]
  done
}

@test "to_event makes events of a payload, several or none; what is no JSON object is text" {
  cat >>pay.jq <<'END'
def to_event($p):
  if $p | type == "array" then $p | map({type: "Element", value: .})
  elif $p.text then ($p.text | if startswith("#") then empty else {type: "Line", text: .} end)
  elif $p.kind == "noise" then {"$skip": "noise"}
  elif $p.kind == "nothing" then null
  else {type: "Object", of: $p.kind} end;
END
  printf '%s\n' up '[1,2]' 'a line' '# comment' '{"kind":"noise"}' '{"kind":"nothing"}' '{"kind":"x"}' 5 '{broken' '' >hooks
  plan '{"type":"Authorize","auth":1}' >plan
  # All of it is there before the run, so it is kept back until the run has begun.
  run -0 --separate-stderr pd-exec "${pay[@]}" --inject 'sleep 0.2; tail -n +2 -F hooks' --grace 1s --allow-vacuous plan
  assert_that 'events | map(del(.auth)) == [{type: "Authorized"}, {type: "Element", value: 1}, {type: "Element", value: 2},
    {type: "Line", text: "a line"}, {type: "Object", of: "x"}, {type: "Line", text: "5"},
    {type: "Line", text: "{broken"}, {type: "Object", of: null}]'
}

@test "a map makes events of what its injector writes, from JSON or from text" {
  start_server worker bash worker
  cat >json.jq <<'END'
include "log";
def map: if .ok == true then {type: "Approved", auth: .a} else skip("not ok") end;
END
  cat >text.jq <<'END'
module {"input": "text"};
def map: capture("^(?<word>\\w+) (?<n>\\d+)$") | {type: "Text", n: (.n | tonumber)};
END
  plan '{"type":"Authorize","auth":1,"later":0.2}' >plan
  : >rest
  run -0 --separate-stderr pd-exec "${pay[@]}" --grace 1s \
    --inject 'one=sleep 0.1; printf "%s\n" "{\"ok\":true,\"a\":1}" "{\"ok\":false}"; tail -F rest' --inject-map ./json.jq \
    --inject 'two=sleep 0.1; echo "say 5"; tail -F rest' --inject-map text.jq plan
  assert_that 'events | map(.type) | sort == ["Approved", "Authorized", "Text"]'
  run -2 --separate-stderr pd-exec "${pay[@]}" --inject 'tail -F rest' --inject-map nosuch plan
  assert_stderr_has "injector 'tail': there is no ready-made map 'nosuch'"
  run -2 --separate-stderr pd-exec "${pay[@]}" --inject-map text.jq --inject 'tail -F rest' plan
  assert_stderr_has "--inject-map stands behind the --inject that it is for"
}

@test "no command is sent before an injector is ready" {
  plan '{"type":"Authorize","auth":1}' >plan
  run -0 --separate-stderr pd-exec "${pay[@]}" --inject 'slow=sleep 0.4; tail -n +1 -F hooks' \
    --inject-ready up plan
  assert_that 'of("event") | map(.source) | .[0] == "command"'
  run -2 --separate-stderr timeout 10 pd-exec "${pay[@]}" --inject 'never=sleep 100' --inject-ready ready \
    --health-timeout 300ms plan
  assert_stderr_has "injector 'never' wrote no line that its --inject-ready matches"
  assert_that 'the_end | .status == 2 and .counts.runs == 0'
  run -2 --separate-stderr pd-exec "${pay[@]}" --inject 'never=sleep 100' --inject-ready '[' plan
  assert_stderr_has "injector 'never': --inject-ready '[': "
}

@test "an injector that cannot start, dies or floods ends the run in order" {
  plan '{"type":"Authorize","auth":1}' >plan
  plan_run 2 '{"type":"Authorize","auth":1}' >>plan
  jq -c '.teardown = [{id: "t1", command: {type: "Capture", auth: 1}}]' plan >torn
  local command message
  while IFS='|' read -r command message; do
    run -2 --separate-stderr timeout 20 pd-exec "${pay[@]}" --inject "$command" --grace 5s torn
    assert_that "failures[0] | .class == \"execution\" and .kind == \"injector_failed\" and .name == \"hooks\" and
      (.message | test(\"$message\"))"
    assert_that 'ends | length == 1' # no run after that
    assert_that 'of("command") | last.id == "t1"'
    assert_that 'the_end.problems | any(test("an injector failed"))'
  done <<'END'
hooks=./nosuch|injector 'hooks' ended .exit status 127.: ./nosuch
hooks=sleep 0.1; exit 3|injector 'hooks' ended .exit status 3.
hooks=sleep 0.1; kill -9 $$|killed by signal 9
hooks=sleep 0.1; cat /dev/zero|wrote more than 16 MiB without a line break
END
}

@test "a payload that is no event fails the run, with the payload and its injector" {
  plan '{"type":"Authorize","auth":1}' >plan
  printf '%s\n' up '{"no":"type"}' >hooks
  run -2 --separate-stderr pd-exec "${pay[@]}" --inject 'hooks=sleep 0.1; tail -n +2 -F hooks' --grace 5s plan
  assert_that 'failures[0] | .kind == "model_error" and .name == "hooks" and
    (.message | test("no.*type.*is no event.*to_event in the model, or --inject-map"))'
}

@test "an injector that never stops writing neither stops the run nor fills the memory" {
  plan '{"type":"Authorize","auth":1}' '{"type":"Authorize","auth":2}' >plan
  echo 'def to_event($p): empty;' >>pay.jq
  run -0 --separate-stderr timeout 20 pd-exec "${pay[@]}" --inject yes --grace 100ms --allow-vacuous plan
  echo 'def to_event($p): {type: "Yes"};' >>pay.jq
  run -0 --separate-stderr timeout 20 pd-exec "${pay[@]}" --inject yes --grace 100ms --allow-vacuous plan
  assert_that 'ends[0] | .commands == 2 and .events > 100'
}

@test "in branches an event stands after its command, and the suffix builds on it" {
  jq -nc '{type: "sequence", run: 1, seed: 7, plan: ("0" * 64), prefix: [],
    branches: [range(1; 4) | [{id: "c\(.)", command: {type: "Authorize", auth: .}}]],
    suffix: [{id: "c9", command: {type: "Pause"}}, (range(1; 4) | {id: "c\(. + 3)", command: {type: "Capture", auth: .}})]}' >plan
  for _ in 1 2 3; do
    echo up >hooks
    run -0 --separate-stderr pd-exec "${pay[@]}" "${ready[@]}" --grace 100ms plan
    assert_that 'ends[0].linearization.verdict == "linearizable"'
    assert_that 'of("event") | map(select(.source == "injector")) | length == 3 and all(.id == "c\(.event.auth)" and .branch == .event.auth - 1)'
    # Judged from the records: the same.
    printf '%s\n' "$output" >recorded
    run -0 --separate-stderr pd-check -m pay.jq recorded
    assert_that 'ends[0] | .status == "pass" and (has("recorded") | not)'
    run -0 --separate-stderr pd-linearize -m pay.jq recorded
    assert_that 'of("linearization")[0] | .verdict == "linearizable" and (.order | index("Approved") != null)'
  done
  # Without the events nothing explains that the captures went through.
  run -1 --separate-stderr pd-exec "${pay[@]}" plan
  assert_that 'failures[0].kind == "linearization"'
  # One event that does not come is missed where it is needed.
  echo up >hooks
  sed -i 's/then "echo/then "[ \\(.auth) = 2 ] || echo/; s/else approve end/else "[ \\(.auth) = 2 ] || \\(approve)" end/' adapter.jq
  run -1 --separate-stderr pd-exec "${pay[@]}" "${ready[@]}" plan
  assert_that 'failures[0] | .kind == "linearization" and .id == "c5" and (.data.prefix | index("Approved") != null)'
  printf '%s\n' "$output" >recorded
  run -1 --separate-stderr pd-linearize -m pay.jq recorded
  assert_that 'of("linearization")[0].blocked[0].id == "c5"'
}

@test "a signal ends the run and its injectors" {
  plan '{"type":"Authorize","auth":1}' >plan
  "$PD_BIN/pd-exec" "${pay[@]}" "${ready[@]}" --grace 60s --line-buffered plan >out 3>&- &
  local pid=$!
  servers+=("$pid")
  wait_for grep -q Approved out
  kill -TERM "$pid"
  wait "$pid" || [[ $? == 143 ]]
  assert_that 'ends[0].status == "aborted"' out
}

# --- Real ones ---

@test "redis: what is published becomes events by way of redis-cli subscribe" {
  start_redis
  cat >redis.jq <<'END'
module {"name": "pubsub", "eventually": {"heard": {"after": "Published", "timeout_ms": 2000}},
  "triggers": {"in_order": {"every": "Heard"}}};
include "pd";
def init: {said: [], heard: []};
def commands: {Publish: {args: {text: string(1; 8; "abc \"'")}}};
def simulate_Publish($c): {type: "Published", text: $c.text};
def on_Published($e): .said += [$e.text];
def on_Heard($e): .heard += [$e.text];
def eventually_heard($e): .heard | index([$e.text]) != null // "\($e.text | tojson) was not heard";
def check_in_order($e): .said[:.heard | length] == .heard;
# redis-cli writes each message as three lines: message, its channel, its text.
def to_event($p): $p.text // "" | select(startswith("says:")) | {type: "Heard", text: .[5:]};
END
  cat >redis-adapter.jq <<'END'
include "pd";
def request_Publish: {argv: ["redis-cli", "-s", $ENV.REDIS, "PUBLISH", "news", "says:" + .text]};
def events_Publish($c): if .exit == 0 then {type: "Published", text: $c.text} else unexpected end;
END
  export REDIS=$REDIS_SOCKET
  pd-gen -m redis.jq -n 5 -s 1 --max-commands 10 >plans
  run -0 --separate-stderr pd-exec -m redis.jq -a redis-adapter.jq \
    --inject "redis-cli -s $REDIS_SOCKET subscribe news" --inject-ready '^1$' plans
  assert_that 'of("event") | [group_by(.event.type)[] | length] | .[0] == .[1] and .[0] > 5'
  assert_that 'ends | map(.conditions.heard) | all(.opened == .met)'
}

@test "postgres: NOTIFY becomes events by way of psql and LISTEN, and what was rolled back does not" {
  start_postgres
  psql -qc 'CREATE TABLE orders (id serial PRIMARY KEY, item text)'
  cat >shop.jq <<'END'
module {"name": "shop", "eventually": {"told": {"after": "Ordered", "timeout_ms": 3000}},
  "triggers": {"told_of_orders_only": {"every": "Told"}}};
include "pd";
def init: {orders: {}, told: {}};
def commands: {Order: {args: {item: string(1; 6; "ab c")}}, GiveUp: {args: {item: string(1; 6; "ab c")}}};
def simulate_Order($c): {type: "Ordered", id: external, item: $c.item};
def simulate_GiveUp($c): {type: "GivenUp"};
def on_Ordered($e): .orders["\($e.id)"] = $e.item;
def on_GivenUp($e): .;
def on_Told($e): .told["\($e.id)"] = $e.item;
def to_event($p):
  $p.text // "" | capture("^Asynchronous notification \"orders\" with payload \"(?<payload>.*)\" received from")
  | .payload | fromjson | {type: "Told", id, item};
def awaits_Order($c; $events): {type: "Told", id: $events[0].id};
def eventually_told($e): .told["\($e.id)"] == $e.item // "nobody told of order \($e.id)";
def check_told_of_orders_only($e): .orders["\($e.id)"] == $e.item;
END
  cat >psql.jq <<'END'
include "pd";
def sql($end):
  {argv: ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-v", "item=" + .item], stdin:
    "BEGIN; INSERT INTO orders (item) VALUES (:'item') RETURNING id \\gset\n
     SELECT pg_notify('orders', json_build_object('id', :id, 'item', :'item')::text) \\g /dev/null\n\($end); \\echo :id\n"};
def request_Order: sql("COMMIT");
def events_Order($c): if .exit == 0 then {type: "Ordered", id: (.stdout | tonumber), item: $c.item} else unexpected end;
def request_GiveUp: sql("ROLLBACK");
def events_GiveUp($c): if .exit == 0 then {type: "GivenUp"} else unexpected end;
END
  # psql tells of notifications when it is given something to do.
  local listen="(echo 'LISTEN orders; SELECT 1;'; while sleep 0.05; do echo ';'; done) | psql -qAt"
  pd-gen -m shop.jq -n 4 -s 1 --max-commands 8 >plans
  run -0 --separate-stderr pd-exec -m shop.jq -a psql.jq --inject "$listen" --inject-ready '^1$' plans
  assert_that '[of("event")[] | select(.source == "injector")] | length > 4 and all(.id != null and .event.type == "Told")'
  assert_that 'ends | map(.conditions.told) | all(.opened == .met) and (map(.opened) | add > 4)'
  assert_that 'of("event") | map(.event.type) | index("GivenUp") != null'
  # A database that forgets to tell is found out.
  sed -i "s/pg_notify('orders'/pg_notify('order'/" psql.jq
  run -1 --separate-stderr pd-exec -m shop.jq -a psql.jq --inject "$listen" --inject-ready '^1$' --stop-on-failure plans
  assert_that 'failures | last | .kind == "poll_timeout" and .name == "told"'
}
