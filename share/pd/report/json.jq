# SPDX-License-Identifier: MIT
# One JSON document: {"failures": [failure records], "summary": {...}}.
module {"name": "json", "description": "one JSON document"};
include "common";

def header($o): "{\"failures\":[";
def failure($o):
  (if $o.number > 1 then "," else "" end)
  + (. + {reproduce: {sequence: reproduce_sequence, run: reproduce_whole},
          differences: [if .state_before != null and .state != null then differences(.state_before; .state) else empty end]}
     | tojson);
def summary($o): "],\"summary\":\(tojson)}";
