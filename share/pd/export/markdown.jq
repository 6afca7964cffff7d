# SPDX-License-Identifier: MIT
# A page for people: what was sent, what was answered, and what should have been.
module {"name": "markdown", "description": "a page that tells what to send and what should be answered", "file": "{}.md"};
include "quote";
include "export";

def hole_text: if has("environment") then "$\(.environment)" else "{\(.variable)}" end;
def text_with_holes: map(if type == "string" then . else hole_text end) | join("");
def value_text:
  if has("constant") then .constant | tojson
  elif has("variable") or has("environment") then hole_text
  elif has("text") then .text | text_with_holes | tojson
  elif has("array") then "[\(.array | map(value_text) | join(", "))]"
  else "{\(.object | map("\(.[0] | text_with_holes | tojson): \(.[1] | value_text)") | join(", "))}" end;

def query_text: if .query == [] then "" else "?" + (.query | map("\(.[0] | text_with_holes)=\(.[1] | text_with_holes)") | join("&")) end;
def request_text:
  if .transport == "program" then
    (.argv | map(text_with_holes | if test("\\A[A-Za-z0-9_./:=@%,+{}$-]+\\z") then . else tojson end) | join(" ")),
    (.stdin // empty | "", text_with_holes)
  elif .transport == "coprocess" then .command | value_text
  else
    "\(.method) \(.url // .path | text_with_holes)\(query_text)",
    (.headers[] | "\(.[0] | text_with_holes): \(.[1] | text_with_holes)"),
    (if has("json") then "", (.json | value_text)
     elif has("form") then "", (.form | map("\(.[0] | text_with_holes)=\(.[1] | text_with_holes)") | join("&"))
     elif has("body") then "", (.body | text_with_holes) else empty end)
  end;
def reply_text:
  if .body != null and has("body") then "\(.status) \(.body | tojson)"
  elif has("status") then "\(.status) \(.text // "" | tojson)"
  else del(.latency_us, .at_us, .headers) | tojson end;

def step_lines:
  "",
  "### \(.id | markdown) \(step_words | markdown)\(if .failing then ": this failed" else "" end)",
  "",
  (if .phase == "branch" then "In branch \(.branch + 1), at the same time as the others.", "" else empty end),
  ([.requests[] | (.request | [request_text] | join("\n") | markdown_block("http")),
    (if .again then "", "Sent again while \(.again | map("\(.at | place_words) is \(.equals | tojson)" | markdown_code) | if . == [] then "the answer is not there" else join(" or ") end)." else empty end),
    (.keep[] | "", "\("{\(.variable)}" | markdown_code) is \(if has("at") then "the reply's \(.at | place_words | markdown_code)" else .value | value_text | markdown_code end).")] | .[]),
  "",
  (if .seen.reply then "Answered: \(.seen.reply | reply_text | if length > 2000 then .[:2000] + "..." else . end | markdown_code)" else "There was no answer." end),
  (if .decides and .expect != [] and (.expect | length) == 1 then
     "", "Expected: \(.expect[0].events | events_words | markdown_code)", "", (.expect[0].assertions[] | "- \(assertion_words | markdown_code)")
   else empty end);

def plan($o):
  "# \(title | markdown)",
  "",
  "Found by PropertyDamage: \(origin | markdown).",
  (if .base_url then "The system was at \(.base_url | markdown_code)." else empty end),
  (if .environment != [] then "Secrets are left out: \(.environment | map("$\(.)" | markdown_code) | join(", "))." else empty end),
  "",
  "## What to send",
  (if .before != [] then "", "First:", "", (.before[].request | [request_text] | join("\n") | markdown_block("http")) else empty end),
  (.steps[] | step_lines),
  (if .after != [] then "", "In the end:", "", (.after[].request | [request_text] | join("\n") | markdown_block("http")) else empty end),
  (if .concurrent then "", "## What could have been answered", "",
     (. as $plan | .outcomes[] | to_entries | map(.key as $id | .value as $index | $plan.steps[] | select(.id == $id and .phase != "setup" and .phase != "prefix")
        | "\(.id): \(.expect[$index].events | events_words)") | "- \(join("; ") | markdown_code)")
   else empty end),
  "",
  "## Reproduce it with the suite",
  "",
  ("pd-replay FILE.pd.json -- pd-exec -m \(.source.model.path // "MODEL.jq" | shell)"
   + (if .source.adapter.command then " -A \(.source.adapter.command | shell)" else " -a \(.source.adapter.path // "ADAPTER.jq" | shell)" end)
   + (if .base_url then " -u \(.base_url | shell)" else "" end) | markdown_block("sh"));
