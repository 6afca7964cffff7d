# SPDX-License-Identifier: MIT
# A page that needs nothing else and has no scripts: coverage as heat maps, failures
# as lists of what was done and seen. A filter that shows one record gives a page of
# that alone; pd-report frames all that it shows with header and summary, and numbers it.
module {"name": "html", "description": "a page: coverage as heat maps, and failures", "extension": "html"};
include "text";
include "common";
import "cover" as cover;

def html: visible | gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;") | gsub("\""; "&quot;");

def head($title):
  "<!DOCTYPE html>",
  "<html lang=\"en\"><head><meta charset=\"utf-8\"/>",
  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>",
  "<meta name=\"color-scheme\" content=\"light dark\"/>",
  "<title>\($title | html)</title>",
  "<style>",
  "body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5em; color: #1b2733; background: #ffffff; }",
  "h1 { font-size: 1.35em; } h2 { font-size: 1.2em; margin-top: 1.8em; } h3 { font-size: 1.05em; margin: 1.6em 0 0.4em; } p, ul { margin: 0.4em 0; }",
  "td, th, pre { font: 13px/1.45 ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }",
  "table { border-collapse: collapse; margin: 0.5em 0; } td, th { text-align: left; padding: 0.15em 0.7em; border-bottom: 1px solid #dde3e9; }",
  "td.number { text-align: right; } tr.missed td { color: #a80f0f; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }",
  ".wide { overflow-x: auto; } .bar { display: inline-block; width: 12em; height: 0.75em; background: #e3e8ed; }",
  ".bar span { display: block; height: 100%; background: #2c7a4b; } .bar span.part { background: #c98a16; }",
  ".columns { display: flex; align-items: flex-end; gap: 3px; height: 90px; } .columns div { width: 3.2em; text-align: center; font-size: 12px; }",
  ".columns span { display: block; background: #3a78b5; min-height: 1px; }",
  "table.heat td, table.heat th { border: 1px solid #ffffff; padding: 0.2em 0.4em; } table.heat td { text-align: right; min-width: 2.4em; }",
  "table.heat thead th { vertical-align: bottom; } table.heat thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }",
  "table.heat th { font-weight: normal; } table.heat tbody th { text-align: right; }",
  "td.h0 { background: repeating-linear-gradient(45deg, #fbe3e3, #fbe3e3 4px, #ffffff 4px, #ffffff 8px); color: #a80f0f; }",
  "td.h1 { background: #e8f1fa; } td.h2 { background: #c9def1; } td.h3 { background: #9fc3e4; } td.h4 { background: #6fa3d3; }",
  "td.h5 { background: #3f7fbb; color: #ffffff; } td.h6 { background: #205f9c; color: #ffffff; } td.h7 { background: #0d3f70; color: #ffffff; }",
  ".good { color: #1f6b3c; } .bad { color: #a80f0f; font-weight: bold; }",
  "@media (prefers-color-scheme: dark) {",
  "body { color: #e4eaf0; background: #14181d; } td, th { border-color: #2b343d; } .bar { background: #2b343d; }",
  "table.heat td, table.heat th { border-color: #14181d; } tr.missed td, .bad { color: #ff9b9b; } .good { color: #85d6a3; }",
  "td.h0 { background: repeating-linear-gradient(45deg, #3a1f22, #3a1f22 4px, #14181d 4px, #14181d 8px); color: #ff9b9b; }",
  "td.h1 { background: #16283a; } td.h2 { background: #1a3a57; } td.h3 { background: #1f4f79; } td.h4 { background: #2a679c; }",
  "td.h5 { background: #4a8cc4; color: #0b0e11; } td.h6 { background: #86b8e2; color: #0b0e11; } td.h7 { background: #c9e2f7; color: #0b0e11; }",
  "}",
  "</style></head><body>";
def foot: "</body></html>";

# --- Coverage ---

# 0 for what never came, then 1 to 7 by the logarithm of how often.
def heat($most):
  if . == 0 then 0 elif $most <= 1 then 7 else 1 + ((log / ($most | log)) * 6 | round) end;
