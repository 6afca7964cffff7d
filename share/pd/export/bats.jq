# SPDX-License-Identifier: MIT
# A test for bats, which fails as long as the failure is there.
module {"name": "bats", "description": "a test for bats, with curl and jq", "file": "{}.bats", "executable": true,
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_bash";

# What the names of tests may hold.
def test_name: comment | gsub("[^A-Za-z0-9 _.,:;()/=+-]"; "?");

def plan($o):
  "#!/usr/bin/env bats",
  bash_comment(title),
  "#",
  bash_comment("Found by PropertyDamage (\(origin)). It needs bats\(if .transports | index("http") then ", curl" else "" end) and jq:"),
  bash_comment("    BASE_URL=\(.base_url // "http://localhost:8080") bats THIS-FILE"),
  "# It fails as long as the failure is there.",
  bash_shellcheck,
  bash_start,
  "",
  "setup() { work=$BATS_TEST_TMPDIR; }",
  "",
  bash_functions("curl"),
  bash_step_words,
  (if .concurrent then "", bash_concurrent else
    "expect() {",
    "  query \"$2\" -e \"$work/reply\" >/dev/null && return",
    "  say \"$id: expected: $1\" \"got: $(brief)\"",
    "  return 1",
    "}"
   end),
  "",
  "@test \"\(title | test_name)\" {",
  (if .concurrent then
     "if search; then tell && say 'no order of the branches explains these replies' && return 1; fi"
   else
     (if .decided_by == "recorded" then "different=''" else empty end),
     bash_linear,
     (if .decided_by == "recorded" then "", "[[ -n $different ]] || { say 'the replies are as they were' && return 1; }" else empty end)
   end | indented),
  "}";
