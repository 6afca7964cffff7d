# SPDX-License-Identifier: MIT
defmodule Reproduction do
  defmodule Trouble do
    defexception [:message]
  end

  @timeout String.to_integer(System.get_env("TIMEOUT", "30")) * 1000
  @missing :missing_in_the_reply
  @no_reply %{}

  # What the system gave out, and the replies of branches, are seen by all processes.
  def start do
    if :ets.whereis(:kept) == :undefined, do: :ets.new(:kept, [:named_table, :public])
    :ets.delete_all_objects(:kept)
  end

  def put(name, value), do: :ets.insert(:kept, {name, value})
  def v(name), do: :ets.lookup_element(:kept, name, 2)
  def reply_of(id), do: v({:reply, id})

  def secret(name) do
    System.get_env(name) || raise Trouble, message: "set #{name}: the requests need this secret"
  end

  def uuid do
    <<a::32, b::16, _::4, c::12, _::2, d::14, e::48>> = :crypto.strong_rand_bytes(16)
    hex = Base.encode16(<<a::32, b::16, 4::4, c::12, 2::2, d::14, e::48>>, case: :lower)
    Regex.replace(~r/^(.{8})(.{4})(.{4})(.{4})/, hex, "\\1-\\2-\\3-\\4-")
  end

  def letters, do: Base.encode16(:crypto.strong_rand_bytes(6), case: :lower)
  def text(value) when is_binary(value), do: value
  def text(value), do: Jason.encode!(value)
  def uri(value), do: URI.encode(text(value), &URI.char_unreserved?/1)
  def pairs(list), do: Enum.map_join(list, "&", fn {name, value} -> uri(name) <> "=" <> uri(value) end)

  def send_http(method, url, options \\ []) do
    {data, kind} = encode(Map.new(options))
    query = Keyword.get(options, :query, [])
    url = if query == [], do: url, else: url <> if(url =~ "?", do: "&", else: "?") <> pairs(query)
    redirects = Keyword.get(options, :redirects, 0)
    given = Enum.map(Keyword.get(options, :headers, []), fn {name, value} -> {String.downcase(name), value} end)

    request = [
      method: method,
      url: url,
      body: data,
      headers: if(List.keymember?(given, "content-type", 0), do: given, else: kind ++ given),
      decode_body: false,
      compressed: false,
      retry: false,
      redirect: redirects > 0,
      max_redirects: max(redirects, 1),
      receive_timeout: @timeout
    ]

    case Req.request(request) do
      {:ok, answer} -> reply(answer)
      {:error, %{reason: reason}} when reason in [:timeout, :closed] -> @no_reply
      {:error, error} -> raise Trouble, message: "#{method} #{url} could not be sent: #{Exception.message(error)}"
    end
  end

  defp encode(%{form: form}), do: {pairs(form), [{"content-type", "application/x-www-form-urlencoded"}]}
  defp encode(%{body: body}), do: {body, [{"content-type", "text/plain; charset=utf-8"}]}
  defp encode(%{json: json}), do: {Jason.encode!(json), [{"content-type", "application/json"}]}
  defp encode(_), do: {nil, []}

  defp reply(answer) do
    body =
      case Jason.decode(answer.body) do
        {:ok, value} -> value
        _ -> nil
      end

    headers = Map.new(answer.headers, fn {name, value} -> {name, value |> List.wrap() |> Enum.join(", ")} end)
    %{"status" => answer.status, "headers" => headers, "body" => body, "text" => answer.body}
  end

  # Elixir has no way to close the input of a program that goes on: a shell does it.
  def run_program([program | _] = argv, options \\ []) do
    System.find_executable(program) || raise Trouble, message: "#{program} could not be run"
    folder = Path.join(System.tmp_dir!(), "pd-" <> letters())
    File.mkdir_p!(folder)
    File.write!(Path.join(folder, "in"), Keyword.get(options, :stdin, ""))
    script = "folder=$1; shift; exec \"$@\" <\"$folder/in\" 2>\"$folder/err\""
    more = [env: Keyword.get(options, :env, [])] ++ Keyword.take(options, [:cd])

    try do
      {said, status} = System.cmd("sh", ["-c", script, "sh", folder | argv], more)
      %{"exit" => status, "stdout" => said, "stderr" => File.read!(Path.join(folder, "err"))}
    after
      File.rm_rf!(folder)
    end
  end

  def look(value, path) do
    Enum.reduce_while(path, value, fn
      key, map when is_map(map) and is_map_key(map, key) -> {:cont, map[key]}
      index, list when is_list(list) and is_integer(index) and index < length(list) -> {:cont, Enum.at(list, index)}
      _, _ -> {:halt, @missing}
    end)
  end

  def between(value, "", ""), do: value

  def between(value, before, behind) when is_binary(value) do
    with [_, rest] <- if(before == "", do: ["", value], else: String.split(value, before, parts: 2)),
         [found | [_ | _]] <- if(behind == "", do: [rest, ""], else: String.split(rest, behind, parts: 2)) do
      found
    else
      _ -> @missing
    end
  end

  def between(_, _, _), do: @missing

  def number(value) when is_binary(value) do
    case Jason.decode(value) do
      {:ok, found} -> found
      _ -> @missing
    end
  end

  def number(_), do: @missing

  def brief(reply) do
    for {name, value} <- reply, name != "headers", into: %{} do
      {name, value}
    end
    |> inspect(limit: 50, printable_limit: 200)
  end

  def keep(id, name, reply, value) do
    if value in [@missing, nil], do: raise(Trouble, message: "#{id}: the reply has no #{name}: #{brief(reply)}")
    put(name, value)
  end

  def let_in(reply, statuses) do
    if Map.get(reply, "status") in statuses do
      raise Trouble, message: "kept out, which tells nothing about the failure: #{brief(reply)}"
    end
  end

  def succeeded(reply) do
    if Map.get(reply, "status", 0) >= 400 or Map.get(reply, "exit", 0) != 0 do
      raise Trouble, message: "setup failed: #{brief(reply)}"
    end
  end

  # Sends again while a condition holds of the reply, for a while.
  def again(sending, holds, patience \\ 10_000) do
    reply = sending.()

    if holds.(reply) and patience > 0 do
      Process.sleep(100)
      again(sending, holds, patience - 100)
    else
      reply
    end
  end
end
