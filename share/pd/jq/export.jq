# SPDX-License-Identifier: MIT
# What the formats of pd-export share: words about a plan (export_plan.json), and its
# text and values with holes in terms of any language.

# --- Words ---

def count($word): if . == 1 then "1 \($word)" else "\(.) \($word)s" end;

# "check no_overdraft failed"
def headline:
  (.name // "a command") as $name
  | if .kind == "check_failed" then "check \($name) failed"
    elif .kind == "prediction_mismatch" then "\($name) did not do what the model predicts"
    elif .kind == "unexpected_reply" then "\($name) got an unexpected reply"
    elif .kind == "command_timeout" then "\($name) got no answer in time"
    elif .kind == "adapter_error" then "\($name) could not be executed"
    elif .kind == "linearization" then "no order of the commands explains what was seen"
    else .kind + (if .name then " \(.name)" else "" end) end;
def title: .failure | "\(headline)\(if .message then ": \(.message)" else "" end)";
def origin:
  "\(.source.model.name // "a model" | tostring), run \(.source.run), seed \(.source.seed)";

# "Credit account=$c1_account amount=2": a step's command and its arguments.
def value_words:
  if has("variable") then "$\(.variable)"
  elif has("constant") then .constant | if type == "string" and test("\\A[A-Za-z0-9_.:-]+\\z") then . else tojson end
    | if length > 60 then .[:57] + "..." else . end
  else "..." end;
def argument_words:
  if has("object") then .object[] | select(.[0] != ["type"]) | "\(.[0] | map(if type == "string" then . else "$\(.variable)" end) | join(""))=\(.[1] | value_words)"
  elif has("constant") then .constant | del(.type) | to_entries[] | "\(.key)=\({constant: .value} | value_words)"
  else empty end;
def step_words: [.command.type, (.arguments | argument_words), (if any(.requests[]; .repeated) then "(sent twice)" else empty end)] | join(" ");

# "status is 200 or 201", "balance is 2"
def place_words:
  if .in == "body" then "body" + (.path | map(if type == "string" then ".\(.)" else "[\(.)]" end) | join(""))
  elif .in == "header" then "header \(.name)"
  else .in end;
def assertion_words:
  (if .field then .field | ltrimstr(".") else .at | place_words end)
  + " is " + (if has("one_of") then .one_of | map(tojson) | join(" or ") else .equals | value_words end);

# What the model expected of a step, as events: "Refused reason=insufficient_funds"
def event_words:
  [.type, (del(.type) | to_entries[] | "\(.key)=\({constant: .value} | value_words)")] | join(" ");
def events_words: if . == null then "anything" elif . == [] then "nothing" else map(event_words) | join(", then ") end;

# --- Steps ---

def phase($name): [.steps[] | select(.phase == $name)];
def branches: [.steps[] | select(.phase == "branch")] | group_by(.branch);
# Before the branches and after them; setup and teardown with them.
def steps_before: [.steps[] | select(.phase == "setup" or .phase == "prefix")];
def steps_after: [.steps[] | select(.phase == "suffix" or .phase == "teardown")];

# What must hold of a step's reply in a plan without branches, and what holds when the
# failure is there though no reply is wrong.
def assertions: .expect[0].assertions // [];

# How long to ask again, and how long to wait for a reply: milliseconds.
def patience: 10000;

# --- Holes ---

# Text with holes: literal makes a piece of text of a string, variable and environment
# of a hole, {variable} or {environment}; what comes out is an array.
def pieces(literal; variable): map(if type == "string" then literal else variable end);
def plain: all(type == "string");
def plain_text: join("");

# All holes of text or values, each once: {variable}, {environment}.
def holes_in:
  [.. | objects | select(has("variable") or has("environment")) | {variable, environment} | del(..|nulls)] | unique;

# Functions that a format's documents begin with: a file beside it, without its first line.
def runtime($name): .files[$name] | rtrimstr("\n") | sub("\\A[^\n]*\n"; "");
