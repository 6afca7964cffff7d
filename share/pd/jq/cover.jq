# SPDX-License-Identifier: MIT
# A coverage record in words: lines, tables and matrices, which each report format
# writes in its own way. Names come from models and logs, so all of them are made visible.
include "text";

def names: map(.name | visible);
def pair: "\(.from | visible) -> \(.to | visible)";
def place: "\(.command | visible).\(.argument | visible): \(.partition | visible)";

# The first few of a list, and how many more.
def few($most): if length > $most then .[:$most] + ["and \(length - $most | grouped) more"] else . end | join(", ");

# What there is, and nobody met.
def unmet: .items // [] | map(select(.times == 0));
def met: .items // [] | map(select(.times > 0));
def undeclared: .items // [] | map(select(.undeclared));
# Pairs of commands that there are: all of the declared ones.
def unmet_pairs:
  [.command.items[] | select(.undeclared | not) | .name] as $names
  | (reduce .transition.items[] as $pair ({}; .[$pair.from | tojson][$pair.to | tojson] = true)) as $seen
  | [$names[] as $from | $names[] as $to | select($seen[$from | tojson][$to | tojson] | not) | {$from, $to}];

# --- The summary ---

def runs_text:
  .runs
  | (.total | counted("run")) + ": "
  + ([(.passed | "\(grouped) passed"), (.failed | "\(grouped) failed"),
      (.errors | select(. > 0) | "\(grouped) could not be judged"), (.aborted | select(. > 0) | "\(grouped) aborted"),
      (.unfinished | select(. > 0) | "\(grouped) without an end")] | join(", "));
def title: "\(if .model then "Coverage of \(.model.name | visible)" else "Coverage" end), \(runs_text)";

def dimensions:
  ["command", "commands"], ["transition", "pairs of commands"], ["event", "events"], ["check", "checks"],
  ["partition", "argument partitions"], ["state_class", "state classes"];
def percent_text: if .percent == null then "" else "\(.percent)%" end;
def sketch_text:
  if .exact then "\(.seen | grouped)"
  else "about \(.seen | grouped), standard error \(.error * 1000 | round / 10)%" end;

