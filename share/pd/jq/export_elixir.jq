# SPDX-License-Identifier: MIT
# What the formats in Elixir share: requests and assertions as expressions, over the
# functions of share/pd/export/runtime.exs.
include "quote";
include "export";

def elixir_comment($text): "# \($text | comment)";
def elixir_variable: if has("environment") then "secret(\(.environment | elixir_string))" else "v(:\(.variable))" end;
def elixir_text:
  if . == [] then "\"\""
  elif plain then plain_text | elixir_string
  else map(if type == "string" then elixir_string
      elif .encode == "uri" then "uri(\(elixir_variable))"
      else "text(\(elixir_variable))" end) | join(" <> ") end;
def elixir_value:
  if has("constant") then .constant | elixir
  elif has("variable") or has("environment") then elixir_variable
  elif has("text") then .text | elixir_text
  elif has("array") then "[\(.array | map(elixir_value) | join(", "))]"
  else "%{\(.object | map("\(.[0] | elixir_text) => \(.[1] | elixir_value)") | join(", "))}" end;

def elixir_place($reply):
  (if .in == "body" then ["body", .path[]] elif .in == "header" then ["headers", .name] else [.in] end
   | "look(\($reply), \(elixir))") as $whole
  | if has("before") then "between(\($whole), \(.before | elixir_string), \(.after | elixir_string))" else $whole end;
def elixir_number($reply): . as $at | elixir_place($reply) | if $at.as == "number" then "number(\(.))" else . end;
def elixir_assertion($reply):
  (.at | elixir_number($reply)) as $place
  | if has("one_of") then "\($place) in \(.one_of | elixir)" else "\($place) == \(.equals | elixir_value)" end;

# --- Requests ---

def elixir_pairs: "[\(map("{\(.[0] | elixir_text), \(.[1] | elixir_text)}") | join(", "))]";
def elixir_options: map(select(.[1] != null) | "\(.[0]): \(.[1])") | if . == [] then "" else ", " + join(", ") end;
def elixir_url: if has("url") then .url | elixir_text elif .path == [] then "base_url()" else "base_url() <> \(.path | elixir_text)" end;
def elixir_call:
  if .transport == "program" then
    "run_program([\(.argv | map(elixir_text) | join(", "))]"
    + ([["stdin", (.stdin | values | elixir_text)],
        ["env", (.env | select(. != []) | "[\(map("{\(.[0] | elixir_string), \(if .[1] == null then "nil" else .[1] | elixir_text end)}") | join(", "))]")],
        ["cd", (.cwd | values | elixir_text)]] | elixir_options) + ")"
  else
    "send_http(\(.method | elixir_string), \(elixir_url)"
    + ([["query", (.query | select(. != []) | elixir_pairs)],
        (if has("json") then ["json", (.json | elixir_value)] else empty end),
        (if has("form") then ["form", (.form | elixir_pairs)] else empty end),
        (if has("body") then ["body", (.body | elixir_text)] else empty end),
        ["headers", (.headers | map(select((.[0] == ["Content-Type"] and .[1] == ["application/json"]) | not)) | select(. != []) | elixir_pairs)],
        ["redirects", (.redirects | values | tostring)]] | elixir_options) + ")"
  end;

def elixir_request($id):
  (.request.after_ms | values | "Process.sleep(\(.))"),
  (if .again then
     "reply =",
     "  again(",
     "    fn -> \(.request | elixir_call) end,",
     "    fn reply -> \(.again | map("\(.at | elixir_number("reply")) == \(.equals | elixir)") | if . == [] then "reply == :never" else join(" or ") end) end",
     "  )",
     ""
   else "reply = \(.request | elixir_call)" end),
  (.keep[] | if has("at") then "keep(\($id | elixir_string), :\(.variable), reply, \(.at | elixir_number("reply")))" else "put(:\(.variable), \(.value | elixir_value))" end);
# The whole of a step but for what is expected.
def elixir_requests:
  (.id as $id | .requests[] | elixir_request($id)),
  (.keeps_out | if . == [] then empty else "let_in(reply, [\(map(tojson) | join(", "))])" end);
def elixir_hook: elixir_request("setup"), "succeeded(reply)";
def elixir_hooks: .[] | elixir_hook;

def elixir_indent($text): if . == "" then . else $text + . end;

def elixir_minted:
  "start()",
  (.minted[] | "put(:\(.variable), " + (if .template == "uuid" then "uuid())"
    else .template | index("{}") as $at
      | if $at == null then elixir_string + ")" else "\(.[:$at] | elixir_string) <> letters() <> \(.[$at + 2:] | elixir_string))" end end));

def elixir_outcomes:
  . as $plan
  | (.steps | map({key: .id, value: .}) | from_entries) as $steps
  | .outcomes | map(to_entries | map(
      .value as $index | .key as $id | $steps[$id] | select(. != null and .phase != "setup" and .phase != "prefix")
      | .expect[$index].assertions | map(elixir_assertion("reply_of(\($id | elixir_string))"))[])
    | if . == [] then "true" else join(" and ") end) | unique;

# What stands before the steps. Where Req is at hand already nothing is installed.
def elixir_start($o):
  "unless Code.ensure_loaded?(Req), do: Mix.install([{:req, \"~> 0.5\"}])",
  "",
  ($o | runtime("runtime.exs")),
  "",
  "defmodule Target do",
  "  def base_url, do: String.trim_trailing(System.get_env(\"BASE_URL\", \(.base_url // "" | elixir_string)), \"/\")",
  "end";

def elixir_raced_step:
  "",
  elixir_comment("\(.id) \(step_words)" + if .failing then ": this is the step that failed" else "" end),
  elixir_requests,
  "put({:reply, \(.id | elixir_string)}, reply)";

# The body of a function for one attempt with branches: whether some order explains them.
def elixir_concurrent:
  elixir_minted, (.before | elixir_hooks), (steps_before[] | elixir_raced_step),
  "",
  "[",
  (branches | length as $n | to_entries[]
   | "  Task.async(fn ->", (.value[] | elixir_raced_step | elixir_indent("    ")), "  end)\(if .key + 1 < $n then "," else "" end)"),
  "]",
  "|> Task.await_many(:infinity)",
  ((steps_after[] | elixir_raced_step), (.after | elixir_hooks)),
  "",
  "Enum.any?([",
  (elixir_outcomes | (.[:-1][] | "  \(.),"), (.[-1:][] | "  \(.)")),
  "])";
