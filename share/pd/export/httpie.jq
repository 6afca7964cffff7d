# SPDX-License-Identifier: MIT
# A script for bash with HTTPie and jq, which says whether the failure is there.
module {"name": "httpie", "description": "a script for bash with HTTPie and jq", "file": "{}-httpie.sh", "executable": true,
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_bash";

def plan($o): bash_script("http");
