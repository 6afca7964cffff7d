#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-report for CI: JUnit XML, TAP, SARIF and GitHub's annotations, read by those who read them there, and several
# reports from one reading.
# shellcheck disable=SC2154 # variables from bats and the helpers
# shellcheck disable=SC2016 # programs for jq and sh are written in quotes

load lib/helper

setup() {
  pd_setup
  unset -v GITHUB_STEP_SUMMARY
  streams=$BATS_TEST_DIRNAME/data/streams
  examples=$PD_ROOT/share/pd/examples
  packages=$PD_ROOT/build/npm/node_modules
}

teardown() {
  pd_teardown
}

# junit FILE: the schema holds, and another program's reader reads it; that is left in FILE.json.
junit() {
  xmllint --noout --schema "$BATS_TEST_DIRNAME/data/junit.xsd" "$1" || return
  node --input-type=module -e '
    import fs from "node:fs";
    import { parse } from "'"$packages"'/junit2json/dist/esm/index.js";
    console.log(JSON.stringify(await parse(fs.readFileSync(process.argv[1]))));' "$1" >"$1.json"
}

# tap FILE: prove and another reader agree that these tests failed, "1,3"; their results are left in FILE.json.
tap() {
  local failed
  prove --exec cat "$1" >"$1.prove" 2>&1 || :
  ! grep -i 'parse error\|bad plan\|exception' "$1.prove" || return
  failed=$(sed -n 's/^ *Failed tests\?: *//p' "$1.prove" | tr -d ' ')
  [[ $failed == "$2" ]] || fail "prove: $failed" "$(<"$1.prove")" || return
  node "$packages/tap-parser/bin/cmd.cjs" -j 0 <"$1" >"$1.json" || :
  jq -e --arg failed "$2" '[.[] | select(.[0] == "assert")[1]] | (map(select(.ok | not).id | tostring) | join(",")) == $failed' \
    "$1.json" >/dev/null || fail "tap-parser differs: $(jq -c 'map(select(.[0] == "complete"))' "$1.json")"
}

# annotations FILE: as the runner takes the workflow commands of a log apart, an object a line.
annotations() {
  jq -Rc 'def back: gsub("%0D"; "\r") | gsub("%0A"; "\n");
    select(startswith("::") and test("\\A::[a-z]+ "))
    | capture("\\A::(?<level>[a-z]+) (?<properties>[^:]*(:[^:]+)*?)::(?<message>.*)\\z")
    | .properties |= (split(",") | map(capture("(?<key>[a-z]+)=(?<value>.*)")
        | .value |= (back | gsub("%3A"; ":") | gsub("%2C"; ",") | gsub("%25"; "%"))) | from_entries)
    | .message |= (back | gsub("%25"; "%"))' "$1"
}

@test "a check is a case in each format: passed, failed with what reproduces it, or never triggered" {
  run -1 pd-report --format junit,tap,sarif,github -o out "$streams/shrunk.ndjson"
  junit out/report.xml
  assert_json '.[0].testsuite[0] | .name == "bank" and [.tests, .failures, .errors, .skipped] == [2, 1, 0, 1] and
    (.testcase | map({classname, name}) == [{classname: "bank.check", name: "no_overdraft"}, {classname: "bank.check", name: "never"}])
    and (.testcase[0].failure[0] | .type == "check_failed" and .message == "check no_overdraft failed: account acc_7 has -1"
      and (.inner | contains("pd-gen -m models/bank.jq --run-seed 1002 ")))
    and (.testcase[0]["system-out"][0] | contains("+ .accounts.acc_7.balance: -1")) and .testcase[1].skipped' out/report.xml.json
  tap out/report.tap 1
  assert_json '.[0] | map(select(.[0] == "assert")[1]) | .[0].name == "check no_overdraft" and (.[0].diag.message | endswith("has -1"))
    and .[1].skip == "never triggered"' out/report.tap.json
  "$BATS_TEST_DIRNAME/lib/validate-sarif" out/report.sarif
  assert_json '.[0].runs[0] | (.results | length == 1) and (.results[0] | .ruleId == "check/no_overdraft" and .level == "error"
      and .occurrenceCount == 1 and (.codeFlows[0].threadFlows[0].locations | length == 2))
    and (.tool.driver.rules | map(.id) == ["check/no_overdraft", "check/never"]) and .invocations[0].exitCode == 1' out/report.sarif
  annotations out/report.github.txt >told
  assert_json 'length == 1 and (.[0] | .level == "error" and .properties == {file: "models/bank.jq", title: "check no_overdraft failed"}
    and (.message | startswith("account acc_7 has -1\n2 commands, shrunk from 3")))' told
}

