#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# README.md and the guides in share/doc/pd do what they say: lib/run-document runs their examples and
# compares what is printed, and its own work is tested here with documents that lie.
# After a change of what programs print, t/lib/run-document --update puts it into a document.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # documents are written in quotes

load lib/helper

setup() {
  pd_setup
  lies=$BATS_TEST_TMPDIR/document.md
}

teardown() {
  pd_teardown
}

# run_document DOCUMENT: in an empty folder, or in one that was filled before.
run_document() {
  mkdir -p work
  (cd work && "$PD_ROOT/t/lib/run-document" --root "$PD_ROOT" "$@")
}

# document LINE…: a document of these lines. Fences are written as ~~~ in these tests.
document() {
  printf '%s\n' "$@" | sed 's/^~~~/```/' >"$lies"
}

# told STATUS MESSAGE: what running the document ends with.
told() {
  run -"$1" --separate-stderr run_document "$lies"
  assert_stderr_has "${2-}"
}

# documents: all that people read, one path a line.
documents() {
  printf '%s\n' "$PD_ROOT/README.md" "$PD_ROOT"/share/doc/pd/*.md
}

# --- The documents ---

@test "the examples of README.md run and print what it shows" {
  cp -R "$PD_ROOT/share/pd/examples" work
  run_document "$PD_ROOT/README.md"
}

@test "the guide to your own service runs from an empty folder and prints what it shows" {
  run_document "$PD_ROOT/share/doc/pd/your-own-service.md"
}

@test "the guide to races runs beside the examples and prints what it shows" {
  cp -R "$PD_ROOT/share/pd/examples" work
  run_document "$PD_ROOT/share/doc/pd/races.md"
}

@test "the guide to systems that answer later runs from an empty folder and prints what it shows" {
  run_document "$PD_ROOT/share/doc/pd/asynchronous.md"
}

@test "every guide has a test here" {
  local guide
  for guide in "$PD_ROOT"/share/doc/pd/*.md; do
    grep -q "^  run_document .*/share/doc/pd/${guide##*/}\"\$" "$BATS_TEST_FILENAME" ||
      fail "no test runs $guide"
  done
}

@test "what README.md shows of models and adapters stands in the examples" {
  local line missing=()
  while IFS= read -r line; do
    [[ -z $line ]] || cat "$PD_ROOT"/share/pd/examples/*.jq | grep -qxF -- "$line" || missing+=("$line")
  done < <(sed -n '/^```jq$/,/^```$/{/^```/!p;}' "$PD_ROOT/README.md")
  ((!${#missing[@]})) || fail "${missing[@]}"
}

@test "links in the documents lead to files of the tree and headings of theirs" {
  local document link file heading broken=()
  while IFS= read -r document; do
    while IFS= read -r link; do
      [[ $link != *://* && $link != mailto:* ]] || continue
      file=${link%%#*}
      heading=${link#"$file"}
      file=${file:+${document%/*}/$file}
      file=${file:-$document}
      if [[ ! -e $file ]]; then
        broken+=("${document#"$PD_ROOT/"}: $link")
      elif [[ $heading ]]; then
        sed -n 's/^##* //p' "$file" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9 \n-' | tr ' ' - |
          grep -qxF -- "${heading#\#}" || broken+=("${document#"$PD_ROOT/"}: $link: no such heading")
      fi
    done < <(sed '/^```/,/^```/d' "$document" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//')
  done < <(documents)
  ((!${#broken[@]})) || fail "${broken[@]}"
}

@test "the table of programs in README.md has exactly those in bin" {
  local listed there
  listed=$(sed -n 's/^| `\(pd[a-z-]*\)` |.*/\1/p' "$PD_ROOT/README.md" | sort)
  there=$(find "$PD_ROOT/bin" -name 'pd*' | sed 's|.*/||; s/\.c$//' | sort -u)
  [[ $listed ]] && [[ $listed == "$there" ]] || fail "$(diff <(echo "$listed") <(echo "$there"))"
}

@test "the programs that documents name exist" {
  local unknown
  unknown=$(documents | xargs cat | grep -oE '`?pd-[a-z]+(\([0-9]\))?' | sort -u |
    grep -vE '^pd-(model|adapter|stream)\(5\)' | tr -d '`' | sed 's/([0-9])//' | sort -u |
    while IFS= read -r name; do [[ -x $PD_BIN/$name ]] || echo "$name"; done)
  [[ -z $unknown ]] || fail "no such program: $unknown"
}

# --- What runs them ---

@test "files are made, replaced, appended to and given another head" {
  document '<!-- file: a/f.jq -->' '~~~jq' 'old' '~~~' \
    '<!-- file: a/f.jq -->' '~~~jq' 'module {};' 'include "pd";' '' 'def a: 1;' '~~~' \
    '<!-- append: a/f.jq -->' '' '~~~jq' 'def b: 2;' '~~~' \
    '<!-- head: a/f.jq -->' '~~~jq' 'module {"name": "f"};' 'include "pd";' '~~~' \
    '<!-- run: none -->' '~~~sh' 'cat a/f.jq' '~~~' \
    '<!-- output -->' '~~~' 'module {"name": "f"};' 'include "pd";' '' 'def a: 1;' '' 'def b: 2;' '~~~'
  told 0
  [[ -z $stderr ]]
}

@test "what is appended to must be there, and a head needs its include" {
  document '<!-- append: f -->' '~~~' 'x' '~~~'
  told 1 "document.md:2: there is no file f yet"
  document '<!-- file: f -->' '~~~' 'x' '~~~' '<!-- head: f -->' '~~~' 'y' '~~~'
  told 1 'document.md:6: f and its head should have one line include "pd";'
}

@test "commands must end with the status that the document says, 0 by default" {
  document '<!-- run: none; status 3 -->' '~~~sh' 'exit 3' '~~~'
  told 0
  document '<!-- run: none -->' '~~~sh' 'echo why; exit 3' '~~~'
  told 1 $'document.md:2: exit status 3, not 0; printed was:\nwhy'
  document '<!-- run: none; status 1 -->' '~~~sh' 'false | true' '~~~'
  told 1 "document.md:2: exit status 0, not 1"
}

@test "a whole output must be what is printed, standard error included" {
  document '<!-- run: none -->' '~~~sh' 'echo out; echo err >&2' '~~~' '' '<!-- output -->' '~~~' 'out' 'err' '~~~'
  told 0
  document '<!-- run: none -->' '~~~sh' 'echo out; echo more' '~~~' '<!-- output -->' '~~~' 'out' '~~~'
  told 1 "document.md:6: the document says:"
}

@test "times, seeds, ports, nonces and hashes may differ in an output, other digits not" {
  local hash
  hash=$(printf '%064d' 1)
  document '<!-- run: none -->' '~~~sh' "echo '2 runs in 0.25 s; seed 123456' '{\"at_us\":17,\"nonce\":\"0123456789abcdef\"}' $hash" \
    'echo 127.0.0.1:4711' '~~~' \
    '<!-- output -->' '~~~' "2 runs in 3 s; seed 987654321 {\"at_us\":4,\"nonce\":\"fedcba9876543210\"} ${hash//0/a}" \
    '127.0.0.1:1' '~~~'
  told 0
  sed -i 's/^2 runs/3 runs/' "$lies"
  told 1 "document.md:7: the document says:"
}

@test "an excerpt's lines must be printed in this order, with others between" {
  document '<!-- run: none -->' '~~~sh' 'seq 5; echo a long line' '~~~' '~~~' '2' '...' '4' 'a long ...' '~~~'
  told 0
  document '<!-- run: none -->' '~~~sh' 'seq 5' '~~~' 'Then:' '' '~~~' '4' '2' '~~~'
  told 1 "document.md:7: this line is not printed here: 2"
  document '<!-- run: none -->' '~~~sh' 'seq 5' '~~~' '~~~json' 'shown only' '~~~'
  told 0
}

@test "an output must follow commands" {
  document '<!-- run: none -->' '~~~sh' ':' '~~~' '~~~json' '{}' '~~~' '<!-- output -->' '~~~' '~~~'
  told 1 "document.md:9: this output does not follow commands that were run"
}

@test "what only the reader starts is not run, nor are blocks without a marker" {
  document '<!-- start -->' '~~~sh' 'touch started' '~~~' '~~~sh' 'touch shown' '~~~' '<!-- run: none -->' '~~~sh' ':' '~~~'
  told 0
  [[ ! -e work/started && ! -e work/shown ]]
}

@test "a server runs at its own port, keeps its state for blocks that name it, and is stopped in the end" {
  document '<!-- file: url -->' '~~~' 'http://localhost:8080' '~~~' \
    '<!-- run: counter -->' '~~~sh' 'curl -sf -d "{\"by\": 3}" http://localhost:8080/increment >/dev/null' \
    'echo http://localhost:8080; cat url' '~~~' \
    '<!-- output -->' '~~~' 'http://localhost:8080' 'http://localhost:8080' '~~~' \
    '<!-- run: none -->' '~~~sh' 'grep -q :8080 url || cat url >../real' '~~~' \
    '<!-- run: counter -->' '~~~sh' 'curl -sf http://localhost:8080/value; echo' '~~~' \
    '<!-- output -->' '~~~' '{"value":3}' '~~~' \
    '<!-- run: counter --bug -->' '~~~sh' 'curl -sf http://localhost:8080/value; echo' '~~~' \
    '<!-- output -->' '~~~' '{"value":0}' '~~~'
  told 0
  run ! curl -s "$(<real)/value"
}

@test "a server that does not start is told, and so is its use by commands that name none" {
  document '<!-- run: counter --wrong -->' '~~~sh' ':' '~~~'
  told 1 "the server did not start: counter --wrong"
  document '<!-- run: none -->' '~~~sh' 'curl http://localhost:8080' '~~~'
  told 1 "document.md:2: commands without a server name http://localhost:8080"
}

@test "a document may use any address for its servers, but only one" {
  document '<!-- run: counter -->' '~~~sh' 'curl -sf http://127.0.0.1:4000/value; echo; echo http://127.0.0.1:4000' '~~~' \
    '<!-- output -->' '~~~' '{"value":0}' 'http://127.0.0.1:4000' '~~~'
  told 0
  document '<!-- run: counter -->' '~~~sh' ': http://localhost:4000' '~~~' '<!-- run: none -->' '~~~sh' \
    ': http://localhost:4001' '~~~'
  told 1 "document.md:6: the server is at http://localhost:4001 here, but at http://localhost:4000 before"
}

@test "a misspelt marker, one without a block and a block without an end are told" {
  document '<!-- ran: none -->' '~~~sh' ':' '~~~'
  told 1 "document.md:1: <!-- ran: none --> is no marker that is known"
  document '<!-- run: none -->' 'Text.' '~~~sh' ':' '~~~'
  told 1 "document.md:1: a block should follow this marker"
  document '<!-- run -->' '~~~sh' ':' '~~~'
  told 1 "document.md:1: <!-- run --> should have a value"
  document '<!-- run: none -->' '~~~sh' ':'
  told 1 "document.md:2: this block does not end"
}

@test "a document in which nothing is run is told" {
  document '# Title' '' '~~~sh' ':' '~~~'
  told 1 "no block of this document is run"
}

@test "an update puts what is printed into the document, and leaves the rest" {
  document 'Before.' '<!-- run: none -->' '~~~sh' 'seq 2; echo in 7 s' '~~~' '<!-- output -->' '~~~' 'old' '~~~' 'After.' \
    '<!-- run: none -->' '~~~sh' 'echo in 7 s' '~~~' '<!-- output -->' '~~~' 'in 5 s' '~~~'
  run_document --update "$lies"
  told 0
  [[ $(sed -n '1p; 8,12p' "$lies" | tr '\n' '/') == 'Before./1/2/in 7 s/```/After./' ]]
  grep -qx 'in 5 s' "$lies"
}
