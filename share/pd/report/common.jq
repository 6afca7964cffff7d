# SPDX-License-Identifier: MIT
# What the report formats share: words for the outcome, the sequence and what came
# of it, the difference of two states, and the command lines that reproduce it all.
include "text";

# A command's fields with what its references stood for: account: "@c1.account" = "acc_1".
def resolved($refs): . as $value
  | if type == "string" and ($refs | has($value)) then "\(brief(60)) = \($refs[$value] | brief(60))"
    else brief(120) end;
def command_fields($refs):
  del(.type) | to_entries | map("\(.key | visible): \(.value | resolved($refs))");

# --- Words for the outcome ---

# How many runs of each outcome there were.
def outcome_text:
  .counts as $c
  | if $c.runs == 0 and .failures != {} then "\([.failures[]] | add | plural("failure record")) and no run"
    elif $c.runs == 0 and .results then "\([.results[]] | add | plural("result")) and no run"
    else "\($c.runs | plural("run")): \($c.passed) passed, \($c.failed) failed"
    + (if $c.errors > 0 then ", \($c.errors) could not be judged" else "" end)
    + (if $c.aborted > 0 then ", \($c.aborted) aborted" else "" end)
    + "; \($c.commands | plural("command")), \($c.events | plural("event"))" end;

# Where failures were saved, and which record types the format has no words for.
def saved_text:
  .saved // empty
  | "\(.files | plural("failure")) saved in \(.directory | visible)"
    + if .left_out > 0 then ", \(.left_out) not (--save-all saves every one)" else "" end;
def unshown_text:
  .unshown // empty | "not shown in this format: \(to_entries | map("\(.key) \(.value)") | join(", "))";

# --- The sequence and what came of it ---

