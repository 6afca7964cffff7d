#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-report --save: failures kept as files, and what else a report tells than runs and failures.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper
load lib/failures

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# hunt [OPTION…]: a stream of 20 runs against the counter, shrunk, in runs.ndjson.
hunt() {
  start_counter "$@"
  executor=(pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL")
  pd-gen -m "$examples/counter.jq" -n 20 -s 1 | "${executor[@]}" |
    pd-shrink -m "$examples/counter.jq" -- "${executor[@]}" >runs.ndjson || (($? == 1))
}

# many_runs N FILTER…: a stream of N failure records, each changed by the filter; $n counts them.
many_runs() {
  jq -c --argjson count "$1" "del(.sha256) | range(\$count) as \$n | .run = \$n + 1 | $2" \
    "$streams/failures-alone.ndjson" >many.ndjson
}

# --- What is saved ---

@test "what a hunt found is saved, is named for what it is, and the report says how to go through it" {
  hunt --bug
  run -1 --separate-stderr pd-report --save kept/failures runs.ndjson
  files=(kept/failures/*)
  ((${#files[@]} == 1)) && [[ ! $stderr ]]
  [[ ${files[0]} =~ ^kept/failures/[0-9]{8}T[0-9]{6}Z-check_failed-never_negative-seed[0-9]+\.pd\.json$ ]]
  assert_output_has "  Saved as ${files[0]}; to go through it:"
  assert_output_has "    pd-replay -m $examples/counter.jq ${files[0]} -- ${executor[*]}"
  failed=$(grep -c '"type":"failure"' runs.ndjson)
  ((failed > 5))
  assert_output_has "1 failure saved in kept/failures, $((failed - 1)) not (--save-all saves every one)"
}

@test "a file is the failure record with time and hash, valid, and one line" {
  hunt --bug
  run -1 pd-report --save failures runs.ndjson
  (($(wc -l <failures/*.pd.json) == 1))
  "$BATS_TEST_DIRNAME/lib/validate-records" failures/*.pd.json
  diff <(jq -cS 'del(.saved_at, .sha256)' failures/*.pd.json) \
    <(jq -cS 'select(.type == "failure" and .shrunk)' runs.ndjson)
  [[ $(jq -r .sha256 failures/*.pd.json) == "$(sum_of <failures/*.pd.json)" ]]
  saved=$(jq -r '.saved_at | sub("\\.[0-9]+Z$"; "Z") | fromdate' failures/*.pd.json)
  ((saved <= $(date +%s) && saved > $(date +%s) - 60))
  [[ $(basename failures/*.pd.json) == "$(date -u -d "@$saved" +%Y%m%dT%H%M%SZ)"-* ]]
}

@test "the command line in the report executes what was saved, and it fails again" {
  hunt --bug
  run -1 pd-report --save failures runs.ndjson
  line=$(grep -A1 'to go through it:' <<<"$output" | tail -n 1)
  jq -c .shrunk failures/*.pd.json >sequence
  bash -c "${line#* -- }" <sequence >again.ndjson || (($? == 1))
  assert_json 'map(.failure // empty | .name) == ["never_negative"]' again.ndjson
}

@test "a hunt that finds nothing saves nothing, and says so" {
  hunt
  run -0 pd-report --save failures runs.ndjson
  assert_output_has '0 failures saved in failures'
  [[ ! -e failures ]]
}

@test "the first of a kind and name and every shrunk one are saved, with --save-all every one" {
  many_runs 6 'if $n == 3 then . else del(.shrunk, .shrink) end | .seed = $n | if $n > 3 then .failure.name = "other" else . end'
  run -1 pd-report --save some many.ndjson
  assert_output_has '3 failures saved in some, 3 not'
  [[ $(cd some && ls | sed 's/.*Z-//') == check_failed-no_overdraft-seed0.pd.json$'\n'check_failed-no_overdraft-seed3.pd.json$'\n'check_failed-other-seed4.pd.json ]]
  run -1 pd-report --save all --save-all many.ndjson
  assert_output_has '6 failures saved in all'
  [[ $output != *'--save-all'* && $(grep -c 'again: .*; saved as all/' <<<"$output") == 3 ]]
  (($(ls all | wc -l) == 6))
}

@test "a failure without a record is saved as it is reported" {
  run -1 pd-report --save failures "$streams/failing.ndjson"
  run -0 --separate-stderr jq -c '[.type, .failure.name, .original.run, has("shrunk"), (.commands | length)]' failures/*.pd.json
  [[ $output == '["failure","no_overdraft",2,false,'* ]]
  pd-failures check failures
}

@test "each format names the file" {
  for format in terminal compact markdown json; do
    run -1 pd-report --format "$format" --save "$format" "$streams/shrunk.ndjson"
    assert_output_has "$(echo "$format"/*.pd.json)"
  done
  assert_json '.[0] | .failures[0].saved == "'"$(echo json/*.pd.json)"'" and .summary.saved == {directory: "json", files: 1, left_out: 0}'
}

@test "what was redacted stays redacted, and a password in a URL is not kept" {
  cat >adapter.jq <<'END'
include "pd";
def headers: {Authorization: "Bearer hush-1"};
def request: .request + {json: {password: "hush-2"}, path: "/x?token=hush-3"};
def events($c): {type: "Got", reply: .body};
END
  sed 's/^def check.*/def check_answered($e): fail("no"; $e);/' "$BATS_TEST_DIRNAME/data/models/direct.jq" >model.jq
  start_python faulty.py --mode echo
  jq -nc '{type: "sequence", prefix: [{id: "c1", command: {type: "Send", request: {}}}]}' >plan
  (pd-gen -m model.jq -n 1 | head -n 1; cat plan; echo '{"type":"end","status":0,"counts":{}}') |
    pd-exec -m model.jq -a adapter.jq -u "${SERVER_URL/127/user:hush-4@127}" --redact token --redact password --redact text |
    pd-report --save failures >report || (($? == 1))
  grep -q redacted failures/*.pd.json
  run -1 grep -r hush failures report
}

# --- Names ---

@test "nothing is ever overwritten: a name that is taken gets a number" {
  many_runs 40 '.failure.name = "b"'
  for _ in 1 2; do run -1 pd-report --save failures --save-all many.ndjson; done
  (($(ls failures | wc -l) == 80))
  (($(jq -r .sha256 failures/* | sort -u | wc -l) == 80))
  [[ $(ls failures) == *-seed1002-7.pd.json* ]]
  pd-failures check failures >/dev/null
}

@test "names from data make no path and no strange letter, and are cut" {
  failure '.failure.name = "../../é b/\u001b[31m\n'"$(printf 'x%.0s' {1..300})"'" | .failure.kind = "/etc"' >odd.ndjson
  run -1 pd-report --save failures odd.ndjson
  file=$(basename failures/*)
  [[ $file =~ ^[0-9TZ]+-_etc-\.\._\.\.___*_b___31m_x+-seed[0-9]+\.pd\.json$ ]] || fail "$file"
  ((${#file} < 200))
  run -0 pd-failures check failures
  [[ $output == "failures/$file: ok" ]]
}

@test "--overwrite replaces files of the same kind, name and seed, and no others" {
  many_runs 1 .
  run -1 pd-report --save failures many.ndjson
  first=$(echo failures/*)
  many_runs 1 '.seed = 9'; pd-report --save failures many.ndjson || :
  many_runs 1 '.failure.name = "no overdraft"'; pd-report --save failures many.ndjson || :
  head -c 500 "$first" >"${first/%1002.pd.json/1002-99.pd.json}"
  cp "$first" failures/mine.pd.json
  many_runs 1 .
  run -1 pd-report --save failures --overwrite many.ndjson
  [[ ! -e $first ]] || [[ $(jq -r .saved_at "$first") != "$(jq -r .saved_at failures/mine.pd.json)" ]]
  run -0 bash -c "ls failures/* | grep -v -e -99 -e mine | xargs jq -r '[.seed, .failure.name] | join(\" \")' | sort"
  [[ $output == "1002 no overdraft"$'\n'"1002 no_overdraft"$'\n'"9 no_overdraft" ]]
  (($(ls failures | wc -l) == 5))
}

@test "--overwrite does not replace what the same report saved" {
  many_runs 5 '.failure.name = "b"'
  run -1 pd-report --save failures --save-all many.ndjson
  run -1 pd-report --save failures --save-all --overwrite many.ndjson
  assert_output_has '5 failures saved in failures'
  (($(ls failures | wc -l) == 5))
}

@test "files are made with the rights that the umask leaves" {
  (umask 022 && pd-report --save a "$streams/shrunk.ndjson") || (($? == 1))
  (umask 077 && pd-report --save b "$streams/shrunk.ndjson") || (($? == 1))
  [[ $(stat -c %a a/*.pd.json b b/*.pd.json | paste -sd' ') == '644 700 600' ]]
}

# --- Numbers ---

@test "numbers keep every digit and the file stays whole, as it is and after jq rewrote it" {
  numbers='[1e400,12345678901234567890,1.10,1e300,0.0000001,-0,0e10,100e-2,1E+2,123456789012345678901234567890e-400]'
  many_runs 1 ".state = $numbers | .other = ($numbers[:3] + [1e300, 1e-7, 1e17, 12345678901234567000] | map(. * 1))"
  run -1 pd-report --save failures many.ndjson
  grep -qF '"state":[1E+400,12345678901234567890,1.10,1E+300,1E-7,-0,0E+10,1.00,1E+2,1.2345678901234567890123456789' failures/*
  jq -c . failures/2* >failures/compact.pd.json
  jq -cS . failures/2* >failures/sorted.pd.json
  jq -ca . failures/2* >failures/ascii.pd.json
  jq . failures/2* >failures/pretty.pd.json
  run -0 pd-failures check failures
  [[ $(grep -c ': ok$' <<<"$output") == 4 ]]
  assert_output_has 'pretty.pd.json: ok, but over several lines'
}

@test "numbers that were computed, not read, are saved so that they are read the same" {
  run -1 pd-report --save failures "$streams/numbers.ndjson"
  printf '%s\n' '{"type":"run_end","run":1e300,"attempt":1,"status":"fail","failure":{"class":"assertion","kind":"check_failed","message":"m"}}' >hand
  run -1 pd-report --save failures hand
  pd-failures check failures
}

@test "a program that changes numbers damages the file, and check knows rewriting from other damage" {
  many_runs 1 '.state = [1.10, 12345678901234567890]'
  run -1 pd-report --save failures many.ndjson
  python3 -c 'import json, sys; json.dump(json.load(sys.stdin), sys.stdout)' <failures/2* >python.pd.json
  sed 's/"seed":1002/"seed":1003/' failures/2* >bit.pd.json
  run -1 --separate-stderr pd-failures check python.pd.json
  assert_output_has 'python.pd.json: damaged: its sha256 is'
  assert_output_has 'it is not laid out as it was saved: a program that rewrites it must keep every digit'
  run -1 --separate-stderr pd-failures check bit.pd.json
  assert_output_has "if it was changed on purpose, jq -c 'del(.sha256)' makes an unsealed record of it"
}

# --- When saving fails ---

@test "a save that fails is told, the report is written, and the exit status is 2 unless a promise was broken" {
  touch file
  for directory in file file/below /proc/none; do
    run -1 --separate-stderr pd-report --save "$directory" "$streams/shrunk.ndjson"
    assert_stderr_has "$directory"
    assert_output_has 'FAIL 1: check no_overdraft failed'
    assert_output_has "0 failures saved in $directory, 1 not"
    assert_output_has 'trouble as well: 1 failure could not be saved'
    run -2 --separate-stderr pd-report --save "$directory" --save-all "$streams/error.ndjson"
    assert_output_has 'nothing is proved: 2 failures could not be saved'
    (($(grep -c . <<<"$stderr") == 1)) || fail "$stderr"
    run -2 --separate-stderr pd-report --allow-vacuous --save "$directory" "$streams/error.ndjson"
    assert_output_has 'nothing is proved: 1 failure could not be saved'
  done
}

@test "a disk that is full is told, and no part of a file is left" {
  preloaded 'int fsync(int file) { (void)file; errno = ENOSPC; return -1; }'
  LD_PRELOAD=$PRELOADED run -1 --separate-stderr "$PD_BIN/pd-report" --save failures "$streams/shrunk.ndjson"
  assert_output_has 'could not be saved: failures: cannot save a failure: No space left on device'
  [[ -d failures && -z $(ls -A failures) ]]
}

@test "where there are no hard links a file is saved as well, and takes no other's place" {
  preloaded 'int link(const char *from, const char *to) { (void)from; (void)to; errno = EPERM; return -1; }'
  for _ in 1 2; do
    LD_PRELOAD=$PRELOADED run -1 "$PD_BIN/pd-report" --save failures "$streams/shrunk.ndjson"
  done
  (($(ls -A failures | wc -l) == 2))
  pd-failures check failures
}

@test "kill -9 in the middle leaves no file under a final name, and check --repair removes what it leaves" {
  preloaded 'int fsync(int file) { (void)file; return raise(SIGKILL); }'
  LD_PRELOAD=$PRELOADED run -137 "$PD_BIN/pd-report" --save failures "$streams/shrunk.ndjson"
  [[ $(ls -A failures) == .saving-?????? ]]
  run -2 --separate-stderr pd-failures list
  assert_stderr_has 'no failure file found'
  run -2 --separate-stderr pd-failures check
  assert_stderr_has 'left behind by a save that was interrupted (--repair removes it)'
  run -0 --separate-stderr pd-failures check --repair
  [[ -z $(ls -A failures) ]]
}

@test "check --repair leaves a file alone that is still being written" {
  preloaded 'int fsync(int file) { (void)file; return pause(); }'
  LD_PRELOAD=$PRELOADED "$PD_BIN/pd-report" --save failures "$streams/shrunk.ndjson" >/dev/null 2>&1 3>&- &
  wait_for compgen -G 'failures/.saving-*'
  wait_for grep -q . failures/.saving-*
  cp failures/.saving-* failures/.saving-of-mine # no name that a save would give
  touch failures/.saving-abcdef
  run -0 --separate-stderr pd-failures check --repair
  [[ $(ls -A failures | wc -l) == 2 && -e failures/.saving-of-mine && ! -e failures/.saving-abcdef ]]
  kill -KILL $!
  wait $! || (($? == 137))
}

@test "a record that is nested too deeply to be read again is not saved, and that is told" {
  deep=$(printf '[%.0s' {1..250})$(printf ']%.0s' {1..250})
  sed '/"type":"event","run":2/s/"event":{/"event":{"x":'"$deep"',/' "$streams/failing.ndjson" >deep.ndjson
  run -1 --separate-stderr pd-report --save failures deep.ndjson
  assert_output_has 'FAIL 1: check no_overdraft failed'
  assert_output_has 'trouble as well: 1 failure could not be saved: cannot save a failure: the record could not be read again'
  [[ -z $(ls -A failures) ]]
}

@test "usage errors are refused with exit 2" {
  run -2 --separate-stderr pd-report --save '' "$streams/shrunk.ndjson"
  assert_stderr_has 'the name of a directory is empty'
  run -2 --separate-stderr pd-report --overwrite "$streams/shrunk.ndjson"
  assert_stderr_has '--overwrite needs --save DIR'
  run -2 --separate-stderr pd-report --save-all "$streams/shrunk.ndjson"
  assert_stderr_has '--save-all needs --save DIR'
}

# --- What is read ---

@test "saved files are reported like a stream, alone and together" {
  save a . '.seed = 7 | .failure.name = "other"'
  run -1 --separate-stderr pd-report failures/*
  assert_output_has '2 failure records and no run'
  [[ ! $stderr ]]
}

@test "a damaged failure is told with its file and left out, the others are reported" {
  save a . '.seed = 7'
  sed -i 's/"seed":7/"seed":8/' failures/a2.pd.json
  run -1 --separate-stderr pd-report failures/*
  assert_stderr_has 'failures/a2.pd.json:1: the failure is damaged: its sha256 is'
  assert_output_has '1 failure record and no run'
  run -2 --separate-stderr pd-report failures/a2.pd.json
  [[ $output != *'FAIL 1'* ]]
  echo '{"type":"failure","format":2}' >new
  run -2 --separate-stderr pd-report new
  assert_stderr_has 'new:1: the failure cannot be read: its format 2 is newer than this program, which reads 1 (a newer release reads it)'
}

# --- Records of further types ---

# A tree of its own whose terminal and json formats are those of the suite, whose schemas know "finding"
# and "riddle", and whose terminal format has words for findings, and a function named as a run's record.
further_types() {
  mkdir -p tree/bin tree/share/pd/report
  cp "$PD_BIN/pd-report" tree/bin/
  cp "$PD_ROOT"/share/pd/report/*.jq tree/share/pd/report/
  cp -r "$PD_ROOT"/share/pd/{jq,schema} tree/share/pd/
  echo '{}' >tree/share/pd/schema/finding.json
  echo '{}' >tree/share/pd/schema/riddle.json
  cat >>tree/share/pd/report/terminal.jq <<'END'
def finding($o): "found \(.what) after failure \($o.number)", (if .what == 7 then error("seven") else "so it is" end);
def check($o): "never";
def note($o): "never, as no schema knows it";
END
  report=tree/bin/pd-report
}

@test "records that the format has words for are told where they stand" {
  further_types
  { cat "$streams/failures-alone.ndjson"; echo '{"type":"finding","what":5}'; echo '{"type":"note"}'; echo '{"type":"check"}'; } >runs
  run -1 --separate-stderr "$report" runs
  assert_output_has $'found 5 after failure 1\nso it is'
  [[ $output != *never,* && ! $stderr ]]
  grep -n 'FAIL 1\|found 5\|1 failure record' <<<"$output" | cut -d: -f1 | sort -nc
}

@test "a stream of such records alone is a report, and its end gives the exit status" {
  further_types
  echo '{"type":"finding","what":5}' >runs
  run -0 --separate-stderr "$report" runs
  assert_output_has 'found 5 after failure 0'
  assert_output_has '1 result and no run'
  echo '{"type":"end","status":1,"counts":{}}' >>runs
  run -1 --separate-stderr "$report" runs
}

@test "records that the format has no words for are counted, and alone they are nothing" {
  further_types
  { cat "$streams/failures-alone.ndjson"; echo '{"type":"riddle"}'; echo '{"type":"riddle"}'; } >runs
  run -1 "$report" runs
  assert_output_has 'not shown in this format: riddle 2'
  run -1 "$report" --format json runs
  assert_json '.[0].summary.unshown == {riddle: 2}'
  echo '{"type":"riddle"}' >runs
  run -2 "$report" --format json runs
  assert_json '.[0].summary.problems == ["no format that was asked for has words for records of type riddle"]'
}

@test "a record of such a type that cannot be told is trouble, and the rest is reported" {
  further_types
  { echo '{"type":"finding","what":7}'; echo '{"type":"finding",'; echo '{"type":"finding","what":8}'; } >runs
  run -2 --separate-stderr "$report" runs
  assert_stderr_has 'a record could not be reported'
  assert_stderr_has 'runs:2: invalid JSON'
  assert_output_has 'found 8 after'
}

@test "data cannot call a function of the format by its type" {
  for type in bold whole paint ../../x definitions; do echo "{\"type\":\"$type\",\"run\":1}"; done >odd
  cat odd "$streams/passing.ndjson" >runs
  run -0 --separate-stderr pd-report runs
  [[ ! $stderr && $output != *'not shown'* ]]
}
