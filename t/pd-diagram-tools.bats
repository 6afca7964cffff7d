#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-diagram: what Mermaid, PlantUML and Graphviz make of its sequence diagrams.
# shellcheck disable=SC2016,SC2154 # jq in quotes; variables of bats and the helpers

load lib/helper

setup() {
  pd_setup
  diagrams=$PD_ROOT/t/data/diagrams
  names=(hostile lost-update retries-and-faults)
}

teardown() {
  pd_teardown
}

# draw FORMAT: each of the runs, as NAME.FORMAT.
draw() {
  local name
  for name in "${names[@]}"; do
    pd-diagram -f "$1" --show-timestamps -o "$name.$1" "$diagrams/$name.ndjson"
  done
}

# shows NAME PICTURE: all that the run's commands and events say is seen there, and its failure.
shows() {
  local value
  "$PD_ROOT/t/lib/picture-text" "$2" >seen
  jq -r -L "$PD_ROOT/share/pd/jq" 'include "text"; select(.type == "command" or .type == "event") | .command // .event
    | domain_object(60) | gsub("[ \u00a0]"; "")' "$diagrams/$1.ndjson" >values
  [[ -s values ]]
  while IFS= read -r value; do
    grep -qF -- "$value" seen || fail "$2 does not show: $value" "but: $(<seen)"
  done <values
  grep -qF FAILED: seen
}

@test "Graphviz draws them, and shows every value as it is" {
  local name
  draw dot
  for name in "${names[@]}"; do
    run -0 --separate-stderr dot -Tsvg -o "$name.svg" "$name.dot"
    [[ $stderr == '' ]]
    shows "$name" "$name.svg"
    grep -q '#b01717' "$name.svg"
  done
}

@test "PlantUML draws them, and shows every value as it is" {
  local name
  draw plantuml
  run -0 --separate-stderr plantuml -tsvg -failfast2 ./*.plantuml
  for name in "${names[@]}"; do
    shows "$name" "$name.svg"
    grep -qi '#B01717' "$name.svg"
  done
}

@test "Mermaid draws them in a browser, and shows every value as it is" {
  local name browser
  browser=$(command -v chromium || command -v chromium-browser)
  draw mermaid
  cp "$PD_ROOT/build/npm/node_modules/mermaid/dist/mermaid.min.js" .
  for name in "${names[@]}"; do
    {
      echo '<!DOCTYPE html><meta charset="utf-8"/><script src="mermaid.min.js"></script><pre class="mermaid">'
      sed 's/&/\&amp;/g; s/</\&lt;/g' "$name.mermaid"
      echo '</pre>'
    } >"$name.html"
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/browser" --virtual-time-budget=20000 \
      --dump-dom "file://$PWD/$name.html" >"$name.dom" 2>browser.log || fail "$(<browser.log)"
    shows "$name" "$name.dom"
    [[ $(grep -c 'class="rect"' "$name.dom") -ge 1 ]]
  done
}