@test "a bug of toybank stands at its check in the model, and a control of the same runs is all green" {
  local bugs wanted line
  line=$(grep -n '^def check_no_overdraft' "$examples/toybank.jq" | cut -d: -f1)
  for bugs in 4 ''; do
    start_toybank ${bugs:+--bugs "$bugs"}
    wanted=$([[ $bugs ]] && echo 1 || echo 0)
    pd-gen -m "$examples/toybank.jq" -n 150 -s 1 |
      pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" >"runs$bugs" || (($? == 1))
    run -"$wanted" pd-report --format junit,tap,sarif,github -o "out$bugs" "runs$bugs"
    junit "out$bugs/report.xml"
    "$BATS_TEST_DIRNAME/lib/validate-sarif" "out$bugs/report.sarif"
    annotations "out$bugs/report.github.txt" >"told$bugs"
  done
  assert_json '.[0].testsuite[0] | .failures == 0 and .errors == 0 and .tests > 5' out/report.xml.json
  tap out/report.tap ''
  [[ ! -s told ]]
  jq -c '[.. | objects | select(.physicalLocation?).physicalLocation | [.artifactLocation.uri, .region.startLine]]' out4/report.sarif >where
  assert_json '.[0] | length >= 1 and all(.[1] > 0)' where
  local place
  while read -r place; do # each annotation is on the line where a check of its name is defined
    [[ $(sed -n "${place#*:}p" "${place%%:*}") =~ ^def\ (check|simulate)_ ]] || fail "$place"
  done < <(jq -r '.properties | "\(.file):\(.line)"' told4)
  jq -se 'length >= 1 and all(.[].properties; .line > 0)' told4
  # A model that has changed since has its checks on other lines: the file alone is named.
  jq -c 'if .model.sha256? then .model.sha256 = "\("0" * 64)" else . end' runs4 >changed
  run -1 pd-report --format github changed
  assert_output_has "file=$examples/toybank.jq,title="
  [[ $output != *,line=* && $line -gt 0 ]]
}

@test "nothing that was found out or went wrong is green: errors, answers of other programs, problems" {
  local stream
  for stream in error vacuous cut-off failures-alone; do
    run pd-report --format junit,tap,sarif,github -o "$stream" "$streams/$stream.ndjson"
    ((status > 0))
    junit "$stream/report.xml"
    assert_json '.[0].testsuite[0] | .failures + .errors > 0' "$stream/report.xml.json"
    ! prove --exec cat "$stream/report.tap" >/dev/null 2>&1
    "$BATS_TEST_DIRNAME/lib/validate-sarif" "$stream/report.sarif"
    annotations "$stream/report.github.txt" | grep -q .
  done
  assert_json '.[0].testsuite[0] | .failures == 0 and .errors == 2 and (.testcase | map(.classname) | contains(["bank.unexpected_reply"]))' \
    error/report.xml.json
  assert_json '.[0].runs[0].invocations[0] | .executionSuccessful == false and (.toolExecutionNotifications | length >= 1)' vacuous/report.sarif
  run pd-report --format junit,tap,sarif -o all "$BATS_TEST_DIRNAME"/data/records/valid/{stream-fail,coverages,divergences,flakinesses,linearizations,mutations,replays,verifications,violations,forensics}.ndjson
  junit all/report.xml
  "$BATS_TEST_DIRNAME/lib/validate-sarif" all/report.sarif
  jq -e '[.testsuite[0].testcase[] | [.classname, .name, (if .failure then "failed" elif .error then "error" elif .skipped then "skipped" else "passed" end)]]
    | . as $cases | all((["mutation", "mutation score", "passed"], ["mutation", "mutation score (2)", "failed"], ["coverage", "command 80", "failed"],
        ["coverage", "transition 10", "error"], ["linearization", "history 7", "passed"], ["linearization", "the history", "error"],
        ["flakiness", "run 1, seed 7 (4)", "failed"], ["replay", "check no_overdraft failed; run 1, seed 7 (2)", "skipped"],
        ["forensics", "the log", "passed"], ["violation", "balance at app.log:3", "failed"]);
        .[0] |= "bank.\(.)" | . as $case | $cases | index([$case]))
      and ([.[][0]] | contains(["bank.divergence", "bank.verification"]))' all/report.xml.json
}

