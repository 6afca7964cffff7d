#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-explain as a filter: what it passes on and adds, which failures it explains, limits, what can go
# wrong, and how much memory it takes. The rules' own explanations are in pd-explain.bats.
# shellcheck disable=SC2016,SC2034,SC2154 # jq, Python and sh in quotes; variables of the helpers

load lib/helper
load lib/shrink
load lib/explain

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# Two kinds of commands with a number each, and a bug that needs one of both.
two() {
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, C: {weight: 4, args: {n: int(0; 99)}}}'
  rule 'c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run)'
}
two_plan=('{"type":"A","n":21}' '{"type":"B","n":51}')

# failing COMMAND…: failing.ndjson, the failure record of a run of these commands alone, and the executor.
failing() {
  plan "$@" | "${executor[@]}" --report 2>exec.err | grep '"type":"failure"' >failing.ndjson || fail "$(<exec.err)"
  write_executor "${executor[@]}"
}

script() {
  printf '%s\n' '#!/bin/bash' "${@:2}" >"$1"
  chmod +x "$1"
  PATH=$PATH:$PWD
}

explain_with() {
  run --separate-stderr timeout 20 pd-explain -m model.jq failing.ndjson -- "$@"
  printf '%s\n' "$output" >out
  output=''
}

# --- The stream ---

@test "a stream from pd-shrink: each line goes on as it is, and the explanation stands after its failure" {
  two
  fail_with 1
  write_executor "${executor[@]}"
  shrink
  sed 's/,"data":/,"data": /' out >failing.ndjson
  explain
  assert_status 0
  [[ ! $stderr ]]
  diff <(sed '1d;$d' failing.ndjson) <(sed '1d;$d' out | grep -v '^{"type":"explanation"')
  assert_json 'map(.type) | index("explanation") as $i | .[$i - 1] == "failure"' out
  assert_json '.[0].pipeline | map(.[0]) == ["pd-gen", "pd-exec", "pd-shrink", "pd-explain"]' out
  assert_json '(map(select(.type == "failure"))[0]) as $f | map(select(.type == "explanation")) | length == 1 and (.[0]
    | .shrunk and .plan == $f.shrunk.plan and .run == $f.run and .seed == $f.seed and .failure.name == $f.failure.name)' out
  [[ $(roles | sed 's/c[0-9]* //g') == 'context, trigger' ]]
  [[ $(isolated | sed 's/c[0-9]* //') == $'.n 51 50\n.n 21 20' ]]
  assert_consistent_explanation
}

@test "a failure file is explained, by its name or from standard input" {
  two
  failing "${two_plan[@]}"
  explain
  assert_status 0
  assert_isolated 'c2 .n 51 50' 'c1 .n 21 20'
  cp out first
  mv failing.ndjson one.pd.json
  pd-explain -m model.jq - -- "${executor[@]}" <one.pd.json | grep explanation | diff <(grep explanation first) -
}

@test "the same failure gives the same explanation, byte for byte" {
  two
  failing "${two_plan[@]}"
  explain
  cp out first
  cp executed executed.first
  explain
  diff first out
  diff executed.first executed
}

@test "of failures of a kind and name the first is explained, and --all explains each" {
  two
  for _ in 1 2 3; do plan "${two_plan[@]}"; done | jq -c '.run = input_line_number' >plans
  "${executor[@]}" --report plans | grep '"type":"failure"' >failing.ndjson || :
  write_executor "${executor[@]}"
  explain
  assert_status 0
  assert_stderr_has '2 more of a kind that was explained before: --all explains them, too'
  assert_json 'map(select(.type == "explanation") | .run) == [1] and (map(select(.type == "failure")) | length == 3)' out
  explain --all
  assert_status 0
  [[ ! $stderr ]]
  assert_json 'map(select(.type == "explanation")) | map(.run) == [1, 2, 3] and (map(del(.run)) | unique | length == 1)' out
}

@test "failures of another name are explained, too" {
  two
  failing "${two_plan[@]}"
  jq -c '.failure.name = "other"' failing.ndjson >other.ndjson
  cat failing.ndjson >>other.ndjson
  mv other.ndjson failing.ndjson
  explain
  # The first does not come back under its name; that does not keep the second from it.
  assert_status 2
  assert_json 'map(select(.type == "explanation")) | length == 1' out
  assert_stderr_has 'check_failed other did not come back: executed again, the sequence failed in another way'
}

