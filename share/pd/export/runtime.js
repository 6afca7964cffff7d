// SPDX-License-Identifier: MIT
const TIMEOUT = Number(process.env.TIMEOUT ?? 30) * 1000;
const MISSING = Symbol("missing");
const NO_REPLY = {};
const MARK = randomUUID();
const v = {}; // what the system gave out

class Trouble extends Error {}

// Whole numbers keep their digits: those that a number cannot hold are BigInt.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function parse(text) {
  const isBig = (token) => /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
  return JSON.parse(
    text.replace(TOKENS, (token) => (isBig(token) ? `"${MARK}${token}"` : token)),
    (_, value) => (typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value),
  );
}

function stringify(value) {
  const marked = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? MARK + part : part));
  return marked.replace(new RegExp(`"${MARK}(-?\\d+)"`, "g"), "$1");
}

const letters = () => randomUUID().replaceAll("-", "").slice(0, 12);
const text = (value) => (typeof value === "string" ? value : stringify(value));
const uri = (value) => encodeURIComponent(text(value)).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const pairs = (list) => list.map(([name, value]) => `${uri(name)}=${uri(value)}`).join("&");
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function secret(name) {
  if (process.env[name] === undefined) throw new Trouble(`set ${name}: the requests need this secret`);
  return process.env[name];
}

function encode({ json, form, body }) {
  if (form !== undefined) return [pairs(form), "application/x-www-form-urlencoded"];
  if (body !== undefined) return [body, "text/plain; charset=utf-8"];
  if (json !== undefined) return [stringify(json), "application/json"];
  return [undefined, undefined];
}

async function send(method, url, { query = [], headers = [], redirects = 0, ...content } = {}) {
  const [data, kind] = encode(content);
  const sent = new Headers(kind ? { "Content-Type": kind } : {});
  for (const [name, value] of headers) sent.set(name, value);
  const target = query.length > 0 ? url + (url.includes("?") ? "&" : "?") + pairs(query) : url;
  try {
    const answer = await fetch(target, {
      method,
      headers: sent,
      body: data,
      redirect: redirects > 0 ? "follow" : "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return replyOf(answer.status, Object.fromEntries(answer.headers), Buffer.from(await answer.arrayBuffer()).toString());
  } catch (error) {
    if (error.name === "TimeoutError" || ["UND_ERR_SOCKET", "ECONNRESET"].includes(error.cause?.code)) return NO_REPLY;
    throw new Trouble(`${method} ${target} could not be sent: ${error.cause?.message || error.message}`);
  }
}

function replyOf(status, headers, content) {
  let body = null;
  try {
    body = parse(content);
  } catch {
    // a text
  }
  return { status, headers, body, text: content };
}

function runProgram(argv, { stdin = "", env = {}, cwd } = {}) {
  const environment = { ...process.env, ...env };
  for (const name of Object.keys(env)) if (env[name] === null) delete environment[name];
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { env: environment, cwd, timeout: TIMEOUT });
    const said = { stdout: [], stderr: [] };
    child.stdout.on("data", (part) => said.stdout.push(part));
    child.stderr.on("data", (part) => said.stderr.push(part));
    child.stdin.on("error", () => {});
    child.on("error", (error) => reject(new Trouble(`${argv[0]} could not be run: ${error.message}`)));
    child.on("close", (code, signal) =>
      resolve(
        signal === "SIGTERM" && child.killed
          ? NO_REPLY
          : {
              exit: code ?? 128 + (constants.signals[signal] ?? 0),
              stdout: Buffer.concat(said.stdout).toString(),
              stderr: Buffer.concat(said.stderr).toString(),
            },
      ),
    );
    child.stdin.end(stdin);
  });
}

function look(value, ...path) {
  for (const key of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return MISSING;
    value = value[key];
  }
  return value;
}

function between(value, before, after) {
  if (typeof value !== "string" || !value.includes(before)) return MISSING;
  const rest = value.slice(value.indexOf(before) + before.length);
  if (after === "") return rest;
  return rest.includes(after) ? rest.slice(0, rest.indexOf(after)) : MISSING;
}

function number(value) {
  try {
    return typeof value === "string" ? parse(value) : MISSING;
  } catch {
    return MISSING;
  }
}

function same(one, other) {
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return one === other;
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
  );
}

const brief = (reply) => stringify({ ...reply, headers: undefined }).slice(0, 300);

function keep(id, name, reply, value) {
  if (value === MISSING || value === null) throw new Trouble(`${id}: the reply has no ${name}: ${brief(reply)}`);
  return value;
}

function letIn(reply, ...statuses) {
  if (statuses.includes(reply.status)) throw new Trouble(`kept out, which tells nothing about the failure: ${brief(reply)}`);
}

function succeeded(reply) {
  if ((reply.status ?? 0) >= 400 || (reply.exit ?? 0) !== 0) throw new Trouble(`setup failed: ${brief(reply)}`);
}

// Sends again while a condition holds of the reply, for a while.
async function again(sending, holds) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const reply = await sending();
    if (!holds(reply) || Date.now() > end) return reply;
    await sleep(100);
  }
}