def heat_map:
  . as $matrix
  | ([.counts[][]] | max // 0) as $most
  | "<h3>\(.title | html)</h3>",
    "<div class=\"wide\"><table class=\"heat\"><thead><tr><th></th>\([.names[] | "<th><span>\(html)</span></th>"] | add)</tr></thead><tbody>",
    (range(.names | length) as $row
     | "<tr><th>\($matrix.names[$row] | html)</th>"
       + ([range($matrix.names | length) as $column
           | $matrix.counts[$row][$column]
           | "<td class=\"h\(heat($most))\" title=\"\("\($matrix.names[$row]) -> \($matrix.names[$column])" | html): \(cover::grouped)\">\(if . == 0 then "" else cover::grouped end)</td>"] | add)
       + "</tr>"),
    "</tbody></table></div>";
def cells: "<td>\(.[0] | html)</td>" + ([.[1:][] | "<td class=\"number\">\(html)</td>"] | add);
def table:
  "<h3>\(.title | html)</h3>",
  "<table><tr>\([.heading[] | "<th>\(html)</th>"] | add)</tr>",
  (.rows[] | "<tr\(if .missed then " class=\"missed\"" else "" end)>\(.cells | cells)</tr>"),
  "</table>";
def overview_row:
  .[5] as $percent
  | "<tr><td>\(.[0] | html)</td><td class=\"number\">\(.[1] | html)</td><td class=\"number\">\(.[2])</td><td>"
  + (if $percent == null then "" else "<span class=\"bar\"><span\(if $percent < 100 then " class=\"part\"" else "" end) style=\"width:\($percent)%\"></span></span> \(.[3])" end)
  + "</td><td class=\"number\">\(.[4])</td></tr>";
def growth_columns:
  .growth.new_by_tenth as $tenths
  | ([$tenths[], 1] | max) as $most
  | "<div class=\"columns\" title=\"new things by tenth of the runs\">\([$tenths[] | "<div>\(cover::grouped)<span style=\"height:\(. / $most * 60 | round)px\"></span></div>"] | add)</div>";

def coverage_section:
  (.view = "full"
   | "<h3>Overview</h3>",
     "<table><tr><th>what</th><th>seen</th><th>of</th><th></th><th>in one run only</th></tr>", (cover::overview | overview_row), "</table>",
     ((.thresholds // [])[] | "<p class=\"\(if .met then "good" else "bad" end)\">Threshold: \(cover::threshold_line | html)</p>"),
     "<ul>", (cover::gaps(40), cover::branch_lines | "<li>\(html)</li>"), "</ul>",
     "<h3>New things by tenth of the runs</h3>", growth_columns, (cover::growth_lines | select(startswith("New") | not) | "<p>\(html)</p>"),
     (cover::shown_matrices | heat_map), (cover::shown_tables | table));

# --- The page ---

def framed($o; section):
  if $o | has("number") then section else head(cover::title), section, foot end;
def coverage($o): framed($o; "<h1>\(cover::title | html)</h1>", coverage_section);

def header($o): head("Report");
def failure($o):
  . as $failure
  | "<h2 class=\"bad\">\(.failure | headline | html)\(if $o.again > 0 then ", again" else "" end)</h2>",
    "<pre>\([.failure.message | text_lines] | join("\n") | html)</pre>",
    "<p>\(run_text | html); \(size_text | html).</p>",
    "<table><tr><th>id</th><th>command</th><th>observed</th></tr>",
    (items[] | . as $item | "<tr\(if .id == $failure.failure.id then " class=\"missed\"" else "" end)><td>\(.id | html)</td>"
      + "<td>\(.command | object_text(.type; command_fields($failure.refs)) | html)</td>"
      + "<td>\([$failure | observed($item.id) | domain_object(200) | html] | join("<br/>"))</td></tr>"),
    "</table>",
    (reproduce_run | "<pre>\(html)</pre>");
def summary($o):
  "<h2>Summary</h2>", "<p>\(outcome_text | html)\(if .seed != null then "; seed \(.seed)" else "" end).</p>",
  (.problems[] | "<p class=\"bad\">\([text_lines] | join(" ") | html)</p>"),
  (saved_text, unshown_text | "<p>\(html)</p>"),
  foot;
