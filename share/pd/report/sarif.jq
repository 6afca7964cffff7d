# SPDX-License-Identifier: MIT
# SARIF 2.1.0, for code scanning: a rule for each check that ran and each other way in
# which a run failed, and a result for each of them that was broken, at the check, with
# the sequence of commands as its code flow.
module {"name": "sarif", "description": "SARIF 2.1.0 for code scanning", "extension": "sarif",
  "held": true, "whole": true, "locations": true};
include "text";
include "common";
include "cases";

def flow_step: {location: {message: {text: .}}};
def failure($o):
  select(is_worth_holding($o)) | . as $failure
  | failure_case($o; empty)
  + {run, seed, plan: sequence.plan,
     flow: [items[] | . as $item
       | "\(.id) \(.command | object_text(.type; command_fields($failure.refs)))"
         + ([$failure | observed($item.id) | domain_object(200)] | if . == [] then "" else " -> \(join(", "))" end)]};

def rule_id: "\(group_word)/\(.name)";
def place:
  .location | values
  | [{physicalLocation: ({artifactLocation: {uri: (.file | split("/") | map(@uri) | join("/"))}}
       + if .line then {region: {startLine: .line}} else {} end)}];
def result($rules; $failures):
  {ruleId: rule_id, ruleIndex: $rules[rule_id], level: (if .result == "failed" then "error" else "warning" end),
   message: {text: ([case_message, .detail[]] | join("\n"))}}
  + ({locations: place} // {})
  + (if .key then {occurrenceCount: ($failures[.key] // 1), partialFingerprints: {"failure/v1": .key},
       properties: {run, seed, plan}} else {} end)
  + (if .flow and .flow != [] then {codeFlows: [{message: {text: "the sequence of commands"}, threadFlows: [{locations: (.flow | map(flow_step))}]}]} else {} end);

def summary($o):
  .failures as $failures
  | cases($o.held) as $cases
  | ($cases | map(select(.group != "problem"))) as $judged
  | (reduce ($judged[] | rule_id) as $id ({}; if has($id) then . else .[$id] = length end)) as $rules
  | {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0",
     runs: [{
       tool: {driver: {name: "PropertyDamage", rules: [$judged | unique_by(rule_id) | sort_by($rules[rule_id])[]
         | {id: rule_id, shortDescription: {text: case_name}}]}},
       invocations: [{executionSuccessful: (.status < 2), exitCode: .status,
         toolExecutionNotifications: [($cases[] | select(.group == "problem") | {level: "error", message: {text: case_message}}),
           (unshown_text | {level: "note", message: {text: .}})]}],
       results: [$judged[] | select(.result == "failed" or .result == "error") | result($rules; $failures)],
       properties: ({counts, seconds} + if .seed != null then {seed} else {} end)}]}
  | tojson | visible;
