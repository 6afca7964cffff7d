# SPDX-License-Identifier: MIT
# pino writes levels as numbers, time in milliseconds, and the text as msg.
module {"name": "pino", "description": "pino of Node.js"};
include "log";

def map:
  event({type: (.event // .msg // "Line" | event_name), time, level: (.level | level_name), message: .msg};
    del(.pid, .hostname, .v, .msg));
