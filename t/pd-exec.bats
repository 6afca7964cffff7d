#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-exec at its normal work. What goes wrong from outside is in pd-exec-bad-input.bats,
# pd-exec-vacuous.bats and pd-exec-signals.bats.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2094 # a file is written, then read
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
  send '{"argv":["sh","-c","head -c 3000000 /dev/zero | tr \"\\\\0\" x; echo e >&2"]}' |
    jq -c '.prefix[0].command.request.stdin = ("y" * 1000000)' >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" --no-exchange plan
  assert_that 'replies[0] | (.stdout | length) == 3000000 and .stderr == "e\n"'
  assert_that 'of("command")[0] | has("exchange") | not'
}

@test "what a program leaves in the background is neither waited for nor left running" {
  send '{"argv":["sh","-c","sleep 1000 & echo done"]}' >plan
  run -0 --separate-stderr timeout 10 pd-exec "${direct[@]}" plan
  assert_that 'replies[0].stdout == "done\n"'
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
  assert_that 'replies[0] | .op == "execute" and .run == 1 and .command_id == "c1" and .command.type == "Send" and .at_us >= 0'
  [[ $output == *'"reply":{"op":"execute","run":1,"command_id":"c1","command":{"type":"Send","n":1499816949527975237},'* ]]
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

# --- References ---

# things N…: an adapter whose Make gives ids of several JSON types and whose Use echoes its command.
write_things() {
  cat >things.jq <<'END'
include "pd";
def init: {used: []};
def on_Used($e): .used += [$e];
def check_fine($x): true;
END
  cat >things-adapter.jq <<'END'
include "pd";
def request: {argv: ["true"]};
def events_Make($c): {type: "Made", id: 1499816949527975237, price: 0.10, name: "acc_7", "a.b": "dotted",
                      list: [{deep: "first"}, {deep: {er: true}}]},
                     {type: "Made", id: "second", flag: false};
def events($c): {type: "Used", with: $c};
END
  things=(-m things.jq -a things-adapter.jq)
}

@test "references become the values that events brought, whatever their type" {
  write_things
  plan '{"type":"Make"}' '{"type":"Use","id":"@c1.id","price":"@c1.price","deep":"@c1.list.0.deep",
    "object":["@c1.list.1.deep"],"second":"@c1.1.id","flag":"@c1.1.flag","dotted":"@c1.a.b",
    "keys":{"@c1.name":1,"@c1.id":2}}' >plan
  run -0 --separate-stderr pd-exec "${things[@]}" plan
  [[ $output == *'"command":{"type":"Use","id":1499816949527975237,"price":0.10,"deep":"first","object":[{"er":true}],"second":"second","flag":false,"dotted":"dotted","keys":{"acc_7":1,"1499816949527975237":2}}'* ]]
}

@test "what merely looks like a reference is data" {
  write_things
  plan '{"type":"Use","a":"@@c1.id","b":"@@","c":"me@c1.id","d":"@nothing"}' >plan
  run -0 --separate-stderr pd-exec "${things[@]}" plan
  assert_that 'events[0].with == {type: "Use", a: "@c1.id", b: "@", c: "me@c1.id", d: "@nothing"}'
}

@test "a reference that no event bound is a framework failure that names what there was" {
  write_things
  plan '{"type":"Make"}' '{"type":"Use","x":"@c1.nothing"}' >plan
  run -2 --separate-stderr pd-exec "${things[@]}" plan
  assert_that 'failures[0] | .class == "framework" and .kind == "ref_unresolved" and .name == "Use" and .id == "c2" and
    (.message | test("@c1.nothing is not bound") and test("price"))'
  plan '{"type":"Make"}' '{"type":"Use","x":"@c1.5.id"}' >plan
  run -2 --separate-stderr pd-exec "${things[@]}" plan
  assert_that 'failures[0].message | test("produced 2 events")'
}

