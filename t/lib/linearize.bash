# SPDX-License-Identifier: MIT
# What the suites of pd-linearize have in common, beside helper.bash. It is called past the capture: histories
# by the thousand are no stream of runs, and their verdicts are checked one by one.
# shellcheck shell=bash disable=SC2034,SC2154

tools=$BATS_TEST_DIRNAME/lib
bank_model=$BATS_TEST_DIRNAME/data/linearize/bank.jq

# judge STATUS SPEC [OPTION…] <HISTORIES >RECORDS; bank is the model of t/data/linearize.
judge() {
  local status=0 how=(--spec "$2")
  [[ $2 != bank ]] || how=(-m "$bank_model")
  "$PD_BIN/pd-linearize" "${how[@]}" "${@:3}" || status=$?
  ((status == $1)) || fail "pd-linearize ${how[*]} ${*:3}: status $status, not $1"
}

# at PROCESS CALL RETURN write V | read V | cas EXPECTED V OK | increment | enqueue V | dequeue V | audit …: a
# record. RETURN may be null; a last word "unknown" instead of the answer, or after a command without one, is so.
at() {
  local command answer
  case $4 in
    write) command='"Write","value":'$5 answer=${6-} ;;
    read) command='"Read"' answer='"value":'$5 ;;
    cas) command='"CompareAndSet","expected":'$5',"value":'$6 answer='"ok":'$7 ;;
    increment) command='"Increment"' answer=${5-} ;;
    enqueue) command='"Enqueue","value":'$5 answer=${6-} ;;
    dequeue) command='"Dequeue"' answer='"value":'$5 ;;
    *) fail "at: $4" || return ;;
  esac
  case $answer in
    *unknown) answer=null ;;
    '') answer='[]' ;;
    *) answer='[{"type":"Done",'$answer'}]' ;;
  esac
  printf '{"type":"op","process":"%s","call_us":%s,"return_us":%s,"command":{"type":%s},"events":%s}\n' \
    "$1" "$2" "$3" "$command" "$answer"
}

# assert_verdict VERDICT SPEC <HISTORY
assert_verdict() {
  local status=1
  [[ $1 != linearizable ]] || status=0
  output=$(judge "$status" "$2") && assert_json 'map(select(.type == "linearization").verdict) == ["'"$1"'"]'
}
