# SPDX-License-Identifier: MIT
# A run as a sequence diagram: who takes part, and in the order of time what they
# said to one another and what is to be noted. Formats are renderers of this
# list. Texts are such as can be shown (text.jq), and as long as they are: a
# format breaks and quotes them as its language wants it.
include "text";
import "overlap" as overlap;

# A diagram is {title, message, lanes, system, steps, omitted}. Lanes are the
# names of those who call, "client" or "main" and the branches; the system is the
# name of whom they call. Steps are, in their order, objects with kind and
#   call    a request of lane (an index) with the lines of its command; again if it
#           is a further request of the same command
#   reply   the answer to it; lost if none came
#   note    something to know, note tells of what: failure, check, state, event or
#           fault; beside the lane, or the system if that is null
#   part    from here on it is the part of the sequence that text names
#   branches  on: branches run at the same time from here on, or no longer
#   omitted  what text says is left out here
# and call, reply and note with id of the command if there is one, at (us), detail
# if there is more to say, and marked if the failure is seen there.

def most_commands($o): $o.max_commands // 50;
def value_length($o): $o.max_value_length // 60;

# "3.829 ms", "12.004 s"
def duration:
  def thousandths: (. / 1000 | floor) as $whole | "\($whole).\("00\(. - $whole * 1000)"[-3:])";
  if . < 10000000 then "\(thousandths) ms" else "\(. / 1000 | floor | thousandths) s" end;

# --- What was sent and came back, beside the command and its events ---

def pairs($with): to_entries | map("\(.key)=\(.value | if type == "string" then . else tojson end)") | join($with);
def request_text:
  (if .method or .path or .url then
     "\(.method // "GET") \(.path // .url // "")\(.query | if type == "object" and . != {} then "?\(pairs("&"))" else "" end)"
   elif .argv then .argv | map(if type == "string" then . else tojson end) | join(" ")
   elif .tcp then "to \(.tcp)"
   else empty end) | visible | cut(100);
def reply_text:
  if type != "object" then empty elif has("status") then "\(.status)" elif has("exit") then "exit \(.exit)" else empty end;

# --- Failures ---

