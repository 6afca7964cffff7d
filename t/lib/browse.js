// SPDX-License-Identifier: MIT
// browse.js FILE [OPTION=VALUE...] < SCRIPT: open a page in headless Chromium as a reader
// does, from its file, and run the script on it: the body of an async function of page,
// assert and text(selector). Fails when it does, or when the page had an error, wrote to
// the console or wanted anything but itself.
//   width=390  scheme=dark  javascript=off  clipboard=off
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

const browse = async (file, options, script) => {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: flags, headless: true,
    viewport: { width: Number(options.width || 1200), height: 900 }, colorScheme: options.scheme || "light",
    javaScriptEnabled: options.javascript !== "off", offline: true });
  const wrong = [];
  try {
    const page = context.pages()[0] || await context.newPage();
    const url = "file://" + path.resolve(file);
    page.on("console", (message) => wrong.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", (request) => { if (request.url().split("#")[0] !== url) wrong.push(`request: ${request.url()}`); });
    page.setDefaultTimeout(20000);
    if (options.clipboard === "off")
      await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.goto(url);
    const text = async (selector) => (await page.locator(selector).first().innerText()).trim();
    const run = Object.getPrototypeOf(async () => {}).constructor("page", "assert", "text", script);
    await run(page, assert, text);
    assert.deepStrictEqual(wrong, []);
  } finally {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
};

const options = Object.fromEntries(process.argv.slice(3).map((word) => word.split("=")));
browse(process.argv[2], options, fs.readFileSync(0, "utf8")).catch((error) => {
  console.error(error.stack || error);
  process.exitCode = 1;
});
