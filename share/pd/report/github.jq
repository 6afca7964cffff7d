# SPDX-License-Identifier: MIT
# Workflow commands for GitHub Actions: an annotation for each kind and name of failure,
# at the check that was broken, for each answer of another program that is no, and for
# whatever makes that nothing is proved. In a job the markdown report goes to its summary.
module {"name": "github", "description": "annotations and job summary for GitHub Actions", "extension": "github.txt", "held": true, "whole": true,
  "locations": true, "also": {"format": "markdown", "append_to": "GITHUB_STEP_SUMMARY", "limit": 1000000}};
include "text";
include "common";
include "cases";

# The runner takes these back; in a property a comma and a colon have a meaning, too.
def message_text: split("\n") | map(visible) | join("\n") | gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
def property_text: message_text | gsub(":"; "%3A") | gsub(","; "%2C");

def annotation($level):
  ([(.location // empty | "file=\(.file | property_text)", (.line | values | "line=\(.)")), "title=\(.title | property_text)"] | join(",")) as $properties
  | "::\($level) \($properties)::\([(.message | select(. != "")), .detail[]] | join("\n") | .[:60000] | message_text)";

def failure($o): select(is_worth_holding($o)) | failure_case($o; empty);

# A line of the log that begins with :: or holds ##[ would be a command: the lines here
# that are none hold numbers and names of record types only.
def summary($o):
  (cases($o.held)[]
   | if .result == "failed" then annotation("error")
     elif .result != "error" then empty
     elif .title == "trouble as well" then annotation("warning")
     else annotation("error") end),
  outcome_text, unshown_text;
