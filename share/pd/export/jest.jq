# SPDX-License-Identifier: MIT
# A test for Jest, which fails as long as the failure is there.
module {"name": "jest", "description": "a test for Jest (Node.js 18 or later), with fetch", "file": "{}.test.js",
        "files": ["runtime.js"], "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_javascript";

def start:
  "",
  js_comment("\(.id) \(step_words)" + if .failing then ": this is the step that failed" else "" end),
  js_requests;
def judged($decided_by):
  start,
  (if .decides and $decided_by == "recorded" then
     .reject[] | "asRecorded &&= \(js_assertion("reply"));"
   else
     .id as $id | assertions[] | "check(\("\($id): \(assertion_words)" | javascript_string), \(js_assertion("reply")), reply);"
   end);
def raced: start, "replies[\(.id | javascript_string)] = reply;";

def linear:
  .decided_by as $decided_by
  | "test(\(title | javascript_string), async () => {",
    ("let reply;", (if $decided_by == "recorded" then "let asRecorded = true;" else empty end),
     js_secrets, js_minted, (.before[] | js_hook), (.steps[] | judged($decided_by)), (.after[] | js_hook),
     (if $decided_by == "recorded" then "expect({ asRecorded, reply }).toMatchObject({ asRecorded: false });" else empty end)
     | js_indent("  ")),
    "}, 120000);";

def concurrent:
  "// One attempt: whether some order of the branches explains the replies.",
  "async function explained(replies) {",
  ("let reply;", js_secrets, js_minted, (.before[] | js_hook), (steps_before[] | raced) | js_indent("  ")),
  "",
  "  await Promise.all([",
  (branches[] | "    (async () => {", "      let reply;", (.[] | raced | js_indent("      ")), "    })(),"),
  "  ]);",
  ((steps_after[] | raced), (.after[] | js_hook) | js_indent("  ")),
  "  return [",
  (js_outcomes[] | "    \(.),"),
  "  ].some(Boolean);",
  "}",
  "",
  "test(\(title | javascript_string), async () => {",
  "  const attempts = Number(process.env.PD_ATTEMPTS ?? 200);",
  "  for (let attempt = 1; attempt <= attempts; attempt++) {",
  "    const replies = {};",
  "    const inSomeOrder = await explained(replies);",
  "    expect({ attempt, inSomeOrder, replies }).toMatchObject({ inSomeOrder: true });",
  "  }",
  "}, 600000);";

def plan($o):
  js_comment(title),
  "//",
  js_comment("Found by PropertyDamage (\(origin)). It needs Node.js 18 or later and Jest:"),
  js_comment("    BASE_URL=\(.base_url // "http://localhost:8080") npx jest THIS-FILE"),
  "// It fails as long as the failure is there.",
  "const { spawn } = require(\"node:child_process\");",
  "const { randomUUID } = require(\"node:crypto\");",
  "const { constants } = require(\"node:os\");",
  "",
  js_start($o),
  (if .concurrent then empty else
    "",
    "function check(words, holds, reply) {",
    "  if (!holds) throw new Error(`expected ${words}, got ${brief(reply)}`);",
    "}"
   end),
  "",
  (if .concurrent then concurrent else linear end);
