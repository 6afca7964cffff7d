#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-listen: a record for each request, what is answered, and what keeps it from working.
# shellcheck disable=SC2154,SC2016 # variables from bats and the helper; programs for jq in quotes

load lib/helper
load lib/listen

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

@test "a request becomes a record with all that was sent, its body by what it is" {
  listen
  [[ $(post '/a%2Fb/%C3%A4?x=1&y=%20z&x=2' -d '{"id":12345678901234567890}' -H 'X-One: a' -H 'X-One: b') == 204 ]]
  post /form -d 'a=1&b=c+d' && post /text -H 'Content-Type: text/plain' -d 'hello'
  post /json -H 'Content-Type: application/json' -d '7' && post /empty -X DELETE
  printf '\xff\0\xfe' | post /bytes -H 'Content-Type: application/octet-stream' --data-binary @-
  printf '{"packed":true}' | gzip | post /gzip -H 'Content-Encoding: gzip' --data-binary @-
  end_listen 0
  records_are 'length == 7 and [.[].n] == [range(1; 8)] and ([.[].at_us] | . == sort) and all(.type == "request" and .status == 204)'
  records_are '.[0] | .method == "POST" and .path == "/a/b/ä" and .target == "/a%2Fb/%C3%A4?x=1&y=%20z&x=2"
    and .query == {x: ["1", "2"], y: " z"} and .headers["x-one"] == "a, b"'
  grep -q '"body":{"id":12345678901234567890}' records.ndjson
  records_are '.[1].form == {a: "1", b: "c d"} and .[2].text == "hello" and .[3].body == 7'
  records_are '.[4] | .method == "DELETE" and ([has("body", "text", "base64", "form")] | any | not)'
  records_are '.[5].base64 == "/wD+" and .[6].body == {packed: true}'
  date -ud "$(jq -rs '.[0].time' records.ndjson)"
}

@test "respond answers from a state that requests change, after a pause where it says so" {
  cat >flaky.jq <<'JQ'
def init: {tries: {}};
def on_request($request): .tries[$request.body.id] += 1;
def respond($request):
  if .tries[$request.body.id] < 3 then {status: 503, headers: {"Retry-After": 1}}
  else {json: {id: $request.body.id, tries: .tries[$request.body.id]}, delay_ms: 200} end;
JQ
  listen -r flaky.jq
  for status in 503 503 200; do [[ $(post /hook -d '{"id":"a"}') == "$status" ]]; done
  [[ $(<body) == '{"id":"a","tries":3}' ]]
  [[ $(post /hook -d '{"id":"b"}') == 503 ]]
  end_listen 0
  records_are '[.[].status] == [503, 503, 200, 503]'
}

@test "what respond cannot say is a 500, told with its place, and status 2 in the end" {
  cat >wrong.jq <<'JQ'
def respond($request):
  {"/field": {stauts: 200}, "/status": {status: 99}, "/header": {headers: {"Content-Length": 3}},
   "/break": {headers: {a: "b\nc"}}, "/body": {body: {a: 1}}, "/fault": {fault: "slow"},
   "/good": {body: "x"}}[$request.path] // error("no such path");
JQ
  listen --respond wrong.jq
  for path in /field /status /header /break /body /fault /none; do [[ $(post "$path") == 500 ]]; done
  [[ $(post /good) == 200 && $(<body) == x ]]
  end_listen 2
  records_are '[.[] | has("error")] == [true, true, true, true, true, true, true, false]'
  grep -q "^pd-listen: wrong.jq: respond: an answer has no field 'stauts' (did you mean status?)" listen.log
  grep -q "pd-listen: wrong.jq:.*no such path" listen.log
  echo 'def answer($r): {};' >none.jq
  run -2 --separate-stderr pd-listen -r none.jq
  assert_stderr_has 'none.jq: there is no respond($request)'
}

@test "faults: no answer, a reset, bytes that are no HTTP, and silence" {
  cat >faults.jq <<'JQ'
def respond($request): {fault: $request.path[1:], body: "nonsense\r\n\r\n"} | if $request.path == "/malformed" then . else del(.body) end;
JQ
  listen -r faults.jq
  run -52 post /close
  run -56 post /reset
  run -1 post /malformed
  run -28 post /timeout --max-time 0.3
  end_listen 0
  records_are '[.[].fault] == ["close", "reset", "malformed", "timeout"]'
}

# hex DIGEST-OPTIONS TEXT…: by another implementation than ours.
hmac() { printf '%s' "$2" | openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }

