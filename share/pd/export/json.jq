# SPDX-License-Identifier: MIT
# The plan itself, for other programs and for formats to be written.
module {"name": "json", "description": "the plan that all formats are made of", "file": "{}.plan.json"};

def plan($o): tojson;
