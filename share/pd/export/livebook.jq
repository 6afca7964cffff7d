# SPDX-License-Identifier: MIT
# A notebook in Elixir to explore the failure in: a cell for each step, and a verdict.
module {"name": "livebook", "description": "a Livebook notebook in Elixir with Req", "file": "{}.livemd",
        "files": ["runtime.exs"], "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_elixir";

def cell(lines): "", ([lines] | join("\n") | gsub("\\A\n+|\n+\\z"; "") | markdown_block("elixir"));

def step_cells($decided_by):
  "",
  "## \(.id | markdown) \(step_words | markdown)",
  (if .failing then "", "This is the step that failed." else empty end),
  cell(elixir_requests, "reply"),
  (if .decides and $decided_by == "recorded" then
     cell("failed = \(.reject | map(elixir_assertion("reply")) | join(" and "))")
   elif assertions == [] then empty
   else
     cell((if .decides then "expected = [" else "[" end),
       (assertions | length as $n | to_entries[] | "  {\(.value | assertion_words | elixir_string), \(.value | elixir_assertion("reply"))}\(if .key + 1 < $n then "," else "" end)"),
       "]", (if .decides then "", "failed = failed or not Enum.all?(expected, &elem(&1, 1))", "expected" else empty end))
   end);

def plan($o):
  "# \(title | markdown)",
  "",
  "Found by PropertyDamage: \(origin | markdown).",
  cell(elixir_start($o)),
  cell("import Reproduction", "import Target", "base_url()"),
  "",
  "## Start",
  (if .concurrent then
    cell("explained = fn ->", (elixir_concurrent | elixir_indent("  ")), "end"),
    "",
    "## Is the failure there?",
    "",
    "The branches run at the same time, again and again.",
    cell("attempts = String.to_integer(System.get_env(\"PD_ATTEMPTS\", \"200\"))",
      "attempt = Enum.find(1..attempts, fn _ -> not explained.() end)",
      "failed = attempt != nil",
      "",
      "IO.puts(",
      "  if failed,",
      "    do: \"reproduced at attempt #{attempt}: no order of the branches explains the replies\",",
      "    else: \"not reproduced in #{attempts} attempts\"",
      ")")
   else
    cell(elixir_minted, (.before | elixir_hooks), "failed = false"),
    (.decided_by as $decided_by | .steps[] | step_cells($decided_by)),
    (if .after != [] then "", "## End", cell(.after | elixir_hooks) else empty end),
    "",
    "## Is the failure there?",
    cell("IO.puts(if failed, do: \("reproduced: " + title | elixir_string), else: \"not reproduced\")")
   end);
