# SPDX-License-Identifier: MIT
# The whole hunt against contrib/toybank, for its suites, beside helper.bash.
# shellcheck shell=bash disable=SC2034,SC2154

examples=$BATS_TEST_DIRNAME/../share/pd/examples
bank=(-m "$examples/toybank.jq")

# minimal BUG: the smallest sequences that show it, in words.
minimal() { sed -n "s/^$1\t//p" "$BATS_TEST_DIRNAME/data/toybank-minimal"; }

# in_words FILE: the shrunk sequences of its failure records, as data/toybank-minimal has them.
in_words() { jq -r -f "$BATS_TEST_DIRNAME/data/toybank-words.jq" "$1"; }

# hunt_once SEED [OPTION of pd-exec…]: the pipeline at this seed, to out and report; sets seconds.
hunt_once() {
  local started=${EPOCHREALTIME//[.,]/} statuses
  local exec=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" "${@:2}")
  pd-gen "${bank[@]}" -n 300 -s "$1" 2>err.gen | timeout 60 "${exec[@]}" --stop-on-failure 2>err.exec |
    timeout 60 pd-shrink "${bank[@]}" -- "${exec[@]}" 2>err.shrink | tee out | timeout 60 pd-report >report &&
    statuses=("${PIPESTATUS[@]}") || statuses=("${PIPESTATUS[@]}")
  seconds=$(((${EPOCHREALTIME//[.,]/} - started) / 1000))
  [[ ${statuses[*]:1} == "1 1 0 1" ]] || fail "seed $1: statuses ${statuses[*]}" "$(cat err.* report)"
}

# hunt_bug BUG: at each of the seeds 1 to 10 the bug is found, and shrunk to one of its
# smallest sequences. Says how long it took and what it cost.
hunt_bug() {
  local seed found executions=() slowest=0
  start_toybank --bugs "$1"
  for seed in 1 2 3 4 5 6 7 8 9 10; do
    hunt_once "$seed"
    assert_json 'map(select(.type == "failure")) | length == 1 and .[0].reproduced and .[0].shrink.stopped == "minimal"' out
    found=$(in_words out)
    minimal "$1" | grep -Fxq "$found" || fail "bug $1, seed $seed: $found" "expected:" "$(minimal "$1")"
    executions+=("$(jq 'select(.type == "failure").shrink.executions' out)")
    ((seconds <= slowest)) || slowest=$seconds
  done
  mapfile -t executions < <(printf '%s\n' "${executions[@]}" | sort -n)
  printf '# bug %s: executions median %s, max %s; the slowest seed took %s ms\n' \
    "$1" "${executions[4]}" "${executions[9]}" "$slowest" >&3
}
