# SPDX-License-Identifier: MIT
# Strings and values as literals of other languages. Each is right for any string that
# jq can hold; what a language has no way to say is an error.

# One word of a shell command, on one line: line breaks are said in bash's way, since
# tools that read scripts line by line (bats) would take them for ends of lines of
# their own. A shell's words cannot hold NUL. (gsub would take quadratic time.)
def shell_program: "'" + (split("'") | join("'\\''")) + "'";
def shell_quoted: shell_program | split("\n") | join("'$'\\n''") | split("\r") | join("'$'\\r''");
def shell:
  if index("\u0000") then error("a NUL character cannot be in a word of a shell command")
  elif test("\\A[A-Za-z0-9_./:=@%,+-]+\\z") then .
  else shell_quoted end;

# What a comment may hold: one line, which nothing in it can end, not too long, and no
# text that turns around.
def comment: (if length > 400 then .[:400] + "..." else . end) | tojson[1:-1] | gsub("[\\x{7f}-\\x{9f}\\x{ad}\\x{61c}\\x{200b}-\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{206f}\\x{feff}]"; "?")
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

# Text in Markdown, on one line: nothing in it is markup, HTML, a link, or the end of a
# table's cell.
def markdown: comment | gsub("(?<c>[\\\\`*_{}\\[\\]<>()#+.!|~&-])"; "\\\(.c)") | gsub("(?<s>^ +| +$)"; "");

# Code in Markdown: in a line, and as a block whose fence nothing in it closes. Control
# characters are shown as JSON has them.
def fence($least): [match("`+"; "g").length, $least - 1] | max + 1 | . as $n | "`" * $n;
def markdown_code: comment | fence(1) as $f | "\($f)\(if test("^[` ]|[` ]$") then " \(.) " else . end)\($f)" | gsub("\\|"; "\\|");
def markdown_block($language): fence(3) as $f | "\($f)\($language)", ., $f;

# A string, a value and a key of an object in JavaScript. Whole numbers that a number
# cannot hold are BigInt, and __proto__ is a key like others.
def javascript_string: tojson;
def javascript_key:
  if test("\\A[A-Za-z_$][A-Za-z0-9_$]*\\z") and . != "__proto__" then . else "[\(tojson)]" end;
def javascript:
  if type == "object" then
    if . == {} then "{}" else "{ " + (to_entries | map("\(.key | javascript_key): \(.value | javascript)") | join(", ")) + " }" end
  elif type == "array" then "[" + (map(javascript) | join(", ")) + "]"
  elif type == "number" then tojson | if test("\\A-?[0-9]{16,}\\z") and (ltrimstr("-") | length > 16 or . > "9007199254740991") then . + "n" else . end
  else tojson end;

# A string and a value in Elixir, which interpolates, and takes no text in its source
# that turns around.
def elixir_string:
  tojson | gsub("#\\{"; "\\#{") | gsub("(?<c>[\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}])";
    "\\u" + (.c | explode[0] | [. / 4096, . / 256 % 16, . / 16 % 16, . % 16] | map(floor as $d | "0123456789abcdef"[$d:$d + 1]) | add));
def elixir:
  if type == "object" then "%{" + (to_entries | map("\(.key | elixir_string) => \(.value | elixir)") | join(", ")) + "}"
  elif type == "array" then "[" + (map(elixir) | join(", ")) + "]"
  elif type == "string" then elixir_string
  elif type == "number" then tojson | if test("[eE]") and (contains(".") | not) then sub("(?<e>[eE])"; ".0\(.e)") else . end
  elif . == null then "nil"
  else tojson end;
