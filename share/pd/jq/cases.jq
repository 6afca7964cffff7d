# SPDX-License-Identifier: MIT
# A report as a list of test cases, for formats that CI systems read: each check, each
# other way in which a run can fail, and each answer that another program gave is a case
# {group, name, result, title, message, detail, text, location}. The result is passed, failed,
# error (nothing is proved) or skipped; detail and text are lines, the second the whole
# report of a failure. Formats hold what failures and answers give, and make the cases of
# it in the summary.
include "text";
include "common";
include "findings";
import "cover" as cover;

def lines_of(message): [message | text_lines] | join("\n");
def shortened($most): if length > $most then "\(.[:$most])..." else . end;
# Names and titles take one line.
def case_title($most): gsub("\\s+"; " ") | visible | shortened($most);

# --- What is held ---

# The first failure of its kind and name, and shrunk ones, of which one is enough.
def is_worth_holding($o): $o.again == 0 or (.shrunk and $o.again < 20);
def failure_key: [.kind, (.name | values)] | join(" ");
def failure_case($o; text):
  .failure as $cause
  | {key: ($cause | failure_key), shrunk: (.shrunk != null), group: $cause.kind,
     name: ($cause.name // $cause.kind | case_title(200)), result: (if $cause.class == "assertion" then "failed" else "error" end),
     title: ($cause | headline | case_title(300)), message: lines_of($cause.message), location: $o.location,
     detail: ["\(size_text); \(run_text)",
       (reproduce_sequence | "", "Run this sequence again:", .), (reproduce_run | "", "Generate the whole run again:", .),
       (select($o.saved) | "", "Saved as \($o.saved | visible)")],
     text: [text]};

# What others found out: yes or no, and why. There is nothing of what only explains.
def answer($name; $result; $title; detail):
  {group: .type, name: ($name | case_title(200)), $result, $title, message: $title, detail: [detail], text: []};
def answers:
  if .type == "coverage" then
    answer("coverage"; "passed"; cover::title; cover::shown_lines),
    (. as $record | (.thresholds // [])[] | . as $threshold
     | $record | answer("\($threshold.dimension) \($threshold.wanted)";
         if $threshold.met == null then "error" elif $threshold.met then "passed" else "failed" end;
         $threshold | cover::threshold_line; empty))
  elif .type == "mutation" then
    answer("mutation score"; if mutation_missed then "failed" else "passed" end; mutation_title;
      mutation_runs, (.survivors[:30][] | "\(survivor_subject): \(.mutants); \(survivor_checks); for example \(survivor_example)"))
  elif .type == "flakiness" then
    select(.verdict != "deterministic")
    | answer(run_text; {flaky: "failed", varying: "passed"}[.verdict] // "error"; flakiness_text;
        .fields[:10][] | "\(field_place): \(all_values(.))")
  elif .type == "flakiness_summary" then
    answer("sequences"; "passed"; "\(.sequences | plural("sequence")): \(.deterministic) deterministic, \(.varying) varying, \(.flaky) flaky"; empty)
  elif .type == "divergence" then
    answer("\(.left | run_side) and \(.right | run_side)"; if .same then "passed" else "failed" end;
      if .same then "the same" else "different: \(.first | if . then difference_place else "" end)" end;
      .differences[:50][] | difference_place,
        "\(select(has("left")) | "- \(.left | difference_value)")", "\(select(has("right")) | "+ \(.right | difference_value)")")
  elif .type == "verification" then
    answer("\(.failure | headline); \(run_text)"; {verified: "passed", undecided: "error"}[.status] // "failed"; fix_word;
      fix_numbers, fix_notes)
  elif .type == "replay" then
    answer("\(.expected | headline); \(run_text)";
      {passed: "passed", states_agree: "passed", stopped: "skipped", error: "error"}[.result] // "failed"; verdict;
      .reason | values | text_lines)
  elif .type == "linearization" then
    answer(([(.run | values | "run \(.)"), (.history | values | "history \(brief(60))"), (.key | values | "key \(brief(60))")]
        | if . == [] then "the history" else join(", ") end);
      {linearizable: "passed", not_linearizable: "failed"}[.verdict] // "error";
      "\(.verdict | gsub("_"; " ")): \(.operations | plural("operation")) (\(.spec | visible))"; .reason | values | text_lines)
  elif .type == "violation" then
    answer("\(.failure.name // .failure.kind) at \(log_place)"; if .restarted then "error" else "failed" end; violation_head;
      (.failure.message | text_lines), violation_doubt, "At \(violation_place).", "Events that led there:",
      (.events[], . | "\(log_place_and_time) \(.event | domain_object(200))"))
  elif .type == "forensics" then
    answer("the log"; {held: "passed", violated: "failed"}[.verdict] // "error"; log_verdict; log_numbers, log_notes)
  else empty end;

# What a format holds of each type of record. Those of a step tell less than their replay.
def coverage($o): answers;
def mutation($o): answers;
def mutant($o): empty;
def flakiness($o): answers;
def flakiness_summary($o): answers;
def divergence($o): answers;
def verification($o): answers;
def replaying($o): empty;
def step($o): empty;
def replay($o): answers;
def linearization($o): answers;
def violation($o): answers;
def forensics($o): answers;
def header($o): empty;

# --- The cases of a summary ---

# Of several failures of one kind and name a shrunk one, or the first.
def chosen: (map(select(.shrunk)) + .)[0];
def times_text($times): if $times > 1 then "It came \($times | plural("time"))." else empty end;
def failure_cases($failures):
  reduce .[] as $held ({}; .[$held.key] += [$held])
  | map(chosen | .detail += [times_text($failures[.key] // 1)]);
def check_cases($failed):
  .fired | to_entries[]
  | select($failed["check_failed \(.key)"] | not)
  | {group: "check_failed", name: (.key | case_title(200)), message: "", detail: [], text: []}
    + if .value > 0 then {result: "passed", title: "passed \(.value | plural("time"))"}
      else {result: "skipped", title: "never triggered"} end;
def problem_cases:
  .status as $status
  | (.problems[:100][] | {group: "problem", name: (lines_of(.) | case_title(200)), result: "error", message: lines_of(.), detail: [], text: [],
      title: (if $status == 1 then "trouble as well" else "nothing is proved" end)}),
    (select($status > 2) | {group: "problem", name: "interrupted", result: "error", title: "interrupted",
      message: "a signal ended the work early", detail: [], text: []});

# Readers take cases of the same name for one.
def told_apart:
  reduce .[] as $case ({seen: {}, cases: []};
    ([$case.group, $case.name] | tojson) as $name
    | .seen[$name] += 1
    | .seen[$name] as $times
    | .cases += [$case | if $times > 1 then .name += " (\($times))" else . end])
  | .cases;

# With the summary as input, and what was held.
def cases($held):
  .failures as $failures
  | [($held | map(select(has("key"))) | failure_cases($failures)[]), check_cases($failures),
     ($held[] | select(has("key") | not)), problem_cases]
  | told_apart;

# What went wrong, in one text.
def case_message: .title + if .message == "" or .message == .title then "" else ": \(.message)" end;

# A word for the group, as people know it, and which case of it.
def group_word: .group | if . == "check_failed" then "check" else . end;
def case_name: if .name == .group then .name else "\(group_word) \(.name)" end;
