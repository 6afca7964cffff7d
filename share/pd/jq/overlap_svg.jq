# SPDX-License-Identifier: MIT
# The drawing of operations that overlap as SVG: what overlap.jq lays out in
# columns of text, with a bar for each operation that holds its command and its
# answer, and all that is known of it as its title.
include "text";
import "overlap" as overlap;

# Sizes in pixels. Letters are monospaced: 0.6 of their height wide.
def letter: 7.3;
def row_height: 46;
def bar_height: 36;
def heading: 24;
def pixels: . * 10 | round | . / 10;

def style:
  ".timeline { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }",
  ".timeline text { fill: #1b2733; white-space: pre; }",
  ".timeline .title { font-size: 15px; font-weight: bold; }",
  ".timeline .faint { fill: #66727f; }",
  ".timeline .paper { fill: #ffffff; }",
  ".timeline .lane { fill: #f1f4f7; }",
  ".timeline .edge { stroke: #b4bec8; stroke-dasharray: 3 3; }",
  ".timeline .bar { fill: #d6e6f8; stroke: #4a7ab0; }",
  ".timeline .open .bar { fill: #fdf0cd; stroke: #a87b00; stroke-dasharray: 4 3; }",
  ".timeline .marked .bar { fill: #fbd3d3; stroke: #c01c1c; stroke-width: 2.5; }",
  ".timeline .marked .answer, .timeline text.marked { fill: #a80f0f; font-weight: bold; }",
  ".timeline .place circle { fill: #4a7ab0; } .timeline .place text { fill: #ffffff; font-size: 10px; font-weight: bold; text-anchor: middle; }",
  "@media (prefers-color-scheme: dark) {",
  ".timeline text { fill: #e4eaf0; }",
  ".timeline .faint { fill: #95a2b0; }",
  ".timeline .paper { fill: #14181d; }",
  ".timeline .lane { fill: #1d232a; }",
  ".timeline .edge { stroke: #53606e; }",
  ".timeline .bar { fill: #213f61; stroke: #6aa3dc; }",
  ".timeline .open .bar { fill: #453a16; stroke: #d9ab2f; }",
  ".timeline .marked .bar { fill: #5d1b1f; stroke: #ff6868; }",
  ".timeline .marked .answer, .timeline text.marked { fill: #ff9b9b; }",
  ".timeline .place circle { fill: #6aa3dc; } .timeline .place text { fill: #14181d; }",
  "}";

# Everything about an operation, for those who point at it.
def times: if .return == null then "called at \(.call) us" else "called at \(.call) us, answered at \(.return) us" end;
def answer_text: if .open then "no answer" else .events | overlap::events_text end;
def whole:
  "\(.id | visible) (\(.lane)): \(.command | domain_object(1000))\n-> \(answer_text)\n\(times)"
  + (if .place then "\nplace \(.place) in the order" else "" end)
  + (if .blocked then "\nno order explains what was seen here" elif .failed then "\nthe run failed here" else "" end);

# Lines keep their ends; what cannot be seen in them does not.
def title: split("\n") | map(xml) | join("\n") | "<title>\(.)</title>";

def kind: ["operation", (select(.open) | "open"), (select(overlap::is_marked) | "marked")] | join(" ");
def bar_text($gutter):
  (.x * letter + $gutter) as $x
  | ((.end - .x + 1) * letter) as $width
  | (.row * row_height + heading + 5) as $y
  | (.end - .x) as $room
  | "<g\(if .anchor then " id=\"\(.anchor)\"" else "" end) class=\"\(kind)\">\(whole | title)",
    (if .open then "<path class=\"bar\" d=\"M\($x + $width | pixels) \($y)H\($x | pixels)v\(bar_height)h\($width | pixels)\"/>"
     else "<rect class=\"bar\" x=\"\($x | pixels)\" y=\"\($y)\" width=\"\($width | pixels)\" height=\"\(bar_height)\" rx=\"4\"/>" end),
    (select(.place) | "<g class=\"place\"><circle cx=\"\($x + 13 | pixels)\" cy=\"\($y + 11)\" r=\"\(if .place > 99 then 11 else 9 end)\"/><text x=\"\($x + 13 | pixels)\" y=\"\($y + 14.5)\">\(.place)</text></g>"),
    "<text x=\"\($x + 7 | pixels)\" y=\"\($y + 15)\">\(.label | cut($room) | xml)</text>",
    "<text class=\"answer\" x=\"\($x + 7 | pixels)\" y=\"\($y + 30)\">\("→ \(.answer)" | cut($room) | xml)</text></g>";

