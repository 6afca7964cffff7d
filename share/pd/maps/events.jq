# SPDX-License-Identifier: MIT
# Lines that are events already: objects with a type, or event records of pd-stream(5).
module {"name": "events", "description": "events as they are, and event records of pd-stream(5)"};

def map:
  if .type == "event" and (.event | type) == "object" then .event
  elif (.type | type) == "string" then .
  else {"$skip": "no type"} end;
