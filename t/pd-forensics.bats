#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-forensics: which line of a log broke a check.
# shellcheck disable=SC2154 # variables from bats and the helper

load lib/helper

setup() {
  pd_setup
  model=$PD_ROOT/t/data/models/ledger.jq
  cat >map.jq <<'JQ'
include "log";
def map:
  if .msg == "opened" then {type: "AccountOpened", account, balance, time}
  elif .msg == "credited" then {type: "Credited", account, amount, balance, time, note}
  elif .msg == "both" then {type: "Credited", account, amount: 1, balance: 1}, {type: "Credited", account, amount: 1, balance: 2}
  elif .msg == "noise" then empty
  else skip("other: \(.msg)") end;
JQ
  unset -v PAGER
}

teardown() {
  pd_teardown
}

# credit ACCOUNT AMOUNT BALANCE [SECOND]: a line of the log.
credit() { printf '{"msg":"credited","account":"%s","amount":%s,"balance":%s,"time":"2026-01-01T00:00:%02dZ"}\n' "$1" "$2" "$3" "${4-0}"; }
forensics() { run --separate-stderr pd-forensics -m "$model" --map map.jq --split .account "$@"; }
# good LINES: of one account after another.
good() { local i; for ((i = 1; i <= $1; i++)); do credit "a$((i % 7))" 1 $(((i + 6) / 7)) ; done; }

@test "the event that broke a check is told with its line, states and what led there" {
  { credit a 5 5 1; credit b 1 1 2; credit a 3 8 3; credit a 2 11 4; credit a 1 12 5; } >app.log
  forensics --context 1 app.log
  assert_status 1
  printf '%s\n' "$output" >records
  "$PD_ROOT/t/lib/validate-records" --stream records
  assert_json 'map(select(.type == "violation")) == [{type: "violation",
    failure: {class: "assertion", kind: "check_failed", name: "reported_balance_agrees",
      message: "the account has 10, but the log says 11"},
    key: "a", n: 3, number: 4, file: "app.log", line: 4, time: "2026-01-01T00:00:04Z",
    event: {type: "Credited", account: "a", amount: 2, balance: 11, time: "2026-01-01T00:00:04Z", note: null},
    state_before: {balance: 8, reported: 8}, state: {balance: 10, reported: 11},
    events: [{number: 3, file: "app.log", line: 3, time: "2026-01-01T00:00:03Z",
      event: {type: "Credited", account: "a", amount: 3, balance: 8, time: "2026-01-01T00:00:03Z", note: null}}]}]'
  assert_json 'map(select(.type == "forensics"))[0] | .verdict == "violated" and .events == 4 and .states == 2'
}

@test "functions that misbehave only after thousands of calls are caught as at the first one" {
  # base: what a model of its own replaces one definition of.
  cat >base <<'JQ'
include "pd";
def init: {n: 0};
def on_Credited($e): .n += 1;
def check_counts($e): .n > 0;
def check_other($e): true;
JQ
  good 2600 >app.log
  for wrong in 'def on_Credited($e): if .n == 2500 then ., . else .n += 1 end;' \
    'def on_Credited($e): if .n == 2500 then empty else .n += 1 end;' \
    'def on_Credited($e): if .n == 2500 then error("no") else .n += 1 end;' \
    'def on_Credited($e): if .n == 2500 then input else .n += 1 end;' \
    'def check_counts($e): if .n == 2500 then true, true else true end;' \
    'def check_counts($e): if .n == 2500 then empty else true end;' \
    'def check_counts($e): if .n == 2500 then error("no") else true end;' \
    'def check_counts($e): if .n == 2500 then input else true end;' \
    'def check_other($e): .n != 2500;'; do
    name=${wrong%%(*} name=${name#def }
    { grep -v "def $name(" base; echo "$wrong"; } >late.jq
    run --separate-stderr pd-forensics -m late.jq --map map.jq app.log
    case $name in
      on_Credited) assert_status 2; [[ $stderr == *"event 2501 cannot be folded: "* ]] || fail "$wrong: $stderr" ;;
      check_counts) assert_status 2; [[ $stderr == *"check_counts/1"* ]] || fail "$wrong: $stderr" ;;
      *) assert_status 1; assert_json 'map(select(.type == "violation"))[0] | .line == 2500 and .state.n == 2500' ;;
    esac
    # The others go on being judged.
    [[ $name == check_other ]] || assert_json 'map(select(.type == "forensics"))[0]
      | .events == 2600 and .problems > 0 and .fired.check_other == null and .fired.other >= 2500'
  done
}

