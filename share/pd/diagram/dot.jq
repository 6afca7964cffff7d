# SPDX-License-Identifier: MIT
# Sequence diagrams for Graphviz, which has no layout for them: every node has its
# place, that of the SVG, and the layout neato keeps it.
module {"name": "dot", "description": "sequence diagram, for Graphviz", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;
import "sequence_svg" as picture;

# In a string of dot quotes and backslashes are escaped, and & begins an entity.
def escaped: gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("&"; "&amp;");
def quoted: "\"\(escaped)\"";
def left_aligned: map(escaped + "\\l") | join("") | "\"\(.)\"";
def attributes: "[\(to_entries | map("\(.key)=\(.value)") | join(", "))]";

# Pixels of the SVG are points here, and y goes up.
def node($name; $x; $y; $look): "\($name) \({pos: "\"\($x | picture::pixels),\(-$y)!\""} + $look | attributes);";
def size($width; $height): {width: ($width / 72 * 1000 | round / 1000), height: ($height / 72 * 1000 | round / 1000), fixedsize: true};
def box($name; $x; $y; $width; $height; $look): node($name; $x + $width / 2; $y + $height / 2; size($width; $height) + $look);
def text($name; $x; $y; $lines; $look):
  ([$lines[] | columns] | max) as $columns
  | node($name; $x + $columns * picture::letter / 2; $y; {shape: "plaintext", width: 0, margin: 0, label: ($lines | left_aligned)} + $look);
def line($name; $x1; $y1; $x2; $y2; $look):
  node("\($name)a"; $x1; $y1; {shape: "point", style: "invis"}), node("\($name)b"; $x2; $y2; {shape: "point", style: "invis"}),
  "\($name)a -> \($name)b \($look | attributes);";

def ink: if .marked then "\"#b01717\"" else "\"#4a7ab0\"" end;
def note_look:
  {failure: ["fdeaea", "b01717"], check: ["fdeaea", "b01717"], state: ["eaf5ee", "2c6e49"], event: ["f0edfa", "5b4a9c"], fault: ["fdf3dc", "8a5a00"]}[.note]
  | {shape: "note", style: "filled", fillcolor: "\"#\(.[0])\"", color: "\"#\(.[1])\"", fontcolor: "\"#\(.[1])\""};

def message($name; $at):
  $at.lanes[.lane] as $lane
  | text("\($name)t"; $at.text; .line_y - (.lines | length) * picture::line_height / 2 - 4 - .below; .lines;
      if .marked then {fontcolor: "\"#b01717\"", fontname: "\"Courier-Bold\""} else {} end),
    (select(.detail != "") | node("\($name)d"; $at.system - 12 - (.detail | columns) * picture::letter / 2; .line_y - 11;
      {shape: "plaintext", width: 0, margin: 0, fontcolor: "\"#5d6975\"", label: (.detail | quoted)})),
    if .kind == "call" then line($name; $lane; .line_y; $at.system; .line_y; {color: ink})
    elif .lost then line($name; $at.system; .line_y; $at.system + ($lane - $at.system) * 0.3; .line_y; {color: ink, style: "dashed", arrowhead: "diamond"})
    else line($name; $at.system; .line_y; $lane + 4; .line_y; {color: ink, style: "dashed"}) end;
def step($name; $at):
  if .kind == "call" or .kind == "reply" then
    .below = .line_y - 8 - .text_y - (.lines | length) * picture::line_height | message($name; $at)
  elif .kind == "note" then
    box($name; $at.text - 4; .y + 4; picture::text_columns * picture::letter + 8; .height - 8; {label: (.lines | left_aligned)} + note_look)
  elif .kind == "branches" and (.on | not) then empty
  else
    text($name; $at.text; .line_y; ["- - - \(if .kind == "branches" then sequence::branches_text else .text end) - - -"]; {fontcolor: "\"#5d6975\""})
  end;
def stamp($name; $o): . as $step | sequence::stamp($o) | text($name; 10; $step.line_y; [.]; {fontcolor: "\"#5d6975\""});

def participant($name; $x; $y):
  node($name; $x; $y; size(columns * picture::letter + 20; 24) + {shape: "box", style: "filled", fillcolor: "\"#e8eef4\"", color: "\"#4a7ab0\"", label: quoted});

def run($o):
  sequence::of_run($o)
  | picture::places($o) as $at
  | picture::placed(34) as $placed
  | [.lanes[], .system] as $names
  | [$at.lanes[], $at.system] as $columns
  | [{open: "digraph sequence {"},
     "graph [layout=neato, inputscale=72, outputorder=nodesfirst, label=\([.title, .subtitle // empty] | map(escaped) | join("\\n") | "\"\(.)\""), labelloc=t, fontname=\"Helvetica-Bold\"];",
     "node [fontname=\"Courier\", fontsize=12, label=\"\"];",
     "edge [arrowsize=0.8];",
     ($placed | picture::bands | to_entries[] | box("band\(.key)"; 6; .value.y; $at.width - 12; .value.height; {shape: "box", style: "filled", color: "\"#f2f5f8\""})),
     ($placed | picture::regions | to_entries[] | box("region\(.key)"; 6; .value.y; $at.width - 12; .value.height; {shape: "box", style: "filled", color: "\"#fdeaea\""})),
     ([$placed | picture::bars] | to_entries[] | box("bar\(.key)"; $at.lanes[.value.lane] - 4; .value.y; 8; .value.height; {shape: "box", style: "filled", fillcolor: "\"#c3d7ed\"", color: "\"#4a7ab0\""})),
     (range($names | length) as $i
      | ($names[$i] | participant("name\($i)"; $columns[$i]; 12)),
        line("life\($i)"; $columns[$i]; 24; $columns[$i]; $placed.y + 14; {dir: "none", style: "dotted", color: "\"#8896a4\""})),
     ($placed.steps | to_entries[] | .key as $i | .value | step("step\($i)"; $at), stamp("at\($i)"; $o)),
     {close: "}"}]
  | sequence::indented;
