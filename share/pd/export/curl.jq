# SPDX-License-Identifier: MIT
# A script for bash with curl and jq, which says whether the failure is there.
module {"name": "curl", "description": "a script for bash with curl and jq", "file": "{}.sh", "executable": true,
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_bash";

def plan($o): bash_script("curl");
