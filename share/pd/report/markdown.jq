# SPDX-License-Identifier: MIT
# For tickets, pull requests and job summaries.
module {"name": "markdown", "description": "for tickets and job summaries"};
include "common";

def header($o): empty;

# Data must not become markup, nor end the table's cell.
def escaped: gsub("(?<c>[\\\\`*_\\[\\]<>#|~])"; "\\\(.c)") | gsub("[\\r\\n]+"; " ");
# A code block's fence is longer than any run of backticks inside.
def fenced($language):
  ([match("`{3,}"; "g").length] | max // 2) as $longest
  | ("`" * ($longest + 1)) as $fence | "\($fence)\($language)\n\(.)\n\($fence)";

def row($failure):
  . as $item
  | [$failure.events[] | select(.id == $item.id) | .event | domain_object(200)] as $events
  | "| \(if $failure.failure.id == .id then "**\(.id)**" else .id end) | \(.command | domain_object(200) | escaped) | \($events | join("; ") | escaped) |";

def failure($o):
  . as $failure
  | "## \(.failure | headline | escaped)", "",
    "\(.failure.message | escaped)", "",
    (if .failure.data != null then (.failure.data | tojson | fenced("json")), "" else empty end),
    "\(size_text); run \(.run), seed \(.seed).", "",
    "| id | command | observed |", "|---|---|---|",
    (items[] | row($failure)), "",
    (if .state_before != null and .state != null then
       ([differences(.state_before; .state) | "- \(.path): \(.before | brief(200))", "+ \(.path): \(.after | brief(200))"]
        | if . == [] then empty else "State before \($failure.failure.id) and at the failure:", "", (join("\n") | fenced("diff")), "" end)
     else empty end),
    "Run this sequence again:", "", (reproduce_sequence | fenced("sh")), "",
    "Generate the whole run again:", "", (reproduce_whole | fenced("sh")), "";

def summary($o):
  "**\(outcome_text)** in \(.seconds) s\(if .seed != null then ", seed \(.seed)" else "" end).",
  (if .failures != {} then "", (.failures | to_entries[] | "- \(.key | escaped): \(.value)") else empty end),
  (.problems | if length > 0 then "", (.[] | "- **nothing is proved**: \(escaped)") else empty end);
