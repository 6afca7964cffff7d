#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What t/lib/helper.bash promises to the other suites: that a test fails when it leaves a process behind
# or a program in it wrote bad records; its servers; its assertions.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # inner suites are written in quotes

load lib/helper

setup() {
  pd_setup
  examples=$PD_ROOT/t/data/records
}

teardown() {
  pd_teardown
}

# program NAME: its text is read from standard input; inner suites will find it in PD_BIN.
program() {
  mkdir -p bin
  { echo '#!/usr/bin/bash' && cat; } >"bin/$1"
  chmod +x "bin/$1"
}

# A bats that knows nothing of this one, not even the inner parts that PATH leads to within a test.
inner_bats() {
  mkdir -p bin
  env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" TMPDIR="$BATS_TEST_TMPDIR" PD_TEST_BIN="$PWD/bin" \
    PD_TEST_ID="$PD_TEST_ID" EXAMPLES="$examples" OUTER="$PWD" "${inner_variables[@]}" bats --tap inner.bats
}

# inner_suite: of one test, read from standard input.
inner_suite() {
  {
    printf 'load "%s/t/lib/helper"\nsetup() { pd_setup; }\nteardown() { pd_teardown; }\n' "$PD_ROOT"
    printf '@test "inner" {\n' && cat && printf '}\n'
  } >inner.bats
  inner_bats
}

inner_passes() {
  run inner_suite
  assert_status 0
}

inner_fails() {
  run inner_suite
  assert_status 1
}

@test "a test in which nothing is wrong passes" {
  inner_passes <<<'true'
  assert_output_has "ok 1 inner"
}

@test "a failing test fails and leaves nothing behind" {
  inner_fails <<<'start_server idle sleep 1000; echo "$SERVER_PID" >"$OUTER/pid"; false'
  ended "$(<pid)"
}

@test "a program's valid records are accepted" {
  program pd-gen <<<'cat "$EXAMPLES/valid/stream-pass.ndjson"'
  inner_passes <<<'run pd-gen; assert_status 0; assert_json "length == 9 and .[0].type == \"stream\""'
}

@test "a test fails when a program writes an invalid record, wherever its output went" {
  program pd-gen <<<'cat "$EXAMPLES/invalid/outcome-unknown.ndjson"'
  local test
  for test in 'run pd-gen' 'pd-gen >out' 'pd-gen | cat' 'pd-gen >/dev/null' 'pd-gen | head -c 1'; do
    inner_fails <<<"${test/pd-gen/pd-gen -s 7}"
    assert_output_has ":1: command.outcome must be one of"
    assert_output_has "pd-gen -s 7"
  done
}

@test "a test fails when a program writes its records in a wrong order" {
  program pd-exec <<<'cat "$EXAMPLES/invalid/stream-command-outside.ndjson"'
  inner_fails <<<'pd-exec'
  assert_output_has "command stands outside of a run"
}

@test "a test fails when a program that another one started writes an invalid record" {
  program pd-exec <<<'cat "$EXAMPLES/invalid/seed-negative.ndjson"'
  program pd-shrink <<<'shift; "$@" >/dev/null; cat "$EXAMPLES/valid/stream-pass.ndjson"'
  inner_fails <<<'pd-shrink -- pd-exec -m bank.jq'
  assert_output_has "stream.seed must be bigger than or equal to 0"
}

@test "a test fails when a program succeeds without the end of its stream" {
  program pd-gen <<<'head -n 3 "$EXAMPLES/valid/stream-plans-only.ndjson"'
  inner_fails <<<'pd-gen'
  assert_output_has "the stream has a header, but no end"
}

@test "a program that gave up, was killed or lost its reader may stop anywhere" {
  program pd-gen <<'END'
head -c 700 "$EXAMPLES/valid/stream-plans-only.ndjson"
[[ $1 != kill ]] || kill -KILL $$
exit 2
END
  inner_passes <<<'run pd-gen; assert_status 2'
  inner_passes <<<'run pd-gen kill; assert_status 137'
  program pd-gen <<<'while cat "$EXAMPLES/valid/sequences.ndjson"; do :; done; exit 0'
  inner_passes <<<'pd-gen 2>/dev/null | head -n 1'
}

@test "a type without schema is bad unless the test allows it" {
  program pd-exec <<<'echo "{\"type\":\"note\"}"'
  inner_fails <<<'pd-exec'
  assert_output_has 'unknown type "note"'
  inner_passes <<<'allow_unknown=(remark note); pd-exec'
}

@test "the text of --help and --version is not taken for records" {
  program pd-gen <<<'echo "usage: pd-gen"'
  inner_passes <<<'pd-gen --help; pd-gen -h; pd-gen -m x --version; pd-gen -V'
  inner_fails <<<'pd-gen -- --help'
}

@test "a program called by its path is not captured" {
  program pd-gen <<<'echo "no record"'
  inner_passes <<<'"$PD_BIN/pd-gen"'
}