# Labels as bars have them: for the place, which is drawn, some blanks.
def relabelled:
  .operations |= map(.head = (if .place then "   " else "" end) + (.id | visible | cut(24))
    | .label = "\(.head) \(.command | overlap::short_call)"
    | .answer |= cut(48));
def laid_out:
  overlap::window(200) | overlap::labelled | relabelled | overlap::in_rows
  | . as $picture
  | first(({label: 60, answer: 60, stagger: 3}, {label: 36, answer: 30, stagger: 2}, {label: 24, answer: 18, stagger: 1}) as $room
      | $picture | overlap::laid_out($room) | select(.width < 400 or $room.label == 24));

def text_line($class; $y): "<text\(if $class then " class=\"\($class)\"" else "" end) x=\"10\" y=\"\($y)\">\(xml)</text>";

# The drawing, with lines {text, class} of text above and below it. The first
# operation that is marked has the anchor, if there is one, as its id.
def anchored($anchor):
  first(.operations | range(length) as $i | select(.[$i] | overlap::is_marked) | $i) as $i
  | .operations[$i].anchor = $anchor;
def svg($above; $below; $anchor):
  laid_out
  | first(anchored($anchor), .)
  | (([.rows[] | columns] | max // 0 | [., 20] | min) * letter + 24) as $gutter
  | ([.width * letter + $gutter + 16, 780] | max) as $width
  | ((.rows | length) * row_height + heading) as $height
  | (($above | length) * 20 + 12) as $top
  | ([(overlap::signs | sub("^! "; "red: ") | sub("^#n "; "(n) ") | sub("^\\.\\.\\. "; "dashed: "))]
     + ["Time goes to the right, not to scale: bars that overlap overlapped in time."]) as $signs
  | ([($signs[] | {text: ., class: "faint"}), $below[]]
     | map(.class as $class | .text | overlap::wrapped(($width - 20) / letter | floor; 14) | {text: ., $class})) as $below
  | ($top + $height + ($below | length) * 18 + 24) as $total
  | "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" class=\"timeline\" width=\"\($width | pixels)\" height=\"\($total)\" viewBox=\"0 0 \($width | pixels) \($total)\" role=\"img\">",
    "<style>", style, "</style>",
    "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
    ($above | to_entries[] | .key as $n | .value | .class as $class | .text | text_line($class; $n * 20 + 24)),
    "<g transform=\"translate(0 \($top))\">",
    (range(.rows | length) as $row
     | "<rect class=\"lane\" x=\"6\" y=\"\($row * row_height + heading + 1)\" width=\"\($width - 12 | pixels)\" height=\"\(row_height - 2)\"/>",
       "<text x=\"12\" y=\"\($row * row_height + heading + 27)\">\(.rows[$row] | cut(20) | xml)</text>"),
    (.parts[] | select(.part != "") | (.x * letter + $gutter | pixels) as $x
     | "<line class=\"edge\" x1=\"\($x - 7)\" x2=\"\($x - 7)\" y1=\"4\" y2=\"\($height)\"/>",
       "<text class=\"faint\" x=\"\($x)\" y=\"16\">\(.part)</text>"),
    (.operations | sort_by(.call)[] | bar_text($gutter)),
    "</g>",
    ($below | to_entries[] | .key as $n | .value | .class as $class | .text | text_line($class; $top + $height + $n * 18 + 26)),
    "</svg>";

def reason_lines: overlap::reasons | {text, class: (if .mark then "marked" else null end)};
