# SPDX-License-Identifier: MIT
# journalctl -o json: all values are text, or arrays of bytes; a message that is JSON gives the fields.
module {"name": "journald", "description": "journald, as journalctl -o json writes it"};
include "log";

# A field may come several times, as an array, and one that is not UTF-8 is an array of bytes.
def message:
  if type != "array" then tostring
  elif all(.[]; type == "number") then (try implode catch tojson)
  else .[0] | message end;
def fields_of_text: if startswith("{") then (try fromjson catch {}) | objects // {} else {} end;
def priority: ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"][.PRIORITY // "6" | message | tonumber];

def map:
  . as $entry
  | (.MESSAGE // "" | message) as $text
  | ($text | fields_of_text) as $fields
  | ($fields | .event // .evt // .type // .msg) as $name
  | (.SYSLOG_IDENTIFIER // ._COMM // "Line" | message) as $identifier
  | event({type: ($name // $identifier | event_name),
           time: ($entry._SOURCE_REALTIME_TIMESTAMP // $entry.__REALTIME_TIMESTAMP),
           level: ($entry | priority), message: $text, identifier: $identifier,
           unit: $entry._SYSTEMD_UNIT, process: $entry._PID, boot: $entry._BOOT_ID};
      $fields);
