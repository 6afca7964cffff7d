#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-bisect: the commit that brought a failure, in repositories that the tests make.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/toybank
load lib/bisect

setup() {
  pd_setup
  export TMPDIR=$BATS_TEST_TMPDIR/temporary
  mkdir "$TMPDIR"
  write_replay
}

teardown() {
  pd_teardown
}

@test "of twelve commits the one that brought the bug is found" {
  keep_failure
  repository '' '' 5 5 unbuilt 5 5,6 5,6 unstarted 6 6 6
  bisect --good "${commits[1]}"
  assert_status 0
  [[ ${lines[0]} == "${commits[7]} is the first bad commit" ]]
  assert_output_has '  author   Ada <ada@example.org>'
  assert_output_has '  subject  Commit 7: 5,6'
  assert_stderr_has ' left: '
  assert_untouched
  [[ -z $(ls -A "$TMPDIR") ]]
}

@test "the record says what was tried" {
  keep_failure
  repository '' 6 6
  bisect --good "${commits[1]}" --bad main --format json -q
  assert_status 0
  [[ -z $stderr ]]
  "$PD_ROOT/t/lib/validate-records" - <<<"$output"
  jq -e --args '.first_bad.commit == $ARGS.positional[1] and .first_bad.subject == "Commit 2: 6" and .failure == "failure.pd.json"
    and .good == $ARGS.positional[0] and .bad == $ARGS.positional[2] and .candidates == [.first_bad.commit]
    and (.steps | map(.verdict)) == ["bad", "good", "bad"] and .steps[2].commit == .first_bad.commit' \
    "${commits[@]:1}" <<<"$output"
}

@test "a bug that came with the commit after the good one needs no step between" {
  keep_failure
  repository '' 6
  bisect --good HEAD~1
  assert_status 0
  [[ ${lines[0]} == "${commits[2]} is the first bad commit" ]]
  [[ ${lines[4]} == "2 steps: 1 bad, 1 good" ]]
}

@test "where only commits that cannot be tried are left, all that may have brought it are told, and it exits 1" {
  keep_failure
  repository '' unbuilt unstarted 6
  bisect --good "${commits[1]}"
  assert_status 1
  [[ ${lines[0]} == "one of these 3 commits is the first bad one" ]]
  assert_output_has "${commits[2]}  cannot build"
  assert_output_has "${commits[3]}  cannot judge"
  assert_output_has "${commits[4]}  bad"
  assert_output_has '1 that could not be built, 1 that could not be judged'
  assert_untouched
  bisect --good "${commits[1]}" --format json
  assert_status 1
  assert_json '.[0] | (has("first_bad") | not) and (.candidates | length == 3)'
}

@test "ends that are not what they are said to be are told, and nothing is searched" {
  keep_failure
  repository '' '' 6 6 unbuilt
  bisect --good "${commits[1]}" --bad "${commits[2]}"
  assert_status 2
  assert_stderr_has "${commits[2]} does not have the failure"
  bisect --good "${commits[3]}" --bad "${commits[4]}"
  assert_status 2
  assert_stderr_has "${commits[3]} has the failure, too"
  bisect --good "${commits[1]}"
  assert_status 2
  assert_stderr_has 'HEAD cannot be built'
  assert_stderr_has '  it does not compile'
  [[ -z $output ]]
  assert_untouched
  [[ -z $(ls -A "$TMPDIR") ]]
}

@test "a good commit that is no ancestor is searched from where both come from, or refused" {
  keep_failure
  repository '' 6
  git -C repository checkout -q -b side "${commits[2]}"
  echo 5 >repository/bugs
  mended=$(commit 'Mend it')
  git -C repository checkout -q main
  echo 5,6 >repository/bugs
  commits+=("$(commit 'More bugs')")
  bisect --good "$mended"
  assert_status 2
  assert_stderr_has 'git bisect found nothing'
  assert_stderr_has "${commits[2]}"
  [[ -z $(ls -A "$TMPDIR") ]]
}

@test "what the user has in the checkout, staged and not, stays, and so does a bisection of their own" {
  keep_failure
  repository '' 6 6
  git -C repository bisect start HEAD HEAD~2 >/dev/null
  echo staged >repository/new && git -C repository add new
  echo changed >repository/number
  git -C repository status --porcelain >before
  git -C repository bisect log >>before
  git -C repository for-each-ref >>before
  bisect --good "${commits[1]}" --bad main
  assert_status 0
  [[ ${lines[0]} == "${commits[2]} is the first bad commit" ]]
  { git -C repository status --porcelain && git -C repository bisect log && git -C repository for-each-ref; } | diff before -
  [[ $(git -C repository worktree list | wc -l) -eq 1 ]]
}

@test "a build that changes tracked files is undone, hooks are not run, and what is not tracked stays for the next" {
  keep_failure
  repository '' '' 6 6 6
  printf '#!/bin/sh\ntouch "%s/hooked"\n' "$PWD" >repository/.git/hooks/post-checkout
  chmod +x repository/.git/hooks/post-checkout
  bisect --good "${commits[1]}" --build 'echo "built $(cat number)" | tee -a number >>built-before'
  assert_status 0
  [[ ${lines[0]} == "${commits[3]} is the first bad commit" ]]
  [[ ! -e hooked ]]
}

