# SPDX-License-Identifier: MIT
# Running what pd-export makes, for its suites, beside helper.bash.
# shellcheck shell=bash disable=SC2154

# Of the python that distribution packages bring their modules for.
python=/usr/bin/python3
[[ -x $python ]] || python=python3

# export_name FORMAT: what a file in this format is called, as far as its tool cares.
export_name() {
  case $1 in
    curl | stdlib | python | httpie) printf '%s' "script.$1" ;;
    javascript) printf 'script.mjs' ;;
    jest) printf 'test_it.test.js' ;;
    jupyter) printf 'notebook.ipynb' ;;
    elixir) printf 'script.exs' ;;
    exunit) printf 'it_test.exs' ;;
    livebook) printf 'notebook.livemd' ;;
    postman) printf 'collection.json' ;;
    k6) printf 'script.k6.mjs' ;;
    http) printf 'requests.http' ;;
    bats) printf 'test.bats' ;;
    pytest) printf 'test_it.py' ;;
    *) fail "no name for the format $1" ;;
  esac
}

# export_failure FORMAT FILE [OPTION…]: into $(export_name FORMAT). stdlib is python --stdlib.
export_failure() {
  local format=$1
  case $format in stdlib) format="python --stdlib" ;; esac
  # shellcheck disable=SC2086 # an option may follow the format's name
  pd-export -f $format "${@:3}" "$2" >"$(export_name "$1")"
}

# run_export FORMAT URL: run it; its status is 0 when the failure is not there, otherwise not.
run_export() {
  local file
  file=$(export_name "$1")
  case $1 in
    curl | httpie) BASE_URL=$2 bash "$file" ;;
    javascript) BASE_URL=$2 node "$file" ;;
    jest) BASE_URL=$2 node -r "$helper_folder/jest.js" "$file" ;;
    jupyter)
      jq -r '.cells[] | select(.cell_type == "code").source | add' "$file" >cells.py &&
        BASE_URL=$2 verdict "$python" cells.py
      ;;
    exunit) run_exunit "$file" "$2" ;;
    elixir) BASE_URL=$2 elixir -r "$helper_folder/req.exs" "$file" ;;
    livebook) BASE_URL=$2 verdict elixir -r "$helper_folder/req.exs" "$helper_folder/livebook.exs" "$file" ;;
    postman) run_newman "$file" "$2" ;;
    k6) run_k6 "$file" "$2" ;;
    http) "$helper_folder/rest-client" "$file" "BASE_URL=$2" ;;
    python | stdlib) BASE_URL=$2 "$python" "$file" ;;
    bats) BASE_URL=$2 bats --tap "$file" ;;
    pytest) BASE_URL=$2 "$python" -m pytest -q -p no:cacheprovider "$file" ;;
  esac
}

# assert_reproduces FORMAT FILE URL; assert_not_reproduced FORMAT FILE URL. Scripts say it in words as well.
assert_reproduces() {
  export_failure "$1" "$2"
  run -1 run_export "$1" "$3"
  case $1 in curl | python | stdlib | javascript | httpie | jupyter | elixir | livebook) [[ $output == *"reproduced: "* || $output == *"reproduced at attempt"* ]] || fail "no verdict: $output" ;; esac
  case $1 in curl | httpie) shellcheck "$(export_name "$1")" ;; bats) shellcheck "$(export_name "$1")" ;; esac
}
assert_not_reproduced() {
  export_failure "$1" "$2"
  run -0 run_export "$1" "$3"
  case $1 in curl | python | stdlib | javascript | httpie | jupyter | elixir | livebook) assert_output_has 'not reproduced' ;; esac
}

# verdict COMMAND…: of a notebook, which has no status: what it says last.
verdict() {
  local status=0
  "$@" >verdict.log 2>&1 || status=$?
  cat verdict.log
  ((!status)) || return 2
  case $(tail -n 1 verdict.log) in 'not reproduced'*) return 0 ;; reproduced*) return 1 ;; *) return 2 ;; esac
}

# ExUnit ends with 2 when a test failed, Elixir with 1 when a script is wrong.
run_exunit() {
  local status=0
  BASE_URL=$2 elixir -r "$helper_folder/req.exs" "$1" || status=$?
  case $status in 2) return 1 ;; 1) return 2 ;; *) return "$status" ;; esac
}

# Secrets of the environment are variables there.
run_newman() {
  local name variables=(--env-var "BASE_URL=$2")
  for name in SHOP_KEY PASSWORD; do [[ ! ${!name-} ]] || variables+=(--env-var "$name=${!name}"); done
  node "$PD_ROOT/build/npm/node_modules/newman/bin/newman.js" run "$1" "${variables[@]}" --color off
}

run_k6() {
  local status=0
  mkdir -p node_modules && ln -sfn "$helper_folder/k6" node_modules/k6
  BASE_URL=$2 node --preserve-symlinks --preserve-symlinks-main node_modules/k6/run.js "$1" || status=$?
  case $status in 99) return 1 ;; 107) return 2 ;; *) return "$status" ;; esac
}

# --- The shop of t/lib/servers, which wants secrets, works orders off and repeats what it is told ---

shop=(-m "$BATS_TEST_DIRNAME/data/models/shop.jq" -a "$BATS_TEST_DIRNAME/data/adapters/shop.jq")
start_shop() { start_python shop.py --key s3cret --log "$PWD/said" "$@"; }

# sequence [COMMAND…]: one of these commands, JSON each.
sequence() {
  printf '%s\n' "$@" | jq -cs '{type: "sequence", run: 1, seed: 7, suffix: [],
    prefix: [to_entries[] | {id: "c\(.key + 1)", command: .value}]}'
}

# fail_in_shop [OPTION of pd-exec…]: the sequence on standard input fails, to out.
fail_in_shop() {
  local status=0
  SHOP_KEY=s3cret pd-exec "${shop[@]}" -u "$SERVER_URL" "$@" >out || status=$?
  [[ $status == 1 ]]
}

# An order whose note comes back reversed: logged in by a token in a body, made by a request that is followed by
# another to the place in its header, which is sent again until the order is there.
failing_order() {
  start_shop --bug
  sequence '{"type":"Login","user":"@mint.c1.user:user-{}","password":"hunter2"}' \
    '{"type":"Order","session":"@c1.session","note":"ab"}' \
    '{"type":"Read","session":"@c1.session","order":"@c2.order"}' |
    fail_in_shop --redact password --redact session --redact token --redact X-Api-Key
}

# say TEXT HOW…: commands that say it in each of these ways.
say() {
  local how
  for how in "${@:2}"; do
    jq -cn --arg text "$1" --arg how "$how" '{type: (if IN($how; "stdin", "env", "argv") then "Run" else "Say" end),
      $how, text: ($text | if startswith("@") then "@" + . else . end)}'
  done
}

# What each bug of toybank is exported to; a suite may add to it.
formats=(curl python stdlib javascript httpie jupyter bats pytest)

# exports_tell BUG [OPTION of pd-exec…]: hunt and shrink a bug of toybank, with toybank.bash, and run its exports
# against a bank with it and one without.
exports_tell() {
  local format bug=$1 url
  start_toybank --bugs "$bug"
  url=$TOYBANK_URL
  hunt_once 1 "${@:2}"
  jq -c 'select(.type == "failure" and .shrink)' out >failure.pd.json
  for format in "${formats[@]}"; do assert_reproduces "$format" failure.pd.json "$url"; done
  start_toybank
  for format in "${formats[@]}"; do assert_not_reproduced "$format" failure.pd.json "$TOYBANK_URL"; done
}
