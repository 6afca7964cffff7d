# SPDX-License-Identifier: MIT
# A script in Elixir with Req, which says whether the failure is there.
module {"name": "elixir", "description": "an Elixir script with Req", "file": "{}.exs", "files": ["runtime.exs"],
        "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_elixir";

def step($decided_by):
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "IO.puts(\("\(.id) \(step_words)" | elixir_string))",
  elixir_requests,
  (if .decides and $decided_by == "recorded" then
     .reject[] | "recorded(\(assertion_words | elixir_string), \(elixir_assertion("reply")))"
   else
     .decides as $decides
     | assertions[] | "expect(\(assertion_words | elixir_string), \(elixir_assertion("reply")), reply\(if $decides then ", true" else "" end))"
   end);

def linear:
  .decided_by as $decided_by
  | "  def run do",
    (elixir_minted, (.before | elixir_hooks), (.steps[] | step($decided_by)), (.after | elixir_hooks) | elixir_indent("    ")),
    "    \(if $decided_by == "recorded" then "not Process.get(:different, false)" else "Process.get(:broken, false)" end)",
    "  end",
    "",
    "  defp expect(words, holds, reply, decides \\\\ false) do",
    "    unless holds do",
    "      IO.puts(\"  expected: #{words}\\n  got: #{brief(reply)}\")",
    "      if decides, do: Process.put(:broken, true)",
    "    end",
    "  end",
    (if $decided_by == "recorded" then
      "",
      "  defp recorded(words, holds) do",
      "    unless holds do",
      "      IO.puts(\"  not as recorded: #{words}\")",
      "      Process.put(:different, true)",
      "    end",
      "  end" else empty end),
    "",
    "  def main do",
    "    if run() do",
    "      IO.puts(\("reproduced: " + title | elixir_string))",
    "      1",
    "    else",
    "      IO.puts(\"not reproduced\")",
    "      0",
    "    end",
    "  end";

def concurrent:
  "  # One attempt: whether some order of the branches explains the replies.",
  "  def explained do",
  (elixir_concurrent | elixir_indent("    ")),
  "  end",
  "",
  "  def main do",
  "    attempts = String.to_integer(System.get_env(\"PD_ATTEMPTS\", \"200\"))",
  "",
  "    case Enum.find(1..attempts, fn _ -> not explained() end) do",
  "      nil ->",
  "        IO.puts(\"not reproduced in #{attempts} attempts\")",
  "        0",
  "",
  "      attempt ->",
  (.steps[] | "        IO.puts(\("\(.id) \(step_words)" | elixir_string) <> \"\\n  got: \" <> brief(reply_of(\(.id | elixir_string))))"),
  "        IO.puts(\"reproduced at attempt #{attempt}: no order of the branches explains these replies\")",
  "        1",
  "    end",
  "  end";

def plan($o):
  elixir_comment(title),
  "#",
  elixir_comment("Found by PropertyDamage (\(origin)). It needs Elixir 1.14 or later; Req is fetched when it is not there:"),
  elixir_comment("    BASE_URL=\(.base_url // "http://localhost:8080") elixir THIS-FILE"),
  "# It sends what failed and says whether the failure is there.",
  "# Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
  elixir_start($o),
  "",
  "defmodule Failure do",
  "  import Reproduction",
  "  import Target",
  "",
  (if .concurrent then concurrent else linear end),
  "end",
  "",
  "status =",
  "  try do",
  "    Failure.main()",
  "  rescue",
  "    error in Reproduction.Trouble ->",
  "      IO.puts(:stderr, error.message)",
  "      2",
  "  end",
  "",
  "System.halt(status)";