@test "the worktree is in the environment, and can be what is executed" {
  export GIT_CONFIG_GLOBAL=$PWD/none GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a
  git init -q -b main repository
  sed 's|^rule = .*|rule = compile(open(__file__.replace("judge.py", "rule")).read().strip(), "rule", "eval")|' \
    "$BATS_TEST_DIRNAME/data/adapters/judge.py" >repository/judge.py
  commits=(none)
  for rule in False False 'c["type"] == "B"' 'c["type"] == "B"'; do
    echo "$rule" >repository/rule
    commits+=("$(commit "The rule is $rule")")
  done
  . "$BATS_TEST_DIRNAME/lib/shrink.bash"
  model '{A: {}, B: {}}'
  plan '{"type":"B"}' >plans
  executor=(pd-exec -m model.jq -A 'sh -c "exec python3 $PD_WORKTREE/judge.py none"')
  PD_WORKTREE=$PWD/repository "${executor[@]}" --report plans >failing.ndjson || :
  jq -c 'select(.type == "failure")' failing.ndjson >failure.pd.json
  [[ -s failure.pd.json ]]
  run --separate-stderr timeout 60 pd-bisect --repo repository -m model.jq --good "${commits[1]}" failure.pd.json -- "${executor[@]}"
  assert_status 0
  [[ ${lines[0]} == "${commits[3]} is the first bad commit" ]]
}

@test "a system that answers already where the started one should is no verdict" {
  keep_failure
  repository '' 6
  start_server bank "$PD_ROOT/contrib/toybank/toybank" --port "$port" --bugs 6
  wait_for curl -fsS "http://127.0.0.1:$port/health"
  bisect --good "${commits[1]}"
  assert_status 2
  assert_stderr_has 'another system answers where the one of --start should'
}

# --- Signals ---

# interrupt SIGNAL STATUS: pd-bisect ends within seconds, and leaves nothing.
interrupt() {
  start_server bisect env --default-signal=INT,HUP setsid "$PD_BIN/pd-bisect" --repo repository "${bank[@]}" \
    --start 'touch "$PD_WORKTREE/../../up"; exec sleep 100' --wait 60s --good "${commits[1]}" failure.pd.json -- "${executor[@]}"
  wait_for test -e "$TMPDIR/up"
  kill "-$1" "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status "$2"
  rm "$TMPDIR/up"
  [[ -z $(ls -A "$TMPDIR") ]]
  assert_untouched
}

@test "a signal in the middle leaves no worktree, no process, and no state of a bisection" {
  keep_failure
  repository '' 6
  interrupt TERM 143
  interrupt INT 130
  interrupt HUP 129
}

@test "a signal while git bisect runs does, too" {
  keep_failure
  repository '' '' 6 6
  start_server bisect setsid "$PD_BIN/pd-bisect" --repo repository "${bank[@]}" --good "${commits[1]}" \
    --build '[ "$(cat number)" != 2 ] || { touch "$PD_WORKTREE/../../up"; sleep 100; }' \
    --start "./serve $port" failure.pd.json -- "${executor[@]}"
  wait_for test -e "$TMPDIR/up"
  kill "$SERVER_PID"
  wait "$SERVER_PID" && status=0 || status=$?
  assert_status 143
  rm "$TMPDIR/up"
  [[ -z $(ls -A "$TMPDIR") ]]
  assert_untouched
}

# --- Options ---

@test "--keep leaves the worktree and the log, and --log takes it elsewhere" {
  keep_failure
  repository '' 6
  bisect --good "${commits[1]}" --keep
  assert_status 0
  folder=$(echo "$TMPDIR"/pd-bisect-*)
  assert_stderr_has "kept: $folder (before you remove it: git worktree remove --force $folder/tree)"
  grep -q 'HEAD is now at' "$folder/log"
  git -C repository worktree remove --force "$folder/tree"
  rm -r "$folder"
  bisect --good "${commits[1]}" --log said
  assert_status 0
  grep -q 'listening on' said
  [[ -z $(ls -A "$TMPDIR") ]]
  assert_untouched
}

@test "formats for people are templates, and data cannot take the terminal over" {
  keep_failure
  repository '' 6
  git -C repository commit -q --amend -m $'A \e[31mred* commit'
  for format in markdown compact terminal; do
    bisect --good "${commits[1]}" --format "$format"
    assert_status 0
    assert_output_has 'u001b'
    assert_output_has 'red'
    [[ $output != *$'\e'* ]]
  done
}

@test "wrong usage exits 2 and says what is missing" {
  refused() { # MESSAGE ARGUMENT…
    run -2 --separate-stderr pd-bisect "${@:2}"
    assert_stderr_has "$1"
    [[ -z $output ]]
  }
  echo 'def init: 0;' >model.jq
  echo '{}' >failure.pd.json
  all=(-m model.jq failure.pd.json -- true)
  refused '--good REV is missing' "${all[@]}"
  refused '-m MODEL is missing' --good x failure.pd.json -- true
  refused 'the file with the failure is missing' --good x -m model.jq -- true
  refused 'the command that executes sequences is missing' --good x -m model.jq failure.pd.json
  refused "unknown option --god" --god x "${all[@]}"
  refused 'option --good needs a value' --good
  refused "--wait: '10' is not a time" --good x --wait 10 "${all[@]}"
  refused "there is no format 'pdf'" --good x --format pdf "${all[@]}"
  refused "'failure.pd.json' is one word too many" --good x other "${all[@]}"
  refused 'nowhere.jq: cannot be read' --good x -m nowhere.jq failure.pd.json -- true
  refused 'this is no git repository' --good x --repo / "${all[@]}"
  repository 1 2
  refused "there is no commit 'x'" --good x --repo repository "${all[@]}"
  refused 'are the same commit' --good main --repo repository "${all[@]}"
  assert_untouched
}

@test "pd-replay itself judges each commit" {
  keep_failure
  repository '' 6 6
  bisect --good "${commits[1]}"
  assert_status 0
  [[ ${lines[0]} == "${commits[2]} is the first bad commit" ]]
}
