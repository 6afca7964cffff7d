# SPDX-License-Identifier: MIT
# The rest of the report for people at a terminal: runs with branches, and what other
# programs found out.
include "text";
include "common";
include "findings";
include "terminal";
import "overlap" as overlap;
import "cover" as cover;

# A run with branches as it went, and why no order of them explains it.
def inset($o): $o | .width = if $o.width > 0 then ([$o.width - 2, 40] | max) else 98 end;
def timeline_lines($o):
  inset($o) as $inner
  | (select(overlap::is_branching) | "", "  \(overlap::of_run | overlap::drawing($inner))"),
    (overlap::run_verdict | select((.blocked? // []) != []) | "", "  \(overlap::reason_lines($inner; $inner.width))");
def failure_with_branches($o):
  told($o; whole($o; select(.failure | overlap::is_explained_below | not) | data_lines($o); timeline_lines($o)));

# A command's block: what it is there for, and what it changed.
def role_lines($o):
  (.role == "trigger") as $is_trigger
  | (if $is_trigger then "  > " else "    " end + .id + " " * ([6 - (.id | length), 1] | max)) as $margin
  | (if .branch != null then " [branch \(.branch)]" else "" end) as $note
  | ([object_lines($margin; $o; .command.type | visible; .command | command_fields({}))]
     | .[-1] += $note | .[] | if $is_trigger then bold($o) else . end),
    flow($o; 12; "          \(.role):", ([.reason | text_lines] | join(" ") | split(" ")[])),
    (select(.role == "trigger" or .role == "context") | (.more_changes // 0) as $more | .changes // []
     | (length + $more - 6) as $rest
     | (.[:6][] | "            "
         + if has("before") | not then "adds \(.path | visible): \(.after | brief(100))"
           elif has("after") | not then "removes \(.path | visible): \(.before | brief(100))"
           else "changes \(.path | visible): \(.before | brief(100)) -> \(.after | brief(100))" end | faint($o)),
       (if $rest > 0 then "            and \($rest | plural("more change"))" | faint($o) else empty end));

# Many that the failure does not need take a line together.
def length_of_unneeded: [.commands[] | select(.role == "unneeded")] | length;
def unneeded_lines($o):
  select(length_of_unneeded > 3)
  | flow($o; 10; "    unneeded: the failure comes without each of",
      ([.commands[] | select(.role == "unneeded") | "\(.id) \(.command.type | visible)"] | commas)) | faint($o);

def explanation($o):
  . as $explanation
  | "",
  ("WHY \(.failure | headline)\(if .failure.id == null and .failure.kind == "check_failed" then ", at the end of the run" else "" end)"
    | paint($o; "1;31")),
  "  \(.failure.message | text_lines)",
  "",
  "  \(.commands | length | plural("command")); \(run_text):",
  (if length_of_unneeded > 3 then .commands[] | select(.role != "unneeded") else .commands[] end | role_lines($o)),
  unneeded_lines($o),
  "",
  (if .trigger then
     "  The failure goes away when one argument changes:",
     "    \(.trigger | isolated_text($explanation) | green($o))",
     (.trigger.others | if . != [] then "  or when", "    \(.[] | isolated_text($explanation))" else empty end)
   elif .stopped == "complete" then "  No change of a single argument makes the failure go away."
   else "  No change of a single argument was found that makes the failure go away." end),
  "",
  "  \(looked_into).",
  "  \(explanation_notes)";

def linearization($o):
  inset($o) as $inner
  | "",
    (.verdict as $verdict | overlap::linearization_title
      | if $verdict == "linearizable" then green($o) else paint($o; "1;31") end),
    "  \(overlap::verdict_notes)",
    (select(.timeline) | "", "  \(overlap::of_linearization | overlap::drawing($inner))"),
    (select((.blocked // []) != []) | "", "  \(overlap::reason_lines($inner; $inner.width))");

def verification($o):
  ("\(fix_word): \(.failure | headline); \(run_text)"
    | if startswith("VERIFIED") then paint($o; "1;32") else paint($o; "1;31") end),
  "  \(fix_numbers, fix_notes)";

def bisection($o):
  if .first_bad then
    ("\(.first_bad.commit) is the first bad commit" | bold($o)),
    (.first_bad | "  date     \(.date | visible)", "  author   \(.author | visible)", "  subject  \(.subject | visible)")
  else
    ("one of these \(.candidates | length) commits is the first bad one" | bold($o)),
    "  \(.candidates[] as $commit | "\($commit)  \(verdict_of($commit))")" end,
  "\(steps_text)";

# Failure files: one of them, and a table of an array of them.
def failure_file($o): file_text | if test(": (ok|deleted)") then . else red($o) end;

def padded($widths):
  . as $cells | [range(length - 1) as $i | $cells[$i] | . + " " * ($widths[$i] - length)] + [last] | join("  ");
def failure_files($o):
  map(select(is_readable)) as $failures
  | [list_heading, ($failures[] | list_cells)] as $rows
  | [$rows | transpose[] | map(length) | max] as $widths
  | one_text((select($failures != []) | ($rows[0] | padded($widths) | bold($o)), ($rows[1:][] | padded($widths))),
      (.[] | select(is_readable | not) | file_text | red($o)));

# --- Runs against runs ---

def difference_lines($o):
  "  \(difference_place)",
  (select(has("left")) | "    - \(.left | difference_value)" | red($o)),
  (select(.kind == "failure" and (has("left") | not)) | "    - no failure" | red($o)),
  (select(has("right")) | "    + \(.right | difference_value)" | green($o)),
  (select(.kind == "failure" and (has("right") | not)) | "    + no failure" | green($o));

# The fields that tell groups apart, or that vary when there is but one group.
def field_line($o; $groups):
  if .run_scoped then "    \(if $groups then "-      " else "" end)\(field_place): another value in each run" | faint($o)
  elif $groups then
    flow($o; 12; "    \("\(.score)" | . + " " * (5 - length))  \(field_place):",
      "passing \(group_values(.; "passing"));", "failing \(group_values(.; "failing"))")
  else flow($o; 6; "    \(field_place):", all_values(.)) end;
def field_lines($o; $most):
  both_groups as $groups
  | select(.fields != [])
  | (if $groups then "  what tells failing from passing runs, best first:" else "  what varies:" end),
    (.fields[:$most][] | field_line($o; $groups)),
    (((.fields | length) + (.more_fields // 0) - $most) | select(. > 0) | "    and \(plural("more field"))" | faint($o));

def violation($o):
  ("\(violation_word): \(violation_head)" | paint($o; "1;31")),
  "  at \(violation_place)", (violation_doubt | "  \(.)"),
  (.failure.message | "  \(text_lines)"),
  (.failure.data | values | "  data: \(brief(400))" | faint($o)),
  "", "  events that led there:",
  (.events[] | "    \(log_place_and_time)  \(.event | domain_object(120))"),
  ("  > \(log_place_and_time)  \(.event | domain_object(120))" | bold($o)),
  "", (if has("state_before") then
    ([differences] | if . == [] then "  it did not change the state:" else "  what it changed:" , "    \(.[:20][] | state_change)",
      (if length > 20 then "    and \(length - 20) more" else empty end), "  the state after it:" end)
   else "  the state:" end),
  (limit(20; .state | state_leaves | "    \(.)")),
  ([.state | state_leaves] | length | select(. > 20) | "    and \(. - 20) more"), "";
def forensics($o):
  (log_verdict | if startswith("VIOLATED") then paint($o; "1;31") elif startswith("HELD") then green($o) else bold($o) end),
  "  \(log_numbers)", "  \(log_notes)";

def divergence($o):
  if .same and .runs then "SAME: \(.runs | plural("run")), all like \(.left | run_side)" | green($o)
  elif .same then "SAME: \(.left | run_side)", "      \(.right | run_side)" | green($o)
  else ("DIFFERENT:" | bold($o)),
    ("  - \(.left | run_side)" | red($o)), ("  + \(.right | run_side)" | green($o)), "",
    (select(.runs) | "  \(passed_text | sub("^passed"; "passed:"))\(if .kinds == {} then "" else "; \(kinds_text)" end)",
      field_lines($o; 10), "",
      (if both_groups then "  a passing run against a failing one:" else "  the first run against one that differs:" end)),
    (.differences[] | difference_lines($o)),
    (.more_differences // 0 | select(. > 0) | "  and \(plural("more difference"))" | faint($o))
  end;

def flakiness($o):
  (flakiness_text | if .[0:1] == "d" then . else paint($o; "1;31") end),
  (select(.verdict != "deterministic")
   | (if .lengths.min != .lengths.max then "  commands executed: \(.lengths.min) to \(.lengths.max)" else empty end),
     field_lines($o; 5),
     (if .verdict == "varying" and .fields != [] and all(.fields[]; .run_scoped)
      then "  these may be ids: -m MODEL tells which are" else empty end),
     (.first_divergence | values | "  first difference:", (difference_lines($o) | "  \(.)")));

def mutant($o): empty; # the mutation record tells of them
def mutation($o):
  (mutation_missed as $missed | mutation_title | if $missed then paint($o; "1;31") else bold($o) end),
  "  \(mutation_runs)",
  (("commands", "operators", "fields") as $table
   | .[$table] | weak_rows | select(. != [])
   | "", "  \($table) that are not noticed always:",
     (.[:10][] | "    \(.value.score | tenths | " " * ([6 - length, 0] | max) + .)  \(.key | visible)"
        + "  (\(.value.survived) of \(.value.killed + .value.survived) survived)"),
     (if length > 10 then "    and \(length - 10) more" | faint($o) else empty end)),
  (select(.survivors != [])
   | "", "  What survived:",
     (.survivors[:15][] | "    \(survivor_subject | bold($o)): \(.mutants)",
        flow($o; 8; "     ", ([survivor_changes | split(" ")[]][])),
        flow($o; 8; "     ", ([survivor_checks | split(" ")[]][])),
        ("      for example \(survivor_example)" | faint($o))),
     ((.survivors | length) - 15 | if . > 0 then "    and \(plural("more field or event"))" | faint($o) else empty end));

def suggestion($o):
  (suggestion_title | bold($o)), "  \(suggestion_runs)",
  (select(.unread != []) | "", "  No check reads:", flow($o; 4; "  ", (.unread[] | visible))),
  (.suggestions[]
   | "", "  \(.priority | ascii_upcase)  \(.says | visible | bold($o))", ("    \(suggestion_worth)" | faint($o)),
     (suggestion_code | "    \(visible)"));

def flakiness_summary($o):
  "\(.sequences | plural("sequence")), each executed up to \(.runs) times: "
  + "\(.deterministic) deterministic, \(.varying) varying, \(.flaky) flaky"
  + (if .unjudged > 0 then ", \(.unjudged) could not be judged" else "" end);

# --- Coverage ---

def right($width): " " * ([$width - columns, 0] | max) + .;
def left($width): . + " " * ([$width - columns, 0] | max);
def bar($percent): ($percent / 5 | floor) as $full | "#" * $full + "." * (20 - $full);
# The first column to the left, the others to the right.
def table_lines($o):
  ([[.heading], [.rows[].cells]] | add | transpose | map(map(columns) | max)) as $widths
  | def line: [.[0] | left($widths[0])] + [range(1; length) as $i | .[$i] | right($widths[$i])] | "    " + join("  ");
  "", "  \(.title)" , (.heading | line | faint($o)),
  (.rows[] | .missed as $missed | .cells | line | if $missed then red($o) else . end);
# Columns have numbers, which the rows explain.
def matrix_lines($o):
  ([.names[] | columns] | max) as $first
  | ([.counts[][] | grouped | length] + [.names | length | tostring | length] | max) as $width
  | "", "  \(.title)",
    ("    \("" | left($first + 5))" + ([.names | keys[] | . + 1 | tostring | right($width)] | join(" ")) | faint($o)),
    (. as $matrix | range(.names | length) | . as $row
     | "    \($row + 1 | tostring | right(3))  \($matrix.names[$row] | left($first))"
       + ([$matrix.counts[$row][] | if . == 0 then "." | right($width) | red($o) else grouped | right($width) end] | map(" " + .) | join("")));

def coverage($o):
  (cover::title | bold($o)),
  ([cover::overview] | (map(.[0] | length) | max) as $first | (map(.[1] | length) | map(select(. < 12)) | max // 0) as $second
   | .[] | . as [$what, $seen, $total, $percent, $once, $number]
   | "  \($what | left($first))  \($seen | right($second))\(if $total == "" then "" else " of \($total)" end)"
     + (if $number == null then "" else "  \(bar($number)) \($percent)" end)
     | if $number != null and $number < 100 then paint($o; "33") else . end),
  (cover::shown_lines | . as $line | flow($o; 4; "  " + ($line | split(" ")[0]), ($line | split(" ")[1:][]))),
  ((.thresholds // [])[] | "  threshold: \(cover::threshold_line)" | if endswith(": met") then green($o) else red($o) end),
  (cover::shown_tables | table_lines($o)), (cover::shown_matrices | matrix_lines($o));

# --- Replays ---

def replaying($o): ("REPLAY \(replaying_text)" | bold($o)), (.failure.message | "  \(text_lines)" | faint($o));

def step_lines($o):
  ("    " + .id + " " * ([6 - (.id | length), 1] | max)) as $margin
  | ([object_lines($margin; $o; step_type; step_fields)]
     | .[-1] += $o.note | .[]),
    (.events[] | .source as $source | .event
      | object_lines("       -> "; $o; (if $source == "command" then "" else "\($source): " end) + (.type | visible); fields(120))),
    (select(.outcome != "ok") | "          \(.outcome)\(.reason | if . then ": \(visible)" else "" end)" | red($o)),
    (.recorded // empty | "          recorded: \(recorded_text)" | paint($o; "33")),
    (if has("state") | not then empty
     elif .changes == [] then "          state unchanged" | faint($o)
     else (.changes[] | change($o) | sub("    "; "          ")),
       ("          state \(.state | brief(300))" | faint($o)) end),
    (.checks[] | "          \(check_text)" | if startswith("          check") then . else . end);
def step($o):
  (if .branch != null then " [branch \(.branch)]" else "" end) as $note
  | (.checks | any(.pass | not)) as $failed
  | step_lines($o + {note: $note}) | if $failed and startswith("          check") then red($o) else . end;

def replay($o):
  .result as $result
  | (.checks // [] | .[] | "    at the end: \(check_text)"),
    (verdict | if $result == "passed" or $result == "states_agree" then green($o)
       elif $result == "stopped" then . else paint($o; "1;31") end),
    (select(.result == "reproduced" or .result == "different" or .result == "error")
      | .failure | values | .message | "  \(text_lines)"),
    (.reason | values | "  \(text_lines)"),
    (.differences // [] | .[]
      | (if .of == "fold" then "  folded again\(.id | if . and . != "" then ", after \(visible)" else "" end):"
         elif .of == "state_before" then "  before \(.id | visible), recorded and made again:"
         else "  at the end, recorded and made again:" end),
        (.changes[:20][] | change($o)),
        (.changes | length | if . > 20 then "    and \(. - 20) more differences" else empty end));

# At the terminal of pd-replay --step.
def pause($o):
  (if .branch != null then " [branch \(.branch)]" else "" end) as $note
  | "next: \(.id | visible) \(.command | domain_object(120))\($note)" | bold($o);
def state($o): if has("state") then .state | state_leaves else "the model failed: there is no state" end;
def stepping_keys($o):
  "n, Enter, blank  the next command",
  "f                run to the failure without asking again",
  "s                the whole state, as the model has it",
  "q                leave the run; the teardown runs",
  "?                this";
