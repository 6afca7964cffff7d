# SPDX-License-Identifier: MIT
# A script for bash with curl and jq, which says whether the failure is there.
module {"name": "curl", "description": "a script for bash with curl and jq", "file": "{}.sh", "executable": true,
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_bash";

def plan($o):
  . as $plan
  | "#!/usr/bin/env bash",
    bash_comment("\(title)"),
    "#",
    bash_comment("Found by PropertyDamage (\(origin)). It needs bash, curl and jq:"),
    bash_comment("    BASE_URL=\(.base_url // "http://localhost:8080") bash THIS-FILE"),
    "# It sends what failed and says whether the failure is there.",
    "# Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
    bash_head,
    bash_run,
    "",
    bash_tail;
