#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec where the input, the model, the adapter or the system is bad: a clear message or a failure
# record, the right exit status, no hang, no process left.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016,SC2030,SC2031 # jq in quotes; output belongs to each test

load lib/helper
load lib/exec

setup() {
  pd_setup
  good=$(plan_run 9 '{"type":"Send","request":{"argv":["true"]}}')
}

teardown() {
  pd_teardown
}

# exec_direct STATUS ARGS…: with the direct model and adapter.
exec_direct() {
  run "-$1" --separate-stderr timeout 20 pd-exec "${direct[@]}" "${@:2}"
}

# refuses MESSAGE: the file "input" ends the work with status 2, naming its place; --skip-bad goes on.
refuses() {
  exec_direct 2 input
  assert_stderr_has "$1"
  assert_that '(of("run_end") == []) and (the_end | .status == 2 and .counts.rejected == 1 and (.problems | length) >= 1)'
  exec_direct 0 --skip-bad input
  assert_that '(of("reject") | length) == 1 and the_end.counts.rejected == 1 and (ends | map(.run)) == [9]'
}

# --- Lines ---

@test "a truncated line is refused with its place" {
  { head -c 60 <<<"$good" && echo && echo "$good"; } >input
  refuses "input:1: invalid JSON"
}

@test "a stream that stops in the middle of a line is refused" {
  { echo "$good" && head -c 60 <<<"$good"; } >input
  exec_direct 2 input
  assert_stderr_has "input:2: invalid JSON"
  assert_that '(ends | map(.status)) == ["pass"] and the_end.status == 2'
}

@test "invalid UTF-8 is refused" {
  { printf '{"type":"sequence","run":1,"seed":1,"note":"\xff","prefix":[]}\n' && echo "$good"; } >input
  refuses "input:1: invalid UTF-8 at byte 45"
}

@test "a NUL byte is refused" {
  { printf '{"type":"sequence","run":1,"seed":1,"note":"\0","prefix":[]}\n' && echo "$good"; } >input
  refuses "input:1: invalid JSON: a NUL byte"
}

@test "NaN and Infinity are refused" {
  for number in NaN nan Infinity -Infinity; do
    { printf '{"type":"sequence","run":1,"seed":1,"prefix":[],"x":%s}\n' $number && echo "$good"; } >input
    refuses "input:1: invalid JSON"
  done
}

@test "nesting without end is refused" {
  { printf '{"type":"sequence","run":1,"seed":1,"prefix":%s%s}\n' "$(printf '[%.0s' {1..20000})" "$(printf ']%.0s' {1..20000})" &&
    echo "$good"; } >input
  refuses "input:1: invalid JSON: Exceeds depth limit"
}

@test "what is no record is refused" {
  for line in 'true' '[1]' '{"run":1}' '{"type":7}' 'hello'; do
    printf '%s\n%s\n' "$line" "$good" >input
    refuses "input:1:"
  done
}

@test "a line of 20 MiB is refused, skipped or read, as one likes" {
  { printf '{"type":"sequence","run":9,"seed":1,"plan":"%064d","label":"' 0 && head -c 20971520 /dev/zero | tr '\0' x &&
    printf '","prefix":[{"id":"c1","command":{"type":"Send","request":{"argv":["true"]}}}],"suffix":[]}\n%s\n' "$good"; } >input
  exec_direct 2 input
  assert_stderr_has "input:1: a line of more than 16777216 bytes (--max-line raises the limit)"
  exec_direct 0 --skip-bad input
  assert_that '(of("reject")[0] | .line == 1 and (.text | length < 300 and startswith("{\"type\":\"sequence\""))) and (ends | map(.run)) == [9]'
  timeout 20 "$PD_BIN/pd-exec" "${direct[@]}" --max-line 32MiB input | jq -c 'del(.sequence)' >out
  assert_that '(ends | map(.status)) == ["pass", "pass"]' out
}

@test "a file that is not there is named" {
  exec_direct 2 missing.ndjson
  assert_stderr_has "missing.ndjson"
  assert_stderr_has "No such file"
}

