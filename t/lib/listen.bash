# SPDX-License-Identifier: MIT
# For suites of pd-listen.
# shellcheck shell=bash disable=SC2034,SC2154 # variables for the suites; variables from bats and the helper

# listen OPTION…: pd-listen in the background, its records in records.ndjson, its messages in listen.log;
# sets LISTEN_PID, LISTEN_PORT and LISTEN_URL.
listen() {
  rm -f listen.port
  pd-listen --port-file listen.port "$@" </dev/null >records.ndjson 2>listen.log 3>&- &
  LISTEN_PID=$!
  servers+=("$LISTEN_PID")
  wait_for has_port_or_ended listen.port "$LISTEN_PID" || return
  [[ -s listen.port ]] || fail "pd-listen did not start:" "$(<listen.log)" || return
  LISTEN_PORT=$(<listen.port)
  LISTEN_URL=http://127.0.0.1:$LISTEN_PORT
}

# end_listen STATUS: ask pd-listen to end, if it has not, and see that it ends so, with valid records.
end_listen() {
  local status=0
  kill "$LISTEN_PID" 2>/dev/null || :
  wait "$LISTEN_PID" || status=$?
  [[ $status == "$1" ]] || fail "pd-listen ended with $status, not $1:" "$(<listen.log)" || return
  "$PD_ROOT/t/lib/validate-records" records.ndjson
}

# post PATH [CURL OPTION…]: the status that curl got, the body in body.
post() { curl -s --max-time 10 -o body -w '%{http_code}' "${@:2}" "$LISTEN_URL$1"; }

# records_are FILTER: true of the array of all records.
records_are() { jq -es "$1" records.ndjson >/dev/null || fail "not so: $1" "$(<records.ndjson)"; }
