// SPDX-License-Identifier: MIT
const letters = () => uuid().replace(/-/g, "").slice(0, 12);
const uuid = () =>
  "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function json(reply) {
  try {
    return JSON.parse(reply.body);
  } catch {
    return undefined;
  }
}

function look(value, ...path) {
  return path.reduce((at, key) => (at !== null && typeof at === "object" ? at[key] : undefined), value);
}

function header(reply, name) {
  const found = Object.keys(reply.headers).find((key) => key.toLowerCase() === name);
  return found && reply.headers[found];
}

function between(value, before, after) {
  if (typeof value !== "string" || !value.includes(before)) return undefined;
  const rest = value.slice(value.indexOf(before) + before.length);
  if (after === "") return rest;
  return rest.includes(after) ? rest.slice(0, rest.indexOf(after)) : undefined;
}

function same(one, other) {
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return one === other;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => same(one[key], other[key]));
}

function keep(id, name, value) {
  if (value === undefined || value === null) fail(`${id}: the reply has no ${name}`);
  return value;
}
