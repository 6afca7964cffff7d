# SPDX-License-Identifier: MIT
# Sequence diagrams for websequencediagrams.com and what reads its language.
module {"name": "websequence", "description": "sequence diagram, for WebSequenceDiagrams", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

# The language has no escapes, but takes \n for the end of a line: a sign that
# looks like a backslash stands for one. Quotes end the name of a participant.
def quoted: gsub("\\\\"; "\u29f5");
def name: "\"\(quoted | gsub("\""; "'"))\"";
def lines($o; $columns): sequence::spoken($o; $columns) | map(quoted) | join("\\n");

def lane: if . == null then "S" else "L\(.)" end;
def step($o):
  (if .marked then "(!) " else "" end) as $sign
  | if .kind == "call" then
      "\(.lane | lane)->S: \($sign)\(lines($o; 64))", (select(.again | not) | "activate \(.lane | lane)")
    elif .kind == "reply" then
      "S-->\(.lane | lane): \($sign)\(if .lost then "(lost) " else "" end)\(lines($o; 64))", (select(.again | not) | "deactivate \(.lane | lane)")
    elif .kind == "note" then "note over \(if .lane == null then "S" else "\(.lane | lane),S" end): \(lines($o; 56))"
    elif .kind == "branches" then if .on then {open: "par \(sequence::branches_text)"} else {close: "end"} end
    else "note over L0,S: \(.text | quoted)" end;

def run($o):
  sequence::of_run($o)
  | ["title \([.title, .subtitle // empty] | map(quoted) | join("\\n"))",
     (.lanes | to_entries[] | "participant \(.value | name) as L\(.key)"),
     "participant \(.system | name) as S",
     (.steps[] | step($o))]
  | sequence::indented;
