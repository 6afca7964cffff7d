// SPDX-License-Identifier: MIT
// Stands for Jest, which is too large to be fetched for this: what exported tests use of it.
// node -r jest.js TEST
const { test } = require("node:test");
const assert = require("node:assert/strict");

globalThis.test = (name, body) => test(name, body);
globalThis.expect = (value) => ({
  toMatchObject(part) {
    for (const [key, wanted] of Object.entries(part)) assert.deepEqual(value[key], wanted, require("node:util").inspect(value, { depth: 6 }));
  },
});