@test "a failure whose earlier one of its kind did not come back is explained" {
  two
  failing "${two_plan[@]}"
  jq -c '.original.prefix[1].command.n = 3' failing.ndjson >both.ndjson
  cat failing.ndjson >>both.ndjson
  mv both.ndjson failing.ndjson
  explain
  assert_status 2
  assert_json 'map(select(.type == "explanation")) | length == 1' out
  assert_stderr_has 'did not come back: executed again, the sequence passed (it may be flaky: pd-flaky tells)'
  assert_json '.[-1].problems == ["1 of 2 failures did not come back"]' out
}

@test "an input without failures exits 2 and says what to do" {
  two
  rule 'False'
  pd-gen -m model.jq -n 3 -s 1 | "${executor[@]}" >passing.ndjson
  run -2 --separate-stderr pd-explain -m model.jq passing.ndjson -- false
  assert_stderr_has 'the input had no failure record'
  assert_json '.[-1] | .type == "end" and .status == 2 and (.problems | length) == 1'
  run -2 --separate-stderr pd-explain -m model.jq /dev/null -- false
  assert_stderr_has 'the input had no failure record'
  two
  fail_with 1
  run -2 --separate-stderr pd-explain -m model.jq failing.ndjson -- false
  assert_stderr_has 'put pd-shrink before'
}

@test "a failure that comes and goes is not explained" {
  two
  rule 'c["type"] == "B" and len(open("log").readlines()) < 20'
  failing "${two_plan[@]}"
  explain
  assert_status 2
  assert_stderr_has 'did not come back: executed once more in the end, the sequence passed'
  assert_json 'map(select(.type == "explanation")) == []' out
}

@test "an input that was cut off is explained as far as it came, and exits 2" {
  two
  fail_with 1
  write_executor "${executor[@]}"
  shrink
  sed '$d' out >failing.ndjson
  explain
  assert_status 2
  assert_json 'map(select(.type == "explanation")) | length == 1' out
  assert_json '.[-1] | any(.problems[]; test("cut off"))' out
}

@test "lines that cannot be read, failures that are damaged or of a later format: told with their place" {
  two
  failing "${two_plan[@]}"
  cp failing.ndjson good.ndjson
  {
    echo '{"type":"failure","cut'
    jq -c '.format = 99' good.ndjson
    jq -c '.sha256 = ("0" * 64)' good.ndjson
    jq -c 'del(.original)' good.ndjson
    jq -c '.original.prefix[0].id = "c2"' good.ndjson
    cat good.ndjson
  } >failing.ndjson
  PATH=$PD_BIN:$PATH explain # what is passed on is no valid stream
  assert_status 2
  for place in 1: 2: 3:; do assert_stderr_has "failing.ndjson:$place"; done
  assert_stderr_has 'the failure has no sequence'
  assert_stderr_has 'the id c2 occurs twice'
  jq -R 'fromjson? | select(.type == "explanation")' out | jq -es 'length == 1'
}

@test "a sequence that the model would not have generated is not explained: it would refuse all variations" {
  two
  failing "${two_plan[@]}"
  sed -i 's/B: {args: {n: int(0; 99)}}/B: {args: {n: int(0; 50)}}/' model.jq
  explain
  assert_status 2
  assert_stderr_has 'the model does not allow c2 of the sequence itself: argument n is not what'
  assert_stderr_has '-m names the model that generated it'
  [[ ! -e executed ]]
}

# --- Limits ---

@test "max-runs is kept to, and what was not looked into is said" {
  two
  failing "${two_plan[@]}"
  explain
  whole=$(wc -l <executed)
  for limit in 1 2 3 5 8; do
    explain --max-runs "$limit"
    assert_status 0
    [[ $(wc -l <executed) -le $limit ]]
    assert_json "map(select(.type == \"explanation\"))[0] | .stopped == \"max_runs\" and (.skipped | length) > 0 and .executions <= $limit" out
    assert_consistent_explanation
  done
  explain --max-runs 1
  assert_roles 'c1 unknown, c2 trigger'
  assert_json 'map(select(.type == "explanation"))[0].skipped == ["the run without c2", "the run without c1", "c2 .n", "c1 .n"]' out
  run -0 pd-explain --format terminal --max-runs 1 -m model.jq failing.ndjson -- tee_to_executor
  assert_output_has 'No change of a single argument was found'
  assert_output_has '1 execution: no variation was executed.'
  assert_output_has 'Stopped by --max-runs.'
  assert_output_has 'Not looked into: the run without c2, the run without c1, c2 .n, c1 .n'
  explain --max-runs 0
  [[ $(wc -l <executed) == "$whole" ]]
}