@test "a captured program has its own input, output, messages and status" {
  program pd-exec <<<'cat; echo "pd-exec: $# $2" >&2; exit 7'
  inner_passes <<<'
    run --separate-stderr pd-exec "a b" " c*" <"$EXAMPLES/valid/rejects.ndjson"
    assert_status 7
    [[ $output == "$(<"$EXAMPLES/valid/rejects.ndjson")" ]]
    [[ $stderr == "pd-exec: 2  c*" ]]'
}

@test "a captured program can be talked with line by line" {
  program pd-exec <<<'while read -r line; do echo "$line"; done'
  inner_passes <<<'
    coproc pd-exec
    pid=$COPROC_PID # bash forgets the variable as soon as the program is gone
    to=${COPROC[1]} from=${COPROC[0]}
    while read -r line; do
      echo "$line" >&"$to"
      read -r -t 10 echoed <&"$from"
      [[ $echoed == "$line" ]]
    done <"$EXAMPLES/valid/rejects.ndjson"
    exec {to}>&-
    wait "$pid"'
}

@test "a captured program in the background gets a signal once, and its status counts" {
  program pd-exec <<'END'
for signal in INT TERM HUP; do trap "got+=$signal" "$signal"; done
: >"$1"
until [[ $got ]]; do sleep 0.02; done
for _ in 1 2 3 4 5; do sleep 0.02; done # time is the test: a second signal would come now
printf '{"type":"end","status":130,"counts":{},"got":"%s"}\n' "$got"
exit 130
END
  inner_passes <<<'
    for signal in INT TERM HUP; do
      pd-exec "$PWD/ready.$signal" >out &
      wait_for test -e "ready.$signal"
      kill "-$signal" $!
      wait $! || status=$?
      assert_status 130
      assert_json ".[0].got == \"$signal\"" out
    done
    run timeout -s INT 0.5 pd-exec "$PWD/ready"
    assert_json ".[0].got == \"INT\""'
}

@test "a captured program dies with its shim" {
  program pd-exec <<<'echo $$ >"$1"; exec sleep 1000'
  inner_passes <<<'
    pd-exec "$PWD/pid" 3>&- &
    wait_for test -s pid
    kill -KILL $!
    wait_for ended "$(<pid)"'
}

@test "a process left behind fails the test, is named and ended" {
  inner_fails <<<'GRACE_SECONDS=1; sleep 1234 3>&- & echo $! >"$OUTER/pid"'
  assert_output_has "left over: process $(<pid): sleep 1234"
  ended "$(<pid)"
}

@test "a process left behind in a session of its own is found as well" {
  inner_fails <<<'GRACE_SECONDS=1; setsid --fork sleep 1234 </dev/null >/dev/null 2>&1 3>&-'
  assert_output_has ": sleep 1234"
}

@test "a process left behind by a program, its output still open, is found as well" {
  program pd-gen <<<'sleep 1234 & echo $! >"$OUTER/pid"'
  inner_fails <<<'GRACE_SECONDS=1; run --separate-stderr pd-gen'
  assert_output_has "left over: process $(<pid): sleep 1234"
  ended "$(<pid)"
}

@test "a shell left behind is found as well" {
  inner_fails <<<'GRACE_SECONDS=1; (while sleep 0.1; do :; done) 3>&- & echo $! >"$OUTER/pid"'
  assert_output_has "left over: process $(<pid): "
  ended "$(<pid)"
}

@test "a process that is about to end is not left behind" {
  inner_passes <<<'sleep 0.2 3>&- &'
}

@test "a server is stopped after its test" {
  inner_passes <<<'start_server idle sleep 1000; kill -0 "$SERVER_PID"; echo "$SERVER_PID" >"$OUTER/pid"'
  ended "$(<pid)"
}

@test "a server that does not stop fails the test and is ended" {
  program stubborn <<<'trap "" TERM; : >"$1"; while :; do sleep 0.1; done'
  inner_fails <<<'
    GRACE_SECONDS=1
    start_server stubborn stubborn "$PWD/ready"
    wait_for test -e ready
    echo "$SERVER_PID" >"$OUTER/pid"'
  assert_output_has "not within 1 s: ended"
  ended "$(<pid)"
}

@test "a server that does not start fails the test with what it said" {
  inner_fails <<<'start_python faulty --mode nonsense'
  assert_output_has "faulty did not start:"
  assert_output_has "not a mode: nonsense"
}

@test "a condition that does not come about is given up with what it said" {
  WAIT_SECONDS=0 run wait_for ls missing
  assert_status 1
  assert_output_has "not within 0 s: ls missing"
  assert_output_has "No such file"
}

@test "each test has a folder, a time zone and a locale of its own making" {
  [[ $PWD == "$BATS_TEST_TMPDIR" && $TZ == UTC && $LC_ALL == C.UTF-8 ]]
  [[ -z $(ls) ]]
}

@test "variables that would change what programs do are gone" {
  inner_variables=(PD_JOBS=3 NO_COLOR=1 http_proxy=x)
  inner_passes <<<'[[ -z ${PD_JOBS+x}${NO_COLOR+x}${http_proxy+x} ]]'
}

