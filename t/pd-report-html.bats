#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-report --format html: the page in headless Chromium, as readers use it, its bounds, strange data.
# shellcheck disable=SC2016,SC2154 # jq and JavaScript in quotes; variables of bats and the helpers

load lib/helper
load lib/memory

setup() {
  pd_setup
  examples=$PD_ROOT/share/pd/examples
  executor=(pd-exec -m "$examples/toybank.jq" -a "$examples/toybank-http.jq")
}

teardown() {
  pd_teardown
}

# browse FILE [OPTION=VALUE…] <SCRIPT: see t/lib/browse.js.
browse() { NODE_PATH=$PD_ROOT/build/npm/node_modules node "$PD_ROOT/t/lib/browse.js" "$@"; }
is_xml() { python3 -c 'import sys, xml.dom.minidom as dom; [dom.parse(path) for path in sys.argv[1:]]' "$@"; }
page_of() { pd-report --format html -o page.html "$@" || (($? == 1)); }
size_of() { stat -c %s "$1"; }

# The failure of bug 2, shrunk, after some runs that passed.
shrunk_failure() {
  start_toybank --bugs 2
  executor+=(-u "$TOYBANK_URL")
  pd-gen -m "$examples/toybank.jq" -n 40 -s 1 | "${executor[@]}" --max-failures 2 >runs.ndjson || (($? == 1))
  pd-shrink -m "$examples/toybank.jq" runs.ndjson -- "${executor[@]}" >shrunk.ndjson || (($? == 1))
}

# large_failures N: as many failure records with states of 200 kB, long texts and 40 commands.
large_failures() {
  jq -nc --argjson n "$1" '("x" * 200) as $x | ("m" * 100000) as $long
    | [range(40) | {id: "c\(. + 1)", command: {type: "Put", key: "k\(.)", value: $x}}] as $items
    | def state($v): {big: ([range(1000) | {key: "k\(.)", value: ($v * 100)}] | from_entries)};
    range($n) | {type: "failure", format: 1, run: (. + 1), seed: 1, plan: ("0" * 64),
      failure: {class: "assertion", kind: "check_failed", name: "big", message: $long, data: {$long}, id: "c40"},
      original: {type: "sequence", run: (. + 1), seed: 1, plan: ("0" * 64), prefix: $items, suffix: []},
      commands: [$items[] | {type: "command", run: 1, id, command, call_us: 1, return_us: 2, outcome: "ok", attempts: 1}],
      events: [$items[] | {type: "event", run: 1, id, source: "command", event: (.command | .type = "Done"), at_us: 1, n: 1}],
      checks: [], state_before: state("ab"), state: state("cd"), refs: {}, environment: {}}'
}

@test "a shrunk failure is stepped through with buttons, slider and keys, the diagram follows; without scripts all is there" {
  shrunk_failure
  page_of shrunk.ndjson
  is_xml page.html
  jq -r 'select(.type == "failure") | .shrunk.prefix | length' shrunk.ndjson >commands
  browse page.html <<'END'
    const first = page.locator(".failure").first();
    const steps = first.locator(".step");
    const count = await steps.count();
    const current = async () => steps.evaluateAll((all) => all.findIndex((step) => step.classList.contains("current")));
    const shown = async () => first.locator(".step .body:visible").count();
    assert.match(await text("h1"), /^\d+ failures? in \d+ runs$/);
    assert.strictEqual(await text(".verdict"), "FAILED");
    assert.strictEqual(await current(), count - 1, "the step that failed is shown first");
    assert.match(await first.locator(".step.current").innerText(), /failed here/);
    assert.match(await first.locator(".step.current .changes").innerText(), /balance/, "the state changed");
    await first.getByRole("button", { name: "First step" }).click();
    assert.strictEqual(await current(), 0);
    assert.strictEqual(await shown(), 1);
    assert.match(await first.locator(".step.current").innerText(), /CreateAccount[^]*POST \/accounts[^]*201[^]*AccountCreated/);
    assert.match(await first.locator(".step.current .changes").innerText(), /accounts\.acc_1[^]*not there/);
    assert.ok(await first.getByRole("button", { name: "Previous step" }).isDisabled());
    await first.getByRole("button", { name: "Next step" }).click();
    assert.strictEqual(await current(), 1);
    const slider = first.getByRole("slider");
    await slider.focus();
    await page.keyboard.press("ArrowLeft");
    assert.strictEqual(await current(), 0);
    await page.keyboard.press("End");
    assert.strictEqual(await current(), count - 1);
    assert.match(await slider.getAttribute("aria-valuetext"), /^step \d+ of \d+: c\d+$/);
    await first.locator(".step button").nth(count - 1).focus();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Home");
    assert.strictEqual(await current(), 0);
    const id = await steps.first().getAttribute("data-id");
    assert.deepStrictEqual(await first.locator(".sequence .current").evaluateAll((all) => [...new Set(all.map((one) => one.dataset.id))]), [id]);
    assert.match(await first.locator("svg.sequence").textContent(), /FAILED: check/);
    await page.emulateMedia({ media: "print" });
    assert.strictEqual(await first.locator(".step .body:visible").count(), count, "on paper all steps are open");
    assert.strictEqual(await page.locator(".stepper:visible").count(), 0);
END
  browse page.html javascript=off <<'END'
    const first = page.locator(".failure").first();
    assert.strictEqual(await first.locator(".step .body:visible").count(), await first.locator(".step").count());
    assert.match(await first.locator(".command code").first().innerText(), /^printf /);
END
}

