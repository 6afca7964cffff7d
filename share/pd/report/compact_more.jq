# SPDX-License-Identifier: MIT
# A line each for what other programs found out.
include "text";
include "common";
include "findings";
include "compact";
import "cover" as cover;

def explanation($o):
  . as $explanation
  | "WHY run=\(.run // "-") seed=\(.seed // "-") kind=\(.failure.kind | word) name=\(.failure.name // "-" | word) "
  + "roles=\(.commands | map("\(.id):\(.role)") | join(",")) executions=\(.executions) stopped=\(.stopped): "
  + (if .trigger then .trigger | isolated_text($explanation) else "no change of a single argument makes it go away" end);

def linearization($o):
  "LINEARIZATION verdict=\(.verdict | word) run=\(.run // "-") history=\(.history // "-" | tostring | word) spec=\(.spec | word)"
  + " operations=\(.operations) unknown=\(.unknown_outcomes) explained=\(.order // .prefix // [] | length)"
  + " blocked=\(.blocked // [] | map(.id | word) | join(",") | if . == "" then "-" else . end)"
  + (if has("key") then " key=\(.key | text)" else "" end)
  + (.reason | if . then ": \([text_lines] | join(" "))" else "" end);

def verification($o):
  "FIX status=\(.status | word) run=\(.run // "-") seed=\(.seed // "-") kind=\(.failure.kind | word) name=\(.failure.name // "-" | word)"
  + ((.original, .shrunk, .variations, .similar) |= (values | "\(.passes)/\(.runs)")
     | " original=\(.original) shrunk=\(.shrunk // "-") variations=\(.variations) similar=\(.similar)")
  + (.reason | if . then ": \([text_lines] | join(" "))" else "" end);
def bisection($o):
  "BISECT first_bad=\(.first_bad.commit // "-") candidates=\(.candidates | join(",")) steps=\(.steps | length)"
  + (.first_bad | if . then ": \(.subject | visible)" else "" end);

# Failure files: one of them, and an array of them.
def failure_file($o):
  (if has("deleted") then "deleted=\(.deleted) " else "" end)
  + "condition=\(.condition | word) saved=\(.saved_at // "-" | word) kind=\(.kind // "-" | word) name=\(.name // "-" | word)"
  + " seed=\(.seed // "-") commands=\(.commands // "-") original=\(.original_commands // "-")"
  + " model=\(.model // "-" | word) file=\(.path | word)"
  + (if .reason then " reason=\(.reason | text)" else "" end);
def failure_files($o): one_text(.[] | failure_file($o));

def violation($o):
  "\(violation_word) check=\(.failure.name // "-" | word) event=\(.number) at=\(log_place | word) time=\(.time // "-" | word)"
  + " key=\(if has("key") then .key | text else "-" end) n=\(.n) type=\(.event.type | word): "
  + ([.failure.message | text_lines] | join(" "));
def forensics($o):
  "FORENSICS verdict=\(.verdict | word) lines=\(.lines) bad=\(.bad_lines) events=\(.events) skipped=\([.skipped[]] | add // 0)"
  + " states=\(.states) given_up=\(.given_up) came_back=\(.came_back) doubtful=\(.doubtful) late=\(.late) violations=\(.violations) problems=\(.problems)";

def divergence($o):
  (if .same then "SAME" else "DIFFERENT" end)
  + " left=\(.left.file | word):\(.left.run // "-") right=\(.right.file | word):\(.right.run // "-")"
  + (if .first then " first=\(.first | difference_place | word)" else "" end)
  + (if .fields[0] then " best=\(.fields[0] | field_place | word) score=\(.fields[0].score)" else "" end)
  + " differences=\((.differences | length) + (.more_differences // 0))";
def flakiness($o):
  "\(.verdict | ascii_upcase) run=\(.run) seed=\(.seed) runs=\(.runs) passes=\(.passes) failures=\(.failures)"
  + " errors=\(.errors) varies=\(.varies | join(",") | if . == "" then "-" else . end)"
  + (if .fields[0] then " best=\(.fields[0] | field_place | word) score=\(.fields[0].score)" else "" end)
  + (.kinds | to_entries | map(" \(.key | word)=\(.value)") | join(""));
def mutant($o): empty; # the mutation record tells of them
def mutation($o):
  "MUTATION score=\(.score) killed=\(.killed) survived=\(.survived) equivalent=\(.equivalent) runs=\(.runs)"
  + (if .target then " target=\(.target)" else "" end)
  + (.survivors[:5] | map(" \(survivor_subject | word)=\(.mutants)") | join(""));
def suggestion($o):
  "SUGGESTION suggestions=\(.suggestions | length) unread=\(.unread | length) unnoticed=\(.unnoticed) mutants=\(.mutants) runs=\(.runs)"
  + (.suggestions[:5] | map(" \(.name | word)=\(.kills)") | join(""));
def flakiness_summary($o):
  "SUMMARY sequences=\(.sequences) deterministic=\(.deterministic) varying=\(.varying) flaky=\(.flaky) unjudged=\(.unjudged)";

def coverage($o):
  "COVERAGE runs=\(.runs.total) commands=\(.commands) events=\(.events)"
  + ([cover::dimensions as [$name, $words] | .[$name] | values
      | " \($name)=\(if has("total") then "\(.covered)/\(.total)" else .seen end)"] | join(""))
  + " state=\(.state.seen // "-")\(if .state.exact == false then "~" else "" end) interleaving=\(.interleaving.seen // "-")"
  + " growth=\(.growth.verdict | word) last_new_run=\(.growth.last_new_run // "-") expected_new=\(.growth.expected_new // "-")",
  (cover::gaps(12) | "GAP \(.)"),
  ((.thresholds // [])[] | "THRESHOLD dimension=\(.dimension | word) wanted=\(.wanted) got=\(.got // "-") met=\(.met)");

def replaying($o): empty;
def step($o):
  "STEP run=\(.run) id=\(.id | word) command=\(step_command | word) outcome=\(.outcome)"
  + " events=\([.events[].event.type | word] | join(",")) changes=\(.changes // [] | length)"
  + ([.checks[] | select(.pass | not) | " failed=\(.check | word)"] | join(""))
  + (if .recorded then " differs=\(.recorded | keys | join(","))" else "" end);
def replay($o):
  "REPLAY run=\(.run) seed=\(.seed) result=\(.result) commands=\(.commands)"
  + (.at | if . then " at=\(word)" else "" end) + ": \(verdict)"
  + (.reason | if . then " (\([text_lines] | join(" ")))" else "" end);