@test "what is near is looked into before what is far" {
  model '{A: {args: {n: int(0; 1000000)}}, B: {args: {n: int(0; 1000000)}}}'
  rule 'c["type"] == "B" and c["n"] > 200 and any(x["type"] == "A" and x["n"] > 20 for x in run)'
  failing '{"type":"A","n":21}' '{"type":"B","n":500000}'
  explain --max-runs 9
  assert_isolated 'c1 .n 21 20'
  assert_json 'map(select(.type == "explanation"))[0] | .stopped == "max_runs" and any(.skipped[]; . == "c2 .n")' out
}

@test "max-time is kept to" {
  two
  rule '__import__("time").sleep(0.02) or (c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run))'
  failing "${two_plan[@]}"
  explain --max-time 200ms
  assert_status 0
  assert_json 'map(select(.type == "explanation"))[0] | .stopped == "max_time" and .executions < 12 and (.skipped | length) > 0' out
}

# --- Usage, and the command that executes ---

@test "wrong usage exits 2 and says what is missing" {
  two
  run -2 --separate-stderr pd-explain -m model.jq
  assert_stderr_has '-- pd-exec'
  run -2 --separate-stderr pd-explain failing.ndjson -- true
  assert_stderr_has '-m'
  run -2 --separate-stderr pd-explain -m model.jq --max-time 5 -- true
  assert_stderr_has 'max-time'
  run -2 --separate-stderr pd-explain -m model.jq --max-runs -1 -- true
  assert_stderr_has 'max-runs'
  run -2 --separate-stderr pd-explain -m model.jq --color often -- true
  assert_stderr_has 'never'
  run -2 --separate-stderr pd-explain -m none.jq /dev/null -- true
  assert_stderr_has 'none.jq'
  run -2 --separate-stderr pd-explain -m model.jq none.ndjson -- true
  assert_stderr_has 'none.ndjson'
  run -0 pd-explain --help
  assert_output_has '--max-runs'
  run -0 pd-explain --version
}

@test "a command that is of no use is told once, and the stream goes on" {
  two
  failing "${two_plan[@]}"
  cat failing.ndjson failing.ndjson >two.ndjson
  mv two.ndjson failing.ndjson
  explain_with ./no-such-program
  assert_status 2
  [[ $(grep -c no-such-program <<<"$stderr") == 1 ]]
  assert_json 'map(.type) == ["failure", "failure", "end"] and (.[-1].problems | length) == 1' out
  explain_with cat
  assert_status 2
  assert_stderr_has "'cat' passes sequences on"
  script ends 'exit 3'
  explain_with ends
  assert_status 2
  assert_stderr_has "'ends' ended in the middle of a run (exit status 3)"
  script garbage 'read -r line; echo "<html>502 Bad Gateway</html>"; sleep 100'
  explain_with garbage
  assert_status 2
  assert_stderr_has 'garbage:1:'
}

@test "a command that breaks off in the middle leaves what was found" {
  two
  failing "${two_plan[@]}"
  script breaks "exec python3 breaks.py $(printf '%q ' "${executor[@]}")"
  cat >breaks.py <<'END'
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for run, line in enumerate(sys.stdin.buffer):
    if run == 4:
        print('{"type":"run_start","run":1}', flush=True)
        break
    child.stdin.write(line)
    child.stdin.flush()
    for record in child.stdout:
        sys.stdout.buffer.write(record)
        sys.stdout.flush()
        if b'"type":"run_end"' in record:
            break
child.stdin.close()
child.wait()
END
  explain_with breaks
  assert_status 2
  assert_roles 'c1 context, c2 trigger'
  assert_json 'map(select(.type == "explanation"))[0] | .stopped == "runner_failed" and .executions == 4 and (.skipped | length) > 0' out
}

@test "a command that stops at each failure is started again" {
  two
  failing "${two_plan[@]}"
  explain_with "${executor[@]}" --stop-on-failure
  assert_status 0
  assert_isolated 'c2 .n 51 50' 'c1 .n 21 20'
}

# --- Signals, closed pipes, full disks ---

slow='__import__("time").sleep(0.05) or (c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run))'
lines_of() { [[ -e $1 && $(wc -l <"$1") -ge $2 ]]; }

