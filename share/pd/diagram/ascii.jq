# SPDX-License-Identifier: MIT
# Sequence diagrams as text, for terminals, logs and mails.
module {"name": "ascii", "description": "sequence diagram, as text"};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;

def width($o): if $o.width > 0 then $o.width else 100 end;

# Columns: that of the times, a lane each, and the system's at the right; texts stand
# between the last lane and the system.
def places($o):
  (if $o.show_timestamps then 12 else 0 end) as $gutter
  | (.lanes | map(columns)) as $widths
  | ($widths[0] / 2 | floor) as $half
  | [range(.lanes | length) | $gutter + $half + . * 10] as $lanes
  | (.system | cut(20)) as $system
  | {$lanes, text: ($lanes[-1] + 3), system: ([width($o) - ($system | columns | . / 2 | ceil) - 1, $lanes[-1] + 16] | max)}
  | .room = .system - .text - 1;

# Pieces {x, text, code} that may lie over others: the last that covers a place is
# seen there.
def layered($o):
  reduce .[] as $piece ([];
    ($piece.x + ($piece.text | columns)) as $end
    | map(select(.x + (.text | columns) <= $piece.x or .x >= $end)) + [$piece])
  | sort_by(.x) | overlap::line_of(.[]; $o) | sub(" +$"; "");

def code: if .marked then "1;31" elif .kind == "note" then {fault: "33", event: "35", state: "32"}[.note] else null end;

# Lifelines; those of lanes that wait for an answer are thicker.
def lifelines($at; $busy):
  [($at.lanes | to_entries[] | {x: .value, text: (if $busy[.key] then "#" else "|" end)}), {x: $at.system, text: "|"}];

def arrow($from; $to):
  ([$from, $to] | min + 1) as $left | (([$from, $to] | max) - $left) as $length
  | {x: $left, text: ("-" * ($length - 1) + ">")};
def dashed: (.text | length - 1) as $n | .text = ("<" + "- " * ($n / 2 | ceil))[:$n + 1];
def lost($at): {x: ($at.system - 8), text: "X - - -"};

def step_lines($at; $o; $busy):
  . as $step | code as $code
  | lifelines($at; $busy) as $lines
  | [{x: 0, text: sequence::stamp($o), code: "2"}] as $stamp
  | if .kind == "call" or .kind == "reply" then
      (.lines | if $step.marked then .[0] |= "! \(.)" else . end | sequence::broken($at.room; 6)) as $texts
      | (.detail // "") as $detail
      | ($texts | last | columns) as $used
      | ($detail | cut($at.room)) as $cut
      | ($at.system - 1 - ($cut | columns)) as $x
      | (if $cut == "" then [$texts | map([{text: ., x: $at.text, $code}])[]]
         elif $at.text + $used + 2 <= $x then
           ($texts | map([{text: ., x: $at.text, $code}])) | last += [{text: $cut, $x, code: "2"}]
         else ($texts | map([{text: ., x: $at.text, $code}])) + [[{text: $cut, $x, code: "2"}]] end) as $rows
      | ($rows[] | $lines + . | layered($o)),
        (if .kind == "call" then arrow($at.lanes[.lane]; $at.system) + {$code}
         elif .lost then lost($at) + {$code}
         else arrow($at.system; $at.lanes[.lane]) | dashed + {$code} end) as $arrow
        | $lines + [$arrow] + $stamp | layered($o)
    elif .kind == "note" then
      (sequence::note_lines | sequence::broken($at.room - 4; if $step.note == "state" then 3 else 6 end)) as $texts
      | ([$texts[] | columns] | max) as $columns
      | ("+" + "-" * ($columns + 2) + "+") as $edge
      | ($lines + [{x: $at.text, text: $edge, $code}] + $stamp | layered($o)),
        ($texts[] | $lines + [{x: $at.text, text: ("| " + . + " " * ($columns - columns) + " |"), $code}] | layered($o)),
        ($lines + [{x: $at.text, text: $edge, $code}] | layered($o))
    elif .kind == "branches" and (.on | not) then empty
    else
      (if .kind == "branches" then sequence::branches_text else .text end) as $text
      | ($lines | layered($o)),
        ($lines + [{x: $at.text, text: ("~~~ \($text) ~~~" | cut($at.room)), code: "2"}] | layered($o))
    end;

def names($at; $o):
  [(.lanes | to_entries[] | {x: ($at.lanes[.key] - (.value | columns / 2 | floor)), text: .value, code: "1"}),
   (.system | cut(20) | {x: ($at.system - (columns / 2 | floor)), text: ., code: "1"})]
  | layered($o);

def drawing($o):
  places($o) as $at
  | (.title | overlap::wrapped(width($o); 2) | bold($o)),
    (.subtitle | values | overlap::wrapped(width($o); 2) | red($o)),
    "",
    names($at; $o),
    (foreach .steps[] as $step ({busy: [], next: []};
        .busy = .next
        | if (($step.kind == "call" or $step.kind == "reply") and ($step.again | not)) then .next[$step.lane] = ($step.kind == "call") else . end;
        .busy as $busy
        | $step
        | (select(.kind == "call" and (.again | not)) | lifelines($at; $busy) | layered($o)), step_lines($at; $o; $busy))),
    (lifelines($at; []) | layered($o)),
    "";

def run($o): sequence::of_run($o) | sequence::document(drawing($o));
