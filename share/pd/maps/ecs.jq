# SPDX-License-Identifier: MIT
# The Elastic Common Schema, with dotted names or objects; labels and fields of its own become the event's.
module {"name": "ecs", "description": "Elastic Common Schema"};
include "log";

def map:
  nested
  | event({type: (.event.action // .message // "Line" | event_name), time: ."@timestamp", level: (.log.level | level_name),
           message, trace: .trace.id, transaction: .transaction.id, service: .service.name};
      (.labels // {})
      + del(."@timestamp", .log, .message, .ecs, .event, .trace, .transaction, .service, .labels, .process, .host, .agent));
