# SPDX-License-Identifier: MIT
# With --pattern: the named groups of a regular expression are the fields.
module {"name": "text", "description": "text, with --pattern REGEX"};
include "log";

def map: event({type: (.type // .event // "Line" | event_name)}; .);
