# SPDX-License-Identifier: MIT
# The whole hunt against contrib/toybank, for its suites, beside helper.bash.
# shellcheck shell=bash disable=SC2034,SC2154

examples=$BATS_TEST_DIRNAME/../share/pd/examples
bank=(-m "$examples/toybank.jq")
drawn=(-n 300)                 # what pd-gen is to draw
stopping=(--stop-on-failure)   # when the hunt is over
seeds=(1 2 3 4 5 6 7 8 9 10)

# minimal BUG: the smallest sequences that show it, in words.
minimal() { sed -n "s/^$1\t//p" "$BATS_TEST_DIRNAME/data/toybank-minimal"; }

# is_minimal BUG WORDS: one of them, or as one says that begins with / and is a regular expression: transfers need
# two accounts, which of them pays is left to chance.
is_minimal() {
  minimal "$1" | grep -Fxq -- "$2" || grep -xEq -f <(minimal "$1" | sed -n 's#^/##p') <<<"$2"
}

# in_words FILE: the shrunk sequences of its failure records, as data/toybank-minimal has them.
in_words() { jq -r -f "$BATS_TEST_DIRNAME/data/toybank-words.jq" "$1"; }

# record_bank [RUNS]: runs of the bank that pass, 20 of which are made once for a suite, to recorded.
record_bank() {
  local kept=$BATS_FILE_TMPDIR/recorded
  if [[ ! -s $kept ]]; then
    start_toybank
    pd-gen "${bank[@]}" -n 20 -s 1 |
      pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --no-exchange >"$kept.part"
    mv "$kept.part" "$kept"
  fi
  awk -v runs="${1-20}" '/^\{"type":"run_start"/ { n++ } n <= runs || /^\{"type":"end"/' "$kept" >recorded
}

# without_check CHECK: the bank's model without it and its trigger, to less.jq.
without_check() {
  awk -v check="$1" '
    $1 == "\"" check "\":" { next }
    index($0, "def check_" check "(") { gone = 1 }
    !gone
    gone && /;$/ { gone = 0 }' "$examples/toybank.jq" >less.jq
  # The list of triggers ends without a comma.
  perl -0pi -e 's/,(\n  \})/$1/' less.jq
  run ! grep -q "check_$1" less.jq
}

# hunt_once SEED [OPTION of pd-exec…]: the pipeline at this seed, to out and report; sets seconds.
hunt_once() {
  local started=${EPOCHREALTIME//[.,]/} statuses
  local exec=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}")
  pd-gen "${bank[@]}" "${drawn[@]}" -s "$1" 2>err.gen | timeout 60 "${exec[@]}" "${stopping[@]}" 2>err.exec |
    timeout 60 pd-shrink "${bank[@]}" -- "${exec[@]}" 2>err.shrink | tee out | timeout 60 pd-report >report &&
    statuses=("${PIPESTATUS[@]}") || statuses=("${PIPESTATUS[@]}")
  seconds=$(((${EPOCHREALTIME//[.,]/} - started) / 1000))
  [[ ${statuses[*]:1} == "1 1 0 1" ]] || fail "seed $1: statuses ${statuses[*]}" "$(cat err.* report)"
}

# hunt_bug BUG [OPTION of pd-exec…]: at each of the seeds the bug is found, and shrunk to one of its smallest
# sequences. Says how long it took and what it cost.
hunt_bug() {
  local seed found executions=() slowest=0
  start_toybank --bugs "$1"
  for seed in "${seeds[@]}"; do
    hunt_once "$seed" "${@:2}"
    assert_json 'map(select(.type == "failure" and .shrink)) | length == 1 and .[0].reproduced and .[0].shrink.stopped == "minimal"' out
    found=$(in_words out)
    is_minimal "$1" "$found" || fail "bug $1, seed $seed: $found" "expected:" "$(minimal "$1")"
    executions+=("$(jq 'select(.type == "failure").shrink.executions | values' out)")
    ((seconds <= slowest)) || slowest=$seconds
  done
  mapfile -t executions < <(printf '%s\n' "${executions[@]}" | sort -n)
  printf '# bug %s: executions median %s, max %s; the slowest seed took %s ms\n' \
    "$1" "${executions[(${#seeds[@]} - 1) / 2]}" "${executions[-1]}" "$slowest" >&3
}

# hunt_waiting BUG [OPTION of pd-exec…]: the same for a bug that takes its time, at all seeds at once, each with a
# bank and a folder of its own.
hunt_waiting() {
  local seed found urls=() hunts=()
  for seed in "${seeds[@]}"; do
    start_toybank --bugs "$1"
    urls[seed]=$TOYBANK_URL
  done
  for seed in "${seeds[@]}"; do
    mkdir "seed-$seed"
    (cd "seed-$seed" && TOYBANK_URL=${urls[seed]} hunt_once "$seed" "${@:2}") 3>&- &
    hunts[seed]=$!
  done
  for seed in "${seeds[@]}"; do
    wait "${hunts[seed]}" || fail "seed $seed"
    assert_json 'map(select(.type == "failure" and .shrink)) | length == 1 and .[0].reproduced and .[0].shrink.stopped == "minimal"' "seed-$seed/out"
    found=$(in_words "seed-$seed/out")
    is_minimal "$1" "$found" || fail "bug $1, seed $seed: $found" "expected:" "$(minimal "$1")"
  done
}

# hunt_race BUG: the same with branches. The debit that lets others in must come first for the others to be lost.
# A delay of up to a millisecond makes that so half of the time, in whatever order the branches stand. On a busy
# machine a debit may take so long that a run fails that never does again, so there are some more to shrink.
hunt_race() {
  drawn=(-n 200 --branches) stopping=(--max-failures 3)
  hunt_bug "$1" --jitter 1ms
  # What the last report says does show it again.
  sed -n '/^  Run this sequence again:/{n;p}' report >again.sh
  grep -q 'pd-exec .* --repeat 100$' again.sh
  run -1 sh again.sh
}
