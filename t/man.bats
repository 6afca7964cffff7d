#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The manual pages: that they say what the programs say, and that their examples run as they stand.
# A comment before a literal block in a page says what it is:
#   .\" run: SERVER [OPTION ...]   an example, with the server for http://localhost:8080, or none
#   .\" status: N                  and its exit status, with pipefail
#   .\" file: NAME                 a file that the examples of the page find in their folder
#   .\" record: TYPE, .\" stream:  records, one that begins with a blank going on
# shellcheck disable=SC2154,SC2016 # variables from bats and the helper; $ in patterns

load lib/helper

setup() {
  pd_setup
  man=$PD_ROOT/share/man
  pages=("$man"/man?/*.[157])
  declare -gA server_urls=()
}

teardown() {
  pd_teardown
}

# The programs of the suite, whether they are built or not.
programs() {
  local path
  for path in "$PD_ROOT"/bin/pd*; do basename "$path" .c; done | sort -u
}

page_of() { printf '%s\n' "$man/man1/$1.1"; }
rendered() { mandoc -Tascii -O width=1000 "$1" | col -bx; }
words() { tr -s ' \n' ' ' | sed 's/^ //; s/ $//'; }

# section NAME: of a rendered page on standard input.
section() { awk -v name="$1" '/^[A-Z]/ { inside = $0 == name; next } inside'; }

# What a program's -h prints, up to the blank line after the usage.
usage_of() { "$PD_BIN/$1" -h | sed -n '1,/^$/p' | sed 's/^usage: //'; }

# The options in -h, and those with an entry in the page: -x and --name, one a line.
options_of_help() { "$PD_BIN/$1" -h | grep -E '^ +(-[A-Za-z],|--)' | grep -oE '^ +(-[A-Za-z], )?--[a-z-]+' | grep -oE -- '-[-a-zA-Z]+'; }
options_of_page() { grep -E '^\.It Fl ' "$(page_of "$1")" | grep -oE 'Fl -?[A-Za-z][a-z-]*' | sed 's/^Fl /-/'; }

# literal_blocks PAGE: the marked blocks as files in the present folder: 1.sh with 1.server and
# 1.status, and so on; files by their names; TYPE.record; stream.
literal_blocks() {
  awk '
    /^\.\\" (run|file|record|stream):/ { kind = $2; argument = $0; sub(/^[^:]*: ?/, "", argument); status = 0; next }
    /^\.\\" status:/ { status = $3; next }
    /^\.Bd -literal/ && kind != "" {
      inside = 1
      if (kind == "run:") { file = ++count ".sh"; print argument >(count ".server"); print status >(count ".status") }
      else if (kind == "file:") file = argument
      else if (kind == "record:") file = argument ".record"
      else file = "stream"
      joins = kind == "record:" || kind == "stream:"
      separator = ""
      next
    }
    /^\.Ed/ { if (inside && joins) print "" >file; inside = 0; kind = ""; next }
    /^\.[A-Z]/ { kind = "" }
    inside {
      gsub(/\\e/, "\\"); gsub(/\\&/, "")
      if (!joins) print >file
      else if (sub(/^ +/, "")) printf "%s", $0 >file
      else { printf "%s%s", separator, $0 >file; separator = "\n" }
    }' "$1"
}

# server_url NAME OPTIONS…: that of a server that runs in this test already, or of a new one.
server_url() {
  [[ ${server_urls[$*]-} ]] || {
    "start_$1" "${@:2}" || return
    server_urls[$*]=$SERVER_URL
  }
  SERVER_URL=${server_urls[$*]}
}

# examples_of PAGE: all of them run, in a folder that looks like the root of the work tree.
examples_of() {
  local number server
  ln -s "$PD_ROOT"/{share,contrib} .
  literal_blocks "$1"
  [[ -e 1.sh ]] || fail "$1 has no example"
  for ((number = 1; ; number++)); do
    [[ -e $number.sh ]] || break
    read -ra server <"$number.server"
    if [[ ${server[0]} != none ]]; then
      server_url "${server[@]}"
      grep -q 'http://localhost:8080' "$number.sh" || fail "no URL to replace in:" "$(<"$number.sh")"
      sed -i "s|http://localhost:8080|$SERVER_URL|g" "$number.sh"
    fi
    run --separate-stderr bash -eo pipefail "$number.sh"
    [[ $status == "$(<"$number.status")" ]] || fail "status $status, not $(<"$number.status"), of:" \
      "$(<"$number.sh")" "$output" "$stderr"
    [[ $output ]] || fail "no output from:" "$(<"$number.sh")"
  done
}

@test "every program has a page, and every page of section 1 a program" {
  diff <(programs) <(for page in "$man"/man1/*; do basename "$page" .1; done | sort)
}

@test "mandoc finds nothing wrong with the pages" {
  mandoc -Tlint -W warning "${pages[@]}"
}

@test "every page names its licence, and itself as its file is named" {
  local page name
  for page in "${pages[@]}"; do
    name=${page##*/}
    [[ $(head -n 1 "$page") == '.\" SPDX-License-Identifier: MIT' ]]
    grep -qix "\.Dt ${name%.*} ${name##*.}" "$page" || fail "$page: .Dt"
    grep -qx "\.Nm ${name%.*}" "$page" || fail "$page: .Nm"
  done
}

