# SPDX-License-Identifier: MIT
# zap has ts in seconds or as text, level, msg and caller; etcd and Caddy write it.
module {"name": "zap", "description": "zap of Go, as etcd and Caddy write it"};
include "log";

def map:
  event({type: (.event // .msg // "Line" | event_name), time: (.ts // .time), level: (.level | level_name), message: .msg};
    del(.ts, .msg, .caller, .stacktrace));