@test "minted values differ in each execution and follow from its seed and nonce" {
  write_things
  plan '{"type":"Use","a":"@mint.c1.a:user-{}@x.org","b":"@mint.c1.a:{}","c":"@mint.c1.c:uuid"}' >one
  cat one one >plan
  run -0 --separate-stderr pd-exec "${things[@]}" plan
  assert_that 'events | map(.with) | .[0].a != .[1].a and all(
    (.a | test("^user-[a-z0-9]{12}@x.org$")) and .a == "user-\(.b)@x.org" and
    (.c | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")))'
  assert_that 'of("run_start") | map(.attempt) == [1, 2] and .[0].nonce != .[1].nonce'
}

# --- Setup, teardown, hooks ---

# An adapter that notes in the file "order" whatever it is asked to do.
write_notes() {
  cat >notes-adapter.jq <<'END'
include "pd";
def note($what): {argv: ["sh", "-c", "echo \"$1\" >>order", "sh", $what]};
def health: note("health");
def setup_once: note("once 1"), [note("once 2")];
def setup_each: note("each");
def teardown_each: note("undo each");
def teardown_once: note("undo once");
def request: note(.type);
def events($c): if $c.type == "Fail" then unexpected else {type: "Got", reply: "r"} end;
END
}
order() { tr '\n' ',' <order; }

@test "hooks, setup and teardown run in their order, around each run and around all" {
  write_notes
  plan '{"type":"A"}' | jq -c '.setup = [{id: "s1", command: {type: "In"}}] |
    .teardown = [{id: "t1", command: {type: "Out", what: "@s1.reply"}}] | .suffix = [{id: "c9", command: {type: "Z"}}]' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -a notes-adapter.jq plan plan
  [[ $(order) == "health,once 1,once 2,each,In,A,Z,Out,undo each,each,In,A,Z,Out,undo each,undo once," ]]
  assert_that 'of("command")[0:4] | map(.id) == ["s1", "c1", "c9", "t1"]'
  assert_that 'of("command")[3].command.what == "r"'
}

@test "after a failure the rest is left out, but teardown runs as far as it can" {
  write_notes
  plan '{"type":"Fail"}' '{"type":"B"}' | jq -c '.setup = [{id: "s1", command: {type: "In"}}] |
    .teardown = [{id: "t1", command: {type: "Out", what: "@c2.reply"}}, {id: "t2", command: {type: "Out2"}}]' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a notes-adapter.jq plan
  [[ $(order) == "health,once 1,once 2,each,In,Fail,Out2,undo each,undo once," ]]
  assert_that 'ends[0] | .failure.kind == "unexpected_reply" and (has("other_failures") | not)'
}

@test "a hook that fails before a run fails the run, and is undone" {
  cat >adapter.jq <<'END'
include "pd";
def setup_each: {argv: ["sh", "-c", "echo no room >&2; exit 4"]};
def teardown_each: {argv: ["touch", "undone"]};
def request: {argv: ["touch", "sent"]};
def events($c): {type: "Got", reply: 1};
END
  plan '{"type":"A"}' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq plan
  assert_that 'failures[0] | .class == "framework" and .kind == "setup_failed" and .name == "setup_each" and
    (.message | test("exit status 4: no room"))'
  [[ -e undone && ! -e sent ]]
}

@test "a hook that fails before all runs ends the program, and teardown_once runs" {
  cat >adapter.jq <<'END'
include "pd";
def setup_once: {path: "/tenant", method: "POST"};
def teardown_once: {argv: ["touch", "undone"]};
def request: .request;
def events($c): {type: "Got", reply: .};
END
  start_python faulty.py --mode status:500
  send '{"path":"/"}' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" plan
  assert_stderr_has 'setup_once: failed: 500 {"error":"status 500"}'
  assert_that 'the_end | .counts.runs == 0 and .status == 2'
  [[ -e undone ]]
}

@test "a failing teardown_once is not lost" {
  cat >adapter.jq <<'END'
include "pd";
def teardown_once: {argv: ["false"]};
def request: .request;
def events($c): {type: "Got", reply: .};
END
  send '{"argv":["true"]}' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq plan
  assert_that 'the_end | .counts.passed == 1 and (.problems[0] | test("teardown_once"))'
}

@test "execution waits until the system is healthy" {
  cat >adapter.jq <<'END'
include "pd";
def health: {path: "/health"};
def request: .request;
def events($c): {type: "Got", reply: .};
END
  start_python faulty.py --mode health-later:3
  send '{"path":"/x"}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq -u "$SERVER_URL" plan
  [[ $(grep -c '"GET /health' faulty.log) == 4 && $(grep -n '"GET /x' faulty.log) == 5:* ]]
}

# --- What a reply can mean ---

write_poll() {
  cat >poll-adapter.jq <<'END'
include "pd";
def request: {argv: ["sh", "-c", "echo >>tries; wc -l <tries"]};
def tries: .stdout | tonumber;
def events_Retry($c): if tries < 3 then retry("not there yet") else {type: "Got", reply: tries} end;
def events_Never($c): retry("never there");
def events_Follow($c):
  if tries < 3 then follow(request; {after_ms: 150, inject: {type: "Seen", tries: tries}})
  else {type: "Got", reply: tries} end;
def events_Mixed($c):
  if tries == 1 then {type: "First"}, follow(request) else [{type: "Second"}, {type: "Third"}] end;
def events_None($c): empty;
def events_Unexpected($c): unexpected("not that");
END
  poll=(-m "$models/direct.jq" -a poll-adapter.jq --allow-vacuous)
}

@test "a reply that asks for it is tried again until it is there" {
  write_poll
  plan '{"type":"Retry"}' >plan
  run -0 --separate-stderr pd-exec "${poll[@]}" plan
  assert_that 'replies == [3] and (of("command")[0] | .outcome == "ok" and .attempts == 3 and (.exchange | length) == 3 and
    .return_us - .call_us > 150000)'
}

