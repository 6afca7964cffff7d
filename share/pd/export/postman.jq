# SPDX-License-Identifier: MIT
# A collection for Postman and Newman: what a step gives out is a variable of the
# collection, what the model expected is a test.
module {"name": "postman", "description": "a Postman collection (2.1), whose tests assert what was expected", "file": "{}.postman_collection.json",
        "transports": ["http"]};
include "quote";
include "export";

# {{name}} stands for a variable; in JSON that is no string it stands without quotes.
def hole_name: .environment // (if .encode == "uri" then "\(.variable)_uri" else .variable end);
def postman_text: map(if type == "string" then . else "{{\(hole_name)}}" end) | join("");
# A part of JSON text: what is within a string is the value as JSON without its quotes.
def inner: "{{\(hole_name)_json}}";
def postman_value:
  if has("constant") then .constant | tojson
  elif has("environment") then "\"{{\(.environment)}}\""
  elif has("variable") then "{{\(.variable)_value}}"
  elif has("text") then "\"\(.text | map(if type == "string" then tojson[1:-1] else inner end) | join(""))\""
  elif has("array") then "[\(.array | map(postman_value) | join(","))]"
  else "{\(.object | map("\"\(.[0] | map(if type == "string" then tojson[1:-1] else inner end) | join(""))\":\(.[1] | postman_value)") | join(","))}" end;

def postman_pairs: map({key: (.[0] | postman_text), value: (.[1] | postman_text)});
def postman_body:
  if has("json") then {mode: "raw", raw: (.json | postman_value), options: {raw: {language: "json"}}}
  elif has("form") then {mode: "urlencoded", urlencoded: (.form | postman_pairs)}
  elif has("body") then {mode: "raw", raw: (.body | postman_text), options: {raw: {language: "text"}}}
  else null end;
def url_text: if has("url") then .url | postman_text else "{{BASE_URL}}\(.path | postman_text)" end;
def postman_url:
  url_text as $raw
  | (.query | postman_pairs) as $query
  | ($raw | split("?")) as $parts
  | {raw: ($raw + if $query == [] then "" else (if $parts[1] then "&" else "?" end) + ($query | map("\(.key)=\(.value)") | join("&")) end)}
    + if has("url") then {} else
        {host: ["{{BASE_URL}}"], path: ($parts[0] | ltrimstr("{{BASE_URL}}") | ltrimstr("/") | split("/"))}
        + ([($parts[1:] | join("?") | select(. != "") | split("&")[] | {key: split("=")[0], value: (split("=")[1:] | join("="))}), $query[]]
           | if . == [] then {} else {query: .} end) end;

def place:
  (if .in == "body" then "look(body(), \(.path | map(tojson) | join(", ")))"
   elif .in == "header" then "pm.response.headers.get(\(.name | javascript_string))"
   elif .in == "status" then "pm.response.code"
   else "pm.response.text()" end) as $whole
  | if has("before") then "between(\($whole), \(.before | javascript_string), \(.after | javascript_string))" else $whole end;
def number: . as $at | place | if $at.as == "number" then "Number(\(.))" else . end;
def value:
  if has("constant") then .constant | tojson
  elif has("environment") then "pm.variables.get(\(.environment | tojson))"
  elif has("variable") then "value(\(.variable | tojson))"
  elif has("text") then .text | map(if type == "string" then tojson elif has("environment") then "pm.variables.get(\(.environment | tojson))" else "text(\(.variable | tojson))" end) | join(" + ")
  elif has("array") then "[\(.array | map(value) | join(", "))]"
  else "{\(.object | map("[\({text: .[0]} | value)]: \(.[1] | value)") | join(", "))}" end;

def functions:
  "const body = () => { try { return pm.response.json(); } catch { return null; } };",
  "const look = (value, ...path) => path.reduce((at, key) => (at !== null && typeof at === \"object\" ? at[key] : undefined), value);",
  "const between = (text, before, after) => {",
  "  const from = String(text).indexOf(before);",
  "  const rest = from < 0 ? \"\" : String(text).slice(from + before.length);",
  "  return after === \"\" ? rest : rest.slice(0, Math.max(rest.indexOf(after), 0));",
  "};",
  "const value = (name) => JSON.parse(pm.collectionVariables.get(`${name}_value`));",
  "const text = (name) => pm.collectionVariables.get(name);",
  "const put = (name, found) => {",
  "  const words = typeof found === \"string\" ? found : JSON.stringify(found);",
  "  pm.collectionVariables.set(name, words);",
  "  pm.collectionVariables.set(`${name}_uri`, encodeURIComponent(words));",
  "  pm.collectionVariables.set(`${name}_json`, JSON.stringify(words).slice(1, -1));",
  "  pm.collectionVariables.set(`${name}_value`, JSON.stringify(found));",
  "};",
  "const keep = (name, found) => {",
  "  if (found === undefined || found === null) throw new Error(`the reply has no ${name}`);",
  "  put(name, found);",
  "};";

