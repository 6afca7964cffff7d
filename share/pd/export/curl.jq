# SPDX-License-Identifier: MIT
# A script for bash with curl and jq, which says whether the failure is there.
module {"name": "curl", "description": "a script for bash with curl and jq", "file": "{}.sh", "executable": true,
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_bash";

def expect:
  "expect() {",
  "  query \"$2\" -e \"$work/reply\" >/dev/null && return",
  "  say \"  expected: $1\" \"  got: $(brief)\"",
  "  [[ -z $decides ]] || broken=1",
  "}";

def verdict:
  if .concurrent then
    "if search; then",
    "  tell",
    "  say \"reproduced at attempt $attempt: no order of the branches explains these replies\"",
    "  exit 1",
    "fi",
    "say \"not reproduced in ${PD_ATTEMPTS:-200} attempts\""
  else
    "broken=''\(if .decided_by == "recorded" then " different=''" else "" end)",
    "",
    bash_linear,
    "",
    (if .decided_by == "recorded" then "[[ -n $different ]] || broken=1" else empty end),
    "if [[ -n $broken ]]; then",
    "  say \(("reproduced: " + title) | comment | shell_quoted)",
    "  exit 1",
    "fi",
    "say 'not reproduced'"
  end;

def plan($o):
  "#!/usr/bin/env bash",
  bash_comment(title),
  "#",
  bash_comment("Found by PropertyDamage (\(origin)). It needs bash\(if .transports | index("http") then ", curl" else "" end) and jq:"),
  bash_comment("    BASE_URL=\(.base_url // "http://localhost:8080") bash THIS-FILE"),
  "# It sends what failed and says whether the failure is there.",
  "# Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
  bash_shellcheck,
  "set -uo pipefail",
  bash_start,
  "work=$(mktemp -d) || exit 2",
  "trap 'rm -rf \"$work\"' EXIT",
  "trap 'exit 2' INT TERM",
  "",
  bash_functions,
  (if .concurrent then bash_step_words, "", bash_concurrent else "step() { id=$1 decides=${3-} && say \"$1 $2\"; }", expect end),
  "",
  verdict;