# [what, how many, of how many, percent, how many of them once only]
def overview:
  (dimensions as [$name, $words] | .[$name] | values
    | [$words, (if has("total") then .covered else .seen end | grouped), (.total // "" | grouped), percent_text, "\(.once | grouped)", .percent]),
  (.state_class_transition | values | ["state class changes", (.seen | grouped), "", "", (.once | grouped), null]),
  (.concurrent | values | ["concurrent pairs", (.seen | grouped), "", "", (.once | grouped), null]),
  (.state | values | ["states", sketch_text, "", "", (.once | grouped), null]),
  (.interleaving | values | ["interleavings", sketch_text, "", "", (.once | grouped), null]);

def gaps($most):
  (.command | select(has("total")) | unmet | select(. != []) | "Commands that never ran: \(names | few($most))"),
  (.command | met | map(select(.unanswered == .times)) | select(. != [])
    | "Commands that were never answered: \(names | few($most))"),
  (select(.command | has("total")) | unmet_pairs | select(. != [])
    | "Pairs that never came, \(length | grouped): \(map(pair) | few($most))"),
  (.event | select(has("total")) | unmet | select(. != []) | "Events that never came: \(names | few($most))"),
  (.check | unmet | select(. != []) | "Checks that were never triggered: \(names | few($most))"),
  (.partition | select(has("total")) | unmet | select(. != [])
    | "Arguments that were never tried, \(length | grouped): \(map(place) | few($most))"),
  (.state_class | values | unmet | select(. != []) | "State classes that no run came to: \(names | few($most))"),
  (.check | met | map(select(.failed)) | select(. != [])
    | "Checks that failed: \(map("\(.name | visible) in \(.failed | counted("run"))") | few($most))"),
  (.command | select(has("total")) | undeclared | select(. != []) | "Commands that the model does not have: \(names | few($most))"),
  (.event | select(has("total")) | undeclared | select(. != []) | "Events that the model does not fold: \(names | few($most))");

def verdict_text:
  {growing: "still growing", slowing: "hardly anything new", saturated: "nothing new is to be expected",
   too_few_runs: "too few runs to tell"}[.verdict] // (.verdict | visible);
def two_digits: if . > 0 then pow(10; 1 - (log10 | floor)) as $scale | (. * $scale | round) / $scale else . end;
def growth_lines:
  .growth
  | "Growth: \(verdict_text)\(if .last_new_run != null then "; the last new thing came in run \(.last_new_run)" else "" end).",
    "New things by tenth of the runs: \(.new_by_tenth | map(grouped) | join(", ")).",
    (select(.expected_new != null and .verdict != "too_few_runs")
      | "Of \(.seen | counted("thing")) \(.once | grouped) came in one run only: \(.expected_new | two_digits) new ones are expected in the next run (Good-Turing), at least \(.estimated | grouped) in all (Chao2).");
def branch_lines:
  .branches | values
  | "Runs with branches: \([.items[] | "\(.runs | grouped) with \(.name)"] | join(", ")).";
def threshold_line:
  "\(.dimension) \(if .met == null then "cannot be told" else "\(.got)" end), wanted \(.wanted): "
  + (if .met == null then "undecided" elif .met then "met" else "missed" end);

# --- Tables and matrices ---

def item_cells: [.times, .runs, .first // ""] | map(grouped);
def is_missed: .times == 0;
# Partitions in the order of their numbers.
def by_bounds:
  .items | sort_by([.command, .argument, ([.partition | match("\\A-?[0-9]+(\\.[0-9]+)?").string | tonumber] | .[0] // 1e300)]);
# {title, heading, rows: [{cells, missed}]}
def tables:
  (.command | {title: "Commands", heading: ["command", "times", "runs", "first run", "unanswered"],
    rows: [.items[] | {missed: is_missed, cells: ([.name | visible] + item_cells + [.unanswered // 0 | grouped])}]}),
  (.event | {title: "Events", heading: ["event", "times", "runs", "first run"],
    rows: [.items[] | {missed: is_missed, cells: ([.name | visible] + item_cells)}]}),
  (.check | {title: "Checks", heading: ["check", "times", "runs", "first run", "runs failed"],
    rows: [.items[] | {missed: is_missed, cells: ([.name | visible] + item_cells + [.failed // 0 | grouped])}]}),
  (.partition | {title: "Arguments", heading: ["argument", "partition", "times", "runs", "first run"],
    rows: [by_bounds[] | {missed: is_missed, cells: (["\(.command).\(.argument)" | visible] + [.partition | visible] + item_cells)}]}),
  (.state_class | values | {title: "State classes", heading: ["class", "times", "runs", "first run"],
    rows: [.items[] | {missed: is_missed, cells: ([.name | visible] + item_cells)}]})
  | select(.rows != []);

# {title, names, counts: [[times]]}: rows come first, columns next.
def matrix($title; $names; $pairs):
  (reduce $pairs[] as $pair ({}; .[$pair.from | tojson][$pair.to | tojson] = $pair.times)) as $times
  | {$title, names: ($names | map(visible)),
     counts: [$names[] as $from | [$names[] as $to | $times[$from | tojson][$to | tojson] // 0]]}
  | select(.names != []);
def ends: [.items[] | .from, .to] | unique;
def command_matrix:
  matrix("Pairs: the command of the row, and next that of the column"; [.command.items[].name]; .transition.items);
def concurrent_matrix:
  .concurrent | values
  | matrix("At the same time: the command of the row was folded before that of the column"; ends; .items);
def class_matrix:
  (.state_class_transition // {items: []}) as $changes
  | .state_class | values
  | matrix("State classes: that of the row, and after the next step that of the column"; [.items[].name]; $changes.items);

# What a view shows: the lists of gaps are whole in the full one.
def view: .view // "summary";
def shown_matrices:
  if view == "matrix" then command_matrix, concurrent_matrix
  elif view == "state-classes" then class_matrix
  elif view == "full" then command_matrix, concurrent_matrix, class_matrix
  else empty end;
def shown_tables:
  if view == "full" then tables
  elif view == "state-classes" then tables | select(.title == "State classes") else empty end;
def shown_lines:
  (gaps(if view == "full" then 1e9 else 12 end)), branch_lines, growth_lines,
  (select(view == "state-classes" and (has("state_class") | not))
    | "No state class was counted: the model says with classify what class a state is of, and -m MODEL names it.");
