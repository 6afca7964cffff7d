// SPDX-License-Identifier: MIT
// One iteration of a script, and the status that k6 ends with: 99 when a check failed and so crossed the threshold,
// 107 when the script threw, which k6 itself only logs.
// node run.js SCRIPT
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { failed } from "k6";

globalThis.__ENV = process.env;
try {
  const script = await import(pathToFileURL(resolve(process.argv[2])));
  if (script.options.thresholds.checks[0] !== "rate==1.0") throw new Error("no threshold for the checks");
  script.default();
  for (const words of failed) console.log(`failed: ${words}`);
  process.exitCode = failed.length > 0 ? 99 : 0;
} catch (error) {
  console.error(error);
  process.exitCode = 107;
}