@test "a reply that asks again for ever fails when the command's time is up" {
  write_poll
  plan '{"type":"Never"}' >plan
  run -2 --separate-stderr pd-exec "${poll[@]}" --timeout 200ms plan
  assert_that 'of("command")[0].outcome == "retry" and (failures[0] | .kind == "command_timeout" and
    (.message | test("gave up after 0.2 s.*never there")))'
}

@test "a follow sends the next request after its pause and shows events meanwhile" {
  write_poll
  plan '{"type":"Follow"}' >plan
  run -0 --separate-stderr pd-exec "${poll[@]}" plan
  assert_that 'events == [{type: "Seen", tries: 1}, {type: "Seen", tries: 2}, {type: "Got", reply: 3}]'
  assert_that 'of("event") | map(.n) == [1, 2, 3] and .[1].at_us - .[0].at_us > 150000 and all(.id == "c1")'
}

@test "events beside a follow are shown at once, and references reach all of a command's events" {
  write_poll
  plan '{"type":"Mixed"}' >plan
  run -0 --separate-stderr pd-exec "${poll[@]}" plan
  assert_that 'events | map(.type) == ["First", "Second", "Third"]'
}

@test "a command may have no event, and one that was not expected fails the run" {
  write_poll
  plan '{"type":"None"}' >none
  plan '{"type":"Unexpected"}' >unexpected
  run -0 --separate-stderr pd-exec "${poll[@]}" none
  assert_that 'ends[0] | .status == "pass" and .commands == 1 and .events == 0'
  run -2 --separate-stderr pd-exec "${poll[@]}" unexpected
  assert_that 'failures[0] | .class == "execution" and .kind == "unexpected_reply" and .name == "Unexpected" and
    (.message | test("not that .exit status 0: 2.$"))'
}

# --- Timeouts ---

@test "a timeout comes from the request, the model's command, the model, the adapter or the user, in this order" {
  cat >model.jq <<'END'
module {"name": "m", "timeout_ms": 10000};
include "pd";
def init: {};
def commands: {Quick: {timeout_ms: 100}};
def check_c($x): true;
END
  start_python faulty.py --mode hang
  plan '{"type":"Quick","request":{"path":"/"}}' >by-command
  send '{"path":"/","timeout_ms":120}' >by-request
  send '{"path":"/"}' >by-all
  run -2 --separate-stderr timeout 5 pd-exec -m model.jq -a "$models/direct-adapter.jq" -u "$SERVER_URL" by-command
  assert_that 'failures[0].message | test("within 0.1 s")'
  run -2 --separate-stderr timeout 5 pd-exec -m model.jq -a "$models/direct-adapter.jq" -u "$SERVER_URL" by-request
  assert_that 'failures[0].message | test("within 0.12 s")'
  sed -i 's/10000/140/' model.jq
  run -2 --separate-stderr timeout 5 pd-exec -m model.jq -a "$models/direct-adapter.jq" -u "$SERVER_URL" by-all
  assert_that 'failures[0].message | test("within 0.14 s")'
  sed -i 's/module.*/module {};/' model.jq
  sed 's/module {/&"timeout_ms": 160, /' "$models/direct-adapter.jq" >adapter.jq
  run -2 --separate-stderr timeout 5 pd-exec -m model.jq -a adapter.jq -u "$SERVER_URL" by-all
  assert_that 'failures[0].message | test("within 0.16 s")'
  run -2 --separate-stderr timeout 5 pd-exec "${direct[@]}" -u "$SERVER_URL" --timeout 180ms by-all
  assert_that 'failures[0].message | test("within 0.18 s")'
  assert_that 'of("command")[0] | .outcome == "timeout" and .exchange == [{request: {path: "/"}, at_us: .exchange[0].at_us}]'
}

