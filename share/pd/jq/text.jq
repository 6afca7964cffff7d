# SPDX-License-Identifier: MIT
# What reports and diagrams share: text that is safe to show, which takes no
# terminal over, hides nothing and stays on its line whatever the data, its width
# and colour, and words for a failure.

# Characters that cannot be seen, or that turn text around, as JSON writes them:
# they would hide what a value is, or take the terminal over.
def unseen:
  "[\\x{0}-\\x{1f}\\x{7f}-\\x{9f}\\x{ad}\\x{61c}\\x{200b}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{206f}\\x{feff}]";
def hex_digits:
  [. / 4096, . / 256 % 16, . / 16 % 16, . % 16] | map(floor as $d | "0123456789abcdef"[$d:$d + 1]) | add;
def visible:
  if test(unseen) then gsub("(?<c>\(unseen))"; "\\u" + (.c | explode[0] | hex_digits)) else . end;

# The same for XML, in which even some characters that can be written cannot be.
def xml: visible | gsub("[\\x{fffe}\\x{ffff}]"; "?") | @html;

# The lines of a text that somebody else wrote.
def text_lines: gsub("\r\n?"; "\n") | split("\n")[] | gsub("\t"; "    ") | visible;

# A value on one line; a long one is cut, and its length told.
def text: tojson | visible;
def brief($limit):
  text | if length > $limit then "\(.[:$limit])... (\(length) characters)" else . end;

# A command or event: its type, then its fields. What a built-in specification expects has no type.
def fields($limit):
  del(.type) | to_entries | map("\(.key | visible): \(.value | brief($limit))");
def object_text($type; $fields):
  [($type | values | visible), if $fields == [] and $type then empty else "{\($fields | join(", "))}" end] | join(" ");
def domain_object($limit): object_text(.type; fields($limit));

# What changed from one state to the next: ".balance: 5 -> 10".
def state_change($limit):
  "\(.path | visible): " + (if has("before") | not then "\(.after | brief($limit)), new"
    elif has("after") | not then "\(.before | brief($limit)), gone" else "\(.before | brief($limit)) -> \(.after | brief($limit))" end);

# "1 command", "6 commands"
def plural($word): if . == 1 then "1 \($word)" else "\(.) \($word)s" end;

# 1234567 -> 1,234,567
def grouped:
  tostring | if test("\\A[0-9]{4,}\\z")
    then [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",") else . end;
def counted($word): . as $n | plural($word) | sub("\\A[0-9]+"; $n | grouped);

# How many columns of a terminal a text takes: letters of East Asia and pictures
# take two, marks on the letter before them none.
def columns_of_character:
  if . < 768 then 1
  elif . < 880 then 0
  elif . < 4352 then 1
  elif . < 4448 or (. >= 11904 and . < 55204) or (. >= 63744 and . < 64256)
    or (. >= 65072 and . < 65104) or (. >= 65280 and . < 65377) or (. >= 127744 and . < 129792)
    or . >= 131072 then 2
  elif . >= 65024 and . < 65040 or . == 8205 then 0
  else 1 end;
def columns: if test("\\A[ -~]*\\z") then length else [explode[] | columns_of_character] | add end;

# As much of it as so many columns hold; what was cut ends with dots. Of a long text
# only the beginning is looked at, four characters for a column: marks take none.
def cut($room):
  .[:4 * $room + 64] as $head
  | if ($head | length) == length and columns <= $room then .
  elif $head | test("\\A[ -~]*\\z") then $head[:([$room - 2, 0] | max)] + ".."[:([$room, 0] | max)]
  else (reduce ($head | explode[]) as $c ({text: [], left: ([$room - 2, 0] | max)};
      ($c | columns_of_character) as $width
      | if .left == null or .left < $width then .left = null else .text += [$c] | .left -= $width end)
    | .text | implode) + ".."[:([$room, 0] | max)] end;

# With $o.color, as terminals show it.
def paint($o; $code): if $o.color then "\u001b[\($code)m\(.)\u001b[0m" else . end;
def bold($o): paint($o; "1");
def red($o): paint($o; "31");
def green($o): paint($o; "32");
def faint($o): paint($o; "2");

# --- Words for a failure ---

# "check refunds_within_capture failed"
def headline:
  (.name // "a command" | visible) as $name
  | if .kind == "check_failed" then "check \($name) failed"
    elif .kind == "prediction_mismatch" then "\($name) did not do what the model predicts"
    elif .kind == "unexpected_reply" then "\($name) got an unexpected reply"
    elif .kind == "command_timeout" then "\($name) got no answer in time"
    elif .kind == "settle_timeout" then "\($name) did not settle in time"
    elif .kind == "poll_timeout" then "condition \($name) did not come true in time"
    elif .kind == "idempotency_violation" then "\($name) had another effect when it was repeated"
    elif .kind == "unmatched_request" then "mock \($name) was asked what it has no answer to"
    elif .kind == "mock_failed" then "mock \($name) failed"
    elif .kind == "injector_failed" then "injector \($name) failed"
    elif .kind == "adapter_error" then "\($name) could not be executed"
    elif .kind == "ref_unresolved" then "\($name) refers to something that does not exist"
    elif .kind == "model_error" then "the model failed\(if .name then " in \($name)" else "" end)"
    elif .kind == "linearization" then "no order of the commands explains what was seen"
    elif .kind == "linearization_undecided" then "whether some order explains what was seen was not decided"
    elif .kind == "setup_failed" then "\(.name // "the setup" | visible) failed"
    else "\(.kind | visible)\(if .name then " \($name)" else "" end)" end;
