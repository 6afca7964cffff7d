#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-failures: list, show, check and delete, on files that are whole and on all others.
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

# Four failures of two kinds and two models; the third is the newest, the second the oldest, and the
# fourth does not say when it was saved.
four() {
  save f '.saved_at = "2026-03-01T00:00:00.000001Z" | .seed = 11' \
    '.saved_at = "2025-12-31T23:59:59.999999Z" | .seed = 22 | .failure = {class: "execution", kind: "command_timeout", name: "Debit", message: "m"}' \
    '.saved_at = "2026-03-01T00:00:00.000002Z" | .seed = 33 | .model.name = "shop"' \
    'del(.saved_at, .shrunk, .shrink) | .seed = 44'
}

# One file for each way in which a file is none, in failures.
all_kinds_of_damage() {
  save f .
  head -c 700 failures/f1.pd.json >failures/half.pd.json
  : >failures/empty.pd.json
  printf 'no JSON\n' >failures/text.pd.json
  printf '{"a":"\xff"}\n' >failures/bytes.pd.json
  head -c 3000 /dev/zero >failures/zero.pd.json
  sed 's/"format":1/"format":2/' failures/f1.pd.json >failures/newer.pd.json
  sed 's/"format":1,//' failures/f1.pd.json >failures/formatless.pd.json
  sed 's/"seed":[0-9]*/"seed":1/' failures/f1.pd.json >failures/changed.pd.json
  cat failures/f1.pd.json failures/f1.pd.json >failures/twice.pd.json
  printf '[%.0s' {1..100000} >failures/deep.pd.json
  echo '{"type":"run_end"}' >failures/foreign.pd.json
  echo '[1]' >failures/array.pd.json
  mkfifo failures/pipe.pd.json
  mkdir failures/folder.pd.json
  ln -s nowhere failures/link.pd.json
  ln -s /dev/zero failures/endless.pd.json
}

# paths [ARGUMENT…]: what list selects, without folder and suffix, on a line.
paths() { pd-failures list --format json "$@" | jq -r .path | sed 's|.*/||; s|\.pd\.json$||' | paste -sd' '; }

# --- list ---

