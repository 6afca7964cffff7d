# SPDX-License-Identifier: MIT
# Running what pd-export makes, for its suites, beside helper.bash.
# shellcheck shell=bash disable=SC2154

# Of the python that distribution packages bring their modules for.
python=/usr/bin/python3
[[ -x $python ]] || python=python3

# export_name FORMAT: what a file in this format is called, as far as its tool cares.
export_name() {
  case $1 in
    curl | stdlib | python) printf '%s' "script.$1" ;;
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
    curl) BASE_URL=$2 bash "$file" ;;
    python | stdlib) BASE_URL=$2 "$python" "$file" ;;
    bats) BASE_URL=$2 bats --tap "$file" ;;
    pytest) BASE_URL=$2 "$python" -m pytest -q -p no:cacheprovider "$file" ;;
  esac
}

# assert_reproduces FORMAT FILE URL; assert_not_reproduced FORMAT FILE URL. Scripts say it in words as well.
assert_reproduces() {
  export_failure "$1" "$2"
  run -1 run_export "$1" "$3"
  case $1 in curl | python | stdlib) assert_output_has reproduced: || assert_output_has 'reproduced at attempt' ;; esac
  case $1 in curl) shellcheck "$(export_name "$1")" ;; bats) shellcheck "$(export_name "$1")" ;; esac
}
assert_not_reproduced() {
  export_failure "$1" "$2"
  run -0 run_export "$1" "$3"
  case $1 in curl | python | stdlib) assert_output_has 'not reproduced' ;; esac
}
