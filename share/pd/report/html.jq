# SPDX-License-Identifier: MIT
# A page that needs nothing else: an overview of the runs, failures to step through,
# coverage as heat maps. It is whole without scripts; html.js makes steps of a failure
# something to step through, and copies command lines. pd-report holds what failures
# and results give until the summary, which puts the page together; a filter that
# shows one record gives a page of that alone.
module {"name": "html", "description": "a page to open in a browser, to step through failures", "extension": "html",
  "held": true, "overview": true, "retraced": true, "files": ["html.css", "html.js"]};
include "text";
include "common";
import "cover" as cover;
import "overlap" as overlap;
import "overlap_svg" as timeline;
import "sequence" as sequence;
import "sequence_svg" as diagram;
import "page" as page;
import "page_charts" as charts;
import "page_coverage" as coverage;

# --- The frame ---

# Nothing may be loaded, whatever stands in the page.
def policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
def head($title; $o):
  "<!DOCTYPE html>",
  "<html lang=\"en\"><head><meta charset=\"utf-8\"/>",
  "<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\"/>",
  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>",
  "<meta name=\"color-scheme\" content=\"light dark\"/>",
  "<title>\($title | xml)</title>",
  "<style>", timeline::style, diagram::style, ($o.files["html.css"] // ""), "</style></head>",
  "<body><a class=\"skip\" href=\"#content\">Skip to the content</a>";
# Well-formed as XML, too.
def foot($o): "<script>//<![CDATA[", ($o.files["html.js"] // ""), "//]]></script></body></html>";
def masthead($class; $verdict; $title; lines; links):
  "<header class=\"masthead \($class)\"><div class=\"bar-top\"><p class=\"mark\">PropertyDamage</p></div>",
  "<p class=\"verdict\">\($verdict)</p><h1>\($title | xml)</h1>", lines,
  ([links] | if length < 2 then empty else "<nav aria-label=\"Sections\"><ul>\(map("<li><a href=\"#\(.[0])\">\(.[1] | xml)</a></li>") | join(""))</ul></nav>" end),
  "</header><main id=\"content\">";

# --- A failure: how much of it ---

# From all there is to little: of many failures the first ten have more room.
def details($number):
  ({value: 400, steps: 200, changes: 60, message: 8000, exchanges: 6, drawn: 50, command: 20000} | select($number <= 10)),
  {value: 160, steps: 40, changes: 12, message: 2000, exchanges: 2, drawn: 16, command: 6000},
  {value: 60, steps: 12, changes: 4, message: 800, exchanges: 1, drawn: 0, command: 2000},
  {value: 30, steps: 6, changes: 2, message: 300, exchanges: 0, drawn: 0, command: 0};
def whole_failures: 100;
def listed_failures: 500;
# In bytes.
def room($number): if $number <= 10 then 90000 else 27000 end;

# --- A failure: its steps ---

def by_id(records): reduce records as $r ({}; .[$r.id // ""] += [$r]);
def changes_of($o): $o.retraced.steps // [];
def change_row($limit):
  def side($key): if has($key) then "<td class=\"\($key)\"><code>\(.[$key] | brief($limit) | xml)</code></td>"
    else "<td class=\"nothing\">\(if $key == "before" then "not there" else "gone" end)</td>" end;
  "<tr><th scope=\"row\"><code>\(.path | brief($limit) | fromjson? // (.path | cut(100)) | xml)</code></th>\(side("before"))\(side("after"))</tr>";
def change_table($detail):
  (.[:$detail.changes]) as $shown
  | page::table("changes"; ["where", "before", "after"] | page::headings; $shown[] | change_row($detail.value)),
    (length - $detail.changes | select(. > 0) | "<p class=\"aside\">and \(counted("more change")).</p>");

def exchange_rows($detail):
  (.exchange // []) as $all
  | ($all | length - $detail.exchanges | select(. > 0 and $detail.exchanges > 0) | "<p class=\"aside\">\(counted("earlier request")) left out.</p>"),
    ($all[([($all | length) - $detail.exchanges, 0] | max):][]
     | "<div><dt>request</dt><dd><code>\(.request | request_text | cut(2 * $detail.value) | xml)</code></dd></div>",
       "<div><dt>reply</dt><dd><code>\(.reply | reply_text | cut(2 * $detail.value) | xml)</code>\(.reply.latency_us? | values | " <small>\(page::duration)</small>")</dd></div>");
def event_rows($detail): .[] | "<div><dt>event</dt><dd><code>\(domain_object($detail.value) | xml)</code></dd></div>";

# Of an item of the sequence, with all that is known of it: {item, sent, events, checks, changes}.
def failed_check: "\({kind: "check_failed", name: .check} | headline)\(.message | if . then ": \([text_lines] | join(" "))" else "" end)";
def step_tags($failed; $sent):
  (select(.branch != null) | "<span class=\"tag\">branch \(.branch)</span>"),
  (select(.label) | "<span class=\"tag\">\(.label | cut(60) | xml)</span>"),
  (select($failed) | "<span class=\"tag failed\">failed here</span>"),
  (select($sent == null) | "<span class=\"tag\">not executed</span>"),
  ($sent | values | select(.outcome != "ok") | "<span class=\"tag warning\">\(.outcome | xml)</span>");
def step($number; $failure; $detail):
  ($failure.failure.id == .item.id) as $failed
  | .sent[-1] as $sent
  | "<li class=\"step\(if $failed then " failed" else "" end)\" data-id=\"\(.item.id | xml)\">",
    "<h5><span class=\"id\">\(.item.id | cut(24) | xml)</span> <code>\(.item.command | object_text(.type; [command_fields($failure.refs // {})[] | cut($detail.value)]) | xml)</code> "
      + ([.item | step_tags($failed; $sent)] | join(" ")) + "</h5>",
    "<div class=\"body\"><dl>",
    ($sent | values | exchange_rows($detail)),
    ([.events[].event] | event_rows($detail)),
    (select($sent != null and .events == []) | "<div><dt>event</dt><dd>none</dd></div>"),
    ($sent | values | .reason | values | "<div><dt>why</dt><dd>\(page::cut_text($detail.message) | xml)</dd></div>"),
    (select($failed and $failure.failure.kind == "prediction_mismatch") | $failure.failure.data.expected[]?
      | "<div class=\"bad\"><dt>predicted</dt><dd><code>\(domain_object($detail.value) | xml)</code></dd></div>"),
    (.checks[:8][] | select(.pass == false) | "<div class=\"bad\"><dt>check</dt><dd>\(failed_check | cut($detail.message) | xml)</dd></div>"),
    "</dl>",
    (.changes | select(. != []) | "<p class=\"caption\">What it changed in the state</p>", change_table($detail)),
    (select(.changes == [] and $sent != null and $failure.traced) | "<p class=\"aside\">The state did not change.</p>"),
    "</div></li>";

# The steps around the one that failed.
def window($most; $id):
  (length) as $n
  | if $n <= $most then {from: 0, steps: .} else
      (first(range($n) as $i | select(.[$i].item.id == $id) | $i) // ($n - 1)) as $at
      | ([[$at - $most + 2, 0] | max, $n - $most] | min) as $from
      | {$from, steps: .[$from:$from + $most]} end;
def steps_of($o):
  by_id(.commands[]) as $sent | by_id(.events[]) as $events | by_id(.checks // [] | .[]) as $checks
  | (reduce changes_of($o)[] as $step ({}; if $step.n then . else .[$step.id // ""] += $step.changes end)) as $changes
  | [items[] | .id as $id
     | {item: ., sent: ($sent[$id] // []), events: ($events[$id] // []), checks: ($checks[$id] // []), changes: ($changes[$id] // [])}];
def steps_section($o; $detail):
  .traced = ($o.retraced.source == "model")
  | . as $failure
  | steps_of($o) as $steps
  | ($steps | window($detail.steps; $failure.failure.id)) as $window
  | "<section class=\"steps\" aria-label=\"Steps\"><h4>Step by step</h4>",
    ($o.retraced.reason // empty | "<p class=\"aside\">\(xml)</p>"),
    ($window.from | select(. > 0) | "<p class=\"aside\">\(counted("earlier step")) left out.</p>"),
    "<ol start=\"\($window.from + 1)\">", ($window.steps | to_entries[] | .key as $i | .value | step($i; $failure; $detail)), "</ol>",
    (($steps | length) - $window.from - ($window.steps | length) | select(. > 0) | "<p class=\"aside\">\(counted("later step")) left out.</p>"),
    ([.events[] | select(.id == null)] | select(. != [])
     | "<h4>Events that no command caused</h4><ul>",
       (.[:$detail.steps][] | "<li>\(.source | xml): <code>\(.event | domain_object($detail.value) | xml)</code></li>"), "</ul>",
       (length - $detail.steps | select(. > 0) | "<p class=\"aside\">and \(.) more.</p>")),
    "</section>";

# --- A failure: pictures, states, command lines ---

def sequence_section($o; $detail):
  ($o + {max_commands: $detail.drawn, max_value_length: ([$detail.value, 60] | min)}) as $drawn
  | "<details class=\"picture\" open=\"open\"><summary><h4>Sequence diagram</h4></summary><div class=\"wide\" tabindex=\"0\">",
    (.failure.message |= (. // "")[:2000] | sequence::of_run($drawn) | diagram::svg($drawn; true)), "</div></details>";
def unstyled(lines): foreach lines as $line (0; if $line == "<style>" then 1 elif $line == "</style>" then 2 elif . == 2 then 0 else . end; select(. == 0) | $line);
def timeline_section($detail):
  select(overlap::is_branching)
  | "<details class=\"picture\" open=\"open\"><summary><h4>Timeline</h4></summary><div class=\"wide\" tabindex=\"0\">",
    unstyled(overlap::of_run | overlap::window($detail.drawn) | timeline::svg([]; []; null)), "</div>",
    ([overlap::run_verdict | timeline::reason_lines] | select(. != [])
     | "<pre>\(map(if .class then "<b>\(.text | cut(2000) | xml)</b>" else .text | cut(2000) | xml end) | join("\n"))</pre>"),
    "</details>";

# The steps tell what changed, but for a failure that none of them is told to be of.
def state_section($o; $detail):
  if has("state") | not then empty else
    "<section>",
    (select(has("state_before") and $o.retraced == null) | "<h4>What changed in the state</h4>", ([differences] | change_table($detail))),
    "<details class=\"picture\"><summary><h4>The whole state at the failure</h4></summary><pre tabindex=\"0\">\([.state | limit($detail.changes * 4; state_leaves) | cut($detail.value)] | join("\n") | xml)</pre>",
    ([.state | .. | select((type != "object" and type != "array") or length == 0)] | length - $detail.changes * 4 | select(. > 0) | "<p class=\"aside\">and \(counted("more value")).</p>"),
    "</details></section>"
  end;

def command_line($title; $detail):
  "<figure class=\"command\"><figcaption>\($title)</figcaption>",
  (if length <= $detail.command then "<pre tabindex=\"0\"><code>\(xml)</code></pre>"
   else "<p class=\"aside\">It has \(length | grouped) characters: more than there is room for. The formats terminal and json have it whole.</p>" end),
  "</figure>";
def reproduce_section($o; $detail):
  [(reproduce_sequence | command_line("Run this sequence again"; $detail)),
   (reproduce_run | command_line("Generate the whole run again"; $detail)),
   ($o.saved // empty | . as $saved | "<p>Saved as <code>\(xml)</code></p>")]
  + [($o.saved // null) as $saved | select($saved) | replay_file($saved) | command_line("Go through the file"; $detail)]
  | select(. != []) | "<section><h4>See it again</h4>", .[], "</section>";

# --- A failure ---

def facts:
  [(.run | values | ["run", tostring]), (.seed | values | ["seed", tostring]), ["sequence", size_text],
   (.model.name // empty | ["model", .]), (.environment.target // empty | ["system", .]),
   (select(.failure.class != "assertion") | ["class", .failure.class // "?"]),
   (select(.reproduced == false) | ["reproduced", "no: it did not fail again"])]
  | "<dl class=\"facts\">\(map("<div><dt>\(.[0])</dt><dd>\(.[1] | cut(200) | xml)</dd></div>") | join(""))</dl>";
def first_line: .[:1000] | first(text_lines, "");
def failure_section($o; $detail):
  ($o.number // 1) as $number
  | "<details class=\"failure\" id=\"failure-\($number)\"\(if $number == 1 then " open=\"open\"" else "" end)>",
    "<summary><span class=\"number\">\($number)</span> <h3>\(.failure | headline | cut(200) | xml)</h3>",
    "<span class=\"hint\">\(.failure.message // "" | first_line | cut(160) | xml)</span></summary>",
    "<div class=\"inside\">",
    (.failure.message | values | select(. != "") | "<pre class=\"message\">\(page::cut_text($detail.message) | xml)</pre>"),
    (.failure | select(.data != null and .kind != "prediction_mismatch" and (overlap::is_explained_below | not))
      | "<p class=\"data\"><code>\(.data | brief($detail.message) | xml)</code></p>"),
    (.other_failures // [] | .[:8][] | "<p>Also: \(headline | xml): \(.message // "" | page::cut_text($detail.message) | xml)</p>"),
    facts, steps_section($o; $detail),
    (select($detail.drawn > 0) | sequence_section($o; $detail), timeline_section($detail)),
    state_section($o; $detail), reproduce_section($o; $detail),
    "</div></details>";

# In as much detail as there is room for.
def fitted($o):
  . as $failure
  | last(label $out | details($o.number) as $detail
      | [$failure | failure_section($o; $detail)] | join("\n")
      | ., if utf8bytelength <= room($o.number) then break $out else empty end);
def listed($o):
  "<tr><td class=\"number\">\(if $o.number <= whole_failures then "<a href=\"#failure-\($o.number)\">\($o.number)</a>" else "\($o.number)" end)</td>"
  + "<th scope=\"row\">\(.failure | headline | cut(120) | xml)</th><td>\(.failure.message // "" | first_line | cut(120) | xml)</td>"
  + ([.run // "", (items | length)] | map(page::number_cell) | join("")) + "</tr>";

# --- The report ---

def status_words: {"0": "passed", "1": "failed"}["\(.status)"] // "undecided";
def verdict_class: {"0": "good", "1": "bad"}["\(.status)"] // "unsure";
def verdict_title:
  (.failures | [.[]] | add // 0) as $failures
  | if .status == 1 and $failures > 0 then "\($failures | counted("failure")) in \(.counts.runs | counted("run"))"
    elif .status == 0 then "\(.counts.runs | counted("run")), no failure"
    elif $failures > 0 then "\($failures | counted("failure")), and nothing proved"
    else "Nothing is proved" end;
def tiles($o):
  .counts as $c
  | select($c.runs > 0)
  | "<dl class=\"tiles\">",
    ({label: "runs", value: ($c.runs | grouped), note: ([("passed", "failed", "aborted") as $k | select($c[$k] > 0) | "\($c[$k] | grouped) \($k)"] + [$c.errors | select(. > 0) | "\(grouped) not judged"] | join(", "))} | page::tile),
    ({label: "commands", value: ($c.commands | grouped), note: "\($c.events | counted("event"))"} | page::tile),
    ({label: "checks run", value: ([.fired[]] | add // 0 | grouped), note: ([.fired[] | select(. == 0)] | length | if . > 0 then "\(counted("check")) never triggered" else "all were triggered" end)} | select(.value != "0") | page::tile),
    ($o.overview.durations // {count: 0} | select(.count > 0) | {label: "a run takes", value: (.p50 | page::duration), note: "95% within \(.p95 | page::duration)"} | page::tile),
    ($o.overview.answers // {total: 0} | select(.total > 0)
      | ([.refused[]] | add // 0) as $refused
      | {label: "refused answers", value: ($refused | grouped), class: (if $refused > 0 then "warning" else null end),
         note: (if $refused == 0 then "of \(.total | grouped)" else .refused | charts::times_of(.) end)} | page::tile),
    "</dl>";
def kinds_table:
  .failures | select(length > 1)
  | page::table(null; ["kind", "times"] | page::number_headings;
      to_entries | sort_by(- .value)[:50][] | "<tr>" + ([(.key | cut(120)), (.value | grouped)] | page::cells) + "</tr>");
def failures_section($held):
  ([.failures[]] | add // 0) as $all
  | [$held[] | select(.row)] as $told
  | select($told != [])
  | "<section id=\"failures\"><h2 class=\"section\">Failures</h2>", kinds_table,
    (select(($told | length) > 1)
     | "<details class=\"index\"\(if ($told | length) <= 12 then " open=\"open\"" else "" end)><summary>All failures</summary>",
       page::table(null; (["no.", "what", "message"] | page::headings) + ([("run", "commands")] | map("<th scope=\"col\" class=\"number\">\(.)</th>") | join("")); $told[].row),
       ($all - ($told | length) | select(. > 0) | "<p class=\"aside\">and \(counted("more failure")), which are only counted.</p>"),
       "</details>"),
    "<div class=\"failures\">", ($told[].section | values), "</div>",
    ($all - whole_failures | select(. > 0) | "<p class=\"aside\">Only the first \(whole_failures) failures are told whole.</p>"),
    "</section>";
def checks_table:
  .failures as $failures
  | .fired | select(. != {})
  | "<h3>Checks</h3>",
    page::table(null; ["check", "times run", "failures"] | page::number_headings;
      to_entries | sort_by(- ($failures["check_failed \(.key)"] // 0), .value)[:200][]
      | ($failures["check_failed \(.key)"] // 0) as $failed
      | "<tr\(if $failed > 0 then " class=\"missed\"" elif .value == 0 then " class=\"unmet\"" else "" end)>" + ([(.key | cut(120)), (if .value == 0 then "never triggered" else .value | grouped end), ($failed | grouped)] | page::cells) + "</tr>");
def runs_section($o):
  select(.counts.runs > 0)
  | "<section id=\"runs\"><h2 class=\"section\">Runs</h2>",
    ($o.overview // empty | (.course | select(.buckets != []) | charts::course),
      (.durations | select(.count > 0) | "<h3>How long runs took</h3>", charts::distribution("Durations of runs"))),
    checks_table, "</section>";
def commands_section($o):
  $o.overview // empty | select(.commands != [])
  | "<section id=\"commands\"><h2 class=\"section\">Commands</h2>", charts::commands_table, charts::slowest_table, "</section>";
# The last record of the stream, or else what the report counted itself.
def coverage_section($o; $held):
  [$held[].coverage | values] as $told
  | if $told != [] then
      "<section id=\"coverage\"><h2 class=\"section\">Coverage</h2>", $told[-1],
      ($told[1:] | length | select(. > 0) | "<p class=\"aside\">\(counted("earlier coverage record")) left out.</p>"), "</section>"
    else $o.overview.coverage // empty | select(.commands > 0)
      | "<section id=\"coverage\"><h2 class=\"section\">Coverage</h2>",
        "<p class=\"aside\">What the stream itself tells. pd-cover adds arguments and states, and what was never met.</p>",
        coverage::of_overview(40), "</section>" end;
def links($o; $held):
  (select(any($held[]; .row)) | ["failures", "Failures (\([.failures[]] | add))"]),
  (select(.counts.runs > 0) | ["runs", "Runs"]),
  (select($o.overview.commands // [] | . != []) | ["commands", "Commands"]),
  (select((.results.coverage // 0) > 0 or ($o.overview.coverage.commands // 0) > 0) | ["coverage", "Coverage"]);

def header($o): empty;
def failure($o):
  if $o.number > listed_failures then empty
  elif $o.number > whole_failures then {row: listed($o)}
  else {row: listed($o), section: fitted($o)} end;
def summary($o):
  ($o.held // []) as $held
  | head("\(verdict_title)\(if .model.name then ": \(.model.name | cut(60))" else "" end)"; $o),
    masthead(verdict_class; status_words | ascii_upcase; verdict_title;
      "<p class=\"about\">\([(.model.name // empty | "model \(cut(100) | xml)"), (.seed | values | "seed \(.)"), (select(.seconds > 0) | "\(.seconds * 1000000 | page::duration) of runs")] | join(" · "))</p>";
      links($o; $held)),
    (.problems | select(. != []) | "<ul class=\"problems\">", (.[:20][] | "<li>\(page::cut_text(2000) | xml)</li>"), "</ul>"),
    (saved_text, unshown_text | "<p class=\"aside\">\(xml)</p>"),
    tiles($o), failures_section($held), runs_section($o), commands_section($o), coverage_section($o; $held),
    "</main>", foot($o);

# --- A coverage record ---

def coverage($o):
  if $o | has("number") then {coverage: (["<h3>\(cover::title | xml)</h3>", coverage::section(60)] | join("\n"))}
  else
    head(cover::title; $o), masthead("plain"; "Coverage"; cover::title; empty; empty), "<section>", coverage::section(100000), "</section></main>", foot($o)
  end;
