# SPDX-License-Identifier: MIT
# Progress: what was begun must be completed. A model keeps what is pending in its state
# and asks in a check whether anything has waited too long:
#
#   include "liveness";
#   def init: {liveness: pending_operations};
#   def apply($x): .liveness |= operation($x; {TransferStarted: ["TransferDone", "TransferFailed"]}; .transfer; .at_us);
#   def check_progress($x): .liveness | progress(10000000);
#
# Times come from the steps, in microseconds: an adapter puts its reply's at_us into its
# events, a log has its own. How often it is asked is the check's trigger. Where time need
# not be told, eventually_NAME is simpler; see pd-model(5).
#
# No function here calls another one: jq 1.7 loses such functions when the module that
# includes them is itself included.
module {"name": "liveness", "description": "pending operations, and whether one has waited too long"};

# The part of the state: what is pending by its key, what time it was at the last step
# that told it, and how many steps and completions there were.
def pending_operations: {now_us: 0, steps: 0, completed: 0, pending: {}};

# One step, a command or an event. $rules says which steps begin an operation and which
# complete it, {"Begun": ["Completed", ...]}; key gives of a step whose operation it
# belongs to, at its time; either may be null. A step that completes nothing that is
# pending is none of ours; beginning again what is pending changes nothing.
def operation($x; $rules; key; at):
  ($x | key) as $key
  | ($x | at) as $at
  | .steps += 1
  | if ($at | type) == "number" and $at > .now_us then .now_us = $at else . end
  | if $key == null then .
    else ($key | if type == "string" then . else tojson end) as $key
      | if $rules | has($x.type // "") then
          if .pending | has($key) then .
          else .pending[$key] = {type: $x.type, since_us: ($at // .now_us), step: .steps, awaits: $rules[$x.type]} end
        elif (.pending[$key].awaits // []) | index([$x.type]) then del(.pending[$key]) | .completed += 1
        else . end
    end;

# How many are pending, and the oldest one: {key, type, since_us, waited_us, step, awaits}, or null.
def pending_count: .pending | length;
def longest_pending:
  .now_us as $now
  | [.pending | to_entries[] | {key: .key} + .value + {waited_us: ($now - .value.since_us)}] | max_by(.waited_us);

# Those that have waited longer, in microseconds or in steps.
def pending_longer_than($limit_us): .now_us as $now | [.pending | to_entries[] | select($now - .value.since_us > $limit_us) | {key} + .value];
def pending_for_steps($limit): .steps as $now | [.pending | to_entries[] | select($now - .value.step > $limit) | {key} + .value];

# For checks: true, or what is stuck. progress goes by time, progress_by_steps by how much
# else has happened meanwhile, which is the same on every machine; nothing_pending is for
# a check at "settled" or "end".
def progress($limit_us):
  .now_us as $now
  | [.pending | to_entries[] | select($now - .value.since_us > $limit_us) | {key} + .value + {waited_us: ($now - .value.since_us)}] | sort_by(-.waited_us)
  | if . == [] then true
    else {"$fail": "\(.[0].type) of \(.[0].key) has been pending for \(.[0].waited_us / 1000 | floor) ms, allowed are \($limit_us / 1000)\(if length > 1 then "; so have \(length - 1) others" else "" end)",
          data: {stuck: .[:20]}} end;
def progress_by_steps($limit):
  .steps as $now
  | [.pending | to_entries[] | select($now - .value.step > $limit) | {key} + .value + {waited: ($now - .value.step)}] | sort_by(-.waited)
  | if . == [] then true
    else {"$fail": "\(.[0].type) of \(.[0].key) has been pending for \(.[0].waited) steps, allowed are \($limit)\(if length > 1 then "; so have \(length - 1) others" else "" end)",
          data: {stuck: .[:20]}} end;
def nothing_pending:
  [.pending | to_entries[] | {key} + .value]
  | if . == [] then true
    else {"$fail": "\(.[0].type) of \(.[0].key) was never completed\(if length > 1 then ", nor were \(length - 1) others" else "" end)",
          data: {pending: .[:20]}} end;
