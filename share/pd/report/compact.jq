# SPDX-License-Identifier: MIT
# One line for each failure and one in the end, for logs and grep; compact_more.jq has
# the lines for the rest.
module {"name": "compact", "description": "a line for each failure", "extension": "log"};
include "text";
include "common";

# A value that may be cut out of the line at the blanks.
def word: if test("\\A[^\\s\"\\\\]+\\z") and . == visible then . else text end;

def header($o): empty;
def failure($o):
  "FAIL run=\(.run // "-") seed=\(.seed // "-") kind=\(.failure.kind | word) name=\(.failure.name // "-" | word) "
  + "commands=\(items | length) sequence=\(items | map(.command.type | word) | join(","))"
  + (if $o.saved then " saved=\($o.saved | word)" else "" end) + ": "
  + ([.failure.message | text_lines] | join(" "));
def summary($o):
  (if .status == 0 then "PASS" elif .status == 1 then "FAIL" elif .status == 2 then "TROUBLE" else "INTERRUPTED" end)
  + " runs=\(.counts.runs) passed=\(.counts.passed) failed=\(.counts.failed) errors=\(.counts.errors)"
  + " aborted=\(.counts.aborted) commands=\(.counts.commands) events=\(.counts.events) seed=\(.seed // "-")"
  + (if .saved then " saved=\(.saved.files) left_out=\(.saved.left_out)" else "" end)
  + ([.unshown // {} | to_entries[] | " unshown=\(.key):\(.value)"] | join(""))
  + ([.problems[] | " problem=\(text)"] | join(""));
