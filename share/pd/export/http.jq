# SPDX-License-Identifier: MIT
# Requests for editors: REST Client of Visual Studio Code and what reads the same files. What
# a step gives out is taken from the reply of the request of its name.
module {"name": "http", "description": "a .http file for editors (REST Client)", "file": "{}.http", "transports": ["http"]};
include "quote";
include "export";

# Where each variable comes from: {variable: {text, bare}}, text being what stands between
# {{ and }}, null where it is only a part of a text and has to be put in by hand; bare where
# it was no string.
def reference($name):
  if .in == "body" and (has("before") | not) then
    "\($name).response.body.$" + (.path | map(if type == "number" then "[\(.)]" elif test("\\A[A-Za-z_][A-Za-z0-9_]*\\z") then ".\(.)" else "[\(tojson)]" end) | join(""))
  elif .in == "header" and (has("before") | not) then "\($name).response.headers.\(.name)"
  else null end;
def request_name($id; $n): if $n == 0 then $id else "\($id)_\($n + 1)" end;
def sources:
  [.steps[] | .id as $id | .seen.reply as $reply | .requests | to_entries[] | .key as $n | .value.keep[]
   | {key: .variable, value: {text: (if has("at") then .at | reference(request_name($id; $n)) else null end),
       unsafe: ([if .at.in? == "body" then .at.path as $path | $reply.body? | try getpath($path) catch null else null end
         | strings | @uri != .] | any),
       bare: (.at.in? == "body" and (.at | has("before") | not) and (.at.path as $path | $reply.body? | try getpath($path) catch null | type | IN("number", "boolean")))}}]
  | from_entries;

# Values are put in as they are: one that would have to be percent-encoded cannot be said.
def http_hole($sources):
  if .encode == "uri" and $sources[.variable].unsafe then
    error("a .http file cannot percent-encode what the system gives out: \(.variable)")
  elif has("environment") then "{{$processEnv \(.environment)}}" else "{{\($sources[.variable].text // .variable)}}" end;
# One line: what would end it is percent-encoded, or cannot be said.
def http_url($sources): map(if type == "string" then split("{") | join("%7B") else http_hole($sources) end) | join("");
def http_line($sources):
  map(if type == "string" then unbraced("a .http file") else http_hole($sources) end) | join("")
  | if test("[\\x00-\\x08\\x0a-\\x1f\\x7f]") then error("a header of a .http file cannot have control characters") else . end;
# A body as it stands, which nothing in it ends or makes something else of.
def http_body($sources):
  map(if type == "string" then unbraced("a .http file") else http_hole($sources) end) | join("")
  | if test("[\\x00-\\x08\\x0b-\\x1f\\x7f]|\\A\\s|\\s\\z|^(###|[<>]|@|[?]{2})"; "m") or test("\\n(###|[<>]|@|[?]{2})") then
      error("a .http file cannot have this text as a body: \(comment[:60])")
    else . end;
def http_value($sources):
  if has("constant") then .constant | tojson | json_unbraced
  elif has("environment") then "\"\(http_hole($sources))\""
  elif has("variable") then if $sources[.variable].bare then http_hole($sources) else "\"\(http_hole($sources))\"" end
  elif has("text") then "\"\(.text | map(if type == "string" then tojson[1:-1] | json_unbraced else http_hole($sources) end) | join(""))\""
  elif has("array") then "[\(.array | map(http_value($sources)) | join(", "))]"
  else "{\(.object | map("\"\(.[0] | map(if type == "string" then tojson[1:-1] | json_unbraced else http_hole($sources) end) | join(""))\": \(.[1] | http_value($sources))") | join(", "))}" end;
def escaped_pairs($sources): map(map(map(if type == "string" then @uri else http_hole($sources) end) | join("")) | join("=")) | join("&");

def http_request($name; $sources):
  "# @name \($name)",
  "\(.method) \(if has("url") then .url | http_url($sources) else "{{BASE_URL}}" + (.path | http_url($sources)) end)"
    + (if .query == [] then "" else (if (.path // .url | map(strings) | any(contains("?"))) then "&" else "?" end) + (.query | escaped_pairs($sources)) end),
  (.headers[] | "\(.[0] | http_line($sources)): \(.[1] | http_line($sources))"),
  "",
  (if has("json") then .json | http_value($sources), ""
   elif has("form") then .form | escaped_pairs($sources), ""
   elif has("body") then .body | http_body($sources), ""
   else empty end);

def remark($text): "# \($text | comment)";
def plan($o):
  sources as $sources
  | remark(title),
    "#",
    remark("Found by PropertyDamage (\(origin)). Send the requests in their order."),
    "",
    "@BASE_URL = \(.base_url // "http://localhost:8080" | gsub("[\\x00-\\x20]"; ""))",
    (.minted[] | "@\(.variable) = \(if .template == "uuid" then "{{$guid}}" else (.template | gsub("[\\x00-\\x1f]"; "") | split("{}") | join("{{$timestamp}}")) end)"),
    ($sources | to_entries[] | select(.value.text == null) | "# Put in by hand, from the reply:", "@\(.key) ="),
    (.before | to_entries[] | "", "### set up", "", (.key as $n | .value.request | http_request("setup_\($n + 1)"; $sources))),
    (.steps[] | . as $step
     | .requests | to_entries[] | .key as $n | .value
     | "", "### \($step.id) \($step | step_words | comment)\(if $step.failing then ": this is the step that failed" else "" end)",
       (select($n + 1 == ($step.requests | length)) | ($step | assertions[] | remark("expected: \(assertion_words)"))),
       (select(.again) | remark("send it again until the answer is there")),
       "",
       (.request | http_request(request_name($step.id; $n); $sources))),
    (.after | to_entries[] | "", "### tear down", "", (.key as $n | .value.request | http_request("teardown_\($n + 1)"; $sources)));