@test "the command line that is copied sees the failure again, with and without a clipboard" {
  shrunk_failure
  page_of shrunk.ndjson
  local clipboard
  for clipboard in on off; do
    browse page.html "clipboard=$clipboard" >copied <<'END'
      const button = page.getByRole("button", { name: "Copy: Run this sequence again" }).first();
      await button.click();
      await page.waitForFunction(() => document.querySelector(".status").textContent === "Copied");
      await page.evaluate(() => document.body.prepend(Object.assign(document.createElement("textarea"), { id: "paste" })));
      await page.locator("#paste").focus();
      await page.keyboard.press("Control+V");
      console.log(await page.locator("#paste").inputValue());
END
    sh <copied >again.ndjson || (($? == 1))
    assert_json 'any(.[]; .type == "run_end" and .status == "fail")' again.ndjson
  done
}

@test "a race has branches, a timeline, and why no order explains it; the theme is chosen, on a small screen" {
  page_of "$PD_ROOT/t/data/diagrams/lost-update.ndjson"
  browse page.html scheme=dark width=390 <<'END'
    assert.match(await page.locator("#failure-1").innerText(), /branch 1[^]*This cannot come next[^]*balance=30, not 80/);
    assert.strictEqual(await page.locator("svg.timeline").count(), 1);
    assert.match(await page.locator(".steps").innerText(), /Only the state before and at the failure is known/);
    const dark = (selector, property) => page.locator(selector).first().evaluate((one, property) =>
      getComputedStyle(one)[property].match(/\d+/g).slice(0, 3).reduce((sum, value) => sum + Number(value), 0) < 250, property);
    assert.ok(await dark("body", "backgroundColor"));
    assert.ok(await dark(".sequence .paper", "fill") && await dark(".timeline .paper", "fill"));
    await page.getByRole("button", { name: "Light theme" }).click();
    assert.ok(!await dark("body", "backgroundColor"));
    assert.ok(!await dark(".sequence .paper", "fill") && !await dark(".timeline .paper", "fill"));
    await page.getByRole("button", { name: "Dark theme" }).click();
    assert.ok(await dark("body", "backgroundColor"));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
END
}

@test "the overview has outcomes, latencies, checks and pairs as charts with their text" {
  start_toybank
  pd-gen -m "$examples/toybank.jq" -n 30 -s 1 --max-commands 10 | "${executor[@]}" -u "$TOYBANK_URL" >runs.ndjson
  page_of runs.ndjson
  browse page.html <<'END'
    assert.strictEqual(await text(".verdict"), "PASSED");
    assert.strictEqual(await text("h1"), "30 runs, no failure");
    const label = (name) => page.locator(name).getAttribute("aria-label");
    assert.match(await label("#runs svg.chart >> nth=0"), /: 30 passed$/);
    assert.match(await label("#runs svg.times"), /median .* longest/);
    assert.ok(await page.locator("#commands tbody tr").count() > 5);
    assert.match(await label("#commands svg.spark >> nth=0"), /median/);
    assert.ok(await page.locator("#coverage table.heat td.h7").count() > 0);
    assert.deepStrictEqual(await page.locator("table").evaluateAll((all) => all.filter((one) => !one.querySelector("th[scope=col]")).length), 0);
    for (const link of await page.locator("nav a").all())
      assert.strictEqual(await page.locator(await link.getAttribute("href")).count(), 1);
END
  # The numbers are those of the records.
  times=$(jq -s 'map(select(.type == "command" and .command.type == "Credit")) | length' runs.ndjson)
  grep -q "<th scope=\"row\">Credit</th><td class=\"number\">$times</td>" page.html
  # Memory does not grow with the stream.
  peak_of pd-report --format html -o page.html runs.ndjson
  small=$PEAK
  for _ in {1..60}; do cat runs.ndjson; done >long.ndjson
  peak_of pd-report --format html -o page.html long.ndjson
  ((PEAK <= small + PEAK_ALLOWANCE)) || fail "grew from $small KiB to $PEAK KiB"
  grep -q '1,800 runs, no failure' page.html
  # A coverage record of the stream takes the place of what the report counts.
  pd-cover -m "$examples/toybank.jq" runs.ndjson >covered.ndjson
  page_of covered.ndjson
  grep -q 'argument partitions' page.html
  [[ $(grep -c '<section id="coverage">' page.html) == 1 ]]
}

