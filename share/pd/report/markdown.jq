# SPDX-License-Identifier: MIT
# For tickets, pull requests and job summaries; for more than runs and their failures
# see markdown_more.jq.
module {"name": "markdown", "description": "for tickets and job summaries", "extension": "md"};
include "text";
include "common";

def header($o): empty;

# Data must not become markup; in code it also is no mention of a person.
def escaped: gsub("(?<c>[\\\\`*_\\[\\]<>#|~&@])"; "\\\(.c)");

# Code's fence is longer than any run of backticks inside.
def backticks($least): "`" * ([match("`+"; "g").length + 1] + [$least] | max);
def code:
  backticks(1) as $fence | (if test("\\A`|`\\z") then " \(.) " else . end) | "\($fence)\(.)\($fence)";
def fenced($language): backticks(3) as $fence | "\($fence)\($language)", ., $fence, "";

# A table's cell ends at a bar, even in code.
def cell: gsub("\\|"; "\\|");
def code_cell: code | cell;

def row($item):
  sent($item.id) as $sent
  | [observed($item.id) | domain_object(200) | code_cell] as $events
  | "| \($item.id | if $item.failed then "**\(.)**" else . end) "
    + "| \(.refs as $refs | $item.command | object_text(.type; command_fields($refs)) | code_cell) "
    + "| \(if $sent == null then "not executed"
          else $events + [$sent | select(.outcome != "ok") | .outcome] | join("<br>") end) |";

def change: "\(select(has("before")) | "- \(.path): \(.before | brief(200))")",
            "\(select(has("after")) | "+ \(.path): \(.after | brief(200))")";

# The same failure was told before, and smaller.
def once_more($o):
  "**Again**: \(.failure | headline | escaped); \(run_text), \(size_text)"
  + "\(if $o.saved then "; saved as \($o.saved | visible | code)" else "" end).", "";

# The data of the failure, or the drawing of the run that explains it, come before the
# sequence.
def whole($o; data):
  .failure as $cause
  | [differences | change] as $changes
  | "## \($cause | headline | escaped)", "",
    ([$cause.message | text_lines] | join("\n") | fenced("text")),
    data,
    "\(size_text); \(run_text).", "",
    "| id | command | observed |", "|---|---|---|",
    row(items[] | .failed = (.id == $cause.id)), "",
    (if $changes != [] then "State before \($cause.id // "the last step") and at the failure:", "",
       ($changes | join("\n") | fenced("diff")) else empty end),
    (reproduce_sequence | "Run this sequence again:", "", fenced("sh")),
    (reproduce_run | "Generate the whole run again:", "", fenced("sh")),
    (select($o.saved) | "Saved as \($o.saved | visible | code); to go through it:", "",
       (replay_file($o.saved) | fenced("sh")));

def told($o; whole): if $o.again > 0 and .shrunk == null then once_more($o) else whole end;
def data_block: .failure.data | values | text | fenced("json");
def failure($o): told($o; whole($o; data_block));

def summary($o):
  "**\(outcome_text)** in \(.seconds) s\(if .seed != null then ", seed \(.seed)" else "" end).",
  (if .failures != {} then "", (.failures | to_entries[] | "- \(.key | visible | code): \(.value)") else empty end),
  (if .problems != [] then "",
     (.status as $status | .problems[]
      | "- \(if $status == 1 then "trouble as well" else "**nothing is proved**" end): \([text_lines] | join(" ") | escaped)")
   else empty end),
  ($o.left_out // empty | "", "\(plural("failure")) found no room on this page."),
  (saved_text, unshown_text | "", "\(escaped).");
