# SPDX-License-Identifier: MIT
# A script in Python, which says whether the failure is there.
module {"name": "python", "description": "a Python script with requests; with --stdlib without it", "file": "{}.py",
        "executable": true, "stdlib": true, "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_python";

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
  (if .concurrent then python_concurrent else
    "def expect(words, holds, reply, decides=False):",
    "    if not holds:",
    "        print(\"  expected:\", words)",
    "        print(\"  got:\", brief(reply))",
    "        outcome.broken = outcome.broken or decides",
    "",
    "",
    "def run():",
    (python_linear | indent("    ")),
    (if .decided_by == "recorded" then "    return not outcome.different" else "    return outcome.broken" end)
   end),
  "",
  "",
  python_main;
