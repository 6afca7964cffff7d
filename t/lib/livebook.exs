# SPDX-License-Identifier: MIT
# Evaluate the cells of a Livebook notebook one after the other, as Livebook does.
# elixir -r req.exs livebook.exs NOTEBOOK

[notebook] = System.argv()
cells = Regex.scan(~r/^(`{3,})elixir\n(.*?)^\1$/ms, File.read!(notebook))

Enum.reduce(cells, {[], Code.env_for_eval([])}, fn [_, _, code], {binding, env} ->
  quoted = Code.string_to_quoted!(code, file: notebook)
  {_, binding, env} = Code.eval_quoted_with_env(quoted, binding, env)
  {binding, env}
end)