@test "list is a table of what tells failures apart" {
  four
  run -0 --separate-stderr pd-failures list failures
  [[ ${lines[0]} == 'saved (UTC)          kind             name                 seed  commands  model  file' ]]
  [[ ${lines[1]} == '2026-03-01 00:00:00  check_failed     no_negative_balance  33    '*'  shop   failures/f3.pd.json' ]]
  [[ ${lines[3]} == '2025-12-31 23:59:59  command_timeout  Debit                22    '*'  bank   failures/f2.pd.json' ]]
  [[ ${lines[4]} == '-                    check_failed     no_negative_balance  44    '*'  bank   failures/f4.pd.json' ]]
  ((${#lines[@]} == 5)) && [[ ! $stderr ]]
}

@test "list shows how many commands there are, and from how many they were shrunk" {
  four
  run -0 pd-failures list --format json failures
  "$BATS_TEST_DIRNAME/lib/validate-records" - <<<"$output"
  assert_json '.[0] | .commands > 0 and .original_commands >= .commands'
  assert_json 'map(select(.seed == 44))[0] | .commands > 0 and (has("original_commands") | not)'
  commands=$(jq '[.shrunk | .prefix[], .suffix[], (.branches // [] | .[][]), (.setup // [] | .[]), (.teardown // [] | .[])] | length' failures/f1.pd.json)
  original=$(jq '[.original | .prefix[], .suffix[], (.branches // [] | .[][]), (.setup // [] | .[]), (.teardown // [] | .[])] | length' failures/f1.pd.json)
  pd-failures list failures/f1.pd.json | grep -q " $commands of $original "
}

@test "the newest comes first, or the oldest, and what tells no time last" {
  four
  [[ $(paths failures) == 'f3 f1 f2 f4' ]]
  [[ $(paths --newest failures) == 'f3 f1 f2 f4' ]]
  [[ $(paths --oldest failures) == 'f2 f1 f3 f4' ]]
}

@test "failures are selected by kind, name, seed, model and number, all together" {
  four
  [[ $(paths --kind check_failed failures) == 'f3 f1 f4' ]]
  [[ $(paths --name Debit failures) == 'f2' ]]
  [[ $(paths --seed 44 failures) == 'f4' ]]
  [[ $(paths --model bank failures) == 'f1 f2 f4' ]]
  [[ $(paths --limit 2 failures) == 'f3 f1' ]]
  [[ $(paths --kind check_failed --model bank --oldest --limit 1 failures) == 'f1' ]]
  [[ $(paths --older-than 1h failures) == 'f3 f1 f2' ]]
  save n '.saved_at = (now | strftime("%Y-%m-%dT%H:%M:%S.000000Z"))'
  [[ $(paths --older-than 1h failures) == 'f3 f1 f2' ]]
  [[ $(paths --older-than 36500d failures || :) == '' ]]
}

@test "the order does not depend on the folder's" {
  mkdir a b
  failure '.saved_at = "2026-03-01T00:00:00.000001Z"' >one
  for i in {1..30}; do cp one "a/$i.pd.json"; done
  for i in {30..1}; do cp one "b/$i.pd.json"; done
  [[ $(paths a) == "$(paths b)" && $(paths a) == "$(printf '%s.pd.json\n' {1..30} | LC_ALL=C sort | sed 's/\..*//' | paste -sd' ')" ]]
}

@test "files that cannot be read are listed with the reason, and a warning counts them" {
  all_kinds_of_damage
  run -0 --separate-stderr timeout 20 pd-failures list
  [[ ${lines[1]} == *failures/f1.pd.json ]]
  for name in half empty text bytes zero newer formatless changed twice deep foreign array pipe folder link endless; do
    assert_output_has "failures/$name.pd.json: "
  done
  [[ $stderr == 'pd-failures: 16 of 17 files are no failure that can be read: pd-failures check says why' ]]
  [[ $(paths --limit 100) == f1 ]]
}

@test "compact and markdown are for logs and tickets" {
  four
  echo '{' >failures/bad.pd.json
  run -0 --separate-stderr pd-failures list --format compact failures
  [[ ${lines[2]} == *' saved=2025-12-31T23:59:59.999999Z kind=command_timeout name=Debit seed=22 '*' file=failures/f2.pd.json' ]]
  [[ ${lines[4]} == *'condition=damaged '*' file=failures/bad.pd.json reason="'* ]]
  run -0 --separate-stderr pd-failures list --format markdown failures
  [[ ${lines[2]} == '| `2026-03-01 00:00:00` | `check_failed` | `no_negative_balance` | `33` '* ]]
  [[ ${lines[-1]} == '- failures/bad.pd.json: damaged'* ]]
}

@test "no value and no file's name takes the terminal over" {
  save f '.failure.name = "\u001b[31mred" | .failure.kind = "a\nb" | .model.name = "\u202e"'
  cp failures/f1.pd.json $'failures/\e[2J\n.pd.json'
  echo x >$'failures/bad\e[2J.pd.json'
  for verb in list check; do
    for format in terminal compact markdown; do
      run --separate-stderr pd-failures "$verb" --format "$format"
      [[ $output != *$'\e'* && $output != *$'\u202e'* ]]
      [[ $(grep -c 'pd\.json' <<<"$output") == 3 ]] # a line each
    done
  done
}

@test "hidden files, files of other names and folders below are left out, with -r folders count" {
  four
  mkdir -p failures/below/deeper failures/.git other
  mv failures/f2.pd.json failures/below/deeper/
  cp failures/f1.pd.json failures/.hidden.pd.json
  cp failures/f1.pd.json failures/.git/g.pd.json
  cp failures/f1.pd.json failures/f1.json
  cp failures/f1.pd.json other/o.pd.json
  ln -s "$PWD/other" failures/link
  ln -s .. failures/below/up
  [[ $(paths failures) == 'f3 f1 f4' ]]
  [[ $(paths -r failures) == 'f3 f1 f2 f4' ]]
  [[ $(paths failures/f1.json failures/link) == 'f1.json o' ]]
}

@test "without operand it is the folder of PD_FAILURES, or failures" {
  run -2 --separate-stderr pd-failures list
  assert_stderr_has "no FILE or DIR is given, PD_FAILURES is not set, and there is no directory 'failures' here"
  four
  mv failures/f2.pd.json .
  [[ $(paths) == 'f3 f1 f4' ]]
  PD_FAILURES=f2.pd.json run -0 paths
  [[ $output == f2 ]]
  PD_FAILURES='' run -0 paths
  [[ $output == 'f3 f1 f4' ]]
}

@test "nothing to list is exit 2, and so is what is not there" {
  mkdir failures
  run -2 --separate-stderr pd-failures list
  [[ $stderr == 'pd-failures: no failure file found; pd-report --save DIR makes them' ]]
  four
  run -2 --separate-stderr pd-failures list --kind liveness
  [[ $stderr == 'pd-failures: none of 4 failure files is selected' && ! $output ]]
  for format in json terminal; do
    run -2 --separate-stderr pd-failures list --format "$format" failures nowhere
    assert_stderr_has 'nowhere: cannot open'
    assert_output_has 'failures/f1.pd.json'
  done
}

# --- show ---

@test "show is the report of each, without summary" {
  four
  run -0 --separate-stderr pd-failures show --kind command_timeout
  assert_output_has 'FAIL 1: Debit got no answer in time'
  assert_output_has 'Saved as failures/f2.pd.json; to go through it:'
  [[ $output != *'no run'* && $output != *'FAIL 2'* ]]
  run -0 pd-failures show failures/f1.pd.json failures/f3.pd.json
  [[ $(grep -c '^FAIL [12]: check no_negative_balance failed$' <<<"$output") == 2 ]]
  run -0 pd-failures show --format markdown --limit 1
  assert_output_has '## check no\_negative\_balance failed'
  run -0 pd-failures show --format json
  assert_json 'length == 4 and all(.[]; .reproduce and .differences and .saved)'
}

@test "show tells files that cannot be shown, shows the others, and exits 2" {
  all_kinds_of_damage
  run -2 --separate-stderr timeout 20 pd-failures show failures/changed.pd.json failures/f1.pd.json failures/foreign.pd.json
  assert_output_has 'Saved as failures/f1.pd.json'
  assert_stderr_has 'failures/changed.pd.json: the failure is damaged: its sha256 is'
  assert_stderr_has 'failures/foreign.pd.json: the failure cannot be read: it is no failure record'
}

# --- check ---

@test "check says of every file what is wrong with it, and never crashes or waits" {
  all_kinds_of_damage
  run -1 --separate-stderr timeout 20 pd-failures check
  assert_output_has 'failures/f1.pd.json: ok'
  assert_output_has 'failures/half.pd.json: damaged: invalid JSON: Unfinished'
  assert_output_has 'failures/empty.pd.json: damaged: it is empty'
  assert_output_has 'failures/text.pd.json: damaged: invalid JSON'
  assert_output_has 'failures/bytes.pd.json: damaged: invalid UTF-8 at byte 7'
  assert_output_has 'failures/zero.pd.json: damaged: invalid JSON: a NUL byte'
  assert_output_has 'failures/newer.pd.json: newer: its format 2 is newer than this program, which reads 1 (a newer release reads it)'
  assert_output_has 'failures/formatless.pd.json: damaged: it has no format that is known'
  assert_output_has 'failures/changed.pd.json: damaged: its sha256 is '
  assert_output_has 'failures/twice.pd.json: damaged: invalid JSON: '
  assert_output_has 'failures/deep.pd.json: damaged: invalid JSON: Exceeds depth limit'
  assert_output_has 'failures/foreign.pd.json: no failure: it is no failure record'
  assert_output_has 'failures/array.pd.json: no failure: it is no failure record'
  for name in pipe folder endless; do assert_output_has "failures/$name.pd.json: damaged: it is no regular file"; done
  assert_output_has 'failures/link.pd.json: damaged: cannot open: No such file or directory'
  ((${#lines[@]} == 17))
  [[ $stderr == 'pd-failures: 16 of 17 files are not ok' ]]
  run -1 --separate-stderr timeout 20 pd-failures check --format json
  "$BATS_TEST_DIRNAME/lib/validate-records" - <<<"$output"
  assert_json 'group_by(.condition) | map({key: .[0].condition, value: length}) | from_entries
    == {ok: 1, damaged: 13, newer: 1, foreign: 2}'
}

@test "each byte that is changed is seen" {
  save f .
  size=$(stat -c %s failures/f1.pd.json)
  mkdir bits
  for ((at = 3; at < size - 2; at += 97)); do
    cp failures/f1.pd.json "bits/$at.pd.json"
    letter=$(tail -c +$((at + 1)) failures/f1.pd.json | head -c 1)
    printf '%s' "$([[ $letter == x ]] && echo y || echo x)" | dd of="bits/$at.pd.json" bs=1 seek=$at conv=notrunc status=none
  done
  run -1 --separate-stderr pd-failures check bits
  ((${#lines[@]} > 20))
  [[ $output != *': ok'* ]]
}

@test "a file without sha256, and one over several lines, are ok with a remark" {
  save f .
  jq -c 'del(.sha256)' failures/f1.pd.json >failures/bare.pd.json
  jq . failures/f1.pd.json >failures/pretty.pd.json
  run -0 --separate-stderr pd-failures check
  assert_output_has 'bare.pd.json: ok, but it has no sha256: damage would not be seen'
  assert_output_has 'pretty.pd.json: ok, but over several lines: jq -c . makes one line of it, as programs read it'
  [[ ! $stderr ]]
}

@test "nothing to check is exit 2, and check does not select" {
  mkdir failures
  run -2 --separate-stderr pd-failures check
  [[ $stderr == 'pd-failures: no failure file found: nothing is checked' ]]
  run -2 --separate-stderr pd-failures check nowhere
  assert_stderr_has 'nowhere: cannot open'
  run -2 --separate-stderr pd-failures check --seed 1
  assert_stderr_has 'check takes all files: it does not select'
}

# --- delete ---

@test "delete deletes what is selected, says so, and nothing else" {
  four
  run -0 --separate-stderr pd-failures delete --kind check_failed --oldest --limit 1
  [[ $output == 'deleted failures/f1.pd.json: check_failed no_negative_balance, seed 11' ]]
  [[ $(ls failures) == f2.pd.json$'\n'f3.pd.json$'\n'f4.pd.json ]]
  run -0 --separate-stderr pd-failures delete --older-than 1d --format json
  assert_json 'map([.path, .deleted]) == [["failures/f3.pd.json", true], ["failures/f2.pd.json", true]]'
  "$BATS_TEST_DIRNAME/lib/validate-records" - <<<"$output"
  run -0 --separate-stderr pd-failures delete failures/f4.pd.json
  [[ -z $(ls failures) ]]
}

@test "a dry run says what would be deleted" {
  four
  for option in -n --dry-run; do
    run -0 --separate-stderr pd-failures delete "$option" --seed 22 failures
    [[ $output == 'would delete failures/f2.pd.json: command_timeout Debit, seed 22' ]]
  done
  (($(ls failures | wc -l) == 4))
}

@test "a folder without a selection is refused, and nothing selected deletes nothing" {
  four
  for arguments in '' failures 'failures/f1.pd.json failures' '--oldest failures' '--force failures'; do
    # shellcheck disable=SC2086 # words
    run -2 --separate-stderr pd-failures delete $arguments
    assert_stderr_has 'which of them?'
  done
  run -2 --separate-stderr pd-failures delete --seed 5
  assert_stderr_has 'nothing is selected, and nothing was deleted'
  (($(ls failures | wc -l) == 4))
}

@test "what is no failure is kept, unless --force is given" {
  four
  echo precious >precious.txt
  head -c 100 failures/f1.pd.json >failures/half.pd.json
  run -2 --separate-stderr pd-failures delete precious.txt failures/half.pd.json failures/f1.pd.json
  assert_stderr_has 'precious.txt: not deleted: damaged: invalid JSON'
  assert_stderr_has '(--force deletes it)'
  assert_output_has 'deleted failures/f1.pd.json'
  [[ -e precious.txt && -e failures/half.pd.json && ! -e failures/f1.pd.json ]]
  run -0 --separate-stderr pd-failures delete --limit 100
  [[ $(ls failures) == half.pd.json ]]
  run -0 --separate-stderr pd-failures delete --force failures/half.pd.json
  assert_output_has 'deleted failures/half.pd.json: damaged'
  [[ -z $(ls failures) ]]
  run -2 --separate-stderr pd-failures delete --force failures
  mkfifo pipe
  run -2 --separate-stderr pd-failures delete --force pipe
  assert_stderr_has 'pipe: not deleted: it is no regular file'
  [[ -p pipe ]]
}

# --- The program ---

@test "what hunts saved can be listed, shown, checked and deleted" {
  start_counter --bug
  pd-gen -m "$examples/counter.jq" -n 20 -s 1 |
    pd-exec -m "$examples/counter.jq" -a "$examples/counter-http.jq" -u "$COUNTER_URL" --report |
    pd-report --save failures --save-all --format compact >report || (($? == 1))
  count=$(grep -c '^FAIL run=' report)
  ((count > 5))
  run -0 pd-failures list
  ((${#lines[@]} == count + 1))
  run -0 pd-failures check
  [[ $(grep -c ': ok$' <<<"$output") == "$count" ]]
  run -0 pd-failures show --format compact
  diff <(sed 's/ saved=[^ ]*//' <<<"$output" | sort) <(grep '^FAIL run=' report | sed 's/ saved=[^ ]*//' | sort)
  run -0 pd-failures delete --limit 1000
  [[ -z $(ls failures) ]]
}

@test "usage errors are refused with exit 2, and say what is right" {
  four
  run -2 --separate-stderr pd-failures
  assert_stderr_has 'what to do is missing: list, show, check or delete'
  run -2 --separate-stderr pd-failures lst
  assert_stderr_has "unknown 'lst' (did you mean list?)"
  run -2 --separate-stderr pd-failures list --knid x
  assert_stderr_has 'did you mean --kind?'
  run -2 --separate-stderr pd-failures list --format tabel
  assert_stderr_has "there is no format 'tabel'"
  run -2 --separate-stderr pd-failures list --older-than 30
  assert_stderr_has "'30' has no unit"
  run -2 --separate-stderr pd-failures list --seed -1
  run -2 --separate-stderr pd-failures list --limit 0
  run -2 --separate-stderr pd-failures list --repair
  assert_stderr_has '--repair is for check'
  run -2 --separate-stderr pd-failures show -n
  assert_stderr_has '--dry-run is for delete'
  run -2 --separate-stderr pd-failures check --force
  assert_stderr_has '--force is for delete'
}

@test "output that cannot be written is told, and a closed pipe is quiet" {
  four
  run -2 --separate-stderr bash -c 'pd-failures list >/dev/full'
  assert_stderr_has 'No space left'
  for i in {1..300}; do cp failures/f1.pd.json "failures/$i.pd.json"; done
  run -0 --separate-stderr bash -c 'pd-failures list --format json | head -n 1'
  [[ ! $stderr ]]
}