# What failures say, each at its command; id null is none that is drawn.
def failures:
  [.failure // empty, (.other_failures // [])[]] as $told
  | [$told[] | {id, kind: "failure", failure: .}]
    + [(.checks // [])[] | select(.pass == false) | . as $check
       | select(all($told[]; .name != $check.check or .id != $check.id))
       | {id, kind: "check", failure: {kind: "check_failed", name: .check, message}}];

# Of the operation at which it was seen.
def expectation_lines($limit):
  if .expected == null then empty else
    .expected as $expected
    | "expected \($expected | if . == [] then "no event" else map(domain_object($limit)) | join(", ") end)",
      (select(.events != []) | .events | overlap::differences_from($expected) | select(. != "") | "seen: \(.)")
  end;
def failure_note($limit; $operation):
  .kind as $note | .failure
  | [headline, ($operation | expectation_lines($limit))]
    + (if $operation.expected then [] else [.message // "" | text_lines | select(. != "")] end)
  | {kind: "note", $note, marked: ($note == "failure"), lines: (map(cut([5 * $limit, 200] | max)) | if length > 8 then .[:7] + ["..."] else . end)};

# --- State ---

# What a step changed, as .states of the run tells for each.
def state_note($limit):
  select(. != null and .changes != [])
  | .changes
  | [.[:8][] | state_change($limit)] + (if length > 8 then ["and \(length - 8) more changes"] else [] end)
  | {kind: "note", note: "state", lines: .};

# --- Steps ---

def answer_lines($limit):
  if .outcome != "ok" then ["\(.outcome)\(.reason | if . then ": \(visible)" else "" end)"]
  elif .events == [] then ["no event"]
  else .events | map(domain_object($limit)) end;

# Of an operation with exchange and attempts, the step of its call, and what came
# between that and its answer: the times of these are not known.
def call_step($limit):
  {kind: "call", lines: [([(.id | visible | cut(24)), (.command | domain_object($limit))] | join(" "))],
   detail: ([(.exchange[0].request // empty | request_text), (select(.attempts > 1 and .exchange == []) | .attempts | plural("request"))] | join(", "))};
def further_steps:
  (.exchange | length) as $n
  | .exchange as $exchange
  | range(1; $n)
  | if $n > 6 and . == 3 then {kind: "omitted", text: "\($n - 5) more requests"}
    elif $n > 6 and . > 3 and . < $n - 2 then empty
    else
      {kind: "reply", again: true, lines: [$exchange[. - 1].reply | if . == null then "no reply" else reply_text // "a reply" end],
       lost: ($exchange[. - 1].reply == null)},
      {kind: "call", again: true, lines: [$exchange[.].request | request_text // "again"]}
    end;
def reply_step($limit; $o):
  (.exchange[-1] // {reply: {}} | .reply) as $reply
  | {kind: "reply", lines: answer_lines($limit), lost: (.outcome == "timeout" or .outcome != "ok" and $reply == null),
     detail: ([($reply | reply_text), (select($o.show_timestamps) | .return - .call | duration)] | join(", "))};
def steps_of_call($limit): call_step($limit) + {at: .call};
def steps_of_reply($limit; $o; $failures; $states):
  . as $operation
  | (further_steps | .at = null),
    reply_step($limit; $o) + {at: .return},
    ($failures[.id] // [] | .[] | failure_note($limit; $operation)),
    (select(.blocked and ($failures[.id] // [] | all(.failure.kind != "linearization")))
     | {kind: "note", note: "failure", marked: true, lines: ["no order explains what was seen here", expectation_lines($limit)]}),
    (select(.presumed) | {kind: "note", note: "event", lines: ["took effect, as others saw: \(.presumed | map(domain_object($limit)) | join(", "))"]}),
    ($states[.id] | state_note($limit));

# An event that no reply tells of.
def is_fault: .source == "nemesis" or .source == "injector";
def event_step($limit):
  {kind: "note", note: (if is_fault then "fault" else "event" end), lines: ["\(.source | visible): \(.event | domain_object($limit))"], at: .at_us};

# The operations that are drawn, numbered as they were called.
def drawn_operations($o):
  def seen($source): overlap::table([.events[] | select(.source == $source and .id)] | group_by(.id)[] | {key: .[0].id, value: map(.event)});
  overlap::table(.commands[] | {key: .id, value: {exchange: (.exchange // []), attempts: (.attempts // 1)}}) as $more
  | seen("command") as $told
  | seen("presumed") as $presumed
  | overlap::of_run
  | .lanes as $lanes
  | .operations |= (sort_by(.call) | to_entries | map(.value + $more[.value.id] + {index: .key, presumed: $presumed[.value.id],
      events: ($told[.value.id] // []), number: (.value.lane as $lane | $lanes | index($lane))}))
  | overlap::window(most_commands($o));

# Calls and answers, {at, op, answer}, and the events beside them, {at, event}, as they happened.
def happenings($events):
  .operations as $operations
  | (.operations |= map(.open = false) | overlap::in_rows | overlap::points) as $points
  | [($points | to_entries[] | {at: .value[0], op: $operations[.value[3]], answer: (.value[2] == 1), order: [.value[0], 0, .key]}),
     ($events[] | {at: .at_us, event: ., order: [.at_us, 1, .n]})]
  | sort_by(.order);

def left_out($events): "\(plural("command"))\(if $events > 0 then " and \($events | plural("event"))" else "" end) left out";

# What begins or ends with a call of another part.
def part_steps($part; $next):
  if $part == $next then empty else
    (select($part == "branches") | {kind: "branches", on: false}),
    (if $next == "branches" then {kind: "branches", on: true}
     elif $part == null and ($next == "prefix" or $next == "") then empty
     else {kind: "part", text: $next} end)
  end;

def steps($o; $drawn):
  value_length($o) as $limit
  | (failures) as $all
  | overlap::table($all | group_by(.id)[] | select(.[0].id != null) | {key: .[0].id, value: .}) as $failures
  | overlap::table((.states // [])[] | {key: (if .n then "event \(.n)" else "command \(.id)" end), value: .}) as $states
  | overlap::table($drawn.operations[] | {key: .id, value: $states["command \(.id)"]}) as $state_of
  | [.events[] | select(.source != "command" and .source != "presumed")] as $beside
  | ($drawn.operations[0].call // 0) as $first
  | ([$drawn.operations[] | .return // .call] | max // 0) as $last
  | [$beside[] | select(($drawn.omitted.before == 0 or .at_us >= $first) and ($drawn.omitted.after == 0 or .at_us <= $last))] as $events
  | ([$beside[] | select($drawn.omitted.before > 0 and .at_us < $first)] | length) as $earlier
  | (($beside | length) - ($events | length) - $earlier) as $later
  | reduce ($drawn | happenings($events)[]) as $h ({steps: [], part: null, next: 0};
      if $h.event then
        .steps += [$h.event | event_step($limit) + {id, lane: null}, ($states["event \(.n)"] | state_note($limit))]
      elif $h.answer then
        .steps += [$h.op | steps_of_reply($limit; $o; $failures; $state_of)
          | {id: $h.op.id, lane: $h.op.number, marked: ($h.op | overlap::is_marked)} + .]
      else
        .steps += [part_steps(.part; $h.op.part),
            ($h.op.index - .next | select(. > 0) | {kind: "omitted", text: left_out(if $h.op.index == $drawn.omitted.before then $earlier else 0 end)}),
            ($h.op | steps_of_call($limit) + {id, lane: .number, marked: overlap::is_marked})]
        | .part = $h.op.part | .next = $h.op.index + 1
      end)
  | .steps
    + [(select(.part == "branches") | {kind: "branches", on: false}),
       ($drawn.omitted.after | select(. > 0) | {kind: "omitted", text: left_out($later)}),
       ([$drawn.operations[].id] as $ids | $all[] | select(.id == null or (.id | IN($ids[]) | not)) | failure_note($limit; {}) + {id, lane: null})];

# The diagram of what pd-diagram makes of a run.
def of_run($o):
  drawn_operations($o) as $drawn
  | {title: ($o.title // null | if . then visible else null end), subtitle: overlap::run_title,
     lanes: ($drawn.lanes | if length == 1 then ["client"] else . end),
     system: (.model.name // "system" | visible | cut(40)),
     steps: steps($o; $drawn)}
  | if .title then . else .title = .subtitle | .subtitle = null end;

# --- For renderers ---

# The lines of a text, broken to so many columns, and not more than $most.
def broken($columns; $most):
  [.[] | .[:2 * $columns * ($most + 1)] | [overlap::wrapped($columns; if startswith(" ") then 6 else 2 end)] | if length > $most then .[:$most - 1] + ["  ..."] else . end] | add // [];

# Words before a note's lines.
def note_head: {failure: "FAILED", check: "check", state: "state", event: "event", fault: "fault"}[.note];
def heading: "\(note_head): \(.lines[0])";
def note_lines: if .note == "state" then ["state:"] + (.lines | map("  \(.)")) else [heading] + .lines[1:] end;

# With $o.show_timestamps, when it was.
def stamp($o): select($o.show_timestamps and .at != null) | .at | duration;

# What a format that knows no more than text says of a step, in lines.
def spoken($o; $columns):
  [stamp($o) | "[\(.)] "] as $stamp
  | (if .kind == "note" then note_lines else .lines + ([.detail // "" | select(. != "")]) end)
  | .[0] |= ($stamp[0] // "") + .
  | broken($columns; 6);

# Steps, with {kind: "marked", on: true} and false around those at which the failure is seen.
def with_marks:
  def mark($on): {kind: "marked", $on};
  reduce .steps[] as $step ({steps: [], marked: false};
    (if .marked != ($step.marked // false) then .steps += [mark($step.marked // false)] else . end)
    | .marked = ($step.marked // false) | .steps += [$step])
  | .steps + [select(.marked) | mark(false)];

# A drawing as one text, since a format may give only so many values.
def document(lines): [lines] | join("\n");

# The same of lines indented as the blocks are in which they stand. What opens and
# closes these is {open} and {close}, other lines are texts.
def indented: document(
  foreach .[] as $line ({depth: 0, text: null};
    if $line | type == "string" then .text = "  " * .depth + $line
    elif $line.open then .text = "  " * .depth + $line.open | .depth += 1
    else .depth -= 1 | .text = "  " * .depth + $line.close end;
    .text));

def branches_text: "branches, at the same time";
