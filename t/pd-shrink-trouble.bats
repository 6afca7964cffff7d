#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What can go wrong with pd-shrink and what it has to start: never a hang, a crash or a process left.
# shellcheck disable=SC2016,SC2154 # jq, Python and sh in quotes; variables from bats and the helpers

load lib/helper
load lib/shrink

setup() {
  pd_setup
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, C: {weight: 4, args: {n: int(0; 99)}}}'
  rule 'c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run)'
}

teardown() {
  pd_teardown
}

smallest='[{"type":"A","n":21},{"type":"B","n":51}]'

# script NAME LINE…: an executor to put after --.
script() {
  printf '%s\n' '#!/bin/bash' "${@:2}" >"$1"
  chmod +x "$1"
  PATH=$PATH:$PWD
}

# shrink_with COMMAND…: failing.ndjson by this executor.
shrink_with() {
  run --separate-stderr timeout 20 pd-shrink -m model.jq failing.ndjson -- "$@"
  printf '%s\n' "$output" >out
  output=''
}

# The failure is told as it came, nobody could say whether it comes again, and the end says why.
assert_unshrunk() {
  assert_status 2
  assert_json 'map(select(.type == "failure")) | length == 1 and (.[0] | .failure.name == "good" and .commands != []
    and (has("shrunk") or has("reproduced") | not))' out
  assert_json '.[-1] | .type == "end" and .status == 2 and (.problems | length) == 1' out
}

# --- Usage ---

@test "without -- and a command it exits 2 and says what is missing" {
  run -2 --separate-stderr pd-shrink -m model.jq
  assert_stderr_has '-- pd-exec'
  run -2 --separate-stderr pd-shrink -m model.jq --
  assert_stderr_has '-- pd-exec'
}

@test "wrong options exit 2, and the command's own are not looked at" {
  run -2 --separate-stderr pd-shrink -m model.jq --strategy slow -- true
  assert_stderr_has 'exhaustive'
  run -2 --separate-stderr pd-shrink -m model.jq --max-time 5 -- true
  assert_stderr_has 'max-time'
  run -2 --separate-stderr pd-shrink -m model.jq --max-runs -1 -- true
  assert_stderr_has 'max-runs'
  run -2 --separate-stderr pd-shrink -m model.jq --al -- true
  run -2 --separate-stderr pd-shrink -m none.jq /dev/null -- true
  assert_stderr_has 'none.jq'
  run -2 --separate-stderr pd-shrink -m model.jq none.ndjson -- true
  assert_stderr_has 'none.ndjson'
}

@test "help and version go to standard output" {
  run -0 --separate-stderr pd-shrink --help
  assert_output_has '--strategy'
  run -0 --separate-stderr pd-shrink --version
  assert_output_has 'pd-shrink'
}

# --- The command that executes ---

@test "a command that cannot be started is told once, and the failures go on as they are" {
  pd-gen -m model.jq -n 30 -s 1 | "${executor[@]}" >failing.ndjson || :
  run --separate-stderr pd-shrink --all -m model.jq failing.ndjson -- ./no-such-program
  assert_status 2
  assert_stderr_has "no-such-program"
  [[ $(grep -c no-such-program <<<"$stderr") == 1 ]]
  assert_json 'map(select(.type == "failure")) | length > 3 and all(.[]; has("shrunk") or has("reproduced") | not)'
  assert_json '.[-1] | .status == 2 and (.problems | length) == 1'
}

@test "a command that ends at once is told with its status" {
  fail_with 1
  script ends 'exit 3'
  shrink_with ends
  assert_unshrunk
  assert_stderr_has "'ends' ended in the middle of a run (exit status 3)"
}

@test "a command that writes garbage is told with the line" {
  fail_with 1
  script garbage 'read -r line; echo "<html>502 Bad Gateway</html>"; sleep 100'
  shrink_with garbage
  assert_unshrunk
  assert_stderr_has 'garbage:1:'
}

@test "a command that only passes sequences on is told what it must be" {
  fail_with 1
  shrink_with cat
  assert_unshrunk
  assert_stderr_has "'cat' passes sequences on"
  assert_stderr_has 'pd-exec'
}

