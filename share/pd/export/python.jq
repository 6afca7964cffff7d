# SPDX-License-Identifier: MIT
# A script in Python, which says whether the failure is there.
module {"name": "python", "description": "a Python script with requests; with --stdlib without it", "file": "{}.py",
        "executable": true, "stdlib": true, "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_python";

def step_lines($decided_by):
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step(\(.id | python_string), \(step_words | python_string))",
  (.id as $id | .requests[] | python_request($id)),
  (if .decides and $decided_by == "recorded" then
     .reject[] | "recorded(\(assertion_words | python_string), \(python_assertion("reply")))"
   else
     .decides as $decides
     | assertions[] | "expect(\(assertion_words | python_string), \(python_assertion("reply")), reply\(if $decides then ", decides=True" else "" end))"
   end);
def raced_lines:
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step(\(.id | python_string), \(step_words | python_string))",
  (.id as $id | .requests[] | python_request($id)),
  "replies[\(.id | python_string)] = reply";

def linear:
  .decided_by as $decided_by
  | "def run():",
    ((python_minted, (.before[] | python_hook), (.steps[] | step_lines($decided_by)), (.after[] | python_hook)) | indent("    ")),
    (if .decided_by == "recorded" then "    return not outcome.different" else "    return outcome.broken" end);

def outcomes:
  . as $plan
  | (.steps | map({key: .id, value: .}) | from_entries) as $steps
  | .outcomes | map(to_entries | map(
      .value as $index | .key as $id | $steps[$id] | select(. != null and .phase != "setup" and .phase != "prefix")
      | .expect[$index].assertions | map(python_assertion("replies[\($id | python_string)]"))[])
    | if . == [] then "True" else join(" and ") end) | unique;

def concurrent:
  "def run():",
  ("\"\"\"One attempt: True when no order of the branches explains the replies.\"\"\"",
   "replies.clear()", python_minted, (.before[] | python_hook), (steps_before[] | raced_lines) | indent("    ")),
  (branches | to_entries[] | "", "    def branch_\(.key)():", (.value[] | raced_lines | indent("        "))),
  "",
  "    at_the_same_time(\(branches | keys | map("branch_\(.)") | join(", ")))",
  ((steps_after[] | raced_lines), (.after[] | python_hook) | indent("    ")),
  "    explained = [",
  (outcomes[] | "        \(.),"),
  "    ]",
  "    return not any(explained)";

def plan($o):
  "#!/usr/bin/env python3",
  python_comment(title),
  "#",
  python_comment("Found by PropertyDamage (\(origin)). It needs Python 3\(if $o.stdlib or (.transports | index("http") | not) then "" else " and requests" end):"),
  python_comment("    BASE_URL=\(.base_url // "http://localhost:8080") python3 THIS-FILE"),
  "# It sends what failed and says whether the failure is there.",
  "# Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
  python_head($o),
  "",
  "",
  (if .concurrent then concurrent else linear end),
  "",
  "",
  python_main;
