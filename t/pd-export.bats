#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-export: scripts from failures. What they do to toybank's bugs is in pd-export-toybank-*.bats.
# shellcheck disable=SC2154 # variables of the helpers

load lib/helper
load lib/export

setup() {
  pd_setup
  examples=$PD_ROOT/share/pd/examples
  shop=(-m "$PD_ROOT/t/data/models/shop.jq" -a "$PD_ROOT/t/data/adapters/shop.jq")
  allow_unknown=(export_plan)
}

teardown() {
  pd_teardown
}

start_shop() { start_python shop.py --key s3cret --log "$PWD/said" "$@"; }

# sequence [COMMAND…]: one of these commands, JSON each.
sequence() {
  printf '%s\n' "$@" | jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [],
    prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}'
}

# fail_in_shop [OPTION of pd-exec…]: the sequence on standard input fails, to out.
fail_in_shop() {
  local status=0
  SHOP_KEY=s3cret pd-exec "${shop[@]}" -u "$SERVER_URL" "$@" >out || status=$?
  [[ $status == 1 ]]
}

# An order whose note comes back reversed: logged in by a token in a body, made by a request that is followed by
# another to the place in its header, which is sent again until the order is there.
failing_order() {
  start_shop --bug
  sequence '{"type":"Login","user":"@mint.c1.user:user-{}","password":"hunter2"}' \
    '{"type":"Order","session":"@c1.session","note":"ab"}' \
    '{"type":"Read","session":"@c1.session","order":"@c2.order"}' |
    fail_in_shop --redact password --redact session --redact token --redact X-Api-Key
}

# A counter that goes below zero, to out.
failing_counter() {
  start_counter --bug
  sequence '{"type":"Increment","by":1}' '{"type":"Decrement","by":2}' >sequences
  run -1 --separate-stderr pd-exec -m "$examples/counter.jq" "$@" -u "$COUNTER_URL" sequences
  printf '%s\n' "$output" >out
}

@test "ids of bodies and headers are kept, requests repeated, and secrets taken from the environment" {
  local format
  failing_order
  url=$SERVER_URL
  start_shop
  for format in curl python stdlib bats pytest; do
    export_failure "$format" out
    # Nothing of the secrets is in the script; without them it does nothing and says which is missing.
    run ! grep -E 's3cret|hunter2|tok-' "$(export_name "$format")"
    run run_export "$format" "$url"
    ((status)) && assert_output_has 'the requests need this secret'
    case $format in curl | python | stdlib) assert_status 2 ;; esac
    SHOP_KEY=s3cret PASSWORD=hunter2 assert_reproduces "$format" out "$url"
    SHOP_KEY=s3cret PASSWORD=hunter2 assert_not_reproduced "$format" out "$SERVER_URL"
    # A wrong one: it could not be found out.
    SHOP_KEY=wrong PASSWORD=hunter2 run run_export "$format" "$url"
    case $format in curl | python | stdlib) assert_status 2 ;; *) assert_status 1 ;; esac
  done
  pd-export -f json out | tee plan | "$PD_ROOT/t/lib/validate-records" -
  assert_json '.[0] | .environment == ["PASSWORD", "SHOP_KEY"] and .warnings == []
    and ([.steps[1].requests[] | .again // [] | map(.equals)]) == [[], ["pending"]]' plan
}

@test "without the model the failure is there when the replies are as they were; without the adapter, too" {
  local format
  failing_counter -a "$examples/counter-http.jq"
  jq -c 'if .type == "stream" then del(.model) else . end' out >no-model
  for format in curl python bats pytest; do assert_reproduces "$format" no-model "$COUNTER_URL"; done
  jq -c 'if .type == "stream" then del(.model, .adapter) else . end' out >alone
  start_counter --bug # which nobody resets
  assert_reproduces curl alone "$COUNTER_URL"
  start_counter
  for format in curl python bats pytest; do assert_not_reproduced "$format" no-model "$COUNTER_URL"; done
  # Where the adapter is not there, values lead from replies to requests.
  failing_order
  jq -c 'if .type == "stream" then .adapter.path = "gone.jq" else . end' out >no-adapter
  run -0 --separate-stderr pd-export -f json no-adapter
  assert_stderr_has "the adapter 'gone.jq' is not there"
  assert_json '.[0].steps[2].requests[0].request.path == ["/orders/", {variable: "c2_order", encode: "uri"}]'
  # A module that has changed is told.
  sed '1s/$/ /' "$PD_ROOT/t/data/models/shop.jq" >shop.jq
  run -0 --separate-stderr pd-export -m shop.jq -f json out
  assert_stderr_has "the model 'shop.jq' has changed"
}

@test "no connection, and a server that answers with something else, are told apart from the failure" {
  failing_order
  export SHOP_KEY=s3cret PASSWORD=hunter2
  for format in curl python stdlib; do
    export_failure "$format" out
    run -2 run_export "$format" http://127.0.0.1:9
    start_counter
    run -2 run_export "$format" "$COUNTER_URL"
    assert_output_has c1
  done
}

# say TEXT HOW…: commands that say it in each of these ways.
say() {
  local how
  for how in "${@:2}"; do
    jq -cn --arg text "$1" --arg how "$how" '{type: (if IN($how; "stdin", "env", "argv") then "Run" else "Say" end),
      $how, text: ($text | if startswith("@") then "@" + . else . end)}'
  done
}