# The sequence that the records tell about, and its items in order. A run whose
# records lack it has at least its commands.
def sequence: .shrunk // .original;
def branch_items: to_entries[] | .key as $branch | .value[] | . + {branch: $branch};
def items:
  [sequence | (.setup // [])[], (.prefix // [])[], (.branches // [] | branch_items),
              (.suffix // [])[], (.teardown // [])[]] as $items
  | if $items == [] then [.commands[] | {id, command}] else $items end;

# The item's record in the run; null when the run did not come to it.
def sent($id): [.commands[] | select(.id == $id)] | last;
# An event that is no part of the answer has its source before its name.
def observed($id):
  .events[] | select(.id == $id) | (.source | if . == "stutter" then "again" else . end) as $source
  | .event | if any("command", "injected", "presumed", null; . == $source) then . else .type |= "\($source): \(.)" end;

# "6 commands, shrunk from 47 in 13 executions"
def size_text:
  (items | length | plural("command"))
  + (if .shrink then ", shrunk from \(.shrink.original_commands) in \(.shrink.executions | plural("execution"))"
       + (if .shrink.stopped != "minimal" then " (stopped: \(.shrink.stopped))" else "" end)
       + (.shrink.confirmed // null | if . then ", failed \(.failed) of \(.runs | plural("time"))" else "" end)
     elif .reproduced == false then ", not shrunk: it did not fail again"
     else ", not shrunk" end);
def run_text:
  [(.run | values | "run \(.)"), (.seed | values | "seed \(.)")] | join(", ");

# A request and its reply: {"POST /accounts {\"currency\":\"USD\"}", "201 {...}"}.
def body_text: first(.json, .body, .form, .text | select(. != null and . != "") | " \(brief(300))") // "";
def request_text:
  if .argv then [.argv[] | brief(100)] | join(" ")
  elif .path or .url then
    "\(.method // "GET") \(.path // .url | visible)"
    + (if (.query // {}) != {} then " query \(.query | brief(200))" else "" end) + body_text
  else brief(300) end;
def reply_text:
  if . == null then "no reply"
  elif .status then "\(.status)" + body_text
  elif has("exit") or has("signal") then
    [(.signal | values | "signal \(.)"), (.exit | values | "exit \(.)"),
     (.stdout, .stderr | select(. != null and . != "") | brief(300))] | join(" ")
  else brief(300) end;

# --- Differences ---

# Paths are written as jq reads them: .accounts["acc 1"].balance
def path_text:
  map(if type == "number" then "[\(.)]"
      elif test("\\A[A-Za-z_][A-Za-z0-9_]*\\z") then ".\(.)"
      else "[\(text)]" end)
  | join("") | if startswith(".") then . else ".\(.)" end;

# A state, a line for each of its ends: .accounts.acc_1.balance: 5
def state_leaves:
  if (type == "object" or type == "array") and length > 0 then
    paths((type != "object" and type != "array") or length == 0) as $path
    | "\($path | path_text): \(getpath($path) | brief(200))"
  else brief(200) end;

# {path, before?, after?} for each place at which two values differ; what is
# only in one of them lacks the other's.
def differences($path; $before; $after):
  if $before == $after then empty
  elif ($before | type) == ($after | type) and ($before | type == "object" or type == "array") then
    ($before + $after | if type == "object" then keys[] else [$before, $after | length] | range(max) end) as $key
    | [$before, $after | if type == "object" then has($key) else length > $key end] as [$was, $is]
    | if $was and $is then differences($path + [$key]; $before[$key]; $after[$key])
      else {path: ($path + [$key] | path_text)}
        + (if $was then {before: $before[$key]} else {after: $after[$key]} end) end
  else {path: ($path | path_text), $before, $after} end;
def differences: if has("state_before") and has("state") then differences([]; .state_before; .state) else empty end;

# --- Command lines ---

# One word of a shell command, and a whole one. What cannot be seen is made by printf,
# in octal, as every shell has it.
def octal_bytes:
  @uri | [scan("%(.)(.)") | map(. as $digit | "0123456789ABCDEF" | index($digit)) | .[0] * 16 + .[1]
    | "\\\(. / 64 | floor)\(. / 8 | floor % 8)\(. % 8)"] | add;
def printed_word:
  gsub("(?<c>[\\\\%'])"; {"\\": "\\\\", "%": "%%", "'": "\\047"}[.c])
  | gsub("(?<c>\(unseen))"; .c | octal_bytes) | "\"$(printf '\(.)')\"";
def shell_word:
  if test("\\A[A-Za-z0-9_./:=@%,+-]+\\z") then . elif test(unseen) then printed_word else @sh end;
def shell_line: map(shell_word) | join(" ");

# The last call of a program in the pipeline, and what pd-shrink was told to run.
def program($name): [.environment.pipeline // [] | .[] | select(.[0] == $name)] | last;
def rerunner:
  program("pd-shrink") // [] | .[(index("--") // length) + 1:]
  | select(length > 0 and (.[0] | split("/") | last) == "pd-exec");

# pd-exec's options that take a value, and those that would end it early or only
# change what it writes. Getopt takes each one's beginning as well.
def with_value:
  ["--model", "--adapter", "--adapter-command", "--url", "--checks", "--timeout", "--health-timeout",
   "--redact", "--cacert", "--cert", "--key", "--unix-socket", "--proxy", "--max-line", "--max-failures", "--repeat",
   "--jitter", "--linearize-timeout", "--inject", "--inject-ready", "--inject-map", "--mock", "--grace",
   "--stutter", "--stutter-max", "--stutter-delay", "--stutter-commands", "--stutter-ignore"];
def dropped: ["--max-failures", "--stop-on-failure", "--report", "--line-buffered"];
def is_one_of($options):
  (split("=")[0]) as $name
  | startswith("--") and length > 2 and any($options[]; startswith($name));

# An executor's words without those, and without the files that it read.
def options_only:
  reduce .[1:][] as $word ({words: .[:1]};
    if .drop_next then .drop_next = false
    elif .keep_next then .keep_next = false | .words += [$word]
    elif .files or $word == "--" then .files = true
    elif $word | is_one_of(dropped) then
      .drop_next = ($word | is_one_of(with_value) and (contains("=") | not))
    elif $word == "-" or ($word | startswith("-") | not) then .
    else .words += [$word]
      | .keep_next = ($word | test("\\A-[maAu]\\z") or (is_one_of(with_value) and (contains("=") | not))) end)
  | .words;
def executor_by_names:
  ["pd-exec", "-m", .model.path // "MODEL.jq", "-a", .adapter.path // "ADAPTER.jq"]
  + (.environment.target // null | if . then ["-u", .] else [] end);
def executor: program("pd-exec") // executor_by_names | options_only | shell_line;

# A race seldom comes at once.
def until_it_fails: if test(" --repeat") then "" else " --repeat 100" end;

# Run the sequence itself again, as it is in the report: the way it ran last.
def last_executor: if .shrunk then first(rerunner | options_only | shell_line) else null end // executor;
def reproduce_sequence:
  last_executor as $executor
  | sequence | select(has("prefix") and has("seed"))
  | "printf '%s\\n' \(text | @sh) | \($executor)\(if .branches then $executor | until_it_fails else "" end)";

# Go through a file that it was saved in, step by step.
def replay_file($path):
  "\(["pd-replay", "-m", .model.path // "MODEL.jq", $path] | shell_line) -- \(last_executor)";

# The options of pd-gen that made it draw branches: those that are not its defaults.
def branching:
  if .branch_probability == null then [] else
    . as $options
    | {branch_probability: 0.2, min_prefix: 3, min_branches: 2, max_branches: 3, min_branch_length: 1,
       max_branch_length: 5}
    | ["--branches"] + [to_entries[] as {$key, $value} | $options[$key] | values | select(. != $value)
      | "--\($key | gsub("_"; "-"))", "\(.)"]
  end;

# Generate the whole run again from its seed, if it was generated.
def generator:
  (.environment.options // {}) as $options
  | ["pd-gen", "-m", .model.path // "MODEL.jq", "--run-seed", "\(.seed)"]
    + ($options.min_commands | if . and . != 1 then ["--min-commands", "\(.)"] else [] end)
    + ($options.max_commands | if . and . != 50 then ["--max-commands", "\(.)"] else [] end)
    + ($options | branching)
  | shell_line;
def reproduce_run:
  select(.seed != null and (.environment.producer // "" | startswith("pd-gen")))
  | executor as $executor
  | "\(generator) | \($executor)\(if .environment.options.branch_probability then $executor | until_it_fails else "" end)";
