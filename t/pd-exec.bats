#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec at its normal work. What goes wrong from outside is in pd-exec-bad-input.bats,
# pd-exec-vacuous.bats and pd-exec-signals.bats.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/exec

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# --- HTTP ---

@test "a JSON body is sent and the reply's status, headers and body come back" {
  start_python faulty.py --mode echo
  send '{"path":"/a/b","json":{"amount":50,"to":["x",null,true]}}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  assert_that 'replies[0] | .status == 200 and .headers["content-type"] == "application/json" and
    .body.method == "POST" and .body.path == "/a/b" and .body.body == {amount: 50, to: ["x", null, true]} and
    .body.headers["content-type"] == "application/json" and (.text | fromjson) == .body and .latency_us > 0'
  [[ -z $stderr ]]
}

@test "queries, forms and headers are encoded" {
  start_python faulty.py --mode echo
  send '{"path":"/q?a=1","query":{"b":["x y","2"],"c":null,"d":"ü&=+","e":0.10}}' \
    '{"path":"/f","form":{"name":"Ada & Bo","n":5}}' \
    '{"path":"/h","headers":{"X-One":"1","X-Two":2,"X-None":null,"X-Empty":""}}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  assert_that 'replies | .[0].body.query == {a: "1", b: ["x y", "2"], d: "ü&=+", e: "0.10"}'
  assert_that 'replies[1].body | .method == "POST" and .text == "name=Ada%20%26%20Bo&n=5" and
    .headers["content-type"] == "application/x-www-form-urlencoded"'
  assert_that 'replies[2].body | .method == "GET" and (.headers | .["x-one"] == "1" and .["x-two"] == "2" and
    .["x-empty"] == "" and (has("x-none") | not))'
}

@test "any method is sent, with a body or without" {
  start_python faulty.py --mode echo
  send '{"path":"/","method":"DELETE"}' '{"path":"/","method":"PATCH","json":{}}' '{"path":"/","method":"PUT"}' \
    '{"path":"/","method":"PROPFIND","body":"<x/>","headers":{"content-type":"text/xml"}}' \
    '{"path":"/","method":"GET","json":{"a":1}}' '{"path":"/","method":"POST"}' \
    '{"path":"/","method":"HEAD"}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  assert_that 'replies[:-1] | map(.body.method) == ["DELETE", "PATCH", "PUT", "PROPFIND", "GET", "POST"]'
  assert_that 'replies[3].body | .text == "<x/>" and .headers["content-type"] == "text/xml"'
  assert_that 'replies[4].body.body == {a: 1}'
  assert_that 'replies[5].body.headers["content-length"] == "0"'
  assert_that 'replies[6] | .status == 200 and .body == null and .text == ""'
}

@test "the base URL and a path meet in one slash, and a url stands alone" {
  start_python faulty.py --mode echo
  send '{"path":"/x"}' '{"path":"x"}' '{"path":""}' "{\"url\":\"$SERVER_URL/other\"}" >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL/api/" plan
  assert_that 'replies | map(.body.path) == ["/api/x", "/api/x", "/api/", "/other"]'
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL/api" plan
  assert_that 'replies | map(.body.path) == ["/api/x", "/api/x", "/api", "/other"]'
}

@test "the adapter's headers go under a request's own" {
  cat >adapter.jq <<'END'
include "pd";
def headers: {"X-A": "adapter", "X-B": "for \(.type)"};
def request: .request;
def events($c): {type: "Got", reply: .};
END
  start_python faulty.py --mode echo
  send '{"path":"/","headers":{"X-A":"own"}}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" plan
  assert_that 'replies[0].body.headers | .["x-a"] == "own" and .["x-b"] == "for Send"'
}

@test "a redirect is an answer, and is followed only when the request says so" {
  start_python faulty.py --mode redirect
  send '{"path":"/old"}' '{"path":"/old","redirects":3}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  assert_that 'replies | map(.status) == [302, 200] and .[0].headers.location == "/elsewhere"'
}

@test "a POST that is redirected goes on as a GET" {
  start_python faulty.py --mode redirect
  send '{"path":"/old","redirects":3,"json":{"a":1}}' '{"path":"/old","redirects":3,"method":"POST"}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  [[ $(grep -c '"POST /old' faulty.log) == 2 && $(grep -c '"GET /elsewhere' faulty.log) == 2 ]]
}

