# SPDX-License-Identifier: MIT
# A sequence diagram as SVG: what sequence.jq lists, from top to bottom. It can
# stand in a page, light or dark: its style names nothing outside of the drawing,
# and a page sets other colours by the custom properties of .sequence.
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

# Sizes in pixels. Letters are monospaced: 0.6 of their height wide.
def letter: 7.3;
def line_height: 15;
def text_columns: 72;
def lane_distance: 92;
def pixels: . * 10 | round | . / 10;

# A page of several drawings needs it once.
def style:
  ".sequence { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; --ink: #1b2733; --faint: #5d6975; --paper: #ffffff; --line: #aab5bf;",
  "  --box: #e8eef4; --bar: #c3d7ed; --edge: #4a7ab0; --band: #f2f5f8; --bad: #b01717; --bad-paper: #fdeaea; --fault: #8a5a00; --fault-paper: #fdf3dc;",
  "  --state: #2c6e49; --state-paper: #eaf5ee; --event: #5b4a9c; --event-paper: #f0edfa; }",
  "@media (prefers-color-scheme: dark) { .sequence { --ink: #e4eaf0; --faint: #9aa7b4; --paper: #14181d; --line: #55626f;",
  "  --box: #26303a; --bar: #2d527d; --edge: #7fb2e6; --band: #1a2027; --bad: #ff9b9b; --bad-paper: #3d1c20; --fault: #e8bd5a; --fault-paper: #372c12;",
  "  --state: #8fd6ab; --state-paper: #17301f; --event: #bfb0f5; --event-paper: #262040; } }",
  ".sequence text { fill: var(--ink); white-space: pre; } .sequence .title { font-size: 15px; font-weight: bold; } .sequence .faint { fill: var(--faint); }",
  ".sequence .paper { fill: var(--paper); } .sequence .band { fill: var(--band); } .sequence .lifeline, .sequence .rule { stroke: var(--line); stroke-dasharray: 3 4; }",
  ".sequence .box { fill: var(--box); stroke: var(--edge); } .sequence .name { text-anchor: middle; font-weight: bold; }",
  ".sequence .bar { fill: var(--bar); stroke: var(--edge); } .sequence .arrow { stroke: var(--edge); stroke-width: 1.5; fill: none; }",
  ".sequence .detail { fill: var(--faint); text-anchor: end; } .sequence .reply .arrow { stroke-dasharray: 5 3; } .sequence .head { fill: var(--edge); }",
  ".sequence .region { fill: var(--bad-paper); } .sequence .marked .arrow { stroke: var(--bad); } .sequence .marked .head { fill: var(--bad); }",
  ".sequence .marked .label, .sequence text.failure { fill: var(--bad); font-weight: bold; }",
  ".sequence .note rect { fill: var(--box); stroke: var(--faint); } .sequence .note .tail { stroke: var(--faint); stroke-dasharray: 2 2; }",
  (["failure", "bad"], ["check", "bad"], ["fault", "fault"], ["state", "state"], ["event", "event"]
   | ".sequence .note.\(.[0]) rect { fill: var(--\(.[1])-paper); stroke: var(--\(.[1])); } .sequence .note.\(.[0]) text:not(.faint) { fill: var(--\(.[1])); }");

# --- Where each step stands ---