@test "every page of a program has the sections that it should have" {
  local name heading
  for name in $(programs); do
    for heading in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
      grep -qx "\.Sh $heading" "$(page_of "$name")" || fail "$name lacks $heading"
    done
  done
}

@test "the synopsis of a page is the usage that -h prints" {
  local name
  for name in $(programs); do
    diff <(usage_of "$name" | words) <(rendered "$(page_of "$name")" | section SYNOPSIS | words)
  done
}

@test "every option in -h is documented and every documented option exists" {
  local name
  for name in $(programs); do
    [[ $name != pd ]] || continue
    diff <(options_of_help "$name" | sort) <(options_of_page "$name" | sort)
  done
  diff <(options_of_page pd) <(printf '%s\n' -h --help -V --version)
  pd --help && pd -V
}

@test "options stand in the order of their letters, then of their names" {
  local name
  for name in $(programs); do
    grep -oE '^\.It Fl [A-Za-z]\>' "$(page_of "$name")" | sort -fc
    grep -oE '^\.It Fl -[a-z-]+' "$(page_of "$name")" | LC_ALL=C sort -c
  done
}

@test "every option that a page speaks of is one of some program" {
  local name known
  known=$(
    for name in $(programs); do options_of_help "$name"; done
    printf '%s\n' --bug --bugs -p # of the example servers
  )
  comm -23 <(grep -hoE 'Fl -?[A-Za-z][a-z-]*' "${pages[@]}" | sed 's/^Fl /-/' | sort -u) \
    <(sort -u <<<"$known") >unknown
  [[ ! -s unknown ]] || fail "$(<unknown)"
}

@test "every page that another one refers to exists" {
  local name section
  grep -hE '^\.(It )?Xr (pd|propertydamage)' "${pages[@]}" | grep -oE '(pd|propertydamage)[a-z-]* [157]' |
    sort -u >references
  [[ -s references ]]
  while read -r name section; do
    [[ -e $man/man$section/$name.$section ]] || fail "there is no $name($section)"
  done <references
}

@test "every exit status that a page may lack is there" {
  local name
  for name in $(programs); do
    rendered "$(page_of "$name")" | section 'EXIT STATUS' >statuses
    grep -qE '^ +0 ' statuses || fail "$name: 0"
    grep -qE '^ +2 ' statuses || fail "$name: 2"
  done
}

@test "every literal block among a page's examples is marked as one that runs" {
  awk '/^\.Sh / { examples = /EXAMPLES/ }
    /^\.Bd -literal/ && examples && !marked { print FILENAME ":" FNR }
    !/^\.\\" status:/ { marked = /^\.\\" run:/ }' "${pages[@]}" >unmarked
  [[ ! -s unmarked ]] || fail "$(<unmarked)"
}

@test "the examples of every page are run by a test of this suite" {
  diff <(grep -l '^\.\\" run:' "${pages[@]}" | sed 's|.*/||' | sort) \
    <(sed -n 's/^  examples_of "\$man"\/man[157]\///p' "$BATS_TEST_FILENAME" | sort)
  diff <(printf '%s\n' "${pages[@]##*/}" | sort) <(grep -l '^\.\\" run:' "${pages[@]}" | sed 's|.*/||' | sort)
}

@test "the examples of pd(1) run" {
  examples_of "$man"/man1/pd.1
}

@test "the examples of pd-cover(1) run" {
  examples_of "$man"/man1/pd-cover.1
}

@test "the examples of pd-diagram(1) run" {
  examples_of "$man"/man1/pd-diagram.1
}

@test "the examples of pd-export(1) run" {
  examples_of "$man"/man1/pd-export.1
}

@test "the examples of pd-diff(1) run" {
  examples_of "$man"/man1/pd-diff.1
}

@test "the examples of pd-bisect(1) run" {
  examples_of "$man"/man1/pd-bisect.1
}

@test "the examples of pd-check(1) run" {
  examples_of "$man"/man1/pd-check.1
}

@test "the examples of pd-exec(1) run" {
  examples_of "$man"/man1/pd-exec.1
}

@test "the examples of pd-explain(1) run" {
  examples_of "$man"/man1/pd-explain.1
}

@test "the examples of pd-failures(1) run" {
  examples_of "$man"/man1/pd-failures.1
}

@test "the examples of pd-flaky(1) run" {
  examples_of "$man"/man1/pd-flaky.1
}

@test "the examples of pd-forensics(1) run" {
  examples_of "$man"/man1/pd-forensics.1
}

