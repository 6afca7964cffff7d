# SPDX-License-Identifier: MIT
# bunyan has v, name and hostname in each record; time is RFC 3339.
module {"name": "bunyan", "description": "bunyan of Node.js"};
include "log";

def map:
  event({type: (.event // .msg // "Line" | event_name), time, level: (.level | level_name), message: .msg, logger: .name};
    del(.pid, .hostname, .v, .msg, .name));
