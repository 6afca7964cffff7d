# SPDX-License-Identifier: MIT
# The recorded requests and replies, for browsers and proxies that read HTTP archives. What
# was redacted stays so.
module {"name": "har", "description": "the recorded exchange as an HTTP archive (HAR 1.2)", "file": "{}.har",
        "transports": ["http"], "concurrent": true, "polled": true};
include "export";

def pairs: to_entries | map(.key as $name | (.value | if type == "array" then .[] else . end)
  | {name: $name, value: (if type == "string" then . else tojson end)});
def content_type: [.headers // {} | to_entries[] | select(.key | ascii_downcase == "content-type").value | tostring][0];
def body_text:
  if .json != null then .json | tojson
  elif .form != null then .form | to_entries | map("\(.key | @uri)=\(.value | tostring | @uri)") | join("&")
  elif .body == null then .text
  elif .body | type == "string" then .body else .body | tojson end;
def form_pairs: .form // {} | to_entries | map({name: .key, value: .value | tostring});

def har_request($base):
  (.url // ($base + (.path // ""))) as $url
  | (.query // {} | pairs) as $query
  | {method: (.method // "GET"),
     url: ($url + if $query == [] then "" else (if $url | contains("?") then "&" else "?" end) + ($query | map("\(.name | @uri)=\(.value | @uri)") | join("&")) end),
     httpVersion: "HTTP/1.1", cookies: [], headers: (.headers // {} | pairs), queryString: $query,
     headersSize: -1, bodySize: -1}
    + (body_text as $text | if $text == null then {} else
        {postData: {mimeType: (content_type // if .form then "application/x-www-form-urlencoded" else "application/json" end),
                    text: $text, params: form_pairs}} end);

# Status 0 is what archives have where no reply came.
def har_response:
  (. // {}) as $reply
  | ($reply | body_text // "") as $text
  | {status: ($reply.status // 0), statusText: "", httpVersion: "HTTP/1.1", cookies: [],
     headers: ($reply.headers // {} | pairs), redirectURL: ($reply.headers.location? // "" | tostring),
     content: {size: ($text | utf8bytelength), mimeType: ($reply | content_type // "application/octet-stream"), text: $text},
     headersSize: -1, bodySize: -1};

# The record has the time since the run began; a reply may tell what o'clock it was then.
def began:
  [.steps[].seen | .call_us as $at | .exchange[]?.reply.headers?.date? | strings
   | (try (strptime("%a, %d %b %Y %H:%M:%S GMT") | mktime) catch empty) - ($at // 0) / 1000000][0] // 0;
def moment: (. | floor) as $s | ($s | todate[:-1]) + "." + ((. - $s) * 1000 | floor | "00\(.)"[-3:]) + "Z";

def plan($o):
  began as $began
  | (.base_url // "") as $base
  | {log: {version: "1.2", creator: {name: "PropertyDamage", version: "1"}, comment: title,
      entries: [.steps[] | . as $step | .seen.exchange[]?
        | ((.reply.latency_us // 0) / 1000) as $wait
        | {startedDateTime: ($began + ((.at_us // $step.seen.call_us // 0) / 1000000) | moment), time: $wait,
           request: (.request | har_request($base)), response: (.reply | har_response), cache: {},
           timings: {send: 0, wait: $wait, receive: 0},
           comment: ($step | "\(.id) \(.command.type)\(if .failing then ": this is the step that failed" else "" end)")}]}}
  | tojson;
