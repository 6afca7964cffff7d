# SPDX-License-Identifier: MIT
# The timeline as text, for terminals. pd-diagram(1) tells what the functions of a
# format are given.
module {"name": "timeline", "description": "operations that overlap, as text"};
include "text";
import "overlap" as overlap;

def width($o): if $o.width > 0 then $o.width else 100 end;

def run($o):
  (overlap::run_title | overlap::wrapped(width($o); 2) | bold($o)),
  (overlap::message_lines | overlap::wrapped(width($o) - 2; 2) | "  \(.)"),
  "",
  (overlap::of_run | overlap::drawing($o)),
  (overlap::run_verdict | select((.blocked // []) != []) | "", overlap::reason_lines($o; width($o))),
  "";

def linearization($o):
  (overlap::linearization_title | overlap::wrapped(width($o); 2) | bold($o)),
  (overlap::verdict_notes | overlap::wrapped(width($o) - 2; 2) | "  \(.)"),
  "",
  (overlap::of_linearization | overlap::drawing($o)),
  (select((.blocked // []) != []) | "", overlap::reason_lines($o; width($o))),
  "";
