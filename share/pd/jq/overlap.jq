# SPDX-License-Identifier: MIT
# Operations that overlap in time: what is known of them, where each stands in a
# drawing, and the drawing in text. There is a lane for each process or branch,
# and time goes to the right, not to scale: every label gets room, and a call
# that came after an answer stands right of it, so that what overlaps in time
# overlaps in the drawing.
include "text";

# --- What happened ---

# A picture is {lanes, operations, omitted}; an operation {id, lane, part, call,
# return, open, command, events, outcome, place, blocked, failed, expected}. Open
# means that there was no answer: it may have happened or not, at any time from
# its call on. Omitted are so many operations, by where they stood.
def omitted($before; $between; $after; $elsewhere): {$before, $between, $after, $elsewhere};

def table(entries): reduce entries as $e ({}; .[$e.key] = $e.value);
def numbered: . as $ids | table(range(length) | {key: ($ids[.] | tostring), value: (. + 1)});
def is_unexplained: .failure.kind? == "linearization";

# What was found out about the order: {places: {id: k}, blocked: {id: why}}, of a
# linearization record, or of the data of a failure of that kind.
def found_order:
  {places: (.order // .prefix // [] | numbered),
   blocked: table(.blocked // [] | .[] | {key: (.id | tostring), value: .})};

# The order in which the events of branches were folded into the state.
def fold_order:
  [.events[].id | values] | to_entries | unique_by(.value) | sort_by(.key) | map(.value)
  | {places: numbered, blocked: {}};

# Of a run: the object that pd-diagram makes of one, or a failure record.
def is_branching: any(.commands[]; .branch != null);
def run_order:
  if .linearization then .linearization | found_order
  elif is_unexplained and (.failure.data | type == "object") then .failure.data | found_order
  elif is_branching then fold_order
  else {places: {}, blocked: {}} end;
def parts:
  .shrunk // .original // .sequence // {}
  | table((("setup", "prefix", "suffix", "teardown") as $part | .[$part] // [] | .[] | {key: .id, value: $part}),
      (.branches // [] | .[][] | {key: .id, value: "branches"}));
def of_run:
  run_order as $order
  | parts as $parts
  | table([.events[] | select(.id)] | group_by(.id)[] | {key: .[0].id, value: map(.event)}) as $events
  | .failure as $failure
  | {lanes: (["main"] + ([.commands[].branch | values] | unique | map("branch \(.)"))),
     omitted: omitted(0; 0; 0; 0),
     middle: (if $failure then (.commands | length) - 1 else 0 end),
     operations: [.commands[] | .id as $id
       | {$id, lane: (if .branch == null then "main" else "branch \(.branch)" end), part: ($parts[$id] // ""),
          call: .call_us, return: .return_us, open: (.outcome == "timeout" or .outcome == "retry"),
          command, events: ($events[$id] // []), outcome, reason, place: $order.places[$id],
          blocked: ($order.blocked | has($id)), failed: ($failure.id == $id),
          expected: ($order.blocked[$id].expected
            // if $failure.id == $id and $failure.kind == "prediction_mismatch" then $failure.data.expected? else null end)}]};

# Of a linearization record.
def process_lane: if type == "number" then "process \(.)" elif type == "string" then visible else "no process" end;
def of_linearization:
  found_order as $order
  | {lanes: ([.timeline // [] | .[].process] | unique | map(process_lane)),
     omitted: omitted(0; 0; 0; .omitted // 0),
     operations: [.timeline // [] | .[] | (.id | tostring) as $id
       | {$id, lane: (.process | process_lane), part: "", call: .call_us, return: .return_us,
          open: (.return_us == null or .events == null), command, events, outcome: "ok",
          place: (.place // $order.places[$id]), blocked: (.blocked // ($order.blocked | has($id))), failed: false,
          expected: $order.blocked[$id].expected}]};

# At most so many operations, those around the first that is marked, or around the
# middle that the picture names; all that are marked before any other.
def is_marked: .blocked or .failed;
def window($most):
  (.operations |= sort_by(.call))
  | .operations as $all
  | ($all | length) as $n
  | if $n <= $most then .
    else
      (first(range($n) | select($all[.] | is_marked)) // .middle // 0) as $middle
      | ([range($n) | [if $all[.] | is_marked then 0 else 1 end, (. - $middle | fabs), .]]
         | sort | .[:$most] | map(.[2]) | sort) as $kept
      | .operations = [$all[$kept[]]]
      | .omitted.before += $kept[0]
      | .omitted.after += $n - 1 - $kept[-1]
      | .omitted.between += $kept[-1] - $kept[0] + 1 - $most
    end;

# --- Labels ---

def short_value:
  if type == "string" and test("\\A[A-Za-z0-9_.@:/+-]+\\z") then cut(24) else text | cut(24) end;
def short_field: "\(.key | visible)=\(.value | short_value)";
def short_call: [(.type | visible), (del(.type) | .[] | short_value)] | join(" ");

# How what was seen differs from what was expected: "balance=30, not 80".
def is_external: . == {"$external": true};
def called: if .type then .type | visible else domain_object(24) end;
def difference($seen; $expected):
  if $seen == null then "nothing, not \($expected | called)"
  elif $expected == null then "\($seen | called), unexpected"
  elif $expected.type and $seen.type != $expected.type then "\($seen | called), not \($expected | called)"
  else
    $expected | to_entries
    | map(select((.value | is_external | not) and $seen[.key] != .value)
        | "\(.key | visible)=\($seen[.key] | short_value), not \(.value | short_value)")
    | join(", ")
  end;
def differences_from($expected):
  . as $seen
  | [range([($seen | length), ($expected | length)] | max) | difference($seen[.]; $expected[.]) | select(. != "")] | join("; ");

# What an event says that the command did not.
def short_event($command):
  [del(.type) | to_entries[] | select($command[.key] != .value) | short_field]
  | join(" ");
def short_answer:
  .command as $command
  | (if .expected != null and .events != null then .expected as $e | .events | differences_from($e) else "" end) as $differs
  | if .open then "no answer"
    elif .outcome != "ok" then "\(.outcome)\(.reason | if . then ": \(visible)" else "" end)"
    elif $differs != "" then $differs
    elif .events == [] then "no event"
    else .events | map(called as $name | short_event($command) | if . == "" then $name else . end) | join("; ") end;

def labelled:
  .operations |= map(
    .head = (if is_marked then "!" else "" end) + (if .place then "#\(.place) " else "" end) + (.id | visible | cut(24))
    | .label = "\(.head) \(.command | short_call)"
    | .answer = short_answer);

# --- Where each stands ---

# Operations of one lane that overlap take a row each; a lane's further rows have
# no name.
def finish: .return // .call;
def in_rows:
  . as $picture
  | reduce range(.operations | length) as $i ({free: {}, rows: []};
      $picture.operations[$i] as $o
      | (.free[$o.lane] // []) as $free
      | (first(range($free | length) | select($free[.] <= $o.call)) // ($free | length)) as $n
      | .free[$o.lane][$n] = ($o | finish)
      | .rows[$i] = [$o.lane, $n])
  | .free as $free
  | [$picture.lanes[] as $lane | range($free[$lane] // [] | length) | [$lane, .]] as $rows
  | (table(range($rows | length) | {key: ($rows[.] | tojson), value: .})) as $number
  | .rows as $of
  | $picture
  | .rows = [$rows[] | if .[1] == 0 then .[0] else "" end]
  | .operations = [range(.operations | length) as $i | .operations[$i] + {row: $number[$of[$i] | tojson]}];

# Calls and answers in the order of time. At one time calls stand before answers,
# which is what makes those operations concurrent, but in one row after the
# answers to calls before them.
def points:
  .operations as $operations
  | reduce range($operations | length) as $i ({points: [], last: {}};
      $operations[$i] as $o
      | "\($o.row)" as $row
      | (if .last[$row].time == $o.call then .last[$row].level + 1 else 0 end) as $level
      | .points += [[$o.call, $level, 0, $i]]
      | if $o.open then .last[$row] = {time: $o.call, $level}
        else (if $o.return == $o.call then $level + 1 else 1 end) as $after
          | .points += [[$o.return, $after, 1, $i]]
          | .last[$row] = {time: $o.return, level: $after} end)
  | .points | sort;

# Give every operation its first and last column, so that its label and answer
# get as many columns as they need, but not more than $room has for them. Calls
# in a row stand $room.stagger from one another. A part of the sequence begins
# beside the one before it.
def need($room):
  [(.head | columns + 3), ([(.label | columns + 2), $room.label] | min), ([(.answer | columns + 5), $room.answer] | min)] | max;
def placed($room):
  .operations as $operations
  | reduce points[] as [$time, $level, $kind, $i] (
      {x: -1, last: "answer", part: null, free: [], first: [], end: [], parts: []};
      $operations[$i] as $o
      | if $kind == 1 then
          .x = ([.x + (if .last == "call" then 1 else $room.stagger end), .first[$i] + ($o | need($room)) - 1] | max)
          | .last = "answer" | .end[$i] = .x | .free[$o.row] = .x + 2
        else
          .x = ([.x + (if .last == "answer" then 1 else $room.stagger end), .free[$o.row] // 0] | max)
          | (if $o.part != .part then
               .x = ([.x + (if .part == null then 0 else 2 end), (.parts[-1] // {x: -99, part: ""} | .x + (.part | length) + 2)] | max)
               | .part = $o.part | .parts += [{part: $o.part, x}] else . end)
          | .last = "call" | .first[$i] = .x
          | if $o.open then .free[$o.row] = .x + ($o | need($room)) + 1 else . end
        end)
  | . as $placed | .parts as $parts
  | ([.x + 1, (.free[] | values | . - 1)] | max) as $width
  | [$operations | to_entries | group_by(.value.row)[]
     | [.[].key] | sort_by($placed.first[.]) as $keys
     | range($keys | length) | {key: "\($keys[.])", value: (if $keys[. + 1] then $placed.first[$keys[. + 1]] else $width + 1 end)}]
  | from_entries as $next
  | {$width, $parts,
     operations: [range($operations | length) | $operations[.] + {x: $placed.first[.], next: $next["\(.)"],
       end: ($placed.end[.] // ($next["\(.)"] - 2))}]};
def laid_out($room): . + placed($room);

# From plenty of room to little.
def rooms:
  ([60, 60, 1], [60, 36, 1], [60, 24, 1], [60, 0, 1], [44, 0, 1], [32, 0, 0], [26, 0, 0], [20, 0, 0], [14, 0, 0])
  | {label: .[0], answer: .[1], stagger: .[2]};
def least_room: last(rooms);

# The most generous drawing of at most so many operations that the width holds.
def fitting($width; $most):
  . as $picture
  | def prepared($n): $picture | window($n) | labelled | in_rows;
    def room($rows): $width - ([$rows[] | columns] | max // 0 | [., 20] | min) - 2;
    ([$picture.operations | length, $most] | min) as $all
  | prepared($all) as $whole
  | first(rooms as $room | $whole | laid_out($room) | select(.width <= room(.rows)))
    // ({low: 1, high: $all}
        | until(.high - .low <= 1; ((.low + .high) / 2 | floor) as $n
            | if prepared($n) | laid_out(least_room) | .width <= room(.rows) then .low = $n else .high = $n end)
        | prepared(.low) | laid_out(least_room));

# --- Words ---

def known_id: tostring | visible;
def omission:
  .omitted
  | [(select(.before > 0) | "\(.before) before"), (select(.after > 0) | "\(.after) after"),
     (select(.between > 0) | "\(.between) among these"), (select(.elsewhere > 0) | "\(.elsewhere) further away")]
  | if . == [] then empty else "left out: \(join(", "))" end;

def run_title:
  "run \(.run // "?")\(.attempt // 1 | if . > 1 then ", attempt \(.)" else "" end)\(.seed // .sequence.seed | if . then ", seed \(.)" else "" end): "
  + if .failure then "\(.failure | headline)\(.failure.id | if . then " (\(known_id))" else "" end)"
    else {pass: "passed", aborted: "aborted"}[.status // ""] // "cut off" end;
def message_lines: .failure.message // "" | text_lines | select(. != "");

# Of a failure's cause: do the reasons below say what its data say?
def is_explained_below: .kind == "linearization" and (.data.blocked? // []) != [];

# What was found out about a run's order, if it was.
def run_verdict: if .linearization then .linearization elif is_unexplained then .failure.data | objects else empty end;

# "NOT LINEARIZABLE: run 3, 12 operations, 1 of unknown outcome (cas-register)"
def verdict_word:
  {linearizable: "LINEARIZABLE", not_linearizable: "NOT LINEARIZABLE", unknown: "UNKNOWN"}[.verdict] // (.verdict | known_id);
def linearization_title:
  "\(verdict_word): "
  + ([(.run | values | "run \(.)"), (.attempt | select((. // 1) > 1) | "attempt \(.)"),
      (.history | values | "history \(known_id)"), (select(has("key")) | "key \(.key | brief(60))"),
      (.operations | plural("operation")),
      (.unknown_outcomes | select((. // 0) > 0) | "\(.) of unknown outcome")] | join(", "))
  + " (\(.spec | known_id))";

# What else is known of the verdict.
def orders_text: if .orders then "\(.orders)" elif .log10 then "about 10^\(.log10 * 100 | round | . / 100)" else empty end;
def verdict_notes:
  (.reason | values | text_lines),
  (.count | values | if . == "1" then "1 order explains it." else "\(known_id) orders explain it." end),
  (.feasible | values | orders_text | "\(.) orders agree with the times.");

# What the signs of a drawing mean, of those that are in it.
def signs:
  if any(.operations[]; .blocked) then "! no order explains what was seen here"
  elif any(.operations[]; .failed) then "! the run failed here" else empty end,
  if any(.operations[]; .place) then "#n its place in the order" else empty end,
  if any(.operations[]; .open) then "... no answer: it may have happened or not, any time from its call on" else empty end,
  omission;

# What could not be placed next, and why: lists of {text, mark} for lines, of a
# linearization record or the data of such a failure.
def events_text: if . == null then "nothing is known" elif . == [] then "no event" else map(domain_object(200)) | join(", ") end;
def reasons:
  (.prefix // empty | if . == [] then "Nothing could be placed first." else
     (.[-12:] | map(known_id) | join(", ")) as $ids
     | "Explained so far: \(if length > 12 then "\(length - 12) others, " else "" end)\($ids)." end | {text: .}),
  (.state as $state | .blocked // [] | select(. != [])
   | {text: (if length == 1 then "This cannot come next:" else "None of these \(length) can come next:" end)},
     (.[:6][]
       | {text: "! \(.id | known_id) \(.command | domain_object(200))\(if .process != null then " (process \(.process | known_id))" else "" end)", mark: true},
         ((if has("state") then .state else $state end) as $s | select($s != null or has("state")) | {text: "    in state  \($s | brief(400))"}),
         {text: "    expected  \(if .expected then .expected | events_text else "anything that the model allows" end)"},
         {text: "    seen      \(.seen | events_text)"},
         (select(.expected and .seen) | (.expected as $e | .seen | differences_from($e)) | select(. != "") | {text: "    that is   \(.)", mark: true})),
     (select(length > 6) | {text: "and \(length - 6) more"}));

# --- In text ---

# As many of its characters as so many columns hold, back to a blank if one is near. Of a
# long text only the beginning is looked at.
def head_of($most):
  .[:4 * $most + 64]
  | (reduce explode[] as $c ({n: 0, room: $most};
    ($c | columns_of_character) as $width
    | if .room == null or .room < $width then .room = null else .n += 1 | .room -= $width end) | .n) as $n
  | ([match(" "; "g").offset | select(. <= $n and . > $n / 2)][-1] // ([$n, 1] | max));

# A text on as many lines as it takes, all but the first further in.
def wrapped($width; $indent):
  if (.[:4 * $width + 64] | length) == length and columns <= $width then . else
    head_of($width) as $n
    | .[:$n], ((" " * $indent) as $margin | $margin + (.[$n:] | ltrimstr(" ")) | wrapped($width; $indent)) end;

# Pieces {x, text, code} at their columns, as one line.
def line_of(pieces; $o):
  reduce pieces as $p ({text: "", at: 0};
    .text += " " * ($p.x - .at) + ($p.text | if $p.code then paint($o; $p.code) else . end)
    | .at = $p.x + ($p.text | columns))
  | .text;

def code: if is_marked then "1;31" elif .open then "33" else null end;
def bar:
  (.end - .x + 1) as $width
  | if .open then "[" + (.label | cut($width - 1)) | . + "." * ($width - columns)
    else (.label | cut($width - 2)) as $label
      | "[" + $label + (if is_marked then "=" else "-" end) * ($width - 2 - ($label | columns)) + "]" end;
def answer_room: .next - .x - 5;
def is_cut: (.label | columns) > .end - .x - (if .open then 0 else 1 end) or (.answer | columns) > answer_room;

def lanes_text($o):
  ([[.rows[] | columns] | max, 20] | min) as $gutter
  | (if all(.parts[]; .part == "") then empty else
      line_of(.parts[] | {x: ($gutter + 2 + .x), text: .part}; $o) | faint($o) end),
    (range(.rows | length) as $row
     | (.rows[$row] | cut($gutter)) as $name
     | [.operations[] | select(.row == $row)] | sort_by(.x) as $operations
     | line_of({x: 0, text: $name}, ($operations[] | {x: ($gutter + 2 + .x), text: bar, code: code}); $o),
       line_of($operations[] | {x: ($gutter + 3 + .x), text: "-> \(answer_room as $room | .answer | cut($room))", code: code}; $o));

# The drawing with what it needs to be read. A width of 0 is that of no terminal.
def drawing($o):
  (if $o.width > 0 then $o.width else 100 end) as $width
  | if .operations == [] then "nothing to draw: no operation is known" else
      fitting($width; 200)
      | lanes_text($o),
        (signs | wrapped($width; 2) | faint($o)),
        (.operations | sort_by(.call)[] | select(is_cut)
          | "  \(.head) \(.command | domain_object(160)) -> \(if .open then "no answer" else .events | events_text end)"
          | wrapped($width; 8))
    end;
def reason_lines($o; $width):
  reasons | .mark as $mark | .text | wrapped($width; 14) | if $mark then paint($o; "1;31") else . end;
