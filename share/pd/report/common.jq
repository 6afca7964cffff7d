# SPDX-License-Identifier: MIT
# What the report formats share: words for a failure, the difference of two
# states, and the command lines that reproduce it.

# "check refunds_within_capture failed"
def headline:
  if .kind == "check_failed" then "check \(.name) failed"
  elif .kind == "prediction_mismatch" then "\(.name) did not do what the model predicts"
  elif .kind == "unexpected_reply" then "\(.name) got an unexpected reply"
  elif .kind == "command_timeout" then "\(.name) got no answer in time"
  elif .kind == "adapter_error" then "\(.name // "a command") could not be executed"
  elif .kind == "ref_unresolved" then "\(.name) refers to something that does not exist"
  elif .kind == "model_error" then "the model failed"
  elif .kind == "setup_failed" then "\(.name) failed"
  else .kind end;

# A value on one line, keys bare as jq writes them; long ones are cut.
def brief($limit):
  tojson | if length > $limit then .[:$limit] + "..." else . end;

# A command or event: its type, then its fields.
def domain_object($limit):
  .type as $type | (del(.type) | to_entries
    | map("\(.key): \(.value | brief($limit))") | join(", ")) as $fields
  | if $fields == "" then $type else "\($type) {\($fields)}" end;

# One word of a shell command.
def shell_word:
  if test("^[A-Za-z0-9_./:=@%,+-]+$") then . else @sh end;
def shell_line: map(shell_word) | join(" ");

# Paths are written as jq reads them: .accounts["acc 1"].balance
def path_text:
  map(if type == "number" then "[\(.)]"
      elif test("^[A-Za-z_][A-Za-z0-9_]*$") then ".\(.)"
      else "[\(tojson)]" end)
  | join("") | if startswith("[") then "." + . else . end;

# [{path, before?, after?}] where two values differ, leaf by leaf.
def leaves: [paths(type != "object" and type != "array" or length == 0)];
def differences($before; $after):
  ([$before | leaves[]] + [$after | leaves[]] | unique)[] as $path
  | [$before | try getpath($path) catch null] as [$old]
  | [$after | try getpath($path) catch null] as [$new]
  | select($old != $new)
  | {path: ($path | path_text), before: $old, after: $new};

# The sequence that the records tell about, and its items in order.
def sequence: .shrunk // .original;
def items:
  sequence | [(.setup // [])[], .prefix[], (.branches // [])[][], .suffix[], (.teardown // [])[]];

# The program's command line in the pipeline, without what stops it early.
def program($name):
  [.environment.pipeline // [] | .[] | select(.[0] == $name)] | last;
def without_stops:
  reduce .[] as $word ([]; if .[-1] == "--max-failures" then .[:-1]
    elif $word == "--stop-on-failure" or $word == "--line-buffered" or $word == "--report" then .
    else . + [$word] end);
def executor_line: program("pd-exec") | if . == null then ["pd-exec", "..."] else without_stops end | shell_line;

# Run the sequence itself again, as it is in the report.
def reproduce_sequence:
  "printf '%s\\n' \(sequence | del(.plan) | tojson | @sh) | \(executor_line)";

# Generate the whole run again from its seed.
def reproduce_run:
  (.environment.options // {}) as $options
  | ["pd-gen", "-m", (.model.path // "MODEL.jq"), "--run-seed", (.seed | tostring)]
    + (if $options.min_commands and $options.min_commands != 1 then ["--min-commands", ($options.min_commands | tostring)] else [] end)
    + (if $options.max_commands and $options.max_commands != 50 then ["--max-commands", ($options.max_commands | tostring)] else [] end)
  | "\(shell_line) | ";
def reproduce_whole: reproduce_run + executor_line;

# "6 commands, shrunk from 47 in 13 executions"
def plural($word): if . == 1 then "1 \($word)" else "\(.) \($word)s" end;
def size_text:
  (items | length | plural("command"))
  + (if .shrink then ", shrunk from \(.shrink.original_commands) in \(.shrink.executions | plural("execution"))"
       + (if .shrink.stopped != "minimal" then " (stopped: \(.shrink.stopped))" else "" end)
     elif .reproduced == false then ", not shrunk: it did not fail again"
     else ", not shrunk" end);

# How many runs of each outcome there were.
def outcome_text:
  .counts as $c
  | "\($c.runs | plural("run")): \($c.passed) passed, \($c.failed) failed"
    + (if $c.errors > 0 then ", \($c.errors) could not be judged" else "" end)
    + (if $c.aborted > 0 then ", \($c.aborted) aborted" else "" end)
    + "; \($c.commands | plural("command")), \($c.events | plural("event"))";
