# SPDX-License-Identifier: MIT
# Words for what programs found out about runs and failures: replays, fixes, mutants,
# logs ..., which reports of runs alone do not need.
include "text";
include "common";

# --- Failure files ---

# What is so of a file, and what was done to it.
def file_cause: "\(.kind // "?" | visible)\(if .name then " \(.name | visible)" else "" end), seed \(.seed // "?")";
def file_condition:
  if .condition == "ok" then "ok"
  elif .condition == "unsealed" then "ok, but it has no sha256: damage would not be seen"
  elif .condition == "laid_out" then "ok, but over several lines: jq -c . makes one line of it, as programs read it"
  elif .condition == "foreign" then "no failure: \(.reason | visible)"
  elif .condition == "newer" then "newer: \(.reason | visible)"
  else "\(.condition | visible): \(.reason | visible)" end;
def file_text:
  if has("deleted") | not then "\(.path | visible): \(file_condition)"
  else "\(if .deleted then "deleted" else "would delete" end) \(.path | visible): \(if .kind then file_cause else file_condition end)" end;

# A table may be longer than what a function may give value by value.
def one_text(lines): [lines] | join("\n");

# The cells of a list of them; times without what is less than a second.
def is_readable: .condition | IN("ok", "unsealed", "laid_out");
def list_heading: ["saved (UTC)", "kind", "name", "seed", "commands", "model", "file"];
def list_cells:
  [(.saved_at // "-" | visible | sub("T"; " ") | sub("\\.[0-9]+Z\\z"; "")),
   (.kind // "-" | visible), (.name // "-" | visible), "\(.seed // "-")",
   "\(.commands // "-")\(if .original_commands then " of \(.original_commands)" else "" end)",
   (.model // "-" | visible), (.path | visible)];

# --- Replays ---

# A command of a step record, as planned and with what its tokens stood for.
def step_command: (.refs // {}) as $refs | .planned // .command | object_text(.type; command_fields($refs));
def step_fields: (.refs // {}) as $refs | .planned // .command | command_fields($refs);
def step_type: .planned // .command | .type | visible;

# "check no_overdraft failed: account acc_1 has -4"
def check_text:
  "check \(.check | visible) \(if .pass then "passed" else "failed" end)"
  + (.message | if . then ": \([text_lines] | join(" "))" else "" end);

# What the file has instead: "ok, Credited {balance: 5}"
def recorded_text:
  [(.outcome | values | visible),
   (.events | values | if . == [] then "no event" else .[].event | domain_object(120) end)] | join(", ");

# "run 1, seed 7: the shrunk sequence, 4 commands; check no_overdraft failed"
def replaying_text:
  "\(run_text): \(if .shrunk != null and .planned.plan == .shrunk.plan then "the shrunk" else "the original" end) sequence, "
  + "\(.planned | [(.setup // [])[], (.prefix // [])[], (.branches // [])[][], (.suffix // [])[], (.teardown // [])[]]
      | length | plural("command"))"
  + "; recorded: \(.failure | headline)\(.failure.id | if . then " at \(visible)" else "" end)";

# What a replay came to.
def verdict:
  (.expected | headline) as $expected
  | (.at | if . then " at \(visible)" else "" end) as $at
  | (.commands | plural("command")) as $commands
  | if .result == "reproduced" then "the failure came back: \($expected)\($at)"
    elif .result == "passed" then "the failure did not come back: \($commands) without \($expected | "\"\(.)\"")"
    elif .result == "different" then "another failure came: \(.failure | headline)\($at); recorded was: \($expected)"
    elif .result == "stopped" then "stopped before \(.at // "the end" | visible): the failure could not have come yet"
    elif .result == "states_agree" then "the states are those that were recorded: \($commands), folded twice"
    elif .result == "states_differ" then "the states are not those that were recorded"
    else "nothing is proved\(.failure | if . then ": \(headline)\($at)" else "" end)" end;

# --- Fixes ---

# "3 of 3 runs pass", "1 of 3 runs passes, 2 fail, 1 fails otherwise"
def tally_text:
  "\(.passes) of \(.runs | plural("run")) \(if .passes == 1 then "passes" else "pass" end)"
  + (if .failures > 0 then ", \(.failures) \(if .failures == 1 then "fails" else "fail" end)" else "" end)
  + (if .others > 0 then ", \(.others) in another way" else "" end)
  + (if .errors > 0 then ", \(.errors) could not be judged" else "" end);
def fix_word:
  {verified: "VERIFIED", still_failing: "STILL FAILING", partially_fixed: "PARTIALLY FIXED",
   flaky: "FLAKY", undecided: "UNDECIDED"}[.status] // (.status | visible);
def percent: . * 10000 | ceil | . / 100 | "\(.)%";

# The first few of a list, in brackets; nothing of an empty one.
def listed($word; text):
  if . == [] then "" else
    " (\($word)\(.[:5] | map(text) | join(", "))\(if length > 5 then " and \(length - 5) more" else "" end))" end;

# The numbers behind the word, a line each, and what to know about them.
def fix_numbers:
  "original: \(.original | tally_text)\(.shrunk | if . then "; shrunk: \(tally_text)" else "" end)",
  (.variations | select(.runs > 0)
    | "neighbours of the seed: \(tally_text)\(.failed_seeds | listed("seeds "; tostring))"),
  (.similar | select(.runs > 0 or .left_out)
    | "similar failures: \(tally_text)\(.files | listed(""; visible))"
      + (.left_out | if . then "; \(.) left out" else "" end)),
  (.confidence | values
    | "\(.passes | plural("run")) without this failure: with 95% confidence less than \(.failure_rate_below | percent) of such runs fail");
def fix_notes:
  (.reason | values | "it proves nothing: \([text_lines] | join(" "))"),
  (.model_changed | values | "the model changed since: \(.[] | [text_lines] | join(" "))"),
  (.others | select(. != {}) | "other failures: \(to_entries | map("\(.key | visible) \(.value)") | join(", "))");

# --- Bisections ---

# "6 steps: 3 bad, 2 good, 1 that could not be built"
def steps_text:
  (.steps | length | plural("step")) + ": "
  + ([(["bad", "bad"], ["good", "good"], ["cannot_build", "that could not be built"],
       ["cannot_judge", "that could not be judged"]) as [$verdict, $words]
      | [.steps[] | select(.verdict == $verdict)] | length | select(. > 0) | "\(.) \($words)"]
     | join(", "));
def verdict_of($commit): first(.steps[] | select(.commit == $commit).verdict | gsub("_"; " ")) // "not tried";

# --- Explanations ---

# "Credit"; the command with this id of an explanation.
def explained($id): .commands[] | select(.id == $id) | .command.type | visible;

# "c4 Debit .amount: 4 fails, 3 passes": an argument that makes the failure go away.
def isolated_text($explanation):
  [.below, .above | values] as $numbers
  | (if $numbers == [] then [.passes_with] else $numbers end) as $passing
  | "\(.id as $id | $id + " " + ($explanation | explained($id))) \(.argument | visible): \(.value | brief(100)) fails, "
    + "\($passing | map(brief(100)) | join(" and ")) \(if ($passing | length) == 1 then "passes" else "pass" end)"
    + (if .change | type == "number" or test("^(the other|another) ") then "" else " (\(.change))" end);

# What an explanation lacks, and what it rests on.
def looked_into:
  (.variations | .fails + .passes + .fails_differently) as $tried
  | "\(.executions | plural("execution")): "
    + if $tried == 0 then "no variation was executed" else "of \($tried | plural("variation")) "
        + "\(.variations.passes) passed and \(.variations.fails) failed in the same way"
        + (.variations.fails_differently | if . > 0 then ", \(.) in another way, which does not count" else "" end) end;
def not_looked_into:
  .skipped // [] | if . == [] then empty else "Not looked into: \(.[:8] | map(visible) | join(", "))"
    + (if length > 8 then " and \(length - 8) more" else "" end) end;
def stopped_text:
  if .stopped == "max_runs" then "Stopped by --max-runs."
  elif .stopped == "max_time" then "Stopped by --max-time."
  elif .stopped == "interrupted" then "Stopped by a signal."
  elif .stopped == "runner_failed" then "Stopped: the sequences could not be executed any more."
  else empty end;
def explanation_notes:
  (if .shrunk | not then "The sequence was not shrunk: pd-shrink makes it smaller, and what is told here clearer." else empty end),
  (if any(.commands[]; has("branch")) then
     "Commands of branches ran at the same time, and each variation once: chance may have decided what passed." else empty end),
  stopped_text, not_looked_into;

# --- Runs against runs ---

# "run 3, attempt 2 of FILE (failed: check never_negative failed)"
def run_side:
  "run \(.run // "?")" + (.attempt // 1 | if . > 1 then ", attempt \(.)" else "" end)
  + (.file | if . then " of \(visible)" else "" end)
  + " (" + ({pass: "passed", fail: "failed", error: "could not be judged"}[.status // ""] // "aborted")
  + (.failure | if . then ": \(headline)" else "" end) + ")";

# Where it is: "c3 Credit: event Credited .balance", "c3 Credit: state .accounts".
def event_place:
  "event \(.event | visible)" + ((.n // 0) | if . > 0 then " (\(. + 1))" else "" end);
def field_place:
  (.id // "no command") + (.command | if . then " \(visible)" else "" end) + ": "
  + (if .kind == "event" then event_place
     elif .kind == "check" then "checks that failed"
     elif .kind == "length" then "commands executed, from here on"
     elif .kind == "order" then "which step comes before it"
     else .kind end)
  + (.path | if . then " \(visible)" else "" end);
def difference_place: if .kind == "order" then "order of steps, at step \(.index)" else field_place end;

# What stands there, for people.
def difference_value:
  if type == "object" and has("kind") and has("class") then headline
  elif type == "object" and (.type | type) == "string" then domain_object(120)
  else brief(120) end;

# The values of a field in a group: "a" (6), missing (1). What is not among a step's changes is as it was.
def group_values($field; $group):
  $field[$group]
  | map((if has("value") then .value | brief(60) elif .other then "other values"
         elif $field.kind == "state" then "unchanged" else "missing" end) + " (\(.runs))")
  | if length > 4 then .[:4] + ["and \(length - 4) more"] else . end
  | if . == [] then "none" else join(", ") end;
def all_values($field): group_values($field | {kind, all: (.passing + .failing)}; "all");
def both_groups: .passes > 0 and .failures + .errors > 0;
def kinds_text: .kinds | to_entries | map("\(.key | visible) \(.value)") | join(", ");

# "passed 6 of 10"
def passed_text:
  if .passes > 0 or .failures + .errors == 0 then "passed \(.passes) of \(.runs)"
  elif .errors == 0 then "failed \(.failures) of \(.runs)"
  elif .failures == 0 then "\(.errors) of \(.runs) could not be judged"
  else "failed \(.failures) of \(.runs), \(.errors) could not be judged" end;
def flakiness_text:
  (if .verdict == "deterministic" then .verdict else .verdict | ascii_upcase end)
  + ": \(passed_text) (\(run_text))"
  + (if .kinds == {} then "" else ": \(kinds_text)" end);

# --- Mutants ---

def tenths: . * 1000 | round | . / 10 | "\(.)%";
def mutation_missed: .target != null and .score < .target;
def mutation_title:
  (if mutation_missed then "MUTATION SCORE \(.score | tenths), below \(.target | tenths)" else "mutation score \(.score | tenths)" end)
  + ": \(.killed) of \(.killed + .survived | plural("mutant")) noticed"
  + (if .equivalent > 0 then ", \(.equivalent) more make no difference to the model" else "" end);
def mutation_runs:
  "\(.runs | plural("run")), model \(.model.name // "?" | visible)"
  + (if .failed > 0 then "; \(.failed) had not passed and \(if .failed == 1 then "was" else "were" end) left out" else "" end)
  + (if (.unapplied // 0) > 0 then "; \(.unapplied) could not be applied to live answers" else "" end);
def survivor_subject: .event + (.field | if . then ".\(.)" else "" end) | visible;
def survivor_changes: .changes | to_entries | sort_by(-.value, .key) | map("\(.key | visible) \(.value)") | join(", ");
def survivor_checks:
  if .checks != [] then "read by \(.checks | map(visible) | join(", "))"
  elif .state != [] then "no check reads it; it changes the state at \(.state | map(visible) | join(", "))"
  else "no check reads it" end;
def survivor_example:
  "run \(.example.run)\(.example.id | if . then " \(visible)" else "" end), \(.example.change | visible)"
  + (.example | if has("from") and has("to") then ": \(.from | brief(60)) -> \(.to | brief(60))"
     elif has("from") then ": \(.from | brief(60)) left out" else "" end);
# Rows that are not perfect, worst first: [name, row].
def weak_rows: to_entries | map(select(.value.score != null and .value.score < 1)) | sort_by(.value.score, .key);

# --- Logs ---

# "app.log:12", "app.log:12, 2026-10-09T08:53:20Z"
def log_place: "\(.file | visible):\(.line)";
def log_place_and_time: log_place + (.time | if . then ", \(.)" else "" end);
# What happened at which event, as of an incident.
def violation_word: if .restarted then "DOUBTFUL" else "VIOLATION" end;
def violation_head:
  (.failure | headline) + (if .at_end then " at the end of the log, after event \(.number)" else " at event \(.number)" end);
def violation_place:
  log_place_and_time + (if has("key") then "; event \(.n) of \(.key | if type == "string" then visible else text end)" else "" end);
def violation_doubt:
  select(.restarted) | "the state of this key had been given up and began anew: this proves nothing, --max-states keeps more";
# What changed from one state to the next.
def state_change: state_change(120);
def log_numbers:
  "\(.lines | plural("line")), \(.events | plural("event"))\(if .states > 1 then " of \(.states) states" else "" end)"
  + ", \([.fired[]] | add // 0 | plural("check")) run";
# "a (app.log:7), b (app.log:9), and 3 more"
def named_keys($count):
  map("\(.key | if type == "string" then visible else text end) (\(log_place))")
  + if $count > length then ["and \($count - length) more"] else [] end | join(", ");
def log_notes:
  (.skipped | select(. != {}) | "skipped: \(to_entries | sort_by(-.value) | map("\(.value) \(.key | visible)") | join(", "))"),
  (select(.bad_lines > 0) | "bad lines: \(.bad_lines)\(.first_bad_lines | if . == [] then "" else ", first \(.[:3] | map(log_place) | join(", "))" end)"),
  (.unfolded | select(. != {}) | "unknown to the model: \(to_entries | sort_by(-.value) | map("\(.value) \(.key | visible)") | if length > 8 then .[:8] + ["and \(length - 8) more types"] else . end | join(", "))"),
  (.late | select(. > 0) | "\(plural("event")) came too late for the window"),
  (select(.given_up > 0) | .given_up as $count | "\($count | plural("state")) given up by --max-states: \(.first_given_up | named_keys($count))"),
  (select(.came_back > 0) | .came_back as $count | "came back and began anew: \(.first_came_back | named_keys($count))"),
  (.doubtful | select(. > 0) | "\(plural("doubtful violation")) of keys that came back"),
  (.problems | select(. > 0) | "\(plural("event or check")) could not be judged"),
  ([.fired | to_entries[] | select(.value == 0) | .key | visible] | select(. != []) | "never run: \(join(", "))");
def log_verdict:
  if .verdict == "violated" then "VIOLATED: \(.violations | plural("violation"))"
  elif .verdict == "held" then "HELD: no check failed" else "UNDECIDED: not all could be judged" end;

# --- Suggestions ---

def suggestion_title:
  "\(.suggestions | length | plural("suggestion")) for \(.model.name | visible)"
  + ": \(.unnoticed) of \(.mutants | plural("mutant")) went unnoticed";
def suggestion_runs:
  (if .simulated then "simulated run" else "run" end) as $run
  | "\(.runs | plural($run)), \(.events | plural("event")), \(.learned | plural("invariant")) held"
  + (if .failed > 0 then "; \(.failed) did not pass and \(if .failed == 1 then "was" else "were" end) left out" else "" end);
def suggestion_worth: "notices \(.kills | plural("mutant")), held \(.support | plural("time"))\(if .simulated then ", in simulated runs only" else "" end)";
def suggestion_code:
  "# triggers: {\(.name | tojson): \(.trigger | tojson)}", (.check | rtrimstr("\n") | split("\n")[]),
  (if .fold then "# with .learned = {} in init, and \(.fold) in on_\(.event)($x)"
     + (if .fold | contains("$before") then ", where $before is the state before it" else "" end) else empty end);
