# SPDX-License-Identifier: MIT
# Sequence diagrams for PlantUML.
module {"name": "plantuml", "description": "sequence diagram, for PlantUML", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

# PlantUML has markup, escapes, variables and functions that read files and the
# environment. Characters that may begin any of these, some only where there are
# two of them, are written as numbers, which are looked at after all of them.
def numbers: explode | map("<U+\(hex_digits)>") | join("");
def quoted: gsub("(?<c>\\A\\.|[^A-Za-z0-9 ,.;:(){}\"_/\\x{80}-\\x{10ffff}-]|([:(){}\"_/-])\\2+)"; .c | numbers);
def lines($o; $columns): sequence::spoken($o; $columns) | map(quoted) | join("\\n");

def lane: if . == null then "S" else "L\(.)" end;
def colour: if .marked then "[#B01717]" else "" end;
def note_colour: {failure: "#FDEAEA", check: "#FDEAEA", state: "#EAF5EE", event: "#F0EDFA", fault: "#FDF3DC"}[.note];
def step($o):
  if .kind == "call" then
    "\(.lane | lane) -\(colour)> S : \(lines($o; 64))", (select(.again | not) | "activate \(.lane | lane)")
  elif .kind == "reply" then
    "S -\(colour)->\(if .lost then "x" else "" end) \(.lane | lane) : \(lines($o; 64))", (select(.again | not) | "deactivate \(.lane | lane)")
  elif .kind == "note" then
    "note over \(if .lane == null then "S" else "\(.lane | lane), S" end) \(note_colour) : \(lines($o; 56))"
  elif .kind == "branches" then if .on then {open: "par \(sequence::branches_text)"} else {close: "end"} end
  elif .kind == "omitted" then "... \(.text | quoted) ..."
  else "== \(.text | quoted) ==" end;

def run($o):
  sequence::of_run($o)
  | [{open: "@startuml"},
     "hide footbox",
     (("shadowing false", "ArrowColor #4A7AB0", "NoteBorderColor #8896A4", "ParticipantBackgroundColor #E8EEF4",
       "ParticipantBorderColor #4A7AB0", "SequenceLifeLineBorderColor #8896A4", "SequenceLifeLineBackgroundColor #C3D7ED")
      | "skinparam \(.)"),
     "skinparam sequenceMessageAlign left",
     "title \([.title, .subtitle // empty] | map(quoted) | join("\\n"))",
     (.lanes | to_entries[] | "participant \"\(.value | quoted)\" as L\(.key)"),
     "participant \"\(.system | quoted)\" as S",
     (.steps[] | step($o)),
     {close: "@enduml"}]
  | sequence::indented;