@test "signatures of webhooks are checked, in the formats that senders use" {
  local secret="It's a Secret to Everybody" now body='Hello, World!'
  now=$(date +%s)
  printf '%s\n' "$secret" >secret
  # The example of docs.github.com.
  local github=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17
  [[ $(hmac "$secret" "$body") == "$github" ]]

  listen --hmac-secret-file secret
  post / -d "$body" -H "X-Hub-Signature-256: sha256=$github"
  post / -d "$body." -H "X-Hub-Signature-256: sha256=$github"
  post / -d "$body" -H "X-Hub-Signature-256: $github"
  post / -d "$body"
  end_listen 0
  records_are '[.[].signature.valid] == [true, false, false, false] and all(.status == 204)
    and [.[1:][].signature.reason] == ["it does not fit the body and the secret", "it is malformed", "there is none"]'

  SECRET=$secret listen --hmac-secret-env SECRET --hmac-format stripe --hmac-refuse
  local old=$((now - 1000))
  [[ $(post / -d "$body" -H "Stripe-Signature: t=$now,v1=00,v1=$(hmac "$secret" "$now.$body")") == 204 ]]
  [[ $(post / -d "$body" -H "Stripe-Signature: t=$old,v1=$(hmac "$secret" "$old.$body")") == 401 ]]
  [[ $(post / -d "$body" -H "Stripe-Signature: t=$now,v1=$(hmac "$secret" "$old.$body")") == 401 ]]
  [[ $(post / -d "$body" -H "Stripe-Signature: v1=$(hmac "$secret" "$body")") == 401 ]]
  end_listen 0
  records_are '[.[].refused] == [null, "signature", "signature", "signature"] and .[1].signature.reason == "its time is too far from now"'

  listen --hmac-secret-file secret --hmac-format slack --hmac-tolerance 0
  post / -d "$body" -H 'X-Slack-Request-Timestamp: 5' -H "X-Slack-Signature: v0=$(hmac "$secret" "v0:5:$body")"
  end_listen 0
  records_are '[.[].signature] == [{valid: true}]'

  listen --hmac-secret-file secret --hmac-format base64 --hmac-header X-Shop-Hmac
  post / -d "$body" -H "X-Shop-Hmac: $(printf '%s' "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64)"
  post / -d '' -H "X-Shop-Hmac: $(printf '' | openssl dgst -sha256 -hmac "$secret" -binary | base64)"
  end_listen 0
  records_are '[.[].signature.valid] == [true, true]'

  : >empty
  run -2 --separate-stderr pd-listen --hmac-secret-file empty
  assert_stderr_has 'the secret in empty is empty'
}

@test "HMAC agrees with another implementation for keys of any length" {
  local length key
  for length in 1 64 65; do
    key=$(printf 'k%.0s' $(seq "$length"))
    KEY=$key listen --hmac-secret-env KEY --hmac-format hex
    post / -d "body $length" -H "X-Signature: $(hmac "$key" "body $length")"
    end_listen 0
    records_are 'map(.signature) == [{valid: true}]'
  done
}

@test "secrets stay out of records, and respond sees them" {
  echo 'def respond($r): {body: "\($r.headers.authorization) \($r.query.token)"};' >see.jq
  listen -r see.jq --redact token
  post '/?token=hush&a=1' -H 'Authorization: Bearer hush' -d '{"token":"hush","b":2}'
  [[ $(<body) == 'Bearer hush hush' ]]
  end_listen 0
  run ! grep hush records.ndjson
  records_are '.[0] | .target == "/?token=[redacted]&a=1" and .query.token == "[redacted]" and .body == {token: "[redacted]", b: 2}'
}

@test "a body over the limit is answered with 413 and told without it" {
  listen --max-body 1000B
  head -c 1000 /dev/zero | tr '\0' 'a' >thousand
  [[ $(post /fits --data-binary @thousand) == 204 ]]
  echo >>thousand
  [[ $(post /over --data-binary @thousand) == 413 ]]
  [[ $(post /chunked --data-binary @thousand -H 'Transfer-Encoding: chunked') == 413 ]]
  head -c 5000000 /dev/zero >large
  [[ $(post /asks --data-binary @large -H 'Expect: 100-continue') == 413 ]]
  [[ $(post /does-not-ask --data-binary @large -H 'Expect:') == 413 ]]
  head -c 500000 /dev/zero | gzip >bomb # which stays packed
  [[ $(post /bomb --data-binary @bomb -H 'Content-Encoding: gzip') == 204 ]]
  end_listen 0
  records_are '[.[] | .refused] == [null, "too_large", "too_large", "too_large", "too_large", null]
    and (.[5].base64 | length) > 500 and [.[1:5][].size] == [1001, 1001, 5000000, 5000000] and all(.[1:5][]; has("body", "text", "base64") | not)'
}

@test "2,000 requests at a time: none is lost, each is told once and in the order of arrival" {
  listen
  seq 2000 | sed 's/.*/{"id":&}/' >bodies
  # Seven clients keep their connections, and one opens a new one each time.
  for part in 0 1 2 3 4 5 6 7; do
    awk -v part="$part" -v url="$LISTEN_URL/hook" 'NR % 8 == part {
      gsub(/"/, "\\\""); print "next\nsilent\nfail\nurl = " url "\ndata = \"" $0 "\""
      if (part == 0) print "header = \"Connection: close\"" }' bodies >"part.$part"
    curl --fail-early -K "part.$part" >/dev/null &
    clients+=($!)
  done
  for client in "${clients[@]}"; do wait "$client"; done
  end_listen 0
  records_are 'length == 2000 and [.[].n] == [range(1; 2001)] and ([.[].at_us] | . == sort)
    and ([.[].body.id] | sort == [range(1; 2001)])'
  # What one client sends one after the other comes in this order.
  records_are '[range(8) as $part | [.[].body.id | select(. % 8 == $part)] | . == sort] | all'
}

