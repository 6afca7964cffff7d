# SPDX-License-Identifier: MIT
# The rest of the report in Markdown: runs with branches, and what other programs found
# out.
include "text";
include "common";
include "findings";
include "markdown";
import "overlap" as overlap;
import "cover" as cover;

# A run with branches as it went, and why no order of them explains it.
def plain: {color: false, width: 100};
def reason_block: [overlap::reason_lines(plain; 100)] | select(. != []) | join("\n") | fenced("text");
def timeline_blocks:
  (select(overlap::is_branching) | [overlap::of_run | overlap::drawing(plain)] | join("\n") | fenced("text")),
  (overlap::run_verdict | select(type == "object") | reason_block);
def failure_with_branches($o):
  told($o; whole($o; timeline_blocks, (select(.failure | overlap::is_explained_below | not) | data_block)));

# A command of an explanation, with what it changed where that says something.
def role_row($command):
  $command | ([select(.role == "trigger" or .role == "context") | .changes // [] | .[:6][] | change | code_cell]) as $changes
  | "| \(.id | if $command.role == "trigger" then "**\(.)**" else . end) "
    + "| \(.command | object_text(.type; command_fields({})) | code_cell) "
    + "| \(.role) | \([.reason | text_lines] | join(" ") | escaped) | \($changes | join("<br>")) |";

def explanation($o):
  . as $explanation
  | "## Why \(.failure | headline | escaped)", "",
    ([.failure.message | text_lines] | join("\n") | fenced("text")),
    "\(.commands | length | plural("command")); \(run_text).", "",
    "| id | command | role | reason | changes |", "|---|---|---|---|---|",
    role_row(.commands[]), "",
    (if .trigger then
       "The failure goes away when one argument changes:", "",
       (.trigger, .trigger.others[] | "- \(isolated_text($explanation) | code)")
     elif .stopped == "complete" then "No change of a single argument makes the failure go away."
     else "No change of a single argument was found that makes the failure go away." end), "",
    "\(looked_into | escaped).", "", (explanation_notes | escaped, "");

def linearization($o):
  "**\(overlap::linearization_title | escaped)**", "",
  (overlap::verdict_notes | "- \(escaped)"), "",
  (select(.timeline) | [overlap::of_linearization | overlap::drawing(plain)] | join("\n") | fenced("text")),
  reason_block;

def verification($o):
  "**\(fix_word)**: \(.failure | headline | escaped); \(run_text).", "",
  "- \(fix_numbers, fix_notes | escaped)", "";

def bisection($o):
  if .first_bad then
    (.first_bad | "First bad commit: \(.commit | code) **\(.subject | visible | escaped)**, \(.author | visible | escaped), \(.date | visible).")
  else "One of these is the first bad commit:", "",
    "- \(.candidates[] as $commit | "\($commit | code) \(verdict_of($commit))")" end,
  "", "\(steps_text).";

# Failure files: one of them, and a table of an array of them.
def failure_file($o): "- \(file_text | escaped)";
def failure_files($o):
  one_text(
    (map(select(is_readable)) | select(. != [])
      | "| \(list_heading | join(" | ")) |", "|\(list_heading | map("---|") | add)",
        (.[] | "| \(list_cells | map(code_cell) | join(" | ")) |"), ""),
    (.[] | select(is_readable | not) | failure_file($o)));

# --- Runs against runs ---

def difference_lines:
  difference_place,
  "\(select(has("left")) | "- \(.left | difference_value)")",
  "\(select(has("right")) | "+ \(.right | difference_value)")";
def field_table($most):
  select(.fields != [])
  | (if both_groups then
      "What tells failing from passing runs, best first:", "",
      "| field | gain ratio | passing | failing |", "|---|---|---|---|",
      (.fields[:$most][] | "| \(field_place | code_cell) | \(.score) | "
        + if .run_scoped then "another value in each run | |"
          else "\(group_values(.; "passing") | code_cell) | \(group_values(.; "failing") | code_cell) |" end)
    else
      "What varies:", "", "| field | values |", "|---|---|",
      (.fields[:$most][] | "| \(field_place | code_cell) | "
        + if .run_scoped then "another value in each run |" else "\(all_values(.) | code_cell) |" end)
    end), "";

def violation($o):
  "## \(violation_head | escaped)", "", "At \(violation_place | escaped).", "",
  (violation_doubt | "**Doubtful**: \(. | escaped).", ""),
  ([.failure.message | text_lines] | join("\n") | fenced("text")),
  "Events that led there:", "",
  (.events[] | "- \(log_place_and_time | escaped) \(.event | domain_object(200) | code)"),
  "- **\(log_place_and_time | escaped)** \(.event | domain_object(200) | code)", "",
  ([differences] | select(. != []) | "What it changed:", "", ([.[:20][] | state_change] | join("\n") | fenced("text"))),
  "The state after it:", "", ([limit(40; .state | state_leaves)] | join("\n") | fenced("text"));
def forensics($o):
  "**\(log_verdict | escaped)**: \(log_numbers | escaped).", "", ("- \(log_notes | escaped)"), "";

def divergence($o):
  "## \(if .same then "The same" else "Different" end)", "",
  "- left: \(.left | run_side | escaped)", "- right: \(.right | run_side | escaped)", "",
  (select(.runs and (.same | not)) | "\(passed_text)\(if .kinds == {} then "" else "; \(kinds_text | escaped)" end).", "", field_table(20)),
  (select(.differences != []) | [.differences[] | difference_lines] | join("\n") | fenced("diff")),
  (.more_differences // 0 | select(. > 0) | "And \(plural("more difference")).", "");

def flakiness($o):
  "## \(flakiness_text | escaped)", "",
  (select(.verdict != "deterministic")
   | field_table(10),
     (.first_divergence | values | "First difference:", "", ([difference_lines] | join("\n") | fenced("diff"))));
def mutant($o): empty; # the mutation record tells of them
def mutation($o):
  "## \(mutation_title | escaped)", "", "\(mutation_runs | escaped).", "",
  (("commands", "operators") as $table
   | .[$table] | select(. != {})
   | "| \($table) | score | killed | survived | equivalent |", "|---|---|---|---|---|",
     (to_entries[] | "| \(.key | code_cell) | \(.value.score | if . then tenths else "" end) | \(.value.killed) | \(.value.survived) | \(.value.equivalent) |"), ""),
  (select(.survivors != [])
   | "| survived | mutants | changes | which check should have seen it | for example |", "|---|---|---|---|---|",
     (.survivors[:30][] | "| \(survivor_subject | code_cell) | \(.mutants) | \(survivor_changes | escaped) | \(survivor_checks | escaped) | \(survivor_example | code_cell) |"), "");
def suggestion($o):
  "## \(suggestion_title | escaped)", "", "\(suggestion_runs | escaped).", "",
  (select(.unread != []) | "No check reads \(.unread | map(code_cell) | join(", ")).", ""),
  (.suggestions[]
   | "### \(.says | escaped)", "", "Priority \(.priority); \(suggestion_worth).", "",
     ([suggestion_code] | join("\n") | fenced("jq")), "");
def flakiness_summary($o):
  "**\(.sequences | plural("sequence"))**, each executed up to \(.runs) times: "
  + "\(.deterministic) deterministic, \(.varying) varying, \(.flaky) flaky"
  + (if .unjudged > 0 then ", \(.unjudged) could not be judged" else "" end) + ".";

# --- Coverage ---

def coverage_row: "| \(map(if . == "" then "" else code_cell end) | join(" | ")) |";
def coverage($o):
  "## \(cover::title | escaped)", "",
  "| what | seen | of | percent | in one run only |", "|---|---:|---:|---:|---:|",
  (cover::overview | .[:5] | "| \(join(" | ")) |"), "",
  (cover::shown_lines | "- \(escaped)"),
  ((.thresholds // [])[] | "- threshold \(if .met then "" else "**missed** " end)\(cover::threshold_line | escaped)"), "",
  (cover::shown_tables | "### \(.title)", "", "| \(.heading | join(" | ")) |", "|\(.heading | map("---|") | add)", (.rows[].cells | coverage_row), ""),
  (cover::shown_matrices | . as $matrix
    | "### \(.title)", "", "| | \(.names | map(code_cell) | join(" | ")) |", "|---|\(.names | map("---:|") | add)",
      (range(.names | length) | . as $row | "| \($matrix.names[$row] | code_cell) | \($matrix.counts[$row] | map(if . == 0 then "-" else tostring end) | join(" | ")) |"), "");

# --- Replays ---

def replaying($o):
  "## Replay: \(.failure | headline | escaped)", "", "\(replaying_text | escaped).", "",
  ([.failure.message | text_lines] | join("\n") | fenced("text"));

def step($o):
  "**\(.id | visible | escaped)**\(if .branch != null then " (branch \(.branch))" else "" end) \(step_command | code)",
  (.events[].event | "- \(domain_object(200) | code)"),
  (select(.outcome != "ok") | "- **\(.outcome)**\(.reason | if . then ": \(visible | escaped)" else "" end)"),
  (.recorded | values | "- recorded: \(recorded_text | code)"),
  (.checks[] | "- \(check_text | escaped)"),
  "",
  (select((.changes // []) != []) | [.changes[] | change] | join("\n") | fenced("diff"));

def replay($o):
  "**\(verdict | escaped)**",
  "",
  (select(.result == "reproduced" or .result == "different" or .result == "error")
    | .failure | values | [.message | text_lines] | join("\n") | fenced("text")),
  (.reason | values | [text_lines] | join(" ") | escaped, ""),
  (.differences // [] | .[] | "State \(if .of == "fold" then "folded again" else "recorded and made again" end):", "",
    ([.changes[:20][] | change] | join("\n") | fenced("diff")));
