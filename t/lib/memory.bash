# SPDX-License-Identifier: MIT
# What the tests of bounded memory have in common, beside helper.bash: a stream of many failing runs, and
# how much memory a program held at most (VmHWM), which it notes itself when it ends (peak.c), so that no
# test has to look at the right moment.
# shellcheck shell=bash disable=SC2034,SC2154

counter_model=$BATS_TEST_DIRNAME/../share/pd/examples/counter.jq
counter_adapter=$BATS_TEST_DIRNAME/../share/pd/examples/counter-http.jq
PEAK_ALLOWANCE=512 # KiB that a peak differs by from run to run of the same program

# failing_runs N: sets FAILING_RUNS to the name of a stream, made once for a suite: header, N runs that fail in the same
# way, each followed by its failure record, end. Each run has a number, a seed and a plan of its own: two
# commands that take the counter below zero. Starts the counter if the test has not, and
# sets counter_executor to the command that executes sequences against it.
failing_runs() {
  local stream=$BATS_FILE_TMPDIR/failing-$1.ndjson
  [[ ${COUNTER_URL-} ]] || start_counter --bug || return
  counter_executor=("$PD_BIN/pd-exec" -m "$counter_model" -a "$counter_adapter" -u "$COUNTER_URL")
  if [[ ! -s $stream ]]; then
    {
      "$PD_BIN/pd-gen" -m "$counter_model" -n 1 -s 1 | head -n 1
      jq -nc --argjson runs "$1" 'range(1; $runs + 1)
        | {type: "sequence", run: ., seed: ., prefix: ([. % 1000, ./1000 | floor + 1]
            | to_entries | map({id: "c\(.key + 1)", command: {type: "Decrement", by: .value}})), suffix: []},
          (select(. == $runs) | {type: "end", status: 0, counts: {runs: .}})'
    } | "${counter_executor[@]}" --report >"$stream.part"
    (($(jq -n '[inputs | select(.type == "failure" and .failure.name == "never_negative")] | length' "$stream.part") == $1)) ||
      fail "not $1 failures: $stream.part" || return
    mv "$stream.part" "$stream"
  fi
  FAILING_RUNS=$stream
}

# peak_of PROGRAM [ARGUMENT…]: run it, past the capture; sets PEAK to the KiB that it held at most, and
# STATUS to its exit status. Programs of the same name that it starts count as well.
peak_of() {
  local library=$BATS_FILE_TMPDIR/peak.so folder
  grep -q libasan <(ldd "$PD_BIN/$1") && skip "the sanitizer holds what is freed"
  [[ -e $library ]] || cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$library" "$BATS_TEST_DIRNAME/lib/peak.c" || return
  folder=$(mktemp -d "$BATS_TEST_TMPDIR/.pd/peak.XXXXXX")
  STATUS=0
  PD_PEAK_FOLDER=$folder LD_PRELOAD=$library "$PD_BIN/$1" "${@:2}" || STATUS=$?
  PEAK=$(cat "$folder/$1".* | sort -n | tail -n 1)
  [[ $PEAK ]] || fail "$1 noted no peak: it ended with status $STATUS"
}

# assert_bounded STATUS PROGRAM [ARGUMENT…]: on 10,000 failing runs, read from standard input, it ends with
# this status and needs no more memory than on 1,000. For a program that executes sequences again, call
# failing_runs before, and give it -- "${counter_executor[@]}".
assert_bounded() {
  local small
  failing_runs 1000 || return
  peak_of "${@:2}" <"$FAILING_RUNS" >/dev/null || return
  small=$PEAK
  failing_runs 10000 || return
  peak_of "${@:2}" <"$FAILING_RUNS" >/dev/null || return
  printf "# %.60s: %s KiB for 1,000 failing runs, %s KiB for 10,000\n" "${*:2}" "$small" "$PEAK" >&3
  ((STATUS == $1)) || fail "status $STATUS, not $1" || return
  ((PEAK <= small + PEAK_ALLOWANCE)) || fail "${*:2} grew from $small KiB to $PEAK KiB"
}