@test "a record is there before its answer" {
  listen
  for ((i = 1; i <= 20; i++)); do
    post "/$i"
    tail -n 1 records.ndjson | grep -q "\"path\":\"/$i\""
  done
  end_listen 0
}

@test "bad HTTP of all kinds does not disturb it" {
  listen --client-timeout 1s --max-body 10KiB
  "$PD_ROOT/t/lib/bad-http" "$LISTEN_PORT" 1 150
  [[ $(post /alive) == 204 ]]
  end_listen 0
  records_are '.[-1].path == "/alive"'
}

@test "clients that take too long lose their connection and keep nobody from being served" {
  listen --client-timeout 500ms --max-connections 4
  for _ in 1 2 3 4; do
    # A byte now and then.
    (exec 9<>"/dev/tcp/127.0.0.1/$LISTEN_PORT" && printf 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n' >&9 &&
      while printf a >&9; do sleep 0.1; done) 2>/dev/null &
  done
  [[ $(post /after) == 204 ]]
  end_listen 0
  grep -q 'POST /slow broke off after [0-9]* bytes of its body: it took too long' listen.log
  records_are 'map(.path) == ["/after"]'
}

@test "asked to end it finishes the answers in hand, and takes nobody new" {
  echo 'def respond($r): {body: "late", delay_ms: 60000};' >late.jq
  listen -r late.jq
  post /late >status &
  wait_for grep -q '"path":"/late"' records.ndjson
  end_listen 0
  wait_for grep -q 200 status
  [[ $(<body) == late ]]
  run -7 curl -s "$LISTEN_URL"
}

@test "it stops after so many records, or when the time is up, and says which" {
  listen --count 2 --timeout 1m
  post /1 && post /2
  wait_for ended "$LISTEN_PID"
  end_listen 0
  records_are 'length == 2'
  listen --count 2 --timeout 300ms
  post /1
  wait_for ended "$LISTEN_PID"
  end_listen 1
  grep -q '^pd-listen: 1 of 2 records came$' listen.log
  listen --timeout 100ms
  wait_for ended "$LISTEN_PID"
  end_listen 0
}

@test "an address or a socket that is taken is an error with a way out" {
  listen
  run -2 --separate-stderr pd-listen --port "$LISTEN_PORT"
  assert_stderr_has "cannot listen on port $LISTEN_PORT of 127.0.0.1: Address already in use (another program listens there"
  end_listen 0
  run -2 --separate-stderr pd-listen --address localhost
  assert_stderr_has "'localhost' is no address"
  run -2 --separate-stderr pd-listen --cert missing.pem --key missing.pem
  assert_stderr_has 'missing.pem'
  run -2 --separate-stderr pd-listen --cert a.pem
  assert_stderr_has 'TLS needs both'
}

@test "it listens on a Unix socket, also where a killed one left it, and removes it" {
  pd-listen --unix-socket hook.sock >first.ndjson 2>first.log 3>&- &
  first=$!
  wait_for test -S hook.sock
  curl -sf --unix-socket hook.sock http://localhost/one
  run -2 --separate-stderr pd-listen --unix-socket hook.sock
  kill -KILL "$first" && wait "$first" || :
  pd-listen --unix-socket hook.sock >second.ndjson 2>second.log 3>&- &
  second=$!
  wait_for curl -sf --unix-socket hook.sock http://localhost/two
  kill "$second" && wait "$second"
  [[ ! -e hook.sock ]]
  jq -es '.[0].path == "/two"' second.ndjson
}

@test "it speaks TLS" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1
  listen --cert cert.pem --key key.pem
  curl -sf --cacert cert.pem -d '{"a":1}' "https://127.0.0.1:$LISTEN_PORT/secret"
  run -60 curl -s "https://127.0.0.1:$LISTEN_PORT/"
  run ! curl -sf "$LISTEN_URL/"
  end_listen 0
  records_are 'map(.path) == ["/secret"]'
}

@test "output that cannot be written ends it, and nobody is told that his request was received" {
  mkfifo pipe
  pd-listen --port-file port >pipe 2>log 3>&- &
  pid=$!
  exec 8<pipe
  wait_for test -s port
  exec 8<&-
  [[ $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$(<port)/") == 503 ]]
  wait "$pid" || status=$?
  [[ $status == 141 ]]
  pd-listen --port-file port2 >/dev/full 2>log 3>&- &
  pid=$! status=0
  wait_for test -s port2
  [[ $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$(<port2)/") == 503 ]]
  wait "$pid" || status=$?
  [[ $status == 2 ]]
}

@test "a request of a trace tells it" {
  listen
  post / -H 'traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01' -d x
  post / -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  post / -H 'traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01'
  post / -H 'traceparent: nonsense'
  end_listen 0
  records_are '[.[].trace_id] == [null, "4bf92f3577b34da6a3ce929d0e0e4736", null, null] and .[1].parent_span_id == "00f067aa0ba902b7"'
}