@test "a stream of a later version is refused" {
  { echo '{"type":"stream","version":2,"producer":"pd-gen 9"}' && echo "$good"; } >input
  exec_direct 2 input
  assert_stderr_has "input:1: stream version 2, this program reads version 1"
}

# --- Sequences ---

@test "an id that occurs twice is refused" {
  { jq -c '.suffix = .prefix' <<<"$good" && echo "$good"; } >input
  refuses "the id c1 occurs twice"
}

@test "a reference to what does not come before is refused" {
  { plan '{"type":"Send","x":"@c2.reply"}' '{"type":"Send"}' && echo "$good"; } >input
  refuses "command c1 refers to c2, which does not come before it"
}

@test "a reference from one branch into another is refused" {
  { jq -c '.branches = [[{id: "c2", command: {type: "Send"}}], [{id: "c3", command: {type: "Send", x: "@c2.reply"}}]]' <<<"$good" &&
    echo "$good"; } >input
  refuses "command c3 refers to c2"
}

@test "an item without a command is refused" {
  { jq -c 'del(.prefix[0].command)' <<<"$good" && echo "$good"; } >input
  refuses "input:1: an item of a sequence needs an id and a command with a type"
}

@test "a command that the adapter does not know fails its run, and the next run goes on" {
  cat >adapter.jq <<'END'
include "pd";
def request_Send: .request;
def events_Send($c): {type: "Got", reply: .};
END
  { plan '{"type":"Sned"}' && echo "$good"; } >input
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq input
  assert_that 'failures[0] | .class == "execution" and .kind == "adapter_error" and .name == "Sned" and
    (.message | test("no request_Sned"))'
  assert_that 'ends | map(.status) == ["error", "pass"]'
}

# --- Models and adapters ---

@test "a model with a syntax error ends the program at its place" {
  printf 'include "pd";\ndef init: {};\ndef check_x($x): (;\n' >model.jq
  run -2 --separate-stderr pd-exec -m model.jq -a "$models/direct-adapter.jq" <<<"$good"
  assert_stderr_has "model.jq:3"
  [[ -z $output ]]
}

@test "an adapter with a syntax error ends the program at its place" {
  printf 'include "pd";\ndef request: {;\n' >adapter.jq
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq <<<"$good"
  assert_stderr_has "adapter.jq:2"
  [[ -z $output ]]
}

@test "a model or adapter that is not there is named" {
  run -2 --separate-stderr pd-exec -m no-model.jq -a "$models/direct-adapter.jq" <<<"$good"
  assert_stderr_has "no-model.jq"
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a no-adapter.jq <<<"$good"
  assert_stderr_has "no-adapter.jq"
}

@test "options that contradict or miss each other are refused" {
  run -2 --separate-stderr pd-exec -a x.jq <<<"$good"
  assert_stderr_has "a model is needed"
  run -2 --separate-stderr pd-exec -m x.jq <<<"$good"
  assert_stderr_has "one adapter is needed"
  run -2 --separate-stderr pd-exec -m x.jq -a y.jq -A cat <<<"$good"
  assert_stderr_has "one adapter is needed"
  exec_direct 2 --timeout 5 <<<"$good"
  assert_stderr_has "--timeout"
  exec_direct 2 --confrom <<<"$good"
  assert_stderr_has "did you mean --conform?"
}

# adapter_says WHAT MESSAGE: an adapter whose events are WHAT, or whose request is, fails with it.
adapter_says() {
  printf 'include "pd";\ndef request: %s;\ndef events($c): %s;\n' "$1" "$2" >adapter.jq
  run -2 --separate-stderr timeout 20 pd-exec -m "$models/direct.jq" -a adapter.jq <<<"$good"
  assert_that 'failures[0] | .class == "execution" and .kind == "adapter_error" and .id == "c1"' || return
  output=$(jq -r 'select(.type == "run_end").failure.message' <<<"$output")
  assert_output_has "$3"
}