@test "a program that hangs is killed with all that it started" {
  send '{"argv":["sh","-c","sleep 1000 & sleep 1000"]}' >plan
  run -2 --separate-stderr timeout 5 pd-exec "${direct[@]}" --timeout 100ms plan
  assert_that 'failures[0].kind == "command_timeout"'
}

# --- Checks ---

write_counting() {
  cat >counting.jq <<'END'
module {"name": "counting"};
include "pd";
def init: {n: 0};
def simulate_Add($c): {type: "Added", n: (.n + 1)};
def on_Added($e): .n += 1;
def terminate($c; $events): $c.last == true;
END
  cat >counting-adapter.jq <<'END'
include "pd";
def request: {argv: ["true"]};
def events_Add($c): {type: "Added", n: $c.n};
def events_Twice($c): {type: "Added"}, {type: "Other"};
END
  counting=(-m counting.jq -a counting-adapter.jq)
}

@test "a failing check ends the run with its message, its data and the states before and after" {
  write_counting
  echo 'def check_few($x): .n < 2 // fail("too many"; {n, step: $x.type});' >>counting.jq
  plan '{"type":"Add"}' '{"type":"Add"}' '{"type":"Add"}' >plan
  run -1 --separate-stderr pd-exec "${counting[@]}" plan
  assert_that 'ends[0] | .status == "fail" and .state_before == {n: 1} and .state == {n: 2} and .commands == 2 and
    .failure == {class: "assertion", kind: "check_failed", name: "few", message: "too many",
      data: {n: 2, step: "Added"}, id: "c2"}'
  assert_that 'of("check") == [{type: "check", run: 1, id: "c2", check: "few", pass: false, message: "too many",
    data: {n: 2, step: "Added"}, n: 2}]'
  assert_that 'the_end | .status == 1 and .counts.failed == 1 and .fired.few == 4'
}

@test "--checks says what a failing check does" {
  write_counting
  echo 'def check_few($x): .n < 2; def check_odd($x): if .n % 2 == 0 and .n > 0 then "even" else true end;' >>counting.jq
  plan '{"type":"Add"}' '{"type":"Add"}' '{"type":"Add"}' >plan
  run -1 --separate-stderr pd-exec "${counting[@]}" --checks record plan
  assert_that 'ends[0] | .commands == 3 and .failure.name == "few" and (.other_failures | map(.name)) == ["odd", "few", "odd", "few"]'
  run -0 --separate-stderr pd-exec "${counting[@]}" --checks log plan
  assert_stderr_has "run 1, command c2: check odd failed: even"
  assert_that 'ends[0].status == "pass" and (of("check") | length) == 5'
  run -2 --separate-stderr pd-exec "${counting[@]}" --checks off plan
  assert_that 'ends[0] | .status == "pass" and .fired == {few: 0, odd: 0}'
  run -2 --separate-stderr pd-exec "${counting[@]}" --checks maybe plan
  assert_stderr_has "--checks: unknown 'maybe'"
}

