# SPDX-License-Identifier: MIT
# What the suites of pd-bisect have in common, beside helper.bash and toybank.bash: a repository whose
# commits are a bank, with the bugs that a file of the commit names.
# shellcheck shell=bash disable=SC2034,SC2154

# Without pd-replay, what it comes to here: its sequence once, by the executor. It never stands in front
# of the real one.
write_replay() {
  [[ ! -x $PD_BIN/pd-replay ]] || return 0
  mkdir stand-in
  cat >stand-in/pd-replay <<'END'
#!/bin/sh
while [ "$1" != -- ]; do failure=$1; shift; done
shift
jq -c '.shrunk // .original' "$failure" | "$@" |
  jq -es --slurpfile was "$failure" 'map(select(.type == "run_end"))[0] as $end
    | if $end == null then 125 elif $end.status == "pass" then 0
      elif $end.failure.name == $was[0].failure.name then 1 else 125 end | halt_error(.)' >/dev/null 2>&1
END
  chmod +x stand-in/pd-replay
  PATH=$PATH:$PWD/stand-in
}

# commit SUBJECT: what is in the repository now; prints its hash.
commit() {
  git -C repository add -A
  git -C repository commit -q --allow-empty -m "$1"
  git -C repository rev-parse HEAD
}

# repository BUGS…: a commit for each, of a bank with these bugs; "unbuilt" and "unstarted" are what they
# say, with the bugs of the commit before. Sets commits, their hashes from 1.
repository() {
  local bugs number=0
  export GIT_CONFIG_GLOBAL=$PWD/none GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
  git init -q -b main repository
  cat >repository/serve <<END
#!/bin/sh
# A bank takes a second to end by itself.
trap 'kill -KILL \$!' TERM
bugs=\$(cat bugs)
"$PD_ROOT/contrib/toybank/toybank" --port "\$1" \${bugs:+--bugs "\$bugs"} &
wait
END
  chmod +x repository/serve
  cp repository/serve served-by
  commits=(none)
  for bugs; do
    number=$((number + 1))
    cp served-by repository/serve
    printf 'test -s bugs && cp bugs built\n' >repository/build
    case $bugs in
      unbuilt) echo 'echo it does not compile; exit 1' >repository/build ;;
      unstarted) echo 'exit 3' >repository/serve ;;
      *) echo "$bugs" >repository/bugs ;;
    esac
    echo "$number" >repository/number
    commits+=("$(commit "Commit $number: $bugs")")
  done
}

# keep_failure: failure.pd.json, of the bank's sixth bug, found once for a suite; sets port, the one that
# the banks of the repository are to use, and executor.
keep_failure() {
  local kept=$BATS_FILE_TMPDIR/failure.pd.json
  if [[ ! -s $kept ]]; then
    start_toybank --bugs 6
    hunt_once 1
    jq -c 'select(.type == "failure")' out >"$kept"
    kill "$SERVER_PID"
    wait_for ended "$SERVER_PID"
  fi
  cp "$kept" failure.pd.json
  port=$(free_port)
  executor=(pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "http://127.0.0.1:$port" --health-timeout 5s)
}

# bisect [OPTION…]: sets status, output and stderr.
bisect() {
  run --separate-stderr timeout 120 pd-bisect --repo repository "${bank[@]}" --build 'sh ./build' \
    --start "./serve $port" "$@" failure.pd.json -- "${executor[@]}"
}

# The repository is as it was: its worktree, branch, refs, and nothing of a bisection.
assert_untouched() {
  [[ -z $(git -C repository status --porcelain) ]]
  [[ $(git -C repository rev-parse HEAD) == "${commits[-1]}" ]]
  [[ $(git -C repository for-each-ref --format='%(refname)') == refs/heads/main ]]
  [[ $(git -C repository symbolic-ref HEAD) == refs/heads/main ]]
  [[ $(git -C repository worktree list | wc -l) -eq 1 && ! -e repository/.git/worktrees ]]
  [[ -z $(find repository/.git -name 'BISECT*') ]]
}
