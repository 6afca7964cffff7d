# SPDX-License-Identifier: MIT
# Sequence diagrams for Graphviz: a row of points for each step, a column for each
# who takes part.
module {"name": "dot", "description": "sequence diagram, for Graphviz", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

# In a string of dot quotes and backslashes are escaped, and & begins an entity.
def escaped: gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("&"; "&amp;");
def quoted: "\"\(escaped)\"";
def words($o; $columns): "\"\(sequence::spoken($o; $columns) | map(escaped + "\\l") | join(""))\"";

def attributes: "[\(to_entries | map("\(.key)=\(.value)") | join(", "))]";
def colours: if .marked then {color: "\"#b01717\"", fontcolor: "\"#b01717\"", penwidth: 2} else {} end;
def note_colours:
  {failure: ["fdeaea", "b01717"], check: ["fdeaea", "b01717"], state: ["eaf5ee", "2c6e49"], event: ["f0edfa", "5b4a9c"], fault: ["fdf3dc", "8a5a00"]}[.note]
  | {fillcolor: "\"#\(.[0])\"", color: "\"#\(.[1])\"", fontcolor: "\"#\(.[1])\""};

# The points of a row are P_ROW_COLUMN; the system's column is the last.
def column($system): if . == null then $system else . end;
def step($row; $system; $o):
  if .kind == "call" then
    "P\($row)_\(.lane) -> P\($row)_\($system) \({label: words($o; 60)} + colours | attributes);"
  elif .kind == "reply" then
    "P\($row)_\(.lane) -> P\($row)_\($system) \({label: words($o; 60), dir: "back", style: "dashed", arrowtail: (if .lost then "noneteecross" else "normal" end)} + colours | attributes);"
  else
    (if .kind == "note" then {shape: "note", style: "filled", label: words($o; 56)} + note_colours
     else {shape: "plaintext", fontcolor: "\"#5d6975\"", label: (if .kind == "branches" then sequence::branches_text else .text end | quoted)} end) as $look
    | "N\($row) \($look | attributes);",
      "P\($row)_\(.lane | column($system)) -> N\($row) [dir=none, style=dotted, constraint=false];"
  end;
def row($row; $columns; $o):
  {open: "{ rank=same;"},
  (range($columns) | "P\($row)_\(.) [shape=point, width=0.04, color=\"#8896a4\"];"),
  step($row; $columns - 1; $o),
  {close: "}"};

def run($o):
  sequence::of_run($o)
  | (.lanes | length + 1) as $columns
  | [.steps[] | select(.kind != "branches" or .on)] as $steps
  | [{open: "digraph sequence {"},
     "graph [label=\([.title, .subtitle // empty] | map(escaped) | join("\\n") | "\"\(.)\""), labelloc=t, fontname=\"Helvetica-Bold\", nodesep=0.6, ranksep=0.25, splines=false];",
     "node [fontname=\"Courier\", fontsize=11];",
     "edge [fontname=\"Courier\", fontsize=11, color=\"#4a7ab0\"];",
     {open: "{ rank=same;"},
     ([.lanes[], .system] | to_entries[] | "H\(.key) [shape=box, style=filled, fillcolor=\"#e8eef4\", color=\"#4a7ab0\", label=\(.value | quoted)];"),
     {close: "}"},
     ($steps | to_entries[] | .key as $row | .value | row($row; $columns; $o)),
     (range($columns) as $column
      | "\(["H\($column)", (range($steps | length) | "P\(.)_\($column)")] | join(" -> ")) [dir=none, style=dashed, color=\"#aab5bf\", weight=1000];"),
     {close: "}"}]
  | sequence::indented;
