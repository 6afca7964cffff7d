#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The build, and what make install, uninstall, dist and help do. All on a copy
# of the tree, with what contrib/install-deps made taken from the real one.
# shellcheck disable=SC2154 # variables from bats and the helpers

load lib/helper

setup_file() {
  cd "$BATS_TEST_DIRNAME/.." || return
  git rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip "not a git repository"
  export COPY=$BATS_FILE_TMPDIR/tree
  mkdir -p "$COPY/build"
  git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    [[ ! -e $file ]] || printf '%s\0' "$file"
  done | xargs -0 cp --parents -t "$COPY"
  [[ ! -e build/deps ]] || ln -s "$PWD/build/deps" "$COPY/build/deps"
  # In parallel, from nothing: the order of the targets must not matter.
  in_copy -j4 programs >"$BATS_FILE_TMPDIR/made" 2>&1 || cat "$BATS_FILE_TMPDIR/made" >&2
}

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# in_copy ARGUMENT…: make there, quickly. The tests' own make and flags are not handed on.
in_copy() {
  env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS PD_NO_INSTALL=1 make -C "$COPY" --no-print-directory CFLAGS=-O0 "$@"
}

files_in() { (cd "$1" && find . ! -type d | sort); }

@test "a parallel build from nothing makes every program, without a warning" {
  local program
  for program in "$PD_ROOT"/bin/*.c; do
    program=$(basename "$program" .c)
    run -0 "$COPY/bin/$program" --version
    [[ $output == "$program "* ]]
  done
  [[ -x $COPY/contrib/counter/counter && -x $COPY/contrib/toybank/toybank ]]
  run -1 grep -i warning "$BATS_FILE_TMPDIR/made"
}

@test "a second make has nothing to do" {
  run -0 in_copy programs
  [[ -z $output || $output == *'Nothing to be done'* ]]
}

@test "a touched header makes what needs it anew, and nothing else" {
  in_copy programs
  touch "$COPY/lib/inspect.h"
  run -0 in_copy -n programs
  assert_output_has lib/inspect.c
  assert_output_has bin/pd-model.c
  [[ $output != *lib/json.c* && $output != *bin/pd-gen.c* ]]
  touch "$COPY/lib/version.h"
  run -0 in_copy -n programs
  assert_output_has lib/recorded.c
  in_copy programs
}

@test "a header that is gone does not stop the build" {
  cp "$COPY/lib/version.h" "$COPY/lib/edition.h"
  echo '#include "edition.h"' >>"$COPY/lib/share.c"
  in_copy programs
  sed -i '$d' "$COPY/lib/share.c"
  rm "$COPY/lib/edition.h"
  run -0 in_copy programs
}

@test "the installed programs run from another folder, with only that in PATH" {
  in_copy install DESTDIR="$PWD/root" PREFIX=/opt/pd >/dev/null
  local bin=$PWD/root/opt/pd/bin share=$PWD/root/opt/pd/share program
  mkdir cwd && cd cwd
  run -0 env PATH="$bin:/usr/bin:/bin" bash -c "
    pd-gen -m '$share/pd/examples/counter.jq' -n 3 -s 1 | tail -n 1
    pd-model validate -m '$share/pd/examples/toybank.jq' -a '$share/pd/examples/toybank-http.jq'
    pd-report --list
    pd model validate -m '$share/pd/examples/counter.jq'"
  assert_output_has '"type":"end","status":0'
  assert_output_has 'toybank.jq: valid: 0 errors'
  assert_output_has 'for people at a terminal'
  for program in "$PD_ROOT"/share/man/man1/*.1; do
    [[ -r $share/man/man1/${program##*/} ]]
  done
  [[ -r $share/doc/pd/LICENSE && -x $bin/pd && -r $share/pd/jq/pd.jq ]]
  [[ -z $(find "$bin" -name '*.c') ]]
}

@test "installed programs still find their files when the folder is moved" {
  in_copy install DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
  mv root/usr moved
  run -0 moved/bin/pd-report --list
  assert_output_has terminal
}

@test "uninstall removes every file that install put there, and no other" {
  local place
  for place in /usr "/a folder"; do
    mkdir -p "root$place/bin" "root$place/share/man/man1" "root$place/share/doc/other"
    touch "root$place/bin/other" "root$place/share/man/man1/other.1" "root$place/share/doc/other/README"
    files_in root >before
    in_copy install DESTDIR="$PWD/root" PREFIX="$place" >/dev/null
    [[ -x root$place/bin/pd-exec ]]
    in_copy uninstall DESTDIR="$PWD/root" PREFIX="$place" >/dev/null
    files_in root | diff before -
  done
}

@test "dist packs the committed tree, and nothing that was built" {
  cp -r "$COPY" tree && rm -rf tree/build/*.gz
  COPY=$PWD/tree
  export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
  git -C tree init -q && git -C tree add -A && git -C tree commit -qm all
  in_copy dist
  local version
  version=$(sed -n 's/.*PD_VERSION "\(.*\)"/\1/p' "$PD_ROOT/lib/version.h")
  tar tzf "tree/build/propertydamage-$version.tar.gz" | sed "s,^propertydamage-$version/,," | grep -v -e '/$' -e '^$' | sort >packed
  git -C tree ls-files | sort | diff packed -
  local -a programs
  programs=("$PD_ROOT"/bin/*.c)
  run -1 grep -xF -f <(printf 'bin/%s\n' "${programs[@]##*/}" | sed 's/\.c$//') packed
  run -1 grep -E '\.(o|d|a)$|^build/|^contrib/(counter|toybank)/(counter|toybank)$' packed
}

@test "help lists the targets, and each of them exists" {
  run -0 in_copy help
  local target
  for target in all demo check bench lint sanitize install uninstall dist clean help; do
    grep -q "^$target  *[a-z]" <<<"$output" || fail "$target is not listed" "$output"
  done
  while read -r target _; do in_copy -n "$target" >/dev/null || fail "$target"; done <<<"$output"
}

@test "clean removes what was built, but neither the dependencies nor a source" {
  cp -r "$COPY" tree
  COPY=$PWD/tree
  in_copy clean
  [[ -z $(find tree -name '*.o' -o -name '*.d' -o -name '*.a' | grep -v build/deps) ]]
  [[ -z $(cd tree && find bin contrib -type f -perm -u+x | xargs file | grep ELF) ]]
  [[ ! -e $PD_ROOT/build/deps || -e tree/build/deps ]]
  files_in tree | grep -v '^./build' >left
  (cd "$PD_ROOT" && git ls-files -co --exclude-standard | sed 's,^,./,' | while read -r f; do [[ ! -e $f ]] || echo "$f"; done | sort) | diff left -
}
