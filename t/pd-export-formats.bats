#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-export: what is particular to JavaScript, HTTPie, notebooks, Elixir, Postman, k6, .http files and HTTP archives.
# That they find toybank's bugs is in pd-export-toybank-*.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # data in quotes; tests are shells of their own; variables of and for the helpers

load lib/helper
load lib/export

scripts=(javascript httpie jupyter jest elixir exunit livebook)

setup() {
  pd_setup
  allow_unknown=(export_plan)
}

teardown() {
  pd_teardown
}

@test "ids of bodies and headers are kept, requests repeated, and secrets taken from the environment" {
  local format
  failing_order
  url=$SERVER_URL
  start_shop
  for format in "${scripts[@]}" postman k6; do
    export_failure "$format" out
    run ! grep -E 's3cret|hunter2|tok-' "$(export_name "$format")"
    run run_export "$format" "$url"
    ((status)) || fail "$format does without its secrets"
    [[ $format == postman ]] || assert_output_has 'the requests need this secret'
    SHOP_KEY=s3cret PASSWORD=hunter2 assert_reproduces "$format" out "$url"
    SHOP_KEY=s3cret PASSWORD=hunter2 assert_not_reproduced "$format" out "$SERVER_URL"
    # A wrong one: it could not be found out.
    SHOP_KEY=wrong PASSWORD=hunter2 run run_export "$format" "$url"
    case $format in javascript | httpie | jupyter | elixir | livebook | k6) assert_status 2 ;; *) assert_status 1 ;; esac
  done
}

# say_in_shop TEXT-FILE: what it says is sent by pd-exec, and kept in expected.
said_by_pd_exec() {
  jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [],
    prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}' "$1" | fail_in_shop --conform
  mv said expected
}

# sent_alike FORMAT: what it sends is what pd-exec sent, byte for byte.
sent_alike() {
  assert_reproduces "$1" out "$SERVER_URL"
  cmp expected said
  rm said
  [[ ! -e pwned ]]
}

@test "any string is data: what scripts send is what pd-exec sent, byte for byte" {
  local text
  start_shop --bug
  {
    while IFS= read -r -d '' text; do say "$text" json key body form query path stdin env argv; done < <(printf '%s\0' \
      "it's \"quoted\"" '`id` $(touch pwned) ${HOME} #{System.halt(3)} !! \ \n %s %41' $'two\nlines\n\r\t\e[31m\x7f' \
      "]]> </script> <!-- {{x}} \${{y}} <%= z %> */ // #" $'😀 \u0645\u0631\u062d\u0628\u0627 \u202eabc\u2028' -n --help @file \
      '&a=b;c|d>e*?[a-z]~#' "'''\"\"\"'")
    say __proto__ json key body form query path
    say constructor key
    say '=x' header
    say '' json key body form query
    jq -cn '("a\u0000b", ("x" * 100000), ("\u0027\"\\$`\n#{" * 20000)) as $text
      | ("json", "body", "form") | {type: "Say", how: ., $text}'
    say 'the end.' json
  } >commands
  said_by_pd_exec commands
  export SHOP_KEY=s3cret
  for format in javascript jupyter elixir; do sent_alike "$format"; done
  # HTTPie takes a second for a request.
  {
    say "it's \"\$(touch pwned)\" \\"$'\n'"{{x}} 😀 @file" json key body form query path
    say '=x\=y\:z' header
    say 'the end.' json
  } >commands
  said_by_pd_exec commands
  sent_alike httpie
}

@test "any string is data in collections, k6 and .http files, or is refused" {
  local text
  start_shop --bug
  {
    while IFS= read -r -d '' text; do say "$text" json key form query path; done < <(printf '%s\0' \
      "it's \"quoted\"" '`id` $(touch pwned) ${HOME} #{System.halt(3)} !! \ \n %s %41' $'two\nlines\n\r\t\e[31m\x7f' \
      "]]> </script> <!-- {{BASE_URL}} {{\$guid}} \${{y}} <%= z %> */ // #" \
      $'😀 \u0645\u0631\u062d\u0628\u0627 \u202eabc\u2028' -n @file '&a=b;c|d>e*?[a-z]~#+ ')
    say $'two\nlines of "text" \\ 😀 %41 &' body
    say 'a b=c' header
    say __proto__ json key form query path
    jq -cn '("a\u0000b", ("x" * 100000), ("\u0027\"\\$`\n#{{x}}" * 2000)) as $text
      | ("json", "form") | {type: "Say", how: ., $text}'
    say 'the end.' json
  } >commands
  said_by_pd_exec commands
  export SHOP_KEY=s3cret
  for format in postman k6; do sent_alike "$format"; done
  export_failure http out
  run_export http "$SERVER_URL" >http.log
  cmp expected said
  rm said
  # What would be taken for variables is refused.
  for how in body header; do
    { say '{{BASE_URL}}' "$how"; say 'the end.' json; } >commands
    said_by_pd_exec commands
    for format in postman http; do
      run -2 --separate-stderr pd-export -f "$format" out
      assert_stderr_has 'takes {{BASE_URL}} for a variable'
    done
    rm -f said
    sent_alike k6
  done
}

@test "numbers keep their digits" {
  start_shop --bug
  {
    printf '{"type":"Say","how":"digits","text":"x","numbers":%s}\n' '[9007199254740993,-12345678901234567890]' \
      '[0.1,1e21,1.5e-7,3.141592653589793,100]'
    say 'the end.' json
  } >commands
  said_by_pd_exec commands
  export SHOP_KEY=s3cret
  for format in python javascript httpie elixir postman k6; do sent_alike "$format"; done
}

@test "an HTTP archive is what its schema says, and .http files are run" {
  failing_order
  pd-export -f har out >it.har
  "$PD_ROOT/t/lib/validate-har" it.har
  run ! grep -E 's3cret|hunter2|tok-' it.har
  assert_json '.[0].log.entries | map(.request.url | sub("^http://[^/]*"; "")) | .[:2] == ["/login", "/orders"]' it.har
  # Their variables stand as they are.
  run -2 --separate-stderr pd-export -f http out
  assert_stderr_has 'cannot percent-encode'
  sequence '{"type":"Login","user":"@mint.c1.user:user-{}","password":"hunter2"}' \
    '{"type":"Order","session":"@c1.session","note":"ab"}' '{"type":"Say","how":"json","text":"the end."}' |
    fail_in_shop --conform --redact password --redact session --redact token --redact X-Api-Key
  export_failure http out
  run ! grep -E 's3cret|hunter2|tok-' requests.http
  run run_export http "$SERVER_URL"
  ((status)) || fail 'a .http file does without its secrets'
  SHOP_KEY=s3cret PASSWORD=hunter2 run -0 run_export http "$SERVER_URL"
  assert_output_has '"state": "done"'
}
