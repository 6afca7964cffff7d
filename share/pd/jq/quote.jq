# SPDX-License-Identifier: MIT
# Strings and values as literals of other languages. Each is right for any string that
# jq can hold; what a language has no way to say is an error.

# One word of a shell command. A shell's words cannot hold NUL.
def shell_quoted: "'" + gsub("'"; "'\\''") + "'";
def shell:
  if index("\u0000") then error("a NUL character cannot be in a word of a shell command")
  elif test("\\A[A-Za-z0-9_./:=@%,+-]+\\z") then .
  else shell_quoted end;

# What a comment may hold: one line, which nothing in it can end, and no text that
# turns around.
def comment: tojson[1:-1] | gsub("[\\x{7f}-\\x{9f}\\x{ad}\\x{61c}\\x{200b}-\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{206f}\\x{feff}]"; "?")
  | gsub("\\\\\""; "\"");

# A value as a jq program says it: JSON, but for numbers that only its text can hold.
def jq: tojson;

# A string and a value in Python.
def python_string: tojson;
def python:
  if type == "object" then "{" + (to_entries | map("\(.key | tojson): \(.value | python)") | join(", ")) + "}"
  elif type == "array" then "[" + (map(python) | join(", ")) + "]"
  elif . == true then "True"
  elif . == false then "False"
  elif . == null then "None"
  else tojson end;
