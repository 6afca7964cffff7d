# SPDX-License-Identifier: MIT
# What pd-suggest knows of fields, and the checks that it proposes: relations are
# written down for all fields and states that were seen, those that a sample of the
# states disproves are dropped here, and the others by folding. The method is that
# of Ernst and others, "Dynamically discovering likely program invariants" (2001).
module {"name": "suggest", "description": "fields, and candidates for checks"};

# --- What was seen ---

def most_values: 24;
def most_samples: 200;
def most_candidates: 400;

# Of one field: kinds of values, numbers' range, some of the values, how it went on.
def see($value):
  ($value | type) as $type
  | .count += 1 | .types[$type] = true
  | if $type == "number" then
      (if .min == null or $value < .min then .min = $value | .at_min = 0 else . end)
      | (if .max == null or $value > .max then .max = $value | .at_max = 0 else . end)
      | (if $value == .min then .at_min += 1 else . end) | (if $value == .max then .at_max += 1 else . end)
    else . end
  | if (.values | length) < most_values and ($type == "number" or $type == "string" or $type == "boolean")
    then .values[$value | tojson] += 1
    elif .values[$value | tojson] then .values[$value | tojson] += 1
    else .many = true end;

def is_status: test("(status|state|phase)\\z"; "i");
def is_plain: type == "string" or type == "number";

# What is told of one run apart: .now is of this run.
def begun: .now = {};