@test "the state before is right after many events, in one large state, too" {
  cat >whole.jq <<'JQ'
module {"name": "whole"};
include "pd";
def init: {accounts: {}, count: 0};
def on_Credited($e): .count += 1 | .accounts[$e.account] += $e.amount;
def check_right($e): .accounts[$e.account] == $e.balance;
JQ
  { good 3000; credit a1 1 9999; } >app.log
  run pd-forensics -m whole.jq --map map.jq app.log
  assert_status 1
  assert_json 'map(select(.type == "violation"))[0] | .line == 3001 and .state_before.count == 3000
    and .state.count == 3001 and .state_before.accounts.a1 == 429 and (.events | length) == 10 and (has("key") | not)'
}

@test "a report in the words of an incident" {
  { credit a 5 5 1; credit a 2 8 2; } >app.log
  forensics --format terminal app.log
  assert_status 1
  assert_output_has "VIOLATION: check reported_balance_agrees failed at event 2"
  assert_output_has "at app.log:2, 2026-01-01T00:00:02Z; event 2 of a"
  assert_output_has ".reported: 5 -> 8"
  assert_output_has '    app.log:1, 2026-01-01T00:00:01Z  Credited {account: "a"'
  forensics --format markdown app.log
  assert_output_has '## check reported\_balance\_agrees failed at event 2'
  forensics --format compact app.log
  assert_output_has 'VIOLATION check=reported_balance_agrees event=2 at=app.log:2'
}

@test "what was skipped is counted by reason, and a line can give several events" {
  { credit a 5 5; echo '{"msg":"noise"}'; echo '{"msg":"x"}'; echo '{"msg":"x"}'; echo '{"msg":"both","account":"c"}'; } >app.log
  forensics app.log
  assert_status 0
  assert_json 'map(select(.type == "forensics"))[0] | .skipped == {"the map gave nothing": 1, "other: x": 2} and .events == 3
    and .fired == {no_overdraft: 3, reported_balance_agrees: 3} and .verdict == "held"'
}