@test "the assertions fail with the data at hand" {
  says() { run --separate-stderr bash -c 'echo "{\"a\":1}"; echo trouble >&2; exit 3'; }
  says && run ! assert_status 0
  [[ $output == *"status 3, not 0"*'{"a":1}'*trouble* ]]
  says && run ! assert_output_has b
  assert_output_has 'output: {"a":1}'
  says && run ! assert_stderr_has joy
  assert_output_has "stderr: trouble"
  says && run ! assert_json '.[0].a == 2'
  assert_output_has 'data: {"a":1}'
  for filter in null empty '.[0].b' '.['; do says && run ! assert_json "$filter"; done
}

@test "assert_json takes records from the output or a file" {
  run cat "$examples/valid/checks.ndjson"
  assert_json 'length == 3 and all(.type == "check")'
  assert_json 'map(.type) == ["reject", "reject"]' "$examples/valid/rejects.ndjson"
}

@test "the example systems answer" {
  start_toybank
  start_counter
  curl -sSf "$TOYBANK_URL/health" "$COUNTER_URL/health"
}

@test "free ports are free and differ" {
  local first second
  first=$(free_port)
  start_server listener /usr/bin/python3 -m http.server --bind 127.0.0.1 "$first"
  wait_for curl -s "http://127.0.0.1:$first"
  second=$(free_port)
  [[ $first != "$second" ]]
}

@test "redis answers at its port and its socket" {
  start_redis
  redis-cli -p "$REDIS_PORT" SET k v
  [[ $(redis-cli -s "$REDIS_SOCKET" GET k) == v ]]
}

@test "etcd answers at its port" {
  command -v etcd >/dev/null || skip "etcd is not installed"
  start_etcd
  run curl -sSf "http://127.0.0.1:$ETCD_PORT/v3/kv/range" -d '{"key": "YQ=="}'
  assert_json '.[0].header.revision == "1"'
}

@test "two servers in a test do not get in each other's way" {
  start_python faulty --mode status:404
  local first=$SERVER_URL
  start_python faulty --mode status:500
  [[ $(curl -s -o first.json -w '%{http_code}' "$first/x") == 404 ]]
  [[ $(curl -s -o second.json -w '%{http_code}' "$SERVER_URL/x") == 500 ]]
  assert_json '.[0].error == "status 404"' first.json
}

@test "the echoing server gives the body back digit for digit" {
  start_python faulty --mode echo
  run curl -s -X PATCH -H 'X-Seen: yes' -d '{"a": 0.10, "b": 1499816949527975237}' "$SERVER_URL/a/b?c=1&d=&e=x&e=y"
  assert_output_has '"body":{"a": 0.10, "b": 1499816949527975237}'
  assert_json '.[0] | .method == "PATCH" and .path == "/a/b" and .query == {c: "1", d: "", e: ["x", "y"]}
    and .headers["x-seen"] == "yes" and .text[:9] == "{\"a\": 0.1"'
  run curl -s -d 'a=1' "$SERVER_URL"
  assert_json '.[0] | .body == null and .text == "a=1"'
  run curl -s -d 'NaN' "$SERVER_URL"
  assert_json '.[0].body == null'
}

# curl_says STATUS MODE CURL-ARGS…: curl's own exit status against the faulty server.
curl_says() {
  start_python faulty --mode "$2"
  run -"$1" curl -sS "${@:3}" "$SERVER_URL/health"
}

@test "the faulty server is at fault in the way that its mode says" {
  curl_says 28 hang --max-time 0.2
  assert_output_has "0 bytes received"
  curl_says 18 close-half
  assert_output_has '{"balance"'
  curl_says 52 close-at-once
  curl_says 0 html -i
  assert_output_has "text/html"
  curl_says 0 status:204 -i
  assert_output_has "204 No Content"
  curl_says 1 garbage
  assert_output_has "HTTP/0.9"
  curl_says 47 redirect -L --max-redirs 0
  curl_says 0 redirect -L -w ' %{url_effective}'
  assert_output_has "{} $SERVER_URL/elsewhere"
  curl_says 28 drip --max-time 0.4
  assert_output_has ..
  curl_says 0 slow:300 -w '%{time_total}'
  [[ $output > '{}0.3' ]]
}

@test "the faulty server's health comes later" {
  start_python faulty --mode health-later:2
  local path codes=''
  for path in health other health health; do
    codes+=" $(curl -s -o answer -w '%{http_code}' "$SERVER_URL/$path")"
  done
  [[ $codes == " 503 200 503 200" ]]
}

@test "the faulty server ends at once when it is told, even with requests in hand" {
  start_python faulty --mode hang
  curl -s "$SERVER_URL" 3>&- &
  local client=$!
  wait_for grep -q GET faulty.log
  kill "$SERVER_PID"
  WAIT_SECONDS=1 wait_for ended "$SERVER_PID"
  local code=0
  wait "$client" || code=$?
  ((code == 52 || code == 56)) # nothing came, or the connection was reset
}
