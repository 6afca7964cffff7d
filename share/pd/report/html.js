// SPDX-License-Identifier: MIT
// What the page of html.jq can do beyond showing: steps of a failure are stepped
// through, command lines copied, the theme chosen. It loads nothing.
"use strict";
(() => {
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // What happened, for those who cannot see it.
  const status = element("p", { className: "status" });
  status.setAttribute("role", "status");
  document.body.append(status);

  // --- Theme: as the system has it, or the other one. A file may have no storage. ---

  const stored = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("pd-theme", value);
      return localStorage.getItem("pd-theme");
    } catch {
      return null;
    }
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const themeButton = element("button", { type: "button", className: "theme" });
  const showTheme = (chosen) => {
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
    themeButton.textContent = theme() === "dark" ? "Light theme" : "Dark theme";
  };
  themeButton.addEventListener("click", () => showTheme(stored(theme() === "dark" ? "light" : "dark") || (theme() === "dark" ? "light" : "dark")));
  dark.addEventListener("change", () => showTheme());
  document.querySelector(".bar-top").append(themeButton);
  showTheme(stored());

  // --- Steps ---

  // Where a step is drawn, it is marked in the drawing, too.
  const markDrawing = (failure, id) => {
    for (const group of failure ? failure.querySelectorAll(".sequence [data-id]") : [])
      group.classList.toggle("current", group.dataset.id === id);
  };

  const makeStepper = (section) => {
    const steps = [...section.querySelectorAll(":scope > ol > .step")];
    if (steps.length === 0) return;
    const failure = section.closest(".failure");
    const first = Number(section.querySelector("ol").start);
    let current = 0;
    const button = (text, label, to) => {
      const made = element("button", { type: "button", textContent: text });
      made.setAttribute("aria-label", label);
      made.addEventListener("click", () => show(to()));
      return made;
    };
    const back = [button("First", "First step", () => 0), button("Previous", "Previous step", () => current - 1)];
    const on = [button("Next", "Next step", () => current + 1), button("Last", "Last step", () => steps.length - 1)];
    const slider = element("input", { type: "range", min: 0, max: steps.length - 1, step: 1 });
    slider.setAttribute("aria-label", "Step");
    slider.addEventListener("input", () => show(Number(slider.value)));
    const output = element("output", {});
    const bar = element("div", { className: "stepper" }, ...back, slider, ...on, output);
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Go through the steps");

    const show = (number) => {
      current = Math.min(Math.max(number, 0), steps.length - 1);
      steps.forEach((step, i) => {
        step.classList.toggle("current", i === current);
        step.querySelector("h5 button").setAttribute("aria-expanded", i === current);
      });
      const text = `step ${first + current} of ${first + steps.length - 1}: ${steps[current].dataset.id}`;
      slider.value = current;
      slider.setAttribute("aria-valuetext", text);
      output.textContent = text;
      for (const made of back) made.disabled = current === 0;
      for (const made of on) made.disabled = current === steps.length - 1;
      markDrawing(failure, steps[current].dataset.id);
    };

    const keys = (i) => ({ ArrowDown: i + 1, ArrowRight: i + 1, ArrowUp: i - 1, ArrowLeft: i - 1, Home: 0, End: steps.length - 1 });
    steps.forEach((step, i) => {
      const heading = step.querySelector("h5");
      const opener = element("button", { type: "button" }, ...heading.childNodes);
      opener.addEventListener("click", () => show(i));
      opener.addEventListener("keydown", (event) => {
        const to = keys(i)[event.key];
        if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        show(to);
        steps[current].querySelector("h5 button").focus();
      });
      heading.append(opener);
    });
    section.classList.add("stepping");
    section.querySelector("ol").before(bar);
    const failed = steps.findIndex((step) => step.classList.contains("failed"));
    show(failed < 0 ? 0 : failed);
  };
  document.querySelectorAll(".steps").forEach(makeStepper);

  // --- Command lines ---

  // A page that was opened as a file may not use the clipboard: then the old way,
  // and if that is not allowed either, the text is selected for the reader to copy.
  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
    }
  };
  for (const command of document.querySelectorAll(".command")) {
    const code = command.querySelector("code");
    if (!code) continue;
    const caption = command.querySelector("figcaption");
    const button = element("button", { type: "button", textContent: "Copy" });
    button.setAttribute("aria-label", `Copy: ${caption.textContent}`);
    button.addEventListener("click", async () => {
      button.textContent = status.textContent = await copy(code);
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    caption.append(button);
  }

  // --- Links to failures open them; all of them at once for searching ---

  const openTarget = () => {
    const target = /^#failure-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (target) {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();
  const failures = [...document.querySelectorAll("details.failure")];
  if (failures.length > 1) {
    const toggle = element("button", { type: "button", className: "all", textContent: "Open all" });
    toggle.addEventListener("click", () => {
      const open = !failures.every((failure) => failure.open);
      for (const failure of failures) failure.open = open;
      toggle.textContent = open ? "Close all" : "Open all";
    });
    const place = document.querySelector(".failures");
    place.before(element("p", { className: "aside" }, toggle));
  }
})();