# Steps with their lines as they are broken, y, and height; line_y is that of an arrow or a rule.
def placed($top):
  reduce .steps[] as $step ({y: $top, steps: []};
    ($step
     | if .kind == "note" then
         (.note as $note | sequence::note_lines | sequence::broken(text_columns - 3; if $note == "state" then 3 else 6 end)) as $lines
         | . + {$lines, height: (($lines | length) * line_height + 18), line_y: 12}
       elif .kind == "call" or .kind == "reply" then
         (.lines | sequence::broken(text_columns; 4)) as $lines
         | (.detail // "") as $detail
         | ($lines | length + (if $detail == "" or (last | columns) + ($detail | columns) + 2 <= text_columns then 0 else 1 end)) as $n
         | (if .kind == "call" and (.again | not) then 8 else 0 end) as $above
         | . + {$lines, $detail, height: ($n * line_height + $above + 15), text_y: $above, line_y: ($n * line_height + $above + 8)}
       elif .kind == "branches" and (.on | not) then . + {height: 10, line_y: 5}
       else . + {height: 30, line_y: 17} end) as $step
    | .steps += [$step + {y, line_y: (.y + $step.line_y), text_y: (.y + $step.text_y)}]
    | .y += $step.height);

# From consecutive steps that are marked, {y, height} of what lies behind them.
def regions:
  reduce .steps[] as $step ([];
    if $step.marked | not then .
    elif .[-1] and .[-1].y + .[-1].height == $step.y then .[-1].height += $step.height
    else . + [{y: $step.y, height: $step.height}] end);
def bands:
  .y as $end
  | reduce (.steps[] | select(.kind == "branches")) as $step ([];
    if $step.on then . + [{y: $step.y, height: ($end - $step.y)}] else .[-1].height = $step.y - .[-1].y end);

# From a call to its answer a lane is busy.
def bars:
  [.steps[] | select((.kind == "call" or .kind == "reply") and (.again | not))] | group_by(.id)[]
  | select(length == 2) | {lane: .[0].lane, y: .[0].line_y, height: (.[1].line_y - .[0].line_y)};

# --- Pieces ---

def text_at($x; $y; $class): "<text\(if $class then " class=\"\($class)\"" else "" end) x=\"\($x | pixels)\" y=\"\($y | pixels)\">\(xml)</text>";
def arrow_head($x; $y; $to_right):
  (if $to_right then -9 else 9 end) as $back
  | "<path class=\"head\" d=\"M\($x | pixels) \($y)l\($back) -4.5v9z\"/>";
def arrow($from; $to):
  "<path class=\"arrow\" d=\"M\($from | pixels) \(.line_y)H\($to | pixels)\"/>", arrow_head($to; .line_y; $to > $from);
def lost_arrow($from; $to):
  ($from + ($to - $from) * 0.3) as $x
  | "<path class=\"arrow\" d=\"M\($from | pixels) \(.line_y)H\($x | pixels)\"/>",
    "<path class=\"arrow cross\" style=\"stroke-dasharray:none\" d=\"M\($x - 5 | pixels) \(.line_y - 5)l10 10m0 -10l-10 10\"/>";
# What is said stands above its arrow; more of it at the other end of that line.
def message_text($left; $right):
  . as $step
  | (range(.lines | length) as $i | $step.lines[$i] | text_at($left; $step.text_y + ($i + 1) * line_height; "label")),
    (.detail | select(. != "") | text_at($right; $step.line_y - 8; "detail"));

def step_drawn($at):
  if .kind == "call" then message_text($at.text; $at.system - 12), arrow($at.lanes[.lane] + (if .again then 4 else 0 end); $at.system)
  elif .kind == "reply" then
    message_text($at.text; $at.system - 12),
    if .lost then lost_arrow($at.system; $at.lanes[.lane]) else arrow($at.system; $at.lanes[.lane] + 4) end
  elif .kind == "note" then
    . as $step
    | "<path class=\"tail\" d=\"M\((if .lane == null then $at.system else $at.lanes[.lane] end) | pixels) \(.line_y)H\((if .lane == null then $at.text + text_columns * letter else $at.text end) | pixels)\"/>",
      "<rect x=\"\($at.text - 4 | pixels)\" y=\"\(.y + 4)\" width=\"\(text_columns * letter + 8 | pixels)\" height=\"\(.height - 8)\" rx=\"4\"/>",
      (range(.lines | length) as $i | $step.lines[$i] | text_at($at.text + 6; $step.y + 6 + ($i + 1) * line_height; null))
  elif .kind == "branches" and (.on | not) then empty
  else
    (if .kind == "branches" then sequence::branches_text else .text end) as $text
    | "<path class=\"rule\" d=\"M10 \(.line_y)H\($at.width - 10 | pixels)\"/>",
      "<rect class=\"paper\" x=\"\($at.text - 4 | pixels)\" y=\"\(.y + 7)\" width=\"\(($text | columns) * letter + 8 | pixels)\" height=\"18\"/>",
      (.line_y as $y | $text | text_at($at.text; $y + 4; "faint"))
  end;