@test "broken lines are counted and shown, and all good lines are judged" {
  good 2100 >good.log
  python3 - <<'PY'
lines = open("good.log", "rb").read().splitlines()
broken = [b'{"msg":"credited","acc', b'{"msg":"\xff\xfe"}', b'plain text', b'{"msg":]', b'{"msg":\x00}', b'{"msg":"' + b"x" * (20 << 20) + b'"}']
long = broken.pop()
out = open("app.log", "wb")
for number, line in enumerate(lines):
    out.write(line + b"\n")
    if number % 99 == 98:
        out.write((broken[number // 99 % 5] if number > 99 else long) + b"\n")
PY
  forensics --max-bad 3 app.log
  assert_status 2
  assert_json 'map(select(.type == "forensics"))[0] | .events == 2100 and .bad_lines == 21 and .lines == 2121
    and .verdict == "undecided" and (.first_bad_lines | map(.line)) == [100, 200, 300]'
  assert_stderr_has "app.log:100: a line of more than"
  assert_stderr_has "app.log:200: invalid UTF-8"
  assert_stderr_has "app.log:300: not JSON (--pattern REGEX reads text)"
  assert_stderr_has "and 18 more bad lines"
  forensics --skip-bad app.log
  assert_status 0
  credit a1 1 77 >>app.log
  forensics app.log
  assert_status 1
  assert_json 'map(select(.type == "violation"))[0].line == 2122'
}

@test "events a little out of order are put in order; those that come too late are counted" {
  { credit a 5 5 1; credit a 1 9 3; credit a 3 8 2; credit a 1 10 4; } >app.log
  forensics app.log
  assert_status 1
  forensics --order .time app.log
  assert_status 0
  forensics --order .time --window 1 app.log
  assert_status 0
  { credit a 1 9 3; credit b 1 1 4; credit b 1 2 5; credit b 1 3 6; credit a 8 8 2; } >app.log
  forensics --order .time --window 2 app.log
  assert_status 1
  forensics --order .time --window 2 --all app.log
  assert_json 'map(select(.type == "forensics"))[0].late == 1'
}

@test "--since and --until" {
  { credit a 5 7 1; credit a 2 2 2; credit a 3 5 3; credit a 3 9 4; } >app.log
  forensics --since 2026-01-01T00:00:02Z --until 2026-01-01T00:00:04Z app.log
  assert_status 0
  assert_json 'map(select(.type == "forensics"))[0] | .events == 2
    and .skipped == {"before --since": 1, "not before --until": 1}'
  forensics --since yesterday app.log
  assert_status 2
}

@test "--all goes on, and tells each check once for each state" {
  { credit a 1 2; credit a 1 2; credit a 1 2; credit b 1 2; } >app.log
  forensics --all app.log
  assert_status 1
  assert_json 'map(select(.type == "violation") | [.key, .line]) == [["a", 1], ["b", 4]]'
  assert_json 'map(select(.type == "forensics"))[0].events == 4'
}

@test "with more jobs the same is found" {
  { good 7000; credit a2 1 1; credit a3 1 1; good 700; } >app.log
  forensics --all app.log
  assert_status 1
  jq -c 'select(.type != "stream")' <<<"$output" >one
  forensics --all --jobs 3 app.log
  assert_status 1
  jq -c 'select(.type != "stream")' <<<"$output" | diff one -
  forensics --jobs 3 --order .time app.log
  assert_json 'map(select(.type == "violation"))[0].line == 7001'
}

@test "states that are too many are given up, the least recently used first, and named" {
  { credit a 1 1; credit b 1 1; credit a 1 2; credit c 1 1; credit a 1 3; } >app.log
  forensics --max-states 2 app.log
  assert_status 0
  assert_json 'map(select(.type == "forensics"))[0] | .given_up == 1 and .states == 3 and .fired.no_overdraft == 5
    and .first_given_up == [{key: "b", file: "app.log", line: 4}] and .came_back == 0 and .first_came_back == []'
  forensics --max-states 2 --format terminal app.log
  assert_output_has '1 state given up by --max-states: b (app.log:4)'
  for i in {1..30}; do credit "k$i" 1 1; done >app.log
  forensics --max-states 5 --format terminal app.log
  assert_output_has 'k10 (app.log:15), and 15 more'
}

@test "a key that comes back after its state was given up proves nothing" {
  { credit a 5 5; credit b 1 1; credit c 1 1; credit a 1 6; credit b 1 2; credit b 1 7; } >app.log
  forensics --max-states 2 app.log
  assert_status 2
  printf '%s\n' "$output" >records
  "$PD_ROOT/t/lib/validate-records" --stream records
  assert_json 'map(select(.type == "forensics"))[0] | .verdict == "undecided" and .violations == 0 and .doubtful == 2
    and .came_back == 2 and .first_came_back == [{key: "a", file: "app.log", line: 4}, {key: "b", file: "app.log", line: 5}]'
  assert_json 'map(select(.type == "violation") | [.key, .line, .restarted]) == [["a", 4, true], ["b", 5, true]]'
  [[ $stderr == *'2 states were given up, whose keys came back'*'--max-states N keeps more (now 2)'* ]]
  forensics --max-states 2 --format terminal app.log
  assert_output_has 'DOUBTFUL: check reported_balance_agrees failed at event 4'
  assert_output_has 'this proves nothing'
  # A real one counts beside it, and is what is exported.
  { credit a 5 5; credit b 1 1; credit c 1 1; credit a 1 6; credit c 1 9; } >app.log
  forensics --max-states 2 --export t.bats app.log
  assert_status 1
  assert_json 'map(select(.type == "forensics"))[0] | .verdict == "violated" and .violations == 1 and .doubtful == 1'
  bats t.bats
}

@test "checks for the end that could not run on what was given up are no success" {
  cat >closing.jq <<'JQ'
module {"name": "closing", "triggers": {"even": {"at": "end"}}};
include "pd";
def init: {sum: 0};
def on_Credited($e): .sum += $e.amount;
def check_even($e): .sum % 2 == 0;
JQ
  { credit a 2 2; credit b 2 2; credit c 2 2; } >app.log
  run --separate-stderr pd-forensics -m closing.jq --map map.jq --split .account app.log
  assert_status 0
  run --separate-stderr pd-forensics -m closing.jq --map map.jq --split .account --max-states 2 app.log
  assert_status 2
  [[ $stderr == *'1 state was given up before the checks for the end could run'* ]]
}

@test "a log that says nothing is no success" {
  echo '{"msg":"x"}' >app.log
  forensics app.log
  assert_status 2
  assert_stderr_has "no line gave an event"
  forensics --allow-vacuous app.log
  assert_status 0
  echo '{"type":"Unheard"}' >app.log
  run --separate-stderr pd-forensics -m "$model" app.log
  assert_status 2
  assert_stderr_has "the model knows no event of the log"
  : >app.log
  forensics app.log
  assert_status 2
}

@test "an event that cannot be folded is told with its line, and the rest is judged" {
  { credit a 1 1; echo '{"msg":"credited","account":"a","amount":"x","balance":1}'; credit a 1 2; } >app.log
  forensics app.log
  assert_status 2
  assert_stderr_has "app.log:2: event 2 cannot be folded"
  assert_json 'map(select(.type == "forensics"))[0] | .problems == 1 and .events == 3 and .violations == 0'
}

@test "numbers beyond 2^53 come out as they went in" {
  echo '{"msg":"credited","account":9007199254740993,"amount":1,"balance":9007199254740995,"note":12345678901234567890.5}' >app.log
  forensics app.log
  assert_status 1
  assert_output_has '"key":9007199254740993'
  assert_output_has '"balance":9007199254740995'
  assert_output_has '"note":12345678901234567890.5'
  forensics --format terminal app.log
  assert_output_has "balance: 9007199254740995"
}

@test "compressed logs come through a pipe, and several files one after another" {
  credit a 5 5 >one
  credit a 1 7 >two
  run bash -o pipefail -c "gzip -c one two | zcat | pd-forensics -m '$model' --map map.jq"
  assert_status 1
  assert_json 'map(select(.type == "violation"))[0] | .file == "<stdin>" and .line == 2'
  forensics one two
  assert_json 'map(select(.type == "violation"))[0] | .file == "two" and .line == 1'
}

@test "--follow reads what is appended, and what takes the file's place" {
  credit a 5 5 >app.log
  pd-forensics -m "$model" --map map.jq --split .account --all -f app.log >found 2>said &
  wait_for grep -q '"stream"' found
  credit a 1 7 >>app.log
  wait_for grep -q '"line":2' found
  { credit b 9 9; credit b 1 1; } >next
  mv next app.log
  wait_for grep -q '"key":"b"' found
  kill -TERM $!
  wait $! || [[ $? == 1 ]]
  tail -n 1 found | jq -e '.type == "end" and .status == 1'
}

@test "--export writes a test that finds the same again" {
  [[ -x $PD_BIN/pd-check ]] || skip "there is no pd-check"
  { credit a 5 5; credit b 1 1; credit "a'\"\`\$x" 1 1; credit a 3 9; } >app.log
  forensics --export incident.bats app.log
  assert_status 1
  [[ $(grep -c '"production"' incident.bats) == 2 ]]
  bats incident.bats
  sed 's/fail(.*);/true;/' "$model" >lenient.jq
  PD_MODEL=$PWD/lenient.jq run bats incident.bats
  assert_status 1
}

@test "mistakes are told with what to do" {
  run --separate-stderr pd-forensics -m "$model" --map pinot
  assert_status 2
  assert_stderr_has "did you mean 'pino'?"
  run --separate-stderr pd-forensics -m "$model" --pattern '(?<a>'
  assert_status 2
  assert_stderr_has "--pattern"
  run --separate-stderr pd-forensics -m "$model" --split '.a | nonsense'
  assert_status 2
  assert_stderr_has "nonsense/0 is not defined"
  run --separate-stderr pd-forensics -m "$model" nowhere.log
  assert_status 2
  assert_stderr_has "nowhere.log: cannot read"
}
