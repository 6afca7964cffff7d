# SPDX-License-Identifier: MIT
# What the suites of failure files have in common, beside helper.bash.
# shellcheck shell=bash disable=SC2034,SC2154

streams=$BATS_TEST_DIRNAME/data/streams
examples=$BATS_TEST_DIRNAME/../share/pd/examples

# failure FILTER: a failure record as a saved one is, changed by a jq filter and sealed.
failure() {
  local record
  record=$(jq -c "del(.sha256) | $1" < <(tail -n 1 "$BATS_TEST_DIRNAME/data/records/valid/failures.ndjson"))
  jq -c --arg sum "$(sum_of <<<"$record")" '.sha256 = $sum' <<<"$record"
}

# sum_of: what sha256 should be, made by other programs than ours, of the record on standard input.
sum_of() { jq -cSj 'del(.sha256)' | sha256sum | cut -d' ' -f1; }

# save NAME FILTER…: such failures as failures/NAME1.pd.json, NAME2 and so on.
save() {
  local number=0 filter
  mkdir -p failures
  for filter in "${@:2}"; do
    number=$((number + 1))
    failure "$filter" >"failures/$1$number.pd.json"
  done
}

# preloaded CODE: the name of a library to preload into a program, made of a C function.
preloaded() {
  grep -q libasan <(ldd "$PD_BIN/pd-report") && skip "the sanitizer must be loaded first"
  printf '%s\n' '#include <errno.h>' '#include <signal.h>' '#include <unistd.h>' "$1" |
    cc -shared -fPIC -D_GNU_SOURCE -x c -o "$BATS_TEST_TMPDIR/.pd/preloaded.so" -
  PRELOADED=$BATS_TEST_TMPDIR/.pd/preloaded.so
}
