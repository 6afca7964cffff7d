# SPDX-License-Identifier: MIT
# Sequence diagrams for Mermaid, as GitHub, GitLab and many others draw them.
module {"name": "mermaid", "description": "sequence diagram, for Mermaid", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

# Mermaid ends statements at ; and takes #, < and & for the beginning of markup, %%
# for comments, $$ for formulas. Each of these is written as the number of its
# character; so is the first letter of "end" and "wrap:" at the beginning, and of
# "style" and "classDef", before whose colours it drops a semicolon.
def number: "#\(explode[0]);";
def quoted:
  gsub("(?<c>[#;<>&%$\\\\`~^|]|s(?=tyle)|c(?=lassDef))"; .c | number)
  | if test("\\A(end|wrap|nowrap)\\b"; "i") then (.[:1] | number) + .[1:] else . end;
def lines($o; $columns): sequence::spoken($o; $columns) | map(quoted) | join("<br/>");

def lane: if . == null then "S" else "L\(.)" end;
def across: "Note over L0,S: \(quoted)";
def step($o):
  if .kind == "call" then
    "\(.lane | lane)->>S: \(lines($o; 64))", (select(.again | not) | "activate \(.lane | lane)")
  elif .kind == "reply" then
    "S--\(if .lost then "x" else ">>" end)\(.lane | lane): \(lines($o; 64))", (select(.again | not) | "deactivate \(.lane | lane)")
  elif .kind == "note" then "Note over \(if .lane == null then "S" else "\(.lane | lane),S" end): \(lines($o; 56))"
  elif .kind == "marked" and .on then {open: "rect rgba(208, 32, 32, 0.14)"}
  elif .kind == "branches" and .on then {open: "par \(sequence::branches_text)"}
  elif .kind == "marked" or .kind == "branches" then {close: "end"}
  else .text | across end;

def run($o):
  sequence::of_run($o)
  | [{open: "sequenceDiagram"},
     "title: \(.title | cut(90) | quoted)",
     (.lanes | to_entries[] | "participant L\(.key) as \(.value | quoted)"),
     "participant S as \(.system | quoted)",
     (.subtitle | values | across),
     (sequence::with_marks[] | step($o))]
  | sequence::indented;