@test "the examples of pd-gen(1) run" {
  examples_of "$man"/man1/pd-gen.1
}

@test "the examples of pd-linearize(1) run" {
  examples_of "$man"/man1/pd-linearize.1
}

@test "the examples of pd-listen(1) run" {
  examples_of "$man"/man1/pd-listen.1
}

@test "the examples of pd-mock(1) run" {
  examples_of "$man"/man1/pd-mock.1
}

@test "the examples of pd-model(1) run" {
  examples_of "$man"/man1/pd-model.1
}

@test "the examples of pd-mutate(1) run" {
  examples_of "$man"/man1/pd-mutate.1
}

@test "the examples of pd-replay(1) run" {
  examples_of "$man"/man1/pd-replay.1
}

@test "the examples of pd-report(1) run" {
  examples_of "$man"/man1/pd-report.1
}

@test "the examples of pd-shrink(1) run" {
  examples_of "$man"/man1/pd-shrink.1
}

@test "the examples of pd-suggest(1) run" {
  examples_of "$man"/man1/pd-suggest.1
}

@test "the examples of pd-verify(1) run" {
  examples_of "$man"/man1/pd-verify.1
}

@test "the examples of pd-adapter(5) run" {
  examples_of "$man"/man5/pd-adapter.5
}

@test "the examples of pd-model(5) run" {
  examples_of "$man"/man5/pd-model.5
}

@test "the examples of pd-stream(5) run" {
  examples_of "$man"/man5/pd-stream.5
}

@test "the examples of propertydamage(7) run" {
  examples_of "$man"/man7/propertydamage.7
}

@test "the model and the adapter that the pages show whole fit each other" {
  literal_blocks "$man/man5/pd-model.5"
  literal_blocks "$man/man5/pd-adapter.5"
  LIGHT_TOKEN=secret pd-model validate -m light.jq -a light-http.jq --strict
  pd-gen -m light.jq -n 20 -s 1 >plans
  grep -q '"Dim"' plans
}

@test "every type of record that has a schema has an entry and a valid example in pd-stream(5)" {
  local schema type
  literal_blocks "$man/man5/pd-stream.5"
  for schema in "$PD_ROOT"/share/pd/schema/*.json; do
    type=$(basename "$schema" .json)
    [[ $type != definitions ]] || continue
    grep -qx "\.Ss $type" "$man/man5/pd-stream.5" || fail "pd-stream(5) lacks $type"
    if [[ $type != stream ]]; then
      [[ $(jq -r .type "$type.record") == "$type" ]]
      "$PD_ROOT/t/lib/validate-records" "$type.record"
    fi
  done
}

@test "the stream at the start of pd-stream(5) is valid" {
  literal_blocks "$man/man5/pd-stream.5"
  "$PD_ROOT/t/lib/validate-records" --stream stream
  [[ $(head -n 1 stream | jq -r .type) == stream ]]
}

@test "every field in a schema is named where pd-stream(5) describes the record" {
  local schema type field
  for schema in "$PD_ROOT"/share/pd/schema/*.json; do
    type=$(basename "$schema" .json)
    [[ $type != definitions ]] || continue
    awk -v heading=".Ss $type" '/^\.S[hs] / { inside = $0 == heading } inside' "$man/man5/pd-stream.5" >entry
    for field in $(jq -r '.properties | del(.type) | keys[]' "$schema"); do
      grep -qE "^\.(It )?Cm ([a-z_]+ , )*$field\>" entry || fail "$type.$field"
    done
  done
}

# name/arity of every function with an entry, such as: .It Fn list "of; min; max" , Fn list of
documented_functions() {
  grep -hE '^\.It .*(Fn|Ic) ' "$man"/man5/pd-{model,adapter}.5 | sed 's/^\.It //; s/ , /\n/g' |
    awk '
      $1 == "Fn" { name = $2; sub(/^Fn [^ ]+ ?/, ""); print name "/" (gsub(/;/, ";") + 1); last = 1; next }
      $1 == "Ic" { print $2 "/0" }
      NF == 1 { print $1 "/0" }'
}

@test "every function of the prelude is in pd-model(5) or pd-adapter(5), with its arguments" {
  jq -L "$PD_ROOT/share/pd/jq" -rn '"pd" | modulemeta.defs[]' | sort >defined
  [[ -s defined ]]
  comm -23 defined <(documented_functions | sort -u) >missing
  [[ ! -s missing ]] || fail "$(<missing)"
}

@test "every kind of generator that the prelude makes is in pd-model(5) as JSON" {
  local kind
  grep -oE '"\$gen": "[a-z]+"' "$PD_ROOT/share/pd/jq/pd.jq" | cut -d '"' -f 4 | sort -u >kinds
  [[ -s kinds ]]
  while read -r kind; do
    grep -qF "{\"\$gen\":\"$kind\"" "$man/man5/pd-model.5" || fail "$kind"
  done <kinds
}
