# SPDX-License-Identifier: MIT
# For maps of pd-forensics: from lines of a log to events.
#   include "log";
#   def map: if .msg == "credited" then {type: "Credited", account, amount, time} else skip(.msg) end;

# This line is none of ours; how often that was said is counted by reason.
def skip($reason): {"$skip": $reason};

# A name for an event out of whatever words a log has: "order paid" and order_paid are OrderPaid.
def event_name:
  tostring
  | if test("\\A[A-Z][A-Za-z0-9]*\\z") then .
    else [splits("[^A-Za-z0-9]+") | select(. != "") | (.[:1] | ascii_upcase) + .[1:]] | join("")
      | if . == "" then "Line" elif test("\\A[0-9]") then "_" + . else . end end;

# The levels of pino and bunyan as words, others as they are.
def level_name:
  {"10": "trace", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal"}[tostring]
  // (strings | gsub("\\A\\s+|\\s+\\z"; "") | ascii_downcase) // .;

# A number that came as text, digit for digit; other text stays what it is.
def number_from_text: if type == "string" and test("\\A-?(0|[1-9][0-9]*)(\\.[0-9]+)?\\z") then tonumber else . end;

# An event: what is in front wins over fields of the same name.
def event($front; $fields): ($fields | objects // {}) + ($front | with_entries(select(.value != null)));

# {"log.level": "info"} as {log: {level: "info"}}, which ECS takes for the same.
def nested:
  reduce to_entries[] as {$key, $value} ({};
    ($key | split(".")) as $path
    | (if $value | type == "object" then $value | nested else $value end) as $value
    | setpath($path; if (getpath($path) | type) == "object" and ($value | type) == "object" then getpath($path) + $value else $value end));

# OTLP's values and lists of attributes. 64-bit integers are text or numbers there.
def otlp_value:
  if has("intValue") then .intValue | number_from_text
  elif has("stringValue") then .stringValue
  elif has("boolValue") then .boolValue
  elif has("doubleValue") then .doubleValue | number_from_text
  elif has("arrayValue") then [.arrayValue.values[]? | otlp_value]
  elif has("kvlistValue") then [.kvlistValue.values[]? | {key, value: (.value | otlp_value)}] | from_entries
  elif has("bytesValue") then .bytesValue
  else null end;
def otlp_attributes: [.attributes[]? | {key, value: (.value // {} | otlp_value)}] | from_entries;