start_slow() {
  two
  rule "$slow"
  failing "${two_plan[@]}"
  rm log
  start_server explain sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-explain" -m model.jq failing.ndjson -- "$@" >out' \
    sh "$PD_BIN/pd-exec" "${executor[@]:1}"
  wait_for lines_of log 8
}

# assert_interrupted SIGNAL STATUS: it ends soon, with what was found.
assert_interrupted() {
  assert_ends_by "$1" "$2"
  assert_json 'map(select(.type == "explanation"))[0] | .stopped == "interrupted" and .executions > 2 and (.skipped | length) > 0' out
}

@test "SIGINT while it explains: what was found is written, and it exits 130" {
  start_slow
  assert_interrupted INT 130
}

@test "SIGTERM while it explains: what was found is written, and it exits 143" {
  start_slow
  assert_interrupted TERM 143
}

@test "a signal before the failure came again says nothing about whether it does" {
  two
  failing "${two_plan[@]}"
  script hangs 'touch started; sleep 100'
  start_server explain sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-explain" -m model.jq failing.ndjson -- hangs >out'
  wait_for test -e started
  kill -INT "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status 130
  assert_json 'map(.type) == ["failure", "end"]' out
  [[ ! -s explain.log ]] || fail "$(<explain.log)"
}

@test "a reader that goes away ends it quietly, a full disk exits 2" {
  two
  failing "${two_plan[@]}"
  { "$PD_BIN/pd-explain" -m model.jq failing.ndjson -- tee_to_executor 2>err; echo $? >status; } | head -n 1 >/dev/null
  [[ ! -s err ]] || fail "$(<err)"
  run -2 --separate-stderr sh -c '"$PD_BIN/pd-explain" -m model.jq failing.ndjson -- tee_to_executor >/dev/full'
  assert_stderr_has 'No space left'
}

# --- Size ---

# peak_of RUNS: what pd-explain --all holds at most, in kB, when it explains the failures of so many
# failing runs: of its own process, read while it still waits for more input.
peak_of() {
  local i
  mkfifo "input.$1"
  start_server "explain.$1" sh -c 'exec "$PD_BIN/pd-explain" --all --max-runs 6 -m model.jq "input.$1" -- "$PWD/fails" >"out.$1"' sh "$1"
  exec 8>"input.$1"
  for ((i = 0; i < $1 / 100; i++)); do cat hundred.ndjson; done >&8
  WAIT_SECONDS=60 wait_for lines_of "out.$1" "$(($(wc -l <hundred.ndjson) * $1 / 100 + $1))"
  awk '/^VmHWM/ { print $2 }' "/proc/$SERVER_PID/status" >"peak.$1"
  exec 8>&-
  wait "$SERVER_PID"
  [[ $(grep -c '^{"type":"explanation"' "out.$1") == "$1" ]]
}

@test "memory does not grow with the number of failing runs: 1,000 and 10,000, each explained" {
  export ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1 # it keeps what was freed
  two
  plan "${two_plan[@]}" >plans
  "${executor[@]}" --report plans | sed '1d;$d' >one.ndjson
  for ((i = 0; i < 100; i++)); do cat one.ndjson; done >hundred.ndjson
  # Answers every sequence with a run that fails at c2: what is measured is not the system.
  cat >fails <<'END'
#!/usr/bin/python3
import sys
for line in sys.stdin:
    sys.stdout.write('{"type":"run_start","run":1,"attempt":1,"nonce":"0011223344556677","sequence":%s}\n' % line.strip())
    for id in "c1", "c2":
        if '"id":"%s"' % id in line:
            sys.stdout.write('{"type":"command","run":1,"id":"%s","command":{"type":"B","n":51},"call_us":1,"return_us":2,"outcome":"ok","attempts":1}\n' % id)
    sys.stdout.write('{"type":"run_end","run":1,"attempt":1,"status":"fail","failure":{"class":"assertion","kind":"check_failed","name":"good","message":"m","id":"c2"},"commands":2,"events":0,"fired":{},"duration_us":1}\n')
    sys.stdout.flush()
END
  chmod +x fails
  peak_of 1000
  peak_of 10000
  echo "# VmHWM: $(<peak.1000) kB for 1,000 failing runs, $(<peak.10000) kB for 10,000" >&3
  (($(<peak.10000) < $(<peak.1000) + 1000)) || fail "peaks: $(<peak.1000) kB, $(<peak.10000) kB"
}
