# SPDX-License-Identifier: MIT
# One line for each failure and one in the end, for logs and grep.
module {"name": "compact", "description": "a line for each failure"};
include "common";

def header($o): empty;
def failure($o):
  "FAIL run=\(.run) seed=\(.seed) kind=\(.failure.kind) name=\(.failure.name // "-") "
  + "commands=\(items | length) sequence=\(items | map(.command.type) | join(",")): "
  + (.failure.message | gsub("\\s+"; " "));
def summary($o):
  (if .status == 0 then "PASS" elif .status == 1 then "FAIL" else "TROUBLE" end)
  + " runs=\(.counts.runs) passed=\(.counts.passed) failed=\(.counts.failed) errors=\(.counts.errors)"
  + " aborted=\(.counts.aborted) commands=\(.counts.commands) events=\(.counts.events) seed=\(.seed // "-")"
  + ([.problems[] | " problem=\(tojson)"] | join(""));