@test "requests go to a Unix socket" {
  start_python endpoint.py --unix "$PWD/socket"
  send '{"path":"/x"}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u http://localhost --unix-socket socket plan
  assert_that 'replies[0].body.path == "/x"'
}

@test "many requests share one connection" {
  start_python endpoint.py
  send '{"path":"/1"}' '{"path":"/2"}' '{"path":"/3"}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" plan
  [[ $(grep -c connection endpoint.log) == 1 ]]
}

@test "a certificate that nobody signed is refused, unless it is trusted or not looked at" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  cat certificate key >both.pem
  start_python endpoint.py --tls both.pem
  url=https${SERVER_URL#http}
  send '{"path":"/x"}' >plan
  run -2 --separate-stderr pd-exec "${direct[@]}" -u "$url" plan
  assert_that 'failures[0] | .class == "execution" and .kind == "adapter_error" and (.message | test("certificate")) and
    (.message | test("--cacert"))'
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$url" --cacert certificate plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$url" --insecure plan
  assert_that 'replies[0].body.path == "/x"'
}

@test "a large reply comes through, and its command's record is cut to what readers take" {
  cat >adapter.jq <<'END'
include "pd";
def request: .request;
def events($c): {type: "Got", reply: (.body.body | length)};
END
  start_python faulty.py --mode echo
  jq -nc '{type:"Send",request:{path:"/",json:("x" * 9000000)}}' | jq -c '{type:"sequence",run:1,seed:1,plan:("0"*64),
    prefix:[{id:"c1",command:.}],suffix:[]}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" plan
  assert_that 'replies == [9000000]'
  assert_that 'of("command")[0].exchange[0] | (.request.cut == ["json"]) and (.reply.cut == ["body"]) and
    (.reply.body | length < 2000) and .reply.status == 200'
}

# --- Programs ---

@test "the arguments of a program arrive literally: no shell looks at them" {
  send '{"argv":["printf","[%s]","a b","$(id)","\"q\"","*","","`x`",";","\u00fc\n",7,0.10]}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" plan
  assert_that 'replies[0].stdout == "[a b][$(id)][\"q\"][*][][`x`][;][ü\n][7][0.10]"'
}

@test "a program has its standard input, environment and folder, and all it says comes back" {
  export TAKEN=away KEPT=here
  send '{"argv":["sh","-c","cat; echo \"$ADDED/$KEPT/${TAKEN-none}/$NUMBER\"; pwd; echo bad >&2; exit 3"],
    "stdin":"in\n","env":{"ADDED":"x y","TAKEN":null,"NUMBER":1499816949527975237},"cwd":"/"}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" plan
  assert_that 'replies[0] | .stdout == "in\nx y/here/none/1499816949527975237\n/\n" and .stderr == "bad\n" and
    .exit == 3 and (has("signal") | not)'
}

@test "a program that a signal ended says which" {
  send '{"argv":["sh","-c","echo so far; kill -TERM $$"]}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" plan
  assert_that 'replies[0] | .signal == 15 and .exit == 143 and .stdout == "so far\n"'
}

@test "a program may leave much output and need not read its input" {
  jq -nc '{argv:["sh","-c","head -c 3000000 /dev/zero | tr \"\\\\0\" x; echo e >&2"],stdin:("y" * 1000000)}' >request
  send "$(<request)" >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" --no-exchange plan
  assert_that 'replies[0] | (.stdout | length) == 3000000 and .stderr == "e\n"'
  assert_that 'of("command")[0] | has("exchange") | not'
}

@test "what a program leaves in the background is neither waited for nor left running" {
  send '{"argv":["sh","-c","sleep 1000 & echo done"]}' >plan
  run -0 --separate-stderr timeout 10 pd-exec "${direct[@]}" plan
  assert_that 'replies[0].stdout == "done\n"'
  no_leftovers
}

@test "a program's bytes that are no text are replaced, not passed on" {
  send '{"argv":["printf","\\377a\\000b"]}' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" plan
  assert_that 'replies[0].stdout == "\ufffda\u0000b"'
}