@test "a reply that means nothing is an adapter error that shows it" {
  adapter_says '{argv: ["true"]}' '7' "the reply to Send gave 7, which is no event"
  adapter_says '{argv: ["true"]}' '"Got"' 'gave "Got", which is no event'
  adapter_says '{argv: ["true"]}' '{reply: 1}' 'gave {"reply":1}, which is no event'
  adapter_says '{argv: ["true"]}' '[{type: "Got"}, null]' "gave null, which is no event"
  adapter_says '{argv: ["true"]}' '{type: 5}' 'gave {"type":5}, which is no event'
  adapter_says '{argv: ["true"]}' 'retry("a"), unexpected' "means two things at once"
  adapter_says '{argv: ["true"]}' 'follow(7)' "a request must be an object, not 7"
  adapter_says '{argv: ["true"]}' 'follow({argv: ["true"]}; {inject: [1]})' "which is no event"
  adapter_says '{argv: ["true"]}' 'error("my own words")' "my own words"
  adapter_says '{argv: ["true"]}' '.body.x.y | test("z")' "adapter.jq"
}

@test "a request that means nothing is an adapter error that says why" {
  adapter_says '5' '.' "a request must be an object, not 5"
  adapter_says 'empty' '.' "request"
  adapter_says 'error("cannot")' '.' "cannot"
  adapter_says '{argv: []}' '.' "argv must be"
  adapter_says '{argv: "ls -l"}' '.' "argv must be of type array, not string"
  adapter_says '{argv: ["ls", {}]}' '.' "argv must be an array of strings"
  adapter_says '{argv: ["ls", "a\u0000b"]}' '.' "without NUL"
  adapter_says '{argv: ["ls"], input: "x"}' '.' "unknown key 'input' in the request"
  adapter_says '{argv: ["ls"], env: {A: true}}' '.' "env: A cannot be set"
  adapter_says '{path: "/x"}' '.' "there is no base URL"
  adapter_says '{url: "http://127.0.0.1:1/", jsn: {}}' '.' "did you mean 'json'?"
  adapter_says '{url: "http://127.0.0.1:1/", headers: "X: y"}' '.' "headers must be of type object, not string"
  adapter_says '{url: "http://127.0.0.1:1/", headers: {"A": "b\r\nEvil: c"}}' '.' "cannot be sent"
  adapter_says '{url: "http://127.0.0.1:1/\u0000"}' '.' "NUL"
  adapter_says '{url: "ftp://127.0.0.1:1/"}' '.' "rotocol"
  adapter_says '{url: "not a url at all"}' '.' "URL"
  adapter_says '{argv: ["sleep", "9"], timeout_ms: "5s"}' '.' "timeout_ms must be of type number"
}

# model_says DEFINITIONS: runs 1 and 9 with it; only run 1 has what makes the model fail.
model_says() {
  printf 'module {"name": "bad"};\ninclude "pd";\ndef init: {};\n%s\n' "$1" >model.jq
  { plan '{"type":"Send","bad":true,"request":{"argv":["true"]}}' && echo "$good"; } >input
  run -2 --separate-stderr timeout 20 pd-exec -m model.jq -a "$models/direct-adapter.jq" "${@:3}" input
  assert_that 'failures[0] | .class == "framework" and .kind == "model_error" and .id == "c1"' || return
  assert_that 'ends | map(.status) == ["error", "pass"]' || return
  output=$(jq -r 'select(.type == "run_end").failure.message // empty' <<<"$output")
  assert_output_has "$2"
}

@test "a model that fails while it runs fails that run alone, and says where" {
  model_says 'def check_c($x): true; def on_Send($c): if $c.bad then error("oh dear") else . end;' "oh dear"
  assert_output_has "on_Send"
  model_says 'def check_c($x): if $x.bad then error("not so") else true end;' "check_c"
  model_says 'def check_c($x): if $x.bad then null else true end;' "check_c"
  model_says 'def check_c($x): if $x.bad then 7 else true end;' "check_c"
  model_says 'def check_c($x): if $x.bad then empty else true end;' "check_c"
  model_says 'def check_c($x): true; def simulate_Send($c): if $c.bad then error("what") else {type: "Got"} end;' \
    "simulate_Send" --conform
  model_says 'def check_c($x): true; def simulate_Send($c): if $c.bad then 5 else {type: "Got"} end;' "simulate_Send" --conform
  model_says 'def check_c($x): true; def terminate($c; $e): if $c.bad then error("when") else false end;' "when"
}

