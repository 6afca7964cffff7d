# SPDX-License-Identifier: MIT
# Timelines as one page that needs nothing else, no scripts either.
module {"name": "timeline-html", "description": "operations that overlap, as a page"};
include "text";
import "overlap" as overlap;
import "overlap_svg" as picture;

def html: xml;

def header($o):
  "<!DOCTYPE html>",
  "<html lang=\"en\"><head><meta charset=\"utf-8\"/>",
  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>",
  "<meta name=\"color-scheme\" content=\"light dark\"/>",
  "<title>Timeline</title>",
  "<style>",
  "body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5em; color: #1b2733; background: #ffffff; }",
  "h2 { font-size: 1.2em; margin-bottom: 0.3em; } p { margin: 0.3em 0; white-space: pre-line; }",
  ".drawing { overflow-x: auto; border: 1px solid #c8d0d8; margin: 0.8em 0; } .drawing svg { display: block; }",
  "pre, td, th { font: 13px/1.5 ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }",
  "pre { white-space: pre-wrap; overflow-wrap: anywhere; } pre b, tr.marked { color: #a80f0f; font-weight: bold; }",
  "table { border-collapse: collapse; } td, th { text-align: left; padding: 0.15em 0.8em; border-bottom: 1px solid #dde3e9; vertical-align: top; }",
  "td { overflow-wrap: anywhere; } th { white-space: nowrap; }",
  "td.number { text-align: right; white-space: nowrap; } summary { cursor: pointer; }",
  "@media (prefers-color-scheme: dark) {",
  "body { color: #e4eaf0; background: #14181d; } .drawing { border-color: #3a4550; } td, th { border-color: #2b343d; }",
  "pre b, tr.marked { color: #ff9b9b; } a { color: #8ec5ff; }",
  "}",
  "</style></head><body>";

def row:
  "<tr\(if overlap::is_marked then " class=\"marked\"" else "" end)><td class=\"number\">\(.place // "")</td>"
  + "<td>\(.id | html)</td><td>\(.lane | html)</td><td>\(.command | domain_object(300) | html)</td>"
  + "<td>\(picture::answer_text | html)</td>"
  + "<td class=\"number\">\(.call)</td><td class=\"number\">\(.return // "never")</td></tr>";
def table:
  "<details open=\"open\"><summary>\(.operations | length | plural("operation"))</summary>",
  "<table><tr><th>place</th><th>id</th><th>where</th><th>command</th><th>answer</th><th>call, us</th><th>return, us</th></tr>",
  (.operations[] | row),
  "</table></details>";

def section($o; title; notes; reasons; drawn):
  "problem-\($o.number)" as $anchor
  | "<section><h2>\(title | html)</h2>",
  (notes | "<p>\(html)</p>"),
  (select(any(drawn.operations[]; overlap::is_marked)) | "<p><a href=\"#\($anchor)\">Show where</a></p>"),
  "<div class=\"drawing\">", (drawn | picture::svg([]; []; $anchor)), "</div>",
  ([reasons | if .class then "<b>\(.text | html)</b>" else .text | html end] | select(. != []) | "<pre>\(join("\n"))</pre>"),
  (drawn | overlap::window(200) | table),
  "</section>";

def run($o):
  section($o; overlap::run_title; overlap::message_lines; overlap::run_verdict | picture::reason_lines; overlap::of_run);
def linearization($o):
  section($o; overlap::linearization_title; overlap::verdict_notes; picture::reason_lines; overlap::of_linearization);

def summary($o):
  (select(.left_out > 0) | "<p>\(.left_out) more are not drawn.</p>"),
  "</body></html>";