@test "a program that is not installed is an adapter error" {
  send '{"argv":["pd-no-such-program"]}' >plan
  run -2 --separate-stderr pd-exec "${direct[@]}" plan
  assert_that 'failures[0] | .kind == "adapter_error" and (.message | test("pd-no-such-program.*PATH"))'
}

# --- Coprocesses ---

@test "an adapter may be a shell script that answers lines" {
  plan '{"type":"Send"}' '{"type":"Send"}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.sh" plan
  assert_that 'replies == ["from sh", "from sh"] and the_end.counts.commands == 2'
}

@test "an adapter in Python gets the run, the command's id and the command" {
  plan '{"type":"Send","n":1499816949527975237}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  assert_that 'replies[0] | .op == "execute" and .run == 1 and .command_id == "c1" and .command.type == "Send"'
  [[ $output == *'"reply":{"op":"execute","run":1,"command_id":"c1","command":{"type":"Send","n":1499816949527975237},"id":'* ]]
}

@test "a coprocess is sent the hooks that it named, in order, and then the end of its input" {
  { plan_run 1 '{"type":"Send"}' && plan_run 2 '{"type":"Send"}'; } >plan
  HOOKS=$PWD/hooks run -0 --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  [[ $(tr '\n' ' ' <hooks) == "hello health setup_once setup_each execute teardown_each setup_each execute \
teardown_each teardown_once end of input " ]]
}

@test "a coprocess answers with several events, an error, or what it did not expect" {
  plan '{"type":"Send","do":"events","value":[{"type":"Got","reply":1},{"type":"Got","reply":2}]}' >several
  plan '{"type":"Send","do":"error","value":"no route"}' >error
  plan '{"type":"Send","do":"unexpected","value":"a teapot"}' >unexpected
  for name in several error unexpected; do
    run --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" $name
    printf '%s\n' "$output" >$name.out
  done
  assert_that 'replies == [1, 2]' several.out
  assert_that 'failures[0] | .kind == "adapter_error" and .message == "no route"' error.out
  assert_that 'failures[0] | .kind == "unexpected_reply" and (.message | test("a teapot"))' unexpected.out
}

@test "a coprocess that dies fails the command, and is started again for the next run" {
  { plan_run 1 '{"type":"Send","do":"die"}' && plan_run 2 '{"type":"Send"}'; } >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  assert_that 'failures[0] | .kind == "adapter_error" and .id == "c1" and (.message | test("exit status 3"))'
  assert_that 'ends | map(.status) == ["error", "pass"]'
}

@test "a coprocess that writes what is no answer fails the command and is ended" {
  { plan_run 1 '{"type":"Send","do":"garbage"}' && plan_run 2 '{"type":"Send"}'; } >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  assert_that 'failures[0] | .kind == "adapter_error" and (.message | test("no JSON"))'
  assert_that 'ends | map(.status) == ["error", "pass"]'
}

@test "a coprocess that writes without end is stopped" {
  plan '{"type":"Send","do":"flood"}' >plan
  run -2 --separate-stderr timeout 20 pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" plan
  assert_that 'failures[0] | .kind == "adapter_error" and (.message | test("16 MiB without a line break"))'
}

@test "a coprocess that hangs fails the command when its time is up" {
  plan '{"type":"Send","do":"hang"}' >plan
  run -2 --separate-stderr timeout 20 pd-exec -m "$models/direct.jq" -A "$adapters/loopback.py" --timeout 300ms plan
  assert_that 'failures[0] | .kind == "command_timeout" and .class == "execution"'
  assert_that 'of("command")[0].outcome == "timeout"'
}

@test "a coprocess that does not greet, or refuses to, ends the program" {
  plan '{"type":"Send"}' >plan
  run -2 --separate-stderr timeout 5 pd-exec -m "$models/direct.jq" -A 'exit 7' plan
  assert_stderr_has "exit status 7"
  assert_that 'the_end | .status == 2 and .counts.runs == 0 and (.problems[0] | test("exit status 7"))'
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" \
    -A 'read -r line; echo "{\"id\":0,\"error\":\"version 2 only\"}"; cat >/dev/null' plan
  assert_stderr_has "version 2 only"
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -A 'sleep 1000' --health-timeout 300ms plan
  assert_stderr_has "did not answer its greeting"
}