# Does the value come again, does it fall, within the run?
def recur($name; $value):
  if $value | is_plain | not then . else
    (if .now[$name].values[$value | tojson] then .repeated[$name] = true
     elif .now[$name] then .again[$name] += 1 else . end)
    | (if ($value | type) == "number" and (.now[$name].latest // $value) > $value then .falling[$name] = true else . end)
    | .now[$name] |= (.values[$value | tojson] = true | .latest = $value)
  end;

# What a status was before, by each of the other fields that may name what it is of.
def transit($event):
  reduce ($event | to_entries[] | select((.key | is_status) and (.value | type == "string"))) as $status (.;
    reduce ($event | to_entries[] | select(.key != "type" and .key != $status.key and (.value | is_plain))) as $of (.;
      ([$event.type, $status.key, $of.key] | tojson) as $key
      | ([.now[$key][$of.value | tostring], $status.value] | tojson) as $step
      | .now[$key][$of.value | tostring] = $status.value
      | if (.transitions[$key] // {} | length) < most_values or .transitions[$key][$step]
        then .transitions[$key][$step] += 1 else .now[$key].lost = true end));

# Which texts of an event go together, while those are few.
def pair($event):
  [$event | keys[] | select(. != "type" and ($event[.] | type == "string"))] as $names
  | reduce range($names | length) as $i (.; reduce range($i + 1; $names | length) as $j (.;
      ([$event.type, $names[$i], $names[$j]] | tojson) as $key
      | ([$event[$names[$i], $names[$j]]] | tojson) as $both
      | if .pairs[$key] == false then .
        elif (.pairs[$key] // {} | length) < most_values or .pairs[$key][$both] then .pairs[$key][$both] += 1
        else .pairs[$key] = false end));

# One answer: the summary goes on with its events and the states before and after them.
def observe($events; $before; $state):
  reduce $events[] as $event (.;
    .events += 1
    | reduce ($event | to_entries[] | select(.key != "type")) as $field (.;
        .fields["\($event.type).\($field.key)"] |= ((. // {event: $event.type, field: $field.key, values: {}, types: {}})
           | see($field.value))
        | recur("\($event.type).\($field.key)"; $field.value))
    | transit($event) | pair($event))
  | .answers += 1
  | if ($events | length) > 0 and (.samples | length) < most_samples
       and (.answers <= 60 or .answers % 7 == 0 or (.sampled[$events[-1].type] // 0) < 12)
    then .sampled[$events[-1].type] += 1 | .samples += [{event: $events[-1], state: $state}
                      + (if ($events | length) == 1 then {before: $before} else {} end)] else . end;

def nothing_seen: {events: 0, answers: 0, fields: {}, samples: [], sampled: {}, now: {}, repeated: {}, again: {}, falling: {}, transitions: {}, pairs: {}};

# --- Fields, by name and by values ---

def by_name:
  if test("(amount|balance|price|total|sum|cost|fee|paid|held)"; "i") then "amount"
  elif test("(\\A|_)(count|quantity|qty|number|size|length|attempts|version)"; "i") then "count"
  elif test("currency"; "i") then "currency"
  elif test("(status|state|phase|reason)\\z"; "i") then "status"
  elif test("(_at|_time|time|date|timestamp)\\z"; "i") then "timestamp"
  elif test("(\\Aid|_id|_ref|reference|key|uuid)\\z"; "i") then "reference"
  else empty end;

def is_currency: test("\\A\"[A-Z]{3}\"\\z");
def is_time: test("\\A\"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]");

def values_of: .values | keys_unsorted;
def distinct: .values | length;

# Events' fields that name a row of a collection of the state: {"Held.hold": "holds"}.
def is_rows: type == "object" and length > 0 and all(.[]; type == "object");
def references($samples):
  reduce ($samples[] | .state as $state | .event as $event
      | $event | to_entries[] | select(.key != "type")
      | select(.value | type == "string" or type == "number")
      | {name: "\($event.type).\(.key)", value: (.value | tostring), state: $state}) as $seen ({};
    ([$seen.state | to_entries? // [] | .[] | select((.value | is_rows) and (.value | has($seen.value))) | .key]) as $in
    | .[$seen.name] |= (if . == null then $in else . - (. - $in) end))
  | with_entries(select(.value != []) | .value |= .[0]);

def by_values($reference; $falling; $unique):
  (if $reference then "reference" else empty end),
  (if .types == {number: true} and .count > 2 and distinct > 1 and ($falling | not) then "monotonic" else empty end),
  (if .count > 2 and $unique then "unique" else empty end),
  (if .types == {string: true} then
     (if all(values_of[]; is_currency) then "currency"
      elif all(values_of[]; is_time) then "timestamp"
      elif .many != true and distinct <= 8 and .count >= 3 * distinct then "enumeration" else empty end)
   else empty end);

# Never twice in a run, though it came more than once in one.
def is_unique($name): .repeated[$name] != true and (.again[$name] // 0) > 0;

def described($references):
  . as $all
  | [.fields | to_entries[]
   | {event: .value.event, field: .value.field, seen: .value.count,
      kinds: ([(.value.field | by_name), (.key as $name | .value
         | by_values($references[$name]; $all.falling[$name]; $all | is_unique($name)))] | unique)}
     + (.value | if .types.number and .min != null then {min, max} else {} end)
     + (if $references[.key] then {refers_to: $references[.key]} else {} end)
     + (.value | if .many != true and .types == {string: true} and distinct <= 8 then {values: [values_of[] | fromjson]} else {} end)];

# --- Candidates ---

def dotted: map("[\(tojson)]") | join("") | gsub("\\[\"(?<n>[A-Za-z_][A-Za-z_0-9]*)\"\\]"; ".\(.n)")
  | if startswith(".") then . else "." + . end;
def word: gsub("[^A-Za-z0-9]+"; "_") | ltrimstr("_") | rtrimstr("_") | ascii_downcase;
def words: map(tostring | word) | join("_");

def leaves($kind): [paths(type == $kind)] | map(select(length <= 2 and all(.[]; type == "string")));

# The state's collections of rows and its own numbers, of the sampled states.
def collections($states):
  [$states[] | select(type == "object") | to_entries[] | select(.value | is_rows) | .key] | unique
  | map(. as $name | {name: $name, rows: [$states[] | .[$name]? | objects | .[] | objects]}
      | . + {numbers: ([.rows[] | leaves("number")[]] | unique), flags: ([.rows[] | leaves("boolean")[]] | unique)});
def own_numbers($states): [$states[] | objects | to_entries[] | select(.value | type == "number") | .key] | unique;

# Sums of the state, with their values in each of the states.
def quantities($states):
  (own_numbers($states)[] | . as $key | {text: ([$key] | dotted), name: ($key | word), values: [$states[] | .[$key] // 0]}),
  (collections($states)[] | .name as $in | .numbers[] | . as $path
   | {text: "([\([$in] | dotted)[] | \($path | dotted) // 0] | add // 0)", name: "sum_of_\([$in] + $path | words)",
      values: [$states[] | [.[$in]? // {} | .[] | getpath($path) // 0] | add // 0]})
  | select((.values | unique | length) > 1);

def candidate($kind; $name; $trigger; $body; $says; $support):
  {kind: $kind, name: $name, trigger: $trigger, body: $body, says: ($says | gsub("[[:cntrl:]]"; " ")), sampled: $support};

def spoken: gsub("[\\\\\"()[:cntrl:]]"; "");
# Whenever an event is known, and when all is over.
def equation($name; $left; $right; $support):
  candidate("sum"; $name; {every: "event"};
    "(\($left)) as $left | (\($right)) as $right\n  | $left == $right // fail(\"\($left | spoken) is \\($left), but \($right | spoken) is \\($right)\")";
    "\($left) == \($right)"; $support)
  | ., (.name += "_at_end" | .trigger = {at: "end"});

# Without those for the end that hold at any time.
def strongest:
  (map({key: .name, value: true}) | from_entries) as $names
  | map(select((.name | endswith("_at_end") | not) or ($names[.name | rtrimstr("_at_end")] | not)));

# Laws of three among numbers {name, text, values}, which are of the same moments: one is the sum of two others, or two
# add up to the same always.
def triples($list):
  [$list[] | (.values | unique) as $values | . + {varies: ($values | length > 1), nothing: ($values == [0]), many: ($values | length > 2)}] as $all
  | ($all | length) as $n
  | if $n > 24 then empty else
    (range($n) as $a | $all[$a] as $x | select($x.varies)
     | range($n) as $b | $all[$b] as $y | select($a != $b and ($y.nothing | not))
     | range($b + 1; $n) as $c | $all[$c] as $z | select($a != $c and ($z.nothing | not))
     | select($y.values != $z.values and all(range($x.values | length); $x.values[.] == $y.values[.] + $z.values[.]))
     | {name: "\($x.name)_is_\($y.name)_and_\($z.name)", left: $x.text, right: "\($y.text) + \($z.text)",
        parts: [$x.text, $y.text, $z.text], support: ($x.values | length)}),
    (range($n) as $a | range($a + 1; $n) as $b | $all[$a] as $x | $all[$b] as $y
     | select($x.many and $y.many)
     | ($x.values[0] + $y.values[0]) as $sum
     | select(all(range($x.values | length); $x.values[.] + $y.values[.] == $sum))
     | {name: "\($x.name)_and_\($y.name)_constant", left: "\($x.text) + \($y.text)", right: "\($sum)",
        parts: [$x.text, $y.text], support: ($x.values | length)})
    end;

# The rows' numbers go from one to another, but none is lost.
def constants($states):
  collections($states)[] | .name as $in | .numbers[] as $path
  | [.rows[] | getpath($path) | numbers] as $values
  | select(($values | unique | length) > 2)
  | [$states[] | [.[$in]? // {} | .[] | getpath($path) // 0] | add // 0]
  | select(unique | length == 1)
  | equation("sum_of_\([$in] + $path | words)_constant"; "([\([$in] | dotted)[] | \($path | dotted) // 0] | add // 0)"; "\(.[0])"; length);

def sums($states):
  [quantities($states)] as $all
  | ($all | length) as $n
  | constants($states),
    (select($n <= 24) | range($n) as $a | range($a + 1; $n) as $b | $all[$a] as $x | $all[$b] as $y
     | select($x.values == $y.values) | equation("\($x.name)_is_\($y.name)"; $x.text; $y.text; $x.values | length)),
    (triples($all) | equation(.name; .left; .right; .support));

# Of each row that the event has touched or not: a condition that none may break.
def of_rows($in; $name; $broken; $says; $kind; $support):
  candidate($kind; $name; {every: "event"};
    "first(\([$in] | dotted)[]\n    | select(\($broken))\n    | fail(\"of \($in | word): not \($says | spoken)\"; .)) // true";
    "of all \($in): \($says)"; $support);

# Their numbers, where all of them have the number.
def always($list; $numbers):
  [$numbers[] as $path | [$list[] | getpath($path)]
   | select(length > 1 and all(.[]; type == "number"))
   | {name: ($path | words), text: ($path | dotted), values: .}];

def rows($states):
  collections($states)[] | .name as $in | .rows as $rows | .numbers as $numbers | .flags as $flags
  | (triples(always($rows; $numbers))
     | of_rows($in; "\([$in] | words)_\(.name)"; "\(.parts | map("\(.) != null") | join(" and ")) and \(.left) != \(.right)";
         "\(.left) == \(.right)"; "sum"; .support)),
    (range($numbers | length) as $a | range($numbers | length) as $b | select($a != $b)
     | $numbers[$a] as $p | $numbers[$b] as $q
     | [$rows[] | [getpath($p), getpath($q)] | select(all(.[]; type == "number"))] as $pairs
     | select(($pairs | map(.[0]) | unique | length) > 1 and ($pairs | map(.[1]) | unique | length) > 1)
     | ($p | dotted) as $x | ($q | dotted) as $y
     | if $a < $b and all($pairs[]; .[0] == .[1]) then
         of_rows($in; "\([$in] + $p | words)_is_\($q | words)"; "\($x) != null and \($y) != null and \($x) != \($y)";
           "\($x) == \($y)"; "agreement"; $pairs | length)
       elif all($pairs[]; .[0] <= .[1]) and any($pairs[]; .[0] < .[1]) then
         of_rows($in; "\([$in] + $p | words)_within_\($q | words)"; "\($x) != null and \($y) != null and \($x) > \($y)";
           "\($x) <= \($y)"; "order"; $pairs | length)
       else empty end),
    ($numbers[] as $p | [$rows[] | getpath($p) | numbers] | (. | unique) as $values | length as $count | ($p | dotted) as $x
     | (if $values[0] >= 0 then
          of_rows($in; "\([$in] + $p | words)_not_negative"; "\($x) != null and \($x) < 0"; "\($x) >= 0"; "range"; $count)
        else empty end),
       (if $values == [0, 1] then
          of_rows($in; "\([$in] + $p | words)_at_most_\($values[-1])"; "\($x) != null and \($x) > \($values[-1])";
            "\($x) <= \($values[-1])"; "range"; $count)
        else empty end)),
    ($flags[] as $f | $numbers[] as $p | [$rows[] | select(getpath($f) == true) | getpath($p) | numbers]
     | select(length > 1 and all(.[]; . == 0))
     | of_rows($in; "\([$in] + $p | words)_zero_once_\($f | words)"; "\($f | dotted) and (\($p | dotted) // 0) != 0";
         "\($p | dotted) == 0 once \($f | dotted)"; "state"; length));

def of_event($event; $name; $holds; $says; $kind; $support):
  candidate($kind; "\($event | word)_\($name)"; {every: $event};
    "\($holds)\n  // fail(\"of \($event | word): not \($says | spoken)\"; $x)"; "of \($event): \($says)"; $support);

# A text that is one of few.
def most_words: 12;
def is_word: .types == {string: true} and .many != true and distinct <= most_words and .count >= 3 * distinct;

def field_names: keys_unsorted - ["type"];
def field: [.] | dotted | "$x" + .;

# Within the event, and of what the state has of the rows that it names.
def events($references):
  .samples as $samples | .fields as $seen
  | [$samples[].event.type] | unique[] | . as $event
  | [$samples[] | select(.event.type == $event)] as $of
  | select($of | length > 1)
  | ([$of[].event | field_names[]] | unique) as $names
  | ($names[] as $f | $seen["\($event).\($f)"] | select(.) | . as $it
     | (if $it.types == {number: true} and ($references["\($event).\($f)"] | not) and $it.min >= 0 then
          (if $it.min > 0 and $it.count > 4 then ">" else ">=" end) as $op
          | of_event($event; "\($f | word)_\(if $op == ">" then "positive" else "not_negative" end)";
              "(\($f | field) | type == \"number\" and . \($op) 0)"; "\($f) \($op) 0"; "range"; $it.count)
        else empty end),
       (select($it.types == {number: true} and ($references["\($event).\($f)"] | not)) | $it
        | if .min == .max then
            select(.count >= 10)
            | of_event($event; "\($f | word)_constant"; "(\($f | field) == \(.min))"; "\($f) == \(.min)"; "range"; .count)
          else # A bound that is met again and again is none by chance.
            (select(.at_max >= 5)
             | of_event($event; "\($f | word)_at_most_\(.max | tostring | word)"; "(\($f | field) <= \(.max))"; "\($f) <= \(.max)"; "range"; .count)),
            (select(.at_min >= 5 and (.min < 0 or .min > 1))
             | of_event($event; "\($f | word)_at_least_\(.min | tostring | word)"; "(\($f | field) >= \(.min))"; "\($f) >= \(.min)"; "range"; .count))
          end),
       (if ($it | is_word) and ($references["\($event).\($f)"] | not) then
          "[\($it.values | keys | join(", "))]" as $list
          | of_event($event; "\($f | word)_known"; "(\($f | field) as $it | any(\($list)[]; . == $it))";
              "\($f) in \($list)"; "enumeration"; $it.count)
        else empty end)),
    (triples([always([$of[].event]; [$names[] | [.]])[] | .text |= "$x" + .])
     | of_event($event; .name; "(\(.left) == \(.right))"; "\(.left) == \(.right)" | gsub("\\$x\\."; ""); "sum"; .support)),
    ($names[] as $f | $names[] as $g | select($f != $g)
     | [$of[].event | [.[$f], .[$g]] | select(all(.[]; type == "number"))] as $pairs
     | select(($pairs | length) == ($of | length) and ($pairs | map(.[0]) | unique | length) > 1
         and ($pairs | map(.[1]) | unique | length) > 1)
     | if $f < $g and all($pairs[]; .[0] == .[1]) then
         of_event($event; "\($f | word)_is_\($g | word)"; "(\($f | field) == \($g | field))"; "\($f) == \($g)"; "agreement"; $pairs | length)
       elif all($pairs[]; .[0] <= .[1]) and any($pairs[]; .[0] < .[1]) then
         of_event($event; "\($f | word)_within_\($g | word)"; "(\($f | field) <= \($g | field))"; "\($f) <= \($g)"; "order"; $pairs | length)
       else empty end),
    ($names[] as $r | $references["\($event).\($r)"] | select(.) | . as $in
     | ([$of[] | .state[$in][.event[$r] | tostring] | objects
         | (leaves("number"), leaves("string"), leaves("boolean"))[]] | unique[]) as $path
     | $names[] as $f | select($f != $r)
     | [$of[] | [.event[$f], (.state[$in][.event[$r] | tostring] | objects | getpath($path))]
        | select(length == 2 and .[0] != null)] as $pairs
     | select(($pairs | length) > 1 and all($pairs[]; .[0] == .[1]) and ($pairs | map(.[0]) | unique | length) > 1)
     | of_event($event; "\($f | word)_is_\([$in] + $path | words)";
         "(\($f | field) == \([$in] | dotted)[\($r | field) | tostring]\($path | dotted))";
         "\($f) == \([$in] | dotted)[\($r)]\($path | dotted)"; "agreement"; $pairs | length));

# Two texts that are few each, and of which not each goes with each.
def pairs_known($references):
  .fields as $seen | .pairs | to_entries[] | (.key | fromjson) as [$event, $f, $g]
  | select(.value and all($f, $g; "\($event).\(.)" | ($seen[.] | is_word) and ($references[.] | not)))
  | (.value | keys) as $pairs | ([.value[]] | add) as $count
  | select($count >= 3 * ($pairs | length)
      and ($pairs | length) < ($seen["\($event).\($f)"] | distinct) * ($seen["\($event).\($g)"] | distinct))
  | "[\($pairs | join(", "))]" as $list
  | of_event($event; "\($f | word)_and_\($g | word)_known"; "([\($f | field), \($g | field)] as $it | any(\($list)[]; . == $it))";
      "[\($f), \($g)] in \($list)"; "enumeration"; $count);

# What needs a memory: it is folded into .learned of the state.
def remembering($event; $fold): select($event | test("\\A[A-Za-z_][A-Za-z_0-9]*\\z")) | . + {event: $event, fold: $fold};

def unique_fields($references):
  . as $all
  | .fields | to_entries[] | .key as $key | .value.event as $event | .value.field as $f
  | select((.value.types == {string: true} or ($f | by_name) == "reference" or $references[$key]) and ($all | is_unique($key)))
  | ".learned[\($key | tojson)][\($f | field) | tojson]" as $place
  | of_event($event; "\($f | word)_unique"; "(\($place) == 1)"; "\($f) is never the same"; "unique"; .value.count)
  | remembering($event; "\($place) += 1");

# A number of the row that the event names goes up or down by one of the event.
def changes($references):
  [.samples[] | select(.before)] as $samples
  | [$samples[].event.type] | unique[] | . as $event
  | [$samples[] | select(.event.type == $event)] as $all
  | ([$all[].event | field_names[]] | unique) as $names
  | $names[] as $r | $references["\($event).\($r)"] | select(.) as $in
  | [$all[] | {event, now: .state[$in][.event[$r] | tostring], then: .before[$in][.event[$r] | tostring]}
     | select((.now | type) == "object" and (.then | type) == "object")] as $of
  | select($of | length > 2)
  | ([$of[].now | leaves("number")[]] | unique[]) as $path
  | $names[] as $f | select($f != $r and all($of[]; .event[$f] | type == "number") and ([$of[].event[$f]] | unique | length) > 1)
  | (1, -1) as $sign
  | select(all($of[]; (.now | getpath($path) // 0) == (.then | getpath($path) // 0) + $sign * .event[$f]))
  | "\([$in] | dotted)[\($r | field) | tostring]\($path | dotted)" as $number
  | ".learned[\("\($event) \($r | word) \([$in] + $path | words) before" | tojson)]" as $place
  | (if $sign > 0 then "+" else "-" end) as $op
  | of_event($event; "\(if $sign > 0 then "adds" else "takes" end)_\($f | word)_\(if $sign > 0 then "to" else "from" end)_\([$in] + $path | words)";
      "(\($number) // 0) == \($place) \($op) \($f | field)";
      "\([$in] | dotted)[\($r)]\($path | dotted) == what it was \($op) \($f)"; "change"; $of | length)
  | remembering($event; "\($place) = ($before\($number) // 0)");

def transitions($references):
  .transitions | to_entries[] | (.key | fromjson) as [$event, $f, $of]
  | select($references["\($event).\($of)"])
  | (.value | keys | sort_by(fromjson)) as $steps
  | select(any($steps[]; fromjson[0] != null))
  | ".learned[\("\($event).\($f)" | tojson)][\($of | field) | tostring]" as $place
  | of_event($event; "\($f | word)_goes_on_by_\($of | word)";
      "(\($place) as $step | any([\($steps | join(", "))][]; . == $step))";
      "\($f) of each \($of) goes \([$steps[] | fromjson | if .[0] then "from \(.[0]) to \(.[1])" else "first to \(.[1])" end] | join(", "))";
      "transition"; [.value[]] | add)
  | remembering($event; "\($place) |= [.[1], \($f | field)]");

# Everything that the samples do not disprove.
def candidates:
  references(.samples) as $references
  | ([.samples[].state] | unique) as $states
  | [sums($states), rows($states), events($references), pairs_known($references),
     (select(all($states[]; type == "object")) | unique_fields($references), transitions($references), changes($references))]
  | unique_by(.name) | sort_by(-.sampled) | .[:most_candidates] | sort_by(.name);

# --- Modules ---

def check_text: "def check_\(.name)($x):\n  \(.body);\n";

# What remembers, around the folds that the model has: of its own, or the one for all others.
def memory($model):
  map(select(.fold)) | if . == [] then "" else
    "def before_init: init;\ndef init: before_init | .learned = {};\n\n"
    + ([group_by(.event)[] | .[0].event as $event
        | (if any($model.folds[]; . == $event) then
             "def before_on_\($event)($x): on_\($event)($x);\ndef on_\($event)($x): . as $before | before_on_\($event)($x)"
           elif $model.applies then "def on_\($event)($x): . as $before | apply($x)"
           else "def on_\($event)($x): . as $before" end)
        + ([.[] | "\n  | \(.fold)"] | join("")) + ";\n\n"] | join(""))
  end;

# A module with the model and the candidates: it is a model itself.
def module_text($list; $model; $comment):
  "\($comment)module {\n  \"name\": \("\($model.name)_learned" | tojson),\n  \"triggers\": {\n"
  + ([$list[] | "    \("\(.name)" | tojson): \(.trigger | tojson)"] | join(",\n"))
  + "\n  }\n};\ninclude \"pd\";\ninclude \($model.name | tojson);\n\n"
  + ($list | memory($model))
  + ([$list[] | (if .support then "# \(.kind): \(.says). Held \(.support) times\(if .simulated then " in simulated runs only" else "" end).\n" else "" end) + check_text] | join("\n"));

# --- Choosing ---

def weight: {sum: 10, agreement: 9, change: 9, order: 4, state: 4, transition: 3, unique: 3, range: 2, enumeration: 1}[.kind] // 1;

# Those that notice most of what nothing notices yet; each is chosen for what those
# before it leave. kills is {name: {number: true}}.
def chosen($list; $kills; $most):
  {left: $list, taken: [], dead: {}}
  | until((.taken | length) >= $most or .over;
      .dead as $dead
      | (.left | map(. + {new: ([$kills[.name] // {} | keys[] | select($dead[.] | not)] | length)})
         | map(select(.new > 0)) | sort_by([-(.new * weight), .name])) as $order
      | if $order == [] then .over = true
        else .taken += [$order[0]] | .left = $order[1:] | .dead += $kills[$order[0].name] end)
  | .taken;

def priority($unnoticed):
  .kind as $kind |
  if any("sum", "agreement", "change"; . == $kind) or .new * 10 >= $unnoticed then "high"
  elif .kind == "enumeration" then "low" else "medium" end;

# The record; read is {"Event.field": {checks, folded}} of what was tried.
def suggestion($found):
  $found as {$list, $kills, $read, $counts, $most}
  | references(.samples) as $references
  | {type: "suggestion"} + $counts
  + {events, fields: [described($references)[] | . + (($read["\(.event).\(.field)"] // null) as $by | if $by then {read_by: $by.checks} + (if $by.folded then {folded: true} else {} end) else {} end)],
     unread: [$read | to_entries[] | select(.value | .checks == [] and (.folded | not)) | .key],
     learned: ($list | length),
     suggestions: ([chosen($list; $kills; $most)[]
       | {name, kind, priority: priority($counts.unnoticed), says, trigger, support,
          kills: ($kills[.name] | length), kills_new: .new, check: check_text}
          + (if .simulated then {simulated} else {} end) + (if .fold then {event, fold} else {} end)]
       | sort_by({high: 0, medium: 1, low: 2}[.priority]))};
