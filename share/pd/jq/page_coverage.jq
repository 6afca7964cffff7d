# SPDX-License-Identifier: MIT
# A coverage record on a page: numbers, gaps, growth and heat maps. In a report
# among other things only so much of it is shown ($most names or rows), alone all.
include "text";
import "page" as page;
import "cover" as cover;

# 0 for what never came, then 1 to 7 by the logarithm of how often.
def heat($most):
  if . == 0 then 0 elif $most <= 1 then 7 else 1 + ((log / ($most | log)) * 6 | round) end;

# The names that came most often, in their order.
def busiest($most):
  if (.names | length) <= $most then . else
    .counts as $counts
    | [range(.names | length)] | sort_by(- ($counts[.] | add)) | .[:$most] | sort
  end;
def reduced($most):
  if (.names | length) <= $most then . + {left_out: 0} else
    . as $matrix
    | busiest($most) as $kept
    | {title, left_out: ((.names | length) - $most), names: [$matrix.names[$kept[]]],
       counts: [$matrix.counts[$kept[]] | [.[$kept[]]]]}
  end;
def heat_map($most):
  reduced($most)
  | . as $matrix
  | ([.counts[][]] | max // 0) as $top
  | "<h3>\(.title | xml)</h3>",
    "<div class=\"wide\" tabindex=\"0\"><table class=\"heat\"><thead><tr><td></td>\([.names[] | "<th scope=\"col\"><span>\(cut(60) | xml)</span></th>"] | join(""))</tr></thead><tbody>",
    (range(.names | length) as $row
     | "<tr><th scope=\"row\">\($matrix.names[$row] | cut(60) | xml)</th>"
       + ([range($matrix.names | length) as $column
           | $matrix.counts[$row][$column]
           | "<td class=\"h\(heat($top))\">\(if . == 0 then "" else grouped end)</td>"] | join(""))
       + "</tr>"),
    "</tbody></table></div>",
    (.left_out | select(. > 0) | "<p class=\"aside\">and \(counted("name")) that came less often.</p>");

def table($most):
  (.rows | length) as $rows
  | "<h3>\(.title | xml)</h3>",
    page::table(null; .heading | page::number_headings;
      .rows[:$most][] | "<tr\(if .missed then " class=\"missed\"" else "" end)>\(.cells | map(cut(120)) | page::cells)</tr>"),
    ($rows - $most | select(. > 0) | "<p class=\"aside\">and \(counted("more row")).</p>");

def overview_row:
  .[5] as $percent
  | "<tr><th scope=\"row\">\(.[0] | xml)</th>" + ([.[1], .[2]] | map(page::number_cell) | join("")) + "<td>"
  + (if $percent == null then "" else "<span class=\"meter\"><span\(if $percent < 100 then " class=\"part\"" else "" end) style=\"width:\($percent)%\"></span></span> \(.[3])" end)
  + "</td>\(.[4] | page::number_cell)</tr>";
def overview_table: page::table(null; (["what", "seen", "of"] | page::number_headings) + "<th scope=\"col\">covered</th><th scope=\"col\" class=\"number\">in one run only</th>"; cover::overview | overview_row);

def growth_columns:
  .growth.new_by_tenth as $tenths
  | ([$tenths[], 1] | max) as $most
  | "<figure><div class=\"columns\">\([$tenths[] | "<div>\(grouped)<span style=\"height:\(. / $most * 60 | round)px\"></span></div>"] | join(""))</div><figcaption>New things by tenth of the runs.</figcaption></figure>";

def numbers:
  overview_table,
  ((.thresholds // [])[] | "<p class=\"\(if .met then "good" else "bad" end)\">Threshold: \(cover::threshold_line | xml)</p>"),
  "<ul>", (cover::gaps(40), cover::branch_lines | "<li>\(xml)</li>"), "</ul>";
def growth: growth_columns, (cover::growth_lines | select(startswith("New") | not) | "<p>\(xml)</p>");

# All of a record.
def section($most):
  .view = "full"
  | numbers, "<h3>Growth</h3>", growth, (cover::shown_matrices | heat_map($most)), (cover::shown_tables | table(5 * $most));

# Of what a report counts itself there are commands, pairs and events.
def of_overview($most):
  .view = "full"
  | (select(.command.items != []) | cover::command_matrix | heat_map($most)), (cover::concurrent_matrix | heat_map($most)),
    "<h3>Growth</h3>", growth;
