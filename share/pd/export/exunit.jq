# SPDX-License-Identifier: MIT
# A test for ExUnit, which fails as long as the failure is there.
module {"name": "exunit", "description": "an ExUnit test with Req", "file": "{}_test.exs", "files": ["runtime.exs"],
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_elixir";

def step($decided_by):
  "",
  elixir_comment("\(.id) \(step_words)" + if .failing then ": this is the step that failed" else "" end),
  elixir_requests,
  (if .decides and $decided_by == "recorded" then
     "refute \(.reject | map(elixir_assertion("reply")) | join(" and ")), \"the reply is as it was: \" <> brief(reply)"
   else
     .id as $id | assertions[]
     | "assert \(elixir_assertion("reply")), \("\($id): expected \(assertion_words), got " | elixir_string) <> brief(reply)"
   end);

def plan($o):
  elixir_comment(title),
  "#",
  elixir_comment("Found by PropertyDamage (\(origin)). It needs Elixir 1.14 or later; Req is fetched when it is not there:"),
  elixir_comment("    BASE_URL=\(.base_url // "http://localhost:8080") elixir THIS-FILE"),
  "# It fails as long as the failure is there.",
  elixir_start($o),
  "",
  "ExUnit.start()",
  "",
  "defmodule FailureTest do",
  "  use ExUnit.Case",
  "  import Reproduction",
  "  import Target",
  "",
  "  @tag timeout: 600_000",
  "  test \(title | if length > 200 then .[:200] + "..." else . end | elixir_string) do",
  (.decided_by as $decided_by
   | if .concurrent then
       "    for attempt <- 1..String.to_integer(System.get_env(\"PD_ATTEMPTS\", \"200\")) do",
       "      assert explained(),",
       "             \"attempt #{attempt}: no order of the branches explains what was answered: \" <>",
       ([.steps[] | select(.phase == "branch" or .phase == "suffix")] | length as $n | to_entries[]
        | "               \("\(.value.id) " | elixir_string) <> brief(reply_of(\(.value.id | elixir_string)))\(if .key + 1 < $n then " <> \", \" <>" else "" end)"),
       "    end"
     else (elixir_minted, (.before | elixir_hooks), (.steps[] | step($decided_by)), (.after | elixir_hooks) | elixir_indent("    ")) end),
  "  end",
  (if .concurrent then
     "",
     "  # One attempt: whether some order of the branches explains the replies.",
     "  defp explained do",
     (elixir_concurrent | elixir_indent("    ")),
     "  end"
   else empty end),
  "end";
