# SPDX-License-Identifier: MIT
# What the formats in JavaScript share: requests and assertions as expressions, over the
# functions of share/pd/export/runtime.js.
include "quote";
include "export";

def js_comment($text): "// \($text | comment)";

def js_variable: if has("environment") then "secrets[\(.environment | javascript_string)]" else "v.\(.variable)" end;
def js_text:
  if . == [] then "\"\""
  elif plain then plain_text | javascript_string
  else map(if type == "string" then javascript_string
      elif .encode == "uri" then "uri(\(js_variable))"
      else "text(\(js_variable))" end) | join(" + ") end;
def js_value:
  if has("constant") then .constant | javascript
  elif has("variable") or has("environment") then js_variable
  elif has("text") then .text | js_text
  elif has("array") then "[\(.array | map(js_value) | join(", "))]"
  else "{ \(.object | map("\(.[0] | if plain then plain_text | javascript_key else "[\(js_text)]" end): \(.[1] | js_value)") | join(", ")) }" end;

def js_place($reply):
  (if .in == "body" then "look(\([$reply, "\"body\"", (.path[] | tojson)] | join(", ")))"
   elif .in == "header" then "look(\($reply), \"headers\", \(.name | javascript_string))"
   else "look(\($reply), \(.in | tojson))" end) as $whole
  | if has("before") then "between(\($whole), \(.before | javascript_string), \(.after | javascript_string))" else $whole end;
def js_number($reply): . as $at | js_place($reply) | if $at.as == "number" then "number(\(.))" else . end;
def js_assertion($reply):
  (.at | js_number($reply)) as $place
  | if has("one_of") then "[\(.one_of | map(javascript) | join(", "))].includes(\($place))"
    else "same(\($place), \(.equals | js_value))" end;

# --- Requests ---

def js_pairs: "[\(map("[\(.[0] | js_text), \(.[1] | js_text)]") | join(", "))]";
def js_options: map(select(.[1] != null) | "\(.[0]): \(.[1])") | if . == [] then "" else ", { \(join(", ")) }" end;
def js_url: if has("url") then .url | js_text elif .path == [] then "BASE_URL" else "BASE_URL + \(.path | js_text)" end;
def js_call:
  if .transport == "program" then
    "runProgram([\(.argv | map(js_text) | join(", "))]"
    + ([["stdin", (.stdin | values | js_text)],
        ["env", (.env | select(. != []) | "{ \(map("\(.[0] | javascript_key): \(if .[1] == null then "null" else .[1] | js_text end)") | join(", ")) }")],
        ["cwd", (.cwd | values | js_text)]] | js_options) + ")"
  else
    "send(\(.method | javascript_string), \(js_url)"
    + ([["query", (.query | select(. != []) | js_pairs)],
        (if has("json") then ["json", (.json | js_value)] else empty end),
        (if has("form") then ["form", (.form | js_pairs)] else empty end),
        (if has("body") then ["body", (.body | js_text)] else empty end),
        ["headers", (.headers | map(select((.[0] == ["Content-Type"] and .[1] == ["application/json"]) | not)) | select(. != []) | js_pairs)],
        ["redirects", (.redirects | values | tostring)]] | js_options) + ")"
  end;

def js_request($id):
  (.request.after_ms | values | "await sleep(\(.));"),
  (if .again then
     "reply = await again(",
     "  () => \(.request | js_call),",
     "  (reply) => \(.again | map("same(\(.at | js_number("reply")), \(.equals | javascript))") | if . == [] then "false" else join(" || ") end),",
     ");"
   else "reply = await \(.request | js_call);" end),
  (.keep[] | "v.\(.variable) = \(if has("at") then "keep(\($id | javascript_string), \(.variable | tojson), reply, \(.at | js_number("reply")))" else .value | js_value end);");
# The whole of a step but for what is expected.
def js_requests:
  (.id as $id | .requests[] | js_request($id)),
  (.keeps_out | if . == [] then empty else "letIn(reply, \(map(tojson) | join(", ")));" end);
def js_hook: js_request("setup"), "succeeded(reply);";

def js_indent($text): if . == "" then . else $text + . end;

def js_minted:
  .minted[] | "v.\(.variable) = " + (if .template == "uuid" then "randomUUID();"
    else .template | index("{}") as $at
      | if $at == null then javascript_string + ";" else "\(.[:$at] | javascript_string) + letters() + \(.[$at + 2:] | javascript_string);" end end);

# Combinations of right replies, each an expression.
def js_outcomes:
  . as $plan
  | (.steps | map({key: .id, value: .}) | from_entries) as $steps
  | .outcomes | map(to_entries | map(
      .value as $index | .key as $id | $steps[$id] | select(. != null and .phase != "setup" and .phase != "prefix")
      | .expect[$index].assertions | map(js_assertion("replies[\($id | javascript_string)]"))[])
    | if . == [] then "true" else join(" && ") end) | unique;

# What stands before the steps: imports are the format's.
def js_start($o):
  "const BASE_URL = (process.env.BASE_URL ?? \(.base_url // "" | javascript_string)).replace(/\\/$/, \"\");",
  "const PATIENCE = \(patience);",
  "",
  ($o | runtime("runtime.js")),
  (if .environment != [] then "", "const secrets = {};" else empty end);
def js_secrets: .environment[] | "secrets[\(javascript_string)] = secret(\(javascript_string));";