@test "any string is data: what scripts send is what pd-exec sent, byte for byte" {
  local text bodies=(json key body form query) words=(path stdin env argv)
  start_shop --bug
  {
    while IFS= read -r -d '' text; do say "$text" "${bodies[@]}" "${words[@]}"; done < <(printf '%s\0' \
      "it's \"quoted\"" '`id` $(touch pwned) ${HOME} !! \ \n %s' $'two\nlines\n\r\t\e[31m\x7f' \
      "]]> </script> <!-- {{x}} \${{y}} <%= z %>" $'😀 \u0645\u0631\u062d\u0628\u0627 \u202eabc\u2028' -n --help @file \
      '&a=b;c|d>e*?[a-z]~#' "'''\"\"\"'"'"$(touch pwned)"`' '#{`touch pwned`}')
    say $'\ufffd\ufffd' "${bodies[@]}" "${words[@]}" header
    say '' "${bodies[@]}" stdin env argv
    # What no word of a shell can hold, and more than a command line can; and text that was drawn.
    jq -cn '("a\u0000b", ("x" * 100000), ("\u0027\"\\$`\n" * 20000)) as $text
      | ("json", "body", "form") | {type: "Say", how: ., $text}'
    "$python" -c 'import json, random
letters = [chr(code) for code in range(128)] + list("äé€😀\u200f\u202e\ufeff")
for seed in range(8):
    random.seed(seed)
    text = "".join(random.choice(letters) for _ in range(40))
    for how in ("json", "key", "body", "form", "query"):
        print(json.dumps({"type": "Say", "how": how, "text": text}))'
    say 'the end.' json
  } >commands
  jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [],
    prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}' commands | fail_in_shop --conform
  mv said expected
  export SHOP_KEY=s3cret
  for format in curl python stdlib pytest; do
    assert_reproduces "$format" out "$SERVER_URL"
    cmp expected said || fail "$format" "$(tail -n 20 <<<"$output" | cut -c1-300)"
    rm said
  done
  [[ ! -e pwned ]]
  # Bats itself takes minutes for lines of 100 kB.
  grep -v '^.\{5000\}' commands | jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [],
    prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}' | fail_in_shop --conform
  mv said expected
  assert_reproduces bats out "$SERVER_URL"
  cmp expected said
  [[ ! -e pwned ]]
}

