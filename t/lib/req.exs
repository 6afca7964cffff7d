# SPDX-License-Identifier: MIT
# Stands for the libraries Req and Jason, which Debian does not have: exported scripts use nothing else of them.
# elixir -r req.exs SCRIPT

defmodule Jason do
  def decode(text) do
    {:ok, :jiffy.decode(text, [:return_maps, :use_nil])}
  rescue
    error -> {:error, error}
  catch
    error -> {:error, error}
  end

  def encode!(value), do: value |> :jiffy.encode([:use_nil]) |> IO.iodata_to_binary()
end

defmodule Req do
  defmodule Error do
    defexception [:reason]
    def message(error), do: inspect(error.reason)
  end

  def request(options) do
    {:ok, _} = Application.ensure_all_started(:inets)
    # As with Req, requests at the same time have connections of their own.
    :ok = :httpc.set_options(max_sessions: 100, max_keep_alive_length: 0)
    method = options[:method] |> String.downcase() |> String.to_atom()
    headers = for {name, value} <- options[:headers], do: {to_charlist(name), :binary.bin_to_list(value)}
    url = to_charlist(options[:url])
    {kind, headers} = List.keytake(headers, 'content-type', 0) || {{'content-type', 'text/plain'}, headers}
    bare = options[:body] == nil and method in [:get, :head, :options]
    request = if bare, do: {url, headers}, else: {url, headers, elem(kind, 1), options[:body] || ""}
    more = [timeout: options[:receive_timeout], autoredirect: options[:redirect]]

    case :httpc.request(method, request, more, body_format: :binary) do
      {:ok, {{_, status, _}, headers, body}} ->
        {:ok, %{status: status, headers: Map.new(headers, fn {n, v} -> {to_string(n), [to_string(v)]} end), body: body}}

      {:error, :timeout} -> {:error, %Error{reason: :timeout}}
      {:error, :socket_closed_remotely} -> {:error, %Error{reason: :closed}}
      {:error, reason} -> {:error, %Error{reason: {:failed, reason}}}
    end
  end
end
