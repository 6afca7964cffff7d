// SPDX-License-Identifier: MIT
export const failed = [];

export function check(value, conditions) {
  const broken = Object.entries(conditions).filter(([, holds]) => !holds(value));
  for (const [words] of broken) failed.push(words);
  return broken.length === 0;
}

export function fail(words) {
  throw new Error(words);
}

export function sleep(seconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}