@test "each form of trigger fires when it says" {
  write_counting
  cat >triggers.jq <<'END'
module {"name": "counting", "triggers": {"one": {"every": 1}, "three": {"every": 3}, "commands": {"every": "command"},
  "events": {"every": "event"}, "named": {"every": "Other"}, "list": {"every": ["Add", "Other"]},
  "second": {"every": {"n": 2, "of": "Added"}}, "secondc": {"every": {"n": 2, "of": "command"}},
  "at_end": {"at": "end"}, "at_settled": {"at": "settled"}}};
def check_one($x): true;
def check_default($x): true;
def check_three($x): true;
def check_commands($x): $x.type == "Add" or $x.type == "Twice";
def check_events($x): $x.type == "Added" or $x.type == "Other";
def check_named($x): $x.type == "Other";
def check_list($x): $x.type == "Other" or $x.type == "Add";
def check_second($x): $x.type == "Added";
def check_secondc($x): true;
def check_at_end($x): $x == null;
def check_at_settled($x): $x == null;
END
  { cat triggers.jq && grep -v ^module counting.jq; } | sed 's/^include.*//; s/^module.*/&/' >all.jq
  plan '{"type":"Add"}' '{"type":"Twice"}' '{"type":"Add"}' >plan
  run -0 --separate-stderr pd-exec -m all.jq -a counting-adapter.jq plan
  assert_that 'ends[0].fired == {one: 7, default: 7, three: 2, commands: 3, events: 4, named: 1, list: 3, second: 1,
    secondc: 1, at_end: 1, at_settled: 1}'
}

@test "--conform finds a wrong prediction with no check written" {
  write_counting
  plan '{"type":"Add","n":1}' '{"type":"Add","n":3}' >plan
  run -1 --separate-stderr pd-exec "${counting[@]}" --conform plan
  assert_that 'failures[0] | .class == "assertion" and .kind == "prediction_mismatch" and .name == "Add" and .id == "c2" and
    .message == "Added differs from the prediction, n: expected 2, got 3" and .data.fields == {n: {expected: 2, seen: 3}}'
  plan '{"type":"Add","n":1}' '{"type":"Add","n":2}' >plan
  run -0 --separate-stderr pd-exec "${counting[@]}" --conform plan
}

@test "the model's terminate ends a run that passes" {
  write_counting
  echo 'def check_c($x): true;' >>counting.jq
  plan '{"type":"Add","last":true}' '{"type":"Add"}' >plan
  run -0 --separate-stderr pd-exec "${counting[@]}" plan
  assert_that 'ends[0] | .status == "pass" and .commands == 1'
}

@test "--stop-on-failure and --max-failures stop after failed runs, and teardown_once runs" {
  write_counting
  echo 'def check_c($x): .n == 0;' >>counting.jq
  echo 'def teardown_once: {argv: ["touch", "undone"]};' >>counting-adapter.jq
  for i in 1 2 3 4; do plan_run $i '{"type":"Add"}'; done >plan
  run -1 --separate-stderr pd-exec "${counting[@]}" --stop-on-failure plan
  assert_that '(ends | map(.run)) == [1] and the_end.counts.runs == 1'
  run -1 --separate-stderr pd-exec "${counting[@]}" --max-failures 3 plan
  assert_that '(ends | map(.run)) == [1, 2, 3]'
  run -1 --separate-stderr pd-exec "${counting[@]}" plan
  assert_that '(ends | map(.run)) == [1, 2, 3, 4]'
  [[ -e undone ]]
}

@test "--trace tells passing checks and the state of every run" {
  write_counting
  echo 'def check_c($x): true;' >>counting.jq
  plan '{"type":"Add"}' >plan
  run -0 --separate-stderr pd-exec "${counting[@]}" --trace plan
  assert_that '(of("check") | map(.pass)) == [true, true] and ends[0].state == {n: 1}'
  run -0 --separate-stderr pd-exec "${counting[@]}" plan
  assert_that 'of("check") == [] and (ends[0] | has("state") | not)'
}

@test "--report writes a failure record that stands for itself" {
  write_counting
  echo 'def check_c($x): .n < 2;' >>counting.jq
  plan '{"type":"Add"}' '{"type":"Add","again":"@c1.type"}' >plan
  run -1 --separate-stderr pd-exec "${counting[@]}" --report plan
  assert_that 'of("failure") | length == 1 and (.[0] | .failure.name == "c" and .state == {n: 2} and
    .state_before == {n: 1} and (.original.prefix | length) == 2 and (.commands | length) == 2 and .refs == {"@c1.type": "Added"} and
    .model.name == "counting" and .adapter.name == "counting-adapter")'
}

# --- Branches ---

