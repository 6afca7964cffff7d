// SPDX-License-Identifier: MIT
// Requests wait for their replies, as in k6: curl sends them.
import { spawnSync } from "node:child_process";

function request(method, url, body, { headers = {}, redirects = 10 } = {}) {
  if (body !== null && typeof body !== "string") throw new TypeError("the body is no text");
  const lines = Object.entries(headers).flatMap(([name, value]) => ["-H", value === "" ? `${name};` : `${name}: ${value}`]);
  const content = body === null ? [] : ["--data-binary", "@-", ...("Content-Type" in headers ? [] : ["-H", "Content-Type:"])];
  const follow = redirects > 0 ? ["-L", "--max-redirs", `${redirects}`] : [];
  const said = spawnSync("curl", ["-gsSi", "-H", "Expect:", "-X", method, ...lines, ...content, ...follow, url], { input: body ?? "" });
  if (said.status !== 0) return { status: 0, headers: {}, body: null, error: said.stderr.toString() };
  const text = said.stdout.toString();
  const end = text.indexOf("\r\n\r\n");
  const [first, ...rest] = text.slice(0, end).split("\r\n");
  // As Go writes the names of headers.
  const name = (line) => line.slice(0, line.indexOf(":")).toLowerCase().replace(/(^|-)[a-z]/g, (c) => c.toUpperCase());
  return {
    status: Number(first.split(" ")[1]),
    headers: Object.fromEntries(rest.map((line) => [name(line), line.slice(line.indexOf(":") + 1).trim()])),
    body: text.slice(end + 4),
  };
}

export default { request };
