# SPDX-License-Identifier: MIT
# The Test Anything Protocol, version 13, which prove(1) reads: a test for each check,
# each other way to fail and each answer of another program. What could not be judged
# is not ok, as is whatever makes that nothing is proved.
module {"name": "tap", "description": "the Test Anything Protocol, for prove", "extension": "tap",
  "held": true, "whole": true, "locations": true};
include "text";
include "common";
include "cases";
import "terminal_more" as terminal;

def failure($o): select(is_worth_holding($o)) | failure_case($o; terminal::failure_with_branches({color: false, width: 0, number: $o.number, again: 0, saved: $o.saved}));

# A description ends at a "#", and is one line.
def described: split("\n") | join(" ") | visible | gsub("\\\\"; "\\\\") | gsub("#"; "\\#");
def comment: "# \(split("\n")[] | visible)";

# Details in YAML, of which JSON texts are a part that every reader takes, but not when
# they are very long. The comments tell all.
def details:
  "  ---",
  "  message: \(case_message | shortened(2000) | text)",
  "  severity: \(if .result == "error" then "error" else "fail" end)",
  "  kind: \(.group | text)",
  (.location | values | "  file: \(.file | shortened(2000) | text)", (.line | values | "  line: \(.)")),
  "  ...";
def test_line($number):
  "- \(case_name)" as $what
  | if .result == "passed" then "ok \($number) \($what | described)"
    elif .result == "skipped" then "ok \($number) \($what | described) # SKIP \(.title | described)"
    else "not ok \($number) \($what | described)", details,
      (.text | if . == [] then empty else .[] | comment end) end;

def summary($o):
  cases($o.held) as $cases
  | "TAP version 13", "1..\($cases | length)",
    ($cases | to_entries[] | .key as $index | .value | test_line($index + 1)),
    (outcome_text, saved_text, unshown_text | comment);