@test "branches run at the same time, and the suffix waits for them all" {
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: ["sh", "-c", "echo $1 >>log; while [ $(wc -l <log) -lt \($c.wait // 0) ]; do sleep 0.01; done; cat log", "sh", .name]};
def events($c): {type: "Got", reply: .stdout};
END
  sed -i 's/\\(\$c.wait/\\(.wait/' adapter.jq
  jq -nc 'def item($id; $wait): {id: $id, command: {type: "Send", name: $id, wait: $wait}};
    {type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: [item("c1"; 1)],
     branches: [[item("c2"; 3)], [item("c3"; 3), item("c4"; 0)]], suffix: [item("c5"; 0)]}' >plan
  run -0 --separate-stderr timeout 10 pd-exec -m "$models/direct.jq" -a adapter.jq plan
  assert_that 'of("command") | map({id, branch}) | sort_by(.id) == [{id: "c1", branch: null}, {id: "c2", branch: 0},
    {id: "c3", branch: 1}, {id: "c4", branch: 1}, {id: "c5", branch: null}]'
  assert_that 'of("command") | (map(select(.id == "c2"))[0]) as $a | (map(select(.id == "c3"))[0]) as $b |
    $a.call_us < $b.return_us and $b.call_us < $a.return_us'
  assert_that 'replies[-1] | split("\n") | .[0] == "c1" and .[4] == "c5"'
}

@test "a failure in one branch ends the others after the command in hand" {
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: ["true"]};
def events($c): if $c.bad then unexpected else {type: "Got", reply: 1} end;
END
  jq -nc '{type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: [], suffix: [{id: "c200", command: {type: "Send"}}],
    branches: [[{id: "c1", command: {type: "Send", bad: true}}], [range(2; 100) | {id: "c\(.)", command: {type: "Send"}}]]}' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq plan
  assert_that 'failures[0] | .id == "c1" and .branch == 0'
  assert_that 'of("command") | length < 50 and all(.id != "c200")'
}

# --- The stream ---

@test "what is no sequence is passed on unchanged and in order" {
  {
    echo '{"type":"note","n":1e2,  "odd": [1 ,2]}'
    plan_run 1 '{"type":"Send","request":{"argv":["true"]}}'
    echo '{"x":1,"type":"other"}'
    printf '{"type":"note","crlf":true}\r\n\n'
    plan_run 2 '{"type":"Send","request":{"argv":["true"]}}'
    printf '{"type":"last","no":"newline"}'
  } >input
  run -0 --separate-stderr "$PD_BIN/pd-exec" "${direct[@]}" <input
  grep -n -e '"note"' -e '"other"' -e run_end -e '"last"' <<<"$output" | sed 's/{"type":"run_end".*/run_end/; s/^[0-9]*://' >got
  printf '%s\n' '{"type":"note","n":1e2,  "odd": [1 ,2]}' run_end '{"x":1,"type":"other"}' \
    '{"type":"note","crlf":true}' run_end '{"type":"last","no":"newline"}' | diff - got
}

@test "the header is passed on with ourselves in its pipeline, and our end stands for the one before" {
  run -0 --separate-stderr bash -c '. "$1"; pd-gen -m "$2/counter.jq" -n 2 -s 5 --max-commands 3 >gen; :' bash /dev/null \
    "$PD_ROOT/share/pd/examples"
  start_counter
  run -0 --separate-stderr pd-exec -m "$PD_ROOT/share/pd/examples/counter.jq" -a "$PD_ROOT/share/pd/examples/counter-http.jq" \
    -u "${COUNTER_URL/\/\////user:secret@}" gen
  assert_that 'of("stream") | length == 1 and (.[0] | .seed == 5 and .producer[:6] == "pd-gen" and
    (.pipeline | map(.[0])) == ["pd-gen", "pd-exec"] and .adapter.name == "counter-http")'
  assert_that 'of("end") | length == 1 and .[0].counts.runs == 2 and .[0].status == 0'
  assert_that 'of("run_start")[0].target == "'"$COUNTER_URL"'"'
  [[ $output != *secret* ]]
}

