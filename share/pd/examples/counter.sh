#!/bin/sh
# SPDX-License-Identifier: MIT
# The counter's adapter as a coprocess in sh, with curl and jq: pd-exec writes one
# JSON request a line, and each gets one line back that carries its id.
#   pd-gen -m counter.jq | pd-exec -m counter.jq -A ./counter.sh -u http://localhost:8080
# Without -u the counter is where COUNTER_URL says. Only answers may go to standard
# output; standard error is free for messages.
# shellcheck disable=SC2016  # the variables in single quotes are jq's

set -u
url=${COUNTER_URL-}
id=0 op='' type='' by=0

# Ask the counter: METHOD PATH [JSON]. Sets status (000 when it cannot be reached) and body.
ask() {
	body=$(curl -s -X "$1" ${3+-d "$3"} -w '\n%{http_code}' "$url$2")
	status=${body##*
}
	body=${body%
*}
}

# Answer the request with what a jq filter makes of the body.
answer() {
	printf '%s\n' "${body:-null}" |
		jq -c --argjson id "$id" --argjson by "$by" --arg status "$status" "{id: \$id} + $1" ||
		printf '{"id":%s,"error":"the counter gave no JSON"}\n' "$id"
}

# Answer a hook: its success, or what went wrong.
hook() {
	case $status in
	200) answer '{}' ;;
	*) answer '{error: "the counter answered \($status)"}' ;;
	esac
}

execute() {
	case $type in
	Increment) ask POST /increment "{\"by\":$by}" ;;
	Decrement) ask POST /decrement "{\"by\":$by}" ;;
	GetValue) ask GET /value ;;
	esac
	case $type.$status in
	Increment.200) answer '{events: [{type: "Incremented", by: $by, value}]}' ;;
	Decrement.200) answer '{events: [{type: "Decremented", by: $by, value}]}' ;;
	Decrement.409) answer '{events: [{type: "Refused", reason: .error, value}]}' ;;
	GetValue.200) answer '{events: [{type: "ValueRead", value}]}' ;;
	*.000) answer '{error: "the counter cannot be reached"}' ;;
	*) answer '{unexpected: "status \($status)"}' ;;
	esac
}

while IFS= read -r request; do
	body=null status=
	eval "$(printf '%s\n' "$request" | jq -r '@sh "id=\(.id) op=\(.op) base=\(.url // "")
		type=\(.command.type // "") by=\(.command.by // 0)"')"
	case $op in
	hello)
		url=${base:-$url}
		answer '{hooks: ["health", "setup_each"]}'
		;;
	health) ask GET /health; hook ;;
	setup_each) ask POST /reset; hook ;;
	execute) execute ;;
	*) answer '{error: "unknown request"}' ;;
	esac
done
