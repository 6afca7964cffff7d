# SPDX-License-Identifier: MIT
# JUnit's XML, as Jenkins and Surefire have it: a suite for the model, in it a case for
# each check. One that passed is a case, one that never triggered is skipped, and a
# failure has its message, the command lines that reproduce it, and as system-out the
# report of it. Other ways to fail and the answers of other programs are cases, too,
# and so is whatever makes that nothing is proved.
module {"name": "junit", "description": "JUnit XML for CI: a case for each check", "extension": "xml",
  "held": true, "whole": true, "locations": true};
include "text";
include "common";
include "cases";
import "terminal_more" as terminal;

# XML 1.0 has no place for most control characters and for U+FFFE and U+FFFF, not even
# escaped; visible writes the first as JSON does.
def xml:
  if test("[\\x{fffe}\\x{ffff}]") then gsub("\\x{fffe}"; "\\ufffe") | gsub("\\x{ffff}"; "\\uffff") else . end
  | visible | @html;
def xml_lines: split("\n") | map(xml) | join("\n");
def attribute: split("\n") | map(xml) | join("&#10;");

def failure($o): select(is_worth_holding($o)) | failure_case($o; terminal::failure_with_branches({color: false, width: 0, number: $o.number, again: 0, saved: $o.saved}));

def place: .location // empty | "\(.file)\(.line | if . then ":\(.)" else "" end)";
def body: [(select(.message != "") | .message, ""), .detail[], place] | join("\n") | xml_lines;
def outcome($element):
  "<\($element) type=\"\(.group | attribute)\" message=\"\(case_message | attribute)\">\(body)</\($element)>";
def output($lines): select($lines != []) | "<system-out>\($lines | join("\n") | xml_lines)</system-out>";
def test_case($model):
  "<testcase classname=\"\("\($model).\(group_word)" | attribute)\" name=\"\(.name | attribute)\">",
  (if .result == "failed" then outcome("failure"), output(.text)
   elif .result == "error" then outcome("error"), output(.text)
   elif .result == "skipped" then "<skipped message=\"\(.title | attribute)\"/>"
   else output([.title, .detail[]]) end),
  "</testcase>";

def property($name): "<property name=\"\($name)\" value=\"\(tostring | attribute)\"/>";
def properties:
  "<properties>",
  (.seed | values | property("seed")), (.counts | to_entries[] | .key as $name | .value | property($name)),
  "</properties>";

def number_of($cases; $result): [$cases[] | select(.result == $result)] | length;
def summary($o):
  (.model.name // "propertydamage") as $model
  | cases($o.held) as $cases
  | "tests=\"\($cases | length)\" failures=\"\(number_of($cases; "failed"))\" errors=\"\(number_of($cases; "error"))\" time=\"\(.seconds)\"" as $numbers
  | "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<testsuites name=\"\($model | attribute)\" \($numbers)>",
    "<testsuite name=\"\($model | attribute)\"\(.model.path | if . then " file=\"\(attribute)\"" else "" end) \($numbers) skipped=\"\(number_of($cases; "skipped"))\">",
    properties, ($cases[] | test_case($model)),
    output([outcome_text, saved_text, unshown_text]),
    "</testsuite>", "</testsuites>";
