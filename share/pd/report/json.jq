# SPDX-License-Identifier: MIT
# One JSON document: {"failures": [failure records], "summary": {...}}.
module {"name": "json", "description": "one JSON document", "extension": "json"};
include "text";
include "common";

def header($o): "{\"failures\":[";
def failure($o):
  (if $o.number > 1 then "," else "" end)
  + (. + {reproduce: {sequence: (first(reproduce_sequence) // null), run: (first(reproduce_run) // null)},
          differences: [differences]}
   + (if $o.saved then {saved: $o.saved} else {} end)
     | tojson);
def summary($o): "],\"summary\":\(tojson)}";