@test "texts of others stay texts in every format, of 100 kB and of any character" {
  jq -c -f "$BATS_TEST_DIRNAME/data/reports/nasty.jq" "$streams/shrunk.ndjson" | sed 's/LONE/\\udc00/g' >nasty
  local format
  for format in junit tap sarif github terminal compact markdown json html; do
    run -1 --separate-stderr pd-report --format "$format=report.$format" nasty
    [[ -z $stderr ]] || fail "$format" "$stderr"
    [[ $format == json || $format == html ]] || ! grep -qaP '[\x00-\x08\x0b-\x1f\x{202e}\x{2028}]' "report.$format" || fail "$format"
  done
  junit report.junit
  assert_json '.[0].testsuite[0] | .tests == 6 and (.testcase[0].failure[0].message | contains("]]> </script><!-- & &amp; | # SKIP"))' \
    report.junit.json
  tap report.tap 1,6
  assert_json '.[0] | map(select(.[0] == "assert")[1]) | (map(.skip) | map(select(. != false)) == ["never triggered", "never triggered"])' \
    report.tap.json
  "$BATS_TEST_DIRNAME/lib/validate-sarif" report.sarif
  [[ $(grep -c '^::' report.github) == 2 && $(wc -l <report.github) == 3 ]]
  annotations report.github >told
  assert_json '.[0] | (.properties | keys == ["file", "title"] and (.title | contains("%0A%25:, ::error:: ##[error]")))
    and (.message | contains("a\nb\nc    d"))' told
  assert_json '.[0] | .failures | length == 1' report.json
}

@test "in a job of GitHub the markdown report is added to the job's summary, up to its size" {
  echo before >summary
  GITHUB_STEP_SUMMARY=summary run -1 pd-report --format github,junit=r.xml "$streams/shrunk.ndjson"
  [[ $output == '::error file='* ]]
  [[ $(sed -n '1,2p' summary) == $'before\n## check no\\_overdraft failed' ]]
  jq -c 'range(30) as $i | .failure |= (.name = "n\($i)" | .message = "x" * 60000)' "$streams/failures-alone.ndjson" >many
  GITHUB_STEP_SUMMARY=large run -1 pd-report --format github many
  (($(stat -c %s large) < 1000000 && $(stat -c %s large) > 800000))
  grep -qE '^[0-9]+ failures found no room on this page\.$' large
  tail -n 1 large | grep -q . # the summary is there all the same
  GITHUB_STEP_SUMMARY='' run -1 pd-report --format github "$streams/shrunk.ndjson"
}

@test "formats without a file of their own go to standard output, a file or a folder" {
  local format
  run -1 pd-report --format terminal,junit=a.xml,json=a.json "$streams/failing.ndjson"
  assert_output_has 'FAIL 1: check no_overdraft failed'
  for format in junit=a.xml json=a.json; do
    pd-report --format "${format%=*}" "$streams/failing.ndjson" | cmp - "${format#*=}"
  done
  run -1 pd-report --format terminal=-,junit --format markdown -o deep/er "$streams/failing.ndjson"
  assert_output_has 'FAIL 1: '
  pd-report --format markdown "$streams/failing.ndjson" | cmp - deep/er/report.md
  run -1 pd-report --format junit -o deep/er/ "$streams/failing.ndjson"
  cmp deep/er/report.xml a.xml
  run -1 pd-report -o deep "$streams/failing.ndjson"
  grep -q '^FAIL 1' deep/report.txt
}

@test "formats that cannot go where they are sent are refused before a file is emptied" {
  echo kept >kept
  local arguments
  while read -r arguments; do
    # shellcheck disable=SC2086 # words
    run -2 --separate-stderr pd-report $arguments "$streams/passing.ndjson"
    [[ $stderr == pd-report:* && -z $output && $(<kept) == kept ]] || fail "$arguments" "$stderr"
  done <<'EOF'
--format terminal,junit
--format junit=kept,tap=kept
--format junit=kept -o other
--format junit=kept,nonsense=b
--format junit= -o kept
--format ,junit -o kept
--format junit=-,tap=-
--format junit,tap -o kept
--output= --format junit
EOF
  run -2 --separate-stderr pd-report --format terminal,junit "$streams/passing.ndjson"
  assert_stderr_has '2 formats cannot share standard output (give them files: --format NAME=FILE, or a folder: --output DIR)'
  run -2 --separate-stderr pd-report --format junit=/dev/full,terminal=x "$streams/passing.ndjson"
  assert_stderr_has '/dev/full: cannot write: No space left on device'
  grep -q '2 passed' x
}

@test "whoever closes standard output early still gets his files" {
  for _ in {1..400}; do cat "$streams/shrunk.ndjson"; done >many
  run -0 bash -c 'pd-report --format terminal,junit=all.xml many | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"'
  [[ $output == 1 ]]
  junit all.xml
}

@test "a format that only a report can use is refused by other programs before they begin" {
  local format program
  for format in junit sarif html; do
    for program in pd-flaky pd-explain pd-verify pd-replay; do
      run -2 --separate-stderr "$PD_BIN/$program" --format "$format" -m "$examples/counter.jq" "$streams/shrunk.ndjson" -- touch begun
      assert_stderr_has "$program: the format $format has no words for a record of type "
    done
    run -2 --separate-stderr pd-diff --format "$format" "$streams/passing.ndjson" "$streams/passing.ndjson"
    run -2 --separate-stderr pd-failures list --format "$format" .
  done
  [[ ! -e begun ]]
  run -0 pd-cover --format html "$streams/passing.ndjson"
  assert_output_has '</html>'
}