def group_class: [.kind, .note // empty, if .marked then "marked" else empty end, if .again then "again" else empty end] | join(" ");
def step_group($number; $at; $o):
  "<g class=\"\(group_class)\" data-step=\"\($number)\"\(if .id then " data-id=\"\(.id | xml)\"" else "" end)>",
  step_drawn($at),
  (.line_y as $y | sequence::stamp($o) | text_at(10; $y + 4; "faint")),
  "</g>";
def participant($x; $y):
  (columns * letter + 20) as $width
  | "<rect class=\"box\" x=\"\($x - $width / 2 | pixels)\" y=\"\($y)\" width=\"\($width | pixels)\" height=\"24\" rx=\"4\"/>", text_at($x; $y + 16; "name");

# --- The drawing ---

def places($o):
  (if $o.show_timestamps then 96 else 16 end) as $gutter
  | ([range(.lanes | length) | $gutter + 40 + . * lane_distance]) as $lanes
  | ($lanes[-1] + 16) as $text
  | ($text + text_columns * letter + 18) as $system
  | {$lanes, $text, $system, width: (([(.system | columns * letter + 20) / 2, 12] | max) + $system + 12)};

def elements($o; $inline):
  "sequence-\($o.number // 0)" as $id
  | . as $diagram
  | places($o) as $at
  | ([{text: .title, class: "title"}, (.subtitle | values | {text: ., class: "failure"})]
     | map(.class as $class | [.text | overlap::wrapped((($at.width - 20) / (if $class == "title" then 9.1 else letter end)) | floor; 2)][] | {text: ., $class})) as $above
  | (($above | length) * 20 + 14) as $top
  | placed($top + 34) as $placed
  | ($placed.y + 14) as $bottom
  | "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" class=\"sequence\" width=\"\($at.width | pixels)\" height=\"\($bottom + 36)\" viewBox=\"0 0 \($at.width | pixels) \($bottom + 36)\" role=\"img\" aria-labelledby=\"\($id)-title \($id)-description\">",
    "<title id=\"\($id)-title\">\(.title | xml)</title>",
    "<desc id=\"\($id)-description\">\([.subtitle // empty, "Sequence diagram: \(.lanes | join(", ")) and \(.system), \([.steps[] | select(.kind == "call" and (.again | not))] | length | plural("command"))"] | join(". ") | xml).</desc>",
    (select($inline | not) | "<style>", style, "</style>"),
    "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
    ($above | to_entries[] | .key as $i | .value.class as $class | .value.text | text_at(10; 22 + $i * 20; $class)),
    ($placed | bands[] | "<rect class=\"band\" x=\"6\" y=\"\(.y)\" width=\"\($at.width - 12 | pixels)\" height=\"\(.height)\" rx=\"4\"/>"),
    ($placed | regions[] | "<rect class=\"region\" x=\"6\" y=\"\(.y)\" width=\"\($at.width - 12 | pixels)\" height=\"\(.height)\" rx=\"4\"/>"),
    ([$at.lanes[], $at.system][] | "<path class=\"lifeline\" d=\"M\(pixels) \($top + 24)V\($bottom)\"/>"),
    ($placed | bars | "<rect class=\"bar\" x=\"\($at.lanes[.lane] - 4 | pixels)\" y=\"\(.y)\" width=\"8\" height=\"\(.height)\"/>"),
    ($placed.steps | to_entries[] | .key as $number | .value | step_group($number; $at; $o)),
    (($top, $bottom) as $y
     | (range($diagram.lanes | length) as $i | $diagram.lanes[$i] | participant($at.lanes[$i]; $y)),
       ($diagram.system | participant($at.system; $y))),
    "</svg>";

# As pd-diagram draws it, one text; $inline is without the style, which the page has then.
def svg($o; $inline): sequence::document(elements($o; $inline));
