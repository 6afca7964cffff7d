# SPDX-License-Identifier: MIT
# Charts of an overview of runs (pd-report(1), --format html): each is a picture
# with its text beside it, so that nothing is told by the picture alone.
include "text";
import "page" as page;

def pixels: . * 10 | round | . / 10;

# --- How runs ended, in the course of the stream ---

def outcome_classes: ["passed", "failed", "errors", "aborted"];
def outcome_words: ["passed", "failed", "could not be judged", "aborted"];

# Parts of a bar from the bottom, each that is not empty high enough to be seen.
def course_bar($x; $width; $height):
  . as $counts
  | ([add, 1] | max) as $all
  | reduce (range(4) | select($counts[.] > 0)) as $i ({y: $height, parts: []};
      ([$counts[$i] / $all * $height, 3] | max) as $part
      | .y -= $part | .parts += ["<rect class=\"\(outcome_classes[$i])\" x=\"\($x | pixels)\" y=\"\([.y, 0] | max | pixels)\" width=\"\($width | pixels)\" height=\"\($part | pixels)\"/>"])
  | .parts | reverse | join("");
def outcomes_text: [range(4) as $i | select(.[$i] > 0) | "\(.[$i] | grouped) \(outcome_words[$i])"] | join(", ");
def course_bucket($i; $width; $runs):
  ($i * $width + 1) as $from
  | "run \($from)\(if $width > 1 then " to \([($i + 1) * $width, $runs] | min)" else "" end) of the stream: \(outcomes_text)";
def course:
  .width as $width
  | (.buckets | length) as $n
  | ([.buckets[][]] | add) as $runs
  | (720 / ([$n, 8] | max)) as $step
  | .buckets as $buckets
  | "<figure><svg class=\"chart\" viewBox=\"0 0 720 96\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\("Outcomes in the course of the stream: \([$buckets | transpose[] | add] | outcomes_text)" | xml)\">",
    (range($n) as $i | $buckets[$i]
      | "<g><title>\(course_bucket($i; $width; $runs) | xml)</title>\(course_bar($i * $step; $step - (if $n > 40 then 1.5 else 3 end); 96))</g>"),
    "</svg><figcaption>In the order of the stream, \(if $width == 1 then "a bar for each run" else "each bar \($width | grouped) runs" end): "
      + ([range(4) as $i | select(any($buckets[]; .[$i] > 0)) | "<span class=\"key \(outcome_classes[$i])\">\(outcome_words[$i])</span>"] | join(" ")) + "</figcaption></figure>";

# --- How long something took ---

# {from, to, most}: powers of two as a scale for buckets [[from, count]].
def log2($floor): [., $floor] | max | log2;
def scale: {from: ([.[][0]] | min | log2(1) | floor), to: ([.[][0]] | max | . + 1 | log2(1) | ceil), most: ([.[][1]] | max)};
def on_scale($scale; $width): (log2(1) - $scale.from) / ([$scale.to - $scale.from, 1] | max) * $width;
def next_bound: if . < 64 then . + 8 else pow(2; (log2 | floor)) as $p | . + $p / 4 end;

def bars($scale; $width; $height):
  (map(.[1]) | max) as $most
  | .[] | (.[0] | on_scale($scale; $width)) as $x
  | (.[0] | next_bound | on_scale($scale; $width)) as $end
  | ([.[1] / $most * $height, 1] | max) as $bar
  | "<rect x=\"\($x | pixels)\" y=\"\($height - $bar | pixels)\" width=\"\([($end - $x) - 0.5, 1] | max | pixels)\" height=\"\($bar | pixels)\"/>";
def quantiles_text: "median \(.p50 | page::duration), 95% within \(.p95 | page::duration), 99% within \(.p99 | page::duration), longest \(.max | page::duration)";

# In a row of a table: all rows have the scale in common.
def spark($scale):
  "<svg class=\"spark\" viewBox=\"0 0 160 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\(quantiles_text | xml)\"><title>\(quantiles_text | xml)</title>\([.buckets | bars($scale; 160; 24)] | join(""))</svg>";
# Round numbers below a chart: 1, 2, 5, 10 ... or only every tenth power.
def round_numbers($steps; $scale): [range(10) as $k | $steps[] * pow(10; $k) | select(log2 >= $scale.from and log2 <= $scale.to)];
def marks($scale): round_numbers([1, 2, 5]; $scale) | if length > 9 then round_numbers([1]; $scale) else . end;
def ticks($scale):
  "<div class=\"ticks\" aria-hidden=\"true\">\([marks($scale)[] | (on_scale($scale; 100) | pixels) as $x
     | "<span\(if $x < 4 then " class=\"first\"" elif $x > 94 then " class=\"last\"" else "" end) style=\"left:\($x)%\">\(page::duration)</span>"] | join(""))</div>";
def distribution($what):
  (.buckets | scale) as $scale
  | "<figure><svg class=\"chart times\" viewBox=\"0 0 720 96\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\("\($what): \(quantiles_text)" | xml)\">",
    (.buckets | bars($scale; 720; 96)), "</svg>", ticks($scale),
    "<figcaption>\($what | xml), on a logarithmic scale: \(quantiles_text).</figcaption></figure>";

# --- Commands ---

def shown_commands: 60;
def by_times: sort_by(- ([.outcomes[]] | add), .name);
def times_of($map): [$map | to_entries | sort_by(- .value, .key)[] | "\(.key) × \(.value | grouped)"] | if length > 6 then .[:6] + ["and \(length - 6) more"] else . end | join(", ");
def command_row($scale):
  "<tr><th scope=\"row\">\(.name | cut(60) | xml)</th>"
  + ([([.outcomes[]] | add | grouped), (if .latency.count == 0 then "", "", "", "" else .latency | (.p50, .p95, .p99, .max) | page::duration end)] | map(page::number_cell) | join(""))
  + "<td>\(if .latency.count == 0 then "" else .latency | spark($scale) end)</td>"
  + "<td>\(times_of(.answers))\(if (.outcomes | keys) == ["ok"] then "" else "\(if .answers == {} then "" else "; " end)<span class=\"bad\">\(.outcomes | del(.ok) | . as $o | times_of($o) | xml)</span>" end)</td></tr>";
def commands_table:
  ([.commands[].latency.buckets[]] | if . == [] then [[1, 1]] else . end | scale) as $scale
  | page::table("commands"; (["command", "times", "median", "95%", "99%", "longest"] | page::number_headings) + (["distribution", "answers"] | page::headings);
      .commands | by_times[:shown_commands][] | command_row($scale)),
    ((.commands | length) - shown_commands | select(. > 0) | "<p>and \(counted("more command")).</p>"),
    (.left_out | select(. > 0) | "<p>\(counted("command")) more had no name, or names that were too many.</p>"),
    "<p class=\"aside\">Times are those that the executor measured from a command's call to its return, with repeated requests and pauses, of commands that were answered. All distributions have the same logarithmic scale.</p>";
def slowest_table:
  .slowest | select(. != [])
  | "<h3>The slowest commands</h3>",
    page::table(null; ["command", "id", "run", "time"] | page::number_headings;
      .[] | "<tr>" + ([.command, .id, "\(.run)", (.latency_us | page::duration)] | map(cut(60)) | page::cells) + "</tr>");
