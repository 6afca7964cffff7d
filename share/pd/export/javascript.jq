# SPDX-License-Identifier: MIT
# A script for Node.js with fetch, which says whether the failure is there.
module {"name": "javascript", "description": "a script for Node.js (18 or later) with fetch", "file": "{}.mjs",
        "executable": true, "files": ["runtime.js"], "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_javascript";

def start:
  "",
  (if .failing then "// This is the step that failed." else empty end),
  "step(\(.id | javascript_string), \(step_words | javascript_string));",
  js_requests;
def judged($decided_by):
  start,
  (if .decides and $decided_by == "recorded" then
     .reject[] | "recorded(\(assertion_words | javascript_string), \(js_assertion("reply")));"
   else
     .decides as $decides
     | assertions[] | "expect(\(assertion_words | javascript_string), \(js_assertion("reply")), reply\(if $decides then ", true" else "" end));"
   end);
def raced: start, "replies[\(.id | javascript_string)] = reply;";

def linear:
  .decided_by as $decided_by
  | "let broken = false;",
    "function expect(words, holds, reply, decides = false) {",
    "  if (holds) return;",
    "  console.log(`  expected: ${words}\\n  got: ${brief(reply)}`);",
    "  broken ||= decides;",
    "}",
    (if $decided_by == "recorded" then
      "let different = false;",
      "function recorded(words, holds) {",
      "  if (holds) return;",
      "  console.log(`  not as recorded: ${words}`);",
      "  different = true;",
      "}" else empty end),
    "",
    "async function run() {",
    ("let reply;", js_secrets, js_minted, (.before[] | js_hook), (.steps[] | judged($decided_by)), (.after[] | js_hook) | js_indent("  ")),
    (if $decided_by == "recorded" then "  return !different;" else "  return broken;" end),
    "}",
    "",
    "async function main() {",
    "  const failed = await run();",
    "  console.log(failed ? \("reproduced: " + title | javascript_string) : \"not reproduced\");",
    "  return failed ? 1 : 0;",
    "}";

def concurrent:
  "const replies = {};",
  "",
  "// One attempt: true when no order of the branches explains the replies.",
  "async function run() {",
  ("let reply;", "for (const id of Object.keys(replies)) delete replies[id];", js_secrets, js_minted,
   (.before[] | js_hook), (steps_before[] | raced) | js_indent("  ")),
  "",
  "  await Promise.all([",
  (branches[] | "    (async () => {", "      let reply;", (.[] | raced | js_indent("      ")), "    })(),"),
  "  ]);",
  ((steps_after[] | raced), (.after[] | js_hook) | js_indent("  ")),
  "  return ![",
  (js_outcomes[] | "    \(.),"),
  "  ].some(Boolean);",
  "}",
  "",
  "async function main() {",
  "  const attempts = Number(process.env.PD_ATTEMPTS ?? 200);",
  "  for (let attempt = 1; attempt <= attempts; attempt++) {",
  "    said.length = 0;",
  "    if (await run()) {",
  "      console.log(said.join(\"\\n\"));",
  "      for (const [id, reply] of Object.entries(replies)) console.log(`  ${id} got: ${brief(reply)}`);",
  "      console.log(`reproduced at attempt ${attempt}: no order of the branches explains these replies`);",
  "      return 1;",
  "    }",
  "  }",
  "  console.log(`not reproduced in ${attempts} attempts`);",
  "  return 0;",
  "}";

def plan($o):
  "#!/usr/bin/env node",
  js_comment(title),
  "//",
  js_comment("Found by PropertyDamage (\(origin)). It needs Node.js 18 or later:"),
  js_comment("    BASE_URL=\(.base_url // "http://localhost:8080") node THIS-FILE"),
  "// It sends what failed and says whether the failure is there.",
  "// Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
  "import { spawn } from \"node:child_process\";",
  "import { randomUUID } from \"node:crypto\";",
  "import { constants } from \"node:os\";",
  "",
  js_start($o),
  (if .concurrent then "", "const said = [];", "const step = (id, words) => said.push(`${id} ${words}`);"
   else "", "const step = (id, words) => console.log(`${id} ${words}`);" end),
  (if .concurrent then concurrent else linear end),
  "",
  "try {",
  "  process.exitCode = await main();",
  "} catch (error) {",
  "  if (!(error instanceof Trouble)) throw error;",
  "  console.error(error.message);",
  "  process.exitCode = 2;",
  "}";
