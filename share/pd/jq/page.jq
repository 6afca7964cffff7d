# SPDX-License-Identifier: MIT
# Pieces of a page: tables, numbers and durations for people. What is cut for a page
# tells how long it was.
include "text";

# Microseconds as people say them: 39 us, 5.72 ms, 1.2 s, 3 min 20 s.
def three_digits: if . < 10 then . * 100 | round | . / 100 elif . < 100 then . * 10 | round | . / 10 else round end;
def duration:
  if . < 1000 then "\(.) µs"
  elif . < 999500 then "\(. / 1000 | three_digits) ms"
  elif . < 120000000 then "\(. / 1000000 | three_digits) s"
  else (. / 1000000 | round) as $s
    | if $s < 7200 then "\($s / 60 | floor) min \($s % 60) s" else "\($s / 3600 | floor) h \($s % 3600 / 60 | floor) min" end
  end;

# A text of somebody else: its lines, cut to so many characters.
def cut_text($most):
  (length) as $length
  | ([.[:$most] | text_lines] | join("\n")) + (if $length > $most then "... (\($length) characters)" else "" end);

# --- Elements ---

def number_cell: "<td class=\"number\">\(tostring | xml)</td>";
def cells: "<td>\(.[0] | xml)</td>" + ([.[1:][] | number_cell] | join(""));
def headings: [.[] | "<th scope=\"col\">\(xml)</th>"] | join("");
def number_headings: "<th scope=\"col\">\(.[0] | xml)</th>" + ([.[1:][] | "<th scope=\"col\" class=\"number\">\(xml)</th>"] | join(""));

# A table, which can be wider than the page.
def table($class; heading; rows):
  "<div class=\"wide\" tabindex=\"0\"><table\(if $class then " class=\"\($class)\"" else "" end)>",
  "<thead><tr>", heading, "</tr></thead><tbody>", rows, "</tbody></table></div>";

# {label, value, note?, class?}: a number that a reader looks for first.
def tile: "<div class=\"tile\(if .class then " \(.class)" else "" end)\"><dt>\(.label | xml)</dt><dd>\(.value | xml)\(if .note then "<small>\(.note | xml)</small>" else "" end)</dd></div>";