@test "programs: redis-cli with a wrong model, whose answers are as they were" {
  start_redis
  pd-gen -m "$examples/redis-wrong.jq" -n 50 -s 1 >sequences
  export REDIS_SOCKET
  run -1 --separate-stderr pd-exec -m "$examples/redis-wrong.jq" \
    -a "$examples/redis-cli.jq" --stop-on-failure sequences
  printf '%s\n' "$output" >out
  for format in curl python bats; do assert_reproduces "$format" out none; done
}

@test "a coprocess cannot be expressed by scripts, but told" {
  failing_counter -A "$examples/counter.py"
  run -2 --separate-stderr pd-export out
  assert_stderr_has 'curl cannot express requests to a coprocess'
  run -0 pd-export -f markdown out
  assert_output_has 'pd-replay'
  run -0 --separate-stderr pd-export --all all out
  assert_stderr_has 'left out: python cannot'
  [[ -n $(echo all/*.md) && ! -e $(echo all/*.sh) ]]
}

@test "each failure of a stream, each format, in a file of its own" {
  start_counter --bug
  pd-gen -m "$examples/counter.jq" -n 30 -s 1 |
    pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL" --max-failures 3 >out || true
  runs=$(jq -r 'select(.type == "run_end" and .failure).run' out | wc -l)
  ((runs >= 3))
  run -0 --separate-stderr pd-export -f curl out
  assert_stderr_has "$((runs - 1)) more failures not exported"
  last=$(jq -r 'select(.type == "run_end" and .failure).run' out | tail -n 1)
  pd-export -f json --run "$last" out | jq -e ".source.run == $last"
  pd-export --all all out
  [[ $(find all -name '*.sh' -perm -u+x | wc -l) == "$runs" && $(find all -name 'test_*.py' | wc -l) == "$runs" ]]
  pd-export -f curl --all only out
  [[ $(find only -type f | wc -l) == "$runs" ]]
  run -2 --separate-stderr pd-export --run 99999 out
  assert_stderr_has 'that run did not fail'
}

@test "formats of one's own: from a file, and found by their names" {
  failing_counter -a "$examples/counter-http.jq"
  mkdir -p mine config/pd/export
  cat >mine/words.jq <<'END'
module {"name": "words", "description": "my words", "file": "{}.txt", "transports": ["http"]};
include "quote";
include "export";
def plan($o): title, (.steps[] | step_words);
END
  cp mine/words.jq config/pd/export/other.jq
  run -0 pd-export -f ./mine/words.jq out
  assert_output_has 'Decrement by=2'
  export PD_EXPORT_PATH=$PWD/mine XDG_CONFIG_HOME=$PWD/config
  run -0 pd-export --list
  assert_output_has 'words        my words'
  assert_output_has other
  run -0 pd-export -f other out
  run -2 --separate-stderr pd-export -f otter out
  assert_stderr_has "there is no format 'otter'"
  printf 'module {"name": "broken"};\ndef plan($o): error("no");\n' >mine/broken.jq
  echo kept >file
  run -2 --separate-stderr pd-export -f broken -o file out
  assert_stderr_has 'broken.jq:2'
  [[ $(<file) == kept ]]
}

@test "what is no failure, what is damaged, and an output that is full, are trouble" {
  failing_counter -a "$examples/counter-http.jq"
  pd-report --format compact --save saved out >/dev/null || true
  pd-export -o script saved/*.pd.json
  [[ -x script ]]
  sed 's/"by":2/"by":3/' saved/*.pd.json >damaged.pd.json
  run -2 --separate-stderr pd-export damaged.pd.json
  assert_stderr_has damaged.pd.json:1
  run -2 --separate-stderr pd-export <<<'{"type":"run_end","run":1,"status":"pass","commands":1,"events":1,"fired":{},"duration_us":1}'
  assert_stderr_has 'there is no failure to export'
  run -2 --separate-stderr pd-export -o /dev/full saved/*.pd.json
  run -2 --separate-stderr pd-export --all x -o y saved/*.pd.json
  jq -c 'del(.. | .exchange?)' out >bare
  run -2 --separate-stderr pd-export bare
  assert_stderr_has 'the failure has no request'
}