@test "a model whose first state fails is a framework failure" {
  printf 'include "pd";\ndef init: error("no state");\ndef check_c($x): true;\n' >model.jq
  run -2 --separate-stderr timeout 20 pd-exec -m model.jq -a "$models/direct-adapter.jq" <<<"$good"
  assert_that 'failures[0] | .class == "framework" and .kind == "model_error" and (.message | test("no state"))'
}

# --- Systems ---

# system_is MODE: run 9 against faulty.py in this mode.
system_is() {
  start_python faulty.py --mode "$1"
  plan '{"type":"Send","request":{"path":"/"}}' >input
  exec_direct "$2" -u "$SERVER_URL" --timeout 500ms input
}

@test "a system that is down is an adapter error, and three runs of it are enough" {
  for i in 1 2 3 4 5; do plan_run $i '{"type":"Send","request":{"path":"/"}}'; done >input
  exec_direct 2 -u "http://user:secret@127.0.0.1:$(free_port)" input
  assert_that '(failures | length) == 3 and (failures[0] | .class == "execution" and .kind == "adapter_error" and
    (.message | test("is the system running at http://127")))'
  assert_that 'the_end.problems | any(test("could not be reached in 3 runs"))'
  [[ $output$stderr != *secret* ]]
}

@test "a host that has no address is an adapter error" {
  send '{"url":"http://no-such-host.invalid/"}' >input
  exec_direct 2 input
  assert_that 'failures[0] | .kind == "adapter_error" and (.message | test("resolve"))'
}

@test "a system that hangs is a timeout" {
  system_is hang 2
  assert_that 'failures[0] | .class == "execution" and .kind == "command_timeout" and (.message | test("no reply within 0.5 s"))'
}

@test "a system that drips without end is a timeout" {
  system_is drip 2
  assert_that 'failures[0] | .kind == "command_timeout"'
}

@test "a system that closes half way, closes at once or speaks another protocol is an adapter error" {
  for mode in close-half close-at-once garbage; do
    system_is $mode 2
    assert_that 'failures[0] | .class == "execution" and .kind == "adapter_error" and (.message | length > 5)'
    assert_that 'of("command")[0] | .outcome == "error" and (.exchange[0] | has("request") and (has("reply") | not))'
  done
}

@test "a system that closes a kept connection instead of answering does not get the same POST again" {
  cat >server.py <<'END'
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as file:
    file.write(f"{server.getsockname()[1]}\n")
os.rename("port.new", "port")
posts = 0
while True:
    client, _ = server.accept()
    while data := client.recv(65536):
        posts += 1
        print("POST", flush=True)
        if posts == 2:
            break
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    client.close()
END
  start_server dropping python3 server.py
  wait_for test -s port
  send '{"path":"/1","method":"POST"}' '{"path":"/2","method":"POST"}' >input
  exec_direct 2 -u "http://127.0.0.1:$(<port)" input
  assert_that 'failures[0] | .id == "c2" and .kind == "adapter_error"'
  [[ $(grep -c POST dropping.log) == 2 ]]
}

@test "HTML where JSON was expected is what the adapter makes of it" {
  cat >adapter.jq <<'END'
include "pd";
def request: .request;
def events($c): if .body == null then unexpected else {type: "Got", reply: .body} end;
END
  start_python faulty.py --mode html
  plan '{"type":"Send","request":{"path":"/"}}' >input
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" input
  assert_that 'failures[0] | .kind == "unexpected_reply" and
    .message == "unexpected reply: 200 <!DOCTYPE html> <title>Welcome</title> <p>It works.</p>"'
}
