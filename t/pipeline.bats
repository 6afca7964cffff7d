#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All programs together, as a user joins them.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/toybank

setup() {
  pd_setup
  set -o pipefail
}

teardown() {
  pd_teardown
}

@test "numbers that a double cannot hold come back from the server and stand in the reports digit for digit" {
  cat >model.jq <<'END'
module {"name": "digits", "triggers": {"small": {"every": "Got"}}};
include "pd";
def init: {last: null, n: 0};
def commands: {Send: {args: {id: const(1499816949527975237), price: const(0.10), deep: {list: [const(1.000), int(1; 9)]}}},
               Pause: {}};
def simulate_Send($c): {type: "Got", id: $c.id, price: $c.price, deep: $c.deep};
def on_Got($e): .last = $e | .n += 1;
def check_small($e): .n < 3;
END
  cat >adapter.jq <<'END'
include "pd";
def request_Send: {method: "POST", path: "/", json: {id, price, deep}};
def request_Pause: {path: "/"};
def events_Send($c): .body.body | {type: "Got", id, price, deep};
def events_Pause($c): empty;
END
  start_python faulty.py --mode echo
  exec=(pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL" --conform)
  pd-gen -m model.jq -n 5 -s 1 --min-commands 9 >plans
  "${exec[@]}" --stop-on-failure plans >runs || [[ $? == 1 ]]
  pd-shrink -m model.jq runs -- "${exec[@]}" >out || [[ $? == 1 ]]
  pd-report out >report.txt || [[ $? == 1 ]]
  pd-report --format json out >report.json || [[ $? == 1 ]]
  for file in plans runs out report.txt report.json; do
    grep -q 1499816949527975237 "$file" || fail "$file has not the id"
    grep -Eq '\b0\.10\b' "$file" || fail "$file has not the price"
    [[ ! $(grep -Eo '14998169495279[0-9]*' "$file" | grep -vx 1499816949527975237) ]] || fail "$file has another id"
    [[ ! $(grep -Eo '"price": ?[0-9.]+' "$file" | grep -v '0\.10$') ]] || fail "$file has another price"
  done
  # In the model's state as well, which was folded from what the server echoed.
  jq -e 'select(.type == "failure").state.last' out >/dev/null
  grep '"type":"failure"' out | grep -q '"state":{[^}]*"last":{[^}]*1499816949527975237'
  assert_json 'map(select(.type == "failure"))[0].shrunk.prefix | map(.command.type) == ["Send", "Send", "Send"]' out
}

@test "jq stands anywhere in the pipeline" {
  start_toybank --bugs 5
  exec=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  pd-gen "${bank[@]}" -n 40 -s 1 | jq -c . | "${exec[@]}" | jq -c 'select(.type != "check" or (.pass | not))' |
    pd-shrink "${bank[@]}" -- "${exec[@]}" | jq -c . >out || [[ $? == 1 ]]
  run -1 --separate-stderr pd-report out
  assert_output_has 'currencies_do_not_mix'
  # Only some of the records, without header and end.
  jq -c 'select(.type == "failure" and .shrunk)' out >failure
  run -1 --separate-stderr pd-report failure
  assert_output_has 'currencies_do_not_mix'
  jq -c 'select(.type == "failure" and .shrunk) | .shrunk | .run = 1' out >again
  run -1 --separate-stderr "${exec[@]}" again
  assert_json 'map(select(.type == "run_end"))[0].failure.name == "currencies_do_not_mix"'
}

@test "a stream that was kept is reported later, the same as at once" {
  start_toybank --bugs 7
  hunt_once 1
  stop_servers
  servers=()
  run -1 --separate-stderr pd-report out
  diff <(cat report) - <<<"$output"
  gzip out
  run -1 --separate-stderr pd-report --format compact - < <(zcat out.gz)
  assert_output_has 'closed_accounts_stay_closed'
}

@test "pd with a name runs the same programs" {
  start_toybank --bugs 8
  exec=("${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  pd gen "${bank[@]}" -n 100 -s 1 | pd exec "${exec[@]}" --stop-on-failure | pd shrink "${bank[@]}" -- pd exec "${exec[@]}" >out ||
    [[ $? == 1 ]]
  run -1 --separate-stderr pd report out
  assert_output_has 'Close'
}

@test "SIGINT to all of a pipeline: each ends soon, and the report is still printed" {
  start_toybank
  cat >pipeline <<END
#!/bin/bash
pd-gen -m $examples/toybank.jq -n 100000 -s 1 |
  pd-exec -m $examples/toybank.jq -a $examples/toybank-http.jq -u $TOYBANK_URL | tee runs |
  pd-shrink -m $examples/toybank.jq -- pd-exec -m $examples/toybank.jq -a $examples/toybank-http.jq -u $TOYBANK_URL |
  pd-report >report
statuses=("\${PIPESTATUS[@]}")
echo "\${statuses[@]}" >statuses
END
  # The programs themselves: the shims would lead sessions of their own. tee ignores the signal, as it
  # has to carry what pd-exec says last.
  sed -i "s/tee runs/(trap '' INT; exec tee runs)/" pipeline
  PATH=$PD_BIN:$PATH start_server pipeline setsid env --default-signal=INT bash -c 'trap : INT; . ./pipeline'
  wait_for has_runs 20
  started=${EPOCHREALTIME//[.,]/}
  kill -INT -- "-$SERVER_PID"
  wait_for test -s statuses
  ended=${EPOCHREALTIME//[.,]/}
  (((ended - started) / 1000 < 3000)) || fail "took $(((ended - started) / 1000)) ms"
  [[ $(<statuses) =~ ^(130|141)\ 130\ 0\ 130\ 130$ ]] || fail "statuses $(<statuses)" "$(<pipeline.log)"
  tail -n 1 runs >end
  assert_json '.[0] | .type == "end" and .status == 130 and .counts.aborted <= 1' end
  grep -Eq '[0-9]+ runs' report || fail "report: $(<report)" "$(<pipeline.log)"
}
has_runs() { [[ -e runs && $(grep -c '"type":"run_end"' runs) -ge $1 ]]; }

@test "the executor behind pd-shrink and the one before it take turns with the system" {
  start_toybank --bugs 3
  examples=$PD_ROOT/share/pd/examples
  execute=(pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL")
  pd-gen -m "$examples/toybank.jq" -s 1 -n 150 | "${execute[@]}" |
    pd-shrink --all -m "$examples/toybank.jq" -- "${execute[@]}" >out || [[ $? == 1 ]]
  # Two at once would reset the bank under each other, and see bugs that are none.
  assert_json 'map(select(.type == "failure")) | length > 5
    and all(.[]; .failure.name == "captures_within_authorization" and .reproduced)' out
}

@test "a pd-exec waits for another one's run to end, and --shared does not" {
  mkfifo held
  cat >slow.jq <<'EOF'
include "pd";
def request: {argv: ["sh", "-c", "echo begun >>log; read -r line <held"]};
def events($c): {type: "Done"};
EOF
  cat >quick.jq <<'EOF'
include "pd";
def request: {argv: ["sh", "-c", "echo \(.type) >>log"]};
def events($c): {type: "Done"};
EOF
  cat >model.jq <<'EOF'
include "pd";
def init: {};
def commands: {Go: {}};
def check_true($x): true;
EOF
  echo '{"type":"sequence","prefix":[{"id":"c1","command":{"type":"Go"}}],"suffix":[]}' >plan
  "$PD_BIN/pd-exec" -m model.jq -a slow.jq -u http://one.test/ plan >first 3>&- &
  wait_for grep -q begun log
  "$PD_BIN/pd-exec" -m model.jq -a quick.jq -u http://one.test/ plan >second 3>&- &
  "$PD_BIN/pd-exec" -m model.jq -a quick.jq -u http://other.test/ plan >third
  "$PD_BIN/pd-exec" -m model.jq -a quick.jq -u http://one.test/ --shared plan >fourth
  [[ $(grep -c Go log) == 2 ]]
  run ! grep -q run_end second
  echo >held
  wait
  [[ $(grep -c Go log) == 3 ]]
  assert_json 'any(.[]; .type == "run_end" and .status == "pass")' second
}