@test "a command that cannot read the model or reach its system is told" {
  fail_with 1
  shrink_with pd-exec -m none.jq -A ./none
  assert_unshrunk
  assert_stderr_has 'none.jq'
}

@test "a command that is killed in a run leaves the best so far" {
  fail_with 1
  script killed "exec python3 $(printf '%q' "$PWD/killer.py") $(printf '%q ' "${executor[@]}")"
  cat >killer.py <<'END'
import os, signal, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
runs = 0
for line in sys.stdin.buffer:
    child.stdin.write(line)
    child.stdin.flush()
    for record in child.stdout:
        if b'"type":"run_start"' in record:
            runs += 1
        sys.stdout.buffer.write(record)
        sys.stdout.flush()
        if runs == 12:
            os.kill(os.getpid(), signal.SIGKILL)
        if b'"type":"run_end"' in record:
            break
END
  shrink_with killed
  assert_status 2
  assert_stderr_has "'killed' ended in the middle of a run (killed by "
  assert_stderr_has 'run 3 is written as far as it was shrunk'
  assert_json 'map(select(.type == "failure"))[0] | .reproduced and .shrink.stopped == "runner_failed" and
    .shrink.executions == 12 and (.shrunk.prefix | length) < (.original.prefix | length) and
    (.commands | length) == (.shrunk.prefix | length)' out
  assert_json '.[-1] | .status == 2 and any(.problems[]; test("ended in the middle of a run"))' out
}

@test "pd-exec itself killed from outside leaves the best so far and no process" {
  rule "$slow"
  fail_with 1
  rm log
  start_server shrink sh -c 'pd-shrink -m model.jq failing.ndjson -- "$@" >out; echo $? >status' \
    sh "$PD_BIN/pd-exec" "${executor[@]:1}"
  wait_for lines_of log 15
  kill -KILL "$(executor_pid)"
  wait_for test -s status
  [[ $(<status) == 2 ]]
  grep -q 'ended in the middle of a run' shrink.log || fail "$(<shrink.log)" "$(tail -n 1 out)"
  assert_json 'map(select(.type == "failure"))[0] | .reproduced and .shrink.stopped == "runner_failed"' out
}

slow='__import__("time").sleep(0.05) or (c["type"] == "B" and c["n"] > 50 and any(x["type"] == "A" and x["n"] > 20 for x in run))'
lines_of() { [[ -e $1 && $(wc -l <"$1") -ge $2 ]]; }
executor_pid() {
  local pid
  for pid in $(pgrep -x pd-exec); do [[ $(readlink "/proc/$pid/cwd") != "$PWD" ]] || echo "$pid"; done
}

@test "a command that stops at each failure is started again" {
  fail_with 1
  shrink_with "${executor[@]}" --stop-on-failure
  assert_status 1
  [[ $stderr != *pd-shrink* ]] || fail "$stderr"
  assert_shrunk "$smallest"
  assert_json 'map(select(.type == "failure"))[0].shrink.stopped == "minimal"' out
}

@test "a command that ends after each run is started again" {
  rule 'c["type"] == "B" and c["n"] > 2 and any(x["type"] == "A" and x["n"] > 0 for x in run)'
  fail_with 1
  script once 'head -n 1 | '"$(printf '%q ' "${executor[@]}")"
  shrink_with once
  assert_status 1
  assert_shrunk '[{"type":"A","n":1},{"type":"B","n":3}]'
}

# --- Signals, closed pipes, full disks ---

# start_slow: pd-shrink in the background on a system that takes its time.
start_slow() {
  rule "$slow"
  fail_with 1
  rm log
  start_server shrink sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-shrink" -m model.jq failing.ndjson -- "$@" >out' \
    sh "$PD_BIN/pd-exec" "${executor[@]:1}"
  wait_for lines_of log 15
}

# assert_interrupted SIGNAL STATUS: it ends soon, with the best so far.
assert_interrupted() {
  assert_ends_by "$1" "$2"
  assert_json "map(select(.type == \"failure\"))[0] | .reproduced and .shrink.stopped == \"interrupted\"" out
}

