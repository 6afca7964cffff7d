# SPDX-License-Identifier: MIT
# The report for people at a terminal. Each function gives lines of text;
# $o has color (true for escape codes), number (of the failure, from 1) and
# again (how many of its kind and name came before it).
module {"name": "terminal", "description": "for people at a terminal"};
include "common";

def paint($o; $code): if $o.color then "\u001b[\($code)m\(.)\u001b[0m" else . end;
def bold($o): paint($o; "1");
def red($o): paint($o; "31");
def green($o): paint($o; "32");
def faint($o): paint($o; "2");

def header($o): empty;

# What a reference in the command stood for: "account: @c1.account = acc_1".
def resolved($refs): . as $value
  | if type == "string" and ($refs | has($value)) then "\(brief(60)) = \($refs[$value] | brief(60))" else brief(120) end;
def command_text($refs):
  .type as $type | (del(.type) | to_entries | map("\(.key): \(.value | resolved($refs))") | join(", ")) as $fields
  | if $fields == "" then $type else "\($type) {\($fields)}" end;

def pad($width): . + (" " * ([$width - length, 0] | max) // "");

# One command of the sequence with what came back.
def step($failure; $o; $item):
  ($failure.failure.id == $item.id) as $failed
  | ([$failure.commands[] | select(.id == $item.id)] | last) as $sent
  | (if $failed then "  > " | red($o) else "    " end)
    + ($item.id | pad(5)) + ($item.command | command_text($failure.refs) | if $failed then bold($o) else . end),
  ($failure.events[] | select(.id == $item.id) | "         -> " + (.event | domain_object(120))),
  (if $sent != null and $sent.outcome != "ok" then "         \($sent.outcome): \($sent.reason // "")"
   else empty end);

# What the run did not come to is only counted.
def steps($failure; $o):
  [items[] | . as $item | select(any($failure.commands[]; .id == $item.id))] as $executed
  | (items | length) as $all
  | ($executed[] | step($failure; $o; .)),
    (if $all > ($executed | length) then
       "    \($all - ($executed | length)) more commands were not executed" | faint($o) else empty end);

# The same failure was told before, and smaller.
def once_more($o):
  "FAIL \($o.number): \(.failure | headline), again: run \(.run), seed \(.seed), \(size_text)" | faint($o);

def state_lines($o):
  if .state_before == null or .state == null then empty
  else [differences(.state_before; .state)] as $differences
  | if $differences == [] then "  The state did not change."
    else "  State before \(.failure.id) and at the failure:",
      ($differences[:20][] | ("    - \(.path): \(.before | brief(100))" | red($o)),
                             ("    + \(.path): \(.after | brief(100))" | green($o))),
      (if ($differences | length) > 20 then "    ... \(($differences | length) - 20) more" else empty end)
    end
  end;

def whole($o):
  . as $failure
  | "",
    ("FAIL \($o.number): \(.failure | headline)" | red($o) | bold($o)),
    "  \(.failure.message)",
    (if .failure.data != null then "  \(.failure.data | brief(300))" else empty end),
    "",
    "  \(size_text); run \(.run), seed \(.seed):",
    steps($failure; $o),
    (.other_failures // [] | .[] | "  also: \(headline): \(.message)"),
    "",
    state_lines($o),
    "",
    "  Run this sequence again:",
    "    \(reproduce_sequence)",
    "  Generate the whole run again:",
    "    \(reproduce_whole)";

def failure($o): if $o.again > 0 and .shrunk == null then once_more($o) else whole($o) end;

def failures_by_name: [.failures | to_entries[] | "\(.key) \(.value)"] | join(", ");
def checks_text: [.fired | to_entries[] | select(.value > 0) | "\(.key) \(.value)"] | join(", ");
def silent: [.fired | to_entries[] | select(.value == 0) | .key];

def summary($o):
  .status as $status |
  (if .counts.failed + .counts.errors > 0 then "" else empty end),
  (outcome_text + " in \(.seconds) s" + (if .seed != null then "; seed \(.seed)" else "" end)
    | if $status == 0 then green($o) else . end),
  (if .failures != {} then "failures: \(failures_by_name)" else empty end),
  (if checks_text != "" then "checks run: \(checks_text)" | faint($o) else empty end),
  (if (silent | length) > 0 and .counts.commands > 0 then "never triggered: \(silent | join(", "))" else empty end),
  (.problems[] | if $status == 2 then "nothing is proved: \(.)" | red($o) else . end);
