#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The schemas of the records, and t/lib/validate-records, which holds every other test's records
# against them. In t/data/records a file whose name begins with stream- is one for --stream.
# shellcheck disable=SC2154 # variables from bats

load lib/helper

setup() {
  pd_setup
  schemas=$PD_ROOT/share/pd/schema
  valid=$PD_ROOT/t/data/records/valid
  invalid=$PD_ROOT/t/data/records/invalid
  PATH=$PD_ROOT/t/lib:$PATH
}

teardown() {
  pd_teardown
}

record_types() {
  local schema
  for schema in "$schemas"/*.json; do
    schema=${schema##*/}
    [[ $schema == definitions.json ]] || printf '%s\n' "${schema%.json}"
  done
}

# refused_one_by_one FILE: each line of it, and there is one at least.
refused_one_by_one() {
  run --separate-stderr validate-records "$1"
  assert_status 1
  [[ -s $1 ]]
  diff <(seq "$(wc -l <"$1")") <(cut -d: -f2 <<<"$stderr")
}

@test "every valid record is accepted" {
  validate-records "$valid"/*.ndjson
}

@test "every valid stream is accepted" {
  validate-records --stream "$valid"/stream-*.ndjson
}

@test "every invalid record is refused with the message beside it" {
  cd "$invalid"
  GLOBIGNORE='stream-*'
  run --separate-stderr validate-records -- *.ndjson
  assert_status 1
  diff <(cat -- *.err) <(printf '%s\n' "$stderr")
}

@test "every invalid stream is refused with the message beside it" {
  cd "$invalid"
  run --separate-stderr validate-records --stream stream-*.ndjson
  assert_status 1
  diff <(cat stream-*.err) <(printf '%s\n' "$stderr")
}

@test "every invalid file has a message and every message a file" {
  cd "$invalid"
  local file
  for file in *.ndjson; do [[ $(<"${file%.ndjson}.err") == "$file":* ]]; done
  for file in *.err; do [[ -s ${file%.err}.ndjson ]]; done
}

@test "every type of record has valid and invalid examples" {
  local name
  for name in $(record_types); do
    grep -q "^{\"type\":\"$name\"" "$valid"/*.ndjson
    grep -Eq ":[0-9]+: $name" "$invalid"/*.err
  done
}

@test "every schema begins with the type that its file is named for" {
  local name
  for name in $(record_types); do
    jq -e --arg name "$name" '(.properties | keys_unsorted[0]) == "type"
      and .properties.type.const == $name and .required[0] == "type"' "$schemas/$name.json"
  done
}

@test "every schema and every field in it is described" {
  local schema
  for schema in "$schemas"/*.json; do
    jq -e '.["$schema"] == "http://json-schema.org/draft-07/schema#"
      and has("title") and has("description")' "$schema"
    # What stands in allOf are conditions on fields that are described before.
    jq -e '[walk(if type == "object" then del(.allOf) else . end)
            | .. | objects | .properties, .definitions | objects | to_entries[]
            | select(.value | has("description") or has("$ref") | not) | .key] == []' "$schema"
  done
}

@test "a record without one of its required fields is refused" {
  local name
  for name in $(record_types); do
    jq -c --arg name "$name" --argjson required "$(jq '.required - ["type"]' "$schemas/$name.json")" \
      'select(.type == $name) | $required[] as $field | del(.[$field])' "$valid"/*.ndjson
  done >broken.ndjson
  refused_one_by_one broken.ndjson
}

@test "a record with a field of another JSON type is refused" {
  local name fields
  for name in $(record_types); do
    # A field whose schema says nothing takes any JSON.
    fields=$(jq '.properties | del(.type) | to_entries
      | map(select(.value | has("type") or has("enum") or has("const") or has("$ref")) | .key)' \
      "$schemas/$name.json")
    jq -c --arg name "$name" --argjson fields "$fields" 'select(.type == $name)
      | $fields[] as $field | select(has($field))
      | .[$field] |= if type == "array" then "no array" else [] end' "$valid"/*.ndjson
  done >broken.ndjson
  refused_one_by_one broken.ndjson
}

@test "a record may have fields that its schema does not know" {
  jq -c '.later = {"since": "1.1"}' "$valid"/*.ndjson >more.ndjson
  validate-records more.ndjson
}

@test "an unknown type is accepted when it is allowed, and only that one" {
  printf '%s\n' '{"type":"note","text":"x"}' '{"type":"remark"}' >types.ndjson
  validate-records --allow-unknown note --allow-unknown remark types.ndjson
  run --separate-stderr validate-records --allow-unknown note types.ndjson
  assert_status 1
  [[ $stderr == 'types.ndjson:2: unknown type "remark"' ]]
}

@test "a known type must agree with its schema even where it is allowed" {
  run --separate-stderr validate-records --allow-unknown check - <<<'{"type":"check"}'
  assert_status 1
  [[ $stderr == '<stdin>:1: check lacks run, check, pass' ]]
}

@test "records are read from standard input when there is no file, or -" {
  run --separate-stderr validate-records -v <"$valid/checks.ndjson"
  assert_status 0
  [[ $output == "3 valid records in 1 files" ]]
  run --separate-stderr validate-records -v - <"$valid/checks.ndjson"
  assert_status 0
}

@test "success is silent but for -v" {
  run validate-records "$valid/checks.ndjson"
  [[ -z $output ]]
}

@test "the order of records matters only in a stream" {
  validate-records "$valid/checks.ndjson"
  run --separate-stderr validate-records --stream "$valid/checks.ndjson"
  assert_status 1
  assert_stderr_has "checks.ndjson:1: check stands outside of a run"
}

@test "the order of records is judged for each file alone" {
  validate-records --stream "$valid/stream-pass.ndjson" "$valid/stream-pass.ndjson"
}

@test "a stream that was cut short may stop anywhere" {
  local bytes
  for bytes in 10 200 1000 1500; do
    head -c "$bytes" "$valid/stream-fail.ndjson" >cut.ndjson
    validate-records --stream --cut cut.ndjson
    run --separate-stderr validate-records --stream cut.ndjson
    assert_status 1
  done
}

@test "a stream that was cut short must still be right up to there" {
  run --separate-stderr validate-records --stream --cut "$invalid/stream-events-from-2.ndjson"
  assert_status 1
  assert_stderr_has "stream-events-from-2.ndjson:3: event.n is 2 where 1 is due"
}

@test "nesting without end is an error, no crash" {
  { printf '{"type":"check","data":' && head -c 1000000 /dev/zero | tr '\0' '[' && echo; } >deep.ndjson
  run --separate-stderr validate-records deep.ndjson
  assert_status 1
  [[ $stderr == "deep.ndjson:1: nested too deeply" ]]
}

@test "a file that cannot be read is trouble, not an invalid record" {
  run --separate-stderr validate-records missing.ndjson
  assert_status 2
  assert_stderr_has "missing.ndjson: No such file or directory"
}

@test "schemas may be taken from another folder" {
  mkdir other
  printf '{"type": "object", "required": ["text"]}' >other/note.json
  validate-records --schema other - <<<'{"type":"note","text":"x"}'
  run --separate-stderr validate-records --schema other - <<<'{"type":"note"}'
  assert_status 1
  [[ $stderr == "<stdin>:1: note lacks text" ]]
}
