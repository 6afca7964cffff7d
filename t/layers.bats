#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The shape of the source tree: layers, what the library may not do, licences.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper

setup() {
  pd_setup
  layers=$BATS_TEST_DIRNAME/data/layers
  cd "$PD_ROOT" || return
}

teardown() {
  pd_teardown
}

# modules: "LEVEL MODULE" for each module in the table, the lowest level being 1.
modules() { grep -v '^#' "$layers" | awk '{ for (i = 2; i <= NF; i++) print NR, $i }'; }

# included MODULE: the modules that its header and source include.
included() {
  cat "lib/$1".[ch] 2>/dev/null | sed -n 's/^#include "\(.*\)\.h".*/\1/p' | sort -u | grep -vx "$1"
}

# objects: those of the library's sources; stale ones of sources that are gone are left out.
objects() {
  local source
  for source in lib/*.c; do printf '%s\n' "build/${source%.c}.o"; done
}

tracked() {
  git rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip "not a git repository"
  git ls-files "$@"
}

@test "every module is in the table of layers, once, and every one in the table exists" {
  modules | cut -d' ' -f2 | sort >"$BATS_TEST_TMPDIR/table"
  ls lib/*.[ch] | sed 's,^lib/,,; s,\.[ch]$,,' | sort -u | diff "$BATS_TEST_TMPDIR/table" -
}

@test "a module includes only modules of its own and of lower layers" {
  local -A level
  local number module other wrong=''
  while read -r number module; do level[$module]=$number; done < <(modules)
  for module in "${!level[@]}"; do
    for other in $(included "$module"); do
      ((${level[$other]-99} <= ${level[$module]})) || wrong+="$module includes $other, which is above it"$'\n'
    done
  done
  [[ -z $wrong ]] || fail "$wrong"
}

@test "modules do not include each other in a circle" {
  local module
  for module in $(modules | cut -d' ' -f2); do
    included "$module" | sed "s/^/$module /"
  done | tsort >/dev/null
}

@test "a header can be included alone, and twice" {
  local header
  for header in lib/*.h; do
    printf '#include "%s"\n#include "%s"\n' "${header#lib/}" "${header#lib/}"
  done >"$BATS_TEST_TMPDIR/all.c"
  for header in lib/*.h; do
    echo "#include \"${header#lib/}\"" |
      cc -std=c11 -D_GNU_SOURCE -iquote lib -isystem build/deps/include -fsyntax-only -x c - || fail "$header"
  done
  cc -std=c11 -D_GNU_SOURCE -iquote lib -isystem build/deps/include -fsyntax-only "$BATS_TEST_TMPDIR/all.c"
}

@test "nothing in the library prints or exits but program.c, the progress line of filter.c, the out-of-memory exit of buffer.c, and the second signal in loop.c" {
  local object symbols
  for object in $(objects); do
    symbols=$(nm -u "$object" | awk '{ print $2 }' | grep -xE \
      '_?exit|_Exit|quick_exit|abort|v?errx?|v?warnx?|v?printf|puts|putchar|perror|stdout|stderr|__v?printf_chk|syslog' || :)
    case ${object##*/} in
      program.o) ;;
      filter.o) [[ $symbols == stderr ]] || fail "$object:" "$symbols" ;;
      buffer.o) [[ $symbols == err ]] || fail "$object:" "$symbols" ;;
      loop.o) [[ $symbols == _exit ]] || fail "$object:" "$symbols" ;;
      *) [[ -z $symbols ]] || fail "$object:" "$symbols" ;;
    esac
  done
}

@test "the library has no writable global but those that signals need, in loop.c" {
  local object symbols
  for object in $(objects); do
    # Constant pointers are in .data.rel.ro: written by the linker alone.
    symbols=$(nm -f sysv "$object" | awk -F'|' '$3 ~ /[BbDdCGgSs]/ && $7 !~ /\.data\.rel\.ro/ { print $1 }')
    [[ ${object##*/} == loop.o || -z $symbols ]] || fail "$object:" "$symbols"
  done
  nm -f sysv build/lib/loop.o | awk -F'|' '$3 ~ /[BbDdCGgSs]/ && $7 !~ /\.data\.rel\.ro/ { gsub(/ /, "", $1); print $1 }' >"$BATS_TEST_TMPDIR/loop"
  [[ -s $BATS_TEST_TMPDIR/loop ]]
  while read -r object; do grep -qE "^static .*\b$object\b" lib/loop.c; done <"$BATS_TEST_TMPDIR/loop"
}

@test "every function of a header is called by somebody" {
  # Its declaration and definition name it twice; a use is a third time.
  cat lib/*.[ch] bin/*.c t/*/*.c | grep -ow '[a-z][a-z0-9_]*' | sort | uniq -c | awk '$1 >= 3 { print $2 }' >"$BATS_TEST_TMPDIR/used"
  objects | xargs nm -g --defined-only | awk '$2 == "T" { print $3 }' | sort >"$BATS_TEST_TMPDIR/defined"
  comm -23 "$BATS_TEST_TMPDIR/defined" "$BATS_TEST_TMPDIR/used" | (! grep .)
}

@test "the top level holds what the design says" {
  tracked | cut -d/ -f1 | grep -v '^\.' | sort -u >"$BATS_TEST_TMPDIR/top"
  printf '%s\n' Makefile README.md bin contrib lib share t | LC_ALL=C sort | diff - <(LC_ALL=C sort "$BATS_TEST_TMPDIR/top")
}

@test "every file that can hold a comment names its licence" {
  local file wrong=''
  while read -r file; do
    case $file in
      *.ndjson | *.err | *.md | *.out | t/fuzz/corpus/* | share/doc/pd/LICENSE) continue ;;
    esac
    [[ ! -f $file ]] || head -n 5 "$file" | grep -q 'SPDX-License-Identifier: MIT' || wrong+="$file"$'\n'
  done < <(tracked bin lib contrib share t Makefile)
  [[ -z $wrong ]] || fail "$wrong"
}

@test "nothing is marked as unfinished" {
  tracked >/dev/null
  local words='TO''DO|FIX''ME|X''XX'
  run -1 git grep -nwE "$words" -- . ':!share/doc'
}

@test "programs name their manual page, and each has one" {
  local program
  for program in bin/*.c; do
    program=$(basename "$program" .c)
    [[ -r share/man/man1/$program.1 ]] || fail "no page for $program"
  done
}
