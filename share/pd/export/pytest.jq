# SPDX-License-Identifier: MIT
# A test for pytest, which fails as long as the failure is there.
module {"name": "pytest", "description": "a test for pytest, with requests; with --stdlib without it", "file": "test_{}.py",
        "stdlib": true, "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_python";

def test_name: .failure | [.kind, .name // empty] | join("_") | gsub("[^A-Za-z0-9_]"; "_");

def plan($o):
  python_comment(title),
  "#",
  python_comment("Found by PropertyDamage (\(origin)). It needs pytest\(if $o.stdlib or (.transports | index("http") | not) then "" else " and requests" end):"),
  python_comment("    BASE_URL=\(.base_url // "http://localhost:8080") python3 -m pytest THIS-FILE"),
  "# It fails as long as the failure is there.",
  python_head($o),
  "",
  "",
  (if .concurrent then
    python_concurrent,
    "",
    "",
    "def test_\(test_name)():",
    "    for _ in range(int(os.environ.get(\"PD_ATTEMPTS\", \"200\"))):",
    "        assert not run(), f\"no order of the branches explains {replies}\""
   else
    "def expect(words, holds, reply, **_):",
    "    assert holds, f\"expected {words}, got {brief(reply)}\"",
    "",
    "",
    "def test_\(test_name)():",
    (python_linear | indent("    ")),
    (if .decided_by == "recorded" then "    assert outcome.different, \"the replies are as they were\"" else empty end)
   end);