def assertion:
  "pm.test(\(assertion_words | javascript_string), () => "
  + (if has("one_of") then "pm.expect(\(.at | place)).to.be.oneOf(\(.one_of | tojson))"
     else "pm.expect(\(.at | number)).to.eql(\(.equals | value))" end) + ");";
def rejection:
  "pm.test(\"the reply is not as it was\", () => pm.expect([\(map(if has("one_of") then "\(.one_of | tojson).includes(\(.at | place))" else "JSON.stringify(\(.at | number)) === JSON.stringify(\(.equals | value))" end) | join(", "))].every(Boolean)).to.eql(false));";

def script($listen; lines): [lines] | if . == [] then empty else {listen: $listen, script: {type: "text/javascript", exec: .}} end;
def minting:
  (.minted[] | "put(\(.variable | tojson), " + (if .template == "uuid" then "pm.variables.replaceIn(\"{{$guid}}\"));"
    else .template | index("{}") as $at
      | if $at == null then javascript_string + ");" else "\(.[:$at] | javascript_string) + Math.random().toString(36).slice(2, 14).padEnd(12, \"0\") + \(.[$at + 2:] | javascript_string));" end end));

def item($name; tests; $first):
  {name: $name,
   event: [($first | values), script("test"; functions, tests)],
   request: ({method: .request.method,
     header: [.request.headers[] | {key: (.[0] | postman_text), value: (.[1] | postman_text)}],
     url: (.request | postman_url)} + (.request | postman_body | if . then {body: .} else {} end)),
   response: []}
  | if .event == [] then del(.event) else . end;
def keeping:
  .keep[] | if has("at") then "keep(\(.variable | tojson), \(.at | number));" else "put(\(.variable | tojson), \(.value | value));" end;
# Asked again by name, as often as patience lasts.
def waiting($name):
  if .again then
    "const tries = Number(pm.collectionVariables.get(\"tries\") || 0);",
    "if (tries < 50 && (\(.again | map("JSON.stringify(\(.at | number)) === \(.equals | tojson | javascript_string)") | if . == [] then "false" else join(" || ") end))) {",
    "  pm.collectionVariables.set(\"tries\", tries + 1);",
    "  setTimeout(() => {}, 200);",
    "  pm.execution.setNextRequest(\($name | javascript_string));",
    "  return;",
    "}",
    "pm.collectionVariables.set(\"tries\", 0);"
  else empty end;

def hook_items($word): to_entries[] | .key as $n | .value | item("\($word) \($n + 1)"; "pm.test(\"it succeeded\", () => pm.expect(pm.response.code).to.be.below(400));"; null);
def step_items($decided_by; $first):
  . as $step
  | (.requests | length) as $count
  | .requests | to_entries[]
  | .key as $n | .value
  | "\($step.id) \($step | step_words)\(if $count > 1 then " (\($n + 1) of \($count))" else "" end)\(if $step.failing then ": this is the step that failed" else "" end)" as $name
  | item($name; waiting($name), keeping,
      (if $n + 1 == $count and $step.keeps_out != [] then
         "if (\($step.keeps_out | tojson).includes(pm.response.code)) throw new Error(\"kept out, which tells nothing about the failure\");"
       else empty end),
      (if $n + 1 < $count then empty
       elif $step.decides and $decided_by == "recorded" then $step.reject | rejection
       else $step | assertions[] | assertion end);
      (if $n == 0 then $first else null end));

def plan($o):
  (.decided_by as $decided_by
   | {info: {name: (title | .[:200]), description: "Found by PropertyDamage (\(origin)). A test fails as long as the failure is there. Run its requests in their order.",
             schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
      item: [(.before | hook_items("set up")), (.steps[] | step_items($decided_by; null)), (.after | hook_items("tear down"))],
      event: ([minting] as $mint | if $mint == [] then [] else
        [{listen: "prerequest", script: {type: "text/javascript",
          exec: [functions, "if (!pm.collectionVariables.get(\"minted\")) {", $mint[], "pm.collectionVariables.set(\"minted\", \"yes\");", "}"]}}] end),
      variable: ([{key: "BASE_URL", value: (.base_url // "http://localhost:8080")}] + [.environment[] | {key: ., value: ""}])})
  | if .event == [] then del(.event) else . end
  | tojson;