@test "strings are data: markup, quotes, controls, turned-around text, what is no character, 100 kB" {
  jq -nc '["</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "]]>", "\u0027\"`$(id)", "<!--", "\u202eevil\u200b\u0000\u001b[2J",
      "\ufffd\uffff", "😀 שלום العربية", "&lt;&#60;", ("x<\"" * 34000)] as $texts
    | [$texts | to_entries[] | {id: "c\(.key + 1)", command: {type: .value[:60], (.value[:80]): .value}}] as $items
    | {type: "failure", format: 1, run: 1, seed: 1, plan: ("0" * 64), model: {name: $texts[0], path: $texts[1], sha256: ("0" * 64)},
       failure: {class: "assertion", kind: $texts[0], name: $texts[1], message: ($texts | join("\n")), data: $texts, id: "c2"},
       original: {type: "sequence", run: 1, seed: 1, plan: ("0" * 64), prefix: $items, suffix: []},
       commands: [$items[] | {type: "command", run: 1, id, command, call_us: 1, return_us: 2, outcome: "ok", attempts: 1,
         exchange: [{request: {method: "POST", path: .command.type, json: .command}, reply: {status: 200, text: .command.type}}]}],
       events: [$items[] | {type: "event", run: 1, id, source: "command", event: .command, at_us: 1, n: 1}],
       checks: [], state_before: {}, state: ($texts | with_entries({key: .value[:99], value: .value}? // {key: "\(.key)", value: .value})),
       refs: {}, environment: {target: $texts[0]}},
    {type: "command", run: 2, id: $texts[0], command: {type: $texts[0]}, call_us: 0, return_us: 5, outcome: $texts[1], attempts: 1},
    {type: "event", run: 2, source: "command", event: {type: $texts[1]}, at_us: 1, n: 1},
    {type: "run_end", run: 2, attempt: 1, status: "pass", commands: 1, events: 1, fired: {($texts[0]): 1}, answers: {total: 1, refused: {($texts[1]): 1}}, duration_us: 1}' >strange.ndjson
  page_of strange.ndjson
  is_xml page.html
  (($(size_of page.html) < 400000))
  run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]|\x{202e}' page.html
  browse page.html <<'END'
    assert.strictEqual(await page.locator("script").count(), 1);
    assert.strictEqual(await page.locator("img").count(), 0);
    assert.match(await text(".message"), /^<\/script><script>alert\(1\)/);
    assert.match(await page.locator("#failure-1").innerText(), /\(\d{6} characters\)/);
    for (const button of await page.locator(".step button").all()) await button.click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
END
}

@test "100 failures with large states and 500 more are under 5 MB, and links open them" {
  large_failures 12 >large.ndjson
  page_of large.ndjson
  # Of the first ten there may be 90 kB, of others 27: the rest of the page is small.
  (($(size_of page.html) < 10 * 90000 + 2 * 27000 + 150000))
  grep -q '100000 characters' page.html
  jq -c 'del(.state, .state_before) | .failure.message = "short" | .failure.data = null' large.ndjson >small.ndjson
  for _ in {1..60}; do cat small.ndjson; done >many.ndjson
  page_of many.ndjson
  (($(size_of page.html) < 5000000))
  browse page.html <<'END'
    assert.strictEqual(await page.locator("details.failure").count(), 100);
    assert.strictEqual(await page.locator(".index tbody tr").count(), 500);
    assert.match(await page.locator("#failures").innerText(), /Only the first 100 failures are told whole/);
    await page.locator(".index > summary").click();
    await page.locator('a[href="#failure-77"]').click();
    assert.ok(await page.locator("#failure-77 .steps").isVisible());
    await page.getByRole("button", { name: "Open all" }).click();
    assert.strictEqual(await page.locator("details.failure[open]").count(), 100);
END
}
