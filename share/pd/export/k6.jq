# SPDX-License-Identifier: MIT
# A script for k6: the steps as one iteration, what the model expected as checks, so that
# the sequence can be run under load as well.
module {"name": "k6", "description": "a k6 script, whose checks assert what was expected", "file": "{}.k6.js",
        "files": ["runtime.k6.js"], "transports": ["http"]};
include "quote";
include "export";

def comment_line($text): "// \($text | comment)";
def k6_variable: if has("environment") then "__ENV.\(.environment)" else "v.\(.variable)" end;
def k6_text:
  if . == [] then "\"\""
  elif plain then plain_text | javascript_string
  else map(if type == "string" then javascript_string
      elif .encode == "uri" then "encodeURIComponent(text(\(k6_variable)))"
      else "text(\(k6_variable))" end) | join(" + ") end;

# JSON as pieces of text: numbers keep their digits.
def json_pieces:
  if has("constant") then .constant | tojson
  elif has("variable") or has("environment") then [k6_variable]
  elif has("text") then (.text | if plain then plain_text | tojson else [k6_text] end)
  elif has("array") then "[", (.array | to_entries[] | (if .key > 0 then "," else empty end), (.value | json_pieces)), "]"
  else "{", (.object | to_entries[] | (if .key > 0 then "," else empty end),
      (.value[0] | if plain then plain_text | tojson else [k6_text] end), ":", (.value[1] | json_pieces)), "}" end;
def k6_json:
  reduce json_pieces as $piece ([]; if ($piece | type) == "string" and (.[-1] | type) == "string" then .[-1] += $piece else . + [$piece] end)
  | map(if type == "string" then javascript_string else "JSON.stringify(\(.[0]))" end) | join(" + ");

def k6_value:
  if has("constant") then .constant | tojson
  elif has("variable") or has("environment") then k6_variable
  elif has("text") then .text | k6_text
  elif has("array") then "[\(.array | map(k6_value) | join(", "))]"
  else "{ \(.object | map("[\(.[0] | k6_text)]: \(.[1] | k6_value)") | join(", ")) }" end;

def k6_place:
  (if .in == "body" then "look(json(reply), \(.path | map(tojson) | join(", ")))"
   elif .in == "header" then "header(reply, \(.name | javascript_string))"
   elif .in == "status" then "reply.status"
   else "reply.body" end) as $whole
  | if has("before") then "between(\($whole), \(.before | javascript_string), \(.after | javascript_string))" else $whole end;
def k6_number: . as $at | k6_place | if $at.as == "number" then "Number(\(.))" else . end;
def k6_holds:
  if has("one_of") then "\(.one_of | tojson).includes(\(.at | k6_place))" else "same(\(.at | k6_number), \(.equals | k6_value))" end;

def pair_text: "\(.[0] | k6_text): \(.[1] | k6_text)";
def encoded: map("encodeURIComponent(\(.[0] | k6_text)) + \"=\" + encodeURIComponent(\(.[1] | k6_text))") | join(" + \"&\" + ");
def k6_url:
  (if has("url") then .url | k6_text elif .path == [] then "BASE_URL" else "BASE_URL + \(.path | k6_text)" end)
  + if .query == [] then "" else " + \"\(if (.path // .url | map(strings) | any(contains("?"))) then "&" else "?" end)\" + \(.query | encoded)" end;
def k6_call:
  "http.request(\(.method | javascript_string), \(k6_url), "
  + (if has("json") then .json | k6_json elif has("form") then .form | encoded elif has("body") then .body | k6_text else "null" end)
  + ", { redirects: \(.redirects // 0)"
  + (.headers | if . == [] then "" else ", headers: { \(map("[\(.[0] | k6_text)]: \(.[1] | k6_text)") | join(", ")) }" end) + " })";

def k6_request($id):
  (.request.after_ms | values | "sleep(\(. / 1000));"),
  (if .again then
     "for (let tries = 0; tries < 100; tries++) {",
     "  reply = \(.request | k6_call);",
     "  if (!(\(.again | map("same(\(.at | k6_number), \(.equals | tojson))") | if . == [] then "false" else join(" || ") end))) break;",
     "  sleep(0.1);",
     "}"
   else "reply = \(.request | k6_call);" end),
  (.keep[] | "v.\(.variable) = \(if has("at") then "keep(\($id | javascript_string), \(.variable | tojson), \(.at | k6_number))" else .value | k6_value end);");
def k6_hook: k6_request("setup"), "if (reply.status === 0 || reply.status >= 400) fail(`setup failed: ${reply.status} ${reply.body}`);";
def k6_step($decided_by):
  "",
  comment_line("\(.id) \(step_words)" + if .failing then ": this is the step that failed" else "" end),
  (.id as $id | .requests[] | k6_request($id)),
  (.keeps_out | if . == [] then empty else "if ([\(map(tojson) | join(", "))].includes(reply.status)) fail(`kept out, which tells nothing about the failure: ${reply.status} ${reply.body}`);" end),
  (.id as $id
   | if .decides and $decided_by == "recorded" then
       "check(reply, { \("\($id): the reply is not as it was" | javascript_string): () => !(\(.reject | map(k6_holds) | join(" && "))) });"
     elif assertions == [] then empty
     else "check(reply, {", (assertions[] | "  \("\($id): \(assertion_words)" | javascript_string): () => \(k6_holds),"), "});" end);
def k6_minted:
  .minted[] | "v.\(.variable) = " + (if .template == "uuid" then "uuid();"
    else .template | index("{}") as $at
      | if $at == null then javascript_string + ";" else "\(.[:$at] | javascript_string) + letters() + \(.[$at + 2:] | javascript_string);" end end);
def indent($text): if . == "" then . else $text + . end;

def plan($o):
  comment_line(title),
  "//",
  comment_line("Found by PropertyDamage (\(origin)). It needs k6:"),
  comment_line("    k6 run -e BASE_URL=\(.base_url // "http://localhost:8080") THIS-FILE"),
  "// It fails (status 99) as long as the failure is there.",
  "import http from \"k6/http\";",
  "import { check, fail, sleep } from \"k6\";",
  "",
  "export const options = { vus: 1, iterations: 1, thresholds: { checks: [\"rate==1.0\"] } };",
  "",
  "const BASE_URL = (__ENV.BASE_URL || \(.base_url // "" | javascript_string)).replace(/\\/$/, \"\");",
  ($o | runtime("runtime.k6.js")),
  "",
  "export default function () {",
  "  const v = {}; // what the system gave out",
  "  let reply;",
  (.decided_by as $decided_by
   | (.environment[] | "if (__ENV.\(.) === undefined) fail(\("set \(.): the requests need this secret" | javascript_string));"),
     k6_minted, (.before[] | k6_hook), (.steps[] | k6_step($decided_by)), (.after[] | k6_hook) | indent("  ")),
  "}";