@test "SIGINT while it shrinks: the best so far is written, and it exits 130" {
  start_slow
  assert_interrupted INT 130
}

@test "SIGTERM while it shrinks: the best so far is written, and it exits 143" {
  start_slow
  assert_interrupted TERM 143
}

@test "a signal before the failure came again says nothing about whether it does" {
  fail_with 1
  script hangs 'touch started; sleep 100'
  start_server shrink sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-shrink" -m model.jq failing.ndjson -- hangs >out'
  wait_for test -e started
  kill -INT "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status 130
  assert_json 'map(select(.type == "failure"))[0] | has("shrunk") or has("reproduced") | not' out
}

@test "a signal while it waits for input that does not come ends it" {
  mkfifo input
  start_server shrink sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-shrink" -m model.jq input -- true >out'
  exec 7>input
  wait_for grep -q . "/proc/$SERVER_PID/stat"
  fail_with 1
  head -n 3 failing.ndjson >&7
  wait_for test -s out
  kill -INT "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  exec 7>&-
  assert_status 130
  assert_json '.[-1] | .type == "end" and .status == 130' out
}

@test "a command that takes nothing in does not keep it from ending" {
  model '{A: {args: {s: string(0; 400000; "a")}}}'
  rule 'len(c["s"]) > 90000'
  fail_with - "$(jq -nc '{type: "A", s: ("a" * 100000)}')"
  script deaf 'touch started; exec sleep 100'
  start_server shrink sh -c 'exec setsid env --default-signal=INT "$PD_BIN/pd-shrink" -m model.jq failing.ndjson -- deaf >out'
  wait_for test -e started
  kill -INT "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status 130
}

@test "a reader that goes away ends it quietly" {
  fail_with 1
  write_executor "${executor[@]}"
  { "$PD_BIN/pd-shrink" -m model.jq failing.ndjson -- tee_to_executor 2>err; echo $? >status; } | head -n 1 >/dev/null
  [[ ! -s err ]]
}

@test "a full disk exits 2 and says so" {
  fail_with 1
  write_executor "${executor[@]}"
  run -2 --separate-stderr sh -c '"$PD_BIN/pd-shrink" -m model.jq failing.ndjson -- tee_to_executor >/dev/full'
  assert_stderr_has 'No space left'
}

# --- Size ---

@test "memory does not grow with the number of failing runs" {
  export ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1 # it keeps what was freed
  rule 'True'
  pd-gen -m model.jq -n 1 -s 1 --max-commands 5 --min-commands 5 >plans
  "${executor[@]}" plans >one.ndjson || :
  # The same run over and over, with data in it that a program had better not keep.
  sed -n '2,$p' one.ndjson | grep -v '"type":"end"' |
    jq -c 'if .type == "event" then .event.text = ("x" * 100000) else . end' >run.ndjson
  for _ in $(seq 400); do cat run.ndjson; done >many.ndjson
  for _ in $(seq 15); do cat run.ndjson; done >few.ndjson
  for size in few many; do
    /usr/bin/env python3 - "$PD_BIN/pd-shrink" "$size.ndjson" >"$size.peak" <<'END'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "-m", "model.jq", sys.argv[2], "--", "false"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
  done
  [[ $(stat -c %s many.ndjson) -gt 30000000 ]]
  (($(<many.peak) < $(<few.peak) + 4000)) || fail "peaks: $(<few.peak) kB, $(<many.peak) kB"
}

@test "a long sequence shrinks in a moment" {
  model '{A: {args: {n: int(0; 99)}}, B: {args: {n: int(0; 99)}}, MakeC: {weight: 4}, D: {weight: 9, args: {c: oneof(.made)}}}'
  pd-gen -m model.jq -n 1 -s 3 --min-commands 200 --max-commands 200 >plans
  rule 'c["type"] == "B" and "A" in types and sum(x.get("n", 0) for x in run) > 1000'
  "${executor[@]}" plans >failing.ndjson || :
  write_executor "${executor[@]}"
  shrink --max-time 30s
  assert_status 1
  assert_json 'map(select(.type == "failure"))[0].shrink | .stopped == "minimal" and .original_commands == 200 and .shrunk_commands == 11' out
}
