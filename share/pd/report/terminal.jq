# SPDX-License-Identifier: MIT
# The report for people at a terminal; for more than runs and their failures see
# terminal_more.jq. Each function gives lines of text;
# $o has color (true for escape codes), width (of the terminal, 0 elsewhere),
# number (of the failure, from 1), again (how many of its kind and name came
# before it) and saved (the file that it was saved in, if it was).
module {"name": "terminal", "description": "for people at a terminal", "extension": "txt"};
include "text";
include "common";

def header($o): empty;

# Words after one another, on as many lines as the width asks for; those after
# the first begin with so many blanks.
def flow($o; $blanks; words):
  reduce words as $word ([];
    if . == [] then [$word]
    elif $o.width > 0 and (.[-1] + $word | length) >= $o.width then . + [" " * $blanks + $word]
    else .[-1] += " " + $word end)
  | .[];
def commas: .[:-1][] + ",", .[-1:][];

# A command or event behind a margin, its fields together on a line or a few.
def object_lines($margin; $o; $name; $fields):
  flow($o; $margin | length + 4;
    if $fields == [] then "\($margin)\($name)"
    else "\($margin)\($name) {\($fields[0])\(if $fields[1] then "," else "}" end)",
      ($fields[1:] | (.[:-1][] + ",", (.[-1:][] + "}")))
    end);

# What is known about the command that failed, beside its events.
def predicted_fields:
  del(.type) | to_entries
  | map("\(.key | visible): \(.value | if . == {"$external": true} then "anything" else brief(120) end)");
def failed_lines($o; $sent):
  (.failure | select(.kind == "prediction_mismatch") | .data.expected[]?
    | object_lines("          predicted "; $o; .type | visible; predicted_fields)),
  ($sent.exchange // [] | last // empty
    | "          request   " + (.request | request_text), "          reply     " + (.reply | reply_text) | faint($o));

# One command of the sequence with what came back.
def item_lines($o):
  . as $failure | items[] | . as $item
  | ($failure | sent($item.id)) as $sent
  | select($sent != null)
  | ($failure.failure.id == $item.id) as $failed
  | (if .branch != null then " [branch \(.branch)]" else "" end
     + if .label != null then "  # \(.label | visible)" else "" end) as $note
  | (if $failed then "  > " else "    " end + .id + " " * ([6 - (.id | length), 1] | max)) as $margin
  | ([object_lines($margin; $o; .command.type | visible; .command | command_fields($failure.refs))]
     | .[-1] += $note | .[] | if $failed then bold($o) else . end),
    ($failure | observed($item.id) | object_lines("       -> "; $o; .type | visible; fields(120))),
    ($sent | select(.outcome != "ok" and (.reason == null or .reason != $failure.failure.message))
      | "          \(.outcome)\(.reason | if . then ": \(visible)" else "" end)"),
    ($sent | select(.attempts > 1) | "          sent \(.attempts) times" | faint($o)),
    (if $failed then $failure | failed_lines($o; $sent) else empty end);

# What the run did not come to is only counted; what no command caused comes last.
def steps($o):
  item_lines($o),
  (items as $items | [sent($items[].id) | select(. == null)] | length
   | if . > 0 then "    \(plural("more command")) not executed" | faint($o) else empty end),
  ([.events[] | select(.id == null)] | if . == [] then empty else
     "    events that no command caused:",
     (.[] | .source as $source | .event | object_lines("       -> "; $o; "\($source): \(.type | visible)"; fields(120))) end);

# The same failure was told before, and smaller.
def once_more($o):
  (if $o.again == 1 then "" else empty end),
  ("FAIL \($o.number): \(.failure | headline), again: \(run_text), \(size_text)"
    + if $o.saved then "; saved as \($o.saved | visible)" else "" end | faint($o));

def change($o):
  (select(has("before")) | "    - \(.path): \(.before | brief(120))" | red($o)),
  (select(has("after")) | "    + \(.path): \(.after | brief(120))" | green($o));
def state_lines($o):
  if has("state") | not then empty
  elif has("state_before") | not then "", "  State at the failure:", "    \(.state | brief(1000))"
  else [differences] as $differences
  | if $differences == [] then "", "  The state did not change:", "    \(.state | brief(1000))"
    else "", "  State before \(.failure.id // "the last step") and at the failure:",
      ($differences[:20][] | change($o)),
      (if ($differences | length) > 20 then "    and \(($differences | length) - 20) more differences" else empty end)
    end
  end;

def data_lines($o):
  .failure | if .data == null or .kind == "prediction_mismatch" then empty else "  \(.data | brief(1000))" end;

# The data of the failure come before other failures, a drawing of the run after them.
def whole($o; data; between):
  "",
  ("FAIL \($o.number): \(.failure | headline)\(if .failure.id == null and .failure.kind == "check_failed" then ", at the end of the run" else "" end)"
    | paint($o; "1;31")),
  "  \(.failure.message | text_lines)",
  data,
  (.other_failures // [] | .[] | "  also: \(headline): \([.message | text_lines] | join(" "))"),
  between,
  "",
  "  \(size_text); \(run_text):",
  steps($o),
  state_lines($o),
  (reproduce_sequence | "", "  Run this sequence again:", "    \(.)"),
  (reproduce_run | "", "  Generate the whole run again:", "    \(.)"),
  (select($o.saved) | "", "  Saved as \($o.saved | visible); to go through it:", "    \(replay_file($o.saved))");

# A later failure of the same kind and name that is not smaller takes a line.
def told($o; whole): if $o.again > 0 and .shrunk == null then once_more($o) else whole end;
def failure($o): told($o; whole($o; data_lines($o); empty));

def counted: to_entries | map("\(.key | visible) \(.value)");

def summary($o):
  .status as $status
  | [.fired | to_entries[] | select(.value == 0) | .key | visible] as $silent
  | (if .failures != {} then "" else empty end),
    ((if $status > 2 then "interrupted; " else "" end) + outcome_text + " in \(.seconds) s" + (if .seed != null then "; seed \(.seed)" else "" end)
      | if $status == 0 then green($o) else . end),
    (if .failures != {} then flow($o; 2; "failures:", (.failures | counted | commas)) else empty end),
    (.fired | map_values(select(. > 0)) | if . == {} then empty
       else flow($o; 2; "checks run:", (counted | commas)) | faint($o) end),
    (if $silent != [] and .counts.commands > 0 then flow($o; 2; "never triggered:", ($silent | commas)) else empty end),
    saved_text, (unshown_text | faint($o)),
    (.problems[] | [text_lines] | join(" ")
      | if $status == 1 then "trouble as well: \(.)" else "nothing is proved: \(.)" end | red($o));