@test "numbers come through state, server and records digit for digit" {
  start_python faulty.py --mode echo
  numbers='[1499816949527975237,0.10,1.000,-0.0,123456789012345678901234567890,3.14159265358979323846264338327950288]'
  send "{\"path\":\"/\",\"json\":{\"numbers\":$numbers,\"huge\":1E+400}}" >plan
  run -0 --separate-stderr pd-exec "${direct[@]}" -u "$SERVER_URL" --trace plan
  [[ $(grep -c -F "\"body\":{\"numbers\":$numbers,\"huge\":1E+400}" <<<"$output") == 3 ]] # command, event, state
  [[ $(grep '"run_end"' <<<"$output") == *"\"state\":{\"last\":"*"$numbers"* ]]
}

@test "secrets do not reach a record" {
  cat >adapter.jq <<'END'
include "pd";
def headers: {Authorization: "Bearer hush-1", Cookie: "hush-2"};
def request: .request + {query: {token: "hush-3"}, json: {password: "hush-4", inner: [{PIN: "hush-5"}]},
  path: "/x?token=hush-6&a=1", headers: {"X-Api-Key": "hush-7"}};
def events_Send($c): {type: "Got", reply: .body};
def events_Bad($c): unexpected;
END
  sed 's/^def check.*/def check_answered($e): fail("no"; $e);/' "$models/direct.jq" >model.jq
  start_python faulty.py --mode echo
  send '{}' >plan
  options=(-a adapter.jq -u "$SERVER_URL" --redact token --redact password --redact pin --redact x-api-key --redact text)
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" "${options[@]}" --trace plan
  [[ $(grep -c 'hush' faulty.log) == 1 && $output == *redacted* && $output != *hush* ]]
  run -1 --separate-stderr pd-exec -m model.jq "${options[@]}" --report plan
  [[ $output != *hush* ]]
  plan '{"type":"Bad","request":{}}' >plan
  run -2 --separate-stderr pd-exec -m "$models/direct.jq" "${options[@]}" --report plan
  [[ $output$stderr != *hush* && $output == *"unexpected reply: 200"* ]]
}

@test "cookies that the system sets do not reach a record either" {
  cat >adapter.jq <<'END'
include "pd";
def request: {argv: ["true"]};
def events($c): {type: "Got", authorization: "a_1",
  reply: {headers: {"set-cookie": "hush", ok: 1, "Proxy-Authorization": "hush"}}};
END
  plan '{"type":"Send"}' >plan
  run -0 --separate-stderr pd-exec -m "$models/direct.jq" -a adapter.jq --trace plan
  [[ $output != *hush* && $output == *'"authorization":"a_1"'*'"set-cookie":"[redacted]","ok":1'* ]]
}

@test "a full disk is told, and the exit status says so" {
  send '{"argv":["true"]}' >plan
  run -2 --separate-stderr bash -c '"$0" "$@" >/dev/full' "$PD_BIN/pd-exec" "${direct[@]}" plan
  assert_stderr_has "No space left"
}

@test "a reader that goes away ends the program quietly, after teardown" {
  write_notes
  for i in {1..50}; do plan_run "$i" '{"type":"A"}'; done >plan
  "$PD_BIN/pd-exec" -m "$models/direct.jq" -a notes-adapter.jq plan 2>errors | head -n 1 >/dev/null
  wait_for grep -q 'undo once' order
  [[ ! -s errors && $(grep -c '^A' order) -lt 50 ]]
}

@test "a run is written when it ends, before more input comes" {
  mkfifo in
  "$PD_BIN/pd-exec" "${direct[@]}" in >out 2>errors &
  exec {to}>in
  send '{"argv":["true"]}' >&"$to"
  wait_for grep -q run_end out
  exec {to}>&-
  wait $!
}

@test "every record is written at once with --line-buffered" {
  send '{"argv":["echo","1"]}' '{"argv":["sh","-c","until grep -q c1 out; do sleep 0.02; done"]}' >plan
  timeout 10 "$PD_BIN/pd-exec" "${direct[@]}" --line-buffered plan >out
  assert_that 'replies | length == 2' out
}

@test "nothing waits in a busy loop" {
  mkfifo in
  "$PD_BIN/pd-exec" "${direct[@]}" in >out 2>errors &
  pid=$!
  exec {to}>in
  send '{"argv":["sh","-c","sleep 0.7"]}' >&"$to"
  wait_for grep -q run_end out
  read -r -a stat <"/proc/$pid/stat"
  ((stat[13] + stat[14] < 20)) # hundredths of a second, of 70
  exec {to}>&-
  wait $pid
}
